//! What values mean, and how two of them differ.

use crowsnest_linkage::fields::{Customs, FieldKind, Value, compare, keys, levels, read};

mod addresses;
mod columns;
mod contact;
mod dates;
mod laws;
mod names;

/// Reads what must be readable.
fn value(kind: FieldKind, raw: &str) -> Value {
    value_in("", kind, raw)
}

fn value_in(country: &str, kind: FieldKind, raw: &str) -> Value {
    read(kind, raw, &Customs::for_country(country)).unwrap_or_else(|| panic!("{kind:?} {raw:?} says nothing"))
}

/// The name of the level of likeness of two texts.
fn level(kind: FieldKind, a: &str, b: &str) -> &'static str {
    let (a, b) = (value(kind, a), value(kind, b));
    let index = compare(kind, &a, &b);
    assert_eq!(index, compare(kind, &b, &a), "the order of {a:?} and {b:?} matters");
    levels(kind)[usize::from(index)]
}
