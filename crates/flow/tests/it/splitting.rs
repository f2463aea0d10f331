//! Two people who were taken for one are told apart again, and are who they would have been.

use crate::world::*;
use crowsnest_flow::{Split, SplitBy};
use crowsnest_model::{
    ConsentStatus, Identifier, Profile, ProfileId, Time,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_store::{LedgerKind, RunState, Task, TaskFilter, TaskState};
use crowsnest_testkit::{Mood, Receiver};
use crowsnest_workspace::SourceFile;
use serde_json::json;
use std::collections::BTreeMap;

const SEGMENTS: &str = r#"
metric: orders_90d
value: count("Order Completed", within("90d"))
---
metric: spent
value: sum("Order Completed", "revenue")
---
segment: buyers
when: metric("orders_90d") >= 2
---
segment: lapsed
when: last("Order Completed") < ago("20d")
---
segment: gold
when: profile.tier == "gold" || metric("spent") > 300
---
segment: reachable
when: consent("email", "offers")
"#;

const PROGRAMS: &str = r#"
program: second-order
trigger: { event: Order Completed }
audience: metric("orders_90d") >= 1
reentry: always
cancel_on: { event: Complaint }
goal: { event: Order Completed, within: 30d, value: event.properties.revenue }
steps:
  - wait: 2d
  - set: { nudged: "yes" }
  - wait_until: { event: Product Viewed, limit: 5d }
  - task: { title: Call them, team: sales }
---
program: won-back
trigger: { segment: lapsed, on: enter }
steps:
  - set: { win_back: "tried" }
  - wait: 40d
"#;

/// What people of the house and other systems are asked, whenever it is asked at last. Whoever waits for what was asked late is in the
/// program for longer, is not let in again meanwhile, and what calls it off may come first: so a post is asked for once, and nothing
/// calls it off.
const ASKING: &str = r#"
program: asks-people
lateness: 3650d
trigger: { event: Order Completed }
reentry: always
cancel_on: { event: Complaint }
steps:
  - wait: 1d
  - task: { title: Ask them how it was, team: sales, call: { topic: offers } }
---
program: asks-for-a-case
lateness: 3650d
trigger: { event: Product Viewed }
occasion: '"the one"'
steps:
  - wait: 1d
  - task: { title: Ask them once, team: sales, call: { topic: offers } }
---
program: asks-elsewhere
lateness: 3650d
trigger: { event: Order Completed }
reentry: once
steps:
  - wait: 3d
  - webhook: { to: crm, body: { revenue: event.properties.revenue } }
---
program: asked-for
lateness: 3650d
trigger: { event: Help Wanted }
steps:
  - wait: 4d
  - webhook: { to: crm, body: { case: event.properties.case } }
"#;

/// The shop, with a team that calls and a system that is told.
fn asking(receiver: &Receiver, segments: &str, programs: &str) -> Vec<SourceFile> {
    let hook =
        format!("webhook: crm\nurl: {}\nsecret_env: HOOK_SECRET\nallow_private: true\n", receiver.url());
    let mut files = files(&[segments, programs, ASKING, &hook]);
    let team = "currency: USD\nteams:\n  sales: { title: Sales, capacity: 900, time_zone: UTC }\n";
    files[0].text = files[0].text.replacen("currency: USD\n", team, 1);
    files
}

/// Whether a program asks people of the house or another system. When its steps end depends on when those answer.
fn is_asking(program: &str) -> bool {
    program.starts_with("ask")
}

/// Of what somebody is asked for, or another system is told about them: what is still to be done, or was, each by what began it.
fn asked(world: &World, person: ProfileId) -> Vec<String> {
    let began = |delivery: &Delivery| {
        let run = delivery.run.and_then(|run| world.read(|read| read.run(run)));
        run.map(|run| (run.triggered, run.event)).unwrap()
    };
    let filter = crowsnest_store::DeliveryFilter { profile: Some(person), ..Default::default() };
    let all = world.read(|read| read.deliveries(&filter, 10_000));
    let there = all.iter().filter(|one| is_asking(&one.program) && one.state != DeliveryState::Cancelled);
    let mut words: Vec<String> = there
        .map(|one| {
            let waits = matches!(one.state, DeliveryState::Queued | DeliveryState::Sending);
            let state = if waits { "is to be done" } else { one.state.as_str() };
            let tasks = waiting_tasks(world, person);
            let tasks = tasks.iter().filter(|task| task.call == Some(one.id)).count();
            format!("{} {:?} {} {state}, {tasks} tasks", one.program, began(one), one.event["step"])
        })
        .collect();
    words.sort();
    words
}

/// What there is to say of somebody, without the ids that chance gave.
fn portrait(world: &World, profile: &Profile) -> serde_json::Value {
    let traits: BTreeMap<_, _> = profile
        .traits
        .iter()
        .map(|(name, known)| (name.clone(), (known.value.clone(), known.time, known.source.clone())))
        .collect();
    let links: Vec<_> = profile.identifiers.iter().map(|link| json!(link)).collect();
    let mut inside: Vec<_> = profile
        .runs
        .iter()
        .filter(|run| !is_asking(&run.program))
        .map(|run| json!([run.program, run.triggered, run.step, run.wake, run.awaits_goal, run.since]))
        .collect();
    inside.sort_by_key(ToString::to_string);
    let mut runs: Vec<_> = world
        .read(|read| read.runs(None, Some(profile.id), ALL))
        .into_iter()
        .filter(|run| !is_asking(&run.program))
        .map(|run| {
            let steps = world.read(|read| read.run_log(run.id));
            let steps: Vec<_> =
                steps.into_iter().map(|step| json!([step.time, step.step, step.outcome])).collect();
            json!([
                run.program,
                run.triggered,
                run.started,
                run.ended,
                run.state,
                run.reason,
                run.value,
                steps
            ])
        })
        .collect();
    runs.sort_by_key(ToString::to_string);
    let mut events: Vec<_> = world
        .read(|read| read.events(profile.id, ALL))
        .into_iter()
        .map(|row| json!([row.columns.name, row.columns.time, row.columns.kind, row.columns.source]))
        .collect();
    events.sort_by_key(ToString::to_string);
    let consents = world.read(|read| read.consents("email", &profile.contact("email").unwrap_or_default()));
    let mut changes: Vec<_> = world
        .read(|read| read.segment_changes(None, Some(profile.id), ALL))
        .into_iter()
        .map(|change| json!([change.time, change.segment, change.entered, change.why]))
        .collect();
    // When a new definition is built, what time alone has changed is asked before it: of one moment any order will do.
    changes.sort_by_key(ToString::to_string);
    json!({
        "traits": traits, "identifiers": links, "events": profile.events, "first": profile.first_seen,
        "last": profile.last_seen, "series": format!("{:?}", profile.series), "segments": profile.segments,
        "inside": inside, "runs": runs, "timeline": events, "consents": consents, "changes": changes,
        "sources": profile.sources,
    })
}

/// What the house was asked to do about somebody: what was asked once is not unasked.
fn tasks(world: &World, person: ProfileId) -> Vec<String> {
    let run = |task: &Task| {
        world
            .read(|read| read.runs(Some(&task.program), Some(person), ALL))
            .into_iter()
            .find(|run| run.id == task.run)
            .map(|run| run.triggered)
    };
    let all = waiting_tasks(world, person);
    let plain = all.iter().filter(|task| task.call.is_none());
    plain.map(|task| format!("{} {} {:?}", task.program, task.step, run(task))).collect()
}

/// The tasks about somebody that are on a list, or wait for one.
fn waiting_tasks(world: &World, person: ProfileId) -> Vec<Task> {
    let of = |state| {
        let filter = TaskFilter { state, profile: Some(person), ..TaskFilter::default() };
        world.read(|read| read.tasks(&filter, ALL))
    };
    [of(TaskState::Queued), of(TaskState::Open)].concat()
}

/// A die that always falls the same way.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// By what the two are known.
const NAMES: [[(&str, &str); 2]; 2] =
    [[("user_id", "u1"), ("email", "ann@x.org")], [("loyalty_id", "l2"), ("email", "bea@x.org")]];

/// Something that one of two people does, who never name each other.
fn touch(dice: &mut Dice, place: usize, who: usize, now: i64) -> Touch {
    let [strong, mail] = NAMES[who];
    let named = |touch: Touch, dice: &mut Dice| match dice.below(4) {
        0 => touch.by(mail.0, mail.1).by(strong.0, strong.1),
        1 => touch.by(strong.0, strong.1).by("anonymous_id", ["browser-a", "browser-b"][who]),
        _ => touch.by(strong.0, strong.1),
    };
    let id = format!("t{place}");
    let touch = match dice.below(8) {
        0 => {
            let tier = ["silver", "gold"][dice.below(2) as usize];
            identify(&id).traits(json!({ "tier": tier, "city": format!("town {place}") }))
        }
        1 => track(&id, "Product Viewed"),
        2 => track(&id, "Complaint"),
        3 => identify(&id).by(mail.0, mail.1).grants("offers"),
        4 => identify(&id).by(mail.0, mail.1).withdraws("offers"),
        _ => track(&id, "Order Completed").with(json!({ "revenue": 40 + dice.below(100) })),
    };
    let touch = named(touch, dice);
    if dice.below(5) == 0 { touch.at(Time(now - DAY * dice.below(6) as i64)) } else { touch }
}

/// Other metrics and segments are in force, and perhaps other programs.
async fn edit(world: &World, dice: &mut Dice, receiver: &Receiver) {
    let mut pick = |of: &[&'static str]| of[dice.below(of.len() as u64) as usize];
    let mut segments = SEGMENTS
        .replace("within(\"90d\")", pick(&["within(\"90d\")", "within(\"30d\")", "within(\"6d\")"]))
        .replace("sum(", pick(&["sum(", "max("]))
        .replace(
            "\"orders_90d\") >= 2",
            pick(&["\"orders_90d\") >= 2", "\"orders_90d\") >= 1", "\"spent\") > 120"]),
        )
        .replace("20d", pick(&["20d", "4d", "9d"]))
        .replace("> 300", pick(&["> 300", "> 120"]));
    match pick(&["without", "more", "as ever"]) {
        "without" => segments = segments.split("---\nsegment: reachable").next().unwrap().to_owned(),
        "more" => {
            segments
                .push_str("---\nsegment: keen\nwhen: segment(\"buyers\") && inProgram(\"second-order\")\n");
        }
        _ => {}
    }
    let programs = PROGRAMS.replace("wait: 2d", pick(&["wait: 2d", "wait: 2d", "wait: 3d"]));
    let programs = programs.replace("lapsed", pick(&["lapsed", "lapsed", "gold"]));
    world.engine.apply(asking(receiver, &segments, &programs)).await.unwrap();
    world.engine.build().await.unwrap();
}

/// Lives a story; the event at `weld` names both, when `welded`. When it is `edited`, definitions change now and then.
async fn live(seed: u64, welded: bool, edited: bool, receiver: &Receiver) -> (World, Option<ProfileId>) {
    let world = World::of(asking(receiver, SEGMENTS, PROGRAMS)).await;
    let mut dice = Dice(seed);
    let (length, weld) = (24, 8 + dice.below(8) as usize);
    let mut absorbed = None;
    for who in 0..2 {
        world
            .tell([
                touch(&mut dice, 100 + who, who, world.now().0).by("email", ["ann@x.org", "bea@x.org"][who])
            ])
            .await;
        let ([strong, _], number) = (NAMES[who], ["+13125550101", "+13125550102"][who]);
        let calls = identify(format!("calls {who}")).by(strong.0, strong.1).by("phone", number);
        world.tell([calls.claims("offers", ConsentStatus::Granted, Some(number)).on("phone")]).await;
    }
    for place in 0..length {
        // Everything in this story happens at noon or at midnight, so that the house is never late.
        for _ in 0..dice.below(8) {
            // What is more than so long ago is so a millisecond later.
            world.after(1).await;
            if edited && dice.below(8) == 0 {
                edit(&world, &mut dice, receiver).await;
            }
            world.after(DAY / 2 - 1).await;
        }
        if place == weld {
            let mut both = identify("weld").by("user_id", "u1");
            let before = [world.holder("user_id", "u1"), world.holder("loyalty_id", "l2")];
            if welded {
                both = both.by("loyalty_id", "l2");
            }
            world.tell([both]).await;
            let after = world.holder("user_id", "u1");
            absorbed = before.into_iter().flatten().find(|id| Some(*id) != after);
        }
        let who = dice.below(2) as usize;
        let now = world.now().0;
        world.tell([touch(&mut dice, place, who, now)]).await;
        // Who asks is told whether that lets them in. So it is asked while nobody takes them for one.
        if place < weld && dice.below(3) == 0 {
            let who = dice.below(2) as usize;
            let [(namespace, value), _] = NAMES[who];
            let case = serde_json::Map::from_iter([("case".to_owned(), json!(place))]);
            let (id, request) = (Identifier::new(namespace, value), format!("request {place}"));
            world.engine.enter_program("asked-for", &id, Some(request), case).await.unwrap();
        }
    }
    world.serve().await;
    (world, absorbed)
}

pub async fn split(world: &World, who: ProfileId, other: ProfileId) -> Split {
    world.engine.split(who, SplitBy::Merged(other), "two people, they said".into(), false).await.unwrap()
}

#[tokio::test]
async fn told_apart_they_are_who_they_would_have_been() {
    compare(0..40, false).await;
}

#[tokio::test]
async fn told_apart_they_are_who_they_would_have_been_by_the_definitions_of_then() {
    compare(0..40, true).await;
}

/// Merge, live on and split is never to have been merged.
async fn compare(seeds: std::ops::Range<u64>, edited: bool) {
    for seed in seeds {
        let receiver = Receiver::start(Mood::answers(200, "", ""));
        let (apart, _) = live(seed, false, edited, &receiver).await;
        let (world, absorbed) = live(seed, true, edited, &receiver).await;
        let one = world.person("user_id", "u1");
        assert_eq!(world.holder("loyalty_id", "l2"), Some(one.id), "seed {seed}: one person");
        split(&world, one.id, absorbed.unwrap()).await;
        // What was called off, or was not reached, is asked now.
        world.serve().await;
        for (namespace, value) in [("user_id", "u1"), ("loyalty_id", "l2")] {
            let (want, found) = (apart.person(namespace, value), world.person(namespace, value));
            assert_eq!(want.id, found.id, "seed {seed}: ids are as they were");
            let asked = tasks(&world, found.id);
            for task in tasks(&apart, want.id) {
                assert!(asked.contains(&task), "seed {seed}: {task} of {namespace} {value} among {asked:?}");
            }
            let (all, found_asked) = (self::asked(&apart, want.id), self::asked(&world, found.id));
            for one in &all {
                let times = found_asked.iter().filter(|found| *found == one).count();
                assert_eq!(times, 1, "seed {seed}: {one} of {namespace} {value} among {found_asked:#?}");
            }
            let (want, found) = (portrait(&apart, &want), portrait(&world, &found));
            for (key, want) in want.as_object().unwrap() {
                assert_eq!(
                    want.to_string(),
                    found[key].to_string(),
                    "seed {seed}: {key} of {namespace} {value}"
                );
            }
        }
        assert_eq!(apart.people().len(), world.people().len(), "seed {seed}");
        assert_eq!(
            apart.read(|read| read.counter("people")),
            world.read(|read| read.counter("people")),
            "seed {seed}"
        );
    }
}

/// Ann by her login and Bea by her card, taken for one by a till that named both.
pub async fn welded(documents: &[&str]) -> (World, Profile, Profile) {
    let world = World::new(documents).await;
    world.tell([identify("a").by("user_id", "u1").by("email", "ann@x.org").grants("offers")]).await;
    world.tell([identify("b").by("loyalty_id", "l2").by("email", "bea@x.org").grants("offers")]).await;
    world.tell((0..3).map(|place| track(format!("a{place}"), "Seen").by("user_id", "u1"))).await;
    let (ann, bea) = (world.person("user_id", "u1"), world.person("loyalty_id", "l2"));
    world.pass(HOUR);
    world.tell([track("till", "Seen").by("user_id", "u1").by("loyalty_id", "l2")]).await;
    assert_eq!(world.people().len(), 1);
    (world, ann, bea)
}

#[tokio::test]
async fn later_events_do_not_make_them_one_again() {
    let (world, ann, bea) = welded(&[]).await;
    split(&world, ann.id, bea.id).await;
    let again =
        |id: &str| track(id, "Seen").by("user_id", "u1").by("loyalty_id", "l2").by("email", "bea@x.org");
    world.tell([again("till-2")]).await;
    let world = world.restarted(None);
    world.tell([again("till-3")]).await;
    assert_eq!(world.people().len(), 2);
    assert_eq!(world.person("user_id", "u1").id, ann.id);
    assert_eq!(world.person("email", "bea@x.org").id, bea.id, "the old id is hers again");
    assert_eq!(
        world.person("user_id", "u1").events,
        ann.events + 3,
        "the stronger identifier says whose they are"
    );
    let ledger = world.read(|read| read.ledger(ann.id, ALL));
    assert!(
        ledger.iter().any(|entry| entry.kind == LedgerKind::Split
            && entry.other == Some(bea.id)
            && entry.reason.ends_with("two people, they said")),
        "{ledger:?}"
    );
    assert!(ledger.iter().any(|entry| entry.kind == LedgerKind::GaveWay
        && entry.reason.starts_with("it was decided that they are not one person (dcn_")));
}

#[tokio::test]
async fn whoever_is_new_and_joins_one_side_is_kept_from_the_other() {
    let (world, ann, bea) = welded(&[]).await;
    split(&world, ann.id, bea.id).await;
    world.tell([identify("p").by("user_id", "u1").by("phone", "+1 312 555 0100")]).await;
    world.tell([track("q", "Seen").by("phone", "+1 312 555 0100").by("loyalty_id", "l2")]).await;
    assert_eq!(world.people().len(), 2, "not by way of a third either");
    assert_eq!(world.person("phone", "+13125550100").id, ann.id);
}

#[tokio::test]
async fn a_preview_says_what_would_be_and_writes_nothing() {
    let (world, ann, bea) = welded(&[SEGMENTS]).await;
    let database = world.folder.path().join("crowsnest.db");
    let dump = || {
        let connection = rusqlite::Connection::open(&database).unwrap();
        ["people", "identifiers", "events", "ledger", "redirects", "decisions", "memberships"].map(|table| {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = statement.column_count();
            let mut found = statement.query([]).unwrap();
            let mut rows = Vec::new();
            while let Some(row) = found.next().unwrap() {
                rows.push(
                    (0..columns).map(|column| format!("{:?}", row.get_ref(column))).collect::<Vec<_>>(),
                );
            }
            rows
        })
    };
    let before = (dump(), world.people());
    let shown = world.engine.split(ann.id, SplitBy::Merged(bea.id), "perhaps".into(), true).await.unwrap();
    assert_eq!(shown.decision, None);
    assert_eq!(
        shown.people.iter().map(|person| (person.profile, person.events)).collect::<Vec<_>>(),
        [(ann.id, ann.events + 1), (bea.id, bea.events)]
    );
    assert!(shown.people.iter().all(|person| person.segments.contains_key("reachable")));
    assert_eq!((dump(), world.people()), before);
    world.tell([track("later", "Seen").by("user_id", "u1").by("loyalty_id", "l2")]).await;
    assert_eq!(world.people().len(), 1, "nothing was decided");
}

#[tokio::test]
async fn identifiers_can_be_told_apart_that_were_never_apart() {
    let world = World::new(&[]).await;
    world.tell([identify("a").by("user_id", "u1").by("email", "family@x.org")]).await;
    world.tell([track("b", "Seen").by("user_id", "u1").from("calls")]).await;
    world.tell([identify("c").by("email", "family@x.org").by("loyalty_id", "l2")]).await;
    world.tell([track("d", "Seen").by("loyalty_id", "l2")]).await;
    let one = world.person("loyalty_id", "l2");
    assert_eq!(one.id, world.person("user_id", "u1").id);
    let by = SplitBy::Identifiers(vec![
        Identifier::new("loyalty_id", "l2"),
        Identifier::new("email", "Family@x.org"),
    ]);
    world.engine.split(one.id, by, "her husband's card".into(), false).await.unwrap();
    assert_eq!(world.person("user_id", "u1").events, 2);
    let other = world.person("loyalty_id", "l2");
    assert_eq!((other.events, world.person("email", "family@x.org").id), (2, other.id));
    assert_ne!(other.id, one.id);
}

#[tokio::test]
async fn what_cannot_be_told_apart_is_refused_and_says_why() {
    let (world, ann, bea) = welded(&[]).await;
    let refused = |by: SplitBy| {
        let engine = world.engine.clone();
        async move { engine.split(ann.id, by, String::new(), false).await.unwrap_err().to_string() }
    };
    let stranger = ProfileId(12_345);
    assert_eq!(
        refused(SplitBy::Merged(stranger)).await,
        format!("{stranger} was not merged into {}; these were: {}", ann.id, bea.id)
    );
    assert_eq!(
        refused(SplitBy::Identifiers(vec![Identifier::new("email", "other@x.org")])).await,
        format!("email=other@x.org is not {}'s", ann.id)
    );
    let all = [("user_id", "u1"), ("email", "ann@x.org"), ("email", "bea@x.org"), ("loyalty_id", "l2")];
    let all = all.map(|(namespace, value)| Identifier::new(namespace, value)).to_vec();
    assert!(refused(SplitBy::Identifiers(all)).await.contains("would have nothing left to be known by"));
    assert_eq!(world.people().len(), 1);
}

#[tokio::test]
async fn what_was_sent_stays_sent_and_nothing_is_sent_again() {
    let (world, ann, bea) = welded(&[CART]).await;
    let cart_of = |id: &str, namespace: &str, value: &str| {
        track(id, "Cart Updated").by(namespace, value).with(json!({ "cart_id": id, "value": 80 }))
    };
    world.tell([cart_of("hers", "user_id", "u1")]).await;
    world.after(HOUR).await;
    world.pass(5 * DAY);
    world.tell([cart_of("beas", "loyalty_id", "l2")]).await;
    world.after(HOUR).await;
    let mailed = world.mailed();
    assert_eq!(mailed.len(), 2);
    let to = |who: &str| mailed.iter().filter(|to| to.contains(who)).count();
    world.pass(10 * DAY);
    let waits = cart_of("waits", "loyalty_id", "l2");
    world.tell([waits]).await;

    split(&world, ann.id, bea.id).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 2, "nothing goes out for what is long past");
    let of = |person: ProfileId| {
        world.deliveries().into_iter().filter(move |delivery| delivery.profile == person).collect::<Vec<_>>()
    };
    let sent = |person: ProfileId| of(person).iter().filter(|d| d.state.as_str() == "sent").count();
    assert_eq!(
        (sent(ann.id), sent(bea.id)),
        (to("ann@x.org"), to("bea@x.org")),
        "whoever has the mailbox had the mail"
    );
    for delivery in of(ann.id).iter().chain(&of(bea.id)).filter(|d| d.state.as_str() != "sent") {
        assert_eq!(delivery.state.as_str(), "cancelled", "{delivery:?}");
        let reason = delivery.reason.as_deref().unwrap();
        assert!(reason.starts_with("it would have been sent then"), "{reason}");
    }
    // What waits goes on, with the one to whom it belongs.
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 3);
    assert!(world.mailed().iter().any(|to| to.contains("bea@x.org")));
    let runs = world.read(|read| read.runs(Some("cart"), Some(bea.id), ALL));
    assert_eq!(runs[0].state, RunState::Finished);
    let (orphans, log): (i64, i64) = {
        let connection = rusqlite::Connection::open(world.folder.path().join("crowsnest.db")).unwrap();
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
        (
            count(
                "SELECT count(*) FROM deliveries WHERE run IS NOT NULL AND run NOT IN (SELECT id FROM runs)",
            ),
            count("SELECT count(*) FROM timers WHERE run NOT IN (SELECT id FROM runs)"),
        )
    };
    assert_eq!((orphans, log), (0, 0));
}

