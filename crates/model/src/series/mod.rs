//! What is remembered of a person's events of one kind, so that questions about a stretch of time ("how many orders in
//! 30 days") are answered at once and exactly, without reading the events again.
//!
//! Any order of events, and any way of splitting them between two people who are then merged, gives the same answers:
//! moments are kept in order, and sums are added as whole numbers.

mod granularity;
mod stored;

pub use granularity::Granularity;

use crate::{Duration, Time};
use serde::{Deserialize, Serialize};

/// What a series is known by: the hash of what it remembers (event, condition, value).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeriesId(pub u64);

/// For how long a series tells moments apart. One that is kept longer answers all that one kept shorter answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    /// This long; zero for questions about all time.
    For(Duration),
    /// For ever.
    Ever,
}

/// More moments than this, and they are told apart more coarsely ([`Series::grain`]).
pub const MOST_MOMENTS: usize = 4_096;

/// More different values than this are not told apart: [`Tally::distinct_at_least`] says so.
pub const MOST_VALUES: usize = 10_000;

/// Sums have nine decimals.
const UNIT: f64 = 1e9;

/// What one event says to a series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// A number, to be summed.
    pub number: Option<f64>,
    /// The currency that the event names beside it: three letters.
    pub currency: Option<String>,
    /// The hash of a value, to be told from other values.
    pub value: Option<u64>,
    /// How finely the moment is remembered. It is the same for all that is said to one series.
    pub granularity: Granularity,
}

/// What is remembered of one person's events of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What is older than any question asks about, as one.
    pub older: Tally,
    /// Moments, in order, and what happened at each.
    pub recent: Vec<(Time, Tally)>,
    /// How coarsely moments are told apart, in milliseconds; 1 is exactly.
    pub grain: i64,
}

impl Default for Series {
    fn default() -> Self {
        Self { older: Tally::default(), recent: Vec::new(), grain: 1 }
    }
}

/// What happened in some stretch of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    /// How many events.
    pub count: u64,
    /// The first of them.
    pub first: Option<Time>,
    /// The last of them.
    pub last: Option<Time>,
    /// Their numbers.
    pub numbers: Option<Numbers>,
    /// The hashes of their different values, in order; at most [`MOST_VALUES`].
    pub values: Vec<u64>,
}

/// Numbers, added up.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// How many.
    pub count: u64,
    /// Their sum in units of 10⁻⁹, so that the order of adding does not matter.
    sum: i128,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
    /// The currency that events named with them.
    pub currency: Option<String>,
    /// Events named different currencies: these numbers do not add up to anything.
    pub mixed: bool,
}

impl Numbers {
    fn one(number: f64, currency: Option<String>) -> Self {
        // The conversion saturates; a number that large has long lost its decimals.
        let sum = (number * UNIT).round() as i128;
        Self { count: 1, sum, least: number, most: number, currency, mixed: false }
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        self.mixed |= other.mixed;
        match (&self.currency, &other.currency) {
            (Some(mine), Some(theirs)) if mine != theirs => {
                self.mixed = true;
                // One of the two, whichever came first.
                if theirs < mine {
                    self.currency.clone_from(&other.currency);
                }
            }
            (None, Some(_)) => self.currency.clone_from(&other.currency),
            _ => {}
        }
    }

    /// The sum; `None` when the numbers are of different currencies.
    pub fn sum(&self) -> Option<f64> {
        (!self.mixed).then(|| self.sum as f64 / UNIT)
    }

    /// The mean; `None` when the numbers are of different currencies.
    pub fn mean(&self) -> Option<f64> {
        self.sum().map(|sum| sum / self.count as f64)
    }
}

impl Tally {
    fn one(at: Time, sample: Sample) -> Self {
        let number = sample.number.filter(|number| number.is_finite());
        Self {
            count: 1,
            first: Some(at),
            last: Some(at),
            numbers: number.map(|number| Numbers::one(number, sample.currency)),
            values: sample.value.into_iter().collect(),
        }
    }

    /// Adds what happened in another stretch of time.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
        match (&mut self.numbers, &other.numbers) {
            (Some(mine), Some(theirs)) => mine.add(theirs),
            (mine @ None, Some(theirs)) => *mine = Some(theirs.clone()),
            (_, None) => {}
        }
        for value in &other.values {
            if self.values.len() >= MOST_VALUES {
                break;
            }
            if let Err(place) = self.values.binary_search(value) {
                self.values.insert(place, *value);
            }
        }
    }

    /// There may be more different values than were told apart.
    pub fn distinct_at_least(&self) -> bool {
        self.values.len() >= MOST_VALUES
    }
}

