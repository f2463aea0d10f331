//! How a run goes on: by time alone, whenever we look.

use crowsnest_model::{
    Duration, Object, Profile, ProfileId, Time,
    definition::{Arm, Program, Send, Share, Step, Trigger},
};
use crowsnest_programs::{Derived, LiveProgram, Next, Person, Place, Scene, Taken};
use crowsnest_rules::{EventView, Subject};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn program(steps: Vec<Step>, ttl: Option<Duration>) -> LiveProgram {
    let definition = Program {
        name: "cart".into(),
        title: None,
        state: Default::default(),
        trigger: Trigger { event: Some("Cart Updated".into()), ttl, ..Trigger::default() },
        occasion: None,
        reentry: Default::default(),
        audience: None,
        holdout: None,
        lateness: None,
        cancel_on: Vec::new(),
        requires_fresh: Vec::new(),
        goal: None,
        steps,
    };
    LiveProgram::compile(definition, 1, crowsnest_programs::InForce::ALWAYS, &crowsnest_rules::Schema::open())
        .unwrap()
}

pub(crate) fn send() -> Step {
    Step::Send(Send {
        channel: "email".into(),
        template: "letter".into(),
        topic: "offers".into(),
        seeds: Vec::new(),
    })
}

/// Asks a program of this person, who left a cart worth `value`.
pub(crate) fn as_person<T>(id: u64, value: i64, question: impl FnOnce(&Person<'_>) -> T) -> T {
    let profile = Profile::new(ProfileId(id), Time(1_000));
    let scene = Scene { now: Time(1_000), zone: &TimeZone::UTC, derived: &Derived::default() };
    let mut properties = Object::new();
    properties.insert("value".into(), value.into());
    let event = EventView {
        name: "Cart Updated",
        kind: "track",
        properties: &properties,
        source: "web",
        time: Time(1_000),
    };
    let members = |_: &mut dyn FnMut(&dyn Subject)| false;
    question(&Person {
        profile: &profile,
        event: Some(event),
        consents: &|_, _| None,
        members: &members,
        scene: &scene,
    })
}

fn at(step: u32, anchor: i64) -> Place {
    Place { step, since: None, anchor: Time(anchor) }
}

/// One look at a run, in words, with where it is then.
fn look(program: &LiveProgram, mut place: Place, now: i64) -> (String, Place) {
    let next = as_person(1, 10, |person| {
        match program.advance(Time(1_000), &mut place, Time(now), person, &mut Vec::new()) {
            Next::Wait(until) => format!("wait {}", until.0),
            Next::Until(_, deadline) => format!("until {}", deadline.0),
            Next::Send { step, .. } => format!("send {step}"),
            Next::Done(reason) => reason,
            Next::Expired => "expired".into(),
            other => format!("{other:?}"),
        }
    });
    (next, place)
}

#[test]
fn waits_are_counted_from_the_anchor_and_not_from_when_we_look() {
    let program = program(vec![Step::Wait(Duration(50)), Step::Wait(Duration(30)), send()], None);
    for now in [1_000, 1_049] {
        assert_eq!(look(&program, at(0, 1_000), now).0, "wait 1050");
    }
    let (next, late) = look(&program, at(0, 1_000), 1_060);
    assert_eq!((next.as_str(), late.step), ("wait 1080", 2));
    assert_eq!(look(&program, at(2, 1_080), 5_000).0, "send 2");
    assert_eq!(look(&program, at(3, 5_000), 5_000).0, "all steps are done");
    assert_eq!(look(&program, at(3, 5_000), 9_000).0, "all steps are done", "done stays done");
}

#[test]
fn nothing_goes_on_from_the_moment_at_which_the_time_to_live_runs_out() {
    let program = program(vec![Step::Wait(Duration(50)), send()], Some(Duration(100)));
    assert_eq!(look(&program, at(1, 1_050), 1_099).0, "send 1");
    assert_eq!(look(&program, at(1, 1_050), 1_100).0, "expired");
    assert_eq!(look(&program, at(1, 1_100), 1_050).0, "expired", "a clock set back is no help");
}

fn arm(when: Option<&str>, steps: Vec<Step>) -> Arm {
    match when {
        Some(when) => Arm { when: Some(when.into()), steps: Some(steps), otherwise: None },
        None => Arm { when: None, steps: None, otherwise: Some(steps) },
    }
}

/// Where a person ends up who leaves a cart worth this, and by which steps.
fn way(steps: Vec<Step>, person: u64, value: i64) -> (String, Vec<Taken>) {
    let program = program(steps, None);
    let (mut place, mut taken) = (at(0, 1_000), Vec::new());
    let end = as_person(person, value, |person| {
        match program.advance(Time(1_000), &mut place, Time(1_000), person, &mut taken) {
            Next::Done(reason) => reason,
            other => format!("{other:?}"),
        }
    });
    (end, taken)
}

#[test]
fn a_branch_takes_the_first_way_that_holds_and_all_ways_meet_behind_it() {
    let exit = |word: &str| Step::Exit(word.into());
    let inner = Step::Branch(vec![arm(Some("event.properties.value == 7"), vec![exit("seven")])]);
    let steps = vec![
        Step::Branch(vec![
            arm(Some("event.properties.value > 50"), vec![exit("much")]),
            arm(Some("event.properties.value > 5"), vec![inner]),
            arm(None, vec![exit("little")]),
        ]),
        exit("behind"),
    ];
    for (value, end) in [(90, "much"), (7, "seven"), (6, "behind"), (1, "little")] {
        assert_eq!(way(steps.clone(), 1, value).0, end, "{value}");
    }
    let paths: Vec<String> = way(steps, 1, 7).1.into_iter().map(|taken| taken.step).collect();
    assert_eq!(paths, ["0", "0.1.0", "0.1.0.0.0"]);
}

fn split(weights: &[(&str, u32)]) -> Step {
    let share = |name: &str, weight| Share { weight, steps: vec![Step::Exit(name.into())] };
    Step::Split(weights.iter().map(|(name, weight)| ((*name).to_owned(), share(name, *weight))).collect())
}

#[test]
fn lots_are_drawn_by_weight_and_stay_the_same() {
    let steps = vec![split(&[("a", 60), ("b", 30), ("c", 10), ("none", 0)])];
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for person in 0..2_000 {
        let (end, _) = way(steps.clone(), person, 1);
        assert_eq!(
            end,
            way(vec![Step::Wait(Duration(0)), steps[0].clone()], person, 1).0,
            "wherever it stands"
        );
        *counts.entry(end).or_default() += 1;
    }
    assert!((1_120..1_280).contains(&counts["a"]), "{counts:?}");
    assert!((520..680).contains(&counts["b"]), "{counts:?}");
    assert!((140..260).contains(&counts["c"]), "{counts:?}");
    assert!(!counts.contains_key("none"));
}

#[test]
fn two_splits_of_one_program_draw_lots_of_their_own() {
    let open = |name: &str| {
        let share = |weight| Share { weight, steps: Vec::new() };
        Step::Split(BTreeMap::from([(format!("{name}1"), share(1)), (format!("{name}2"), share(1))]))
    };
    for steps in [vec![open("x"), open("x")], vec![open("x"), open("y")]] {
        let ways: BTreeSet<Vec<String>> = (0..200)
            .map(|person| way(steps.clone(), person, 1).1.into_iter().map(|taken| taken.outcome).collect())
            .collect();
        assert_eq!(ways.len(), 4, "every pair comes about");
    }
}