#[tokio::test]
async fn what_both_had_before_they_were_taken_for_one_neither_has_again() {
    let world = World::new(&[CART]).await;
    for (strong, value, mail) in [("user_id", "u1", "ann@x.org"), ("loyalty_id", "l2", "bea@x.org")] {
        world.tell([identify(value).by(strong, value).by("email", mail).grants("offers")]).await;
        let cart = track(format!("cart of {value}"), "Cart Updated").by(strong, value);
        world.tell([cart.with(json!({ "cart_id": "the same", "value": 80 }))]).await;
    }
    world.after(46 * MINUTE).await;
    assert_eq!(world.mailed().len(), 2);
    let (ann, bea) = (world.person("user_id", "u1"), world.person("loyalty_id", "l2"));
    world.tell([track("till", "Seen").by("user_id", "u1").by("loyalty_id", "l2")]).await;
    assert_eq!(world.people().len(), 1);
    let survivor = world.people()[0].id;
    let other = if survivor == ann.id { bea.id } else { ann.id };

    split(&world, survivor, other).await;
    world.after(MINUTE).await;
    assert_eq!(world.mailed().len(), 2, "{:?}", world.mailed());
    for person in [ann.id, bea.id] {
        let deliveries = world.deliveries();
        let theirs: Vec<_> = deliveries.iter().filter(|delivery| delivery.profile == person).collect();
        assert_eq!(theirs.len(), 1, "{deliveries:?}");
        assert_eq!(theirs[0].occasion, "the same#1", "it goes by its own name again");
        let runs = world.read(|read| read.runs(Some("cart"), Some(person), ALL));
        assert_eq!(theirs[0].run, Some(runs[0].id));
    }
}