impl Series {
    /// Adds an event. What is older than `kept` at `now` is put together.
    pub fn add(&mut self, at: Time, sample: Sample, kept: Kept, now: Time) {
        let granularity = sample.granularity;
        let at = granularity.floor(at);
        self.coarsen(granularity.span().0);
        self.put(at, Tally::one(at, sample));
        self.tidy(kept, now);
    }

    /// Adds what is remembered of somebody who turned out to be the same person.
    pub fn absorb(&mut self, other: Self) {
        self.older.add(&other.older);
        self.coarsen(other.grain);
        for (at, tally) in other.recent {
            self.put(at, tally);
        }
        // What was put together for one of the two is older than any question reaches, and so is what the other has from
        // before that, even where it was not put together yet. All of `older` comes before all of `recent`.
        if let Some(last) = self.older.last {
            let gone = self.recent.partition_point(|(at, _)| *at <= last);
            for (_, tally) in self.recent.drain(..gone) {
                self.older.add(&tally);
            }
        }
        self.bound();
    }

    /// Puts together what is older than `kept`.
    pub fn tidy(&mut self, kept: Kept, now: Time) {
        if let Kept::For(kept) = kept {
            let until = self.truncated(now.minus(kept));
            let gone = self.recent.partition_point(|(at, _)| *at < until);
            for (_, tally) in self.recent.drain(..gone) {
                self.older.add(&tally);
            }
        }
        self.bound();
    }

    /// What happened after `after` and not after `until`; from the beginning when there is no `after`, which must not be
    /// earlier than what is kept.
    pub fn between(&self, after: Option<Time>, until: Time) -> Tally {
        let mut tally = match after {
            None => self.older.clone(),
            Some(_) => Tally::default(),
        };
        let from = after.map_or(0, |after| self.recent.partition_point(|(at, _)| *at <= after));
        for (at, more) in self.recent.get(from..).unwrap_or_default() {
            if *at > until {
                break;
            }
            tally.add(more);
        }
        tally
    }

    /// How many events happened after `after` and not after `until`, without looking at more than that.
    pub fn count(&self, after: Option<Time>, until: Time) -> u64 {
        let from = after.map_or(0, |after| self.recent.partition_point(|(at, _)| *at <= after));
        let older = if after.is_none() { self.older.count } else { 0 };
        let recent = self.recent.get(from..).unwrap_or_default();
        older + recent.iter().take_while(|(at, _)| *at <= until).map(|(_, tally)| tally.count).sum::<u64>()
    }

