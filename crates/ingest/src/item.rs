//! What is said of items of catalogues, and whether it is what the catalogue declares.

use crate::{contract, fault::Fault, source};
use crowsnest_model::{
    Object, Time,
    definition::Catalogue,
    item::{LARGEST_ITEM, LONGEST_KEY},
};

/// What a row of a file says of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemRow {
    /// The catalogue.
    pub catalogue: String,
    /// What the item is known by.
    pub key: String,
    /// What is true of it.
    pub fields: Object,
    /// When that was true; `None` when the row does not say it: then it is as of the file.
    pub time: Option<Time>,
    /// It stands in a list of all items.
    pub complete: bool,
    /// It is history, which triggers nothing.
    pub historical: bool,
}

/// Whether a key and fields can be an item of a catalogue; if not, why, in words. `country` is that of telephone numbers
/// without one.
pub fn check_item(catalogue: &Catalogue, key: &str, fields: &Object, country: &str) -> Result<(), String> {
    let country = source::country("country", country).ok();
    check(catalogue, key, fields, country).map_err(|fault| fault.reason)
}

pub(crate) fn check(
    catalogue: &Catalogue,
    key: &str,
    fields: &Object,
    country: Option<phonenumber::country::Id>,
) -> Result<(), Fault> {
    let wrong = |reason: String| Err(Fault::new("item", reason));
    if key.trim().is_empty() || key.trim() != key {
        return wrong("the key of an item is a text without spaces around it, and not empty".into());
    }
    if key.len() > LONGEST_KEY {
        return wrong(format!("the key has {} bytes: one of an item has at most {LONGEST_KEY}", key.len()));
    }
    contract::check_item(catalogue, fields, country)?;
    let size = serde_json::to_string(fields).map_or(usize::MAX, |text| text.len());
    if size > LARGEST_ITEM {
        return wrong(format!("the fields of the item have {size} bytes: they have at most {LARGEST_ITEM}"));
    }
    Ok(())
}