/// Two who have a letter each that waits for the call centre's file, from another cart each.
async fn waiting(document: &str) -> (World, ProfileId, ProfileId) {
    let world = World::new(&[document]).await;
    for (strong, value, mail) in [("user_id", "u1", "ann@x.org"), ("loyalty_id", "l2", "bea@x.org")] {
        world.tell([identify(value).by(strong, value).by("email", mail).grants("offers")]).await;
        let cart = track(format!("cart of {value}"), "Cart Updated").by(strong, value);
        world.tell([cart.with(json!({ "cart_id": value, "value": 80 }))]).await;
    }
    world.after(46 * MINUTE).await;
    assert_eq!(world.states(), ["held", "held"]);
    let (ann, bea) = (world.person("user_id", "u1").id, world.person("loyalty_id", "l2").id);
    (world, ann, bea)
}

/// A till names both; answers who goes on, and who does not.
async fn weld(world: &World, ann: ProfileId, bea: ProfileId) -> (ProfileId, ProfileId) {
    world.tell([track("till", "Seen").by("user_id", "u1").by("loyalty_id", "l2")]).await;
    assert_eq!(world.people().len(), 1);
    let survivor = world.people()[0].id;
    (survivor, if survivor == ann { bea } else { ann })
}

#[tokio::test]
async fn a_message_that_was_called_off_when_they_became_one_is_sent_when_they_are_two_again() {
    let (world, ann, bea) = waiting(FRESH_CART).await;
    let (survivor, other) = weld(&world, ann, bea).await;
    assert_eq!(
        world.states().iter().filter(|state| **state == "cancelled").count(),
        1,
        "nobody is in it twice"
    );
    world.pass(HOUR);
    split(&world, survivor, other).await;
    world.serve().await;
    assert_eq!(world.states(), ["held", "held"], "both wait, as if they had never been one");
    assert!(world.calls_are_fresh().await);
    world.after(MINUTE).await;
    let mut mailed = world.mailed();
    mailed.sort();
    assert_eq!(mailed, ["ann@x.org", "bea@x.org"]);
    for person in [ann, bea] {
        let runs = world.read(|read| read.runs(Some("cart"), Some(person), ALL));
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].state, RunState::Finished);
        let theirs: Vec<_> =
            world.deliveries().into_iter().filter(|one| one.run == Some(runs[0].id)).collect();
        assert_eq!((theirs.len(), theirs[0].profile, theirs[0].state.as_str()), (1, person, "sent"));
    }
    // And not again, when they become one and two once more.
    world.engine.join(ann, bea, "no, one".into()).await.unwrap();
    let (survivor, other) = (world.people()[0].id, if world.people()[0].id == ann { bea } else { ann });
    split(&world, survivor, other).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 2);
}

