//! Conditions on an item that has changed, and who watches which.

use crate::person::Person;
use crowsnest_model::Time;
use crowsnest_rules::{Condition, EventView, Expression, Interest, Schema, Truth, Type};
use serde_json::{Value, json};

fn schema() -> Schema {
    let fields = [("price", Type::Double), ("title", Type::Text), ("key", Type::Text), ("gone", Type::Bool)];
    Schema::open().with_item(fields.map(|(name, kind)| (name.to_owned(), kind)))
}

fn holds(text: &str, properties: &Value) -> Truth {
    let person = Person { event: properties.as_object().cloned(), event_name: "", ..Person::ann() };
    Condition::parse(text, &schema()).unwrap().evaluate(&person)
}

#[test]
fn an_item_is_compared_with_what_it_was() {
    let cheaper =
        json!({ "item": { "key": "c1", "price": 90, "gone": false }, "before": { "price": 100.5 } });
    assert_eq!(holds("item.price < before.price", &cheaper), Truth::True);
    assert_eq!(holds("item.key == 'c1' && !item.gone", &cheaper), Truth::True);
    assert_eq!(holds("before.price < item.price", &cheaper), Truth::False);
    let new = json!({ "item": { "key": "c1", "price": 90, "gone": false } });
    assert_eq!(holds("item.price < before.price", &new), Truth::Unknown, "it never was anything else");
    assert_eq!(holds("has(before.key)", &new), Truth::False);
    let said = Condition::parse("item.price < before.price", &schema()).unwrap().sentence();
    assert_eq!(said, "the item’s price is less than the item’s earlier price");
}

#[test]
fn the_fields_of_an_item_are_those_of_its_catalogue() {
    let said = |text: &str, schema: &Schema| {
        let error = Condition::parse(text, schema).unwrap_err();
        format!("{}:{} {} {:?}", error.line, error.column, error.message, error.hint)
    };
    for (text, expected) in [
        ("item.prise < 3", "1:6 `prise` is not a field of the catalogue's items Some(\"price\")"),
        ("item.title < 3", "1:12 a text and a whole number cannot be compared None"),
        (
            "has(profile.x) && befor.price > 1",
            "1:19 `befor` is not known here: a value begins with profile. or event. Some(\"before\")",
        ),
        (
            "household.any(item.gone)",
            "1:15 there is no `item` here: only what begins with a `catalogue` is about an item None",
        ),
    ] {
        assert_eq!(said(text, &schema()), expected);
    }
    let none = said("item.price < 3", &schema().without_item());
    assert_eq!(
        none,
        "1:1 there is no `item` here: only what begins with a `catalogue` is about an item None"
    );
}

fn interest(item: &str, when: Option<&str>) -> Interest {
    let schema = Schema::open();
    let when = when.map(|when| Condition::of_recorded(when, "Car Watched", &schema).unwrap());
    Interest::new(
        "Car Watched",
        &Expression::of_recorded(item, "Car Watched", &schema).unwrap(),
        when.as_ref(),
    )
}

#[test]
fn an_event_says_which_item_is_watched() {
    let key = |interest: &Interest, name: &str, properties: Value| {
        let properties = properties.as_object().unwrap();
        interest.key(&EventView { name, kind: "track", properties, source: "web", time: Time(0) })
    };
    let any = interest("event.properties.car_id", None);
    assert_eq!(key(&any, "Car Watched", json!({ "car_id": " c1 " })).as_deref(), Some("c1"));
    assert_eq!(key(&any, "Car Watched", json!({ "car_id": 7 })).as_deref(), Some("7"));
    for nothing in [
        json!({}),
        json!({ "car_id": "" }),
        json!({ "car_id": ["c1"] }),
        json!({ "car_id": "x".repeat(201) }),
    ] {
        assert_eq!(key(&any, "Car Watched", nothing), None);
    }
    assert_eq!(key(&any, "Car Viewed", json!({ "car_id": "c1" })), None);
    let alerts = interest("event.properties.car_id", Some("event.properties.kind == 'alert'"));
    assert_eq!(key(&alerts, "Car Watched", json!({ "car_id": "c1" })), None);
    assert_eq!(
        key(&alerts, "Car Watched", json!({ "car_id": "c1", "kind": "alert" })).as_deref(),
        Some("c1")
    );
    assert_eq!(alerts.sentence(), "Car Watched where kind is “alert”");
}

#[test]
fn an_interest_is_known_by_what_it_means() {
    let same = interest("event.properties[\"car_id\"]", Some("event.properties.kind==\"alert\"  "));
    assert_eq!(same.id(), interest("event.properties.car_id", Some("event.properties.kind == 'alert'")).id());
    assert_ne!(same.id(), interest("event.properties.car_id", None).id());
    assert_eq!(
        interest("event.properties.car_id", None).id().name(),
        "3ca1f15bc8575f0b",
        "it names rows on people's disks"
    );
    let error = Condition::of_recorded("profile.tier == 'gold'", "Car Watched", &Schema::open()).unwrap_err();
    let expected = "this is about the event alone, so that a recorded event always answers the same: `profile` is not part of it";
    assert_eq!(error.message, expected);
}
