//! Segments: entered and left in the commit of the event that causes it, and by time alone at the right moment.

use crate::world::*;
use crowsnest_model::{ProfileId, Time};
use serde_json::json;

const BUYERS: &str = r#"
segment: buyers
when: count("Order Completed", within("30d")) >= 2
---
segment: lapsed
when: last("Order Completed") < ago("90d")
---
segment: gold
when: profile.tier == "gold"
---
segment: precious
when: segment("gold") && segment("buyers")
"#;

const STAGES: &str = r#"
segmentation: life-stage
segments:
  - { segment: loyal, when: 'count("Order Completed") >= 3' }
  - { segment: customer, when: 'count("Order Completed") >= 1' }
  - { segment: visitor }
"#;

const SPEND: &str = r#"
metric: spend
title: Spent in a year
value: sum("Order Completed", "revenue", within("365d"))
---
segment: big
when: metric("spend") >= 100
"#;

fn bought(id: &str, mail: &str, revenue: i64) -> Touch {
    track(id, "Order Completed").by("email", mail).with(json!({ "revenue": revenue }))
}

/// The segments of the person with this mail, and since when.
fn segments(world: &World, mail: &str) -> Vec<(String, Time)> {
    let person = world.person("email", mail);
    person.segments.into_iter().map(|(name, membership)| (name, membership.since)).collect()
}

fn names(world: &World, mail: &str) -> Vec<String> {
    segments(world, mail).into_iter().map(|(name, _)| name).collect()
}

/// The profile, the table of members and the log of changes say the same.
fn agree(world: &World, segment: &str) {
    let members = world.read(|read| read.members(segment, None, 1_000));
    let of_profiles: Vec<(ProfileId, Time)> = world
        .people()
        .into_iter()
        .filter_map(|person| person.segments.get(segment).map(|membership| (person.id, membership.since)))
        .collect();
    assert_eq!(members, of_profiles, "{segment}");
}

#[tokio::test]
async fn an_event_puts_somebody_into_a_segment_in_its_own_commit() {
    let world = World::new(&[BUYERS]).await;
    world.tell([bought("o1", "ann@x.org", 10)]).await;
    assert!(names(&world, "ann@x.org").is_empty());
    world.pass(HOUR);
    world.tell([bought("o2", "ann@x.org", 10)]).await;
    assert_eq!(segments(&world, "ann@x.org"), [("buyers".into(), world.now())]);
    world.tell([bought("o2", "ann@x.org", 10)]).await;
    agree(&world, "buyers");
    let changes = world.read(|read| read.segment_changes(Some("buyers"), None, ALL));
    assert_eq!(changes.len(), 1, "a copy changes nothing");
    assert!(changes[0].entered && changes[0].event.is_some());
    assert!(changes[0].why.contains("Order Completed"), "{}", changes[0].why);
}

#[tokio::test]
async fn time_alone_takes_somebody_out_at_the_right_moment() {
    let world = World::new(&[BUYERS]).await;
    let began = world.now();
    world.tell([bought("o1", "ann@x.org", 10)]).await;
    world.pass(HOUR);
    world.tell([bought("o2", "ann@x.org", 10)]).await;
    world.after(30 * DAY - HOUR - 1).await;
    assert_eq!(names(&world, "ann@x.org"), ["buyers"], "never early");
    world.after(1).await;
    assert!(names(&world, "ann@x.org").is_empty());
    agree(&world, "buyers");
    let changes = world.read(|read| read.segment_changes(Some("buyers"), None, ALL));
    assert_eq!(
        (changes[0].entered, changes[0].time, changes[0].event),
        (false, Time(began.0 + 30 * DAY), None)
    );
}

#[tokio::test]
async fn after_an_outage_everybody_is_where_time_has_put_them_as_of_the_right_moment() {
    let world = World::new(&[BUYERS]).await;
    let began = world.now();
    world.tell([bought("o1", "ann@x.org", 10)]).await;
    let world = world.restarted(None);
    world.after(200 * DAY).await;
    let since = segments(&world, "ann@x.org");
    assert_eq!(since, [("lapsed".into(), Time(began.0 + 90 * DAY + 1))]);
    agree(&world, "lapsed");
}

