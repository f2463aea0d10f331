use crate::definition::one_or_many;
use crate::{Duration, consent::ConsentStatus, delivery::Feedback};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `source: web`: a system that sends data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name.
    #[serde(rename = "source")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The brand that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// The key with which it may append events. Public in a browser: it can read nothing. Without one, a key is
    /// made when the workspace is first applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_key: Option<String>,
    /// For Jitsu's script: what must follow the key after a colon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Whether the customer said it, or it was bought.
    #[serde(default)]
    pub trust: Trust,
    /// How often it sends.
    #[serde(default)]
    pub sync: Sync,
    /// The contract that its events must keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// Its files, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feeds: BTreeMap<String, Feed>,
}

/// Whose word a source's data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// From the customer or our own dealings with them.
    #[default]
    FirstParty,
    /// Bought or appended: it fills gaps and never overrides what the customer said.
    ThirdParty,
}

/// How often a source sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sync {
    /// As it happens: its own events say how fresh it is.
    #[default]
    RealTime,
    /// In hourly batches.
    Hourly,
    /// In nightly batches.
    Nightly,
}

/// A kind of file that a source delivers, and how its rows become events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// How the file is written.
    pub format: Format,
    /// CSV: what separates the columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// CSV: the columns' names, for a file without a header line. With `delimiter: " "`, runs of spaces separate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// The character encoding, such as `windows-1252`; UTF-8 when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// XML: the path of the element that is one record: `/orders/order`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Names of files in the watched folder that belong to this feed: `orders-*.csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// The fields that name a row for ever; the whole row when not given.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub row_id: Vec<String>,
    /// Without `row_id`: whether two rows that are the same to the letter are one.
    #[serde(default)]
    pub identical_rows: IdenticalRows,
    /// When it happened; the moment of import when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeField>,
    /// Which fields say who it is, by namespace.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identifiers: BTreeMap<String, FieldMap>,
    /// Which fields say what is known of them, by trait.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub traits: BTreeMap<String, FieldMap>,
    /// Which fields say what they agreed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<ConsentMap>,
    /// The name of the event that a row is; without one, a row only tells who somebody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventName>,
    /// Which fields say what happened, by property.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, FieldMap>,
    /// Rows say what came back on messages that were sent. Then they are no events of their own, and need no identifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackMap>,
    /// The catalogue of which rows are items. Then they are no events, and nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<String>,
    /// With `catalogue`: the field that is an item's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// With `catalogue`: which fields say what is true of an item, by the catalogue's field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, FieldMap>,
    /// With `catalogue`: a file lists all items, and what is not in it is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub complete: bool,
    /// Rows are history: they change profiles and items, but trigger nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub historical: bool,
}

/// Which fields say what came back on a message: a letter that was returned, an SMS that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackMap {
    /// The field with the message's id, such as `dlv_0sa44z8wg0004`.
    pub delivery: String,
    /// What its words mean.
    pub what: FeedbackWords,
    /// The field that says why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// Which field says what came back, and what its words mean. A word that is not listed goes to the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackWords {
    /// The field.
    pub field: String,
    /// It reached nobody, and never will there.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub bounced_for_good: Vec<String>,
    /// It reached nobody, for a reason that may pass.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub bounced_for_now: Vec<String>,
    /// Somebody wants nothing more: it counts as a withdrawal.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub complained: Vec<String>,
    /// Somebody answered.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub replied: Vec<String>,
}

impl FeedbackWords {
    /// Every word with what it means.
    pub fn meanings(&self) -> impl Iterator<Item = (&str, Feedback)> {
        [
            (&self.bounced_for_good, Feedback::BouncedForGood),
            (&self.bounced_for_now, Feedback::BouncedForNow),
            (&self.complained, Feedback::Complained),
            (&self.replied, Feedback::Replied),
        ]
        .into_iter()
        .flat_map(|(words, meaning)| words.iter().map(move |word| (word.trim(), meaning)))
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values, RFC 4180, with a header line unless `columns` are given.
    Csv,
    /// One JSON object a line. A field of an object inside is named with dots: `customer.email`.
    Jsonl,
    /// XML; `record` names the element. A field is a path below it: `buyer/email`, an attribute `@id`.
    Xml,
}

/// What rows without an id mean when they are the same to the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdenticalRows {
    /// They are one, however often and in whichever file they come.
    #[default]
    Same,
    /// Within one file each counts; the n-th such row of one file is the n-th of another.
    Separate,
}

