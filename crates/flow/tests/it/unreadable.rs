//! Somebody of whom nothing can be read any more stands in nobody's way.

use crate::world::*;
use crowsnest_model::ProfileId;

const BUYERS: &str = "segment: buyers\nwhen: count(\"Order Completed\") >= 1\n";
const LAPSED: &str = "segment: lapsed\nwhen: last(\"Order Completed\") < ago(\"20d\")\n";

/// The store has something else of this person than what it wrote.
fn lost(world: World, who: ProfileId) -> World {
    world.crashed(&format!("UPDATE people SET doc = x'ff00' WHERE id = {}", who.0))
}

#[tokio::test]
async fn what_others_wait_for_goes_on() {
    let world = World::new(&[CART]).await;
    for name in ["ann@x.org", "bob@x.org", "eve@x.org"] {
        world.tell([subscriber(name)]).await;
        world.tell([cart(&format!("cart of {name}"), name)]).await;
    }
    let bob = world.person("email", "bob@x.org").id;
    let world = lost(world, bob);
    // Each has a timer, and later a message.
    world.after(45 * MINUTE).await;
    let mut mailed = world.mailed();
    mailed.sort();
    assert_eq!(mailed, ["ann@x.org", "eve@x.org"]);
    // It is looked at again now and then, and keeps nobody busy.
    world.after(DAY).await;
    assert_eq!(world.mailed().len(), 2);
}

#[tokio::test]
async fn a_message_to_them_that_expires_lets_others_go_on() {
    let world = World::new(&[CART]).await;
    for name in ["ann@x.org", "bob@x.org"] {
        world.tell([subscriber(name)]).await;
        world.tell([cart(&format!("cart of {name}"), name)]).await;
    }
    world.engine.set_switch("cart", true).await.unwrap();
    world.after(45 * MINUTE).await;
    assert_eq!(world.states(), vec!["held"; 2]);
    let bob = world.person("email", "bob@x.org").id;
    let world = lost(world, bob);
    world.after(DAY).await;
    assert_eq!(world.states(), vec!["expired"; 2]);
    world.engine.set_switch("cart", false).await.unwrap();
    world.tell([cart("another", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn new_definitions_are_built_and_time_goes_on_for_others() {
    let world = World::new(&[LAPSED]).await;
    for name in ["ann@x.org", "bob@x.org", "eve@x.org"] {
        world.tell([subscriber(name)]).await;
        world.tell([order(&format!("order of {name}"), name)]).await;
    }
    let bob = world.person("email", "bob@x.org").id;
    let world = lost(world, bob);
    world.apply(&[LAPSED, BUYERS]).await;
    world.engine.build().await.unwrap();
    assert!(world.engine.building().unwrap().is_none());
    let inside = |segment: &str| {
        let all = ["ann@x.org", "eve@x.org"].map(|name| world.person("email", name));
        all.iter().filter(|one| one.segments.contains_key(segment)).count()
    };
    assert_eq!(inside("buyers"), 2);
    world.after(21 * DAY).await;
    assert_eq!(inside("lapsed"), 2);
}