#[tokio::test]
async fn what_time_changed_comes_before_the_event_that_comes_after_it() {
    let world = World::new(&[BUYERS]).await;
    let began = world.now();
    world.tell([bought("o1", "ann@x.org", 10)]).await;
    world.pass(100 * DAY);
    // Nothing was served meanwhile.
    world.tell([bought("o2", "ann@x.org", 10)]).await;
    assert!(names(&world, "ann@x.org").is_empty());
    let changes = world.read(|read| read.segment_changes(Some("lapsed"), None, ALL));
    let told: Vec<_> = changes.iter().map(|change| (change.entered, change.time)).collect();
    assert_eq!(told, [(false, world.now()), (true, Time(began.0 + 90 * DAY + 1))]);
}

#[tokio::test]
async fn segments_may_ask_about_segments() {
    let world = World::new(&[BUYERS]).await;
    world.tell([bought("o1", "ann@x.org", 10), bought("o2", "ann@x.org", 10)]).await;
    world.tell([subscriber("ann@x.org").traits(json!({ "tier": "gold" }))]).await;
    assert_eq!(names(&world, "ann@x.org"), ["buyers", "gold", "precious"]);
    world.after(31 * DAY).await;
    assert_eq!(names(&world, "ann@x.org"), ["gold"]);
}

#[tokio::test]
async fn of_a_segmentation_everybody_is_in_one() {
    let world = World::new(&[STAGES]).await;
    world.tell([subscriber("ann@x.org")]).await;
    assert_eq!(names(&world, "ann@x.org"), ["visitor"]);
    world.tell([bought("o1", "ann@x.org", 10)]).await;
    assert_eq!(names(&world, "ann@x.org"), ["customer"]);
    world.tell([bought("o2", "ann@x.org", 10), bought("o3", "ann@x.org", 10)]).await;
    assert_eq!(names(&world, "ann@x.org"), ["loyal"]);
    for name in ["visitor", "customer", "loyal"] {
        agree(&world, name);
    }
}

#[tokio::test]
async fn late_and_early_events_count_at_their_own_time() {
    let world = World::new(&[BUYERS]).await;
    world.tell([bought("o1", "ann@x.org", 10).ago(&world, 29 * DAY)]).await;
    world.tell([bought("o2", "ann@x.org", 10).ago(&world, 31 * DAY)]).await;
    assert!(names(&world, "ann@x.org").is_empty(), "one of them is too old");
    world.tell([bought("o3", "ann@x.org", 10).ago(&world, 28 * DAY)]).await;
    assert_eq!(names(&world, "ann@x.org"), ["buyers"]);
    world.after(DAY).await;
    assert!(names(&world, "ann@x.org").is_empty());
}

#[tokio::test]
async fn a_merge_counts_the_events_of_both_once() {
    let world = World::new(&[BUYERS]).await;
    world.tell([bought("o1", "ann@x.org", 10)]).await;
    world.tell([track("o2", "Order Completed").by("user_id", "u-1").with(json!({ "revenue": 10 }))]).await;
    assert!(names(&world, "ann@x.org").is_empty());
    world.tell([track("m1", "Signed In").by("email", "ann@x.org").by("user_id", "u-1")]).await;
    assert_eq!(names(&world, "ann@x.org"), ["buyers"]);
    agree(&world, "buyers");
    assert_eq!(world.people().len(), 1);
}

#[tokio::test]
async fn after_a_merge_time_goes_on_for_the_one_person() {
    let seen = "segment: seen\nwhen: count(\"Page Seen\", within(\"10d\")) >= 1\n";
    let world = World::new(&[BUYERS, seen]).await;
    // The one who stays is to be looked at later than the one who goes.
    world.tell([bought("o1", "ann@x.org", 10), bought("o2", "ann@x.org", 10)]).await;
    world.tell([track("p1", "Page Seen").by("user_id", "u-1")]).await;
    world.tell([track("m1", "Signed In").by("email", "ann@x.org").by("user_id", "u-1")]).await;
    assert_eq!(names(&world, "ann@x.org"), ["buyers", "seen"]);
    world.after(10 * DAY).await;
    assert_eq!(names(&world, "ann@x.org"), ["buyers"]);
}

