//! Consent and suppression, checked next to the send; whose word counts.

use crate::world::*;
use crowsnest_model::ConsentStatus::{Granted, Withdrawn};
use crowsnest_store::Suppression;

#[tokio::test]
async fn withdrawn_between_queue_and_send_is_not_sent() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.engine.set_switch("*", true).await.unwrap();
    world.after(HOUR).await;
    world.tell([identify("w").by("email", "Ann@X.org").withdraws("*")]).await;
    world.engine.set_switch("*", false).await.unwrap();
    world.serve().await;
    assert_eq!(world.states(), ["suppressed"]);
    assert_eq!(world.deliveries()[0].reason.as_deref(), Some("withdrew consent to everything by email"));
    assert_eq!(world.run_words("cart"), ["finished: all steps are done"]);
}

#[tokio::test]
async fn nobody_is_mailed_who_never_agreed() {
    let world = World::new(&[CART]).await;
    world.tell([cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.deliveries()[0].reason.as_deref(), Some("never agreed to offers by email"));
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn a_service_message_needs_no_consent_but_minds_suppression() {
    let program = CART.replace("topic: offers", "topic: orders");
    let world = World::new(&[&program]).await;
    world.tell([identify("w").by("email", "ann@x.org").withdraws("*"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    world.engine.set_suppression("email", "ann@x.org", Some("it bounced".into())).await.unwrap();
    world.tell([cart("c2", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 1);
    let reason = world.deliveries()[1].reason.clone().unwrap();
    assert_eq!(reason, "the email address is suppressed: it bounced");
    let known: Option<Suppression> = world.read(|read| read.suppression("email", "ann@x.org"));
    assert_eq!(known.unwrap().reason, "it bounced");
}

#[tokio::test]
async fn a_claim_for_somebody_elses_address_is_not_believed() {
    let world = World::new(&[]).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.pass(MINUTE);
    let mallory = identify("m1").by("user_id", "mallory").claims("offers", Withdrawn, Some("ann@x.org"));
    let granted = identify("m2").by("user_id", "mallory").claims("*", Granted, Some("bob@x.org"));
    world.tell([mallory, granted]).await;
    let ann = world.read(|read| read.consents("email", "ann@x.org"));
    assert_eq!(ann.iter().map(|c| c.status).collect::<Vec<_>>(), [Granted]);
    assert!(world.read(|read| read.consents("email", "bob@x.org")).is_empty());
    let flagged = world.read(|read| read.quarantine(None, None, ALL));
    assert_eq!(flagged.len(), 2);
    assert!(flagged.iter().all(|item| item.rejection.code == "consent-without-contact"));
    assert_eq!(world.person("user_id", "mallory").events, 2, "the events themselves are taken in");
}

#[tokio::test]
async fn a_claim_for_an_address_of_ones_own_is_believed() {
    let world = World::new(&[]).await;
    world.tell([identify("i").by("user_id", "u1").by("email", "ann@x.org")]).await;
    world
        .tell([
            identify("1").by("user_id", "u1").claims("offers", Granted, Some(" Ann@X.org ")),
            identify("2").by("email", "New@x.org").claims("news", Granted, Some("new@x.org")),
            identify("3").by("user_id", "u1").grants("news"),
        ])
        .await;
    let topics = |contact: &str| -> Vec<String> {
        let known = world.read(|read| read.consents("email", contact));
        known.into_iter().map(|consent| consent.topic).collect()
    };
    assert_eq!(topics("ann@x.org"), ["news", "offers"]);
    assert_eq!(topics("new@x.org"), ["news"]);
    assert!(world.read(|read| read.quarantine(None, None, ALL)).is_empty());
}

#[tokio::test]
async fn a_number_without_its_country_is_one_of_the_organisations() {
    let world = World::new(&[]).await;
    let mut touch = identify("1").by("phone", "(312) 555-0142").event(world.now());
    touch.consents.push(crowsnest_model::ConsentClaim {
        channel: "sms".into(),
        contact: Some("312 555 0142".into()),
        topic: "offers".into(),
        status: Granted,
        evidence: None,
    });
    let batch = crowsnest_ingest::wire::Batch { events: vec![touch], rejected: Vec::new() };
    world.engine.take_in(batch).await.unwrap();
    assert_eq!(world.read(|read| read.consents("sms", "+13125550142")).len(), 1);
}

#[tokio::test]
async fn on_the_preference_page_the_last_click_counts() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    let delivery = world.deliveries().remove(0);
    let standing = |world: &World| {
        let standing = world.engine.standing(delivery.id).unwrap().unwrap();
        standing.topics.into_iter().map(|(topic, granted)| (topic.name, granted)).collect::<Vec<_>>()
    };
    assert_eq!(standing(&world), [("news".into(), false), ("offers".into(), true)]);
    // Two clicks in one millisecond.
    for status in [Granted, Withdrawn] {
        let claims = vec![("offers".into(), status)];
        world.engine.set_consents(&delivery, claims, "the preference page").await.unwrap();
    }
    assert_eq!(standing(&world)[1], ("offers".into(), false));
    // A clock that was ahead when somebody agreed must not keep them from taking it back.
    world.pass(365 * DAY);
    world.engine.set_consents(&delivery, vec![("offers".into(), Granted)], "the page").await.unwrap();
    world.pass(-365 * DAY);
    world.engine.set_consents(&delivery, vec![("*".into(), Withdrawn)], "one click").await.unwrap();
    assert!(standing(&world).iter().all(|(_, granted)| !granted));
    assert_eq!(world.people().len(), 1, "following a link makes nobody");
}

#[tokio::test]
async fn following_a_link_of_somebody_who_was_merged_counts_for_the_survivor() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    let delivery = world.deliveries().remove(0);
    let busy = (0..9).map(|place| track(format!("t{place}"), "Seen").by("user_id", "u1"));
    world.tell(busy).await;
    world.tell([identify("same").by("user_id", "u1").by("email", "ann@x.org")]).await;
    let survivor = world.person("user_id", "u1");
    assert_ne!(survivor.id, delivery.profile);
    world.engine.set_consents(&delivery, vec![("*".into(), Withdrawn)], "one click").await.unwrap();
    assert_eq!(world.person("user_id", "u1").events, survivor.events + 1);
    let standing = world.engine.standing(delivery.id).unwrap().unwrap();
    assert!(standing.topics.iter().all(|(_, granted)| !granted));
}

/// Found by a random story (seed 70863).
#[tokio::test]
async fn what_is_agreed_for_an_address_reaches_whoever_has_it_also_by_somebody_elses_event() {
    let agrees = "segment: agrees\nwhen: 'consent(\"email\", \"offers\")'\n";
    let world = World::new(&[agrees]).await;
    world.tell([identify("1").by("user_id", "u1").by("email", "ann@x.org")]).await;
    // Two logins are two people; the address stays hers, and so does what is agreed for it.
    world.tell([identify("2").by("user_id", "u2").by("email", "ann@x.org").grants("offers")]).await;
    let [ann, other] = ["u1", "u2"].map(|user| world.person("user_id", user));
    assert_ne!(ann.id, other.id);
    assert!(ann.segments.contains_key("agrees") && !other.segments.contains_key("agrees"));
    world.tell([identify("3").by("user_id", "u2").by("email", "ann@x.org").withdraws("offers")]).await;
    assert!(!world.person("user_id", "u1").segments.contains_key("agrees"));
}
