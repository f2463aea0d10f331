//! Money always has its currency.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount in thousandths of a currency's unit (enough for every ISO 4217 currency).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount in thousandths: 75 dollars are 75,000.
    pub mills: i64,
    /// The ISO 4217 code, such as `USD`.
    pub currency: Currency,
}

/// An ISO 4217 alphabetic code: three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three capital letters.
    #[error("`{0}` is not a currency: expected an ISO 4217 code of three letters, such as USD")]
    Currency(String),
    /// Not a number, or too large, or finer than a thousandth.
    #[error(
        "`{0}` is not an amount: expected digits with an optional sign and up to three decimals, such as 1,250.00"
    )]
    Amount(String),
    /// Two currencies cannot be added.
    #[error("{0} and {1} cannot be added: convert one of them first")]
    Mixed(Currency, Currency),
}

impl Currency {
    /// Reads a code; letters of either case are taken.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let code: [u8; 3] = text
            .trim()
            .to_ascii_uppercase()
            .into_bytes()
            .try_into()
            .map_err(|_| MoneyError::Currency(text.chars().take(20).collect()))?;
        if code.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(code))
        } else {
            Err(MoneyError::Currency(text.chars().take(20).collect()))
        }
    }
}

impl Currency {
    /// How many decimals people write: those of its smallest coin, by ISO 4217.
    pub fn decimals(self) -> u32 {
        const NONE: [&[u8; 3]; 17] = [
            b"BIF", b"CLP", b"DJF", b"GNF", b"ISK", b"JPY", b"KMF", b"KRW", b"PYG", b"RWF", b"UGX", b"UYI",
            b"VND", b"VUV", b"XAF", b"XOF", b"XPF",
        ];
        const THREE: [&[u8; 3]; 7] = [b"BHD", b"IQD", b"JOD", b"KWD", b"LYD", b"OMR", b"TND"];
        if NONE.contains(&&self.0) {
            0
        } else if THREE.contains(&&self.0) {
            3
        } else {
            2
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or("???"))
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        Self::parse(&text)
    }
}

impl Money {
    /// Reads an amount such as `1250`, `-3.5`, `1,250.00`, `$75` or `75.00 USD`. With `decimal_comma`, `1.250,00`.
    ///
    /// A symbol or code around the number is passed over; `currency` says what it is.
    pub fn parse(text: &str, currency: Currency, decimal_comma: bool) -> Result<Self, MoneyError> {
        let error = || MoneyError::Amount(text.chars().take(40).collect());
        let (point, group) = if decimal_comma { (',', '.') } else { ('.', ',') };
        let number = text.trim_matches(|c: char| {
            c.is_alphabetic() || c.is_whitespace() || matches!(c, '$' | '€' | '£' | '¥' | '₹')
        });
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest.trim_start_matches(['$', '€', '£', '¥', '₹'])),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = number.split_once(point).unwrap_or((number, ""));
        let groups: Vec<&str> = whole.split(group).collect();
        let grouped = groups.len() == 1 || groups[1..].iter().all(|g| g.len() == 3) && !groups[0].is_empty();
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let fraction = fraction.trim_end_matches('0');
        if !grouped || fraction.len() > 3 || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return Err(error());
        }
        let mut mills: i64 = 0;
        for group in groups {
            if !digits(group) {
                return Err(error());
            }
            for digit in group.bytes() {
                mills = mills
                    .checked_mul(10)
                    .and_then(|m| m.checked_add(i64::from(digit - b'0')))
                    .ok_or_else(error)?;
            }
        }
        let scale = [1_000, 100, 10, 1][fraction.len()];
        let fraction: i64 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| error())? };
        mills = mills.checked_mul(1_000).and_then(|m| m.checked_add(fraction * scale)).ok_or_else(error)?;
        Ok(Self { mills: if negative { -mills } else { mills }, currency })
    }

    /// The amount in whole units, as the JSON number that events carry.
    pub fn units(self) -> f64 {
        self.mills as f64 / 1_000.0
    }

    /// The sum, if both are in one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        Ok(Self { mills: self.mills.saturating_add(other.mills), currency: self.currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mills < 0 { "-" } else { "" };
        let mills = self.mills.unsigned_abs();
        if mills.is_multiple_of(10) {
            write!(f, "{sign}{}.{:02} {}", mills / 1_000, mills % 1_000 / 10, self.currency)
        } else {
            write!(f, "{sign}{}.{:03} {}", mills / 1_000, mills % 1_000, self.currency)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read() {
        let usd = Currency::parse("usd").unwrap();
        for (text, mills) in [
            ("1250", 1_250_000),
            ("1,250.00", 1_250_000),
            ("$75", 75_000),
            ("-3.5", -3_500),
            ("75.00 USD", 75_000),
            (".5", 500),
            ("-$3", -3_000),
        ] {
            assert_eq!(Money::parse(text, usd, false), Ok(Money { mills, currency: usd }), "{text}");
        }
        assert_eq!(Money::parse("1.250,75", usd, true).unwrap().mills, 1_250_750);
        for bad in ["", "twelve", "1,25.00", "1.2.3", "1.23456", "99999999999999999999", "$", "--1"] {
            assert!(Money::parse(bad, usd, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn currencies_are_never_added_silently() {
        let usd = Money { mills: 1_000, currency: Currency::parse("USD").unwrap() };
        let eur = Money { mills: 1_000, currency: Currency::parse("EUR").unwrap() };
        assert!(usd.plus(eur).is_err());
        assert_eq!(usd.plus(usd).unwrap().to_string(), "2.00 USD");
    }
}