#[tokio::test]
async fn the_first_of_two_who_turn_out_to_be_one_is_the_first_of_either() {
    let old = "segment: old\nwhen: first(\"Order Completed\") < ago(\"30d\")\n";
    let world = World::new(&[old]).await;
    world.tell([track("o1", "Order Completed").by("user_id", "u-1")]).await;
    world.pass(35 * DAY);
    // Ann's is later, and was put together with what is older first.
    let late = |id: &str| bought(id, "ann@x.org", 10).ago(&world, DAY);
    world.tell([late("o2"), late("o3")]).await;
    world.tell([track("m1", "Signed In").by("email", "ann@x.org").by("user_id", "u-1")]).await;
    assert_eq!(names(&world, "ann@x.org"), ["old"]);
}

#[tokio::test]
async fn after_a_merge_the_table_and_the_log_say_what_the_profile_says() {
    let world = World::new(&[BUYERS]).await;
    // Ann has been in and has left; whoever has the user id is in.
    let ago = |id: &str, days| bought(id, "ann@x.org", 10).ago(&world, days * DAY);
    world.tell([ago("o1", 29), ago("o2", 29), ago("o3", 29)]).await;
    let user = |id: &str| track(id, "Order Completed").by("user_id", "u-1");
    world.tell([user("o4"), user("o5")]).await;
    world.after(2 * DAY).await;
    assert!(names(&world, "ann@x.org").is_empty());
    let both = |id: &str| track(id, "Signed In").by("email", "ann@x.org").by("user_id", "u-1");
    world.tell([both("m1")]).await;
    assert_eq!(names(&world, "ann@x.org"), ["buyers"]);
    agree(&world, "buyers");
    let changes = world.read(|read| read.segment_changes(Some("buyers"), None, ALL));
    assert!(changes[0].entered, "{changes:?}");
}

#[tokio::test]
async fn of_two_who_were_in_a_segment_the_one_is_in_it_since_the_first() {
    let world = World::new(&[BUYERS]).await;
    let began = world.now();
    let user = |id: &str| track(id, "Order Completed").by("user_id", "u-1");
    world.tell([user("o1"), user("o2")]).await;
    world.pass(DAY);
    world
        .tell([bought("o3", "ann@x.org", 10), bought("o4", "ann@x.org", 10), bought("o5", "ann@x.org", 10)])
        .await;
    world.tell([track("m1", "Signed In").by("email", "ann@x.org").by("user_id", "u-1")]).await;
    assert_eq!(segments(&world, "ann@x.org"), [("buyers".into(), began)]);
    agree(&world, "buyers");
}

#[tokio::test]
async fn what_time_changed_comes_before_a_merge() {
    let world = World::new(&[BUYERS]).await;
    let began = world.now();
    world.tell([bought("o1", "ann@x.org", 10), bought("o2", "ann@x.org", 10)]).await;
    world.tell([track("p1", "Page Seen").by("user_id", "u-1")]).await;
    // Nothing is served meanwhile.
    world.pass(31 * DAY);
    world.tell([track("m1", "Signed In").by("email", "ann@x.org").by("user_id", "u-1")]).await;
    let changes = world.read(|read| read.segment_changes(Some("buyers"), None, ALL));
    let told: Vec<_> = changes.iter().map(|change| (change.entered, change.time)).collect();
    assert_eq!(told, [(false, Time(began.0 + 30 * DAY)), (true, began)]);
}

#[tokio::test]
async fn another_address_may_have_agreed_to_something_else() {
    let world = World::new(&["segment: willing\nwhen: consent(\"email\", \"offers\")\n"]).await;
    world.tell([subscriber("ann@x.org")]).await;
    assert_eq!(names(&world, "ann@x.org"), ["willing"]);
    world.pass(HOUR);
    // She is written to at the address that was seen last, and of that nobody knows what she agreed to.
    let both = |id: &str| track(id, "Signed In").by("email", "ann@x.org").by("user_id", "u-1");
    world.tell([both("m1"), track("m2", "Signed In").by("user_id", "u-1").by("email", "new@x.org")]).await;
    world.pass(HOUR);
    world.tell([track("m3", "Signed In").by("email", "new@x.org")]).await;
    assert!(names(&world, "ann@x.org").is_empty());
    world.pass(HOUR);
    world.tell([track("m4", "Signed In").by("email", "ann@x.org")]).await;
    assert_eq!(names(&world, "ann@x.org"), ["willing"]);
}

