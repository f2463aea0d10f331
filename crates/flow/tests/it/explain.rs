//! Why she got this, and he did not: from what was recorded, as of any moment.

use crate::world::*;
use crowsnest_flow::{FlowError, ProgramExplained};
use crowsnest_model::{ProfileId, Time};
use crowsnest_rules::Truth;
use serde_json::json;

fn explained(world: &World, program: &str, email: &str, at: Option<Time>) -> ProgramExplained {
    let person = world.holder("email", email).unwrap();
    world.engine.explain_program(program, person, at, 50).unwrap()
}

#[tokio::test]
async fn a_run_is_explained_as_of_each_moment_of_its_life() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.pass(MINUTE);
    let before = Time(world.now().0 - 1);
    world.tell([cart("c1", "ann@x.org")]).await;
    let waiting = world.now();
    world.after(45 * MINUTE).await;
    let sent = world.now();
    world.pass(HOUR);
    world.tell([order("o1", "ann@x.org")]).await;

    let found = explained(&world, "cart", "ann@x.org", Some(before));
    assert!(found.runs.is_empty() && found.events.is_empty(), "{found:?}");
    assert_eq!(found.version, Some(1));

    let found = explained(&world, "cart", "ann@x.org", Some(waiting));
    let run = &found.runs[0];
    assert_eq!((run.state.as_str(), run.occasion.as_str(), run.goal), ("active", "c1", None));
    assert_eq!(run.event_name.as_deref(), Some("Cart Updated"));
    assert_eq!(run.steps.len(), 1, "{:?}", run.steps);
    assert!(run.messages.is_empty() && found.events.is_empty());

    let found = explained(&world, "cart", "ann@x.org", Some(sent));
    let message = &found.runs[0].messages[0];
    assert_eq!((message.template.as_str(), message.state.as_str()), ("letter", "sent"));

    let found = explained(&world, "cart", "ann@x.org", None);
    assert_eq!((found.runs[0].state.as_str(), found.runs[0].goal), ("goal", Some(world.now())));
}

#[tokio::test]
async fn an_event_that_began_nothing_says_which_clause_does_not_hold() {
    let world = World::new(&[CART]).await;
    let small = json!({ "cart_id": "c1", "value": 20 });
    world
        .tell([subscriber("bob@x.org"), track("c1", "Cart Updated").by("email", "bob@x.org").with(small)])
        .await;
    let found = explained(&world, "cart", "bob@x.org", None);
    assert!(found.runs.is_empty());
    let event = &found.events[0];
    assert_eq!(event.reason, "the trigger's condition does not hold");
    assert_eq!(event.trigger[0].truth, Truth::False);
    assert!(event.trigger[0].value.contains("20"), "{:?}", event.trigger);
}

#[tokio::test]
async fn an_occasion_that_was_had_history_and_a_draft_are_told_apart() {
    let draft = CART.replace("occasion:", "state: draft\noccasion:");
    let world = World::new(&[&draft]).await;
    world.tell([subscriber("ann@x.org"), cart("early", "ann@x.org")]).await;
    world.pass(MINUTE);
    world.apply(&[CART]).await;
    world.tell([cart("past", "ann@x.org").historical()]).await;
    world.pass(MINUTE);
    world.tell([cart("c1", "ann@x.org")]).await;
    world.pass(MINUTE);
    let again = track("again", "Cart Updated").by("email", "ann@x.org");
    world.tell([again.with(json!({ "cart_id": "c1", "value": 90 }))]).await;
    let found = explained(&world, "cart", "ann@x.org", None);
    let reasons: Vec<&str> = found.events.iter().map(|event| event.reason.as_str()).collect();
    assert_eq!(found.runs.len(), 1);
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[0].starts_with("its occasion c1 was had by the run run_"), "{reasons:?}");
    assert_eq!(reasons[1], "it was imported as history, which begins nothing");
    assert_eq!(reasons[2], "the program was draft when it came");
}

