//! Days and hours in the person's own time zone, and when the next of them begins.

use crate::{number::Number, subject::Subject, text::Text, value::Val};
use crowsnest_model::{Duration, Time};
use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// What is asked of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calendar {
    Year,
    Month,
    Day,
    Weekday,
    Hour,
    Date,
    Years,
    Days,
    Anniversary,
}

/// By how much a day can begin earlier or later somewhere than by a fixed clock.
const SLACK: Duration = Duration::hours(26);
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

impl Calendar {
    /// Whether the answer depends on today.
    pub(crate) fn asks_for_today(self) -> bool {
        matches!(self, Self::Years | Self::Days | Self::Anniversary)
    }

    /// The answer for a moment, or for a day without a time such as `2026-03-01`, which is the same day in every zone.
    pub(crate) fn of<'v>(self, asked: Val<'v>, subject: &dyn Subject) -> Val<'v> {
        let zone = subject.zone();
        let (date, hour) = match asked {
            Val::Time(time) => {
                let local = local(time, &zone);
                (local.date(), Some(local.hour()))
            }
            Val::Text(text) => match day(&text) {
                Some(date) => (date, None),
                None => match asked.as_moment() {
                    moment @ Val::Time(_) => return self.of(moment, subject),
                    _ => return Val::Unknown,
                },
            },
            _ => return Val::Unknown,
        };
        let whole = |number: i64| Val::Number(Number::Int(number));
        let today = || local(subject.now(), &zone).date();
        match self {
            Self::Year => whole(date.year().into()),
            Self::Month => whole(date.month().into()),
            Self::Day => whole(date.day().into()),
            Self::Weekday => whole(date.weekday().to_monday_one_offset().into()),
            Self::Hour => hour.map_or(Val::Unknown, |hour| whole(hour.into())),
            Self::Date => Val::Text(Text::day(date)),
            Self::Years => {
                let today = today();
                let years = i64::from(today.year()) - i64::from(date.year());
                whole(years - i64::from(anniversary(date, today.year()).is_none_or(|due| today < due)))
            }
            Self::Days => whole(days_from_epoch(today()) - days_from_epoch(date)),
            Self::Anniversary => {
                let today = today();
                Val::Bool(anniversary(date, today.year()) == Some(today))
            }
        }
    }

    /// The first moment after the subject's own at which the answer may be another one. `behind` is how far behind the
    /// present the moment is, if it moves along with it; otherwise it is `asked`.
    pub(crate) fn next_change(
        self,
        behind: Option<Duration>,
        asked: Val<'_>,
        subject: &dyn Subject,
    ) -> Option<Time> {
        let (zone, now) = (subject.zone(), subject.now());
        let moving = behind.and_then(|behind| {
            let at = now.minus(behind);
            let date = local(at, &zone).date();
            let next = match self {
                Self::Hour => boundary(at, &zone, HOUR),
                Self::Year => begin_of(Date::new(date.year().checked_add(1)?, 1, 1).ok(), at, &zone),
                Self::Month => begin_of(date.last_of_month().tomorrow().ok(), at, &zone),
                _ => boundary(at, &zone, DAY),
            };
            Some(next.plus(behind))
        });
        if !self.asks_for_today() {
            return moving;
        }
        let today = local(now, &zone).date();
        let still = match (self, behind, asked) {
            (Self::Years | Self::Anniversary, None, _) => match date_of(asked, &zone) {
                None => return None,
                Some(date) => {
                    let this = anniversary(date, today.year());
                    if self == Self::Anniversary && this == Some(today) {
                        boundary(now, &zone, DAY)
                    } else {
                        let due = this
                            .filter(|due| *due > today)
                            .or_else(|| anniversary(date, today.year().checked_add(1)?));
                        begin_of(due, now, &zone)
                    }
                }
            },
            _ => boundary(now, &zone, DAY),
        };
        Some(moving.map_or(still, |moving| moving.min(still)))
    }
}

fn local(time: Time, zone: &TimeZone) -> DateTime {
    zone.to_datetime(time.timestamp())
}

/// A day without a time: `2026-03-01`.
fn day(text: &Text<'_>) -> Option<Date> {
    let written = text.seen();
    if written.len() == 10 { written.parse().ok() } else { None }
}

fn date_of(value: Val<'_>, zone: &TimeZone) -> Option<Date> {
    match value {
        Val::Time(time) => Some(local(time, zone).date()),
        Val::Text(text) => day(&text).or_else(|| match value.as_moment() {
            Val::Time(time) => Some(local(time, zone).date()),
            _ => None,
        }),
        _ => None,
    }
}

/// The day of that year on which `date` comes round: 29 February on the 28th where there is none.
fn anniversary(date: Date, year: i16) -> Option<Date> {
    Date::new(year, date.month(), date.day()).or_else(|_| Date::new(year, date.month(), 28)).ok()
}

fn days_from_epoch(date: Date) -> i64 {
    date.since(jiff::civil::date(1970, 1, 1)).map_or(0, |span| span.get_days().into())
}

/// When the clock on the wall next shows a multiple of `unit`, or is set: whichever is first.
fn boundary(at: Time, zone: &TimeZone, unit: i64) -> Time {
    let timestamp = at.timestamp();
    let offset = i64::from(zone.to_offset(timestamp).seconds()) * 1_000;
    let on_the_wall = at.0.saturating_add(offset);
    let next = Time((on_the_wall.div_euclid(unit) + 1).saturating_mul(unit).saturating_sub(offset));
    match zone.following(timestamp).next() {
        Some(set) => next.min(Time::from_timestamp(set.timestamp())),
        None => next,
    }
}

/// When a day begins, or a moment before that from which [`boundary`] leads there.
fn begin_of(date: Option<Date>, at: Time, zone: &TimeZone) -> Time {
    let begin = date.and_then(|date| zone.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok());
    let early = begin.map(|begin| Time::from_timestamp(begin).minus(SLACK)).filter(|early| *early > at);
    early.unwrap_or_else(|| boundary(at, zone, DAY))
}