#[tokio::test]
async fn what_asks_about_a_segment_is_built_along_with_it() {
    let world = World::new(&[BUYERS]).await;
    world.tell([bought("o1", "ann@x.org", 10)]).await;
    world.tell([subscriber("ann@x.org").traits(json!({ "tier": "gold" }))]).await;
    assert_eq!(names(&world, "ann@x.org"), ["gold"]);
    // One order is enough now: with it, she is precious too.
    world.apply(&[&BUYERS.replace(">= 2", ">= 1")]).await;
    let listed = world.engine.segments().unwrap();
    let building: Vec<&str> =
        listed.iter().filter(|one| !one.ready).map(|segment| segment.segment.as_str()).collect();
    assert_eq!(building, ["buyers", "precious"]);
    world.engine.build().await.unwrap();
    assert_eq!(names(&world, "ann@x.org"), ["buyers", "gold", "precious"]);
    agree(&world, "precious");
}

#[tokio::test]
async fn an_event_while_segments_are_built_counts_for_those_that_ask_about_them() {
    let world = World::new(&[]).await;
    world.tell([bought("o1", "ann@x.org", 10)]).await;
    world.tell([subscriber("ann@x.org").traits(json!({ "tier": "gold" }))]).await;
    world.apply(&[BUYERS]).await;
    // All events have been read, and everybody has been asked; nobody has said yet that it is done.
    while world.engine.building().unwrap().is_some_and(|building| building.pass == "series") {
        world.engine.build_more(10).await.unwrap();
    }
    world.engine.build_more(10).await.unwrap();
    world.tell([bought("o2", "ann@x.org", 10)]).await;
    world.engine.build().await.unwrap();
    assert_eq!(names(&world, "ann@x.org"), ["buyers", "gold", "precious"]);
    agree(&world, "precious");
}

#[tokio::test]
async fn a_metric_that_changes_builds_the_segments_that_ask_about_it_anew() {
    let world = World::new(&[SPEND]).await;
    world.tell([bought("o1", "ann@x.org", 150).ago(&world, 100 * DAY)]).await;
    assert_eq!(names(&world, "ann@x.org"), ["big"]);
    world.apply(&[&SPEND.replace("365d", "90d")]).await;
    world.engine.build().await.unwrap();
    assert!(names(&world, "ann@x.org").is_empty());
    agree(&world, "big");
}

#[tokio::test]
async fn a_longer_question_about_the_same_events_leaves_the_shorter_one_answered() {
    let month = SPEND.replace("365d", "30d");
    let both = format!(
        "{month}---\nsegment: yearly\nwhen: sum(\"Order Completed\", \"revenue\", within(\"365d\")) >= 200\n"
    );
    let world = World::new(&[&month]).await;
    let orders = |id: &str| {
        [
            bought(&format!("{id}-old"), &format!("{id}@x.org"), 150).ago(&world, 100 * DAY),
            bought(&format!("{id}-new"), &format!("{id}@x.org"), 120).ago(&world, 10 * DAY),
        ]
    };
    world.tell(orders("ann")).await;
    // So that the old order is put together with what no question reaches.
    world.tell([bought("ann-last", "ann@x.org", 1)]).await;
    for round in 0..2 {
        world.apply(&[&both]).await;
        let ready = |name: &str| {
            world.engine.segments().unwrap().iter().any(|segment| segment.segment == name && segment.ready)
        };
        assert!(ready("big") && !ready("yearly"));
        world.tell(orders("bob")).await;
        assert_eq!(names(&world, "bob@x.org").first().map(String::as_str), Some("big"), "at once, meanwhile");
        world.engine.build().await.unwrap();
        assert_eq!(
            (names(&world, "ann@x.org"), names(&world, "bob@x.org")),
            (vec!["big".into(), "yearly".into()], vec!["big".into(), "yearly".into()])
        );
        agree(&world, "yearly");
        // What is kept for a year is not any more, and has to be read again.
        world.apply(&[&month]).await;
        world.engine.build().await.unwrap();
        world
            .tell(["ann", "bob"].map(|id| bought(&format!("{id}-{round}"), &format!("{id}@x.org"), 1)))
            .await;
    }
}