#[tokio::test]
async fn a_mailing_that_was_called_off_when_they_became_one_goes_to_both_when_they_are_two_again() {
    let fresh =
        format!("{OFFER}requires_fresh: [{{ source: calls, max_lag: 15m }}]\n").replace("ttl: 2d", "ttl: 9d");
    for (hours, mails) in [(23, 2), (25, 1)] {
        let world = World::new(&[&fresh]).await;
        for (strong, value, mail) in [("user_id", "u1", "ann@x.org"), ("loyalty_id", "l2", "bea@x.org")] {
            world.tell([identify(value).by(strong, value).by("email", mail).grants("offers")]).await;
        }
        let (ann, bea) = (world.person("user_id", "u1").id, world.person("loyalty_id", "l2").id);
        world.engine.launch("offer").await.unwrap();
        world.serve().await;
        assert_eq!(world.states(), ["held", "held"]);
        let (survivor, other) = weld(&world, ann, bea).await;
        assert_eq!(world.states().iter().filter(|state| **state == "cancelled").count(), 1);
        world.pass(hours * HOUR);
        split(&world, survivor, other).await;
        assert!(world.calls_are_fresh().await);
        world.after(MINUTE).await;
        assert_eq!(world.mailed().len(), mails, "{:?}", world.deliveries());
        // And not again, when they become one and two once more.
        let joined = world.engine.join(ann, bea, "no, one".into()).await.unwrap();
        split(&world, joined.profile, joined.absorbed).await;
        world.after(HOUR).await;
        let mut mailed = world.mailed();
        mailed.sort();
        mailed.dedup();
        assert_eq!((world.mailed().len(), mailed.len()), (mails, mails));
    }
}

