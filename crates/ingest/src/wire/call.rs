//! One item as it is written: borrowed texts, and raw JSON where nobody has to look inside.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// One call of an SDK. Absent, null and empty are the same.
#[derive(Debug, Default)]
pub(crate) struct Call<'a> {
    pub kind: Option<Cow<'a, str>>,
    pub message_id: Option<Cow<'a, str>>,
    pub user_id: Option<Cow<'a, str>>,
    pub anonymous_id: Option<Cow<'a, str>>,
    pub group_id: Option<Cow<'a, str>>,
    pub previous_id: Option<Cow<'a, str>>,
    pub event: Option<Cow<'a, str>>,
    pub name: Option<Cow<'a, str>>,
    pub category: Option<Cow<'a, str>>,
    pub timestamp: Option<Cow<'a, str>>,
    pub original_timestamp: Option<Cow<'a, str>>,
    pub sent_at: Option<Cow<'a, str>>,
    pub context: Option<&'a RawValue>,
    pub traits: Option<&'a RawValue>,
    pub properties: Option<&'a RawValue>,
}

/// What a batch says about all of its items.
#[derive(Debug, Default)]
pub(crate) struct Sent<'a> {
    /// When the client sent it, by the client's clock.
    pub at: Option<Cow<'a, str>>,
    /// The members of the batch's context.
    pub context: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// The batch's context as it came.
    pub raw_context: Option<&'a RawValue>,
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Type,
    MessageId,
    UserId,
    AnonymousId,
    GroupId,
    PreviousId,
    Event,
    Name,
    Category,
    Timestamp,
    OriginalTimestamp,
    SentAt,
    Context,
    Traits,
    Properties,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Call<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Item;
        impl<'de> Visitor<'de> for Item {
            type Value = Call<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event, which is a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Call<'de>, A::Error> {
                let mut call = Call::default();
                while let Some(field) = map.next_key()? {
                    match field {
                        Field::Type => call.kind = text(&mut map, "type")?,
                        Field::MessageId => call.message_id = text(&mut map, "messageId")?,
                        Field::UserId => call.user_id = text(&mut map, "userId")?,
                        Field::AnonymousId => call.anonymous_id = text(&mut map, "anonymousId")?,
                        Field::GroupId => call.group_id = text(&mut map, "groupId")?,
                        Field::PreviousId => call.previous_id = text(&mut map, "previousId")?,
                        Field::Event => call.event = text(&mut map, "event")?,
                        Field::Name => call.name = text(&mut map, "name")?,
                        Field::Category => call.category = text(&mut map, "category")?,
                        Field::Timestamp => call.timestamp = text(&mut map, "timestamp")?,
                        Field::OriginalTimestamp => {
                            call.original_timestamp = text(&mut map, "originalTimestamp")?;
                        }
                        Field::SentAt => call.sent_at = text(&mut map, "sentAt")?,
                        Field::Context => call.context = object(&mut map, "context")?,
                        Field::Traits => call.traits = object(&mut map, "traits")?,
                        Field::Properties => call.properties = object(&mut map, "properties")?,
                        Field::Other => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(call)
            }
        }
        deserializer.deserialize_map(Item)
    }
}

fn text<'de, A: MapAccess<'de>>(map: &mut A, name: &str) -> Result<Option<Cow<'de, str>>, A::Error> {
    map.next_value::<Text<'de>>()
        .map(|text| text.0)
        .map_err(|error| Error::custom(format!("`{name}`: {error}")))
}

fn object<'de, A: MapAccess<'de>>(map: &mut A, name: &str) -> Result<Option<&'de RawValue>, A::Error> {
    let raw: &RawValue = map.next_value()?;
    as_object(raw).map_err(|what| Error::custom(format!("`{name}`: {what}")))
}

/// The value if it is an object; null and `[]` are absent.
pub(super) fn as_object(raw: &RawValue) -> Result<Option<&RawValue>, String> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => Ok(Some(raw)),
        Some(b'n') => Ok(None),
        Some(b'[') if text.get(1..text.len() - 1).is_some_and(|inside| inside.trim().is_empty()) => Ok(None),
        Some(b'[') => Err("expected an object, but a list came".into()),
        Some(b'"') => Err("expected an object, but a text came".into()),
        _ => Err("expected an object, but a number or boolean came".into()),
    }
}

/// A text that may be written as a number. Null and blank texts are absent.
pub(super) struct Text<'a>(pub Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl<'de> Visitor<'de> for TextOrNumber {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text((!text.trim().is_empty()).then_some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text((!text.trim().is_empty()).then(|| Cow::Owned(text.to_owned()))))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
}
