//! Programs by date and by schedule: at the moment, in each person's own time zone, and once.

use crate::world::*;
use crowsnest_flow::{FlowError, Trial};
use crowsnest_model::Time;
use serde_json::json;

const BIRTHDAY: &str = r#"
program: birthday
trigger: { date: profile.birthday, yearly: true }
steps:
  - send: { channel: email, template: letter, topic: offers }
"#;

const LEASE: &str = r#"
program: lease
trigger: { date: profile.lease_end, before: 30d }
steps:
  - set: { told: { from: event.properties.date } }
"#;

const WEEKLY: &str = r#"
program: weekly
trigger: { schedule: { days: [monday, thursday] } }
audience: profile.tier == "gold"
steps:
  - set: { told: { from: event.properties.at } }
"#;

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// Lets time pass until a moment, and serves what is due then.
async fn until(world: &World, text: &str) {
    world.after(time(text).0 - world.now().0).await;
}

/// Somebody who may be written to, of whom this is known.
fn known(email: &str, traits: serde_json::Value) -> Touch {
    identify(format!("{email} {traits}")).by("email", email).grants("offers").traits(traits)
}

/// When the runs of a program were triggered, with their occasions and states.
fn runs(world: &World, program: &str) -> Vec<String> {
    let runs = world.runs(program).into_iter();
    runs.map(|run| format!("{} {} {}", run.triggered, run.occasion, run.state.as_str())).collect()
}

#[tokio::test]
async fn a_birthday_is_kept_each_year_by_the_persons_own_clock() {
    let world = World::new(&[BIRTHDAY]).await;
    world
        .tell([
            known("ann@x.org", json!({ "birthday": "1990-03-10", "time_zone": "Asia/Tokyo" })),
            known("bob@x.org", json!({ "birthday": "--03-10" })),
            known("eve@x.org", json!({ "birthday": "1992-02-29" })),
        ])
        .await;
    until(&world, "2026-03-09T23:59:59.999Z").await;
    assert!(world.mailed().is_empty(), "never early");
    until(&world, "2026-03-10T00:00:00Z").await;
    assert_eq!(world.mailed(), ["ann@x.org"], "nine in the morning in Tokyo");
    until(&world, "2026-03-10T14:00:00Z").await;
    assert_eq!(world.mailed().len(), 2, "nine in the morning in Chicago");
    until(&world, "2027-02-28T15:00:00Z").await;
    assert_eq!(world.mailed().len(), 3, "29 February");
    until(&world, "2027-03-10T15:00:00Z").await;
    assert_eq!(world.mailed().len(), 5, "each year: {:?}", world.run_words("birthday"));
}

#[tokio::test]
async fn whoever_tells_on_the_day_is_not_too_late_and_has_it_once() {
    let world = World::new(&[BIRTHDAY]).await;
    until(&world, "2026-03-10T20:00:00Z").await;
    let told = || json!({ "birthday": "1990-03-10" });
    world.tell([known("ann@x.org", told())]).await;
    world.serve().await;
    assert_eq!(runs(&world, "birthday"), ["2026-03-10T14:00:00Z date:2026-03-10 finished"]);
    // Told again, moved to the other end of the world, become one with somebody else, restarted: it was had.
    world.tell([identify("again").by("email", "ann@x.org").traits(told())]).await;
    for zone in ["Pacific/Kiritimati", "Pacific/Honolulu"] {
        world.tell([identify(zone).by("email", "ann@x.org").traits(json!({ "time_zone": zone }))]).await;
    }
    world.tell([identify("user").by("user_id", "u-1").traits(told())]).await;
    world.tell([identify("both").by("user_id", "u-1").by("email", "ann@x.org")]).await;
    let world = world.restarted(None);
    until(&world, "2026-03-12T14:00:00Z").await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    let had = runs(&world, "birthday").into_iter().filter(|run| run.contains("date:2026")).count();
    assert_eq!(
        (had, world.people().len()),
        (2, 1),
        "of the one who had no address as well: both as they came"
    );
}

