//! Rows that are items of a catalogue.

use crate::world::*;
use crowsnest_ingest::{check_item, feed::Row, redrive};
use crowsnest_model::definition::Catalogue;
use serde_json::{Value, json};

fn cars() -> Value {
    json!({
        "format": "csv", "catalogue": "cars", "item": "No", "time": { "field": "Updated" },
        "fields": {
            "title": "Model", "price": { "field": "Price", "type": "money" },
            "available": { "field": "Free", "type": "boolean" }
        }
    })
}

#[test]
fn rows_become_items_or_say_why_not() {
    let file = format!(
        "No,Model,Price,Free,Updated\n\
         HM-1 ,Dory,\"18,900.50\",y,2026-02-01T09:30:00Z\n\
         HM-2,,1250,,2026-02-01T09:30:00Z\n\
         ,Dory,1250,,2026-02-01T09:30:00Z\n\
         HM-4,Dory,,,2026-02-01T09:30:00Z\n\
         HM-5,Dory,cheap,,2026-02-01T09:30:00Z\n\
         HM-6,Dory,0.5,,2026-02-01T09:30:00Z\n\
         HM-7,Dory,9,,\n\
         {},Dory,9,,2026-02-01T09:30:00Z\n",
        "x".repeat(201)
    );
    let found: Vec<String> = rows(cars(), file.as_bytes()).iter().map(short).collect();
    assert_eq!(
        found,
        [
            "cars HM-1|{\"available\":true,\"price\":18900.5,\"title\":\"Dory\"}|2026-02-01T09:30:00Z",
            "cars HM-2|{\"price\":1250}|2026-02-01T09:30:00Z",
            "! line 4, column 1: required",
            "! line 5: contract",
            "! line 6, column 3: money",
            "! line 7: contract",
            "! line 8, column 5: required",
            "! line 9: item",
        ]
    );
}

#[test]
fn a_row_that_does_not_say_when_is_as_of_its_file() {
    let mut feed = cars();
    feed.as_object_mut().unwrap().remove("time");
    let waiting = match rows(feed.clone(), b"No,Model,Price,Free\nHM-1,Dory,9,y\nHM-2,Dory,,y\n").as_slice() {
        [Row::Item(item), Row::Rejected(rejected)] => {
            assert_eq!((item.time, item.historical), (None, false));
            rejected.clone()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(waiting.reason, "field `price` of an item of `cars`: expected a number, but it is missing");
    let reader = crowsnest_ingest::SourceReader::new(&workspace(feed), "shop").unwrap();
    let later = crowsnest_ingest::Reading { received: crowsnest_model::Time(received().0 + 5), ..reading() };
    let read = redrive(&reader, &waiting, Some(b"HM-2,Dory,8,y\n"), later).unwrap();
    assert_eq!((read.events.len(), read.items.len()), (0, 1));
    assert_eq!(read.items[0].time, Some(received()), "it was so when the row first came");
    assert!(redrive(&reader, &waiting, None, later).is_err());
}

#[test]
fn an_item_is_what_its_catalogue_declares() {
    let cars: Catalogue = serde_json::from_value(json!({
        "catalogue": "cars", "fields": { "price": { "type": "number", "required": true } }
    }))
    .unwrap();
    let said = |key: &str, fields: Value| check_item(&cars, key, fields.as_object().unwrap(), "US");
    assert_eq!(said("a", json!({ "price": 3 })), Ok(()));
    for (key, fields, expected) in [
        (
            "a",
            json!({ "price": 3, "prise": 4 }),
            "the catalogue `cars` knows no field `prise`; did you mean `price`?; it knows `price`",
        ),
        (
            "a",
            json!({ "price": "3" }),
            "field `price` of an item of `cars`: expected a number, but the text `3` came",
        ),
        (" a", json!({ "price": 3 }), "the key of an item is a text without spaces around it, and not empty"),
    ] {
        assert_eq!(said(key, fields).unwrap_err(), expected);
    }
}
