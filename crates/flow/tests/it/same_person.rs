//! Why two are one person, or why not.

use crate::world::*;
use crowsnest_flow::{Asked, FlowError, SamePerson, SplitBy};
use crowsnest_model::{Identifier, ProfileId};
use crowsnest_store::LedgerKind;
use serde_json::json;

fn by(namespace: &str, value: &str) -> Asked {
    Asked::Identifier(Identifier::new(namespace, value))
}

fn ask(world: &World, one: Asked, other: Asked) -> SamePerson {
    world.engine.same_person(one, other).unwrap()
}

fn way(answer: &SamePerson) -> Vec<(&str, &str, LedgerKind)> {
    answer.chain.iter().map(|told| (told.from.as_str(), told.to.as_str(), told.kind)).collect()
}

/// Ann by her login and her mailbox, a stranger by a card, and a browser.
async fn three() -> (World, [ProfileId; 3]) {
    let world = World::new(&[]).await;
    world.tell([identify("a").by("user_id", "u1").by("email", "ann@x.org")]).await;
    world.tell([track("a2", "Seen").by("user_id", "u1")]).await;
    world.tell([track("b", "Seen").by("loyalty_id", "l2").from("calls")]).await;
    world.tell([track("c", "Seen").by("anonymous_id", "b3")]).await;
    let ids = [("user_id", "u1"), ("loyalty_id", "l2"), ("anonymous_id", "b3")]
        .map(|(namespace, value)| world.holder(namespace, value).unwrap());
    world.pass(HOUR);
    (world, ids)
}

#[tokio::test]
async fn one_person_is_told_step_by_step() {
    let (world, [ann, card, browser]) = three().await;
    world.tell([track("till", "Paid").by("email", "Ann@x.org").by("loyalty_id", "l2").from("calls")]).await;
    world.tell([track("login", "Seen").by("loyalty_id", "l2").by("anonymous_id", "b3")]).await;
    let answer = ask(&world, by("email", " ANN@x.org "), by("anonymous_id", "b3"));
    assert!(answer.one_person);
    assert_eq!((answer.one.asked.as_str(), answer.one.profile), ("email=ann@x.org", ann));
    let (ann_id, browser_id) = (ann.to_string(), browser.to_string());
    assert_eq!(
        way(&answer),
        [
            ("email=ann@x.org", ann_id.as_str(), LedgerKind::Link),
            (&ann_id, &browser_id, LedgerKind::Merge),
            (&browser_id, "anonymous_id=b3", LedgerKind::Link),
        ],
        "the card is not on the way"
    );
    assert_eq!(
        answer.summary,
        format!(
            "email=ann@x.org and anonymous_id=b3 are one person, {ann}: 3 things lead from the one to the other."
        )
    );
    let sentences: Vec<_> = answer.chain.iter().map(|told| told.sentence.as_str()).collect();
    assert_eq!(
        sentences,
        [
            format!(
                "email=ann@x.org has been known as {ann}’s since 2026-03-02 at 03:00 America/Chicago, when web named \
                 user_id=u1 and email=ann@x.org in an identify event."
            ),
            format!(
                "{browser} turned out to be {ann} on 2026-03-02 at 04:00 America/Chicago, when web named \
                 loyalty_id=l2 and anonymous_id=b3 in a track event “Seen”."
            ),
            format!(
                "anonymous_id=b3 has been known as {browser}’s since 2026-03-02 at 03:00 America/Chicago, when web \
                 named anonymous_id=b3 in a track event “Seen”."
            ),
        ]
    );
    // An id that somebody had leads there as well, by the merge alone.
    let earlier = ask(&world, Asked::Profile(card), by("user_id", "u1"));
    assert_eq!((earlier.one.profile, earlier.chain.len()), (ann, 2));
    let merge = &earlier.chain[0];
    assert_eq!((merge.kind, merge.source.as_deref()), (LedgerKind::Merge, Some("calls")));
    assert_eq!(merge.event, Some(crowsnest_model::EventId::of("calls", "till")));
    assert_eq!(ask(&world, by("user_id", "u1"), by("user_id", "u1")).chain.len(), 0);
}

