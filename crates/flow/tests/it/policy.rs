//! The contact policy: what it stops, puts off and lets through, next to the send.

use crate::world::*;
use crowsnest_model::{Time, delivery::DeliveryState};
use crowsnest_store::DeliveryFilter;
use serde_json::json;

/// Two programs that begin with the same event and are due at the same moment.
const CART_NOW: &str = r#"
program: cart
trigger: { event: Cart Updated, ttl: 20h }
occasion: event.properties.cart_id
steps: [{ wait: 45m }, { send: { channel: email, template: letter, topic: offers } }]
"#;
const WIN_BACK: &str = r#"
program: win-back
trigger: { event: Cart Updated, ttl: 20h }
occasion: event.properties.cart_id
steps: [{ wait: 45m }, { send: { channel: email, template: letter, topic: offers } }]
"#;
const RECEIPT: &str = r#"
program: receipt
trigger: { event: Order Completed }
steps: [{ send: { channel: email, template: letter, topic: orders } }]
"#;
const TO_EACH: &str = r#"
broadcast: to-each
audience: consent("email", "offers")
one_per: person
send: { channel: email, template: letter, topic: offers }
ttl: 2d
"#;
const ONE_A_DAY: &str = "policy: contact\ncaps: [{ max: 1, per: 1d }]\n";

/// State, program and reason of each delivery, the oldest first.
fn decided(world: &World) -> Vec<String> {
    let words = |delivery: crowsnest_model::delivery::Delivery| {
        let reason = delivery.reason.filter(|_| delivery.state != DeliveryState::Sent).unwrap_or_default();
        format!("{} {}: {reason}", delivery.program, delivery.state).trim_end_matches([':', ' ']).to_owned()
    };
    let mut all: Vec<String> = world.deliveries().into_iter().map(words).collect();
    all.sort();
    all
}

#[tokio::test]
async fn of_two_programs_that_fire_in_the_same_instant_the_more_important_one_wins() {
    for (winner, loser) in [("win-back", "cart"), ("cart", "win-back")] {
        let policy = &format!("{ONE_A_DAY}priorities: [{winner}]\n");
        let world = World::new(&[CART_NOW, WIN_BACK, policy]).await;
        world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
        world.after(45 * MINUTE).await;
        let mut expected = [
            format!("{winner} sent"),
            format!(
                "{loser} suppressed: at most 1 message in 1 day: gives way to {winner} at the same moment"
            ),
        ];
        expected.sort();
        assert_eq!(decided(&world), expected);
        assert_eq!(world.mailed().len(), 1);
        world.after(DAY).await;
        assert_eq!(world.mailed().len(), 1, "what was left out stays out");
    }
}

/// The timers, or the deliveries, of one person lie far apart, with those of a hundred others between them.
#[tokio::test]
async fn who_wins_does_not_depend_on_how_many_others_are_due() {
    for wait in ["{ wait: 45m }, ", ""] {
        let at_once = |program: &str| program.replace("{ wait: 45m }, ", wait);
        let later = at_once(WIN_BACK).replace("Cart Updated", "Cart Left");
        let policy = format!("{ONE_A_DAY}priorities: [win-back]\n");
        let world = World::new(&[&at_once(CART_NOW), &later, &policy]).await;
        let emails: Vec<String> = (0..100).map(|place| format!("p{place}@x.org")).collect();
        world.tell(emails.iter().map(|email| subscriber(email))).await;
        world.tell(emails.iter().map(|email| cart(&format!("c {email}"), email))).await;
        let left = |email: &String| track(format!("l {email}"), "Cart Left").by("email", email);
        world.tell(emails.iter().map(|email| left(email).with(json!({ "cart_id": email })))).await;
        world.after(45 * MINUTE).await;
        let sent: Vec<_> =
            world.deliveries().into_iter().filter(|delivery| delivery.state == DeliveryState::Sent).collect();
        assert_eq!(sent.len(), 100);
        assert!(sent.iter().all(|delivery| delivery.program == "win-back"));
        assert_eq!(world.states().iter().filter(|state| **state == "suppressed").count(), 100);
    }
}

