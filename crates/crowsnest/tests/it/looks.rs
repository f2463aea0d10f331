//! How messages and pages look to people, in a real browser: on a telephone and on a desk, by day and by night.

use crate::{browser::browse, world::*};
use serde_json::{Value, json};
use std::fs;

/// What the templates of the example use of an event.
fn event() -> Value {
    json!({ "name": "Cart Updated", "properties": {
        "value": 23_400,
        "products": [
            { "name": "2021 Mazda 3 with winter tyres on rims and a roof box", "quantity": 1, "price": 18_500 },
            { "name": "Extended warranty", "price": 4_900 },
        ],
        "date": "2026-12-01",
        "item": { "key": "2021-mazda-3", "title": "2021 Mazda 3", "price": 17_900 },
        "before": { "price": 18_500 },
    } })
}

#[test]
fn every_mail_of_the_example_can_be_read_everywhere() {
    let server = harbor();
    let api = server.api();
    let ann = json!({ "type": "identify", "messageId": "i1", "userId": "ann",
        "traits": { "email": "ann@mail.example", "first_name": "Ann-Kathrin" } });
    api.collect("identify", WEB, &ann);
    let ann = api.find("user_id", "ann").unwrap()["id"].clone();
    let messages = tempfile::tempdir().unwrap();
    let mut made = 0;
    for file in fs::read_dir(example().join("templates")).unwrap() {
        let path = file.unwrap().path();
        if !fs::read_to_string(&path).unwrap().contains("\nchannel: email\n") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let request = json!({ "profile": ann, "event": event() });
        let preview = api.post(&format!("/api/v1/templates/{name}/preview"), &request);
        let html = preview["html"].as_str().unwrap_or_else(|| panic!("{name}: {preview}"));
        fs::write(messages.path().join(format!("{name}.html")), html).unwrap();
        made += 1;
    }
    let saw = browse("messages.mjs", &[("MESSAGES", messages.path().to_str().unwrap())]);
    let seen = saw["seen"].as_array().unwrap();
    assert!(seen.len() == made && made > 5, "{made}: {saw}");
    for message in seen {
        let grounds = message["grounds"].as_array().unwrap();
        assert_ne!(grounds[0], grounds[1], "it looks the same by night: {message}");
        assert!(message["text"].as_str().unwrap().contains("Unsubscribe"), "{message}");
    }
}

#[test]
fn the_pages_behind_a_messages_links_can_be_used_by_everybody() {
    let workspace = folder(&SMALL);
    let server = crowsnest_testkit::ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let api = server.api();
    api.collect("batch", WEB, &json!({ "batch": [agreed("ann"), signed_up("ann", "1")] }));
    settled(api);
    let mail = api.pages("/api/v1/mailbox")[0]["id"].as_str().unwrap().to_owned();
    let text = api.get(&format!("/api/v1/mailbox/{mail}"))["text"].as_str().unwrap().to_owned();
    let link = |word: &str| {
        let url = text.split(word).nth(1).unwrap().split_whitespace().next().unwrap();
        url.strip_prefix(api.url()).unwrap().to_owned()
    };
    let (preferences, unsubscribe) = (link("Choose:"), link("Unsubscribe:"));
    let links = [("HOST", api.url()), ("PREFERENCES", &*preferences), ("UNSUBSCRIBE", &*unsubscribe)];
    let saw = browse("people.mjs", &links);
    for (page, words) in
        [("asked", "What may Lake Store send you?"), ("saved", "saved"), ("stopped", "You are unsubscribed")]
    {
        assert!(saw[page].as_str().unwrap().contains(words), "{saw}");
    }
    let ann = api.find("user_id", "ann").unwrap();
    let consents = ann["consents"].as_array().unwrap();
    let offers = consents.iter().find(|consent| consent["topic"] == "offers").unwrap();
    assert_eq!(offers["status"], "withdrawn", "{consents:?}");
}
