//! Metrics that tell moments apart by the second, minute, hour or day agree with a reading of all events by it.

use crate::customer::{Customer, Recorded};
use crowsnest_model::{Duration, Time, series::Granularity};
use crowsnest_rules::{Condition, Schema, Truth};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;

const NOW: i64 = 1_772_357_412_345;
const DAY: i64 = 86_400_000;

fn condition(value: &str, granularity: Granularity, compared: &str) -> Condition {
    let schema = Schema::open().with_metric("m", value, granularity);
    let text = format!("metric('m') {compared}");
    Condition::parse(&text, &schema).unwrap_or_else(|error| panic!("{value} {text}: {error}"))
}

fn customer(events: &[(i64, i64)]) -> Customer {
    let mut customer = Customer::new("2026-01-01T00:00:00Z");
    customer.now = Time(NOW);
    customer.events = events
        .iter()
        .map(|(at, x)| Recorded {
            at: Time(*at),
            name: "A".into(),
            properties: crate::person::object(json!({ "x": x })),
        })
        .collect();
    customer
}

/// The question as text, and its answer, read the slow way: each moment is the beginning of its stretch, and so are the
/// ends of the window.
#[derive(Debug, Clone, Copy)]
struct Asked {
    function: &'static str,
    granularity: Granularity,
    /// From and to, in milliseconds ago; all time without.
    window: Option<(i64, i64)>,
}

impl Asked {
    fn text(self) -> String {
        let property = if matches!(self.function, "sum" | "distinct") { ", 'x'" } else { "" };
        let window = match self.window {
            None => String::new(),
            Some((from, 0)) => format!(", within('{from}ms')"),
            Some((from, to)) => format!(", between('{from}ms', '{to}ms')"),
        };
        format!("{}('A'{property}{window})", self.function)
    }

    fn answer(self, events: &[(i64, i64)], now: i64) -> Option<i64> {
        let floor = |at: i64| self.granularity.floor(Time(at)).0;
        let (after, until) =
            self.window.map_or((i64::MIN, floor(now)), |(from, to)| (floor(now - from), floor(now - to)));
        let inside: Vec<_> =
            events.iter().filter(|(at, _)| floor(*at) > after && floor(*at) <= until).collect();
        match self.function {
            "count" => Some(inside.len() as i64),
            "sum" => Some(inside.iter().map(|(_, x)| x).sum()),
            "distinct" => Some(inside.iter().map(|(_, x)| x).collect::<BTreeSet<_>>().len() as i64),
            "first" => inside.iter().map(|(at, _)| floor(*at)).min(),
            _ => inside.iter().map(|(at, _)| floor(*at)).max(),
        }
    }

    /// The next moment at which the answer is another one.
    fn next_change(self, events: &[(i64, i64)]) -> Option<i64> {
        let floor = |at: i64| self.granularity.floor(Time(at)).0;
        let ends = self.window.map_or([0, 0], |(from, to)| [from, to]);
        let moments: BTreeSet<i64> = events
            .iter()
            .flat_map(|(at, _)| ends.map(|end| floor(*at) + end))
            .filter(|at| *at > NOW)
            .collect();
        moments.into_iter().find(|at| self.answer(events, *at) != self.answer(events, NOW))
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let function = prop::sample::select(vec!["count", "sum", "distinct", "first", "last"]);
    let granularity = prop::sample::select(Granularity::ALL.to_vec());
    let part = prop_oneof![Just(0_i64), 1..3 * DAY];
    (function, granularity, prop::option::of((part, 1_i64..4 * DAY))).prop_map(
        |(function, granularity, window)| {
            let window = window.map(|(to, length)| (to + length.max(granularity.span().0), to));
            Asked { function, granularity, window }
        },
    )
}

proptest! {
    #[test]
    fn a_metric_is_what_one_finds_by_reading_all_events_at_its_granularity(
        asked in asked(),
        events in prop::collection::vec((NOW - 8 * DAY..NOW + DAY, 0_i64..5), 0..30),
    ) {
        let customer = customer(&events);
        let expected = asked.answer(&events, NOW);
        let moment = matches!(asked.function, "first" | "last");
        let compared = match expected {
            Some(at) if moment => format!("== timestamp('{}')", Time(at)),
            Some(number) => format!("== {number}"),
            None => format!("== timestamp('{}')", Time(NOW)),
        };
        let condition = condition(&asked.text(), asked.granularity, &compared);
        let truth = if expected.is_some() { Truth::True } else { Truth::Unknown };
        prop_assert_eq!(customer.remembering(&condition).ask(&condition), truth, "{}", condition.text());
        let came = customer.remembering_as_it_came(&condition);
        prop_assert_eq!(came.ask(&condition), truth, "as it came, by two who are one");
        let changes = condition.next_change(&customer.remembering(&condition)).map(|at| at.0);
        // Where there is no value, that there is one is a change only if it is the one that is asked for.
        if expected.is_some() {
            prop_assert_eq!(changes, asked.next_change(&events));
        }
    }
}

#[test]
fn a_series_for_each_granularity() {
    let ids: BTreeSet<_> = Granularity::ALL
        .map(|granularity| condition("count('A', within('30d'))", granularity, "> 1").inputs().series[0].id())
        .into();
    assert_eq!(ids.len(), 5);
    let plain = Condition::parse("count('A', within('30d')) > 1", &Schema::open()).unwrap();
    assert!(ids.contains(&plain.inputs().series[0].id()), "exactly is what is usual");
    let daily = condition("count('A', within('30d'))", Granularity::Day, "> 1");
    assert_eq!(
        format!("{:?}", daily.inputs().series[0]).split_once(": ").unwrap().1,
        "A, kept for 32 days, by the day"
    );
}

#[test]
fn what_one_metric_says_of_itself_concerns_no_other_and_no_order() {
    let schema =
        Schema::open().with_metric("fine", "count('A', within('1h'))", Granularity::Exact).with_metric(
            "coarse",
            "metric('fine') + count('A', within('7d')) + (sequence('A', 'B', within('2h')) ? 1 : 0)",
            Granularity::Day,
        );
    let condition = Condition::parse("metric('coarse') > 1", &schema).unwrap();
    let mut found: Vec<_> =
        condition.inputs().series.iter().map(|series| (series.event(), series.granularity())).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("A", Granularity::Exact),
            ("A", Granularity::Exact),
            ("A", Granularity::Day),
            ("B", Granularity::Exact)
        ]
    );
}

#[test]
fn a_stretch_is_no_shorter_than_the_granularity() {
    for (value, fine) in [
        ("count('A', within('1d'))", true),
        ("count('A', between('3d', '2d'))", true),
        ("count('A')", true),
        ("count('A', within('23h'))", false),
        ("count('A', between('3d', '49h'))", false),
    ] {
        let read = crowsnest_rules::Expression::parse(value, &Schema::open().read_by(Granularity::Day));
        assert_eq!(read.is_ok(), fine, "{value}");
        if let Err(error) = read {
            assert!(error.message.ends_with("make the stretch longer or the granularity finer"), "{error}");
        }
    }
    assert_eq!(Duration::days(1), Granularity::Day.span());
}
