//! Text messages: sent once or not known to have been, heard of, and stopped at a word.

use crate::{town::*, world::*};
use crowsnest_channels::sms::receiving::{Became, Inbound};
use crowsnest_model::{
    DeliveryId, consent,
    consent::ConsentStatus,
    delivery::{DeliveryState, Feedback},
};
use crowsnest_testkit::{Gateway, GatewayMood};

const ANN: &str = "+13125550142";
const BEN: &str = "+13125550143";

/// A nudge by SMS, at once, and a letter a day later.
const NUDGE: &str = r#"
template: nudge
channel: sms
text: "Hi {{ profile.first_name | default: 'you' }}, still there? {{ event.properties.more }}"
---
program: nudge
trigger: { event: Cart Updated }
occasion: event.properties.cart_id
steps:
  - send: { channel: sms, template: nudge, topic: offers }
"#;

const LETTER: &str = r#"
program: letter
trigger: { event: Cart Updated }
occasion: event.properties.cart_id
steps:
  - send: { channel: email, template: letter, topic: offers }
"#;

/// The shop with text messages; `more` goes to `sms:`.
async fn shop(documents: &[&str], more: &str) -> World {
    let mut files = files(documents);
    let sms = format!("sms: {{ from: \"+13125550100\"{more} }}\nemail: {{");
    files[0].text = files[0].text.replacen("email: {", &sms, 1);
    World::of(files).await
}

async fn with_gateway(documents: &[&str], gateway: &Gateway) -> World {
    let more = format!(
        ", gateway: {{ url: \"{}\", account: {}, token_env: SMS_TOKEN, allow_private: true }}",
        gateway.url(),
        Gateway::ACCOUNT
    );
    shop(documents, &more).await
}

fn texted(who: &str, number: &str) -> Touch {
    identify(format!("{who} agrees to texts"))
        .by("user_id", who)
        .by("phone", number)
        .agrees_by("sms", "offers")
}

fn nudged(who: &str, cart: &str) -> Touch {
    track(cart, "Cart Updated")
        .by("user_id", who)
        .with(serde_json::json!({ "cart_id": cart, "value": 80, "more": "" }))
}

fn inbound(sid: &str, from: &str, text: &str) -> Inbound {
    Inbound {
        sid: sid.into(),
        from: from.into(),
        to: "+13125550100".into(),
        text: text.into(),
        answered: None,
    }
}

async fn says(world: &World, sid: &str, from: &str, text: &str) -> Option<String> {
    world.engine.hear_text(inbound(sid, from, text)).await.unwrap()
}

/// What is in force for a topic: granted, withdrawn, or nothing was ever said.
fn standing(world: &World, channel: &str, contact: &str, topic: &str) -> Option<ConsentStatus> {
    let consents = world.read(|read| read.consents(channel, contact));
    consent::in_force(&consents, topic).map(|found| found.status)
}

fn events(world: &World, namespace: &str, value: &str) -> Vec<String> {
    let person = world.holder(namespace, value).unwrap();
    let events = world.read(|read| read.events(person, ALL));
    let mut names: Vec<String> = events.into_iter().filter_map(|event| event.columns.name).collect();
    names.sort();
    names
}

fn feedback(world: &World, delivery: DeliveryId) -> Vec<Feedback> {
    world.read(|read| read.feedback_of(delivery)).into_iter().map(|sum| sum.kind).collect()
}

const STOPPED: &str = "The Shop: you get no more messages from us. To get them again, text START.";
const STARTED: &str = "The Shop: you get our messages again. To stop them, text STOP.";

#[tokio::test]
async fn without_a_gateway_texts_go_to_the_built_in_mailbox_and_are_counted() {
    let world = shop(&[NUDGE], ", max_segments: 1").await;
    world.tell([texted("ann", ANN), nudged("ann", "c1")]).await;
    world.serve().await;
    assert_eq!(world.mailed(), [format!("{ANN}@phone.invalid")]);
    assert_eq!(world.mailbox.list(false, 1, 0).unwrap()[0].subject, "SMS: Hi you, still there?");
    assert_eq!(world.states(), ["sent"]);
    let long = nudged("ann", "c2").with(serde_json::json!({ "cart_id": "c2", "more": "’".repeat(70) }));
    world.tell([long]).await;
    world.serve().await;
    let failed = world.deliveries().pop().unwrap();
    assert_eq!(failed.state, DeliveryState::Failed);
    let reason = "it has 2 segments of UCS-2, because of `’`, and `max_segments` is 1: shorten it";
    assert_eq!(failed.reason.as_deref(), Some(reason));
    let live = world.engine.live();
    let ann = world.person("user_id", "ann");
    let event = serde_json::json!({ "properties": { "more": "€" } });
    let preview =
        world.dispatcher.courier().preview(&live, "nudge", &ann, ANN, event.as_object().unwrap()).unwrap();
    let segments = preview.segments.unwrap();
    assert_eq!((preview.to.as_str(), segments.count, segments.units), (ANN, 1, 23));
    assert_eq!((preview.subject, preview.html), (None, None));
}

