//! What definitions say that two can have in common is what the room that compares people finds.

use crowsnest_linkage::fields::{self, Customs, FieldKind, Key};
use crowsnest_model::definition::{MatchField, MatchKey};
use serde::Serialize;
use std::collections::BTreeSet;

fn word(of: impl Serialize) -> String {
    serde_json::to_value(of).unwrap().as_str().unwrap().to_owned()
}

/// Values that have all the keys that values of their kind can have.
fn value(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::BirthDate => "1980-07-04",
        FieldKind::Gender => "female",
        FieldKind::Email => "ann.lindqvist@web.example",
        FieldKind::Phone => "+1 312 555 0111",
        FieldKind::Street => "Old Church Road 12",
        FieldKind::HouseNumber => "12",
        FieldKind::Unit => "Flat 3",
        FieldKind::Postcode => "60699",
        FieldKind::Region => "Illinois",
        FieldKind::Country => "Germany",
        FieldKind::Identifier => "P-12345678",
        _ => "Anna Lindqvist",
    }
}

#[test]
fn what_definitions_say_that_two_have_in_common_is_found() {
    for kind in FieldKind::ALL {
        let field: MatchField = serde_json::from_value(kind.word().into()).unwrap();
        // These are not compared by themselves: they go into names and streets.
        if matches!(field, MatchField::FullName | MatchField::HouseNumber) {
            assert_eq!(field.keys(), &[], "{field:?}");
            continue;
        }
        let read = fields::read(kind, value(kind), &Customs::default());
        let read = read.unwrap_or_else(|| panic!("{} is no {kind:?}", value(kind)));
        let mut found: BTreeSet<String> = BTreeSet::new();
        fields::keys(kind, &read, &mut |key: Key, _| {
            found.insert(word(key));
        });
        let said: BTreeSet<String> = field.keys().iter().map(|key: &MatchKey| word(key)).collect();
        assert_eq!(found, said, "{field:?}");
    }
}