/// When a row happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeField {
    /// The field.
    pub field: String,
    /// How it is written, in strftime's letters (`%m/%d/%Y %H:%M`), or `unix`, `unix-ms`; RFC 3339 when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Its time zone; the workspace's when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// Where a value comes from and what it is. A field's name alone is a text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldMap {
    /// The column, the dotted name, or the XML path.
    pub field: String,
    /// What it is.
    #[serde(default, rename = "type")]
    pub kind: FieldType,
    /// For `date` and `time`: how it is written, in strftime's letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// For `time`: its zone; the workspace's when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// For `money`: its currency; the workspace's when not given. The property `currency` is set beside the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// For `money` and `number`: the comma is the decimal point.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decimal_comma: bool,
    /// For `phone`: the country of numbers that come without one; the workspace's when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// What codes mean: `{ M: male, F: female }`. A code that is not listed goes to the quarantine.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// A row without it goes to the quarantine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
}

impl<'de> Deserialize<'de> for FieldMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            field: String,
            #[serde(default, rename = "type")]
            kind: FieldType,
            format: Option<String>,
            time_zone: Option<String>,
            currency: Option<String>,
            #[serde(default)]
            decimal_comma: bool,
            country: Option<String>,
            #[serde(default)]
            values: BTreeMap<String, Value>,
            #[serde(default)]
            required: bool,
        }
        struct ShortOrLong;
        impl<'de> serde::de::Visitor<'de> for ShortOrLong {
            type Value = FieldMap;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of a field, or a mapping such as { field: amount, type: money }")
            }
            fn visit_str<E: serde::de::Error>(self, field: &str) -> Result<FieldMap, E> {
                Ok(FieldMap { field: field.into(), ..FieldMap::default() })
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<FieldMap, A::Error> {
                let long = Long::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(FieldMap {
                    field: long.field,
                    kind: long.kind,
                    format: long.format,
                    time_zone: long.time_zone,
                    currency: long.currency,
                    decimal_comma: long.decimal_comma,
                    country: long.country,
                    values: long.values,
                    required: long.required,
                })
            }
        }
        deserializer.deserialize_any(ShortOrLong)
    }
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A text, without spaces around it.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true`, `yes`, `y`, `1`, or `false`, `no`, `n`, `0`, in either case.
    Boolean,
    /// A day of the calendar; kept as `2026-03-01`.
    Date,
    /// A moment; kept as RFC 3339.
    Time,
    /// An amount of money.
    Money,
    /// A telephone number; kept as E.164.
    Phone,
    /// An e-mail address; kept in lower case.
    Email,
    /// JSON inside a cell.
    Json,
}

/// Which field says what somebody agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentMap {
    /// The channel, such as `email`.
    pub channel: String,
    /// The topic, or `*` for all.
    pub topic: String,
    /// The field that says yes or no. Without one, every row says `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The values that mean yes; those that `boolean` takes for true when not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<String>,
    /// The values that mean no; those that `boolean` takes for false when not given. An empty cell says nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<String>,
    /// What every row says, when there is no field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ConsentStatus>,
    /// The field with the contact point; the person's own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// How we know, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// The name of a row's event: fixed, or from a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum EventName {
    /// Every row is this event.
    Fixed(String),
    /// A field says which.
    Field {
        /// The field.
        field: String,
        /// What its values are called here; a value that is not listed goes to the quarantine, unless none is listed.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        names: BTreeMap<String, String>,
    },
}

impl<'de> Deserialize<'de> for EventName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            field: String,
            #[serde(default)]
            names: BTreeMap<String, String>,
        }
        struct FixedOrField;
        impl<'de> serde::de::Visitor<'de> for FixedOrField {
            type Value = EventName;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of an event, or a mapping such as { field: type, names: { O: Order Completed } }")
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<EventName, E> {
                Ok(EventName::Fixed(name.into()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<EventName, A::Error> {
                let long = Long::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(EventName::Field { field: long.field, names: long.names })
            }
        }
        deserializer.deserialize_any(FixedOrField)
    }
}

impl Sync {
    /// How old a source of this kind may be before it counts as stale, when nobody says otherwise.
    pub fn usual_lag(self) -> Duration {
        match self {
            Self::RealTime => Duration::minutes(15),
            Self::Hourly => Duration::hours(2),
            Self::Nightly => Duration::hours(26),
        }
    }
}
