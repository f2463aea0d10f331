//! A budget is a promise: what becomes of it when budgets, prices and clocks move while messages are on the line.

use crate::{
    sink::{Mood, Sink},
    world::*,
};
use crowsnest_flow::{FlowError, outward::WhatBecame};
use crowsnest_testkit::{Mood as Answer, Receiver};
use crowsnest_workspace::SourceFile;
use serde_json::json;
use tokio::task::JoinHandle;

const NUDGE: &str = r#"
template: nudge
channel: sms
text: "Hi {{ event.properties.more }}"
---
program: nudge
trigger: { event: Nudged }
occasion: event.properties.cart_id
steps:
  - send: { channel: sms, template: nudge, topic: offers }
"#;

const MAIL: &str = r#"
program: mail
trigger: { event: Cart Updated }
occasion: event.properties.cart_id
steps:
  - send: { channel: email, template: letter, topic: offers }
"#;

const TELL: &str = r#"
program: tell
trigger: { event: Order Completed }
steps:
  - webhook: { to: crm }
"#;

/// The shop with texts and mail, each at this price, and one budget a day.
fn shop(sms: &str, email: &str, budget: &str) -> Vec<SourceFile> {
    let mut files = files(&[NUDGE, MAIL]);
    let from = "email: { from: \"The Shop <hello@shop.example>\" }";
    let with = format!(
        "email: {{ from: \"The Shop <hello@shop.example>\", cost: {email} }}\n\
         sms: {{ from: \"+13125550100\", {sms} }}\n\
         budgets: [{{ name: all, per: day, {budget} }}]"
    );
    files[0].text = files[0].text.replace(from, &with);
    files
}

fn texted(who: &str, number: &str, segments: usize) -> [Touch; 2] {
    let agrees =
        identify(format!("{who} agrees")).by("user_id", who).by("phone", number).agrees_by("sms", "offers");
    let more = "x".repeat(150 * segments - 20);
    let nudged = track(who, "Nudged").by("user_id", who).with(json!({ "cart_id": who, "more": more }));
    [agrees, nudged]
}

/// What is due is served until the other side waits for the test.
async fn on_the_line(world: &World, sink: &Sink) -> JoinHandle<Result<(), FlowError>> {
    let dispatcher = world.dispatcher.clone();
    let serving = tokio::spawn(async move { dispatcher.serve_due().await.map(|_| ()) });
    sink.asked.notified().await;
    serving
}

async fn taken(sink: &Sink, serving: JoinHandle<Result<(), FlowError>>) {
    sink.go_on.notify_one();
    serving.await.unwrap().unwrap();
}

fn spent(world: &World) -> (String, u64) {
    let standing = world.engine.budgets().unwrap().remove(0);
    (standing.spent.to_string(), standing.messages)
}

#[tokio::test]
async fn a_text_that_is_taken_after_midnight_was_paid_by_the_day_that_sent_it() {
    let sink = Sink::start(Mood::WaitsThenTakes).await;
    let files = shop("cost: 0.01 USD", "0.03 USD", "max: 0.04 USD");
    let world = World::begun(files, Some(sink.addr)).await;
    // One second before midnight in Chicago.
    world.pass(21 * HOUR - 1_000);
    world.tell(texted("ann", "+13125550101", 2)).await;
    let serving = on_the_line(&world, &sink).await;
    world.pass(2_000);
    taken(&sink, serving).await;
    assert_eq!(world.states(), ["sent"]);
    assert_eq!(spent(&world), ("0.00 USD".into(), 0), "the new day has spent nothing");
    world.pass(-2_000);
    assert_eq!(spent(&world), ("0.02 USD".into(), 1), "and the clock may jump back");
}

#[tokio::test]
async fn a_text_costs_what_it_was_to_cost_when_it_was_decided() {
    let sink = Sink::start(Mood::WaitsThenTakes).await;
    let world = World::begun(shop("cost: 0.01 USD", "0.03 USD", "max: 0.03 USD"), Some(sink.addr)).await;
    world.tell(texted("ann", "+13125550101", 2)).await;
    let serving = on_the_line(&world, &sink).await;
    world.engine.apply(shop("cost: 0.05 USD", "0.03 USD", "max: 0.03 USD")).await.unwrap();
    taken(&sink, serving).await;
    assert_eq!(spent(&world), ("0.02 USD".into(), 1), "it was decided at the old price");
}

#[tokio::test]
async fn a_text_that_has_no_price_yet_when_it_is_decided_costs_nothing() {
    let sink = Sink::start(Mood::WaitsThenTakes).await;
    let world = World::begun(shop("max_segments: 3", "0.03 USD", "max: 0.03 USD"), Some(sink.addr)).await;
    world.tell(texted("ann", "+13125550101", 2)).await;
    let serving = on_the_line(&world, &sink).await;
    world.engine.apply(shop("cost: 0.05 USD", "0.03 USD", "max: 0.03 USD")).await.unwrap();
    taken(&sink, serving).await;
    assert_eq!(spent(&world), ("0.00 USD".into(), 0), "it is in no sum that could pass the budget");
}

#[tokio::test]
async fn a_text_that_has_more_segments_than_were_paid_is_not_sent_unpaid() {
    let sink = Sink::start(Mood::WaitsThenTakes).await;
    let sms = "cost: 0.01 USD, max_segments: 1";
    let world = World::begun(shop(sms, "0.01 USD", "max: 0.03 USD"), Some(sink.addr)).await;
    world.tell(texted("ann", "+13125550101", 1)).await;
    let serving = on_the_line(&world, &sink).await;
    world.engine.apply(shop("cost: 0.01 USD", "0.01 USD", "max: 0.03 USD")).await.unwrap();
    taken(&sink, serving).await;
    world.tell(texted("bob", "+13125550102", 2)).await;
    world.serve().await;
    assert_eq!(world.states(), ["sent", "queued"], "of three segments two are left, and it may have three");
    assert_eq!(spent(&world), ("0.01 USD".into(), 1));
}

