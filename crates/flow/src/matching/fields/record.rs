//! A record: what somebody says, each in its column; and as a document that is kept.

use super::{Fields, ROOM, said::Said};
use crowsnest_linkage::fields::FieldKind;
use std::collections::BTreeMap;

/// What somebody is compared by: a text for each column, most of them empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Record(Vec<String>);

impl Record {
    /// The columns in which something is said.
    pub(crate) fn filled(&self) -> impl Iterator<Item = usize> {
        (0..self.0.len()).filter(|index| !self.column(*index).is_empty())
    }

    /// The text of a column.
    pub(crate) fn column(&self, index: usize) -> &str {
        self.0.get(index).map_or("", String::as_str)
    }
}

impl Fields {
    pub(super) fn record_of<'l>(
        &self,
        said: &Said,
        links: impl Iterator<Item = (&'l str, &'l str)>,
    ) -> Record {
        let mut record = Record(vec![String::new(); self.columns.len()]);
        let (forename, surname) = said.full_name(&self.customs);
        self.put(&mut record, FieldKind::Forename, None, &forename);
        self.put(&mut record, FieldKind::Surname, None, &surname);
        for kind in ROOM.map(|(kind, _)| kind) {
            for text in said.texts(kind) {
                self.put(&mut record, kind, None, &text);
            }
        }
        for (kind, path, text) in said.others() {
            self.put(&mut record, kind, Some(path), text);
        }
        for (namespace, value) in links {
            match namespace {
                "email" => self.put(&mut record, FieldKind::Email, None, value),
                "phone" => self.put(&mut record, FieldKind::Phone, None, value),
                _ => self.put(&mut record, FieldKind::Identifier, Some(namespace), value),
            }
        }
        record
    }

    /// Puts a text into the next free column of its kind, unless it is there already or none is free.
    fn put(&self, record: &mut Record, kind: FieldKind, name: Option<&str>, text: &str) {
        if text.is_empty() {
            return;
        }
        for (column, place) in self.columns.iter().zip(&mut record.0) {
            if column.kind != kind || name.is_some_and(|name| column.name != name) {
                continue;
            }
            if place.is_empty() {
                text.clone_into(place);
                return;
            }
            if place.eq_ignore_ascii_case(text) || kind == FieldKind::Phone && same_number(place, text) {
                return;
            }
        }
    }

    /// A record as a document that is kept.
    pub(crate) fn to_doc(&self, record: &Record) -> String {
        let mut doc: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (column, text) in self.columns.iter().zip(&record.0).filter(|(_, text)| !text.is_empty()) {
            doc.entry(&column.name).or_default().push(text);
        }
        serde_json::to_string(&doc).unwrap_or_default()
    }

    /// A record out of a document; what is not compared any more is left out.
    pub(crate) fn read_doc(&self, doc: &str) -> Record {
        let doc: BTreeMap<String, Vec<String>> = serde_json::from_str(doc).unwrap_or_default();
        let mut record = Record(vec![String::new(); self.columns.len()]);
        for (column, place) in self.columns.iter().zip(0..) {
            let nth = self.columns[..place].iter().filter(|before| before.name == column.name).count();
            if let Some(text) = doc.get(&column.name).and_then(|texts| texts.get(nth)) {
                text.clone_into(&mut record.0[place]);
            }
        }
        record
    }
}

/// Whether two telephone numbers are one, with and without the country's code.
fn same_number(one: &str, other: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
    let (one, other) = (digits(one), digits(other));
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let local = short.strip_prefix(b"0").unwrap_or(&short);
    local.len() >= 7 && long.ends_with(local)
}
