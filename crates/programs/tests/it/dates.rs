//! When programs by date and by schedule come due, in each person's own time zone.

use crate::steps::send;
use crowsnest_model::{
    Duration, EventId, Profile, ProfileId, Time, Trait,
    definition::{ClockTime, Day, MonthDay, Program, Schedule, Trigger},
};
use crowsnest_programs::{
    Cause, DatePlan, DateTouch, Derived, Due, Entry, InForce, LiveProgram, Person, Plan, Scene,
};
use crowsnest_rules::{Schema, Subject};
use jiff::{
    ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use proptest::prelude::*;
use rstest::rstest;
use std::collections::BTreeSet;

const DAY: i64 = 86_400_000;

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn program(trigger: Trigger) -> LiveProgram {
    LiveProgram::compile(definition(trigger), 1, InForce::ALWAYS, &Schema::open()).unwrap()
}

fn definition(trigger: Trigger) -> Program {
    Program {
        name: "letter".into(),
        title: None,
        state: Default::default(),
        trigger,
        occasion: None,
        reentry: Default::default(),
        audience: Some("profile.tier == \"gold\"".into()),
        holdout: None,
        lateness: None,
        cancel_on: Vec::new(),
        requires_fresh: Vec::new(),
        goal: None,
        steps: vec![send()],
    }
}

fn date() -> Trigger {
    Trigger { date: Some("profile.day".into()), ..Trigger::default() }
}

fn schedule(schedule: Schedule) -> Trigger {
    Trigger { schedule: Some(schedule), ..Trigger::default() }
}

/// Asks a program about a person with this date who lives in this zone.
fn as_of<T>(now: Time, day: &str, zone: &str, question: impl FnOnce(&Person<'_>) -> T) -> T {
    let mut profile = Profile::new(ProfileId(1), Time(1_000));
    for (name, value) in [("day", day), ("time_zone", zone)] {
        let said = Trait {
            value: value.into(),
            time: Time(1_000),
            source: "web".into(),
            event: EventId(1),
            third_party: false,
        };
        profile.traits.insert(name.into(), said);
    }
    let scene = Scene { now, zone: &TimeZone::UTC, derived: &Derived::default() };
    question(&Person {
        profile: &profile,
        event: None,
        consents: &|_, _| None,
        members: &|_: &mut dyn FnMut(&dyn Subject)| false,
        scene: &scene,
    })
}

fn within(trigger: Trigger, day: &str, zone: &str, after: Time, until: Time) -> Vec<Due> {
    let program = program(trigger);
    as_of(after, day, zone, |person| program.due_within(person, after, until))
}

/// What comes due from 2026 to the end of 2028, as `moment occasion`.
fn dues(trigger: Trigger, day: &str, zone: &str) -> Vec<String> {
    let (after, until) = (time("2026-01-01T00:00:00Z"), time("2029-01-01T00:00:00Z"));
    let found = within(trigger, day, zone, after, until).into_iter();
    found.map(|due| format!("{} {}", due.at, due.occasion)).collect()
}

fn clock(text: &str) -> Option<ClockTime> {
    Some(text.parse().unwrap())
}

#[rstest]
// A day, at nine in the morning there, or at the time that is said.
#[case(date(), "2026-03-01", "America/New_York", &["2026-03-01T14:00:00Z date:2026-03-01"])]
#[case(Trigger { at: clock("18:30"), ..date() }, "2026-03-01", "Asia/Tokyo", &["2026-03-01T09:30:00Z date:2026-03-01"])]
#[case(Trigger { at: clock("24:00"), ..date() }, "2026-03-01", "UTC", &["2026-03-02T00:00:00Z date:2026-03-01"])]
// Whole days are days of the calendar, also where the clocks are set in between; the rest is exact.
#[case(Trigger { before: Some(Duration::days(7)), ..date() }, "2026-03-10", "America/New_York",
    &["2026-03-03T14:00:00Z date:2026-03-10"])]
#[case(Trigger { after: Some(Duration::hours(36)), ..date() }, "2026-03-07", "America/New_York",
    &["2026-03-09T01:00:00Z date:2026-03-07"])]
