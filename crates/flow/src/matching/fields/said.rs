//! What somebody says of themselves that is compared, before it has its place in a record.

use crowsnest_linkage::fields::{Customs, FieldKind, split_full_name};

/// One thing that somebody says of themselves.
pub(super) struct Saying {
    pub(super) kind: FieldKind,
    /// The object that it stands in.
    pub(super) parent: String,
    /// The trait, and the field of an object within it.
    pub(super) path: String,
    pub(super) text: String,
}

/// All that somebody says of themselves, in the order of the names of traits.
#[derive(Default)]
pub(super) struct Said(pub(super) Vec<Saying>);

impl Said {
    /// Forename and surname out of the full name, where they are not said by themselves.
    pub(super) fn full_name(&self, customs: &Customs) -> (String, String) {
        let says = |kind| self.0.iter().any(|saying| saying.kind == kind);
        let full = self.0.iter().find(|saying| saying.kind == FieldKind::FullName);
        match full {
            Some(full) if !says(FieldKind::Forename) || !says(FieldKind::Surname) => {
                let (forename, surname) = split_full_name(&full.text, customs);
                let unless = |kind, text| if says(kind) { String::new() } else { text };
                (unless(FieldKind::Forename, forename), unless(FieldKind::Surname, surname))
            }
            _ => Default::default(),
        }
    }

    /// The texts of a kind; streets with the number of the house.
    pub(super) fn texts(&self, kind: FieldKind) -> Vec<String> {
        let number = |street: &Saying| {
            let number = self
                .0
                .iter()
                .find(|other| other.kind == FieldKind::HouseNumber && other.parent == street.parent);
            number.filter(|_| kind == FieldKind::Street).map(|number| number.text.as_str())
        };
        self.0
            .iter()
            .filter(|saying| saying.kind == kind)
            .map(|saying| match number(saying) {
                Some(number) => format!("{} {number}", saying.text),
                None => saying.text.clone(),
            })
            .collect()
    }

    /// What is compared under a name of its own.
    pub(super) fn others(&self) -> impl Iterator<Item = (FieldKind, &str, &str)> {
        self.0
            .iter()
            .filter(|saying| matches!(saying.kind, FieldKind::Identifier | FieldKind::Other))
            .map(|saying| (saying.kind, saying.path.as_str(), saying.text.as_str()))
    }
}
