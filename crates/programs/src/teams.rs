//! When a team works, and so on the list of which day something comes.

use crowsnest_model::{
    Time,
    definition::{ClockTime, Team},
};
use jiff::{civil::Date, tz::TimeZone};

/// In so many days a team works at least once.
const WEEK: usize = 7;

/// When a team works.
#[derive(Debug, Clone)]
pub struct Shifts<'t> {
    team: &'t Team,
    zone: TimeZone,
}

/// Whether a team works at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// It does: what comes up now comes onto the list of this day.
    On(Date),
    /// It does not.
    Off {
        /// When it works again.
        until: Time,
        /// The day of that.
        day: Date,
    },
}

impl<'t> Shifts<'t> {
    /// Those of a team; `house` is the time zone of teams that have none of their own.
    pub fn of(team: &'t Team, house: &TimeZone) -> Self {
        let own = team.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        Self { team, zone: own.unwrap_or_else(|| house.clone()) }
    }

    /// The day that a moment is of, where the team is.
    pub fn day(&self, now: Time) -> Date {
        now.timestamp().to_zoned(self.zone.clone()).date()
    }

    /// When a day begins there, at midnight.
    pub fn midnight(&self, day: Date) -> Option<Time> {
        self.moment(day, ClockTime::MIDNIGHT)
    }

    /// Whether it works at a moment; `None` when it never does again.
    pub fn at(&self, now: Time) -> Option<Shift> {
        let today = self.day(now);
        if self.works(today) {
            let (from, to) = (self.moment(today, self.team.from)?, self.moment(today, self.team.to)?);
            if now < from {
                return Some(Shift::Off { until: from, day: today });
            }
            if now < to {
                return Some(Shift::On(today));
            }
        }
        self.after(today)
    }

    /// When it works again after a day; `None` when it never does.
    pub fn after(&self, day: Date) -> Option<Shift> {
        let next = day.series(jiff::Span::new().days(1)).skip(1).take(WEEK).find(|day| self.works(*day))?;
        Some(Shift::Off { until: self.moment(next, self.team.from)?, day: next })
    }

    fn works(&self, day: Date) -> bool {
        self.team.days.contains(&day.weekday().into())
    }

    fn moment(&self, day: Date, clock: ClockTime) -> Option<Time> {
        crate::dates::moment(clock.on(day)?, &self.zone)
    }
}
