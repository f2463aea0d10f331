//! A feed's mapping, compiled: every field has a slot, every format and zone is resolved.

use super::field::{Field, boolean, zone_of};
use crate::{
    moment::MomentFormat,
    nearest::{did_you_mean, listed},
    source::{Locale, SourceError},
};
use crowsnest_model::{
    ConsentStatus, Namespace,
    definition::{ConsentMap, EventName, Feed, Format, IdenticalRows},
    delivery::Feedback,
};
use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// A compiled feed.
#[derive(Debug)]
pub(crate) struct Plan {
    pub name: String,
    pub format: Format,
    /// CSV: what separates the columns.
    pub delimiter: u8,
    /// CSV: the columns of a file without a header line.
    pub columns: Option<Vec<String>>,
    /// What the mapping says; the bytes of a file may say otherwise by a byte order mark.
    pub encoding: Option<&'static Encoding>,
    /// XML: the names from the root to the record.
    pub record: Vec<String>,
    /// The fields that the mapping uses, each once, in alphabetical order.
    pub slots: Vec<String>,
    pub time: Option<(usize, MomentFormat, TimeZone)>,
    pub identifiers: Vec<(Namespace, Field)>,
    pub traits: Vec<(String, Field)>,
    pub properties: Vec<(String, Field)>,
    pub consents: Vec<ConsentPlan>,
    pub event: Option<EventPlan>,
    pub row_id: Vec<usize>,
    /// Rows that are the same to the letter each count.
    pub separate: bool,
    pub historical: bool,
    /// Rows say what came back on messages, and are no events.
    pub feedback: Option<FeedbackPlan>,
    /// Rows are items, and no events.
    pub item: Option<ItemPlan>,
}

/// How a row says what came back on a message.
#[derive(Debug)]
pub(crate) struct FeedbackPlan {
    pub delivery: usize,
    pub what: usize,
    /// What the words of `what` mean, in small letters.
    pub words: BTreeMap<String, Feedback>,
    pub said: Option<usize>,
}

/// How a row says what is true of an item.
#[derive(Debug)]
pub(crate) struct ItemPlan {
    pub catalogue: String,
    /// The field that is the key.
    pub key: usize,
    pub fields: Vec<(String, Field)>,
    /// A file lists all items.
    pub complete: bool,
}

/// How a row's event gets its name.
#[derive(Debug)]
pub(crate) enum EventPlan {
    Fixed(String),
    Field { slot: usize, names: BTreeMap<String, String> },
}

/// How a row says what somebody agreed to.
#[derive(Debug)]
pub(crate) struct ConsentPlan {
    pub map: ConsentMap,
    /// The field that says yes or no, or what every row says.
    pub said: Said,
    pub contact: Option<usize>,
}

/// Where the answer to a consent stands.
#[derive(Debug)]
pub(crate) enum Said {
    By(usize),
    Always(ConsentStatus),
}

impl ConsentPlan {
    /// What a cell says. `None`: neither yes nor no.
    pub fn status(&self, text: &str) -> Option<ConsentStatus> {
        let among = |words: &[String]| words.iter().any(|word| word.trim().eq_ignore_ascii_case(text));
        if among(&self.map.withdrawn) || (self.map.withdrawn.is_empty() && boolean(text) == Some(false)) {
            Some(ConsentStatus::Withdrawn)
        } else if among(&self.map.granted) || (self.map.granted.is_empty() && boolean(text) == Some(true)) {
            Some(ConsentStatus::Granted)
        } else {
            None
        }
    }
}

