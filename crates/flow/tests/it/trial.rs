//! A program tried on a real customer with a simulated clock.

use crate::world::*;
use crowsnest_flow::{FlowError, ProgramTried, Trial};
use crowsnest_model::{Duration, Object, Time};
use serde_json::{Value, json};

fn tried(world: &World, program: &str, email: &str, properties: Option<Value>) -> ProgramTried {
    let properties = properties.map(|value| value.as_object().unwrap().clone());
    tried_with(world, program, email, properties, &[]).unwrap()
}

/// As [`tried`], of somebody who has entered (`true`) or left segments.
fn tried_with(
    world: &World,
    program: &str,
    email: &str,
    properties: Option<Object>,
    segments: &[(&str, bool)],
) -> Result<ProgramTried, FlowError> {
    let person = world.holder("email", email).unwrap();
    let segments = segments.iter().map(|(name, enters)| ((*name).to_owned(), *enters)).collect();
    let trial = Trial { person, properties, item: None, before: None, segments, at: None };
    world.engine.try_program(world.dispatcher.courier(), program, trial)
}

fn outcomes(tried: &ProgramTried) -> Vec<&str> {
    tried.steps.iter().map(|step| step.outcome.as_str()).collect()
}

#[tokio::test]
async fn what_is_tried_is_what_then_happens() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org")]).await;
    let found = tried(&world, "cart", "ann@x.org", Some(json!({ "cart_id": "c1", "value": 80 })));
    assert!(found.enters, "{found:?}");
    let message = found.steps[1].message.as_ref().unwrap();
    assert_eq!(message.goes, Some(Time(world.now().0 + 45 * MINUTE)));
    assert_eq!(message.subject.as_deref(), Some("Hello you"));
    assert_eq!(found.ends, ["Order Completed"]);
    assert!(world.runs("cart").is_empty() && world.deliveries().is_empty(), "nothing is written");

    world.tell([cart("c1", "ann@x.org")]).await;
    world.after(45 * MINUTE).await;
    let run = world.runs("cart")[0].id;
    let log = world.read(|read| read.run_log(run));
    let really: Vec<&str> = log.iter().map(|step| step.outcome.as_str()).collect();
    assert_eq!(outcomes(&found), really);
    assert_eq!(world.states(), ["sent"]);

    // Of the recorded event, whose occasion has been had now.
    let again = tried(&world, "cart", "ann@x.org", None);
    assert!(again.event.is_some() && !again.enters);
    assert_eq!(again.obstacle.as_deref(), Some("this occasion was had before"));
}

#[tokio::test]
async fn who_did_not_agree_gets_nothing_and_sees_why() {
    let world = World::new(&[CART]).await;
    world.tell([identify("bob").by("email", "bob@x.org")]).await;
    let found = tried(&world, "cart", "bob@x.org", Some(json!({ "cart_id": "c1", "value": 10 })));
    assert!(!found.enters && !found.trigger_clauses[0].truth.holds());
    let message = found.steps[1].message.as_ref().unwrap();
    assert_eq!(
        (message.goes, message.reasons.as_slice()),
        (None, &["never agreed to offers by email".to_owned()][..])
    );
}

#[tokio::test]
async fn the_policy_counts_what_the_walk_itself_would_send() {
    const TWICE: &str = r#"
program: twice
trigger: { event: Cart Updated }
steps:
  - send: { channel: email, template: letter, topic: offers }
  - wait: 1h
  - send: { channel: email, template: letter, topic: offers }
  - set: { stage: told }
  - branch:
      - when: profile.stage == "told"
        steps: [{ wait: 1d }]
      - otherwise: [{ exit: never told }]
"#;
    const POLICY: &str = r#"
policy: contact
caps:
  - { max: 1, per: 2d, when_capped: postpone }
"#;
    let world = World::new(&[TWICE, POLICY]).await;
    world.tell([subscriber("ann@x.org")]).await;
    let found = tried(&world, "twice", "ann@x.org", Some(json!({})));
    let goes: Vec<_> = found.steps.iter().filter_map(|step| step.message.as_ref()?.goes).collect();
    let start = world.now();
    assert_eq!(goes, [start, start.plus(Duration(2 * DAY))], "{found:?}");
    assert_eq!(found.outcome, "all steps are done");
    assert_eq!(found.ended, start.plus(Duration(3 * DAY)));
}

