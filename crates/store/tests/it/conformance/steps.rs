//! Steps taken, entries, timers that are parked, and goals.

use super::PAGE;
use crate::words::*;
use crowsnest_model::{ProfileId, RunId, Time};
use crowsnest_store::{EventSeq, Pending, RunState, RunStep};

fn step(run: u64, time: i64, path: &str) -> RunStep {
    RunStep { run: RunId(run), time: Time(time), step: path.into(), outcome: format!("did {path}") }
}

pub fn steps_taken_are_kept_in_order(store: &mut impl Backend) {
    store.commit(|unit| {
        for taken in [step(1, 30, "0"), step(2, 10, "0"), step(1, 20, "1.a.0")] {
            unit.put_run_step(&taken)?;
        }
        Ok(())
    });
    assert_eq!(store.read(|read| read.run_log(RunId(1))), [step(1, 30, "0"), step(1, 20, "1.a.0")]);
    assert!(store.read(|read| read.run_log(RunId(3))).is_empty());
}

pub fn who_was_let_in_and_when(store: &mut impl Backend) {
    store.commit(|unit| {
        for (id, occasion, triggered, state) in [
            (1, "a", 100, RunState::Finished),
            (2, "b", 200, RunState::HeldOut),
            (3, "c", 300, RunState::Skipped),
            (4, "d", 400, RunState::Expired),
        ] {
            let mut run = run(id, "cart", 1, occasion, state);
            run.triggered = Time(triggered);
            // The last came too late: it was over when it began.
            run.ended = Some(run.started).filter(|_| id == 4).or(run.ended);
            assert!(unit.put_run(&run)?);
        }
        Ok(())
    });
    let last = |after, before| {
        store.read(|read| read.entered_between("cart", ProfileId(1), Time(after), Time(before)))
    };
    assert_eq!(last(i64::MIN, i64::MAX), Some(Time(200)));
    assert_eq!(last(0, 200), Some(Time(100)), "both ends are left out");
    assert_eq!(last(200, 500), None);
    assert_eq!(store.read(|read| read.entered_between("cart", ProfileId(2), Time(0), Time(999))), None);
}

pub fn parked_timers_wait(store: &mut impl Backend) {
    store.commit(|unit| {
        unit.put_timer(RunId(1), ProfileId(1), Some(Time(10)))?;
        unit.park_timer(RunId(1), ProfileId(1), Time(10), "cart")?;
        unit.park_timer(RunId(2), ProfileId(2), Time(5), "other")
    });
    assert!(store.read(|read| read.due_timers(Time(99), 9)).is_empty());
    assert_eq!(store.read(|read| read.next_due()), None, "nothing is due before they count again");
    assert_eq!(store.read(|read| read.parked()), ["cart", "other"]);
    assert_eq!(store.commit(|unit| unit.unpark_timers("cart")), 1);
    assert_eq!(store.read(|read| read.due_timers(Time(99), 9)), [(Time(10), ProfileId(1), RunId(1))]);
    store.commit(|unit| unit.put_timer(RunId(2), ProfileId(2), Some(Time(7))));
    assert!(store.read(|read| read.parked()).is_empty(), "a timer that is set counts");
}

pub fn what_came_while_a_program_waited_is_kept_once(store: &mut impl Backend) {
    let came = |profile: u64, occasion: &str| Pending {
        seq: 0,
        profile: ProfileId(profile),
        program: "cart".into(),
        occasion: occasion.into(),
        cause: "{}".into(),
    };
    store.commit(|unit| {
        for (profile, occasion) in [(u64::MAX, "b"), (1, "a"), (u64::MAX, "b"), (u64::MAX, "a")] {
            unit.put_pending(&came(profile, occasion))?;
        }
        Ok(())
    });
    let found = |store: &mut _, of: Option<u64>, limit| {
        let all = Backend::read(store, |read| read.pending(of.map(ProfileId), limit));
        all.into_iter().map(|pending| (pending.profile.0, pending.occasion)).collect::<Vec<_>>()
    };
    let all = [(u64::MAX, "b".to_owned()), (1, "a".into()), (u64::MAX, "a".into())];
    assert_eq!(found(store, None, 9), all);
    assert_eq!(found(store, None, 1), all[..1]);
    assert_eq!(found(store, Some(u64::MAX), 9), [all[0].clone(), all[2].clone()]);
    let first = store.read(|read| read.pending(None, 1)).remove(0);
    assert_eq!(Pending { seq: 0, ..first.clone() }, came(u64::MAX, "b"));
    assert!(store.commit(|unit| unit.remove_pending(first.seq)));
    assert!(!store.commit(|unit| unit.remove_pending(first.seq)), "it is decided once");
    assert_eq!(found(store, None, 9), all[1..]);
}

