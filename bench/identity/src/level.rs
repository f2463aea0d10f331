//! How dirty the data are.

use clap::ValueEnum;

/// One word for all rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// A well-kept database.
    Light,
    /// What companies usually have.
    Medium,
    /// Old systems, handwriting and bought addresses.
    Heavy,
}

impl Level {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Medium => "medium",
            Self::Heavy => "heavy",
        }
    }

    /// What the rates of slips (typos, wrong dates, initials, placeholders) are multiplied by.
    pub fn slips(self) -> f64 {
        match self {
            Self::Light => 0.4,
            Self::Medium => 1.0,
            Self::Heavy => 2.2,
        }
    }

    /// What the rates of traps among people (shared mailboxes, recycled numbers, separations) are multiplied by.
    pub fn traps(self) -> f64 {
        match self {
            Self::Light => 0.6,
            Self::Medium => 1.0,
            Self::Heavy => 1.6,
        }
    }

    /// What the probability that a field is empty is multiplied by.
    pub fn gaps(self) -> f64 {
        match self {
            Self::Light => 0.7,
            Self::Medium => 1.0,
            Self::Heavy => 1.3,
        }
    }
}