#[tokio::test]
async fn a_decision_stands_in_the_chain_with_its_own_words() {
    let (world, [ann, card, _]) = three().await;
    let joined = world.engine.join(ann, card, "she told us".into()).await.unwrap();
    let answer = ask(&world, Asked::Profile(ann), Asked::Profile(card));
    let [step] = answer.chain.as_slice() else { panic!("{answer:?}") };
    assert_eq!((step.decision, step.event, step.source.as_ref()), (Some(joined.decision), None, None));
    assert_eq!(
        step.sentence,
        format!(
            "People of the house decided on 2026-03-02 at 04:00 America/Chicago that {card} and {ann} are one: she \
             told us."
        )
    );
}

#[tokio::test]
async fn of_two_people_it_says_what_stands_between_them() {
    let (world, [ann, card, _]) = three().await;
    let stranger = ask(&world, by("user_id", "u1"), by("loyalty_id", "l2"));
    assert!(!stranger.one_person && stranger.between.is_empty() && stranger.decisions.is_empty());
    assert!(stranger.summary.ends_with(
        "Nothing that came in ever named both of them together as one, and nobody decided that they are one."
    ));
    // A mailbox and a browser of which two logins make use, and what is known of both.
    let known = |id: &str, city: &str| identify(id).traits(json!({ "surname": "Carter", "city": city }));
    world.tell([known("k1", "Rome").by("user_id", "u1").by("anonymous_id", "shared")]).await;
    world.pass(HOUR);
    world.tell([known("k2", "Oslo").by("user_id", "u2").by("email", "ann@x.org")]).await;
    world.tell([track("k3", "Seen").by("user_id", "u2").by("anonymous_id", "shared")]).await;
    world.tell([identify("k4").traits(json!({ "surname": " carter" })).by("user_id", "u2")]).await;
    let two = world.holder("user_id", "u2").unwrap();
    let answer = ask(&world, by("email", "ann@x.org"), by("user_id", "u2"));
    let kinds: Vec<_> = answer.between.iter().map(|told| (told.kind, told.source.as_deref())).collect();
    assert_eq!(kinds, [(LedgerKind::GaveWay, Some("web")), (LedgerKind::Move, Some("web"))]);
    assert_eq!(
        answer.summary,
        format!(
            "email=ann@x.org ({ann}) and user_id=u2 ({two}) are two people. They were named together, and yet are not one person: \
             the person would have 2 values of user_id, and may have 1."
        )
    );
    assert!(
        answer.between[1].sentence.starts_with(&format!("anonymous_id=shared went from {ann} to {two} on"))
    );
    assert_eq!(json!(answer.shared), json!([{ "field": "surname", "value": "Carter" }]));
    assert!(answer.alike.is_none(), "people are matched by identifiers alone here");
    // Told apart: the decision says why, and what is on record stays when another split takes the events in again.
    world.tell([track("till", "Seen").by("user_id", "u1").by("loyalty_id", "l2")]).await;
    world.tell([track("call", "Called").by("phone", "+1 312 555 0100")]).await;
    let caller = world.holder("phone", "+13125550100").unwrap();
    let apart = |who, reason: &str| world.engine.split(ann, SplitBy::Merged(who), reason.into(), false);
    apart(card, "his card").await.unwrap();
    world.engine.join(ann, caller, "her telephone".into()).await.unwrap();
    apart(caller, "it was not").await.unwrap();
    let answer = ask(&world, by("user_id", "u1"), by("loyalty_id", "l2"));
    assert_eq!(
        answer.decisions.iter().map(|decision| decision.reason.as_str()).collect::<Vec<_>>(),
        ["his card"]
    );
    assert_eq!(answer.between.iter().map(|told| told.kind).collect::<Vec<_>>(), [LedgerKind::Split]);
    assert!(answer.summary.ends_with("It was decided that they are not one person: his card."));
}

#[tokio::test]
async fn nobody_is_not_somebody() {
    let (world, [ann, ..]) = three().await;
    let error = |one, other| world.engine.same_person(one, other).unwrap_err();
    let unknown = error(by("user_id", "u1"), by("user_id", "u9"));
    assert!(matches!(unknown, FlowError::NotFound { .. }));
    assert_eq!(unknown.to_string(), "there is no person with `user_id=u9`");
    assert_eq!(
        error(Asked::Profile(ProfileId(7)), Asked::Profile(ann)).to_string(),
        format!("there is no person `{}`", ProfileId(7))
    );
    let household = error(by("account", "HM-1"), by("user_id", "u1"));
    assert!(household.to_string().contains("names a household"), "{household}");
    assert!(error(by("user_id", "undefined"), by("user_id", "u1")).to_string().contains("blocked value"));
}