#[tokio::test]
async fn a_day_that_is_over_for_longer_than_the_program_allows_is_over() {
    let world = World::new(&[BIRTHDAY]).await;
    until(&world, "2026-03-11T14:00:00.001Z").await;
    world.tell([known("ann@x.org", json!({ "birthday": "1990-03-10" }))]).await;
    // What an import says of the day begins nothing on it.
    world.tell([known("bob@x.org", json!({ "birthday": "1990-03-11" })).historical()]).await;
    world.serve().await;
    assert!(runs(&world, "birthday").is_empty(), "{:?}", runs(&world, "birthday"));
    until(&world, "2027-03-11T15:00:00Z").await;
    assert_eq!(world.mailed().len(), 2, "but it does so a year later");
}

#[tokio::test]
async fn an_outage_is_made_good_as_long_as_the_program_allows_it() {
    for (late, expected) in [
        (23 * HOUR, "finished: all steps are done"),
        (
            3 * DAY,
            "skipped: came due 2026-03-10T14:00:00Z and could begin only 3 days later; the program allows 1 day",
        ),
    ] {
        let world = World::new(&[BIRTHDAY]).await;
        world.tell([known("ann@x.org", json!({ "birthday": "1990-03-10" }))]).await;
        let world = world.restarted(None);
        world.pass(time("2026-03-10T14:00:00Z").0 - world.now().0 + late);
        world.serve().await;
        assert_eq!(world.run_words("birthday"), [expected]);
        until(&world, "2027-03-10T15:00:00Z").await;
        let finished = world.run_words("birthday").into_iter().filter(|run| run.starts_with("finished"));
        assert_eq!(finished.count(), if late < DAY { 2 } else { 1 }, "time goes on");
    }
}

#[tokio::test]
async fn what_came_due_in_an_outage_comes_before_the_event_that_comes_after_it() {
    let world = World::new(&[BIRTHDAY]).await;
    world.tell([known("ann@x.org", json!({ "birthday": "1990-03-10" }))]).await;
    world.pass(time("2026-03-10T20:00:00Z").0 - world.now().0);
    // Nothing was served meanwhile, and now the birthday is another day.
    world.tell([known("ann@x.org", json!({ "birthday": "1990-05-10" }))]).await;
    assert_eq!(world.runs("birthday").len(), 1);
    world.serve().await;
    until(&world, "2026-05-10T14:00:00Z").await;
    assert_eq!(world.mailed().len(), 2);
}

#[tokio::test]
async fn a_date_that_moves_takes_its_moment_along() {
    let world = World::new(&[LEASE]).await;
    world.tell([known("ann@x.org", json!({ "lease_end": "2026-05-01" }))]).await;
    until(&world, "2026-03-20T00:00:00Z").await;
    world.tell([known("ann@x.org", json!({ "lease_end": "2026-07-01" }))]).await;
    until(&world, "2026-06-01T13:59:59Z").await;
    assert!(runs(&world, "lease").is_empty(), "the lease goes on");
    until(&world, "2026-06-01T14:00:00Z").await;
    assert_eq!(runs(&world, "lease"), ["2026-06-01T14:00:00Z date:2026-07-01 finished"]);
    assert_eq!(world.person("email", "ann@x.org").text("told"), Some("2026-07-01"));
}

#[tokio::test]
async fn a_moment_comes_from_what_they_did() {
    let after = r#"
program: month-after
trigger: { date: 'last("Order Completed")', after: 30d }
steps:
  - exit: asked
"#;
    let world = World::new(&[after]).await;
    world.tell([order("o1", "ann@x.org")]).await;
    world.after(10 * DAY).await;
    world.tell([order("o2", "ann@x.org")]).await;
    world.after(30 * DAY - HOUR - 1).await;
    assert!(runs(&world, "month-after").is_empty(), "thirty days of the calendar, in which an hour was lost");
    world.after(HOUR + 1).await;
    assert_eq!(world.runs("month-after").len(), 1, "{:?}", runs(&world, "month-after"));
}

