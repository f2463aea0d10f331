//! Triggers by date and by schedule: when they come due for a person.
//!
//! Everything is reckoned in the person's own time zone. Days are days of the calendar there, not stretches of 24 hours; a
//! time of the day that the clocks skip comes an hour later, and of one that comes twice the first counts.

use crate::{LiveProgram, Person, compile::Reader, trigger::LiveTrigger};
use crowsnest_model::{
    Duration, Object, Time,
    definition::{ClockTime, Day, MonthDay, Schedule, Trigger},
};
use crowsnest_rules::{Clause, Expression, Inputs, RuleError, Subject, Truth};
use jiff::{
    Span,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde_json::Value;

/// A trigger by schedule comes due at least once in so many days: a 31st is at most two months away.
const LONGEST_GAP: i64 = 64;
/// By how many days two zones can disagree about which day it is, and one more.
const SLACK: i64 = 2;
const DAY: i64 = 86_400_000;

/// That a program by date or by schedule begins for a person, and when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// The moment.
    pub at: Time,
    /// The day that is meant, in the person's time zone: the birthday itself, also for who is written to a week before.
    pub day: Date,
    /// With a schedule: its time of the day.
    pub clock: Option<ClockTime>,
    /// What makes it one of a kind. It does not change when the person moves to another time zone.
    pub occasion: String,
}

impl Due {
    /// What conditions and templates see as the properties of an event.
    pub fn properties(&self) -> Object {
        let mut seen = Object::new();
        seen.insert("date".into(), self.day.to_string().into());
        if let Some(clock) = self.clock {
            seen.insert("at".into(), clock.to_string().into());
        }
        seen
    }

    /// What came due, in words for a sentence that goes on with "came".
    pub fn what(&self) -> String {
        match self.clock {
            Some(clock) => format!("the schedule of {} at {clock}", self.day),
            None => format!("the date {}", self.day),
        }
    }
}

/// A moment as the clock of a zone shows it: `2027-03-01 at 09:00 America/New_York`.
pub fn on_the_clock(at: Time, zone: &TimeZone) -> String {
    let local = at.timestamp().to_zoned(zone.clone());
    let name = zone.iana_name().map_or_else(|| local.offset().to_string(), str::to_owned);
    format!("{} {name}", local.strftime("%Y-%m-%d at %H:%M"))
}

/// A date of a person, or a while before or after it.
#[derive(Debug)]
pub(crate) struct OnDate {
    date: Expression,
    yearly: bool,
    /// How much later than the date; less than nothing for before it.
    shift: Duration,
    at: Option<ClockTime>,
}

/// What an expression has given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Day(Date),
    /// A day without a year, in a year that has every day.
    AnyYear(Date),
    Moment(Time),
}

impl Target {
    fn of(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        let day = |text: &str| text.parse().ok().filter(|_| text.len() == 10);
        match text.strip_prefix("--") {
            Some(rest) => day(&format!("2000-{rest}")).map(Self::AnyYear),
            None => day(text).map(Self::Day).or_else(|| text.parse().ok().map(Self::Moment)),
        }
    }
}

/// The day of that year on which `day` comes round: 29 February on the 28th where there is none.
fn in_year(day: Date, year: i16) -> Option<Date> {
    Date::new(year, day.month(), day.day()).or_else(|_| Date::new(year, day.month(), 28)).ok()
}

fn later(day: Date, days: i64) -> Option<Date> {
    day.checked_add(Span::new().try_days(days).ok()?).ok()
}

fn local(time: Time, zone: &TimeZone) -> DateTime {
    zone.to_datetime(time.timestamp())
}

pub(crate) fn moment(wall: DateTime, zone: &TimeZone) -> Option<Time> {
    zone.to_ambiguous_timestamp(wall).compatible().ok().map(Time::from_timestamp)
}

impl OnDate {
    /// The trigger's date, ready; `None` when it has none.
    pub(crate) fn compile(trigger: &Trigger, reader: &Reader<'_>) -> Result<Option<Self>, RuleError> {
        let Some(date) = &trigger.date else { return Ok(None) };
        let later = trigger.after.unwrap_or_default().0;
        let shift = Duration(later.saturating_sub(trigger.before.unwrap_or_default().0));
        let date = reader.expression(date)?;
        Ok(Some(Self { date, yearly: trigger.yearly, shift, at: trigger.at }))
    }

    /// What the person's date is; `None` when it is not known, or is neither a day nor a moment. Without `yearly`, a day
    /// needs its year.
    fn target(&self, person: &Person<'_>) -> Option<Target> {
        let target = self.date.value(person).as_ref().and_then(Target::of);
        target.filter(|target| self.yearly || !matches!(target, Target::AnyYear(_)))
    }