#[tokio::test]
async fn money_that_comes_back_goes_to_who_waits_for_it_on_whichever_channel() {
    let sink = Sink::start(Mood::Refuses).await;
    let files = shop("cost: 0.01 USD, max_segments: 1", "0.01 USD", "max: 0.01 USD");
    let world = World::begun(files, Some(sink.addr)).await;
    // Both are decided together, and there is money for one of them.
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.tell(texted("bob", "+13125550102", 1)).await;
    world.serve().await;
    assert_eq!(world.states(), ["failed", "failed"], "neither waits for midnight while there is money");
    assert_eq!(spent(&world), ("0.00 USD".into(), 0));
}

#[tokio::test]
async fn the_part_at_which_people_are_told_can_be_moved_within_its_days() {
    let receiver = Receiver::start(Answer::answers(200, "", ""));
    let with = |warn: &str| {
        let mut files =
            shop("cost: 0.01 USD", "0.001 USD", &format!("max: 0.01 USD, warn: {warn}, webhook: ops"));
        let hook =
            format!("webhook: ops\nurl: {}\nsecret_env: HOOK_SECRET\nallow_private: true\n", receiver.url());
        files.push(SourceFile { path: "ops.yaml".into(), text: hook });
        files
    };
    let world = World::of(with("50%")).await;
    for index in 0..5 {
        let email = format!("p{index}@x.org");
        world.tell([subscriber(&email), cart(&format!("c{index}"), &email)]).await;
    }
    world.serve().await;
    assert_eq!(receiver.posted().len(), 1);
    world.engine.apply(with("80%")).await.unwrap();
    assert!(!world.engine.budgets().unwrap()[0].warned, "that part is not spent yet");
    let world = world.restarted(None);
    for index in 5..9 {
        let email = format!("p{index}@x.org");
        world.tell([subscriber(&email), cart(&format!("c{index}"), &email)]).await;
    }
    world.serve().await;
    let parts: Vec<String> =
        receiver.posted().iter().map(|one| one.json()["data"]["warn"].as_str().unwrap().to_owned()).collect();
    assert_eq!(parts, ["50%", "80%"], "each part once");
}

#[tokio::test]
async fn a_budget_of_nothing_holds_up_messages_and_not_what_other_programs_are_told() {
    let receiver = Receiver::start(Answer::answers(200, "", ""));
    let mut files = shop("cost: 0.01 USD", "0.001 USD", "max: 0 USD");
    let hook =
        format!("webhook: crm\nurl: {}\nsecret_env: HOOK_SECRET\nallow_private: true\n", receiver.url());
    for (path, text) in [("crm.yaml", hook), ("tell.yaml", TELL.trim_start().to_owned())] {
        files.push(SourceFile { path: path.into(), text });
    }
    let world = World::of(files).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org"), order("o1", "ann@x.org")]).await;
    world.serve().await;
    assert_eq!(receiver.posted().len(), 1, "a post costs nothing, and is no message");
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn what_turns_out_not_to_have_gone_out_gives_its_money_back_once() {
    let sink = Sink::start(Mood::DropsAfterDot).await;
    let world = World::begun(shop("cost: 0.01 USD", "0.01 USD", "max: 0.02 USD"), Some(sink.addr)).await;
    for who in ["ann@x.org", "bob@x.org", "cy@x.org"] {
        world.tell([subscriber(who), cart(who, who)]).await;
    }
    world.serve().await;
    assert_eq!(world.states(), ["unknown", "unknown", "queued"]);
    // The next month has begun when people of the house find it out; the old one gets its money back, and that once.
    world.engine.apply(shop("cost: 0.01 USD", "0.07 USD", "max: 0.02 USD")).await.unwrap();
    let first = world.deliveries()[0].id;
    let failed = || world.engine.resolve_delivery(first, WhatBecame::Failed, "the log says so".into());
    failed().await.unwrap();
    assert!(failed().await.is_err());
    assert_eq!(spent(&world), ("0.01 USD".into(), 1), "at the price at which it was counted");
    let again = world.engine.resolve_delivery(first, WhatBecame::Again, "once more".into()).await;
    assert!(again.is_err());
    let world = world.restarted(None);
    assert_eq!(spent(&world), ("0.01 USD".into(), 1));
}

#[tokio::test]
async fn a_clock_that_jumps_back_over_midnight_passes_no_days_budget() {
    let world = World::of(shop("cost: 0.01 USD", "0.01 USD", "max: 0.01 USD")).await;
    let mail = async |who: &str| {
        world.tell([subscriber(who), cart(who, who)]).await;
        world.serve().await;
        world.states().iter().filter(|state| **state == "sent").count()
    };
    assert_eq!(mail("ann@x.org").await, 1);
    world.pass(DAY);
    assert_eq!(mail("bob@x.org").await, 2);
    world.pass(-DAY);
    assert_eq!(mail("cy@x.org").await, 2, "today has had its money");
    world.after(DAY).await;
    assert_eq!(world.states(), ["sent", "sent", "queued"], "and so has tomorrow");
    world.after(DAY).await;
    assert_eq!(world.states(), ["sent", "sent", "sent"]);
}
