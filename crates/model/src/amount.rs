//! Prices and budgets: amounts finer than [`Money`](crate::money::Money), since a message costs less than any coin.

use crate::money::Currency;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// The parts of a unit that are counted.
const MICROS: i64 = 1_000_000;

/// An amount to the millionth of a currency's unit, not negative. Written like `500 USD` or `0.0008 USD`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(with = "String")]
pub struct Amount {
    /// In millionths of the unit.
    pub micros: i64,
    /// The currency.
    pub currency: Currency,
}

/// A text that is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an amount: expected digits with a point and up to six decimals, and a currency, such as 500 USD or 0.0008 USD"
)]
pub struct AmountError(String);

impl Amount {
    /// So many times as much.
    pub fn times(self, count: u64) -> Self {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Self { micros: self.micros.saturating_mul(count), ..self }
    }

    /// What each of so many has of it, to the nearest millionth; `None` for none.
    pub fn shared_by(self, count: u64) -> Option<Self> {
        let count = i64::try_from(count).ok().filter(|count| *count > 0)?;
        Some(Self { micros: self.micros.saturating_add(count / 2) / count, ..self })
    }

    /// As people read it: rounded to the decimals of its currency. What is less than its smallest coin stays exact, so that
    /// a price of a thousandth is not nothing.
    pub fn rounded(self) -> String {
        let decimals = self.currency.decimals();
        let coin = MICROS / 10_i64.pow(decimals);
        if self.micros != 0 && self.micros.abs() < coin {
            return self.to_string();
        }
        let coins = self.micros.saturating_add(self.micros.signum() * (coin / 2)) / coin;
        let sign = if coins < 0 { "-" } else { "" };
        let coins = coins.unsigned_abs();
        let in_one = 10_u64.pow(decimals);
        match decimals {
            0 => format!("{sign}{coins} {}", self.currency),
            _ => {
                let (whole, rest) = (coins / in_one, coins % in_one);
                format!("{sign}{whole}.{rest:0width$} {}", self.currency, width = decimals as usize)
            }
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let micros = self.micros.unsigned_abs();
        let decimals = format!("{:06}", micros % MICROS.unsigned_abs());
        let (cents, rest) = decimals.split_at(2);
        let rest = rest.trim_end_matches('0');
        write!(f, "{sign}{}.{cents}{rest} {}", micros / MICROS.unsigned_abs(), self.currency)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Amount {
    type Err = AmountError;
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let error = || AmountError(text.chars().take(60).collect());
        let (number, currency) = text.trim().rsplit_once(' ').ok_or_else(error)?;
        let currency = Currency::parse(currency).map_err(|_| error())?;
        let (whole, decimals) = number.trim_end().split_once('.').unwrap_or((number.trim_end(), "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 6 {
            return Err(error());
        }
        let micros = format!("{whole}{decimals:0<6}").parse().map_err(|_| error())?;
        Ok(Self { micros, currency })
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::written::read(deserializer, "an amount such as 500 USD or 0.0008 USD")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, written, micros) in [
            ("500 USD", "500.00 USD", 500_000_000),
            ("0.0008 usd", "0.0008 USD", 800),
            ("0 EUR", "0.00 EUR", 0),
            ("12.5 EUR", "12.50 EUR", 12_500_000),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount.micros, amount.to_string().as_str()), (micros, written));
        }
        for (text, rounded) in [
            ("12.345678 USD", "12.35 USD"),
            ("0.0008 USD", "0.0008 USD"),
            ("0.0149 USD", "0.01 USD"),
            ("1234.5 JPY", "1235 JPY"),
            ("1.2344 KWD", "1.234 KWD"),
            ("0 EUR", "0.00 EUR"),
        ] {
            assert_eq!(text.parse::<Amount>().unwrap().rounded(), rounded);
        }
        let amount: Amount = "10 USD".parse().unwrap();
        assert_eq!(
            (amount.shared_by(3).unwrap().to_string(), amount.shared_by(0)),
            ("3.333333 USD".into(), None)
        );
        assert_eq!(amount.times(3).to_string(), "30.00 USD");
        for bad in
            ["", "500", "USD", "-1 USD", "1,000 USD", "0.0000001 USD", "1. USD", "99999999999999999 USD"]
        {
            assert!(bad.parse::<Amount>().is_err(), "{bad}");
        }
    }
}
