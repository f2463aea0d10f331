//! Laws of the contact policy: whatever is due, in whatever order it is decided, however often it is asked again after a
//! restart or tried again, nobody gets more than is allowed.

use crate::policy::policy;
use crowsnest_model::{DeliveryId, Duration, Time, delivery::HandedOver};
use crowsnest_programs::policy::{Facts, Verdict, decide};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000;
const PROGRAMS: [&str; 3] = ["cart", "win-back", "spring"];
const CHANNELS: [&str; 2] = ["email", "sms"];
const TOPICS: [&str; 3] = ["offers", "news", "receipts"];
const ZONES: [&str; 3] = ["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe"];

/// A message of one of two people of one household.
#[derive(Debug, Clone)]
struct Message {
    person: usize,
    program: &'static str,
    channel: &'static str,
    topic: &'static str,
    due: i64,
    expires: Option<i64>,
}

/// What happens next.
#[derive(Debug, Clone)]
enum Act {
    /// So many hours pass.
    Pass(i64),
    /// One of the messages that are due is decided; what is handed over fails for now if it says so.
    Claim { which: usize, fails: bool },
}

fn message() -> impl Strategy<Value = Message> {
    let due = 0_i64..400;
    (0_usize..2, 0_usize..3, 0_usize..2, 0_usize..3, due, prop::option::of(1_i64..300)).prop_map(
        |(person, program, channel, topic, due, lives)| Message {
            person,
            program: PROGRAMS[program],
            channel: CHANNELS[channel],
            topic: TOPICS[topic],
            due: due * HOUR / 2,
            expires: lives.map(|lives| due * HOUR / 2 + lives * HOUR),
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (1_i64..30).prop_map(Act::Pass),
        (any::<usize>(), prop::bool::weighted(0.1)).prop_map(|(which, fails)| Act::Claim { which, fails }),
        (any::<usize>(), prop::bool::weighted(0.1)).prop_map(|(which, fails)| Act::Claim { which, fails }),
    ]
}

fn rules() -> impl Strategy<Value = Value> {
    let when = || any::<bool>().prop_map(|waits| if waits { "postpone" } else { "suppress" });
    let only = |of: &'static [&'static str]| prop::option::of(prop::sample::select(of));
    let cap = (0_u32..4, 1_i64..200, any::<bool>(), only(&CHANNELS), only(&TOPICS[..2]), when()).prop_map(
        |(max, per, household, channel, topic, when)| {
            let mut cap = json!({
                "max": max, "per": format!("{per}h"), "when_capped": when,
                "of": if household { "household" } else { "person" },
            });
            if let Some(channel) = channel {
                cap["channel"] = channel.into();
            }
            if let Some(topic) = topic {
                cap["topic"] = topic.into();
            }
            cap
        },
    );
    let apart = (1_i64..100, when()).prop_map(
        |(span, when)| json!({ "programs": ["cart", "win-back"], "within": format!("{span}h"), "when_capped": when }),
    );
    let offer = prop::option::of((1_i64..100, when()).prop_map(
        |(span, when)| json!({ "topics": ["offers"], "within": format!("{span}h"), "when_capped": when }),
    ));
    let quiet = (0_u16..24, 1_u16..24).prop_map(
        |(from, long)| json!({ "from": format!("{from}:00"), "to": format!("{}:00", (from + long - 1) % 24 + 1) }),
    );
    let quiet = quiet.prop_filter("a stretch of the day", |quiet| quiet["from"] != quiet["to"]);
    (
        prop::collection::vec(cap, 0..4),
        prop::collection::vec(apart, 0..2),
        offer,
        prop::collection::vec(quiet, 0..2),
    )
        .prop_map(|(caps, apart, offer, quiet)| {
            let mut rules = json!({ "caps": caps, "apart": apart, "quiet_hours": quiet });
            if let Some(offer) = offer {
                rules["one_offer_at_a_time"] = offer;
            }
            rules
        })
}

/// What went out, and to whom.
#[derive(Debug, Clone)]
struct Went {
    person: usize,
    what: HandedOver,
}

