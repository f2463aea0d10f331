//! A person as they really are, over the years.

use crate::{
    lists::{Country, Gender},
    places::Home,
    traps::Traps,
};
use std::rc::Rc;

/// A day of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Day {
    /// The year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// The years that records are of begin here …
pub const FIRST_YEAR: f64 = 2014.0;
/// … and end here.
pub const NOW: f64 = 2026.5;

/// What changed over the years: each value with the moment since which it is so, the oldest first. Never empty.
#[derive(Debug, Clone)]
pub struct History<T>(Vec<(f64, T)>);

impl<T> History<T> {
    /// So it has always been.
    pub fn always(value: T) -> Self {
        Self(vec![(0.0, value)])
    }

    /// From then on it is so. Later than all that is there.
    pub fn change(&mut self, since: f64, value: T) {
        self.0.push((since, value));
    }

    /// How it was then.
    pub fn at(&self, moment: f64) -> &T {
        let after = self.0.partition_point(|(since, _)| *since <= moment);
        &self.0[after.saturating_sub(1)].1
    }

    /// How it was before it was as it was then; the same, if nothing was before.
    pub fn before(&self, moment: f64) -> &T {
        let after = self.0.partition_point(|(since, _)| *since <= moment);
        &self.0[after.saturating_sub(2)].1
    }

    /// How it is now.
    pub fn now(&self) -> &T {
        &self.0[self.0.len() - 1].1
    }

    /// Whether it was ever otherwise.
    pub fn changed(&self) -> bool {
        self.0.len() > 1
    }
}

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Counted from 0.
    pub id: u32,
    /// With whom they live.
    pub household: History<u32>,
    /// Where.
    pub country: Country,
    /// What they are addressed as.
    pub gender: Gender,
    /// `Dr.` and the like.
    pub title: Option<&'static str>,
    /// The name that they go by.
    pub forename: String,
    /// A second name, which some forms ask for.
    pub second: Option<String>,
    /// The surname, over the years.
    pub surname: History<String>,
    /// The day of birth.
    pub born: Day,
    /// Where they lived, over the years.
    pub home: History<Rc<Home>>,
    /// Mailboxes, the one that they use most first.
    pub mailboxes: Vec<String>,
    /// The mobile number, over the years, as national digits without the leading 0.
    pub mobile: Option<History<String>>,
    /// The loyalty card.
    pub card: Option<String>,
    /// The number of the account or contract.
    pub account: Option<String>,
    /// What is special about them.
    pub traps: Traps,
}

impl Person {
    /// How old they are then, in whole years.
    pub fn age(&self, moment: f64) -> i32 {
        moment as i32 - self.born.year
    }
}
