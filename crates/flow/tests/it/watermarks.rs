//! Up to when a source is complete: by its own events, by what a file says, by hand.

use crate::world::*;
use crowsnest_flow::ImportOptions;
use crowsnest_model::{Duration, Time};

const TILL: &str = r#"
source: till
sync: nightly
feeds:
  sales:
    format: csv
    time: { field: at }
    identifiers: { email: { field: email, type: email } }
    event: Order Completed
"#;

fn mark(world: &World, source: &str) -> Option<Time> {
    let marks = world.read(|read| read.watermarks());
    marks.into_iter().find(|mark| mark.source == source).map(|mark| mark.complete_until)
}

#[tokio::test]
async fn a_file_says_up_to_when_it_is_complete_and_releases_what_waited() {
    let program = FRESH_CART.replace("source: calls", "source: till");
    let world = World::new(&[TILL, &program]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org")]).await;
    world.tell([cart("c1", "ann@x.org"), cart("c2", "bob@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["held", "held"]);
    let sold = world.now().minus(Duration::minutes(20));
    let file = format!("at,email\n{sold},bob@x.org\n");
    let options = ImportOptions {
        file: "sales.csv".into(),
        complete_until: Some(world.now()),
        ..ImportOptions::default()
    };
    let import = |file: String, options: ImportOptions| {
        let engine = world.engine.clone();
        tokio::task::spawn_blocking(move || engine.import(file.as_bytes(), "till", "sales", &options, |_| {}))
    };
    let record = import(file.clone(), options.clone()).await.unwrap().unwrap();
    assert_eq!((record.rows, record.accepted, record.complete_until), (1, 1, Some(world.now())));
    assert_eq!(mark(&world, "till"), Some(world.now()));
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"], "bob has bought at the till");
    assert_eq!(world.states(), ["sent", "cancelled"]);
    let again = import(file, options).await.unwrap().unwrap();
    assert_eq!((again.accepted, again.duplicates), (0, 1));
    let ahead =
        ImportOptions { complete_until: Some(world.now().plus(Duration::days(9))), ..Default::default() };
    import("at,email\n".into(), ahead).await.unwrap().unwrap();
    assert_eq!(
        mark(&world, "till"),
        Some(world.now()),
        "complete until a moment to come is complete until now"
    );
}

#[tokio::test]
async fn a_source_in_real_time_is_as_fresh_as_its_latest_event() {
    let world = World::new(&[]).await;
    world.tell([track("1", "Seen").by("user_id", "u")]).await;
    assert_eq!(mark(&world, "web"), Some(world.now()));
    let before = world.now();
    world.pass(HOUR);
    world.tell([track("2", "Seen").by("user_id", "u").at(before.minus(Duration::days(1)))]).await;
    world.tell([track("3", "Seen").by("user_id", "u").historical()]).await;
    world.tell([track("4", "Seen").by("user_id", "u").from("calls")]).await;
    assert_eq!(mark(&world, "web"), Some(before), "what is late or history says nothing");
    assert_eq!(mark(&world, "calls"), None, "nor does a source that comes in batches");
    assert!(!world.engine.set_watermark("web", before).await.unwrap());
    assert!(world.engine.set_watermark("nowhere", before).await.is_err());
}