#[tokio::test]
async fn a_call_is_forecast_with_the_hours_of_its_team_and_what_the_policy_leaves() {
    const CALLED: &str = r#"
program: called
trigger: { event: Cart Updated }
steps:
  - send: { channel: email, template: letter, topic: offers }
  - task: { title: Ask, team: sales, call: { topic: offers } }
  - task: { title: Ask again, team: sales, ttl: 1h, call: { topic: offers } }
  - task: { title: Look, team: sales }
"#;
    const POLICY: &str = "policy: contact\ncaps: [{ max: 1, per: 4d, when_capped: postpone }]\n";
    let mut shop = files(&[CALLED, POLICY]);
    let teams = "currency: USD\nteams:\n  sales: { title: Sales, capacity: 2, time_zone: UTC }\n";
    shop[0].text = shop[0].text.replacen("currency: USD\n", teams, 1);
    let world = World::of(shop).await;
    world.tell([subscriber("ann@x.org")]).await;
    let calls = |world: &World| -> Vec<_> {
        let found = tried(world, "called", "ann@x.org", Some(json!({ "cart_id": "c", "value": 80 })));
        found.steps.into_iter().filter_map(|step| step.call).collect()
    };
    let unknown = calls(&world);
    assert_eq!((unknown.len(), unknown[0].goes), (2, None));
    assert_eq!(unknown[0].reasons, ["no telephone number is known"]);
    world.tell([identify("number").by("email", "ann@x.org").by("phone", "+13125550101")]).await;
    assert_eq!(calls(&world)[0].reasons, ["never agreed to offers by phone"]);
    let agrees = identify("agrees").by("phone", "+13125550101").claims(
        "offers",
        crowsnest_model::ConsentStatus::Granted,
        None,
    );
    world.tell([agrees.on("phone")]).await;
    // It is Monday. Four days after the mail it is Friday, at nine; four days after that Tuesday.
    let found = calls(&world);
    assert_eq!(found[0].goes, Some(world.now().plus(Duration(4 * DAY))), "{found:?}");
    assert_eq!(
        found[0].reasons,
        ["waits: at most 1 message in 4 days: gives way to called at the same moment"]
    );
    assert_eq!(found[1].goes, None, "it would be too late by then");
    // What happens is what was forecast.
    world.tell([cart("c", "ann@x.org")]).await;
    world.serve().await;
    assert!(world.engine.worklist(&Default::default(), ALL).unwrap().is_empty());
    world.after(4 * DAY).await;
    assert_eq!(world.engine.worklist(&Default::default(), ALL).unwrap()[0].task.title, "Ask");
    // In the evening the team does not work.
    world.pass(12 * HOUR);
    let evening = calls(&world);
    assert!(
        evening[0].reasons.iter().any(|reason| reason.starts_with("waits: the team `sales` works again on")),
        "{evening:?}"
    );
}

#[tokio::test]
async fn windows_and_segments_count_the_event_that_is_supposed() {
    const KEEN: &str = r#"
segment: keen
when: count("Cart Updated", within("1h")) >= 2
---
segment: keener
when: segment("keen") && sum("Cart Updated", "value", within("1h")) >= 100
---
program: keen-cart
trigger: { event: Cart Updated, when: 'count("Cart Updated", within("1h"), where(event.properties.value >= 50)) >= 2' }
audience: segment("keener")
steps:
  - branch:
      - when: last("Cart Updated") >= ago("1m")
        steps: [{ wait: 1h }]
      - otherwise: [{ exit: never told }]
"#;
    let world = World::new(&[KEEN]).await;
    let more = |value: i64| Some(json!({ "cart_id": "c2", "value": value }));
    world
        .tell([subscriber("ann@x.org"), cart("c1", "ann@x.org").at(Time(world.now().0 - 30 * MINUTE))])
        .await;
    let before = world.person("email", "ann@x.org");
    assert!(before.segments.is_empty());
    let found = tried(&world, "keen-cart", "ann@x.org", more(60));
    assert!(found.enters, "{:?} {:?}", found.trigger_clauses, found.audience);
    assert_eq!(found.outcome, "all steps are done");
    assert!(!tried(&world, "keen-cart", "ann@x.org", more(40)).enters, "one of at least 50");
    // The latest again, as another one.
    assert!(tried(&world, "keen-cart", "ann@x.org", None).enters);
    assert_eq!(world.person("email", "ann@x.org"), before, "nothing is written");
    // What then happens is the same.
    world.tell([cart("c2", "ann@x.org")]).await;
    assert_eq!(world.runs("keen-cart").len(), 1);
    // The first is too long ago by then.
    world.tell([subscriber("bob@x.org"), cart("b1", "bob@x.org")]).await;
    world.after(61 * MINUTE).await;
    assert!(!tried(&world, "keen-cart", "bob@x.org", more(60)).enters);
}