// A time that the clocks skip comes an hour later, and of one that comes twice the first counts.
#[case(Trigger { at: clock("02:30"), ..date() }, "2026-03-08", "America/New_York", &["2026-03-08T07:30:00Z date:2026-03-08"])]
#[case(Trigger { at: clock("01:30"), ..date() }, "2026-11-01", "America/New_York", &["2026-11-01T05:30:00Z date:2026-11-01"])]
// A moment is that moment, or its day there at the time that is said; it is the same occasion everywhere.
#[case(date(), "2026-03-01T23:30:00Z", "Asia/Tokyo", &["2026-03-01T23:30:00Z date:2026-03-01"])]
#[case(Trigger { at: clock("09:00"), ..date() }, "2026-03-01T23:30:00Z", "Asia/Tokyo", &["2026-03-02T00:00:00Z date:2026-03-01"])]
#[case(Trigger { before: Some(Duration::days(1)), ..date() }, "2026-03-08T20:00:00Z", "America/New_York",
    &["2026-03-07T21:00:00Z date:2026-03-08"])]
// Each year, 29 February on the 28th where there is none; not before its own year.
#[case(Trigger { yearly: true, ..date() }, "1992-02-29", "UTC",
    &["2026-02-28T09:00:00Z date:2026-02-28", "2027-02-28T09:00:00Z date:2027-02-28", "2028-02-29T09:00:00Z date:2028-02-29"])]
#[case(Trigger { yearly: true, ..date() }, "--02-29", "UTC",
    &["2026-02-28T09:00:00Z date:2026-02-28", "2027-02-28T09:00:00Z date:2027-02-28", "2028-02-29T09:00:00Z date:2028-02-29"])]
#[case(Trigger { yearly: true, before: Some(Duration::days(400)), ..date() }, "2028-06-01", "UTC",
    &["2027-04-28T09:00:00Z date:2028-06-01", "2028-04-27T09:00:00Z date:2029-06-01"])]
#[case(Trigger { yearly: true, ..date() }, "2026-12-31T23:30:00Z", "Asia/Tokyo",
    &["2026-12-31T23:30:00Z date:2026-12-31", "2027-12-31T23:30:00Z date:2027-12-31", "2028-12-31T23:30:00Z date:2028-12-31"])]
// What is no day and no moment never comes.
#[case(date(), "--03-01", "UTC", &[])]
#[case(date(), "2026-02-29", "UTC", &[])]
#[case(date(), "next week", "UTC", &[])]
fn a_date_comes_due(
    #[case] trigger: Trigger,
    #[case] day: &str,
    #[case] zone: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(dues(trigger, day, zone), expected);
}

#[test]
fn a_schedule_comes_due_on_its_days() {
    let (after, until) = (time("2026-01-01T00:00:00Z"), time("2026-05-01T00:00:00Z"));
    let of = |one: Schedule| {
        let found = within(schedule(one), "", "America/New_York", after, until).into_iter();
        found.map(|due| format!("{} {}", due.at, due.occasion)).collect::<Vec<_>>()
    };
    let month = |days: &[MonthDay]| Schedule { days_of_month: days.to_vec(), ..Schedule::default() };
    assert_eq!(
        of(month(&[MonthDay::Number(31)])),
        ["2026-01-31T14:00:00Z schedule:2026-01-31T09:00", "2026-03-31T13:00:00Z schedule:2026-03-31T09:00"]
    );
    let both = of(month(&[MonthDay::Number(31), MonthDay::Last]));
    assert_eq!(both.len(), 4, "the last day comes once: {both:?}");
    let weekly =
        of(Schedule { days: vec![Day::Monday, Day::Thursday], at: clock("24:00"), ..Schedule::default() });
    assert_eq!(weekly[0], "2026-01-02T05:00:00Z schedule:2026-01-01T24:00");
    assert_eq!(weekly[1], "2026-01-06T05:00:00Z schedule:2026-01-05T24:00");
    assert_eq!(of(Schedule::default()).len(), 120, "every day");
}

#[test]
fn it_says_itself() {
    let said = |trigger: Trigger| program(trigger).trigger_in_words();
    assert_eq!(
        said(Trigger { yearly: true, before: Some(Duration::days(7)), ..date() }),
        "7 days before day, each year, at 09:00 in the person’s own time zone"
    );
    assert_eq!(
        said(schedule(Schedule { days: vec![Day::Monday, Day::Thursday], ..Schedule::default() })),
        "every Monday and Thursday at 09:00 in the person’s own time zone"
    );
    let days_of_month = vec![MonthDay::Number(1), MonthDay::Number(15), MonthDay::Last];
    assert_eq!(
        said(schedule(Schedule { days_of_month, ..Schedule::default() })),
        "on day 1, day 15 and the last day of each month at 09:00 in the person’s own time zone"
    );
}

