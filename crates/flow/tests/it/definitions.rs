//! Definitions change while people are on their way.

use crate::world::*;

fn version(world: &World, name: &str) -> Option<u32> {
    world.engine.live().version("program", name)
}

#[tokio::test]
async fn people_finish_on_the_version_that_they_began() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org"), cart("c1", "ann@x.org")]).await;
    world.apply(&[&CART.replace("wait: 45m", "wait: 3h")]).await;
    world.tell([cart("c2", "bob@x.org")]).await;
    world.after(45 * MINUTE).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    world.after(3 * HOUR - 45 * MINUTE).await;
    assert_eq!(world.mailed(), ["ann@x.org", "bob@x.org"]);
    let versions: Vec<u32> = world.runs("cart").iter().map(|run| run.version).collect();
    assert_eq!(versions, [1, 2]);
    let world = world.restarted(None);
    assert_eq!(version(&world, "cart"), Some(2));
}

#[tokio::test]
async fn a_program_that_was_removed_takes_nobody_in_and_lets_people_finish() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org"), cart("c1", "ann@x.org")]).await;
    world.apply(&[]).await;
    world.tell([cart("c2", "bob@x.org")]).await;
    let world = world.restarted(None);
    world.after(HOUR).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    assert_eq!(world.runs("cart").len(), 1);
    world.apply(&[CART]).await;
    assert_eq!(version(&world, "cart"), Some(2), "back, as its next version");
}

#[tokio::test]
async fn a_purchase_still_cancels_on_a_version_that_is_gone() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.apply(&[&CART.replace("cancel_on: { event: Order Completed }\n", "")]).await;
    world.pass(MINUTE);
    world.tell([order("o1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn a_version_that_cannot_be_read_any_more_ends_its_runs_and_sends_nothing() {
    let world = World::new(&[FRESH_CART]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    world.tell([cart("c2", "bob@x.org")]).await;
    world.apply(&[]).await;
    assert_eq!(world.states(), ["held"]);
    let world = world.crashed("UPDATE documents SET compiled = '{\"program\": 1}' WHERE kind = 'program';");
    world.calls_are_fresh().await;
    world.after(HOUR).await;
    world.after(6 * HOUR).await;
    assert!(world.mailed().is_empty());
    assert!(world.people().iter().all(|profile| profile.runs.is_empty()), "{:?}", world.run_words("cart"));
}

#[tokio::test]
async fn a_comment_or_another_file_is_no_new_version() {
    let world = World::new(&[CART]).await;
    let commented = CART.replace("trigger:", "# Whoever leaves a cart.\ntrigger:");
    let applied = world.apply(&[&commented]).await;
    assert_eq!(applied.changes.len(), 1, "it is shown");
    assert_eq!(version(&world, "cart"), Some(1));
    let exported = world.engine.export();
    assert!(exported.iter().any(|file| file.text.contains("# Whoever leaves a cart.")), "and kept");
    assert!(world.apply(&[&commented]).await.changes.is_empty());
    world.apply(&[&commented.replace("45m", "46m")]).await;
    assert_eq!(version(&world, "cart"), Some(2));
}

#[tokio::test]
async fn definitions_with_a_mistake_change_nothing() {
    let world = World::new(&[CART]).await;
    let wrong = world.engine.apply(files(&[&CART.replace("wait: 45m", "wait: soon")])).await;
    assert!(wrong.is_err());
    assert_eq!(version(&world, "cart"), Some(1));
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 1);
}

#[tokio::test]
async fn a_program_that_becomes_a_draft_lets_people_finish() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org"), cart("c1", "ann@x.org")]).await;
    world.apply(&[&CART.replace("trigger:", "state: draft\ntrigger:")]).await;
    world.tell([cart("c2", "bob@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}