#[tokio::test]
async fn a_schedule_lets_in_who_is_in_the_audience_then() {
    let world = World::new(&[WEEKLY]).await;
    world
        .tell([
            known("ann@x.org", json!({ "tier": "gold" })),
            known("bob@x.org", json!({ "tier": "silver" })),
            known("kei@x.org", json!({ "tier": "gold", "time_zone": "Asia/Tokyo" })),
        ])
        .await;
    // In Tokyo the Monday's nine o'clock was nine hours ago, when Kei was not here yet.
    assert!(runs(&world, "weekly").is_empty());
    until(&world, "2026-03-02T15:00:00Z").await;
    assert_eq!(runs(&world, "weekly"), ["2026-03-02T15:00:00Z schedule:2026-03-02T09:00 finished"]);
    until(&world, "2026-03-05T15:00:00Z").await;
    assert_eq!(world.runs("weekly").len(), 3, "Thursday, in Tokyo and in Chicago; Bob leaves no record");
    // Somebody who comes afterwards waits for the next time.
    world.after(HOUR).await;
    world.tell([known("eve@x.org", json!({ "tier": "gold" }))]).await;
    world
        .tell([identify("moves").by("email", "eve@x.org").traits(json!({ "time_zone": "Asia/Tokyo" }))])
        .await;
    assert_eq!(world.runs("weekly").len(), 3);
    until(&world, "2026-03-09T15:00:00Z").await;
    assert_eq!(world.runs("weekly").len(), 6);
    let again = world.runs("weekly").len();
    let world = world.restarted(None);
    world.serve().await;
    assert_eq!(world.runs("weekly").len(), again);
}

#[tokio::test]
async fn a_schedule_after_a_long_outage_begins_with_the_last_day() {
    let world = World::new(&[WEEKLY]).await;
    world.tell([known("ann@x.org", json!({ "tier": "gold" }))]).await;
    world.pass(time("2026-04-02T20:00:00Z").0 - world.now().0);
    world.serve().await;
    let finished: Vec<String> =
        runs(&world, "weekly").into_iter().filter(|run| run.ends_with("finished")).collect();
    assert_eq!(finished, ["2026-04-02T14:00:00Z schedule:2026-04-02T09:00 finished"]);
    assert_eq!(world.runs("weekly").len(), 2, "and one record says of the others that they were too late");
}

#[tokio::test]
async fn a_new_program_gives_everybody_their_moment_and_begins_nothing_of_before() {
    let world = World::new(&[]).await;
    let day = |n: i64| format!("1990-03-{:02}", n + 1);
    world.tell((0..20).map(|n| known(&format!("p{n}@x.org"), json!({ "birthday": day(n) })))).await;
    until(&world, "2026-03-10T15:00:00Z").await;
    world.apply(&[BIRTHDAY]).await;
    assert_eq!(world.engine.building().unwrap().map(|progress| progress.pass), Some("date".to_owned()));
    world.engine.build().await.unwrap();
    world.serve().await;
    assert!(world.runs("birthday").is_empty(), "the tenth began before the program did");
    until(&world, "2026-03-20T15:00:00Z").await;
    assert_eq!(world.runs("birthday").len(), 10);
    // Paused over two birthdays, and live again: they are over. Whoever wants to makes good for them.
    until(&world, "2027-03-01T14:00:00Z").await;
    world.apply(&[&BIRTHDAY.replace("trigger", "state: paused\ntrigger")]).await;
    until(&world, "2027-03-03T16:00:00Z").await;
    world.apply(&[BIRTHDAY]).await;
    world.engine.build().await.unwrap();
    world.serve().await;
    assert_eq!(world.runs("birthday").len(), 10, "{:?}", runs(&world, "birthday"));
    let since = time("2027-03-01T12:00:00Z");
    let would = world.engine.catch_up("birthday", since, false, true).await.unwrap();
    assert_eq!((would.events, would.entered, world.runs("birthday").len()), (3, 3, 10));
    let done = world.engine.catch_up("birthday", since, false, false).await.unwrap();
    assert_eq!((done.entered, world.runs("birthday").len()), (3, 13));
    let again = world.engine.catch_up("birthday", since, false, false).await.unwrap();
    assert_eq!((again.entered, again.not.len()), (0, 1), "once");
    let refused = world.engine.catch_up("birthday", Time(0), false, true).await;
    assert!(matches!(refused, Err(FlowError::Refused(_))), "{refused:?}");
    until(&world, "2027-03-04T16:00:00Z").await;
    assert_eq!(world.runs("birthday").len(), 14, "and it goes on by itself");
}

