use super::*;
use crowsnest_model::{
    EventId, Identifier, Namespace, ProfileId, Time,
    profile::{Link, Trait},
};
use schemars::JsonSchema;
use serde_json::json;

fn person(traits: Value, identifiers: &[(&str, &str)]) -> Profile {
    let mut profile = Profile::new(ProfileId(1), Time(0));
    for (name, value) in traits.as_object().unwrap() {
        let known = Trait {
            value: value.clone(),
            time: Time(0),
            source: "till".into(),
            event: EventId(0),
            third_party: false,
        };
        profile.traits.insert(name.clone(), known);
    }
    for (place, (namespace, value)) in identifiers.iter().enumerate() {
        let identifier = Identifier::new(*namespace, *value);
        profile.identifiers.push(Link {
            namespace: Namespace::new(namespace),
            value: identifier.value,
            first_seen: Time(0),
            last_seen: Time(place as i64),
        });
    }
    profile
}

fn doc(fields: &Fields, profile: &Profile) -> Value {
    let record = fields.record(profile).unwrap();
    let doc = fields.to_doc(&record);
    assert_eq!(fields.read_doc(&doc), record, "it comes back as it was kept");
    serde_json::from_str(&doc).unwrap()
}

#[test]
fn traits_are_known_by_their_names() {
    let fields = Fields::usual(&Workspace::default());
    let ann = person(
        json!({
            "phone": "(312) 555-0142", "name": "Ann Carter", "birthday": "1980-07-04", "email": "Ann@Example.org", "plan": "gold",
            "address": {"street": "Elm Street", "house_number": 12, "postalCode": "60601", "city": "Chicago", "name": "home"},
            "company": {"name": "Acme"},
        }),
        &[
            ("phone", "+13125550142"),
            ("email", "ann@example.org"),
            ("email", "ann.c@work.example"),
            ("user_id", "u1"),
            ("loyalty_id", "L-9"),
            ("anonymous_id", "b-1"),
        ],
    );
    assert_eq!(
        doc(&fields, &ann),
        json!({
            "phone": ["(312) 555-0142"], "forename": ["ann"], "surname": ["carter"], "birth_date": ["1980-07-04"],
            "email": ["Ann@Example.org", "ann.c@work.example"], "street": ["Elm Street 12"], "postcode": ["60601"],
            "city": ["Chicago"], "loyalty_id": ["L-9"],
        })
    );
    assert!(fields.record(&person(json!({"plan": "gold", "email": "a@b.org"}), &[])).is_none(), "too little");
}

#[test]
fn the_workspace_says_what_names_do_not() {
    let mut workspace = Workspace::default();
    let matching: Matching = serde_json::from_value(json!({
        "fields": {"tel_privat_2": "phone", "birthday": "ignore", "passport": "identifier", "address.line9": "street"},
    }))
    .unwrap();
    workspace.identity.matching = Some(matching);
    let fields = Fields::of(&workspace).unwrap();
    let ann = person(
        json!({"tel_privat_2": "+13125550111", "birthday": "1980-07-04", "passport": "P1",
               "address": {"line9": "Elm Street 12"}}),
        &[],
    );
    assert_eq!(
        doc(&fields, &ann),
        json!({"phone": ["+13125550111"], "passport": ["P1"], "street": ["Elm Street 12"]})
    );
    assert!(fields.asks_about("passport", &json!("P2")) && !fields.asks_about("birthday", &json!("1980")));
    assert!(fields.asks_about("address", &json!({"line9": "x"})) && !fields.asks_about("plan", &json!("x")));
}

/// The words of definitions are the words of the room that compares.
#[test]
fn every_word_of_definitions_is_known_where_people_are_compared() {
    fn words<T: JsonSchema>() -> Vec<String> {
        let schema = schemars::schema_for!(T).to_value();
        let all = schema["oneOf"].as_array().unwrap();
        all.iter().map(|one| one["const"].as_str().unwrap().to_owned()).collect()
    }
    let fields: Vec<String> = FieldKind::ALL.iter().map(|kind| kind.word().to_owned()).collect();
    let expected = words::<MatchField>();
    assert_eq!(expected.iter().filter(|word| *word != "ignore").cloned().collect::<Vec<_>>(), fields);
    for word in words::<MatchKey>() {
        assert!(same_word::<Key>(&word).is_some(), "{word}");
    }
}
