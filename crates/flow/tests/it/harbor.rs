//! The programs of the example workspace, as they stand there, by the clock.

use crate::world::*;
use serde_json::json;
use std::path::Path;

async fn harbor() -> World {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/harbor-motors");
    let mut files = crowsnest_workspace::read_folder(&folder).unwrap();
    // Nobody is left out by lot here.
    for file in &mut files {
        file.text = file.text.replace("holdout: 10%\n", "").replace("weight: 20", "weight: 0");
    }
    World::of(files).await
}

fn happens(id: &str, name: &str) -> Touch {
    track(id, name).by("email", "ann@x.org")
}

fn templates(world: &World) -> Vec<String> {
    let sent = world.deliveries().into_iter();
    sent.filter(|delivery| delivery.state.as_str() == "sent").map(|delivery| delivery.template).collect()
}

#[tokio::test]
async fn a_new_account_is_welcomed_and_told_more_after_three_days() {
    let world = harbor().await;
    world.tell([subscriber("ann@x.org"), happens("a", "Account Created")]).await;
    world.serve().await;
    assert_eq!(templates(&world), ["welcome"]);
    world
        .tell((0..3).map(|n| happens(&format!("v{n}"), "Product Viewed").with(json!({ "product_id": "p" }))))
        .await;
    world.after(3 * DAY).await;
    assert_eq!(templates(&world), ["welcome", "how-we-sell"]);
    let filter = crowsnest_store::TaskFilter::default();
    let tasks = world.read(|read| read.tasks(&filter, ALL));
    assert_eq!(tasks.len(), 1, "the house is asked to call");
    world.tell([happens("again", "Account Created")]).await;
    world.after(DAY).await;
    assert_eq!(templates(&world).len(), 2, "once");
}

#[tokio::test]
async fn who_buys_meanwhile_is_told_nothing_more() {
    let world = harbor().await;
    world.tell([subscriber("ann@x.org"), happens("a", "Account Created")]).await;
    world.after(DAY).await;
    world.tell([happens("o", "Order Completed").with(json!({ "order_id": "o", "revenue": 90 }))]).await;
    world.after(3 * DAY).await;
    assert_eq!(templates(&world), ["welcome"]);
}

#[tokio::test]
async fn somebody_is_won_back_by_time_alone_and_once_in_a_year() {
    let world = harbor().await;
    let bought = happens("o", "Order Completed").with(json!({ "order_id": "o", "revenue": 90 }));
    world.tell([subscriber("ann@x.org"), bought]).await;
    world.after(180 * DAY).await;
    assert!(templates(&world).is_empty(), "never early");
    world.after(1).await;
    assert_eq!(templates(&world), ["we-miss-you"]);
    world.after(500 * DAY).await;
    assert_eq!(templates(&world).len(), 1, "they have entered the segment once");
}

#[tokio::test]
async fn a_missed_test_drive_is_asked_about_and_one_that_was_taken_is_not() {
    let world = harbor().await;
    let booked = |id: &str| happens(id, "Test Drive Booked").with(json!({ "booking_id": id }));
    world.tell([subscriber("ann@x.org"), booked("b1")]).await;
    world.after(DAY).await;
    world.tell([happens("t1", "Test Drive Taken").with(json!({ "booking_id": "b1" }))]).await;
    world.after(3 * DAY).await;
    assert!(templates(&world).is_empty());
    world.tell([booked("b2")]).await;
    world.after(2 * DAY - 1).await;
    assert!(templates(&world).is_empty());
    world.after(1).await;
    assert_eq!(templates(&world), ["another-day"]);
}

#[tokio::test]
async fn a_watched_car_that_got_cheaper_is_told_once() {
    let world = harbor().await;
    world.engine.build().await.unwrap();
    let stock = async |price: &str, updated: crowsnest_model::Time| {
        let text = format!(
            "Stock No,Model,Price,Available,Updated\n2022-kia-niro,2022 Kia Niro,\"{price}\",Y,{updated}\n"
        );
        let engine = world.engine.clone();
        let options = crowsnest_flow::ImportOptions::default();
        let read = move || engine.import(text.as_bytes(), "inventory", "cars", &options, |_| {});
        tokio::task::spawn_blocking(read).await.unwrap().unwrap();
        world.serve().await;
    };
    let watched = |id, car: &str| happens(id, "Car Watched").with(json!({ "car_id": car }));
    stock("19,950.50", world.now()).await;
    world
        .tell([subscriber("ann@x.org"), watched("w", "2022-kia-niro"), watched("v", "2016-volvo-v60")])
        .await;
    world.pass(HOUR);
    let morning = world.now();
    stock("18,900.00", morning).await;
    assert_eq!(templates(&world), ["price-drop"]);
    let mail = world.mailbox.list(false, 9, 0).unwrap().remove(0);
    assert_eq!(mail.subject, "2022 Kia Niro now costs $18900");
    // The same file again, the one before, and a price that goes up.
    stock("18,900.00", morning).await;
    stock("17,000.00", crowsnest_model::Time(morning.0 - 1)).await;
    world.pass(HOUR);
    stock("19,000.00", world.now()).await;
    world.after(DAY).await;
    assert_eq!(templates(&world).len(), 1);
}