impl Plan {
    /// Compiles the feed `name`.
    pub fn new(name: &str, feed: &Feed, locale: &Locale) -> Result<Self, SourceError> {
        let at = |field: &str| format!("feeds.{name}.{field}");
        let slots = slots(feed);
        let slot = |place: String, field: &str| {
            slots
                .binary_search_by(|known| known.as_str().cmp(field))
                .map_err(|_| SourceError::field(place, format!("`{field}` is not a field")))
        };
        let field = |group: &str, key: &str, map: &crowsnest_model::definition::FieldMap| {
            let place = at(&format!("{group}.{key}"));
            if map.field.trim().is_empty() {
                return Err(SourceError::field(place, "names no field"));
            }
            Field::new(&place, map, slot(format!("{place}.field"), &map.field)?, locale)
        };
        let group = |group: &'static str, maps: &BTreeMap<String, _>| {
            maps.iter()
                .map(|(key, map)| Ok((key.clone(), field(group, key, map)?)))
                .collect::<Result<Vec<(String, Field)>, SourceError>>()
        };
        let properties = group("properties", &feed.properties)?;
        check_currencies(&at("properties"), &properties)?;
        let columns = match &feed.columns {
            Some(columns) => Some(checked_columns(&at("columns"), columns, &slots)?),
            None => None,
        };
        Ok(Self {
            name: name.to_owned(),
            format: feed.format,
            delimiter: delimiter(&at("delimiter"), feed.delimiter)?,
            columns,
            encoding: match &feed.encoding {
                None => None,
                Some(label) => Some(Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| {
                    SourceError::field(
                        at("encoding"),
                        format!(
                            "`{label}` is not an encoding: expected a label such as utf-8, windows-1252 or utf-16le"
                        ),
                    )
                })?),
            },
            record: record(&at("record"), feed)?,
            time: match &feed.time {
                None => None,
                Some(time) => Some((
                    slot(at("time.field"), &time.field)?,
                    MomentFormat::new(time.format.as_deref())
                        .map_err(|reason| SourceError::field(at("time.format"), reason))?,
                    zone_of(&at("time.time_zone"), time.time_zone.as_deref(), locale)?,
                )),
            },
            identifiers: group("identifiers", &feed.identifiers)?
                .into_iter()
                .map(|(key, field)| (Namespace::new(&key), field))
                .collect(),
            traits: group("traits", &feed.traits)?,
            properties,
            consents: feed
                .consents
                .iter()
                .enumerate()
                .map(|(index, map)| {
                    let place = at(&format!("consents[{index}]"));
                    Ok(ConsentPlan {
                        said: match (&map.field, map.status) {
                            (Some(field), None) => Said::By(slot(format!("{place}.field"), field)?),
                            (None, Some(status)) => Said::Always(status),
                            _ => {
                                return Err(SourceError::field(
                                    place,
                                    "expected either `field`, which says yes or no, or `status`",
                                ));
                            }
                        },
                        contact: match &map.contact {
                            None => None,
                            Some(field) => Some(slot(format!("{place}.contact"), field)?),
                        },
                        map: map.clone(),
                    })
                })
                .collect::<Result<_, _>>()?,
            feedback: match &feed.feedback {
                None => None,
                Some(map) => Some(FeedbackPlan {
                    delivery: slot(at("feedback.delivery"), &map.delivery)?,
                    what: slot(at("feedback.what.field"), &map.what.field)?,
                    words: map.what.meanings().map(|(word, meaning)| (word.to_lowercase(), meaning)).collect(),
                    said: map.said.as_ref().map(|said| slot(at("feedback.said"), said)).transpose()?,
                }),
            },
            event: match &feed.event {
                None => None,
                Some(EventName::Fixed(name)) => Some(EventPlan::Fixed(name.clone())),
                Some(EventName::Field { field, names }) => {
                    Some(EventPlan::Field { slot: slot(at("event.field"), field)?, names: names.clone() })
                }
            },
            row_id: feed
                .row_id
                .iter()
                .map(|field| slot(at("row_id"), field))
                .collect::<Result<_, SourceError>>()?,
            separate: feed.identical_rows == IdenticalRows::Separate,
            historical: feed.historical,
            item: match &feed.catalogue {
                None => None,
                Some(catalogue) => Some(ItemPlan {
                    catalogue: catalogue.clone(),
                    key: slot(at("item"), feed.item.as_deref().unwrap_or_default())?,
                    fields: group("fields", &feed.fields)?,
                    complete: feed.complete,
                }),
            },
            slots,
        })
    }
}

/// Every field that the mapping names, sorted, each once.
fn slots(feed: &Feed) -> Vec<String> {
    let mut slots: Vec<String> = feed
        .identifiers
        .values()
        .chain(feed.traits.values())
        .chain(feed.properties.values())
        .chain(feed.fields.values())
        .map(|map| map.field.clone())
        .chain(feed.time.iter().map(|time| time.field.clone()))
        .chain(feed.consents.iter().flat_map(|map| map.field.iter().chain(&map.contact).cloned()))
        .chain(feed.row_id.iter().cloned())
        .chain(feed.item.iter().cloned())
        .chain(
            feed.feedback
                .iter()
                .flat_map(|map| [&map.delivery, &map.what.field].into_iter().chain(&map.said).cloned()),
        )
        .collect();
    if let Some(EventName::Field { field, .. }) = &feed.event {
        slots.push(field.clone());
    }
    slots.sort();
    slots.dedup();
    slots
}

/// Amounts share the property `currency`, so without a field of its own it can only have one value.
fn check_currencies(place: &str, properties: &[(String, Field)]) -> Result<(), SourceError> {
    if properties.iter().any(|(name, _)| name == "currency") {
        return Ok(());
    }
    let mut all = properties.iter().filter_map(|(name, field)| Some((name, field.currency()?)));
    let Some((first, currency)) = all.next() else { return Ok(()) };
    match all.find(|(_, other)| *other != currency) {
        None => Ok(()),
        Some((name, other)) => Err(SourceError::field(
            format!("{place}.{name}.currency"),
            format!(
                "`{name}` is in {other} and `{first}` in {currency}, but a row has one `currency`: map a field to it"
            ),
        )),
    }
}

fn delimiter(place: &str, delimiter: Option<char>) -> Result<u8, SourceError> {
    let delimiter = delimiter.unwrap_or(',');
    u8::try_from(delimiter)
        .ok()
        .filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n'))
        .ok_or_else(|| {
            SourceError::field(
                place,
                format!(
                    "`{delimiter}` cannot separate columns: expected an ASCII character, such as ; or a tab"
                ),
            )
        })
}

fn checked_columns(place: &str, columns: &[String], slots: &[String]) -> Result<Vec<String>, SourceError> {
    for slot in slots {
        let known = || columns.iter().map(String::as_str);
        match columns.iter().filter(|column| *column == slot).count() {
            1 => {}
            0 => {
                return Err(SourceError::field(
                    place,
                    format!(
                        "the mapping uses `{slot}`, but the columns are {}{}",
                        listed(known()),
                        did_you_mean(slot, known())
                    ),
                ));
            }
            _ => {
                return Err(SourceError::field(
                    place,
                    format!("`{slot}` is the name of more than one column"),
                ));
            }
        }
    }
    Ok(columns.to_vec())
}

fn record(place: &str, feed: &Feed) -> Result<Vec<String>, SourceError> {
    if feed.format != Format::Xml {
        return Ok(Vec::new());
    }
    let path = feed.record.as_deref().unwrap_or_default();
    let names: Vec<String> = path.trim().trim_matches('/').split('/').map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        return Err(SourceError::field(
            place,
            format!("`{path}` is not the path of an element: expected one such as /orders/order"),
        ));
    }
    Ok(names)
}
