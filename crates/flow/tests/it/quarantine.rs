//! What could not be taken in: kept once, driven again, and never in the way of the rest.

use crate::world::*;
use crowsnest_ingest::wire::Batch;
use crowsnest_model::quarantine::{QuarantineState, Rejection};

fn rejection(raw: &str) -> Rejection {
    Rejection {
        source: "web".into(),
        feed: None,
        place: "batch[0]".into(),
        code: "invalid-json".into(),
        reason: "it is not JSON".into(),
        raw: raw.as_bytes().to_vec(),
        header: None,
    }
}

#[tokio::test]
async fn the_same_bytes_again_are_counted_once() {
    let world = World::new(&[]).await;
    for _ in 0..3 {
        let batch = Batch { events: Vec::new(), rejected: vec![rejection("{oops")] };
        let receipt = world.engine.take_in(batch).await.unwrap();
        assert_eq!(receipt.quarantined, 1, "whoever sent it is told each time");
    }
    assert_eq!(world.read(|read| read.quarantine(None, None, ALL)).len(), 1);
    assert_eq!(world.read(|read| read.counter("quarantined")), 1);
    assert_eq!(world.read(|read| read.source_counts())[0].quarantined, 1);
}

#[tokio::test]
async fn corrected_and_driven_again_it_is_taken_in_once() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org")]).await;
    let batch = Batch { events: Vec::new(), rejected: vec![rejection("{oops")] };
    world.engine.take_in(batch).await.unwrap();
    let item = world.read(|read| read.quarantine(None, None, ALL)).remove(0);
    assert!(world.engine.redrive(item.id, None).await.is_err(), "it is no better than before");
    let still = world.read(|read| read.quarantined(item.id)).unwrap();
    assert_eq!((still.state, still.attempts), (QuarantineState::Open, 1));
    let corrected = r#"{"type":"track","messageId":"m1","event":"Seen","userId":"u1"}"#;
    let receipt = world.engine.redrive(item.id, Some(corrected.into())).await.unwrap();
    assert_eq!(receipt.accepted, 1);
    let done = world.read(|read| read.quarantined(item.id)).unwrap();
    assert_eq!((done.state, done.attempts), (QuarantineState::Resolved, 2));
    let again = world.engine.redrive(item.id, Some(corrected.into())).await.unwrap_err().to_string();
    assert!(again.contains("resolved already"), "{again}");
    assert!(world.engine.discard(item.id).await.is_err());
    assert_eq!(world.person("user_id", "u1").events, 1);
}

#[tokio::test]
async fn what_was_only_flagged_is_not_driven_again() {
    let world = World::new(&[]).await;
    world.tell([identify("1").by("user_id", "u1").grants("offers")]).await;
    let item = world.read(|read| read.quarantine(None, None, ALL)).remove(0);
    assert_eq!(item.rejection.code, "consent-without-contact");
    let refused = world.engine.redrive(item.id, None).await.unwrap_err().to_string();
    assert!(refused.contains("was taken in"), "{refused}");
    world.engine.discard(item.id).await.unwrap();
}

#[tokio::test]
async fn an_event_that_a_fault_keeps_out_waits_and_the_others_go_on() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org")]).await;
    let ann = world.person("email", "ann@x.org");
    let before = ann.id.0 as i64;
    let damage = "UPDATE people SET doc = x'01c1' WHERE id =";
    let world = world.crashed(&format!("CREATE TABLE kept AS SELECT * FROM people; {damage} {before};"));
    let touched = [order("1", "bob@x.org"), cart("2", "ann@x.org"), order("3", "bob@x.org")];
    let receipt = world.tell(touched).await;
    assert_eq!((receipt.accepted, receipt.quarantined), (2, 1));
    let item = world.read(|read| read.quarantine(None, None, ALL)).remove(0);
    assert_eq!(item.rejection.code, "fault");
    assert!(item.rejection.reason.contains("a stored profile cannot be read"), "{}", item.rejection.reason);
    assert!(world.engine.redrive(item.id, None).await.is_err(), "the fault is still there");
    let world = world.crashed(
        "UPDATE people SET doc = (SELECT doc FROM kept WHERE kept.id = people.id) WHERE doc = x'01c1';",
    );
    world.engine.redrive(item.id, None).await.unwrap();
    assert_eq!(world.person("email", "ann@x.org").events, 2);
    world.after(HOUR).await;
    assert_eq!(world.mailed(), ["ann@x.org"], "it is the event that it was");
}