#[tokio::test]
async fn a_segment_that_comes_back_has_those_who_are_in_it() {
    let world = World::new(&[SPEND]).await;
    world.tell([bought("o1", "ann@x.org", 150), bought("o2", "bob@x.org", 150)]).await;
    world.apply(&[]).await;
    // Somebody came to Bob meanwhile, nobody to Ann.
    world.tell([subscriber("bob@x.org")]).await;
    world.apply(&[SPEND]).await;
    world.engine.build().await.unwrap();
    assert_eq!(
        (names(&world, "ann@x.org"), names(&world, "bob@x.org")),
        (vec!["big".into()], vec!["big".into()])
    );
    agree(&world, "big");
}

#[tokio::test]
async fn whoever_is_not_in_a_new_segment_yet_comes_to_be_in_it_by_time_alone() {
    let world = World::new(&[]).await;
    world.tell([bought("o1", "ann@x.org", 10).ago(&world, 50 * DAY), bought("o2", "bob@x.org", 10)]).await;
    world.apply(&[BUYERS]).await;
    world.engine.build().await.unwrap();
    assert!(names(&world, "ann@x.org").is_empty());
    world.after(41 * DAY).await;
    assert_eq!(names(&world, "ann@x.org"), ["lapsed"]);
    assert!(names(&world, "bob@x.org").is_empty());
    agree(&world, "lapsed");
}

#[tokio::test]
async fn a_new_segment_is_built_from_what_was_recorded() {
    let world = World::new(&[]).await;
    for place in 0..450 {
        let mail = format!("p{place}@x.org");
        let orders = place % 4;
        world.tell((0..orders).map(|n| bought(&format!("o{place}-{n}"), &mail, 10))).await;
    }
    world.apply(&[BUYERS]).await;
    let building = world.engine.building().unwrap().expect("it is being built");
    assert_eq!(building.pass, "series");
    assert!(names(&world, "p3@x.org").is_empty(), "nobody knows yet");
    let listed = world.engine.segments().unwrap();
    assert!(listed.iter().filter(|segment| segment.segment != "gold").all(|segment| !segment.ready));
    world.engine.build().await.unwrap();
    assert_eq!(world.engine.building().unwrap(), None);
    let buyers = world.engine.segments().unwrap().into_iter().find(|s| s.segment == "buyers").unwrap();
    let expected = (0..450).filter(|place| place % 4 >= 2).count() as u64;
    assert_eq!((buyers.ready, buyers.members), (true, expected));
    agree(&world, "buyers");
    world.after(31 * DAY).await;
    assert_eq!(world.read(|read| read.member_count("buyers")), 0, "time goes on for them too");
}

#[tokio::test]
async fn events_and_merges_while_a_segment_is_built_are_counted_once() {
    let world = World::new(&[]).await;
    for place in 0..300 {
        world.tell([bought(&format!("a{place}"), &format!("p{place}@x.org"), 10)]).await;
    }
    world.apply(&[SPEND]).await;
    let building = world.engine.clone();
    let built = tokio::spawn(async move { building.build().await });
    for place in 0..300 {
        let (mail, user) = (format!("p{place}@x.org"), format!("u-{place}"));
        let buys = track(format!("b{place}"), "Order Completed").by("user_id", &user);
        let both = track(format!("c{place}"), "Signed In").by("email", &mail).by("user_id", &user);
        world.tell([buys.with(json!({ "revenue": 90 }))]).await;
        world.tell([both]).await;
    }
    built.await.unwrap().unwrap();
    let world = world.restarted(None);
    world.engine.build().await.unwrap();
    for person in world.people() {
        let values = world.engine.metrics_of(person.id).unwrap().unwrap();
        assert_eq!(values[0].value, Some(json!(100.0)), "{:?}", person.identifiers);
    }
    assert_eq!(world.read(|read| read.member_count("big")), 300);
    agree(&world, "big");
}

#[tokio::test]
async fn a_segment_that_changes_is_built_anew_and_one_that_goes_is_forgotten() {
    let world = World::new(&[SPEND]).await;
    world.tell([bought("o1", "ann@x.org", 150)]).await;
    assert_eq!(names(&world, "ann@x.org"), ["big"]);
    let changed = SPEND.replace(">= 100", ">= 200");
    world.apply(&[&changed]).await;
    world.engine.build().await.unwrap();
    assert!(names(&world, "ann@x.org").is_empty());
    world.apply(&[SPEND]).await;
    world.engine.build().await.unwrap();
    assert_eq!(names(&world, "ann@x.org"), ["big"]);
    world.apply(&[]).await;
    world.tell([subscriber("ann@x.org")]).await;
    assert_eq!(world.read(|read| read.member_count("big")), 0);
    assert!(world.engine.segments().unwrap().is_empty());
}

