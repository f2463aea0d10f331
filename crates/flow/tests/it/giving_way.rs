//! What gives way to what, and what comes free: nobody waits for what cannot go, and no place and no money stays unused.

use crate::{
    calls::{CALL, NUMBERS, callable, email, happens, on_list, shop, tasks},
    sink::{Mood, Sink},
    world::*,
};
use crowsnest_flow::outward::WhatBecame;
use crowsnest_model::ConsentStatus;
use crowsnest_store::TaskState;
use crowsnest_testkit::{Gateway, GatewayMood};
use crowsnest_workspace::SourceFile;
use std::time::Instant;

/// A mail that is more important than any call.
const IMPORTANT: &str = r#"
program: reminder
trigger: { event: Cart Updated }
steps:
  - send: { channel: email, template: letter, topic: offers }
---
policy: contact
caps: [{ max: 9, per: 1d }]
priorities: [reminder]
"#;

fn both(more: &str) -> Vec<SourceFile> {
    let mut files = shop(&format!("{CALL}---{IMPORTANT}---{OFFER}"));
    files[0].text = files[0].text.replacen("currency: USD\n", &format!("currency: USD\n{more}"), 1);
    files
}

/// Somebody who is due for a mail and for a call at the same moment.
async fn due_for_both(world: &World) {
    world.tell([callable(0), subscriber(&email(0))]).await;
    let cart = track("cart", "Cart Updated").by("email", &email(0));
    world.tell([cart, happens("m0", 0, "Drive Missed")]).await;
}

fn mail(world: &World) -> String {
    let mail = world.deliveries().into_iter().find(|delivery| delivery.program == "reminder").unwrap();
    mail.state.as_str().to_owned()
}

#[tokio::test]
async fn a_call_gives_way_to_a_mail_that_goes_out_and_is_made_a_minute_later() {
    let world = World::of(both("")).await;
    due_for_both(&world).await;
    world.serve().await;
    assert!(on_list(&world).is_empty());
    let reason = tasks(&world, TaskState::Queued)[0].reason.clone();
    assert_eq!(reason.as_deref(), Some("waits: reminder is more important, and due for the same person"));
    assert_eq!(mail(&world), "sent");
    world.after(MINUTE).await;
    assert_eq!(on_list(&world), NUMBERS[..1]);
}

#[tokio::test]
async fn a_call_waits_for_no_mail_whose_server_is_down() {
    let sink = Sink::start(Mood::Away).await;
    let world = World::begun(both(""), Some(sink.addr)).await;
    let people: Vec<String> = (0..6).map(|place| format!("q{place}@x.org")).collect();
    world.tell(people.iter().map(|address| subscriber(address))).await;
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    due_for_both(&world).await;
    world.serve().await;
    assert_eq!(mail(&world), "queued", "its line is closed");
    assert_eq!(on_list(&world), NUMBERS[..1]);
}

#[tokio::test]
async fn a_call_waits_for_no_mail_that_is_stopped_or_has_no_money() {
    for switch in ["reminder", "channel:email"] {
        let world = World::of(both("")).await;
        world.engine.set_switch(switch, true).await.unwrap();
        due_for_both(&world).await;
        world.serve().await;
        assert_eq!((mail(&world).as_str(), on_list(&world).len()), ("held", 1), "{switch}");
    }
    let world = World::of(both("budgets: [{ name: none, per: day, max: 0 USD, channel: email }]\n")).await;
    due_for_both(&world).await;
    world.serve().await;
    assert_eq!((mail(&world).as_str(), on_list(&world).len()), ("queued", 1));
    // A program that was paused after its message was queued.
    let world = World::of(both("")).await;
    due_for_both(&world).await;
    let mut paused = both("");
    paused[1].text = paused[1].text.replace("program: reminder\n", "program: reminder\nstate: paused\n");
    world.engine.apply(paused).await.unwrap();
    world.serve().await;
    assert_eq!((mail(&world).as_str(), on_list(&world).len()), ("held", 1));
}

#[tokio::test]
async fn a_place_on_a_list_that_comes_free_is_taken_at_once() {
    let world = World::of(shop(CALL)).await;
    world.tell((0..4).map(callable)).await;
    world.tell((0..4).map(|place| happens(&format!("m{place}"), place, "Drive Missed"))).await;
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[..2]);
    // By what ends the way.
    world.tell([happens("b0", 0, "Drive Booked")]).await;
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[1..3]);
    // By a word; also where a process dies right after it.
    let stop = track("stop", "Left").by("phone", NUMBERS[1]);
    world.tell([stop.claims("offers", ConsentStatus::Withdrawn, None).on("phone")]).await;
    let world = world.restarted(None);
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[2..]);
}

#[tokio::test]
async fn who_serves_hears_of_a_place_that_comes_free() {
    let world = World::of(shop(CALL)).await;
    world.tell((0..3).map(callable)).await;
    world.tell((0..3).map(|place| happens(&format!("m{place}"), place, "Drive Missed"))).await;
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[..2]);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(world.dispatcher.clone().run(stopped));
    world.engine.set_suppression("phone", NUMBERS[0], Some("by letter".into())).await.unwrap();
    let started = Instant::now();
    while on_list(&world) != NUMBERS[1..3] {
        assert!(started.elapsed().as_secs() < 20, "it is filled at the next due moment only");
        tokio::task::yield_now().await;
    }
    stop.send_replace(true);
    running.await.unwrap();
}