    /// When it comes due for a date that is `years` later than the one that was given.
    fn due(&self, target: Target, years: i16, zone: &TimeZone) -> Option<Due> {
        // The day in the person's zone, the same day for everybody, and the time of the day where it is given.
        let (day, named, time) = match target {
            Target::Day(day) | Target::AnyYear(day) => (day, day, None),
            Target::Moment(at) => {
                let wall = local(at, zone);
                (wall.date(), local(at, &TimeZone::UTC).date(), Some(wall.time()))
            }
        };
        let day = in_year(day, day.year().checked_add(years)?)?;
        let named = in_year(named, named.year().checked_add(years)?)?;
        let (days, rest) = (self.shift.0 / DAY, Duration(self.shift.0 % DAY));
        let begins = match (target, self.at) {
            (Target::Moment(at), None) if days == 0 && years == 0 => at,
            _ => {
                let shifted = later(day, days)?;
                let wall = match (self.at, time) {
                    (None, Some(time)) => shifted.to_datetime(time),
                    (at, _) => at.unwrap_or(ClockTime::MORNING).on(shifted)?,
                };
                moment(wall, zone)?
            }
        };
        Some(Due { at: begins.plus(rest), day, clock: None, occasion: format!("date:{named}") })
    }

    /// When it comes due after a moment, the earliest first, for as long as anybody asks.
    fn dues<'a>(&'a self, target: Target, zone: &'a TimeZone, after: Time) -> impl Iterator<Item = Due> + 'a {
        let given = match target {
            Target::Day(day) | Target::AnyYear(day) => day.year(),
            Target::Moment(at) => local(at, zone).year(),
        };
        // It comes round in every year from its own on; the year before the one that is asked about may reach into it.
        let asked = local(after.minus(self.shift), zone).year().saturating_sub(1).saturating_sub(given);
        let (from, to) = match (self.yearly, target) {
            (false, _) => (0, 0),
            (true, Target::AnyYear(_)) => (asked, i16::MAX),
            (true, _) => (asked.max(0), i16::MAX),
        };
        (from..=to)
            .map_while(move |years| self.due(target, years, zone))
            .skip_while(move |due| due.at <= after)
    }

    fn in_words(&self) -> String {
        let shift = match self.shift.0 {
            0 => String::new(),
            span if span < 0 => format!("{} before ", self.shift.in_words()),
            _ => format!("{} after ", self.shift.in_words()),
        };
        let yearly = if self.yearly { ", each year" } else { "" };
        let at = match self.at {
            Some(at) => format!("at {at}"),
            None if self.date.kind() == crowsnest_rules::Type::Time => {
                "at its own time of the day".to_owned()
            }
            None => format!("at {}", ClockTime::MORNING),
        };
        format!("{shift}{}{yearly}, {at} in the person’s own time zone", self.date.sentence())
    }

    /// Whether a person has such a date, and what is known of it.
    fn explain(&self, person: &Person<'_>) -> Clause {
        let name = self.date.sentence();
        let value = self.date.value(person);
        let known = match &value {
            Some(Value::String(text)) => format!("{name} is {text}"),
            Some(other) => format!("{name} is {other}"),
            None => format!("{name} is not known"),
        };
        let truth = match (self.target(person), value) {
            (Some(_), _) => Truth::True,
            (None, Some(_)) => Truth::False,
            (None, None) => Truth::Unknown,
        };
        let asked = if self.yearly { "a day or a moment" } else { "a day with its year, or a moment" };
        Clause { sentence: format!("{name} is {asked}"), truth, value: known }
    }
}

fn is_on(schedule: &Schedule, day: Date) -> bool {
    let by_week = || schedule.days.contains(&Day::from(day.weekday()));
    let by_month = || {
        schedule.days_of_month.iter().any(|wanted| match wanted {
            MonthDay::Number(number) => i64::from(*number) == i64::from(day.day()),
            MonthDay::Last => day == day.last_of_month(),
        })
    };
    match (schedule.days.is_empty(), schedule.days_of_month.is_empty()) {
        (true, true) => true,
        _ => by_week() || by_month(),
    }
}

/// When a schedule comes due after a moment, the earliest first, for as long as anybody asks.
fn scheduled<'a>(schedule: &'a Schedule, zone: &'a TimeZone, after: Time) -> impl Iterator<Item = Due> + 'a {
    let clock = schedule.at.unwrap_or(ClockTime::MORNING);
    let first = later(local(after, zone).date(), -SLACK);
    std::iter::successors(first, |day| day.tomorrow().ok())
        .filter(|day| is_on(schedule, *day))
        .filter_map(move |day| {
            let at = moment(clock.on(day)?, zone)?;
            Some(Due { at, day, clock: Some(clock), occasion: format!("schedule:{day}T{clock}") })
        })
        .skip_while(move |due| due.at <= after)
}