#[tokio::test]
async fn why_somebody_is_in_a_segment_is_said_with_their_values() {
    let world = World::new(&[BUYERS, SPEND]).await;
    world.tell([bought("o1", "ann@x.org", 320)]).await;
    let id = world.person("email", "ann@x.org").id;
    let standings = world.engine.standings_in_segments(id).unwrap().unwrap();
    let big = standings.iter().find(|standing| standing.segment == "big").unwrap();
    assert!(big.member && big.clauses.iter().any(|clause| clause.value.contains("320")), "{big:?}");
    let buyers = standings.iter().find(|standing| standing.segment == "buyers").unwrap();
    assert!(!buyers.member && !buyers.clauses.is_empty(), "{buyers:?}");
}

#[tokio::test]
async fn the_log_says_with_their_values_why_somebody_left_one_of_a_set_for_another() {
    let world = World::new(&[STAGES]).await;
    world.tell([bought("o1", "ann@x.org", 1)]).await;
    world.tell([bought("o2", "ann@x.org", 1)]).await;
    world.tell([bought("o3", "ann@x.org", 1)]).await;
    let id = world.person("email", "ann@x.org").id;
    let why = |segment: &str| -> Vec<String> {
        let changes = world.read(|read| read.segment_changes(Some(segment), Some(id), ALL));
        changes.into_iter().map(|change| change.why).collect()
    };
    assert_eq!(why("loyal"), ["has at least 3 Order Completed (3 Order Completed)"]);
    assert_eq!(
        why("customer"),
        [
            "not: is in none of loyal before it (is in loyal)",
            "is in none of loyal before it; has at least 1 Order Completed (1 Order Completed)"
        ]
    );
}

#[tokio::test]
async fn segments_in_a_circle_are_refused() {
    let world = World::new(&[]).await;
    let circle = "segment: a\nwhen: segment(\"b\")\n---\nsegment: b\nwhen: \"!segment('a')\"\n";
    let refused = format!("{:?}", world.engine.apply(files(&[circle])).await.unwrap_err());
    assert!(refused.contains("circle: a → b → a"), "{refused}");
}

#[tokio::test]
async fn a_metric_by_the_day_forgets_a_day_at_midnight_and_another_granularity_is_read_anew() {
    let metric = |granularity: &str| {
        format!(
            "metric: orders\nvalue: count(\"Order Completed\", within(\"7d\"))\n{granularity}---\nsegment: busy\nwhen: metric(\"orders\") >= 2\n"
        )
    };
    let world = World::new(&[&metric("granularity: 1d\n")]).await;
    let [at_seven, at_eight] = [2, 1].map(|hours| Time(START.0 - hours * HOUR));
    world.tell([bought("1", "ann@x.org", 1).at(at_seven), bought("2", "ann@x.org", 1).at(at_eight)]).await;
    let series = world.person("email", "ann@x.org").series;
    assert_eq!(series.values().map(|series| series.recent.len()).collect::<Vec<_>>(), [1], "one day is kept");
    // The window is this day and the six before it.
    let midnight = Time(START.0 - 9 * HOUR + 7 * DAY);
    world.after(midnight.since(START).0 - 1).await;
    assert_eq!(names(&world, "ann@x.org"), ["busy"]);
    world.after(1).await;
    assert!(names(&world, "ann@x.org").is_empty());
    // The same events, told exactly: seven days to the millisecond.
    world.apply(&[&metric("")]).await;
    world.engine.build().await.unwrap();
    assert_eq!(names(&world, "ann@x.org"), ["busy"]);
    let seven_days = Time(at_seven.0 + 7 * DAY);
    world.after(seven_days.since(midnight).0 - 1).await;
    assert_eq!(names(&world, "ann@x.org"), ["busy"]);
    world.after(1).await;
    assert!(names(&world, "ann@x.org").is_empty());
    let entered = world.read(|read| read.segment_changes(Some("busy"), None, ALL));
    assert_eq!(entered.first().map(|change| change.time), Some(seven_days));
}