#[test]
fn what_comes_too_late_begins_nothing_and_may_be_caught_up() {
    let due = time("2026-03-01T09:00:00Z");
    let cause = Cause { what: "the date 2026-03-01", occasion: "date:2026-03-01", time: due };
    let mut gold = definition(date());
    gold.audience = None;
    let gold = LiveProgram::compile(gold, 1, InForce::ALWAYS, &Schema::open()).unwrap();
    as_of(due, "2026-03-01", "UTC", |person| {
        let at =
            |late| gold.admits_due(person, cause, due.plus(Duration::hours(late)), Some(gold.lateness()));
        assert!(matches!(at(24), Entry::Begin(begin) if begin.occasion == "date:2026-03-01"));
        let Entry::Skip { occasion, reason, expired: false } = at(25) else { panic!("{:?}", at(25)) };
        assert_eq!(occasion, "skipped");
        assert_eq!(
            reason,
            "came due 2026-03-01T09:00:00Z and could begin only 1 day 1 hour later; the program allows 1 day"
        );
    });
    // Who is not meant is on record for a date, and not for a schedule.
    let (dated, scheduled) = (program(date()), program(schedule(Schedule::default())));
    as_of(due, "2026-03-01", "UTC", |person| {
        assert!(matches!(dated.admits_due(person, cause, due, None), Entry::Skip { expired: false, .. }));
        assert_eq!(scheduled.admits_due(person, cause, due, None), Entry::No);
    });
}

fn names(plan: &DatePlan, traits: &[&str], newcomer: bool) -> Vec<String> {
    let (traits, empty) = (traits.iter().map(|name| (*name).to_owned()).collect(), BTreeSet::new());
    let touch = DateTouch {
        traits: &traits,
        series: &BTreeSet::new(),
        segments: &empty,
        programs: &empty,
        consent: false,
        household: false,
        newcomer,
    };
    plan.touched_by(touch).into_iter().map(|program| program.name().to_owned()).collect()
}

#[test]
fn only_those_are_asked_whose_moments_may_have_moved() {
    let programs = [
        ("birthday", date()),
        ("christmas", Trigger { date: Some("\"2026-12-24\"".into()), ..Trigger::default() }),
        ("weekly", schedule(Schedule::default())),
    ];
    let programs = programs.map(|(name, trigger)| {
        let definition = Program { name: name.into(), ..definition(trigger) };
        LiveProgram::compile(definition, 1, InForce::ALWAYS, &Schema::open()).unwrap()
    });
    let plan = Plan::new(programs.into());
    let dates = plan.entrances().dates();
    assert!(names(dates, &["email"], false).is_empty());
    assert_eq!(names(dates, &["day"], false), ["birthday"]);
    assert_eq!(names(dates, &["timezone"], false).len(), 3);
    assert_eq!(names(dates, &[], true), ["christmas", "weekly"]);
}