#[tokio::test]
async fn what_comes_due_while_moments_are_given_is_not_lost() {
    let world = World::new(&[]).await;
    world.tell([known("ann@x.org", json!({ "birthday": "1990-03-10" }))]).await;
    world.tell([known("bob@x.org", json!({ "birthday": "1990-03-10" }))]).await;
    until(&world, "2026-03-10T13:59:00Z").await;
    world.apply(&[BIRTHDAY]).await;
    world.engine.build_more(1).await.unwrap();
    // The build is overtaken, and the process ends in between.
    until(&world, "2026-03-10T14:05:00Z").await;
    assert_eq!(world.runs("birthday").len(), 1);
    let world = world.restarted(None);
    world.engine.build().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 2);
    assert_eq!(world.runs("birthday").len(), 2);
}

#[tokio::test]
async fn a_date_from_recorded_events_is_known_once_they_have_been_read() {
    let world = World::new(&[]).await;
    world.tell([order("o1", "ann@x.org")]).await;
    let ordered = world.now();
    let after = "program: later\ntrigger: { date: 'last(\"Order Completed\")', after: 2h }\nsteps: [{ exit: asked }]\n";
    world.pass(HOUR);
    world.apply(&[after]).await;
    world.engine.build().await.unwrap();
    world.after(HOUR - 1).await;
    assert!(world.runs("later").is_empty());
    world.after(1).await;
    assert_eq!(world.runs("later")[0].triggered, Time(ordered.0 + 2 * HOUR));
}

#[tokio::test]
async fn who_is_not_meant_or_came_too_late_is_on_record_for_a_date() {
    let gold = BIRTHDAY.replace("steps:", "audience: profile.tier == \"gold\"\nsteps:");
    let world = World::new(&[&gold.replace("yearly: true", "yearly: true, ttl: 6h")]).await;
    world.tell([known("ann@x.org", json!({ "birthday": "1990-03-10" }))]).await;
    until(&world, "2026-03-10T14:00:00Z").await;
    let why = world.run_words("birthday");
    assert_eq!(why.len(), 1);
    assert!(why[0].starts_with("skipped: is not in the audience"), "{why:?}");
    until(&world, "2026-03-10T21:00:00Z").await;
    world.tell([known("bob@x.org", json!({ "birthday": "1990-03-10", "tier": "gold" }))]).await;
    let why = world.run_words("birthday");
    assert_eq!(
        why[1],
        "expired: the date 2026-03-10 came 7 hours after it happened, and its time to live is 6 hours"
    );
}

#[tokio::test]
async fn it_is_tried_and_explained_with_what_comes_next() {
    let world = World::new(&[LEASE]).await;
    let traits = json!({ "lease_end": "2026-05-01", "time_zone": "America/New_York" });
    world.tell([known("ann@x.org", traits), known("bob@x.org", json!({}))]).await;
    let person = world.holder("email", "ann@x.org").unwrap();
    let segments = Default::default;
    let trial =
        |person| Trial { person, properties: None, item: None, before: None, segments: segments(), at: None };
    let courier = world.dispatcher.courier();
    let tried = world.engine.try_program(courier, "lease", trial(person)).unwrap();
    assert_eq!(tried.trigger, "30 days before lease end, at 09:00 in the person’s own time zone");
    assert_eq!(tried.next.as_deref(), Some("2026-04-01 at 09:00 America/New_York"));
    assert_eq!(tried.at, time("2026-04-01T13:00:00Z"));
    assert!(tried.enters);
    assert_eq!(tried.properties["date"], "2026-05-01");
    let nobody = world.holder("email", "bob@x.org").unwrap();
    let tried = world.engine.try_program(courier, "lease", trial(nobody)).unwrap();
    assert!(!tried.enters && tried.next.is_none());
    assert_eq!(tried.trigger_clauses[0].value, "lease end is not known");
    let found = world.engine.explain_program("lease", person, None, 50).unwrap();
    let date = found.date.unwrap();
    assert_eq!(date.clock.as_deref(), Some("2026-04-01 at 09:00 America/New_York"));
    assert_eq!(date.clauses[0].value, "lease end is 2026-05-01");
}