#[tokio::test]
async fn a_cap_of_none_stops_all_and_a_missing_cap_none() {
    for (policy, mails) in [("policy: contact\ncaps: [{ max: 0, per: 1d }]\n", 0), ("policy: contact\n", 3)] {
        let world = World::new(&[CART_NOW, WIN_BACK, TO_EACH, policy]).await;
        world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
        world.engine.launch("to-each").await.unwrap();
        world.after(45 * MINUTE).await;
        assert_eq!(world.mailed().len(), mails);
    }
}

#[tokio::test]
async fn what_may_have_been_sent_before_a_crash_counts() {
    let world = World::new(&[CART_NOW, TO_EACH, ONE_A_DAY]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.engine.launch("to-each").await.unwrap();
    let now = world.now().0;
    // As a process leaves it that dies while the mailing is on the line.
    let world = world.crashed(&format!(
        "UPDATE deliveries SET state = 'sending', attempts = 1, updated = {now}, handed_over = {now};"
    ));
    world.after(45 * MINUTE).await;
    assert_eq!(
        decided(&world),
        [
            "cart suppressed: at most 1 message in 1 day: had to-each",
            "to-each unknown: crowsnest ended while it was being sent; it may or may not have gone out",
        ]
    );
    // A day after the attempt there is room again, not a day after the restart.
    let world = world.restarted(None);
    world.pass(DAY - 45 * MINUTE);
    world.tell([cart("c2", "ann@x.org")]).await;
    world.after(45 * MINUTE).await;
    assert_eq!(world.mailed().len(), 1);
}

#[tokio::test]
async fn a_household_is_everybody_who_shares_an_account_with_somebody() {
    let policy = "policy: contact\ncaps: [{ max: 1, per: 1d, of: household }]\n";
    let world = World::new(&[TO_EACH, policy]).await;
    world
        .tell([
            subscriber("ann@x.org").by("account", "A-1"),
            subscriber("bob@x.org").by("account", "A-1").by("account", "A-2"),
            subscriber("cleo@x.org").by("account", "A-2"),
            subscriber("dan@x.org").by("account", "A-3"),
            subscriber("eve@x.org"),
        ])
        .await;
    world.engine.launch("to-each").await.unwrap();
    world.serve().await;
    let mut mailed = world.mailed();
    mailed.sort();
    assert_eq!(mailed, ["ann@x.org", "dan@x.org", "eve@x.org"]);
    let reason = "at most 1 message for a household in 1 day: gives way to to-each at the same moment";
    let reasons = world.read(|read| read.delivery_reasons("to-each"));
    assert!(reasons.contains(&("suppressed".into(), Some(reason.into()), 2)), "{reasons:?}");
    let kinds = world.engine.delivery_reasons("to-each").unwrap();
    let said = kinds
        .iter()
        .find(|(state, ..)| state == "suppressed")
        .and_then(|(_, kind, _)| kind.as_ref())
        .unwrap();
    assert_eq!((&*said.reason, said.example.as_deref(), said.count), (reason, None, 2));
}

#[tokio::test]
async fn two_who_turn_out_to_be_one_have_had_what_both_had() {
    let policy = "policy: contact\ncaps: [{ max: 2, per: 7d }]\n";
    let world = World::new(&[CART_NOW, TO_EACH, policy]).await;
    world
        .tell([
            subscriber("ann@x.org"),
            subscriber("nan@x.org"),
            identify("a").by("email", "ann@x.org").by("user_id", "ann"),
            identify("b").by("email", "nan@x.org").by("device_id", "phone"),
        ])
        .await;
    world.engine.launch("to-each").await.unwrap();
    world.serve().await;
    world.tell([identify("m").by("email", "ann@x.org").by("email", "nan@x.org")]).await;
    assert_eq!(world.people().len(), 1);
    world.tell([cart("c1", "ann@x.org")]).await;
    world.after(45 * MINUTE).await;
    assert_eq!(decided(&world)[0], "cart suppressed: at most 2 messages in 7 days: had to-each");
}

#[tokio::test]
async fn quiet_hours_put_off_until_morning_where_the_person_is() {
    let policy = "policy: contact\nquiet_hours: [{ from: \"21:00\", to: \"08:00\" }]\n";
    let world = World::new(&[CART_NOW, RECEIPT, policy]).await;
    // Three in the morning in Chicago, and noon and a quarter to seven in the evening elsewhere.
    world
        .tell([
            subscriber("ann@x.org"),
            subscriber("ken@x.org").traits(json!({ "time_zone": "Asia/Tokyo" })),
            cart("c1", "ann@x.org"),
            cart("c2", "ken@x.org"),
            order("o1", "ann@x.org"),
        ])
        .await;
    world.after(45 * MINUTE).await;
    let mut mailed = world.mailed();
    mailed.sort();
    assert_eq!(mailed, ["ann@x.org", "ken@x.org"], "the receipt at night, and where it is evening");
    let waiting = world.deliveries().into_iter().find(|d| d.state == DeliveryState::Queued).unwrap();
    assert_eq!(waiting.reason.as_deref(), Some("waits: quiet hours from 21:00 to 08:00 in America/Chicago"));
    let morning: Time = "2026-03-02T14:00:00Z".parse().unwrap();
    assert_eq!(waiting.due, morning);
    let receipt = world.deliveries().into_iter().find(|d| d.program == "receipt").unwrap();
    let life = world.read(|read| read.delivery_log(receipt.id));
    assert_eq!(
        life[1].reason.as_deref(),
        Some("attempt 1; a service message, exempt from the contact policy")
    );

    let world = world.restarted(None);
    world.after(morning.since(world.now()).0 - 1).await;
    assert_eq!(world.mailed().len(), 2);
    world.after(1).await;
    assert_eq!(world.mailed().len(), 3);
    let life = world.read(|read| read.delivery_log(waiting.id));
    let states: Vec<&str> = life.iter().map(|entry| entry.state.as_str()).collect();
    assert_eq!(states, ["queued", "queued", "sending", "sent"]);
}

#[tokio::test]
async fn what_has_no_point_in_the_morning_expires_at_once_and_says_so() {
    let policy = "policy: contact\nquiet_hours: [{ from: \"21:00\", to: \"23:00\" }, { from: \"23:00\", to: \"08:00\" }]\n";
    let world = World::new(&[CART, policy]).await;
    world.pass(20 * HOUR);
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(45 * MINUTE).await;
    assert_eq!(
        decided(&world),
        [
            "cart expired: quiet hours from 23:00 to 08:00 in America/Chicago; its time to live ends before that is over"
        ]
    );
    assert_eq!(
        world.run_words("cart"),
        [
            "expired: quiet hours from 23:00 to 08:00 in America/Chicago; its time to live ends before that is over"
        ]
    );
}

#[tokio::test]
async fn what_waits_for_room_goes_out_when_there_is_some() {
    let policy = "policy: contact\ncaps: [{ max: 1, per: 10h, when_capped: postpone }]\n";
    let world = World::new(&[CART_NOW, TO_EACH, policy]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.engine.launch("to-each").await.unwrap();
    world.serve().await;
    world.after(45 * MINUTE).await;
    assert_eq!(decided(&world)[0], "cart queued: waits: at most 1 message in 10 hours: had to-each");
    world.after(10 * HOUR - 45 * MINUTE - 1).await;
    assert_eq!(world.mailed().len(), 1);
    world.after(1).await;
    assert_eq!(world.mailed().len(), 2);
}

#[tokio::test]
async fn what_waits_for_room_goes_out_when_the_policy_leaves_more() {
    let policy = |caps: &str| format!("policy: contact\ncaps: [{{ max: {caps}, when_capped: postpone }}]\n");
    let world = World::new(&[CART_NOW, TO_EACH, &policy("1, per: 10h")]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.engine.launch("to-each").await.unwrap();
    world.serve().await;
    world.after(45 * MINUTE).await;
    world.apply(&[CART_NOW, TO_EACH, &policy("1, per: 9h")]).await;
    world.serve().await;
    assert_eq!(decided(&world)[0], "cart queued: waits: at most 1 message in 9 hours: had to-each");
    world.apply(&[CART_NOW, TO_EACH, &policy("2, per: 9h")]).await;
    let world = world.restarted(None);
    world.serve().await;
    assert_eq!(world.mailed().len(), 2);
    // A quiet hour that is no more.
    world.tell([order("o", "nobody@x.org"), subscriber("bob@x.org")]).await;
    let quiet = "policy: contact\nquiet_hours: [{ from: \"00:00\", to: \"12:00\" }]\n";
    world.apply(&[CART_NOW, TO_EACH, quiet]).await;
    world.tell([cart("c2", "bob@x.org")]).await;
    world.after(45 * MINUTE).await;
    assert!(decided(&world)[0].starts_with("cart queued: waits: quiet hours"), "{:?}", decided(&world));
    world.apply(&[CART_NOW, TO_EACH]).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 3);
}

#[tokio::test]
async fn programs_are_kept_apart_and_one_offer_runs_at_a_time() {
    for (policy, reason) in [
        (
            "policy: contact\napart: [{ programs: [to-each, cart], within: 7d }]\n",
            "to-each, cart are kept 7 days apart: had to-each",
        ),
        (
            "policy: contact\none_offer_at_a_time: { topics: [offers], within: 7d }\n",
            "one offer at a time, and an offer runs for 7 days: had to-each",
        ),
    ] {
        let world = World::new(&[CART_NOW, TO_EACH, policy]).await;
        world.tell([subscriber("ann@x.org")]).await;
        world.engine.launch("to-each").await.unwrap();
        world.serve().await;
        world.pass(7 * DAY - 46 * MINUTE);
        world.tell([cart("c1", "ann@x.org")]).await;
        world.after(45 * MINUTE).await;
        assert_eq!(decided(&world)[0], format!("cart suppressed: {reason}"));
        world.tell([cart("c2", "ann@x.org")]).await;
        world.after(45 * MINUTE).await;
        assert_eq!(world.mailed().len(), 2, "after seven days there is room");
    }
}

#[tokio::test]
async fn the_preview_counts_who_would_be_capped_now() {
    let world = World::new(&[CART_NOW, TO_EACH, OFFER, ONE_A_DAY]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org"), cart("c1", "ann@x.org")]).await;
    assert!(world.preview("to-each").audience.capped.is_empty());
    world.after(45 * MINUTE).await;
    world.pass(MINUTE);
    let preview = world.preview("to-each");
    assert_eq!(preview.audience.recipients, 2);
    assert_eq!(preview.audience.capped, [("at most 1 message in 1 day: had cart".to_owned(), 1)]);
    world.engine.launch("to-each").await.unwrap();
    world.serve().await;
    let filter = DeliveryFilter { program: Some("to-each".into()), ..DeliveryFilter::default() };
    let mut states: Vec<_> =
        world.read(|read| read.deliveries(&filter, 9)).iter().map(|delivery| delivery.state).collect();
    states.sort();
    assert_eq!(states, [DeliveryState::Sent, DeliveryState::Suppressed]);
    let preview = world.preview("offer");
    assert_eq!(preview.audience.capped.iter().map(|(_, count)| count).sum::<u64>(), 2);
}

#[tokio::test]
async fn what_cannot_be_read_is_not_sent_and_stops_nobody_else() {
    let world = World::new(&[TO_EACH, ONE_A_DAY]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org")]).await;
    world.engine.launch("to-each").await.unwrap();
    let ann = world.holder("email", "ann@x.org").unwrap().0 as i64;
    let world = world.crashed(&format!(
        "CREATE TABLE kept AS SELECT * FROM people; UPDATE people SET doc = x'02' WHERE id = {ann};"
    ));
    world.serve().await;
    assert_eq!(world.mailed(), ["bob@x.org"]);
    let said = decided(&world);
    assert!(said[0].starts_with("to-each queued: it cannot be decided: a stored profile cannot"), "{said:?}");
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 1, "asked again, and still unknown");
    let world = world.crashed(
        "UPDATE people SET doc = (SELECT doc FROM kept WHERE kept.id = people.id); DROP TABLE kept;",
    );
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 2);
}

#[tokio::test]
async fn a_household_that_is_too_large_to_count_gets_nothing_until_it_is_not() {
    let policy = "policy: contact\ncaps: [{ max: 1, per: 1d, of: household }]\n";
    let world = World::new(&[TO_EACH, RECEIPT, policy]).await;
    world
        .tell((0..=1_000).map(|place| {
            identify(format!("p{place}")).by("user_id", &format!("u{place}")).by("account", "FLEET")
        }))
        .await;
    world.tell([subscriber("ann@x.org").by("user_id", "u7"), order("o1", "ann@x.org")]).await;
    world.engine.launch("to-each").await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"], "the receipt");
    let said = decided(&world);
    assert!(
        said[1].starts_with("to-each queued: it cannot be decided: more than 1000 people share"),
        "{said:?}"
    );
    world.apply(&[TO_EACH, RECEIPT]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 2);
}
