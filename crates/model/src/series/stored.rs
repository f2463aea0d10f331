//! How a series is written: in as few bytes as its moments allow, since a person's document is read and written with
//! each of their events, and most of it are moments at which one thing happened.
//!
//! Whole numbers are written as varints: seven bits a byte, the lowest first, the eighth bit set when more follow; signed ones in
//! zigzag. A series is its grain, the tally of what is older (a byte 0 when there is nothing), the number of moments, and for
//! each the distance to the one before, in grains, and its tally. A tally is a byte of [flags](self::SEVERAL) and what they
//! say that follows.

use super::{Numbers, Series, Tally, UNIT};
use crate::Time;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};
use std::fmt;

/// More than one event: how many follows.
const SEVERAL: u8 = 1;
/// The first and the last moment follow, as distances; else both are the tally's own.
const APART: u8 = 1 << 1;
/// Numbers follow.
const NUMBERS: u8 = 1 << 2;
/// Of several numbers: how many, their sum, the least and the most follow; else one number.
const SUMMED: u8 = 1 << 3;
/// The one number is whole and written as a varint; else its eight bytes follow.
const WHOLE: u8 = 1 << 4;
/// A currency follows: how long it is, and its letters.
const CURRENCY: u8 = 1 << 5;
/// The currencies are different ones.
const MIXED: u8 = 1 << 6;
/// Hashes of values follow: how many, and eight bytes each.
const VALUES: u8 = 1 << 7;

impl Serialize for Series {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = Vec::with_capacity(16 + self.recent.len() * 12);
        unsigned(&mut out, self.grain.unsigned_abs().into());
        if self.older.count == 0 {
            out.push(0);
        } else {
            out.push(1);
            write_tally(&mut out, &self.older, Time(0));
        }
        unsigned(&mut out, self.recent.len() as u128);
        let mut before = 0;
        for (at, tally) in &self.recent {
            let place = at.0.div_euclid(self.grain.max(1));
            signed(&mut out, i128::from(place) - i128::from(before));
            before = place;
            write_tally(&mut out, tally, *at);
        }
        serializer.serialize_bytes(&out)
    }
}

fn write_tally(out: &mut Vec<u8>, tally: &Tally, at: Time) {
    let one = |numbers: &Numbers| {
        numbers.count == 1
            && numbers.least.to_bits() == numbers.most.to_bits()
            && numbers.sum == (numbers.least * UNIT).round() as i128
    };
    let is_whole = |number: f64| {
        number.fract() == 0.0 && number.abs() < 9e15 && number.to_bits() != (-0.0_f64).to_bits()
    };
    let mut flags = 0;
    let mut set = |flag: u8, when: bool| flags |= if when { flag } else { 0 };
    set(SEVERAL, tally.count != 1);
    set(APART, tally.first != Some(at) || tally.last != Some(at));
    if let Some(numbers) = &tally.numbers {
        set(NUMBERS, true);
        set(SUMMED, !one(numbers));
        set(WHOLE, one(numbers) && is_whole(numbers.least));
        set(CURRENCY, numbers.currency.is_some());
        set(MIXED, numbers.mixed);
    }
    set(VALUES, !tally.values.is_empty());
    out.push(flags);
    if flags & SEVERAL != 0 {
        unsigned(out, tally.count.into());
    }
    if flags & APART != 0 {
        for moment in [tally.first, tally.last] {
            signed(out, i128::from(moment.unwrap_or(at).0) - i128::from(at.0));
        }
    }
    if let Some(numbers) = &tally.numbers {
        if flags & SUMMED != 0 {
            unsigned(out, numbers.count.into());
            signed(out, numbers.sum);
            out.extend(numbers.least.to_bits().to_le_bytes());
            out.extend(numbers.most.to_bits().to_le_bytes());
        } else if flags & WHOLE != 0 {
            signed(out, numbers.least as i128);
        } else {
            out.extend(numbers.least.to_bits().to_le_bytes());
        }
        if let Some(currency) = &numbers.currency {
            unsigned(out, currency.len() as u128);
            out.extend(currency.as_bytes());
        }
    }
    if flags & VALUES != 0 {
        unsigned(out, tally.values.len() as u128);
        tally.values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    }
}