pub fn a_goal_is_kept_whatever_became_of_the_run(store: &mut impl Backend) {
    let states = [RunState::Active, RunState::Finished, RunState::HeldOut, RunState::Cancelled];
    store.commit(|unit| {
        for (place, state) in states.into_iter().enumerate() {
            let id = place as u64 + 1;
            unit.put_run(&run(id, "cart", id, "o", state))?;
            unit.put_timer(RunId(id), ProfileId(id), Some(Time(1)))?;
            unit.reach_goal(RunId(id), Time(50), Time(60), "reached", Some(9.5))?;
            unit.reach_goal(RunId(id), Time(70), Time(80), "again", None)?;
        }
        Ok(())
    });
    let mut runs = store.read(|read| read.runs(Some("cart"), None, PAGE));
    runs.reverse();
    let states: Vec<_> = runs.iter().map(|run| run.state.as_str()).collect();
    assert_eq!(states, ["goal", "goal", "held_out", "cancelled"]);
    let reasons: Vec<_> = runs.iter().filter_map(|run| run.reason.as_deref()).collect();
    assert_eq!(reasons, ["reached", "reached", "reached", "because"], "what called it off stays on record");
    assert!(runs.iter().all(|run| (run.goal, run.value) == (Some(Time(50)), Some(9.5))), "the first counts");
    assert!(store.read(|read| read.due_timers(Time(99), 9)).is_empty());
}

pub fn runs_on_their_way_are_moved(store: &mut impl Backend) {
    store.commit(|unit| {
        for (id, state) in [(1, RunState::Active), (2, RunState::Finished), (3, RunState::Active)] {
            unit.put_run(&run(id, "cart", id, "o", state))?;
        }
        unit.put_run(&run(4, "other", 4, "o", RunState::Active))?;
        unit.move_run(RunId(3), 5)
    });
    let active = |after, limit| store.read(|read| read.active_runs("cart", RunId(after), limit));
    assert_eq!(active(0, 9), [(RunId(1), ProfileId(1), 2), (RunId(3), ProfileId(3), 5)]);
    assert_eq!(active(0, 1), [(RunId(1), ProfileId(1), 2)]);
    assert_eq!(active(1, 9), [(RunId(3), ProfileId(3), 5)]);
}

pub fn events_of_a_name_are_found(store: &mut impl Backend) {
    store.commit(|unit| {
        keep(unit, ProfileId(1), &event("web", "m-1", Some("A"), 100))?;
        keep(unit, ProfileId(2), &event("web", "m-2", Some("B"), 200))?;
        keep(unit, ProfileId(3), &event("web", "m-3", Some("A"), 300))?;
        let mut history = event("web", "m-4", Some("A"), 400);
        history.historical = true;
        keep(unit, ProfileId(4), &history)
    });
    let found = |name: &str, received, after, limit| -> Vec<u64> {
        let rows = store.read(|read| read.events_called(name, Time(received), EventSeq(after), limit));
        rows.iter().map(|(_, profile, _)| profile.0).collect()
    };
    assert_eq!(found("A", 0, 0, 9), [1, 3]);
    assert_eq!(found("A", 0, 0, 1), [1]);
    assert_eq!(found("A", 106, 0, 9), [3], "by when it came in");
    let first = store.read(|read| read.events_called("A", Time(0), EventSeq(0), 1))[0].0;
    assert_eq!(found("A", 0, first.0, 9), [3]);
    assert!(found("C", 0, 0, 9).is_empty());
}
