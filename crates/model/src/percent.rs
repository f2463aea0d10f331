//! Parts of a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A part of a whole, to a hundredth of a percent. Written like `10%` or `2.5%`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, JsonSchema)]
#[schemars(with = "String")]
pub struct Percent(u16);

/// A text that is not a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a percentage: expected a number from 0 to 100, at most two decimals and a %, such as 10% or 2.5%"
)]
pub struct PercentError(String);

impl Percent {
    /// The whole, in the unit of [`Percent::holds`].
    pub const WHOLE: u64 = 10_000;

    /// So many whole percent; the whole when there are more than a hundred.
    pub const fn of(percent: u16) -> Self {
        Self(if percent > 100 { 10_000 } else { percent * 100 })
    }

    /// So many hundredths of a percent; the whole when there are more than ten thousand.
    pub const fn hundredths(hundredths: u16) -> Self {
        Self(if hundredths > 10_000 { 10_000 } else { hundredths })
    }

    /// Whether `some` of `all` are more than this part.
    pub fn is_exceeded_by(self, some: u64, all: u64) -> bool {
        u128::from(some) * u128::from(Self::WHOLE) > u128::from(self.0) * u128::from(all)
    }

    /// The part as a number from 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / Self::WHOLE as f64
    }

    /// Whether a number that was drawn below [`Percent::WHOLE`] is within the part.
    pub fn holds(self, drawn: u64) -> bool {
        drawn < u64::from(self.0)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / 100)?;
        match self.0 % 100 {
            0 => {}
            rest if rest % 10 == 0 => write!(f, ".{}", rest / 10)?,
            rest => write!(f, ".{rest:02}")?,
        }
        f.write_str("%")
    }
}

impl fmt::Debug for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Percent {
    type Err = PercentError;
    fn from_str(text: &str) -> Result<Self, PercentError> {
        let error = || PercentError(text.chars().take(60).collect());
        let number = text.trim().strip_suffix('%').ok_or_else(error)?.trim_end();
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 2 || whole.len() > 3 {
            return Err(error());
        }
        let number: u16 = format!("{whole}{decimals:0<2}").parse().map_err(|_| error())?;
        if u64::from(number) > Self::WHOLE {
            return Err(error());
        }
        Ok(Self(number))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::written::read(deserializer, "a percentage such as 10% or 2.5%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_and_written() {
        for text in ["0%", "10%", "2.5%", "0.05%", "12.34%", "100%"] {
            assert_eq!(text.parse::<Percent>().map(|part| part.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("5.50 %".parse::<Percent>().map(|part| part.to_string()), Ok("5.5%".to_owned()));
        for bad in ["", "%", "10", "-1%", "100.01%", "1.234%", "1.%", ".5%", "1e1%", "99999%", "ten%"] {
            assert!(bad.parse::<Percent>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_part_is_exceeded_by_more_than_itself_and_not_by_itself() {
        let part = Percent::hundredths(30);
        assert!(!part.is_exceeded_by(3, 1_000) && part.is_exceeded_by(4, 1_000));
        assert!(!part.is_exceeded_by(0, 0) && part.is_exceeded_by(1, 0), "something of nothing is too much");
        assert!(!Percent::of(100).is_exceeded_by(7, 7));
        assert!(Percent::of(100).is_exceeded_by(u64::MAX, u64::MAX - 1), "large numbers do not overflow");
    }

    #[test]
    fn nothing_holds_nobody_and_all_holds_everybody() {
        let part = |text: &str| text.parse::<Percent>().unwrap_or_default();
        assert!(!part("0%").holds(0));
        assert!(part("100%").holds(Percent::WHOLE - 1));
        assert!(part("2.5%").holds(249) && !part("2.5%").holds(250));
    }
}