#[tokio::test]
async fn a_message_that_was_called_off_is_not_sent_when_it_is_too_late_or_they_bought_themselves() {
    // One day is how late a program may be when it does not say.
    let (world, ann, bea) = waiting(FRESH_CART).await;
    let (survivor, other) = weld(&world, ann, bea).await;
    world.pass(25 * HOUR);
    split(&world, survivor, other).await;
    assert_eq!(world.states().iter().filter(|state| **state == "cancelled").count(), 1);

    // Who bought themselves, while they were taken for one, wanted no reminder; the other one does.
    let (world, ann, bea) = waiting(FRESH_CART).await;
    let (survivor, other) = weld(&world, ann, bea).await;
    world.pass(MINUTE);
    world.tell([track("o", "Order Completed").by("loyalty_id", "l2").with(json!({ "order_id": "o" }))]).await;
    assert_eq!(world.states(), ["cancelled", "cancelled"]);
    split(&world, survivor, other).await;
    assert!(world.calls_are_fresh().await);
    world.after(MINUTE).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn a_request_goes_on_though_the_program_names_its_occasion() {
    const HELP: &str = r#"
program: help
trigger: { event: Help Wanted }
occasion: event.properties.case
steps:
  - wait: 2d
  - send: { channel: email, template: letter, topic: offers }
"#;
    let (world, ann, bea) = welded(&[HELP]).await;
    let who = Identifier::new("user_id", "u1");
    let case = serde_json::Map::from_iter([("case".to_owned(), json!("c-7"))]);
    let ask =
        async || world.engine.enter_program("help", &who, Some("call 7".into()), case.clone()).await.unwrap();
    assert!(matches!(ask().await, crowsnest_flow::Admission::Entered));
    let before = world.runs("help")[0].id;
    world.after(HOUR).await;
    split(&world, ann.id, bea.id).await;
    let runs = world.runs("help");
    assert_eq!((runs.len(), runs[0].id, runs[0].profile, &*runs[0].occasion), (1, before, ann.id, "c-7"));
    assert_eq!(runs[0].state, RunState::Active);
    world.after(2 * DAY).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    assert!(!matches!(ask().await, crowsnest_flow::Admission::Entered), "once");
}

#[tokio::test]
async fn what_was_asked_for_by_request_or_by_a_thing_goes_on() {
    const PROGRAMS: &str = r#"
catalogue: things
fields: { price: { type: number } }
---
program: help
trigger: { event: Help Wanted }
steps:
  - wait: 2d
  - send: { channel: email, template: letter, topic: offers }
---
program: cheaper
trigger: { catalogue: things, watched: { event: Looked, item: event.properties.thing, within: 30d } }
steps:
  - wait: 3d
  - send: { channel: email, template: letter, topic: offers }
"#;
    let (world, ann, bea) = welded(&[PROGRAMS]).await;
    let world = world.restarted(None);
    world.engine.build().await.unwrap();
    world.tell([track("look", "Looked").by("loyalty_id", "l2").with(json!({ "thing": "t1" }))]).await;
    let who = Identifier::new("user_id", "u1");
    world.engine.enter_program("help", &who, Some("call 7".into()), Default::default()).await.unwrap();
    let cost = serde_json::Map::from_iter([("price".to_owned(), json!(3))]);
    world.engine.put_item("things", "t1", cost, None).await.unwrap();
    world.serve().await;
    let words = |world: &World| [world.run_words("help"), world.run_words("cheaper")].concat();
    assert_eq!(words(&world), ["active", "active"]);
    let ids = |world: &World| [world.runs("help")[0].id, world.runs("cheaper")[0].id];
    let before = ids(&world);

    world.after(HOUR).await;
    split(&world, ann.id, bea.id).await;
    assert_eq!(words(&world), ["active", "active"]);
    assert_eq!(ids(&world), before);
    for days in [2, 1] {
        world.after(days * DAY).await;
    }
    assert_eq!(world.mailed(), ["ann@x.org", "bea@x.org"], "she watched it, and nobody else");
    assert_eq!(words(&world), ["finished: all steps are done", "finished: all steps are done"]);
    let again = world.engine.enter_program("help", &who, Some("call 7".into()), Default::default()).await;
    assert!(!matches!(again.unwrap(), crowsnest_flow::Admission::Entered), "the same request lets in once");
}

#[tokio::test]
async fn what_time_let_them_into_as_one_they_are_not_in_as_two() {
    // Ann has three and Bea one of the five that it takes, and the till had one.
    let (world, ann, bea) =
        welded(&["segment: regulars\nwhen: 'count(\"Seen\", between(\"90d\", \"20d\")) >= 5'\n"]).await;
    world.tell([track("b0", "Seen").by("loyalty_id", "l2")]).await;
    // Nobody has looked at them since.
    world.pass(30 * DAY);
    split(&world, ann.id, bea.id).await;
    assert_eq!(world.read(|read| read.members("regulars", None, 10)), []);
    assert!(world.people().iter().all(|person| person.segments.is_empty()));
}

#[tokio::test]
async fn a_browser_that_both_use_belongs_to_whoever_used_it_last() {
    let (world, ann, bea) = welded(&[]).await;
    world.tell([track("x", "Seen").by("loyalty_id", "l2").by("anonymous_id", "browser")]).await;
    split(&world, ann.id, bea.id).await;
    assert_eq!(world.holder("anonymous_id", "browser"), Some(bea.id));
    world.pass(HOUR);
    world.tell([track("y", "Seen").by("user_id", "u1").by("anonymous_id", "browser")]).await;
    assert_eq!(world.holder("anonymous_id", "browser"), Some(ann.id));
    assert_eq!(world.people().len(), 2);
}

#[tokio::test]
async fn somebody_says_that_two_are_one_and_it_can_be_taken_back() {
    let world = World::new(&[SEGMENTS]).await;
    let order = |id: &str| track(id, "Order Completed").with(json!({ "revenue": 200 }));
    world.tell([identify("a").by("user_id", "u1").by("email", "ann@x.org")]).await;
    world
        .tell([order("o1").by("user_id", "u1"), identify("b").by("user_id", "u2").by("email", "old@x.org")])
        .await;
    world.tell([order("o2").by("user_id", "u2"), order("o3").by("user_id", "u2")]).await;
    let (ann, old) = (world.person("user_id", "u1"), world.person("user_id", "u2"));
    assert!(!ann.segments.contains_key("buyers") && old.segments.contains_key("buyers"));
    world.pass(HOUR);
    let joined = world.engine.join(ann.id, old.id, "she told us".into()).await.unwrap();
    assert_eq!((joined.profile, joined.absorbed), (old.id, ann.id), "whoever has more events goes on");
    let one = world.person("user_id", "u1");
    assert_eq!((one.id, one.events), (old.id, 5));
    assert!(one.segments.contains_key("gold"), "600 spent by the one person");
    let again = world.engine.join(ann.id, old.id, String::new()).await.unwrap_err();
    assert!(again.to_string().starts_with("they are one person already"), "{again}");

    split(&world, old.id, ann.id).await;
    for before in [&ann, &old] {
        let now = world.read(|read| read.profile(before.id)).unwrap();
        assert_eq!(
            (now.events, now.segments.keys().collect::<Vec<_>>()),
            (before.events, before.segments.keys().collect())
        );
    }
    // One more time the other way round: what was decided last holds, also after a restart.
    let joined = world.engine.join(ann.id, old.id, "she did, really".into()).await.unwrap();
    assert_eq!(joined.withdrawn.len(), 1);
    let world = world.restarted(None);
    world.tell([order("o4").by("user_id", "u1"), order("o5").by("user_id", "u2")]).await;
    assert_eq!(world.people().len(), 1);
}

#[tokio::test]
async fn a_decision_that_two_are_one_is_kept_when_a_third_is_told_apart() {
    let (world, ann, bea) = welded(&[]).await;
    world.tell([identify("c").by("user_id", "u9").by("email", "ann.work@x.org")]).await;
    world.pass(HOUR);
    world.engine.join(ann.id, world.holder("user_id", "u9").unwrap(), "both are hers".into()).await.unwrap();
    assert_eq!(world.people().len(), 1);
    split(&world, ann.id, bea.id).await;
    assert_eq!(world.people().len(), 2);
    assert_eq!(world.holder("user_id", "u9"), world.holder("user_id", "u1"));
    assert_eq!(world.holder("loyalty_id", "l2"), Some(bea.id));
}

/// Found by a random story (seed 70692): it was sent late, to the address that she had by then.
#[tokio::test]
async fn what_was_sent_to_another_address_of_hers_is_not_sent_again() {
    let program = "program: late\nlateness: 365d\ntrigger: { event: Cart Updated }\nsteps:\n  - wait: 10m\n  \
                   - send: { channel: email, template: letter, topic: offers }\n";
    let world = World::new(&[program]).await;
    world.tell([subscriber("old@x.org"), cart("c1", "old@x.org")]).await;
    world.tell([identify("bea").by("loyalty_id", "l2")]).await;
    world.pass(HOUR);
    // A newer address, and a card that is not hers.
    let moved = identify("new").by("email", "old@x.org").by("email", "new@x.org");
    world.tell([moved.traits(json!({ "email": "new@x.org" })), subscriber("new@x.org")]).await;
    world.tell([track("till", "Seen").by("email", "new@x.org").by("loyalty_id", "l2")]).await;
    world.serve().await;
    assert_eq!(world.deliveries()[0].contact, "new@x.org");
    let ann = world.person("email", "old@x.org").id;
    let card = SplitBy::Identifiers(vec![Identifier::new("loyalty_id", "l2")]);
    world.engine.split(ann, card, "his card".into(), false).await.unwrap();
    world.serve().await;
    assert_eq!((world.mailed().len(), world.states()), (1, vec!["sent"]));
}
