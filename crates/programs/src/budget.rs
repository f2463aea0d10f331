//! Budgets: whether there is money for one message more.

use crowsnest_model::{
    Amount, Time,
    definition::{Budget, BudgetPeriod},
};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

/// The days over which a budget is counted, and the moments at which they begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetSpan {
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
    /// When the first day begins.
    pub begins: Time,
    /// When the last day is over.
    pub ends: Time,
}

/// The day on which a moment is in a time zone.
pub fn day(now: Time, zone: &TimeZone) -> Date {
    let now = Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned(zone.clone()).date()
}

impl BudgetSpan {
    /// That in which a moment is.
    pub fn of(per: BudgetPeriod, now: Time, zone: &TimeZone) -> Self {
        let today = day(now, zone);
        let (first, last) = match per {
            BudgetPeriod::Day => (today, today),
            BudgetPeriod::Week => {
                let since_monday = i64::from(today.weekday().to_monday_zero_offset());
                let first = today.saturating_sub(since_monday.days());
                (first, first.saturating_add(6.days()))
            }
            BudgetPeriod::Month => (today.first_of_month(), today.last_of_month()),
        };
        let begins = |date: Date| {
            let begins = date.to_zoned(zone.clone()).map(|begins| begins.timestamp().as_millisecond());
            begins.map_or(Time(now.0.saturating_add(86_400_000)), Time)
        };
        Self { first, last, begins: begins(first), ends: begins(last.saturating_add(1.day())) }
    }
}

/// Where a budget stands.
#[derive(Debug, Clone)]
pub struct BudgetStanding {
    /// The budget.
    pub budget: Budget,
    /// The days over which it is counted now.
    pub span: BudgetSpan,
    /// What is spent in them, in its currency, with what is being sent.
    pub spent: Amount,
    /// For how many messages.
    pub messages: u64,
}

/// What the record says first of a message that waits for a budget.
pub const WAITS_FOR_BUDGET: &str = "waits for the budget ";

impl BudgetStanding {
    /// A budget of which nothing is spent.
    pub fn new(budget: &Budget, now: Time, zone: &TimeZone) -> Self {
        let spent = Amount { micros: 0, currency: budget.max.currency };
        Self { budget: budget.clone(), span: BudgetSpan::of(budget.per, now, zone), spent, messages: 0 }
    }

    /// The same budget, of which nothing is spent.
    pub fn unspent(&self) -> Self {
        let spent = Amount { micros: 0, ..self.spent };
        Self { spent, messages: 0, ..self.clone() }
    }