#[tokio::test]
async fn who_never_agreed_to_texts_gets_none() {
    let world = shop(&[NUDGE], "").await;
    let ann = identify("ann").by("user_id", "ann").by("phone", ANN).by("email", "ann@x.org");
    world.tell([ann.grants("offers"), nudged("ann", "c1")]).await;
    world.serve().await;
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn a_gateway_that_misbehaves_makes_nobody_skipped_and_nobody_texted_twice() {
    let gateway = Gateway::start(SMS_TOKEN);
    let world = with_gateway(&[NUDGE], &gateway).await;
    world.tell([texted("ann", ANN), texted("ben", BEN)]).await;
    // It cannot now: tried again, and sent once.
    gateway.becomes(GatewayMood::Says(500, String::new(), "on fire".into()));
    world.tell([nudged("ann", "c1")]).await;
    world.serve().await;
    assert_eq!(world.states(), ["queued"]);
    gateway.becomes(GatewayMood::Takes);
    world.after(2 * MINUTE).await;
    assert_eq!((world.states(), gateway.taken().len()), (vec!["sent"], 1));
    // It takes the text and the line breaks: nobody knows, and nothing repeats it.
    gateway.becomes(GatewayMood::DropsAfterTaking);
    world.tell([nudged("ann", "c2")]).await;
    world.serve().await;
    gateway.becomes(GatewayMood::Takes);
    world.after(DAY).await;
    assert_eq!((world.states(), gateway.taken().len()), (vec!["sent", "unknown"], 2));
    // It knows better than we do.
    let unknown = world.deliveries()[1].id;
    world.engine.hear_receipt(unknown, "SM2", Became::Taken("sent".into())).await.unwrap();
    assert_eq!(world.states(), ["sent", "sent"]);
    // It answers that it failed, and says afterwards that the text is on its way: it is not sent again.
    gateway.becomes(GatewayMood::Says(500, String::new(), String::new()));
    world.tell([nudged("ben", "c3")]).await;
    world.serve().await;
    gateway.becomes(GatewayMood::Takes);
    let queued = world.deliveries()[2].id;
    world.engine.hear_receipt(queued, "SM3", Became::Delivered).await.unwrap();
    world.after(HOUR).await;
    assert_eq!((world.states(), gateway.taken().len()), (vec!["sent", "sent", "sent"], 2));
    assert_eq!(world.run_words("nudge"), vec!["finished: all steps are done"; 3]);
}

#[tokio::test]
async fn a_text_that_the_gateway_has_after_all_is_paid_and_not_sent_again_whatever_it_answered() {
    let gateway = Gateway::start(SMS_TOKEN);
    let public = format!(
        ", gateway: {{ url: \"{}\", account: {}, token_env: SMS_TOKEN, allow_private: true }}, cost: 0.01 USD }}\n\
         budgets: [{{ name: texts, per: day, max: 1 USD, channel: sms }}]\nbrands: {{",
        gateway.url(),
        Gateway::ACCOUNT
    );
    let world = shop(&[NUDGE], &public).await;
    world.tell([texted("ann", ANN)]).await;
    // 503 is a fault of the line, and so was no attempt.
    for (place, status) in [500, 503].into_iter().enumerate() {
        gateway.becomes(GatewayMood::Says(status, String::new(), String::new()));
        world.tell([nudged("ann", &format!("c{status}"))]).await;
        world.serve().await;
        gateway.becomes(GatewayMood::Takes);
        let queued = world.deliveries()[place].id;
        world.engine.hear_receipt(queued, &format!("SM{status}"), Became::Delivered).await.unwrap();
        world.after(HOUR).await;
        assert_eq!((world.states(), gateway.taken().len()), (vec!["sent"; place + 1], 0), "{status}");
    }
    assert_eq!(world.engine.budgets().unwrap()[0].messages, 2);
    // One that a kill switch has stopped meanwhile is not sent when that is reset.
    gateway.becomes(GatewayMood::Says(500, String::new(), String::new()));
    world.tell([nudged("ann", "held")]).await;
    world.serve().await;
    gateway.becomes(GatewayMood::Takes);
    world.engine.set_switch("nudge", true).await.unwrap();
    world.after(HOUR).await;
    let held = world.deliveries()[2].clone();
    assert_eq!(held.state.as_str(), "held");
    world.engine.hear_receipt(held.id, "SM-held", Became::Delivered).await.unwrap();
    world.engine.set_switch("nudge", false).await.unwrap();
    world.after(HOUR).await;
    assert_eq!((world.states(), gateway.taken().len()), (vec!["sent"; 3], 0));
}

#[tokio::test]
async fn a_crash_while_a_text_is_on_the_line_leaves_it_unknown_unless_the_gateway_spoke() {
    let gateway = Gateway::start(SMS_TOKEN);
    let world = with_gateway(&[NUDGE], &gateway).await;
    world.tell([texted("ann", ANN), texted("ben", BEN), nudged("ann", "c1"), nudged("ben", "c2")]).await;
    world.serve().await;
    let heard = world.deliveries()[1].id.0;
    let world = world.crashed(&format!(
        "UPDATE deliveries SET state = 'sending';
         INSERT INTO feedback (delivery, kind, program, first, last, times) VALUES ({heard}, 'delivered', 'nudge', 1, 1, 1);"
    ));
    world.after(DAY).await;
    assert_eq!(world.states(), ["unknown", "sent"]);
    assert_eq!(gateway.taken().len(), 2, "none was sent twice");
    // What the gateway says of it later counts as much as what it said at once.
    let counted = || world.read(|read| read.sending_counts("sms", crowsnest_model::Time(0)));
    let before = counted().messages;
    let unknown = world.deliveries()[0].id;
    for _ in 0..2 {
        let undelivered = Became::Undelivered { for_good: false, said: "30003: switched off".into() };
        world.engine.hear_receipt(unknown, "SM9", undelivered).await.unwrap();
    }
    assert_eq!(world.states(), ["bounced", "sent"]);
    assert_eq!((counted().messages - before, counted().bounces), (1, 1));
}

#[tokio::test]
async fn numbers_that_reach_nobody_are_texted_once() {
    let gateway = Gateway::start(SMS_TOKEN);
    let world = with_gateway(&[NUDGE], &gateway).await;
    world.tell([texted("ann", ANN), texted("ben", BEN)]).await;
    gateway.becomes(GatewayMood::refuses(400, 21_614, "not a mobile number"));
    world.tell([nudged("ann", "c1")]).await;
    world.serve().await;
    gateway.becomes(GatewayMood::Takes);
    world.tell([nudged("ann", "c2"), nudged("ben", "c3")]).await;
    world.serve().await;
    assert_eq!(world.states(), ["failed", "suppressed", "sent"]);
    // Receipts: it arrived; then another did not, and never will.
    let sent = world.deliveries()[2].id;
    assert!(world.engine.hear_receipt(sent, "SM1", Became::Delivered).await.unwrap());
    assert!(!world.engine.hear_receipt(sent, "SM1", Became::Delivered).await.unwrap(), "heard once");
    assert_eq!(feedback(&world, sent), [Feedback::Delivered]);
    assert_eq!(events(&world, "user_id", "ben"), ["Cart Updated", "SMS Delivered"]);
    world.tell([nudged("ben", "c4")]).await;
    world.serve().await;
    let gone = world.deliveries()[3].id;
    let undelivered = Became::Undelivered { for_good: true, said: "30005: undelivered".into() };
    world.engine.hear_receipt(gone, "SM2", undelivered).await.unwrap();
    world.tell([nudged("ben", "c5")]).await;
    world.serve().await;
    assert_eq!(world.states()[3..], ["bounced", "suppressed"]);
    assert!(world.engine.hear_receipt(DeliveryId(1), "SM3", Became::Delivered).await.is_err());
}

#[tokio::test]
async fn stop_turns_off_everything_at_once_is_confirmed_once_and_start_gives_it_back() {
    let world = shop(&[NUDGE, LETTER], "").await;
    let ann = texted("ann", ANN).by("email", "ann@x.org").grants("offers");
    let ann = ann.about_letters("offers", ConsentStatus::Granted);
    let news = track("no news", "Said").by("user_id", "ann").claims(
        "news",
        ConsentStatus::Withdrawn,
        Some("ann@x.org"),
    );
    world.tell([ann, news, nudged("ann", "c1")]).await;
    world.serve().await;
    assert_eq!(world.states(), ["sent", "sent"]);
    // The next messages are queued already when she says stop.
    world.tell([nudged("ann", "c2")]).await;
    assert_eq!(says(&world, "SM1", ANN, "please don’t text me again").await.as_deref(), Some(STOPPED));
    world.serve().await;
    let person = world.holder("user_id", "ann").unwrap().to_string();
    assert_eq!(standing(&world, "letter", &person, "offers"), Some(ConsentStatus::Withdrawn));
    assert_eq!(world.states()[2..], ["suppressed", "suppressed"]);
    assert_eq!(world.mailed().len(), 2);
    // Copies of it and more of the same are not confirmed again, until a day has passed.
    assert_eq!(says(&world, "SM1", ANN, "please don’t text me again").await, None);
    world.pass(HOUR);
    assert_eq!(says(&world, "SM2", ANN, "STOP").await, None);
    world.pass(DAY);
    assert_eq!(says(&world, "SM3", ANN, "STOP").await.as_deref(), Some(STOPPED));
    let texts = world.deliveries().into_iter().filter(|delivery| delivery.channel == "sms");
    let replied: Vec<Feedback> = texts
        .filter(|text| text.state == DeliveryState::Sent)
        .flat_map(|text| feedback(&world, text.id))
        .collect();
    assert_eq!(replied, [Feedback::Replied]);
    let said = events(&world, "user_id", "ann");
    assert_eq!(said.iter().filter(|name| *name == "SMS Received").count(), 3);
    assert_eq!(said.iter().filter(|name| *name == "SMS Replied").count(), 3);
    // What she had agreed to comes back, and nothing that she had not.
    assert_eq!(says(&world, "SM4", ANN, "Start").await.as_deref(), Some(STARTED));
    let granted = Some(ConsentStatus::Granted);
    assert_eq!(standing(&world, "sms", ANN, "offers"), granted);
    assert_eq!(standing(&world, "letter", &person, "offers"), granted);
    assert_eq!(standing(&world, "email", "ann@x.org", "offers"), granted);
    assert_eq!(standing(&world, "email", "ann@x.org", "news"), Some(ConsentStatus::Withdrawn));
    assert_eq!(standing(&world, "phone", ANN, "offers"), Some(ConsentStatus::Withdrawn));
    assert_eq!(says(&world, "SM5", ANN, "START").await, None, "there is nothing to give back");
    world.tell([nudged("ann", "c3")]).await;
    world.serve().await;
    assert_eq!(world.states()[4..], ["sent", "sent"]);
    // And STOP counts anew.
    assert_eq!(says(&world, "SM6", ANN, "stop").await.as_deref(), Some(STOPPED));
    assert_eq!(standing(&world, "email", "ann@x.org", "offers"), Some(ConsentStatus::Withdrawn));
}

#[tokio::test]
async fn start_gives_back_just_what_stop_took_also_where_silence_was_consent() {
    let mut files = files(&[NUDGE]);
    let more = "sms: { from: \"+13125550100\" }\nletters: { from: \"The Shop\\n1 Quay\", consent: unless_withdrawn }\nemail: {";
    files[0].text = files[0].text.replacen("email: {", more, 1);
    let world = World::of(files).await;
    // Ann never spoke of letters but to refuse news; by e-mail she agreed to all, then to all but news. Ben wants no letters.
    let ann = texted("ann", ANN).by("email", "ann@x.org").grants("*");
    let ben = texted("ben", BEN).about_letters("*", ConsentStatus::Withdrawn);
    world.tell([ann, ben]).await;
    world.pass(HOUR);
    let no_news = track("no news", "Said").by("user_id", "ann").by("email", "ann@x.org");
    world.tell([no_news.withdraws("news").about_letters("news", ConsentStatus::Withdrawn)]).await;
    let [ann, ben] = ["ann", "ben"].map(|who| world.holder("user_id", who).unwrap().to_string());
    let withdrawn = Some(ConsentStatus::Withdrawn);
    for (round, number) in [ANN, BEN, ANN].into_iter().enumerate() {
        world.pass(DAY);
        assert_eq!(says(&world, &format!("stop {round}"), number, "STOP").await.as_deref(), Some(STOPPED));
        let person = if number == ANN { &ann } else { &ben };
        assert_eq!(standing(&world, "letter", person, "offers"), withdrawn);
        world.pass(HOUR);
        assert_eq!(says(&world, &format!("start {round}"), number, "START").await.as_deref(), Some(STARTED));
    }
    let may = |channel: &str, contact: &str, topic: &str| {
        standing(&world, channel, contact, topic) == Some(ConsentStatus::Granted)
    };
    assert!(may("letter", &ann, "offers") && may("email", "ann@x.org", "offers"));
    assert!(!may("letter", &ann, "news") && !may("email", "ann@x.org", "news"));
    assert!(!may("letter", &ben, "offers") && may("sms", BEN, "offers"));
    let kept = world.read(|read| read.consents("letter", &ann));
    let news = kept.iter().find(|word| word.topic == "news").unwrap();
    assert_eq!(news.evidence.as_deref(), Some("the form"));
    // A suppressed text says so in words of telephones.
    world.engine.set_suppression("sms", ANN, Some("asked".into())).await.unwrap();
    world.tell([nudged("ann", "c1")]).await;
    world.serve().await;
    let said = world.deliveries().pop().unwrap().reason;
    assert_eq!(said.as_deref(), Some("the telephone number is suppressed: asked"));
}

#[tokio::test]
async fn stop_may_be_about_texts_alone_and_says_so() {
    let more = ", languages: [de], stop: { turns_off: sms, confirm: \"Bye.\" }, help: \"Ask Ann.\"";
    let world = shop(&[NUDGE], more).await;
    world.tell([texted("ann", ANN).by("email", "ann@x.org").grants("offers")]).await;
    assert_eq!(says(&world, "SM1", ANN, "Wann ist das Angebot zu Ende?").await, None);
    assert_eq!(standing(&world, "sms", ANN, "offers"), Some(ConsentStatus::Granted));
    assert_eq!(says(&world, "SM2", ANN, "Hilfe").await.as_deref(), Some("Ask Ann."));
    assert_eq!(says(&world, "SM2", ANN, "Hilfe").await, None);
    assert_eq!(says(&world, "SM3", ANN, "Keine SMS mehr bitte!").await.as_deref(), Some("Bye."));
    assert_eq!(standing(&world, "sms", ANN, "offers"), Some(ConsentStatus::Withdrawn));
    assert_eq!(standing(&world, "email", "ann@x.org", "offers"), Some(ConsentStatus::Granted));
}

#[tokio::test]
async fn what_the_gateway_has_answered_itself_is_not_answered_again() {
    let world = shop(&[NUDGE], "").await;
    world.tell([texted("ann", ANN)]).await;
    let text = Inbound { answered: Some("STOP".into()), ..inbound("SM1", ANN, "arrêt") };
    assert_eq!(world.engine.hear_text(text).await.unwrap(), None);
    assert_eq!(standing(&world, "sms", ANN, "offers"), Some(ConsentStatus::Withdrawn));
}

#[tokio::test]
async fn a_number_of_nobody_can_say_stop_too() {
    let world = shop(&[NUDGE], "").await;
    assert_eq!(says(&world, "SM1", BEN, "STOP").await.as_deref(), Some(STOPPED));
    assert_eq!(says(&world, "SM2", BEN, "hello?").await, None);
    assert!(world.people().is_empty(), "nobody is made of a text");
    // Whoever turns out to have it gets nothing, unless they agree after that.
    world.pass(HOUR);
    let before = world.now().0 - 2 * HOUR;
    world.tell([texted("ben", BEN).at(crowsnest_model::Time(before)), nudged("ben", "c1")]).await;
    world.serve().await;
    assert!(world.mailed().is_empty());
    world.tell([texted("ben", BEN).from("list").at(world.now()), nudged("ben", "c2")]).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 1);
    // What has no number is nobody's.
    assert_eq!(says(&world, "SM3", "33455", "STOP").await, None);
}

