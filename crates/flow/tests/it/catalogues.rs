//! Items of catalogues, and those who hear that one that they watch has changed.

use crate::world::*;
use crowsnest_flow::ImportOptions;
use crowsnest_model::{Duration, Time};
use serde_json::{Value, json};

/// A catalogue, a feed that lists all of it, and a program about what got cheaper.
const CARS: &str = r#"
catalogue: cars
title: Cars in stock
fields:
  title: { type: text }
  price: { type: number, required: true }
---
source: inventory
sync: hourly
feeds:
  cars:
    format: csv
    catalogue: cars
    item: No
    time: { field: Updated }
    fields: { title: Model, price: { field: Price, type: money } }
  all:
    format: csv
    catalogue: cars
    item: No
    complete: true
    fields: { title: Model, price: { field: Price, type: money } }
---
template: cheaper
channel: email
subject: "{{ item.title }} is {{ item.price }}, no more {{ before.price }}"
mjml: "<mjml><mj-body><mj-section><mj-column><mj-text>{{ event.properties.item.key }} <a href=\"{{ links.unsubscribe }}\">stop</a></mj-text></mj-column></mj-section></mj-body></mjml>"
text: "{{ links.unsubscribe }}"
"#;

const DROP: &str = r#"
program: drop
trigger:
  catalogue: cars
  when: item.price < before.price
  watched: { event: Car Watched, item: event.properties.car, within: 90d }
  ttl: 2d
cancel_on: { event: Order Completed }
steps:
  - send: { channel: email, template: cheaper, topic: offers }
"#;

fn watches(id: &str, email: &str, car: &str) -> Touch {
    track(id, "Car Watched").by("email", email).with(json!({ "car": car }))
}

/// Ann watches the car c1 and Bob the car c2; both cost 100.
async fn begun(documents: &[&str]) -> World {
    let world = World::new(documents).await;
    world.engine.build().await.unwrap();
    prices(&world, &[("c1", 100), ("c2", 100)]).await;
    world
        .tell([
            subscriber("ann@x.org"),
            subscriber("bob@x.org"),
            watches("w1", "ann@x.org", "c1"),
            watches("w2", "bob@x.org", "c2"),
        ])
        .await;
    world
}

async fn import(world: &World, feed: &str, text: String, options: ImportOptions) -> [u64; 3] {
    let (engine, feed) = (world.engine.clone(), feed.to_owned());
    let record = tokio::task::spawn_blocking(move || {
        engine.import(text.as_bytes(), "inventory", &feed, &options, |_| {})
    });
    let record = record.await.unwrap().unwrap();
    [record.accepted, record.duplicates, record.quarantined]
}

fn rows(at: Time, prices: &[(&str, i64)]) -> String {
    let rows = prices.iter().map(|(car, price)| format!("{car},Dory {car},{price},{at}\n"));
    format!("No,Model,Price,Updated\n{}", rows.collect::<String>())
}

/// A file of these prices as of now is read.
async fn prices(world: &World, prices: &[(&str, i64)]) -> [u64; 3] {
    import(world, "cars", rows(world.now(), prices), ImportOptions::default()).await
}

/// A file that lists all cars is read.
async fn list(world: &World, prices: &[(&str, i64)]) -> [u64; 3] {
    import(world, "all", rows(world.now(), prices), ImportOptions::default()).await
}

/// What is there, by key, with its price; what is gone stands in brackets.
fn stock(world: &World) -> String {
    let items = world.engine.items("cars", None, 99).unwrap();
    let items = items.into_iter().map(|item| match item.gone {
        true => format!("({} {})", item.key, item.fields["price"]),
        false => format!("{} {}", item.key, item.fields["price"]),
    });
    items.collect::<Vec<_>>().join(", ")
}