/// The reference: looks at all pairs and windows of what went out.
fn broken(rules: &Value, zone: &TimeZone, went: &[Went]) -> Option<String> {
    let span = |value: &Value| value.as_str().unwrap().parse::<Duration>().unwrap();
    let counted: Vec<&Went> = went.iter().filter(|went| went.what.topic != "receipts").collect();
    for cap in rules["caps"].as_array().unwrap() {
        for end in &counted {
            let since = end.what.time.minus(span(&cap["per"]));
            let inside = counted.iter().filter(|went| {
                let what = &went.what;
                what.time > since
                    && what.time <= end.what.time
                    && (cap["of"] == "household" || went.person == end.person)
                    && (cap["channel"].is_null() || cap["channel"] == what.channel.as_str())
                    && (cap["topic"].is_null() || cap["topic"] == what.topic.as_str())
            });
            let count = inside.count() as u64;
            if count > cap["max"].as_u64().unwrap() {
                return Some(format!("{count} until {} for {cap}", end.what.time));
            }
        }
    }
    for one in &counted {
        for other in counted.iter().filter(|other| other.person == one.person) {
            let near = |within: &Value| {
                one.what.program != other.what.program
                    && one.what.time.since(other.what.time).0.abs() < span(within).0
            };
            for apart in rules["apart"].as_array().unwrap() {
                let kept = |went: &Went| went.what.program != "spring";
                if kept(one) && kept(other) && near(&apart["within"]) {
                    return Some(format!("{one:?} and {other:?} for {apart}"));
                }
            }
            let offer = &rules["one_offer_at_a_time"];
            if !offer.is_null()
                && one.what.topic == "offers"
                && other.what.topic == "offers"
                && near(&offer["within"])
            {
                return Some(format!("{one:?} and {other:?} for {offer}"));
            }
        }
        for quiet in rules["quiet_hours"].as_array().unwrap() {
            let minutes = |value: &Value| -> u16 {
                let (hour, minute) = value.as_str().unwrap().split_once(':').unwrap();
                hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
            };
            let (from, to) = (minutes(&quiet["from"]), minutes(&quiet["to"]));
            let wall = zone.to_datetime(one.what.time.timestamp()).time();
            let wall = wall.hour() as u16 * 60 + wall.minute() as u16;
            let inside = if from < to { from <= wall && wall < to } else { wall >= from || wall < to };
            if inside {
                return Some(format!("{} is in {quiet}", one.what.time));
            }
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_stretch_of_time_holds_more_than_is_allowed(
        rules in rules(),
        messages in prop::collection::vec(message(), 1..25),
        acts in prop::collection::vec(act(), 1..120),
        start in prop::sample::select(&[
            "2026-03-02T00:00:00Z", "2026-03-25T00:00:00Z", "2026-04-01T00:00:00Z", "2026-10-28T00:00:00Z",
        ][..]),
        zone in prop::sample::select(&ZONES[..]),
    ) {
        let start: Time = start.parse().unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let policy = policy(rules.clone());
        let mut now = start;
        let mut went: Vec<Went> = Vec::new();
        let mut waiting: Vec<(usize, Message)> = messages.into_iter().enumerate().collect();
        for act in acts {
            let (which, fails) = match act {
                Act::Pass(hours) => {
                    now = now.plus(Duration(hours * HOUR));
                    continue;
                }
                Act::Claim { which, fails } => (which, fails),
            };
            let since = now.since(start).0;
            let due: Vec<usize> =
                (0..waiting.len()).filter(|place| waiting[*place].1.due <= since).collect();
            if due.is_empty() {
                continue;
            }
            let place = due[which % due.len()];
            let (id, message) = waiting[place].clone();
            let household: Vec<HandedOver> = went.iter().map(|went| went.what.clone()).collect();
            let person: Vec<HandedOver> = went
                .iter()
                .filter(|went| went.person == message.person)
                .map(|went| went.what.clone())
                .collect();
            let facts = Facts {
                now,
                zone: &zone,
                program: message.program,
                channel: message.channel,
                topic: message.topic,
                expires: message.expires.map(|expires| start.plus(Duration(expires))),
                person: &person,
                household: &household,
            };
            let verdict = decide(&policy, &facts);
            prop_assert_eq!(&verdict, &decide(&policy, &facts), "asked again, it says the same");
            let mut shuffled = household.clone();
            shuffled.reverse();
            prop_assert_eq!(&verdict, &decide(&policy, &Facts { household: &shuffled, ..facts }));
            match verdict {
                Verdict::Send if fails => waiting[place].1.due = since + HOUR,
                Verdict::Send => {
                    waiting.remove(place);
                    went.push(Went {
                        person: message.person,
                        what: HandedOver {
                            delivery: DeliveryId(id as u64),
                            time: now,
                            program: message.program.into(),
                            channel: message.channel.into(),
                            topic: message.topic.into(),
                        },
                    });
                }
                Verdict::Wait { until, .. } => {
                    prop_assert!(until > now, "waiting goes on for ever");
                    prop_assert!(message.expires.is_none_or(|expires| start.plus(Duration(expires)) > until));
                    waiting[place].1.due = until.since(start).0;
                }
                Verdict::Suppress(_) | Verdict::Expire(_) => drop(waiting.remove(place)),
            }
        }
        prop_assert_eq!(broken(&rules, &zone, &went), None);
    }
}
