//! Catalogues by HTTP and by command, and a price that fell.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, failed, fine, folder, mailed, settled};
use crowsnest_testkit::{ServerBuilder, wait};
use serde_json::{Value, json};
#[cfg(feature = "faults")]
use std::collections::BTreeSet;
use std::fs;

const CARS: &str = r#"
catalogue: cars
fields: { title: { type: text }, price: { type: number, required: true } }
---
source: inventory
sync: hourly
feeds:
  cars:
    format: csv
    files: cars-*.csv
    catalogue: cars
    item: No
    complete: true
    fields: { title: Model, price: { field: Price, type: money } }
---
program: drop
trigger:
  catalogue: cars
  when: item.price < before.price
  watched: { event: Car Watched, item: event.properties.car, within: 90d }
steps:
  - send: { channel: email, template: hello, topic: offers }
"#;

#[test]
fn who_watches_a_car_hears_of_it_by_file_and_by_command() {
    let workspace = folder(&[&SMALL[..], &[("cars.yaml", CARS.trim_start())]].concat());
    let mut server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let watched = json!({ "type": "track", "messageId": "w", "userId": "ann", "event": "Car Watched",
        "properties": { "car": "c1" } });
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann"), agreed("bob"), watched] }));
    let file = workspace.path().join("cars.csv");
    fs::write(&file, "No,Model,Price\nc1,Dory,100\nc2,Skiff,50\n").expect("it is written");
    let file = file.to_str().expect("a name").to_owned();
    let import = ["import", file.as_str(), "--source", "inventory", "--feed", "cars"];
    fine(server.command(&import));
    assert_eq!(server.api().get("/api/v1/catalogues")[0]["items"], 2);
    settled(server.api());
    assert_eq!(mailed(server.api()).len(), 0, "they were never dearer");

    fs::write(&file, "No,Model,Price\nc1,Dory,90\n").expect("it is written");
    fine(server.command(&import));
    wait::until("Ann is told", || (mailed(server.api()) == ["ann@mail.example"]).then_some(()));
    server.kill();
    server.restart();
    fine(server.command(&import));
    let items = server.api().get("/api/v1/catalogues/cars/items");
    assert_eq!((&items[0]["gone"], &items[1]["gone"]), (&json!(false), &json!(true)));
    let after = server.api().get("/api/v1/catalogues/cars/items?after=c1&limit=1");
    assert_eq!(after[0]["key"], "c2");

    let shown = fine(server.command(&["catalogue", "list"]));
    assert!(shown.contains("cars") && shown.contains("price, title"), "{shown}");
    let shown = fine(server.command(&["catalogue", "items", "cars"]));
    assert!(shown.contains("c1") && shown.contains("gone"), "{shown}");
    let put = fine(server.command(&["catalogue", "put", "cars", "c/3", r#"{"price": 7}"#, "--json"]));
    let put: Value = serde_json::from_str(&put).expect("JSON");
    assert_eq!((&put["changed"], &put["item"]["key"]), (&json!(true), &json!("c/3")));
    let old = ["catalogue", "put", "cars", "c/3", r#"{"price": 5}"#, "--time", "2020-01-01T00:00:00Z"];
    let shown = fine(server.command(&old));
    assert!(shown.contains("nothing has changed") && shown.contains("price: 7"), "{shown}");
    assert!(fine(server.command(&["catalogue", "remove", "cars", "c/3"])).contains("c/3, gone"));
    assert!(fine(server.command(&["catalogue", "show", "cars", "c/3"])).contains("c/3, gone"));
    assert!(failed(server.command(&["catalogue", "show", "car", "c1"]), 3).contains("did you mean `cars`?"));
    failed(server.command(&["catalogue", "show", "cars", "c9"]), 3);
    let wrong = failed(server.command(&["catalogue", "put", "cars", "c1", r#"{"prise": 1}"#]), 1);
    assert!(wrong.contains("did you mean `price`?"), "{wrong}");

    // Why she heard of it and he did not; and what would be if it fell again.
    let explained = fine(server.command(&["program", "explain", "drop", "--profile", "user_id=ann"]));
    assert!(explained.contains("The person watches:") && explained.contains("finished"), "{explained}");
    let explained = fine(server.command(&["program", "explain", "drop", "--profile", "user_id=bob"]));
    assert!(explained.contains("They watch nothing of cars, so they never entered"), "{explained}");
    let mut test =
        vec!["program", "test", "drop", "--profile", "user_id=ann", "--before", r#"{"price": 95}"#];
    let tried = fine(server.command(&test));
    assert!(tried.contains("✓ They would enter") && tried.contains("about c1"), "{tried}");
    test.extend(["--item", "c2"]);
    let tried = fine(server.command(&test));
    assert!(tried.contains("They would not enter") && tried.contains("none ever came"), "{tried}");
    let nobody = ["program", "test", "drop", "--profile", "user_id=bob"];
    assert!(failed(server.command(&nobody), 4).contains("say which item changes"));
}

/// Compiled in only with the feature: `cargo nextest run --features crowsnest/faults`, as `make test` does.
#[cfg(feature = "faults")]
#[test]
fn killed_half_way_through_the_watchers_it_tells_each_of_the_others_and_nobody_twice() {
    const WATCHERS: usize = 450;
    let workspace = folder(&[&SMALL[..], &[("cars.yaml", CARS.trim_start())]].concat());
    let mut server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    // Nobody watches it yet, so that this change is nobody's.
    fine(server.command(&["catalogue", "put", "cars", "c1", r#"{"price": 100}"#]));
    let names: Vec<String> = (0..WATCHERS).map(|place| format!("w{place}")).collect();
    for some in names.chunks(100) {
        let said = some.iter().flat_map(|who| {
            let watched = json!({ "type": "track", "messageId": format!("watch-{who}"), "userId": who,
                "event": "Car Watched", "properties": { "car": "c1" } });
            [agreed(who), watched]
        });
        server.api().collect("batch", WEB, &json!({ "batch": said.collect::<Vec<_>>() }));
    }
    settled(server.api());
    server.set_env("FAILPOINTS", Some("watchers-after=return"));
    server.restart();
    // It dies with the first two hundred told, perhaps before it has answered, and again with the next, perhaps before it
    // has started.
    server.command(&["catalogue", "put", "cars", "c1", r#"{"price": 90}"#]);
    server.wait_for_end();
    if server.try_restart().is_ok() {
        server.wait_for_end();
    }
    server.set_env("FAILPOINTS", None);
    server.restart();
    wait::until("everybody is told", || (mailed(server.api()).len() >= WATCHERS).then_some(()));
    settled(server.api());
    let told = mailed(server.api());
    let expected: BTreeSet<String> = names.iter().map(|who| format!("{who}@mail.example")).collect();
    assert_eq!(told.len(), WATCHERS, "nobody twice");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!(server.api().deliveries("drop").len(), WATCHERS);
}
