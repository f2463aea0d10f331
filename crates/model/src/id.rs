//! Identifiers that Crowsnest itself gives out: a prefix that says what it is, then Crockford base 32.

use crate::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not {article} id: expected `{prefix}_` and {digits} characters of 0-9 a-z without i, l, o, u"
)]
pub struct IdError {
    text: String,
    article: &'static str,
    prefix: &'static str,
    digits: usize,
}

fn encode(mut bits: u128, digits: usize) -> String {
    let mut out = vec![b'0'; digits];
    for place in out.iter_mut().rev() {
        *place = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    out.into_iter().map(char::from).collect()
}

fn decode(text: &str, digits: usize, width: u32) -> Option<u128> {
    if text.len() != digits {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|&c| c == byte)? as u128;
        if bits.leading_zeros() < 5 {
            return None;
        }
        bits = (bits << 5) | digit;
    }
    (width >= 128 || bits >> width == 0).then_some(bits)
}

macro_rules! sortable_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $article:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, encode(u128::from(self.0), 13))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|digits| decode(digits, 13, 64))
                    .and_then(|bits| u64::try_from(bits).ok())
                    .map($name)
                    .ok_or_else(|| IdError {
                        text: text.chars().take(60).collect(),
                        article: $article,
                        prefix: $prefix,
                        digits: 13,
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_u64(self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    u64::deserialize(deserializer).map($name)
                }
            }
        }
    };
}

sortable_id!(
    /// One person. A stable surrogate: after a merge the absorbed id redirects to the survivor's.
    ProfileId, "prf", "a profile"
);

impl ProfileId {
    /// No person: whose delivery it is that goes to an address of the house's own.
    pub const NOBODY: Self = Self(0);
}
sortable_id!(
    /// One message on one channel.
    DeliveryId, "dlv", "a delivery"
);
sortable_id!(
    /// Letters that were printed together.
    PrintRunId, "prn", "a print run"
);
sortable_id!(
    /// One person's way through one program.
    RunId, "run", "a run"
);
sortable_id!(
    /// Something that a program asks people of the house to do.
    TaskId, "tsk", "a task"
);
sortable_id!(
    /// One thing that could not be taken in, and why.
    QuarantineId, "qua", "a quarantine"
);
sortable_id!(
    /// Somebody's decision about who is one person and who is not.
    DecisionId, "dcn", "a decision"
);
sortable_id!(
    /// A question to people of the house: whether two are one person.
    QuestionId, "qst", "a question"
);
sortable_id!(
    /// People who share an account, or who were found to live together. That of an account is made from its identifier, so
    /// any order of arrival gives the same id; that of people who were found is made when they are.
    HouseholdId, "hsh", "a household"
);

impl ProfileId {
    /// How many slots the people of an installation are spread over.
    pub const SLOTS: u16 = 1024;

    /// The slot of this person: a stable hash of the id (Fibonacci hashing), never to be changed.
    pub fn slot(self) -> u16 {
        (self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as u16
    }

    /// When this person was first heard of here: ids begin with their time.
    pub fn made(self) -> Time {
        Time(IdMaker::EPOCH.saturating_add((self.0 >> 22) as i64))
    }
}

impl HouseholdId {
    /// The household of an account identifier, such as (`account`, `A-17`).
    pub fn of(namespace: &str, value: &str) -> Self {
        let digest = Sha256::new().chain_update(namespace).chain_update([0]).chain_update(value).finalize();
        Self(u64::from_be_bytes([
            digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
        ]))
    }
}

/// One touch. A hash of its source and its message id, so that a copy of an event has the same id as the event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u128);

impl EventId {
    /// The id of the event that `source` calls `message_id`: the first 128 bits of SHA-256 of both.
    pub fn of(source: &str, message_id: &str) -> Self {
        let digest = Sha256::new().chain_update(source).chain_update([0]).chain_update(message_id).finalize();
        let mut bits = [0; 16];
        bits.copy_from_slice(&digest[..16]);
        Self(u128::from_be_bytes(bits))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{}", encode(self.0, 26))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        text.strip_prefix("evt_").and_then(|digits| decode(digits, 26, 128)).map(EventId).ok_or_else(|| {
            IdError { text: text.chars().take(60).collect(), article: "an event", prefix: "evt", digits: 26 }
        })
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(&self.0.to_be_bytes())
        }
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bits;
        impl serde::de::Visitor<'_> for Bits {
            type Value = EventId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event id")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<EventId, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<EventId, E> {
                let bits: [u8; 16] = bytes.try_into().map_err(|_| E::custom("an event id has 16 bytes"))?;
                Ok(EventId(u128::from_be_bytes(bits)))
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Bits)
        } else {
            deserializer.deserialize_bytes(Bits)
        }
    }
}

/// Gives out ids that sort by time: 41 bits of milliseconds since 2020 (they last until 2089, and keep the id positive
/// as a signed number, as databases have them), then 22 bits that count up.
///
/// Only the writer of a store has one, so an id is never given twice, even when the clock jumps back: ids go on
/// upwards from the highest that was ever given.
#[derive(Debug, Clone)]
pub struct IdMaker {
    last: u64,
}

impl IdMaker {
    /// 2020-01-01T00:00:00Z in milliseconds since 1970.
    const EPOCH: i64 = 1_577_836_800_000;

    /// Continues after `highest`, the highest id that the store has seen.
    pub fn after(highest: u64) -> Self {
        Self { last: highest }
    }

    /// The next id, as of `now`.
    pub fn next(&mut self, now: Time) -> u64 {
        let floor = (now.0.saturating_sub(Self::EPOCH).clamp(0, (1 << 41) - 1) as u64) << 22;
        self.last = floor.max(self.last + 1);
        self.last
    }

    /// The highest id given so far.
    pub fn highest(&self) -> u64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read_back() {
        let id = ProfileId(0x0123_4567_89ab_cdef);
        assert_eq!(id.to_string().parse::<ProfileId>(), Ok(id));
        assert_eq!(ProfileId(u64::MAX).to_string().parse::<ProfileId>(), Ok(ProfileId(u64::MAX)));
        assert!("prf_zzzzzzzzzzzzz".parse::<ProfileId>().is_err(), "65 bits do not fit");
        assert!("evt_0".parse::<ProfileId>().is_err());
        let event = EventId::of("web", "m-1");
        assert_eq!(event.to_string().parse::<EventId>(), Ok(event));
    }

    #[test]
    fn ids_sort_by_time_and_never_repeat_when_the_clock_jumps_back() {
        let mut maker = IdMaker::after(0);
        let first = maker.next(Time(1_000));
        let second = maker.next(Time(1_000));
        let third = maker.next(Time(5));
        assert!(first < second && second < third);
    }

    #[test]
    fn ids_survive_the_binary_format() {
        let event = EventId::of("web", "m-1");
        let bytes = rmp_serde::to_vec(&(event, ProfileId(7))).unwrap();
        assert_eq!(rmp_serde::from_slice::<(EventId, ProfileId)>(&bytes).unwrap(), (event, ProfileId(7)));
    }
}