const TEXT: &str = r#"
template: nudge
channel: sms
text: "Hi"
---
program: nudge
trigger: { event: Visit }
steps:
  - send: { channel: sms, template: nudge, topic: offers }
"#;

const CART_NOW: &str = r#"
program: cart
trigger: { event: Cart Updated }
steps:
  - send: { channel: email, template: letter, topic: offers }
"#;

/// A shop with one budget for texts and mails.
fn one_budget(gateway: &Gateway) -> Vec<SourceFile> {
    one_budget_and(CART_NOW, gateway)
}

fn one_budget_and(program: &str, gateway: &Gateway) -> Vec<SourceFile> {
    let mut files = files(&[TEXT, program]);
    let money = format!(
        "budgets: [{{ name: all, per: day, max: 0.05 USD }}]\n\
         sms: {{ from: \"+13125550100\", cost: 0.05 USD, max_segments: 1, gateway: {{ url: \"{}\", account: {}, \
         token_env: SMS_TOKEN, allow_private: true }} }}\n\
         email: {{ cost: 0.001 USD, ",
        gateway.url(),
        Gateway::ACCOUNT
    );
    files[0].text = files[0].text.replacen("email: { ", &money, 1);
    files
}

#[tokio::test]
async fn money_that_a_text_gives_back_goes_to_all_mails_that_wait_for_it() {
    let gateway = Gateway::start(SMS_TOKEN);
    gateway.becomes(GatewayMood::refuses(400, 21_211, "no such number"));
    let world = World::of(one_budget(&gateway)).await;
    let ann = identify("ann").by("phone", NUMBERS[0]).by("email", "ann@x.org");
    world.tell([ann.agrees_by("sms", "offers")]).await;
    let people: Vec<String> = (0..5).map(|place| format!("q{place}@x.org")).collect();
    world.tell(people.iter().map(|address| subscriber(address))).await;
    world.tell([track("v", "Visit").by("phone", NUMBERS[0])]).await;
    world.pass(1);
    world.tell(people.iter().map(|address| cart(&format!("c {address}"), address))).await;
    world.serve().await;
    assert_eq!(world.states(), ["failed", "sent", "sent", "sent", "sent", "sent"]);
}

#[tokio::test]
async fn money_is_passed_on_by_whoever_does_not_take_it() {
    let gateway = Gateway::start(SMS_TOKEN);
    gateway.becomes(GatewayMood::DropsAfterTaking);
    let world = World::of(one_budget(&gateway)).await;
    let ann = identify("ann").by("phone", NUMBERS[0]).by("email", "ann@x.org");
    world.tell([ann.agrees_by("sms", "offers")]).await;
    let people: Vec<String> = (0..3).map(|place| format!("q{place}@x.org")).collect();
    world.tell(people.iter().map(|address| subscriber(address))).await;
    world.tell([track("v", "Visit").by("phone", NUMBERS[0])]).await;
    world.pass(1);
    world.tell(people.iter().map(|address| cart(&format!("c {address}"), address))).await;
    world.serve().await;
    assert_eq!(world.states(), ["unknown", "queued", "queued", "queued"]);
    // Who waits longest wants no more mail by the time that there is money.
    world.pass(1);
    world.tell([identify("stop").by("email", "q0@x.org").withdraws("offers")]).await;
    let text = world.deliveries().remove(0).id;
    world.engine.resolve_delivery(text, WhatBecame::Failed, "the log says so".into()).await.unwrap();
    world.serve().await;
    assert_eq!(world.states(), ["failed", "suppressed", "sent", "sent"]);
}

#[tokio::test]
async fn money_goes_on_to_the_next_where_whoever_was_to_have_it_is_gone() {
    const ENDS: &str = r#"
program: cart
trigger: { event: Cart Updated, ttl: 3h }
cancel_on: { event: Order Completed }
steps:
  - send: { channel: email, template: letter, topic: offers }
"#;
    for bought in [true, false] {
        let gateway = Gateway::start(SMS_TOKEN);
        gateway.becomes(GatewayMood::DropsAfterTaking);
        let world = World::of(one_budget_and(ENDS, &gateway)).await;
        let ann = identify("ann").by("phone", NUMBERS[0]).by("email", "ann@x.org");
        world.tell([ann.agrees_by("sms", "offers")]).await;
        let people: Vec<String> = (0..3).map(|place| format!("q{place}@x.org")).collect();
        world.tell(people.iter().map(|address| subscriber(address))).await;
        world.tell([track("v", "Visit").by("phone", NUMBERS[0])]).await;
        for address in &people {
            world.pass(HOUR);
            world.tell([cart(&format!("c {address}"), address)]).await;
        }
        world.serve().await;
        assert_eq!(world.states(), ["unknown", "queued", "queued", "queued"]);
        let text = world.deliveries().remove(0).id;
        world.engine.resolve_delivery(text, WhatBecame::Failed, "the log says so".into()).await.unwrap();
        // Before it is served, it has no point any more.
        if bought {
            world.tell([order("o", "q0@x.org")]).await;
        } else {
            world.pass(HOUR);
        }
        world.serve().await;
        let gone = if bought { "cancelled" } else { "expired" };
        assert_eq!(world.states(), ["failed", gone, "sent", "sent"]);
    }
}