#[tokio::test]
async fn who_never_entered_the_segment_sees_what_it_asks() {
    const VIP: &str = r#"
segment: vip
when: count("Order Completed") >= 2
---
program: thanks
trigger: { segment: vip }
steps:
  - exit: thanked
"#;
    let world = World::new(&[VIP]).await;
    world.tell([order("o1", "ann@x.org")]).await;
    let found = explained(&world, "thanks", "ann@x.org", None);
    let segment = found.segment.unwrap();
    assert!(found.runs.is_empty() && segment.changes.is_empty());
    assert_eq!(segment.clauses[0].truth, Truth::False);
    world.tell([order("o2", "ann@x.org")]).await;
    let found = explained(&world, "thanks", "ann@x.org", None);
    assert_eq!(found.runs[0].reason.as_deref(), Some("thanked"));
    assert!(found.segment.unwrap().changes[0].entered);
}

#[tokio::test]
async fn what_is_left_out_is_counted() {
    const STAGE: &str = r#"
segment: fan
when: profile.fan == true
---
program: thanks
trigger: { segment: fan }
steps:
  - exit: thanked
"#;
    let world = World::new(&[CART, STAGE]).await;
    for (place, value) in [("a", 20), ("b", 90), ("c", 20), ("d", 20), ("e", 90)] {
        let cart = track(place, "Cart Updated").by("email", "ann@x.org");
        world.tell([cart.with(json!({ "cart_id": place, "value": value }))]).await;
        world.after(2 * HOUR).await;
    }
    let person = world.holder("email", "ann@x.org").unwrap();
    let limited = |program: &str, limit| world.engine.explain_program(program, person, None, limit).unwrap();
    let found = limited("cart", 1);
    let latest = (found.runs[0].occasion.as_str(), found.events.iter().map(|event| event.time).max());
    assert_eq!((found.runs.len(), found.more_runs, found.events.len(), found.more_events), (1, 1, 1, 2));
    let all = limited("cart", 50);
    assert_eq!(latest, ("e", all.events.iter().map(|event| event.time).max()), "the latest are told");
    assert_eq!((all.runs.len(), all.more_runs, all.events.len(), all.more_events), (2, 0, 3, 0));
    for (place, fan) in [true, false, true].into_iter().enumerate() {
        world.pass(HOUR);
        let said = identify(format!("fan {place}")).by("email", "ann@x.org");
        world.tell([said.traits(json!({ "fan": fan }))]).await;
    }
    let segment = limited("thanks", 2).segment.unwrap();
    assert_eq!((segment.changes.len(), segment.more_changes), (2, 1));
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let world = World::new(&[CART]).await;
    let nobody = world.engine.explain_program("cart", ProfileId(7), None, 50);
    assert!(matches!(nobody, Err(FlowError::NotFound { kind: "profile", .. })), "{nobody:?}");
    let unknown = world.engine.explain_program("carts", ProfileId(7), None, 50);
    assert!(
        matches!(unknown, Err(FlowError::NotFound { kind: "program", hint: Some(_), .. })),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn who_is_left_out_again_for_the_same_reason_is_told_since_when() {
    let program = CART
        .replace("occasion: event.properties.cart_id\n", "")
        .replace("cancel_on", "audience: profile.tier == \"gold\"\ncancel_on");
    let world = World::new(&[&program]).await;
    world.tell([cart("c1", "ann@x.org")]).await;
    let first = world.now();
    world.pass(HOUR);
    world.tell([cart("c2", "ann@x.org")]).await;
    // What is known of her now is not what was known then.
    world.tell([identify("i").by("email", "ann@x.org").traits(json!({ "tier": "gold" }))]).await;
    let found = explained(&world, "cart", "ann@x.org", None);
    let reasons: Vec<&str> = found.events.iter().map(|event| event.reason.as_str()).collect();
    let expected = format!("was skipped, as since {first}: is not in the audience: tier is “gold”");
    assert_eq!((found.runs.len(), reasons), (1, vec![expected.as_str()]));
}

#[tokio::test]
async fn it_says_who_was_somebody_else_then_and_who_turned_out_to_be_whom() {
    let world = World::new(&[CART]).await;
    let cart_of = |id: &str, by: (&str, &str), value: i64| {
        track(id, "Cart Updated").by(by.0, by.1).with(json!({ "cart_id": id, "value": value }))
    };
    let (login, card) = (("user_id", "u1"), ("loyalty_id", "l2"));
    world.tell([identify("a").by("user_id", "u1").by("email", "ann@x.org").grants("offers")]).await;
    world.tell((0..3).map(|place| track(format!("a{place}"), "Seen").by("user_id", "u1"))).await;
    world.pass(MINUTE);
    world.tell([cart_of("hers", card, 80), cart_of("small", card, 5), cart_of("little", login, 6)]).await;
    let ann = world.person("user_id", "u1").id;
    let bea = world.person("loyalty_id", "l2").id;
    let before = world.now();
    world.pass(HOUR);
    world.tell([track("till", "Seen").by("user_id", "u1").by("loyalty_id", "l2")]).await;
    let merged = world.now();
    world.pass(HOUR);
    world.tell([cart_of("tiny", card, 4)]).await;

    let of = |found: &ProgramExplained, id: &str| {
        let event = crowsnest_model::EventId::of("web", id);
        found.events.iter().find(|one| one.event == event).unwrap().came_from
    };
    let found = explained(&world, "cart", "ann@x.org", Some(before));
    assert_eq!(found.profile, ann);
    assert_eq!(found.runs[0].came_from, Some(bea), "{:?}", found.runs);
    assert_eq!((of(&found, "small"), of(&found, "little")), (Some(bea), None));
    let [change] = found.identity.as_slice() else { panic!("{:?}", found.identity) };
    assert_eq!((change.other, change.time, change.later), (bea, merged, true));
    assert_eq!(change.what.as_str(), "merged");
    assert!(!change.reason.is_empty());

    let found = explained(&world, "cart", "ann@x.org", None);
    assert_eq!((of(&found, "small"), of(&found, "tiny")), (Some(bea), None), "by then it was hers");
    assert!(!found.identity[0].later);

    // Told apart: nothing of the other's is here, and it is said that they were taken for one.
    world.pass(HOUR);
    let by = crowsnest_flow::SplitBy::Merged(bea);
    world.engine.split(ann, by, "two sisters".into(), false).await.unwrap();
    let found = explained(&world, "cart", "ann@x.org", Some(merged));
    assert!(found.runs.is_empty());
    let [change] = found.identity.as_slice() else { panic!("{:?}", found.identity) };
    assert_eq!((change.what.as_str(), change.other, change.later), ("split", bea, true));
    assert!(change.reason.ends_with(": two sisters"), "{}", change.reason);
    let hers = world.engine.explain_program("cart", bea, None, 50).unwrap();
    assert_eq!((hers.runs.len(), hers.runs[0].came_from), (1, None));
}

#[tokio::test]
async fn a_browser_of_which_nothing_came_is_not_spoken_of() {
    let world = World::new(&[CART]).await;
    world.tell([track("p", "Seen").by("anonymous_id", "b1")]).await;
    world.pass(MINUTE);
    world
        .tell([subscriber("ann@x.org"), identify("in").by("email", "ann@x.org").by("anonymous_id", "b1")])
        .await;
    assert_eq!(world.people().len(), 1);
    world.pass(MINUTE);
    world.tell([cart("c1", "ann@x.org")]).await;
    let found = explained(&world, "cart", "ann@x.org", None);
    assert_eq!((found.runs.len(), found.identity.len()), (1, 0), "{:?}", found.identity);
}