    /// The moments that are told apart, in order.
    pub fn moments(&self) -> impl DoubleEndedIterator<Item = Time> + Clone + '_ {
        self.recent.iter().map(|(at, _)| *at)
    }

    /// The first moment after `time`.
    pub fn next_after(&self, time: Time) -> Option<Time> {
        let place = self.recent.partition_point(|(at, _)| *at <= time);
        self.recent.get(place).map(|(at, _)| *at)
    }

    fn truncated(&self, at: Time) -> Time {
        Time(at.0.div_euclid(self.grain).saturating_mul(self.grain))
    }

    fn put(&mut self, at: Time, tally: Tally) {
        let at = self.truncated(at);
        match self.recent.binary_search_by_key(&at, |(at, _)| *at) {
            Ok(place) => {
                if let Some((_, there)) = self.recent.get_mut(place) {
                    there.add(&tally);
                }
            }
            Err(place) => self.recent.insert(place, (at, tally)),
        }
    }

    fn bound(&mut self) {
        while self.recent.len() > MOST_MOMENTS {
            let coarser = Granularity::ALL.into_iter().map(|step| step.span().0);
            let Some(grain) = coarser.into_iter().find(|grain| *grain > self.grain) else {
                // 4,096 days and more: the earliest are put together.
                let gone = self.recent.len() - MOST_MOMENTS;
                for (_, tally) in self.recent.drain(..gone) {
                    self.older.add(&tally);
                }
                return;
            };
            self.coarsen(grain);
        }
    }

    fn coarsen(&mut self, grain: i64) {
        if grain > self.grain {
            self.grain = grain;
            for (at, tally) in std::mem::take(&mut self.recent) {
                self.put(at, tally);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: f64) -> Sample {
        Sample { number: Some(number), ..Sample::default() }
    }

    #[test]
    fn any_order_gives_the_same_answers() {
        let samples = [(5, 0.1), (1, 0.2), (9, 0.3), (3, 1e9), (3, -0.7), (7, 12.5)];
        let mut forward = Series::default();
        let (mut one, mut other) = (Series::default(), Series::default());
        for (at, value) in samples {
            forward.add(Time(at), number(value), Kept::Ever, Time(9));
        }
        for (place, (at, value)) in samples.into_iter().rev().enumerate() {
            let part = if place % 2 == 0 { &mut one } else { &mut other };
            part.add(Time(at), number(value), Kept::Ever, Time(9));
        }
        other.absorb(one);
        assert_eq!(forward, other);
        let all = forward.between(None, Time(9));
        assert_eq!(all.numbers.as_ref().and_then(Numbers::sum), Some(1_000_000_012.4));
        assert_eq!((all.first, all.last, all.count), (Some(Time(1)), Some(Time(9)), 6));
        assert_eq!(forward.count(Some(Time(3)), Time(7)), 2);
    }

    #[test]
    fn what_is_older_is_put_together_and_still_counts_for_ever() {
        let mut series = Series::default();
        for at in 0..10 {
            series.add(Time(at), number(1.0), Kept::For(Duration(3)), Time(at));
        }
        assert_eq!(series.recent.len(), 4);
        assert_eq!(series.between(None, Time(9)).count, 10);
        assert_eq!(series.between(Some(Time(6)), Time(9)).count, 3);
        series.add(Time(2), number(1.0), Kept::For(Duration(3)), Time(9));
        assert_eq!((series.recent.len(), series.older.count), (4, 7), "a late one too");
    }

    #[test]
    fn what_is_put_together_comes_before_the_rest_after_a_merge_too() {
        let (mut one, mut other) = (Series::default(), Series::default());
        one.add(Time(1), number(1.0), Kept::For(Duration(0)), Time(1));
        other.add(Time(5), number(1.0), Kept::For(Duration(0)), Time(9));
        one.absorb(other);
        assert_eq!((one.older.first, one.older.last), (Some(Time(1)), Some(Time(5))));
        assert!(one.recent.is_empty());
    }

    #[test]
    fn numbers_of_different_currencies_have_no_sum() {
        let mut series = Series::default();
        let mut pay = |at, currency: Option<&str>| {
            let currency = currency.map(str::to_owned);
            series.add(Time(at), Sample { currency, ..number(1.0) }, Kept::Ever, Time(9));
            series.between(None, Time(9)).numbers.and_then(|numbers| numbers.sum())
        };
        assert_eq!(pay(1, Some("USD")), Some(1.0));
        assert_eq!(pay(2, None), Some(2.0));
        assert_eq!(pay(3, Some("EUR")), None);
    }

    #[test]
    fn a_flood_makes_it_coarse_and_loses_nothing() {
        let mut series = Series::default();
        for at in 0..20_000_i64 {
            series.add(Time(at * 500), number(1.0), Kept::Ever, Time(at * 500));
        }
        assert!(series.recent.len() <= MOST_MOMENTS && series.grain > 1);
        assert_eq!(series.between(None, Time(i64::MAX)).count, 20_000);
    }

    #[test]
    fn a_granularity_keeps_few_moments_of_a_busy_year_and_the_same_ones_in_any_order() {
        let sample = || Sample { granularity: Granularity::Day, ..number(1.0) };
        let hours: Vec<i64> = (0..365 * 24).collect();
        let (mut forward, mut one, mut other) = (Series::default(), Series::default(), Series::default());
        let hour = |hour: i64| Time(hour * 3_600_000 + 123);
        for at in &hours {
            forward.add(hour(*at), sample(), Kept::Ever, hour(9_000));
        }
        for at in hours.iter().rev() {
            let part = if at % 7 < 3 { &mut one } else { &mut other };
            part.add(hour(*at), sample(), Kept::Ever, hour(9_000));
        }
        one.absorb(other);
        assert_eq!(forward, one);
        assert_eq!((forward.recent.len(), forward.grain), (365, 86_400_000));
        assert_eq!(
            forward.between(None, hour(9_000)).first,
            Some(Time(0)),
            "moments are remembered by the day"
        );
        let bytes = rmp_serde::to_vec(&forward).unwrap().len();
        assert!(bytes < 10_000, "{bytes} bytes");
    }

    #[test]
    fn different_values_are_told_apart() {
        let mut series = Series::default();
        for at in 0..9 {
            let value = Some(at as u64 % 3);
            series.add(Time(at), Sample { value, ..Sample::default() }, Kept::Ever, Time(9));
        }
        assert_eq!(series.between(Some(Time(3)), Time(9)).values, [0, 1, 2]);
    }
}