fn unsigned(out: &mut Vec<u8>, mut number: u128) {
    // Nearly all numbers are small, and small ones are shifted in one register.
    while number > u128::from(u64::MAX) {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    let mut number = number as u64;
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn signed(out: &mut Vec<u8>, number: i128) {
    unsigned(out, (number << 1 ^ number >> 127) as u128);
}

impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Series;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the bytes of a series")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Series, E> {
                let mut left = Left(bytes);
                left.series().filter(|_| left.0.is_empty()).ok_or_else(|| E::custom("a series is broken off"))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// What is left to be read.
struct Left<'a>(&'a [u8]);

impl Left<'_> {
    fn series(&mut self) -> Option<Series> {
        let grain = i64::try_from(self.unsigned()?).ok().filter(|grain| *grain > 0)?;
        let older = if self.byte()? == 0 { Tally::default() } else { self.tally(Time(0))? };
        let moments = self.length(2)?;
        let mut recent = Vec::with_capacity(moments);
        let mut place = 0_i64;
        for _ in 0..moments {
            place = i64::try_from(i128::from(place).checked_add(self.signed()?)?).ok()?;
            let at = Time(place.checked_mul(grain)?);
            recent.push((at, self.tally(at)?));
        }
        Some(Series { older, recent, grain })
    }

    fn tally(&mut self, at: Time) -> Option<Tally> {
        let flags = self.byte()?;
        let has = |flag: u8| flags & flag != 0;
        let count = if has(SEVERAL) { self.count()? } else { 1 };
        let mut moment = || Some(Some(if has(APART) { self.distance(at)? } else { at }));
        let (first, last) = (moment()?, moment()?);
        let numbers = if has(NUMBERS) { Some(self.numbers(flags)?) } else { None };
        let mut values = Vec::new();
        if has(VALUES) {
            let length = self.length(8)?;
            values.reserve(length);
            for _ in 0..length {
                values.push(u64::from_le_bytes(self.take()?));
            }
        }
        Some(Tally { count, first, last, numbers, values })
    }

    fn numbers(&mut self, flags: u8) -> Option<Numbers> {
        let has = |flag: u8| flags & flag != 0;
        let mut numbers = if has(SUMMED) {
            let (count, sum) = (self.count()?, self.signed()?);
            let (least, most) = (self.double()?, self.double()?);
            Numbers { count, sum, least, most, currency: None, mixed: false }
        } else {
            let number = if has(WHOLE) { self.signed()? as f64 } else { self.double()? };
            Numbers::one(number, None)
        };
        if has(CURRENCY) {
            let length = self.length(1)?;
            let (letters, rest) = self.0.split_at_checked(length)?;
            self.0 = rest;
            numbers.currency = Some(String::from_utf8(letters.to_vec()).ok()?);
        }
        numbers.mixed = has(MIXED);
        Some(numbers)
    }

    fn distance(&mut self, at: Time) -> Option<Time> {
        i64::try_from(i128::from(at.0).checked_add(self.signed()?)?).ok().map(Time)
    }

    fn double(&mut self) -> Option<f64> {
        self.take().map(|bytes| f64::from_bits(u64::from_le_bytes(bytes)))
    }

    fn count(&mut self) -> Option<u64> {
        self.unsigned()?.try_into().ok()
    }

    /// How many things of at least so many bytes follow: no more than there is room for.
    fn length(&mut self, bytes: usize) -> Option<usize> {
        usize::try_from(self.unsigned()?).ok().filter(|length| *length <= self.0.len() / bytes)
    }

    fn signed(&mut self) -> Option<i128> {
        let number = self.unsigned()?;
        Some((number >> 1) as i128 ^ -((number & 1) as i128))
    }

    fn unsigned(&mut self) -> Option<u128> {
        // Nearly all numbers are small, and small ones are shifted in one register.
        let mut low = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            low |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(low.into());
            }
        }
        let mut number = u128::from(low);
        for shift in (63..128).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        self.take().map(|[byte]: [u8; 1]| byte)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Duration, Series, Time,
        series::{Kept, Sample},
    };
    use proptest::prelude::*;

    fn sample() -> impl Strategy<Value = Sample> {
        let number = prop_oneof![
            Just(None),
            (-1_000_000_i64..1_000_000).prop_map(|n| Some(n as f64)),
            any::<f64>().prop_map(Some),
            Just(Some(-0.0)),
        ];
        let currency = prop_oneof![Just(None), Just(Some("EUR".to_owned())), Just(Some("USD".to_owned()))];
        (number, currency, any::<Option<u64>>()).prop_map(|(number, currency, value)| Sample {
            number,
            currency,
            value,
            ..Sample::default()
        })
    }

    fn moment() -> impl Strategy<Value = i64> {
        let bounds = Time::RANGE.start().0..=Time::RANGE.end().0;
        prop_oneof![0_i64..1_000, 1_700_000_000_000_i64..1_800_000_000_000, bounds]
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(
            events in prop::collection::vec((moment(), sample()), 0..40),
            kept in prop_oneof![Just(Kept::Ever), (0_i64..1_000_000_000).prop_map(|n| Kept::For(Duration(n)))],
            grain in prop_oneof![Just(1_i64), Just(1_000), Just(86_400_000)],
        ) {
            let mut series = Series { grain, ..Series::default() };
            for (at, sample) in events {
                series.add(Time(at), sample, kept, Time(1_750_000_000_000));
            }
            let bytes = rmp_serde::to_vec(&series).unwrap();
            prop_assert_eq!(&rmp_serde::from_slice::<Series>(&bytes).unwrap(), &series);
            for end in 0..bytes.len() {
                prop_assert!(rmp_serde::from_slice::<Series>(&bytes[..end]).is_err(), "broken off");
            }
        }

        #[test]
        fn bytes_that_are_no_series_are_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut written = rmp_serde::to_vec(&Series::default()).unwrap();
            written.truncate(1);
            written.push(bytes.len() as u8);
            written.extend(bytes);
            let _ = rmp_serde::from_slice::<Series>(&written);
        }
    }

    #[test]
    fn a_moment_with_a_price_takes_a_few_bytes() {
        let mut series = Series::default();
        for minute in 0..100 {
            let sample = Sample { number: Some(75.0), ..Sample::default() };
            series.add(Time(1_750_000_000_000 + minute * 60_000), sample, Kept::Ever, Time(0));
        }
        let bytes = rmp_serde::to_vec(&series).unwrap();
        assert!(bytes.len() < 700, "{} bytes", bytes.len());
    }
}