fn subjects(world: &World) -> Vec<String> {
    world.mailbox.list(false, 99, 0).unwrap().into_iter().map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn who_watches_a_car_hears_once_that_it_got_cheaper() {
    let world = begun(&[CARS, DROP]).await;
    world.serve().await;
    assert!(world.mailed().is_empty(), "a new item was never dearer");
    world.pass(HOUR);
    assert_eq!(prices(&world, &[("c1", 90), ("c2", 100)]).await, [1, 1, 0]);
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"], "and not who watches another one");
    assert_eq!(subjects(&world), ["Dory c1 is 90, no more 100"]);
    let run = &world.runs("drop")[0];
    assert_eq!(
        (run.occasion.clone(), run.triggered),
        (format!("catalogue:cars:c1:{}", world.now()), world.now())
    );
    // The same file again, one of an hour ago, one in which it got dearer.
    let hour_ago = world.now().minus(Duration(HOUR));
    prices(&world, &[("c1", 90), ("c2", 100)]).await;
    import(&world, "cars", rows(hour_ago, &[("c1", 50)]), ImportOptions::default()).await;
    world.pass(HOUR);
    prices(&world, &[("c1", 95)]).await;
    world.serve().await;
    assert_eq!((world.mailed().len(), stock(&world)), (1, "c1 95, c2 100".into()));
    // Cheaper once more is another occasion.
    world.pass(HOUR);
    prices(&world, &[("c1", 80)]).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 2);
}

#[tokio::test]
async fn a_rule_for_occasions_tells_of_a_car_once() {
    let once = DROP.replace("cancel_on", "occasion: item.key\ncancel_on");
    let world = begun(&[CARS, &once]).await;
    for price in [90, 80, 70] {
        world.pass(HOUR);
        prices(&world, &[("c1", price)]).await;
        world.serve().await;
    }
    assert_eq!(
        (world.mailed(), world.runs("drop")[0].occasion.as_str()),
        (vec!["ann@x.org".to_owned()], "c1")
    );
}

#[tokio::test]
async fn any_order_of_files_gives_the_same_items() {
    let told =
        |world: &World, hours: i64, price| rows(world.now().minus(Duration(hours * HOUR)), &[("c1", price)]);
    let mut found = Vec::new();
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
        let world = World::new(&[CARS, DROP]).await;
        let files = [told(&world, 9, 100), told(&world, 5, 80), told(&world, 1, 90)];
        for place in order {
            import(&world, "cars", files[place].clone(), ImportOptions::default()).await;
        }
        found.push(stock(&world));
    }
    assert_eq!(found, ["c1 90"; 4]);
}

#[tokio::test]
async fn history_and_what_nobody_asks_about_announce_nothing() {
    let world = begun(&[CARS, DROP]).await;
    world.pass(HOUR);
    let history = ImportOptions { historical: true, ..ImportOptions::default() };
    import(&world, "cars", rows(world.now(), &[("c1", 60)]), history).await;
    world.serve().await;
    assert_eq!((world.mailed().len(), stock(&world)), (0, "c1 60, c2 100".into()));
    let paused = DROP.replace("trigger:", "state: paused\ntrigger:");
    world.apply(&[CARS, &paused]).await;
    world.pass(HOUR);
    prices(&world, &[("c1", 50)]).await;
    world.apply(&[CARS, DROP]).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 0, "it was paused when the price fell");
    assert!(world.read(|read| read.due_item_changes(Time(i64::MAX), 9)).is_empty());
}

#[tokio::test]
async fn who_turned_out_to_be_one_hears_once() {
    let world = begun(&[CARS, DROP]).await;
    world.tell([watches("w3", "bob@x.org", "c1")]).await;
    world.pass(HOUR);
    prices(&world, &[("c1", 90)]).await;
    let one = identify("one").by("email", "ann@x.org").by("email", "bob@x.org");
    world.tell([one]).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 1);
    // What Bob watched they watch now.
    world.pass(HOUR);
    prices(&world, &[("c2", 90)]).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 2);
}

#[tokio::test]
async fn it_goes_on_after_a_crash_where_it_was() {
    let world = begun(&[CARS, DROP]).await;
    // More than hear of it in one commit.
    let many = (0..450).flat_map(|n| {
        let email = format!("p{n}@x.org");
        [subscriber(&email), watches(&format!("m{n}"), &email, "c1")]
    });
    world.tell(many).await;
    world.pass(HOUR);
    prices(&world, &[("c1", 90)]).await;
    let world = world.restarted(None);
    world.serve().await;
    let mut mailed = world.mailed();
    mailed.sort();
    mailed.dedup();
    assert_eq!((mailed.len(), world.runs("drop").len(), world.deliveries().len()), (451, 451, 451));
    // The process died after the change was worked off for half of them, and does it again.
    let change = "INSERT INTO item_changes (program, catalogue, key, time, seen, due) SELECT 'drop', 'cars', 'c1', \
                  triggered, '{\"item\":{\"price\":90},\"before\":{\"price\":100}}', 0 FROM runs LIMIT 1";
    let world = world.crashed(change);
    world.serve().await;
    assert_eq!(world.deliveries().len(), 451, "nobody hears twice");
}