    /// Whether it is for such messages.
    pub fn is_for(&self, channel: &str, program: &str, topic: &str, service: bool) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let budget = &self.budget;
        fits(&budget.channel, channel)
            && fits(&budget.program, program)
            && fits(&budget.topic, topic)
            && (budget.service || !service)
    }

    /// Adds what messages cost. Of another currency it is not added: one does not say how much that is.
    pub fn add(&mut self, cost: Amount, messages: u64) {
        if cost.currency == self.spent.currency {
            self.spent.micros = self.spent.micros.saturating_add(cost.micros);
            self.messages += messages;
        }
    }

    /// Why a message that costs so much has to wait, if it has to. A budget of nothing allows not even what costs nothing.
    pub fn no_room(&self, cost: Amount) -> Option<String> {
        let Budget { name, max, per, .. } = &self.budget;
        let passes = self.spent.micros.saturating_add(cost.micros) > max.micros;
        let per = per.as_str();
        match max.micros {
            0 => Some(format!("{WAITS_FOR_BUDGET}`{name}`: it allows nothing ({max} a {per})")),
            _ => passes.then(|| {
                let left = self.left();
                format!("{WAITS_FOR_BUDGET}`{name}`: it costs {cost}, and of {max} a {per} {left} is left")
            }),
        }
    }

    /// Whether nothing is left of it.
    pub fn is_used_up(&self) -> bool {
        self.left().micros == 0
    }

    /// For how many more messages that cost so much there is room.
    pub fn room_for(&self, each: Amount) -> u64 {
        match (self.left().micros, each.micros) {
            (0, _) => 0,
            (_, 0) => u64::MAX,
            (left, each) => (left / each).unsigned_abs(),
        }
    }

    /// What is left.
    pub fn left(&self) -> Amount {
        let Amount { micros, currency } = self.budget.max;
        Amount { micros: (micros - self.spent.micros).max(0), currency }
    }

    /// Whether the part is spent at which somebody wants to be told.
    pub fn is_to_be_told(&self) -> bool {
        let share = self.budget.warn.map(|warn| warn.share());
        share.is_some_and(|share| self.spent.micros as f64 >= self.budget.max.micros as f64 * share)
    }

    /// What will be spent by the end of its days, if it goes on as it went so far.
    pub fn forecast(&self, now: Time) -> Amount {
        let whole = self.span.ends.since(self.span.begins).0.max(1);
        let past = now.since(self.span.begins).0.clamp(1, whole);
        let micros = i128::from(self.spent.micros) * i128::from(whole) / i128::from(past);
        Amount { micros: i64::try_from(micros).unwrap_or(i64::MAX), currency: self.spent.currency }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(per: BudgetPeriod, now: &str) -> BudgetStanding {
        let budget = Budget {
            name: "mail".into(),
            channel: Some("email".into()),
            program: None,
            topic: None,
            per,
            max: "10 USD".parse().unwrap(),
            warn: "80%".parse().ok(),
            webhook: None,
            service: false,
        };
        let zone = TimeZone::get("America/Chicago").unwrap();
        BudgetStanding::new(&budget, now.parse().unwrap(), &zone)
    }

    #[test]
    fn periods_are_those_of_the_organisation() {
        for (per, now, begins, ends) in [
            // Summer time begins on the eighth: a day of 23 hours.
            (BudgetPeriod::Day, "2026-03-08T12:00:00Z", "2026-03-08T06:00:00Z", "2026-03-09T05:00:00Z"),
            (BudgetPeriod::Week, "2026-03-09T04:59:00Z", "2026-03-02T06:00:00Z", "2026-03-09T05:00:00Z"),
            (BudgetPeriod::Month, "2026-03-01T05:59:00Z", "2026-02-01T06:00:00Z", "2026-03-01T06:00:00Z"),
            (BudgetPeriod::Month, "2026-03-31T12:00:00Z", "2026-03-01T06:00:00Z", "2026-04-01T05:00:00Z"),
        ] {
            let span = standing(per, now).span;
            assert_eq!(
                (span.begins, span.ends),
                (begins.parse().unwrap(), ends.parse().unwrap()),
                "{per:?} {now}"
            );
        }
    }

    #[test]
    fn what_fits_exactly_fits() {
        let mut standing = standing(BudgetPeriod::Day, "2026-03-02T18:00:00Z");
        let cost: Amount = "2.5 USD".parse().unwrap();
        for left in ["7.50 USD", "5.00 USD", "2.50 USD", "0.00 USD"] {
            assert_eq!(standing.no_room(cost), None);
            assert!(!standing.is_to_be_told());
            standing.add(cost, 1);
            assert_eq!(standing.left().to_string(), left);
            if left == "2.50 USD" {
                assert_eq!(
                    standing.forecast("2026-03-02T18:00:00Z".parse().unwrap()).to_string(),
                    "15.00 USD"
                );
            }
            if left == "0.00 USD" {
                break;
            }
        }
        assert!(standing.is_to_be_told());
        let why = standing.no_room("0.000001 USD".parse().unwrap());
        assert_eq!(
            why.as_deref(),
            Some(
                "waits for the budget `mail`: it costs 0.000001 USD, and of 10.00 USD a day 0.00 USD is left"
            )
        );
        assert_eq!(standing.no_room("0 USD".parse().unwrap()), None);
        standing.add("100 EUR".parse().unwrap(), 1);
        assert_eq!((standing.spent.to_string().as_str(), standing.messages), ("10.00 USD", 4));
        standing.budget.max = "0 USD".parse().unwrap();
        assert!(standing.no_room("0 USD".parse().unwrap()).is_some(), "nothing is nothing");
    }
}