#[tokio::test]
async fn who_told_the_gateway_to_stop_is_texted_again_after_start() {
    let gateway = Gateway::start(SMS_TOKEN);
    let world = with_gateway(&[NUDGE], &gateway).await;
    world.tell([texted("ann", ANN)]).await;
    gateway.becomes(GatewayMood::refuses(400, 21_610, "Attempt to send to unsubscribed recipient"));
    world.tell([nudged("ann", "c1")]).await;
    world.serve().await;
    gateway.becomes(GatewayMood::Takes);
    world.tell([nudged("ann", "c2")]).await;
    world.serve().await;
    assert_eq!(world.states(), ["failed", "suppressed"]);
    assert_eq!(says(&world, "SM1", ANN, "START").await.as_deref(), Some(STARTED));
    world.tell([nudged("ann", "c3")]).await;
    world.serve().await;
    assert_eq!(world.states(), ["failed", "suppressed", "sent"]);
}

#[tokio::test]
async fn an_answer_is_of_whom_we_texted_last_of_those_who_share_a_number() {
    let world = shop(&[MATCHING, NUDGE], "").await;
    let of = |who: &str, forename: &str| {
        let name = serde_json::json!({ "first_name": forename, "last_name": "Carter" });
        known(who, "phone", ANN, name).by("user_id", who).agrees_by("sms", "offers")
    };
    world.tell([of("ann", "Ann"), of("bob", "Bob")]).await;
    let (ann, bob) = (world.holder("user_id", "ann").unwrap(), world.holder("user_id", "bob").unwrap());
    assert_ne!(ann, bob);
    let received = |person| {
        let found = world.read(|read| read.events_named(person, &["SMS Received"], crowsnest_model::Time(0)));
        let body = |event: &crowsnest_store::EventRow| -> serde_json::Value {
            serde_json::from_slice(&event.body).unwrap()
        };
        found.iter().map(|event| body(event)["properties"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(says(&world, "SM0", ANN, "Hello").await, None);
    assert_eq!((received(ann).len(), received(bob).len()), (1, 0), "the number is hers");
    world.tell([nudged("bob", "c1")]).await;
    world.serve().await;
    assert_eq!(world.states(), ["sent"]);
    assert_eq!(says(&world, "SM1", ANN, "Is it still there?").await, None);
    let his = received(bob);
    assert_eq!((his.len(), received(ann).len()), (1, 1));
    assert_eq!(his[0]["text"], "Is it still there?");
    assert_eq!(his[0]["program"], "nudge");
    assert_eq!(his[0]["delivery"], world.deliveries()[0].id.to_string());
    // Consent is the number's, whoever of them says it.
    assert!(says(&world, "SM2", ANN, "leave me alone").await.is_some());
    world.tell([nudged("ann", "c2"), nudged("bob", "c3")]).await;
    world.serve().await;
    assert_eq!(world.states(), ["sent", "suppressed", "suppressed"]);
}

#[tokio::test]
async fn a_text_costs_as_many_segments_as_it_has_and_never_passes_its_budget() {
    let more =
        ", cost: 0.01 USD }\nbudgets: [{ name: texts, per: day, max: 0.05 USD, channel: sms }]\nbrands: {";
    let world = shop(&[NUDGE], more).await;
    let long = "x".repeat(200);
    for (place, who) in ["ann", "bob", "cy"].into_iter().enumerate() {
        let number = format!("+1312555010{}", place + 1);
        let nudge = track(who, "Cart Updated")
            .by("user_id", who)
            .with(serde_json::json!({ "cart_id": who, "value": 80, "more": &long }));
        world.tell([texted(who, &number), nudge]).await;
        world.serve().await;
    }
    // Each has two segments, and may have three: the third would come to seven.
    assert_eq!(world.states(), ["sent", "sent", "queued"]);
    let standing = world.engine.budgets().unwrap().remove(0);
    assert_eq!((standing.spent.to_string(), standing.messages), ("0.04 USD".into(), 2));
}

#[tokio::test]
async fn a_preview_says_about_what_texts_would_cost_by_their_segments() {
    const SALE: &str = "broadcast: sale\naudience: has(profile.first_name)\n\
        send: { channel: sms, template: sale, topic: offers }\n---\n\
        template: sale\nchannel: sms\ntext: \"{{ profile.first_name }}\"";
    let more =
        ", cost: 0.01 USD }\nbudgets: [{ name: texts, per: day, max: 0.04 USD, channel: sms }]\nbrands: {";
    let world = shop(&[SALE], more).await;
    for (place, name) in ["Ann".to_owned(), "x".repeat(200), "Cy".to_owned()].into_iter().enumerate() {
        let who = format!("p{place}");
        let texted = texted(&who, &format!("+1312555010{place}"));
        world.tell([texted.traits(serde_json::json!({ "first_name": name }))]).await;
    }
    let cost = world.preview("sale").cost.unwrap();
    assert_eq!((cost.messages, cost.sampled, cost.amount.to_string()), (3, 3, "0.04 USD".into()));
    assert_eq!(cost.each.to_string(), "0.013333 USD");
    assert!(cost.short.is_empty(), "what fits exactly fits");
}