/// The schedule in words.
fn schedule_in_words(schedule: &Schedule) -> String {
    let on = match (schedule.days.as_slice(), schedule.days_of_month.as_slice()) {
        ([], []) => "every day".to_owned(),
        (days, []) => format!("every {}", listed(days.iter().map(Day::to_string))),
        (_, days) => {
            let named = days.iter().map(|day| match day {
                MonthDay::Number(number) => format!("day {number}"),
                MonthDay::Last => "the last day".to_owned(),
            });
            format!("on {} of each month", listed(named))
        }
    };
    let clock = schedule.at.unwrap_or(ClockTime::MORNING);
    format!("{on} at {clock} in the person’s own time zone")
}

fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

/// A trigger that time alone pulls.
#[derive(Debug)]
pub(crate) enum ByTime {
    Date(OnDate),
    Schedule(Schedule),
}

impl ByTime {
    /// When it comes due for a person after a moment and no later than another, the earliest first.
    fn within(&self, person: &Person<'_>, after: Time, until: Time) -> Vec<Due> {
        let zone = person.zone();
        match self {
            Self::Date(date) => match date.target(person) {
                Some(target) => date.dues(target, &zone, after).take_while(|due| due.at <= until).collect(),
                None => Vec::new(),
            },
            Self::Schedule(schedule) => {
                scheduled(schedule, &zone, after).take_while(|due| due.at <= until).collect()
            }
        }
    }

    fn next(&self, person: &Person<'_>, after: Time) -> Option<Due> {
        let zone = person.zone();
        match self {
            Self::Date(date) => date.dues(date.target(person)?, &zone, after).next(),
            Self::Schedule(schedule) => {
                let until = after.plus(Duration(LONGEST_GAP * DAY));
                scheduled(schedule, &zone, after).take_while(|due| due.at <= until).next()
            }
        }
    }

    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Date(date) => date.in_words(),
            Self::Schedule(schedule) => schedule_in_words(schedule),
        }
    }

    pub(crate) fn explain(&self, person: &Person<'_>) -> Vec<Clause> {
        match self {
            Self::Date(date) => vec![date.explain(person)],
            Self::Schedule(_) => Vec::new(),
        }
    }

    /// What its moments depend on beside the time zone; `None` when on nothing.
    pub(crate) fn inputs(&self) -> Option<&Inputs> {
        match self {
            Self::Date(date) => Some(date.date.inputs()),
            Self::Schedule(_) => None,
        }
    }

    /// Whether somebody of whom nothing is known has such moments.
    pub(crate) fn has_any(&self, person: &Person<'_>) -> bool {
        match self {
            Self::Date(date) => date.target(person).is_some(),
            Self::Schedule(_) => true,
        }
    }
}

impl LiveProgram {
    pub(crate) fn by_time(&self) -> Option<&ByTime> {
        match &self.trigger {
            LiveTrigger::ByTime(by_time) => Some(by_time),
            _ => None,
        }
    }

    /// When it comes due for a person after a moment and no later than another, the earliest first. Empty for a program
    /// that begins neither by date nor by schedule.
    pub fn due_within(&self, person: &Person<'_>, after: Time, until: Time) -> Vec<Due> {
        self.by_time().map(|by_time| by_time.within(person, after, until)).unwrap_or_default()
    }

    /// When it next comes due for a person, after the moment as of which they are seen.
    pub fn next_due(&self, person: &Person<'_>) -> Option<Due> {
        self.by_time()?.next(person, person.now())
    }

    /// When somebody has to look at a person again: when the program comes due for them, or before, when time alone may
    /// change what their date is.
    pub fn next_look(&self, person: &Person<'_>) -> Option<Time> {
        let by_time = self.by_time()?;
        let change = match by_time {
            ByTime::Date(date) => date.date.next_change(person),
            ByTime::Schedule(_) => None,
        };
        let due = by_time.next(person, person.now()).map(|due| due.at);
        due.into_iter().chain(change).min()
    }

    /// Whether time alone lets people in, by date or by schedule.
    pub fn begins_by_time(&self) -> bool {
        self.by_time().is_some()
    }

    /// Whether everybody in the audience enters at the same times, each by their own clock.
    pub fn is_scheduled(&self) -> bool {
        matches!(self.by_time(), Some(ByTime::Schedule(_)))
    }

    /// What its date depends on; `None` when it begins by no date.
    pub fn date_inputs(&self) -> Option<&Inputs> {
        self.by_time()?.inputs()
    }
}