#[tokio::test]
async fn a_change_of_a_segment_is_supposed_in_the_direction_of_the_trigger() {
    const STAGES: &str = r#"
segmentation: stage
segments:
  - { segment: gold, when: profile.tier == "gold" }
  - { segment: plain }
---
program: welcome-gold
trigger: { segment: gold }
audience: segment("gold") && !segment("plain")
steps: [{ exit: welcome }]
---
program: farewell
trigger: { segment: plain, on: leave }
audience: '!segment("plain")'
steps: [{ exit: farewell }]
"#;
    let world = World::new(&[STAGES]).await;
    world.tell([subscriber("ann@x.org")]).await;
    for program in ["welcome-gold", "farewell"] {
        let found = tried(&world, program, "ann@x.org", None);
        assert!(found.enters, "{program} {:?}", found.audience);
    }
    let found = tried(&world, "welcome-gold", "ann@x.org", None);
    assert!(!found.trigger_clauses[0].truth.holds(), "she would not enter it as she is");
    let with = |program, segments: &[(&str, bool)]| tried_with(&world, program, "ann@x.org", None, segments);
    assert!(with("welcome-gold", &[("gold", true)]).unwrap().enters, "that is what begins it");
    let refused = |segments: &[(&str, bool)]| with("welcome-gold", segments).unwrap_err().to_string();
    assert_eq!(
        refused(&[("gold", false)]),
        "welcome-gold begins when gold is entered: that it is left cannot be supposed of it"
    );
    assert!(refused(&[("plain", true)]).starts_with("gold and plain are of one segmentation"));
    assert!(refused(&[("golf", true)]).contains("golf"));
}

#[tokio::test]
async fn segments_can_be_supposed_that_a_program_asks_about() {
    const ASKS: &str = r#"
segmentation: stage
segments:
  - { segment: gold, when: profile.tier == "gold" }
  - { segment: plain }
---
segment: prized
when: segment("gold")
---
program: thanks
trigger: { event: Order Completed }
audience: segment("prized")
steps: [{ exit: thanked }]
"#;
    let world = World::new(&[ASKS]).await;
    world.tell([subscriber("ann@x.org")]).await;
    let before = world.person("email", "ann@x.org");
    let enters = |segments: &[(&str, bool)]| {
        tried_with(&world, "thanks", "ann@x.org", Some(Object::new()), segments).unwrap().enters
    };
    assert!(!enters(&[]));
    assert!(enters(&[("prized", true)]), "whatever its condition says");
    assert!(enters(&[("gold", true)]), "and what follows from it");
    assert!(!enters(&[("gold", true), ("prized", false)]));
    assert_eq!(world.person("email", "ann@x.org"), before, "nothing is written");
}

#[tokio::test]
async fn a_budget_that_is_used_up_is_said_at_the_step_that_would_wait_for_it() {
    const TWICE: &str = r#"
program: twice
trigger: { event: Cart Updated, ttl: 40h }
steps:
  - send: { channel: email, template: letter, topic: offers }
  - send: { channel: email, template: letter, topic: offers }
  - wait: 1h
  - send: { channel: email, template: letter, topic: offers }
"#;
    let priced = |max: &str| {
        let mut files = files(&[TWICE]);
        let said = format!(
            "budgets: [{{ name: mail, per: day, max: {max}, channel: email }}]\nemail: {{ cost: 0.01 USD,"
        );
        files[0].text = files[0].text.replacen("email: {", &said, 1);
        files
    };
    let world = World::of(priced("0.01 USD")).await;
    world.tell([subscriber("ann@x.org")]).await;
    let properties = Some(json!({ "cart_id": "c1" }));
    let found = tried(&world, "twice", "ann@x.org", properties.clone());
    let messages: Vec<_> = found.steps.iter().filter_map(|step| step.message.as_ref()).collect();
    // Three at night in Chicago: the day ends in 21 hours, and the day after begins 24 hours later.
    let midnight = Time(world.now().0 + 21 * HOUR);
    assert_eq!(messages[0].goes, Some(world.now()));
    assert_eq!((messages[1].goes, messages[1].reasons.len()), (Some(midnight), 1));
    assert_eq!(
        messages[1].reasons[0],
        format!(
            "waits for the budget `mail`: it costs 0.01 USD, and of 0.01 USD a day 0.00 USD is left; \
             there is money again at {midnight}"
        )
    );
    assert_eq!((messages[2].goes, found.outcome.as_str()), (None, "its time to live ran out"));
    assert!(messages[2].reasons[0].starts_with("waits for the budget `mail`"));
    assert_eq!(world.engine.budgets().unwrap()[0].messages, 0, "nothing is counted");

    world.engine.apply(priced("0 USD")).await.unwrap();
    let found = tried(&world, "twice", "ann@x.org", properties);
    let message = found.steps.iter().find_map(|step| step.message.as_ref()).unwrap();
    assert_eq!(message.goes, None);
    assert!(message.reasons[0].contains("it allows nothing (0.00 USD a day)"), "{:?}", message.reasons);
}