#[tokio::test]
async fn who_watched_long_ago_does_not_count() {
    let world = begun(&[CARS, DROP]).await;
    world.tell([subscriber("old@x.org"), watches("old", "old@x.org", "c1").ago(&world, 91 * DAY)]).await;
    world.pass(89 * DAY);
    // A copy and a late report of an earlier one take nothing away.
    world
        .tell([watches("w1", "ann@x.org", "c1"), watches("late", "ann@x.org", "c1").ago(&world, 95 * DAY)])
        .await;
    prices(&world, &[("c1", 90)]).await;
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    world.pass(2 * DAY);
    prices(&world, &[("c1", 80), ("c2", 80)]).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 1);
}

#[tokio::test]
async fn a_new_program_waits_until_recorded_events_are_read() {
    let world = begun(&[CARS]).await;
    world.apply(&[CARS, DROP]).await;
    world.pass(HOUR);
    prices(&world, &[("c1", 90)]).await;
    world.serve().await;
    assert!(world.mailed().is_empty(), "nobody knows yet who watches");
    let building = world.engine.building().unwrap().unwrap();
    assert_eq!((building.pass.as_str(), building.total), ("interest", 2));
    while world.engine.build_more(1).await.unwrap() {}
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn a_change_waits_for_whatever_else_its_program_asks() {
    let world = begun(&[CARS, DROP]).await;
    let asks = DROP.replace("cancel_on", "audience: count(\"Car Watched\", within(\"30d\")) >= 1\ncancel_on");
    world.apply(&[CARS, &asks]).await;
    world.pass(HOUR);
    prices(&world, &[("c1", 90)]).await;
    world.serve().await;
    assert!(world.runs("drop").is_empty(), "it is not known yet whether they are meant");
    let world = world.restarted(None);
    world.engine.build().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn a_merge_while_events_are_read_forgets_nobody() {
    let world = begun(&[CARS]).await;
    world.apply(&[CARS, DROP]).await;
    // The first of the two has been read; now what the other watched is theirs.
    world.engine.build_more(1).await.unwrap();
    world.tell([identify("one").by("email", "ann@x.org").by("email", "bob@x.org")]).await;
    world.engine.build().await.unwrap();
    world.pass(HOUR);
    prices(&world, &[("c1", 90), ("c2", 90)]).await;
    world.serve().await;
    let mut told: Vec<String> = world.runs("drop").into_iter().map(|run| run.occasion).collect();
    told.sort();
    assert_eq!(told.len(), 2, "{told:?}");
}

#[tokio::test]
async fn what_a_complete_file_does_not_list_is_gone() {
    const GONE: &str = r#"
program: gone
trigger:
  catalogue: cars
  when: item.gone && !before.gone
  watched: { event: Car Watched, item: event.properties.car, within: 90d }
steps: [{ exit: told }]
"#;
    let world = begun(&[CARS, GONE]).await;
    world.pass(HOUR);
    assert_eq!(list(&world, &[("c1", 100)]).await, [0, 1, 0]);
    world.serve().await;
    assert_eq!((stock(&world), world.runs("gone").len()), ("c1 100, (c2 100)".into(), 1));
    // An older word does not bring it back; a newer file does.
    import(&world, "cars", rows(world.now().minus(Duration(HOUR)), &[("c2", 100)]), ImportOptions::default())
        .await;
    assert_eq!(stock(&world), "c1 100, (c2 100)");
    world.pass(HOUR);
    list(&world, &[("c1", 100), ("c2", 100)]).await;
    assert_eq!(stock(&world), "c1 100, c2 100");
    // A row that cannot be read may be any item, and a file without rows is a mistake.
    world.pass(HOUR);
    assert_eq!(list(&world, &[("c1", 100)]).await, [0, 1, 0]);
    world.pass(HOUR);
    let broken = "No,Model,Price\nc2,Dory,much\n".to_owned();
    assert_eq!(import(&world, "all", broken, ImportOptions::default()).await, [0, 0, 1]);
    list(&world, &[]).await;
    assert_eq!(stock(&world), "c1 100, (c2 100)");
    // A list of an earlier moment takes nothing away that was listed since.
    let earlier = ImportOptions {
        complete_until: Some(world.now().minus(Duration(9 * HOUR))),
        ..ImportOptions::default()
    };
    import(&world, "all", rows(world.now(), &[("c3", 7)]), earlier).await;
    assert_eq!(stock(&world), "c1 100, (c2 100), (c3 7)", "and what only that one has was gone since");
}

#[tokio::test]
async fn a_row_of_the_quarantine_is_corrected() {
    let world = begun(&[CARS, DROP]).await;
    world.pass(HOUR);
    let text = format!("No,Model,Price,Updated\nc1,Dory,ninety,{}\n", world.now());
    assert_eq!(import(&world, "cars", text, ImportOptions::default()).await, [0, 0, 1]);
    let item = world.read(|read| read.quarantine(None, None, ALL)).remove(0);
    assert_eq!((item.rejection.place.as_str(), item.rejection.code.as_str()), ("line 2, column 3", "money"));
    let corrected = format!("c1,Dory c1,90,{}\n", world.now()).into_bytes();
    world.pass(HOUR);
    let receipt = world.engine.redrive(item.id, Some(corrected)).await.unwrap();
    assert_eq!((receipt.accepted, receipt.duplicates), (1, 0));
    world.serve().await;
    assert_eq!((stock(&world), world.mailed()), ("c1 90, c2 100".into(), vec!["ann@x.org".to_owned()]));
}

#[tokio::test]
async fn items_are_put_and_removed_by_hand() {
    let world = begun(&[CARS, DROP]).await;
    let fields = |value: Value| value.as_object().cloned().unwrap();
    world.pass(HOUR);
    let put = world
        .engine
        .put_item("cars", "c1", fields(json!({ "price": 90, "title": null })), None)
        .await
        .unwrap();
    assert_eq!(
        (put.changed, put.item.fields, put.item.source.as_str()),
        (true, fields(json!({ "price": 90 })), "api")
    );
    let earlier = Some(world.now().minus(Duration(1)));
    let put = world.engine.put_item("cars", "c1", fields(json!({ "price": 1 })), earlier).await.unwrap();
    assert_eq!((put.changed, put.item.fields["price"].clone()), (false, json!(90)));
    for (catalogue, key, price, time, expected) in [
        ("car", "c1", json!(1), None, "there is no catalogue `car`; did you mean `cars`?"),
        (
            "cars",
            "c1",
            json!("1"),
            None,
            "field `price` of an item of `cars`: expected a number, but the text `1` came",
        ),
        ("cars", "", json!(1), None, "the key of an item is a text without spaces around it, and not empty"),
        (
            "cars",
            "c1",
            json!(1),
            Some(Time(i64::MAX)),
            "9999-12-30T22:00:00Z lies in the future: expected a moment at which the item was so",
        ),
    ] {
        let refused = world.engine.put_item(catalogue, key, fields(json!({ "price": price })), time).await;
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
    assert!(world.engine.remove_item("cars", "c2", None).await.unwrap().changed);
    assert!(!world.engine.remove_item("cars", "c2", None).await.unwrap().changed);
    assert!(world.engine.item("cars", "c2").unwrap().gone);
    // It was removed before anybody said that it is there.
    world.engine.remove_item("cars", "c9", None).await.unwrap();
    assert_eq!(world.engine.item("cars", "c9").unwrap_err().to_string(), "there is no item `c9`");
    let put = world.engine.put_item("cars", "c9", fields(json!({ "price": 1 })), earlier).await.unwrap();
    assert_eq!((put.changed, put.item.gone), (false, true));
    let catalogues = world.engine.catalogues().unwrap();
    assert_eq!((catalogues.len(), catalogues[0].items), (1, 1));
}

#[tokio::test]
async fn steps_see_the_item_and_what_it_was() {
    let by_price = DROP.replace(
        "steps:",
        "steps:\n  - set: { saved: { from: before.price - item.price } }\n  \
         - branch: [{ when: item.price < 50, steps: [{ exit: nearly given away }] }]",
    );
    let world = begun(&[CARS, &by_price]).await;
    world.pass(HOUR);
    prices(&world, &[("c1", 40), ("c2", 90)]).await;
    world.serve().await;
    assert_eq!(world.mailed(), ["bob@x.org"]);
    assert_eq!(world.run_words("drop"), ["finished: nearly given away", "finished: all steps are done"]);
    assert_eq!(world.person("email", "ann@x.org").value("saved"), Some(&json!(60)));
}

#[tokio::test]
async fn whoever_is_asked_for_longer_is_read_anew() {
    let short = DROP.replace("90d", "1d");
    let world = begun(&[CARS, &short]).await;
    world.tell([watches("old", "bob@x.org", "c1").ago(&world, 5 * DAY)]).await;
    world.pass(HOUR);
    prices(&world, &[("c1", 90)]).await;
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    world.apply(&[CARS, DROP]).await;
    world.engine.build().await.unwrap();
    world.pass(HOUR);
    prices(&world, &[("c1", 80)]).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 3, "both of them this time");
}

#[tokio::test]
async fn why_somebody_hears_of_a_change_is_explained_and_tried() {
    let world = begun(&[CARS, DROP]).await;
    let person = world.holder("email", "bob@x.org").unwrap();
    let tried = |item: Option<&str>, before: Option<Value>| {
        let trial = crowsnest_flow::Trial {
            person,
            properties: None,
            item: item.map(str::to_owned),
            before: before.and_then(|before| before.as_object().cloned()),
            segments: Default::default(),
            at: None,
        };
        world.engine.try_program(world.dispatcher.courier(), "drop", trial)
    };
    let found = tried(None, Some(json!({ "price": 120 }))).unwrap();
    assert!(found.enters, "{found:?}");
    let subject = found.steps.iter().find_map(|step| step.message.as_ref()?.subject.clone());
    assert_eq!(subject.as_deref(), Some("Dory c2 is 100, no more 120"));
    assert!(!tried(None, None).unwrap().enters, "it is not known what it was");
    assert!(!tried(Some("c1"), Some(json!({ "price": 120 }))).unwrap().enters, "he does not watch it");
    assert_eq!(tried(Some("c9"), None).unwrap_err().to_string(), "there is no item `c9`");
    assert!(world.runs("drop").is_empty());

    world.pass(91 * DAY);
    let explained = world.engine.explain_program("drop", person, None, 50).unwrap();
    assert_eq!(
        explained.trigger,
        "a change of an item of cars of which holds: the item’s price is less than the item’s earlier price; for those of \
         whom Car Watched came within 90 days"
    );
    let [watched] = explained.watches.as_slice() else { panic!("{:?}", explained.watches) };
    assert_eq!((watched.item.as_str(), watched.time, watched.counts), ("c2", START, false));
}

#[tokio::test]
async fn who_said_too_long_ago_that_they_watch_a_car_that_never_changes_is_forgotten() {
    let world = begun(&[CARS, &DROP.replace("  ttl: 2d\n", "")]).await;
    world.pass(100 * DAY);
    world.tell([subscriber("cyd@x.org"), watches("w3", "cyd@x.org", "c2")]).await;
    // Nobody hears of a change of today any more; a file that comes late may tell of one of the 80th day.
    assert_eq!(world.engine.forget_watchers().await.unwrap(), 0);
    let late = Time(world.now().0 - 20 * DAY);
    import(&world, "cars", rows(late, &[("c1", 90)]), ImportOptions::default()).await;
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    world.pass(23 * DAY);
    assert_eq!(world.engine.forget_watchers().await.unwrap(), 2, "Ann of c1 and Bob of c2");
    assert_eq!(world.engine.forget_watchers().await.unwrap(), 0);
    world.pass(HOUR);
    prices(&world, &[("c1", 80), ("c2", 90)]).await;
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org", "cyd@x.org"], "who said it lately hears of it");
}
