//! Programs by date and by schedule: what should have come due, found by going through all years, by no code of the house.

use crate::chance::Chance;
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time as WallTime},
    tz::TimeZone,
};
use std::collections::BTreeSet;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The zone of the shop, for those who do not say theirs.
const USUAL: &str = "America/Chicago";
pub const ZONES: [&str; 3] = ["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"];

/// A program that begins by the date of a person, or by a schedule, and ends at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateText {
    pub name: String,
    yearly: bool,
    /// How much later than the date, in milliseconds.
    shift: i64,
    /// The hour of the day; nine when not given.
    at: Option<i64>,
    /// By schedule instead: this day of each month, the last one if zero.
    monthly: Option<i8>,
}

/// What somebody is known to have said of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub day: Option<String>,
    pub zone: Option<String>,
}

impl DateText {
    pub fn random(chance: &mut Chance, name: &str) -> Self {
        let shift = *chance.pick(&[0, 0, -30 * DAY, 3 * DAY, -400 * DAY, -36 * HOUR, 5 * HOUR]);
        let at = chance.percent(50).then(|| chance.between(0, 24));
        let monthly = chance.percent(30).then(|| *chance.pick(&[0, 1, 15, 31]));
        Self { name: name.into(), yearly: chance.percent(70), shift, at, monthly }
    }

    pub fn is_schedule(&self) -> bool {
        self.monthly.is_some()
    }

    pub fn text(&self) -> String {
        let hours = self.shift.abs() / HOUR;
        let shift = match self.shift {
            0 => String::new(),
            shift if shift < 0 => format!(", before: {hours}h"),
            _ => format!(", after: {hours}h"),
        };
        let at = self.at.map(|at| format!(", at: \"{at:02}:00\"")).unwrap_or_default();
        if let Some(day) = self.monthly {
            let day = if day == 0 { "last".into() } else { day.to_string() };
            return format!(
                "program: {}\nlateness: 3650d\ntrigger: {{ schedule: {{ days_of_month: [{day}]{at} }} }}\nsteps: [{{ exit: done }}]\n",
                self.name
            );
        }
        let yearly = if self.yearly { ", yearly: true" } else { "" };
        format!(
            "program: {}\nlateness: 3650d\ntrigger: {{ date: profile.day{yearly}{shift}{at} }}\nsteps: [{{ exit: done }}]\n",
            self.name
        )
    }

    /// What comes due after a moment and until another, for somebody of whom this is known.
    pub fn due(&self, said: &Said, after: i64, until: i64) -> BTreeSet<String> {
        let zone = TimeZone::get(said.zone.as_deref().unwrap_or(USUAL)).unwrap();
        if let Some(wanted) = self.monthly {
            return self.scheduled(wanted, &zone, after, until);
        }
        let Some(day) = said.day.as_deref() else { return BTreeSet::new() };
        let (month_and_day, own) = match day.strip_prefix("--") {
            Some(rest) => (rest.to_owned(), None),
            None => (day[5..].to_owned(), Some(day[..4].parse::<i16>().unwrap())),
        };
        let mut found = BTreeSet::new();
        for year in 1980..2060_i16 {
            let comes = match own {
                Some(own) => year == own || self.yearly && year > own,
                None => self.yearly,
            };
            if !comes {
                continue;
            }
            let that = format!("{year}-{month_and_day}").parse::<Date>();
            let day = that.unwrap_or_else(|_| Date::constant(year, 2, 28));
            let wall = day
                .to_datetime(WallTime::midnight())
                .checked_add((self.shift / DAY).days())
                .unwrap()
                .checked_add(self.at.unwrap_or(9).hours())
                .unwrap();
            let moment = zone.to_timestamp(wall).unwrap().as_millisecond() + self.shift % DAY;
            if after < moment && moment <= until {
                found.insert(format!("date:{day}"));
            }
        }
        found
    }
}

impl DateText {
    fn scheduled(&self, wanted: i8, zone: &TimeZone, after: i64, until: i64) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        // No zone is farther away than this.
        let first = Timestamp::from_millisecond(after - 2 * DAY).unwrap().to_zoned(TimeZone::UTC).date();
        for day in first.series(1.day()) {
            let hour = self.at.unwrap_or(9);
            let wall = day.to_datetime(WallTime::midnight()).checked_add(hour.hours()).unwrap();
            let moment = zone.to_timestamp(wall).unwrap().as_millisecond();
            if moment > until + DAY {
                break;
            }
            let meant = if wanted == 0 { day == day.last_of_month() } else { day.day() == wanted };
            if meant && after < moment && moment <= until {
                found.insert(format!("schedule:{day}T{hour:02}:00"));
            }
        }
        found
    }
}

/// A day that somebody may say: of this year or the next, of long ago, or without a year.
pub fn some_day(chance: &mut Chance) -> String {
    let (month, day) = (chance.between(1, 12), chance.between(1, 28));
    match chance.below(8) {
        0 => "--02-29".into(),
        1 => "1996-02-29".into(),
        2 | 3 => format!("--{month:02}-{day:02}"),
        4 | 5 => format!("{}-{month:02}-{day:02}", chance.between(2026, 2028)),
        _ => format!("1988-{month:02}-{day:02}"),
    }
}