/// What comes due, found by going through all days, without any of the ways of the code.
fn naive(
    trigger: &Trigger,
    day: Option<Date>,
    zone: &TimeZone,
    after: Time,
    until: Time,
) -> Vec<(Time, String)> {
    let mut found = Vec::new();
    let first = zone.to_datetime(after.timestamp()).date().checked_sub(3.years()).unwrap();
    let last = zone.to_datetime(until.timestamp()).date().checked_add(3.years()).unwrap();
    let shift = trigger.after.unwrap_or_default().0 - trigger.before.unwrap_or_default().0;
    let mut today = first;
    while today < last {
        let (named, at) = match (&trigger.schedule, day) {
            (Some(one), _) => {
                let number = today.day() as u8;
                let fits = one.days.contains(&match today.weekday() {
                    Weekday::Monday => Day::Monday,
                    Weekday::Tuesday => Day::Tuesday,
                    Weekday::Wednesday => Day::Wednesday,
                    Weekday::Thursday => Day::Thursday,
                    Weekday::Friday => Day::Friday,
                    Weekday::Saturday => Day::Saturday,
                    Weekday::Sunday => Day::Sunday,
                }) || one.days_of_month.contains(&MonthDay::Number(number))
                    || (one.days_of_month.contains(&MonthDay::Last)
                        && today.tomorrow().unwrap().month() != today.month());
                (fits.then_some(today), one.at)
            }
            (None, Some(day)) => {
                let same = (today.month(), today.day()) == (day.month(), day.day());
                let instead = (day.month(), day.day()) == (2, 29)
                    && (today.month(), today.day()) == (2, 28)
                    && !today.in_leap_year();
                let fits = if trigger.yearly {
                    (same || instead) && today >= day.first_of_year()
                } else {
                    today == day
                };
                (fits.then_some(today), trigger.at)
            }
            (None, None) => (None, None),
        };
        if let Some(named) = named {
            let minutes = i64::from(at.map_or(540, ClockTime::minutes));
            let wall = named
                .to_datetime(jiff::civil::Time::midnight())
                .checked_add((shift / DAY).days())
                .unwrap()
                .checked_add(minutes.minutes())
                .unwrap();
            let moment = Time(zone.to_timestamp(wall).unwrap().as_millisecond() + shift % DAY);
            if after < moment && moment <= until {
                let occasion = match &trigger.schedule {
                    Some(one) => format!("schedule:{named}T{}", one.at.unwrap_or(ClockTime::MORNING)),
                    None => format!("date:{named}"),
                };
                found.push((moment, occasion));
            }
        }
        today = today.tomorrow().unwrap();
    }
    found
}

fn some_trigger() -> impl Strategy<Value = Trigger> {
    let shift = prop_oneof![
        Just(0),
        (-800i64..800).prop_map(|days| days * DAY),
        (-40_000i64..40_000).prop_map(|minutes| minutes * 60_000)
    ];
    let at = prop_oneof![
        Just(None),
        (0u16..=1_440).prop_map(|minutes| {
            Some(format!("{:02}:{:02}", minutes / 60, minutes % 60).parse().unwrap())
        })
    ];
    let weekday = prop_oneof![Just(Day::Monday), Just(Day::Wednesday), Just(Day::Sunday)];
    let of_month =
        prop_oneof![(1i64..=31).prop_map(|number| MonthDay::numbered(number).unwrap()), Just(MonthDay::Last)];
    let by_date = (any::<bool>(), shift, at.clone()).prop_map(|(yearly, shift, at)| Trigger {
        yearly,
        before: (shift < 0).then_some(Duration(-shift)),
        after: (shift > 0).then_some(Duration(shift)),
        at,
        ..date()
    });
    let by_week = (prop::collection::vec(weekday, 1..3), at.clone())
        .prop_map(|(days, at)| schedule(Schedule { days, days_of_month: Vec::new(), at }));
    let by_month = (prop::collection::vec(of_month, 1..4), at)
        .prop_map(|(days_of_month, at)| schedule(Schedule { days: Vec::new(), days_of_month, at }));
    prop_oneof![by_date, by_week, by_month]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn going_from_one_to_the_next_finds_what_going_through_all_days_finds(
        trigger in some_trigger(),
        day in (0i64..4_000).prop_map(|days| Date::constant(2018, 2, 20).checked_add(days.days()).unwrap()),
        zone in prop::sample::select(vec![
            "UTC", "America/New_York", "Europe/London", "Asia/Tokyo", "Asia/Kolkata", "Australia/Lord_Howe",
            "America/St_Johns", "Pacific/Kiritimati", "Africa/Cairo",
        ]),
        after in 1_600_000_000_000i64..1_800_000_000_000,
        length in 0i64..900 * DAY,
    ) {
        let (after, until) = (Time(after), Time(after + length));
        let expected = naive(&trigger, Some(day), &TimeZone::get(zone).unwrap(), after, until);
        let ready = program(trigger);
        let day = day.to_string();
        let all = as_of(after, &day, zone, |person| ready.due_within(person, after, until));
        let all: Vec<(Time, String)> = all.into_iter().map(|due| (due.at, due.occasion)).collect();
        prop_assert_eq!(&all, &expected);
        let mut walked = Vec::new();
        let mut here = after;
        while let Some(due) = as_of(here, &day, zone, |person| ready.next_due(person)) {
            if due.at > until {
                break;
            }
            here = due.at;
            walked.push((due.at, due.occasion));
        }
        prop_assert_eq!(&walked, &expected);
    }
}
