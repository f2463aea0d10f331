//! The programs of the example workspace, as they stand there, by the clock.

use crate::world::*;
use crowsnest_model::Time;
use serde_json::{Value, json};
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
    assert_eq!(tasks(&world), 0, "it is night in Chicago");
    world.after(6 * HOUR).await;
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
async fn a_missed_test_drive_is_asked_about_after_its_day_and_one_that_was_taken_is_not() {
    let world = harbor().await;
    let booked =
        |id: &str, day: &str| happens(id, "Test Drive Booked").with(json!({ "booking_id": id, "day": day }));
    world.tell([subscriber("ann@x.org"), booked("b1", "2026-03-03")]).await;
    until(&world, "2026-03-03T18:00:00Z").await;
    world.tell([happens("t1", "Test Drive Taken").with(json!({ "booking_id": "b1" }))]).await;
    until(&world, "2026-03-06T18:00:00Z").await;
    assert!(templates(&world).is_empty(), "they came");
    // For a day next month, across the change of the clocks; nobody has to count from today.
    world.tell([booked("b2", "2026-04-10")]).await;
    until(&world, "2026-04-12T13:59:59.999Z").await;
    assert!(templates(&world).is_empty());
    until(&world, "2026-04-12T14:00:00Z").await;
    assert_eq!(templates(&world), ["another-day"], "at nine in the morning of Chicago");
    // One that was called off is not asked about, nor one that lies too far ahead.
    world.tell([booked("b3", "2026-04-20")]).await;
    world.tell([happens("c3", "Test Drive Cancelled").with(json!({ "booking_id": "b3" }))]).await;
    world.pass(HOUR);
    world.tell([booked("b4", "2027-04-20")]).await;
    assert_eq!(world.run_words("test-drive-no-show").len(), 4);
    until(&world, "2027-05-01T14:00:00Z").await;
    assert_eq!(templates(&world), ["another-day"]);
}

/// Lets time pass until a moment, and serves what is due then.
async fn until(world: &World, text: &str) {
    let moment: Time = text.parse().unwrap();
    world.after(moment.0 - world.now().0).await;
}

fn tells(id: &str, traits: Value) -> Touch {
    identify(id).by("email", "ann@x.org").traits(traits)
}

fn tasks(world: &World) -> usize {
    world.read(|read| read.tasks(&crowsnest_store::TaskFilter::default(), ALL)).len()
}

#[tokio::test]
async fn a_birthday_is_remembered_at_nine_in_the_morning_wherever_they_live() {
    let world = harbor().await;
    // Born on a leap day, in a year without one.
    let born = json!({ "birthday": "1992-02-29", "time_zone": "America/Los_Angeles" });
    world.tell([subscriber("ann@x.org"), tells("born", born.clone())]).await;
    until(&world, "2027-02-28T16:59:59.999Z").await;
    assert!(templates(&world).is_empty());
    until(&world, "2027-02-28T17:00:00Z").await;
    assert_eq!(templates(&world), ["birthday"]);
    // Corrected by a day, told again, and the process begins anew: they had their birthday.
    let world = world.restarted(None);
    world.tell([tells("corrected", json!({ "birthday": "1992-03-01" }))]).await;
    world.after(3 * DAY).await;
    world.tell([tells("again", born)]).await;
    world.after(3 * DAY).await;
    assert_eq!(templates(&world).len(), 1, "{:?}", world.run_words("birthday"));
    until(&world, "2028-02-29T17:00:00Z").await;
    assert_eq!(templates(&world).len(), 2);
}

#[tokio::test]
async fn whoever_tells_on_their_birthday_is_congratulated_unless_it_is_night() {
    for (told, expected) in [("2026-03-10T18:00:00Z", 1), ("2026-03-11T04:30:00Z", 0)] {
        let world = harbor().await;
        world.tell([subscriber("ann@x.org")]).await;
        until(&world, told).await;
        world.tell([tells("born", json!({ "birthday": "1990-03-10" }))]).await;
        world.serve().await;
        assert_eq!(templates(&world).len(), expected, "{:?}", world.run_words("birthday"));
    }
}

#[tokio::test]
async fn a_birthday_in_an_outage_is_made_good_on_the_same_day_only() {
    for (back, expected) in [("2026-03-10T20:00:00Z", 1), ("2026-03-13T20:00:00Z", 0)] {
        let world = harbor().await;
        world.tell([subscriber("ann@x.org"), tells("born", json!({ "birthday": "1990-03-10" }))]).await;
        let world = world.restarted(None);
        until(&world, back).await;
        assert_eq!(templates(&world).len(), expected);
        assert_eq!(world.runs("birthday").len(), 1, "and it says why: {:?}", world.run_words("birthday"));
    }
}

#[tokio::test]
async fn a_lease_that_ends_is_asked_about_and_then_somebody_calls() {
    let world = harbor().await;
    world.tell([subscriber("ann@x.org"), tells("lease", json!({ "lease_end": "2026-06-30" }))]).await;
    world.tell([identify("number").by("email", "ann@x.org").by("phone", "+13125550142")]).await;
    until(&world, "2026-05-31T13:59:59Z").await;
    assert!(templates(&world).is_empty());
    until(&world, "2026-05-31T14:00:00Z").await;
    assert_eq!(templates(&world), ["lease-end"]);
    let mail = world.mailbox.list(false, 1, 0).unwrap().remove(0);
    assert_eq!(mail.subject, "Your lease ends on 2026-06-30");
    world.after(7 * DAY).await;
    assert_eq!(tasks(&world), 0, "it is Sunday");
    until(&world, "2026-06-08T13:59:59.999Z").await;
    assert_eq!(tasks(&world), 0);
    world.after(1).await;
    assert_eq!(tasks(&world), 1, "on Monday at nine in Chicago");
    world.tell([happens("r", "Lease Renewed")]).await;
    assert_eq!(tasks(&world), 0, "off the list at once");
}

#[tokio::test]
async fn nobody_calls_about_a_lease_that_was_renewed_or_put_off() {
    for renewed in [true, false] {
        let world = harbor().await;
        world.tell([subscriber("ann@x.org"), tells("lease", json!({ "lease_end": "2026-06-30" }))]).await;
        until(&world, "2026-05-31T14:00:00Z").await;
        world.after(DAY).await;
        if renewed {
            world.tell([happens("r", "Lease Renewed")]).await;
        } else {
            world.tell([tells("later", json!({ "lease_end": "2026-09-30" }))]).await;
        }
        world.after(10 * DAY).await;
        assert_eq!((templates(&world).len(), tasks(&world)), (1, 0), "{:?}", world.run_words("lease-end"));
        until(&world, "2026-08-31T14:00:00Z").await;
        assert_eq!(templates(&world).len(), if renewed { 1 } else { 2 }, "the new end has its own month");
    }
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
