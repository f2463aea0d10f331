//! The contact policy, decision by decision.

use crowsnest_model::{DeliveryId, Duration, Time, definition::ContactPolicy, delivery::HandedOver};
use crowsnest_programs::policy::{Facts, Policy, Verdict, decide};
use jiff::tz::TimeZone;
use rstest::rstest;
use serde_json::{Value, json};

/// 2026-03-02T15:00:00Z, a Monday: nine in the morning in Chicago.
const NOW: &str = "2026-03-02T15:00:00Z";
static UTC: TimeZone = TimeZone::UTC;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

pub fn policy(mut says: Value) -> Policy {
    says["policy"] = "contact".into();
    let definition: ContactPolicy = serde_json::from_value(says).unwrap();
    Policy::new(definition, ["receipts".to_owned()])
}

/// Handed over this long ago.
fn went(program: &str, topic: &str, ago: i64) -> HandedOver {
    HandedOver {
        delivery: DeliveryId(1),
        time: now().minus(Duration(ago)),
        program: program.into(),
        channel: "email".into(),
        topic: topic.into(),
    }
}

fn now() -> Time {
    NOW.parse().unwrap()
}

fn facts<'a>(zone: &'a TimeZone, person: &'a [HandedOver]) -> Facts<'a> {
    Facts {
        now: now(),
        zone,
        program: "cart",
        channel: "email",
        topic: "offers",
        expires: None,
        person,
        household: person,
    }
}

fn words(verdict: Verdict) -> String {
    match verdict {
        Verdict::Send => "send".into(),
        Verdict::Wait { until, reason } => format!("{until} {reason}"),
        Verdict::Suppress(reason) => format!("suppress: {reason}"),
        Verdict::Expire(reason) => format!("expire: {reason}"),
    }
}

#[rstest]
#[case::a_missing_cap_is_no_cap(json!({}), "send")]
#[case::a_cap_of_none(
    json!({ "caps": [{ "max": 0, "per": "1d" }] }),
    "suppress: the cap is 0 messages: none at all"
)]
#[case::a_cap_of_none_on_another_channel(json!({ "caps": [{ "max": 0, "per": "1d", "channel": "sms" }] }), "send")]
#[case::room_for_one_more(json!({ "caps": [{ "max": 3, "per": "7d" }] }), "send")]
#[case::full(
    json!({ "caps": [{ "max": 2, "per": "7d", "channel": "email", "topic": "offers" }] }),
    "suppress: at most 2 messages by email about offers in 7 days: had cart, win-back"
)]
#[case::at_its_very_end_a_message_does_not_count_any_more(json!({ "caps": [{ "max": 2, "per": "2d" }] }), "send")]
#[case::one_moment_before_it_does(
    json!({ "caps": [{ "max": 2, "per": "48h 1ms" }] }),
    "suppress: at most 2 messages in 2 days: had cart, win-back"
)]
#[case::another_topic(json!({ "caps": [{ "max": 1, "per": "7d", "topic": "news" }] }), "send")]
#[case::waits_until_there_is_room(
    json!({ "caps": [{ "max": 2, "per": "7d", "when_capped": "postpone" }] }),
    "2026-03-07T15:00:00Z waits: at most 2 messages in 7 days: had cart, win-back"
)]
#[case::waits_for_both_to_be_over(
    json!({ "caps": [{ "max": 1, "per": "7d", "when_capped": "postpone" }] }),
    "2026-03-08T15:00:00Z waits: at most 1 message in 7 days: had cart, win-back"
)]
#[case::one_that_leaves_out_wins_over_one_that_waits(
    json!({ "caps": [{ "max": 1, "per": "7d", "when_capped": "postpone" }, { "max": 2, "per": "7d" }] }),
    "suppress: at most 2 messages in 7 days: had cart, win-back"
)]
#[case::for_a_household(
    json!({ "caps": [{ "max": 1, "per": "36h", "of": "household" }] }),
    "suppress: at most 1 message for a household in 1 day 12 hours: had win-back"
)]
#[case::apart(
    json!({ "apart": [{ "programs": ["win-back", "cart"], "within": "3d" }] }),
    "suppress: win-back, cart are kept 3 days apart: had win-back"
)]
#[case::apart_from_itself_it_need_not_be(json!({ "apart": [{ "programs": ["cart", "birthday"], "within": "9d" }] }), "send")]
#[case::apart_long_ago(json!({ "apart": [{ "programs": ["win-back", "cart"], "within": "1d" }] }), "send")]
#[case::one_offer_at_a_time(
    json!({ "one_offer_at_a_time": { "topics": ["offers"], "within": "3d" } }),
    "suppress: one offer at a time, and an offer runs for 3 days: had win-back"
)]
#[case::an_offer_of_another_kind(json!({ "one_offer_at_a_time": { "topics": ["news"], "within": "3d" } }), "send")]
#[case::an_offer_that_has_run_out(json!({ "one_offer_at_a_time": { "topics": ["offers"], "within": "1d" } }), "send")]
fn after_a_win_back_yesterday_and_a_cart_the_day_before(#[case] says: Value, #[case] expected: &str) {
    let before =
        [went("win-back", "offers", DAY), went("cart", "offers", 2 * DAY), went("order", "receipts", HOUR)];
    assert_eq!(words(decide(&policy(says), &facts(&UTC, &before))), expected);
}

#[test]
fn service_messages_are_exempt_and_do_not_count() {
    let strict = policy(json!({
        "caps": [{ "max": 0, "per": "7d" }],
        "quiet_hours": [{ "from": "00:00", "to": "24:00" }],
    }));
    let receipt = Facts { topic: "receipts", ..facts(&UTC, &[]) };
    assert_eq!(decide(&strict, &receipt), Verdict::Send);
    assert_eq!(strict.capped(&receipt), None);
    let one = policy(json!({ "caps": [{ "max": 1, "per": "7d" }] }));
    let before = [went("order", "receipts", HOUR)];
    assert_eq!(decide(&one, &facts(&UTC, &before)), Verdict::Send);
}

#[test]
fn the_winner_of_the_same_moment_is_named() {
    let one = policy(json!({ "caps": [{ "max": 1, "per": "1d" }] }));
    let before = [went("win-back", "offers", 0)];
    let said = words(decide(&one, &facts(&UTC, &before)));
    assert_eq!(said, "suppress: at most 1 message in 1 day: gives way to win-back at the same moment");
}

#[test]
fn a_clock_that_was_set_back_makes_no_room() {
    let one = policy(json!({ "caps": [{ "max": 1, "per": "1d", "when_capped": "postpone" }] }));
    let before = [went("win-back", "offers", -2 * DAY)];
    let said = words(decide(&one, &facts(&UTC, &before)));
    assert!(said.starts_with("2026-03-05T15:00:00Z waits: "), "{said}");
}

#[test]
fn what_would_wait_longer_than_it_has_a_point_expires() {
    let patient = policy(json!({ "caps": [{ "max": 1, "per": "1d", "when_capped": "postpone" }] }));
    let before = [went("win-back", "offers", HOUR)];
    let mut message = facts(&UTC, &before);
    message.expires = Some(now().plus(Duration(23 * HOUR)));
    assert_eq!(
        words(decide(&patient, &message)),
        "expire: at most 1 message in 1 day: had win-back; its time to live ends before that is over"
    );
    message.expires = Some(now().plus(Duration(23 * HOUR + 1)));
    assert!(matches!(decide(&patient, &message), Verdict::Wait { .. }));
}

#[test]
fn priorities_are_in_their_order_and_all_others_after_them() {
    let ranked = policy(json!({ "priorities": ["cart", "win-back"] }));
    assert!(ranked.rank("cart") < ranked.rank("win-back"));
    assert!(ranked.rank("win-back") < ranked.rank("birthday"));
    assert_eq!(ranked.rank("birthday"), ranked.rank("spring"));
    assert!(ranked.is_empty(), "an order alone stops nothing");
}

const NIGHT: &str = r#"{ "quiet_hours": [{ "from": "21:00", "to": "08:00" }] }"#;
const SMALL_HOURS: &str = r#"{ "quiet_hours": [{ "from": "01:30", "to": "02:30" }] }"#;

#[rstest]
#[case::in_the_evening(NIGHT, "America/Chicago", "2026-03-03T03:00:00Z", "2026-03-03T14:00:00Z")]
#[case::just_before(NIGHT, "America/Chicago", "2026-03-03T02:59:59.999Z", "")]
#[case::in_the_morning(NIGHT, "America/Chicago", "2026-03-03T13:59:59.999Z", "2026-03-03T14:00:00Z")]
#[case::just_over(NIGHT, "America/Chicago", "2026-03-03T14:00:00Z", "")]
#[case::where_it_is_day(NIGHT, "Asia/Tokyo", "2026-03-03T03:00:00Z", "")]
#[case::a_zone_of_quarters(NIGHT, "Asia/Kathmandu", "2026-03-03T01:00:00Z", "2026-03-03T02:15:00Z")]
// Clocks in Chicago are put forward on 8 March, from two to three: the night is an hour shorter.
#[case::put_forward(NIGHT, "America/Chicago", "2026-03-08T03:00:00Z", "2026-03-08T13:00:00Z")]
// And back on 1 November, from two to one: it is an hour longer.
#[case::put_back(NIGHT, "America/Chicago", "2026-11-01T03:00:00Z", "2026-11-01T14:00:00Z")]
// What would end at a time that the night skips ends when the clock is put forward.
#[case::ends_in_the_gap(SMALL_HOURS, "America/Chicago", "2026-03-08T07:45:00Z", "2026-03-08T08:00:00Z")]
#[case::after_the_gap(SMALL_HOURS, "America/Chicago", "2026-03-08T08:00:00Z", "")]
// What begins in the hour that comes twice begins the first time, and lasts.
#[case::begins_in_the_fold(SMALL_HOURS, "America/Chicago", "2026-11-01T06:30:00Z", "2026-11-01T08:30:00Z")]
#[case::the_second_time(SMALL_HOURS, "America/Chicago", "2026-11-01T07:10:00Z", "2026-11-01T08:30:00Z")]
#[case::ends_in_the_fold(
    r#"{ "quiet_hours": [{ "from": "21:00", "to": "01:30" }] }"#,
    "America/Chicago",
    "2026-11-01T06:45:00Z",
    "2026-11-01T07:30:00Z"
)]
#[case::begins_in_the_gap(
    r#"{ "quiet_hours": [{ "from": "02:30", "to": "04:00" }] }"#,
    "America/Chicago",
    "2026-03-08T08:00:00Z",
    "2026-03-08T09:00:00Z"
)]
#[case::only_on_sundays(
    r#"{ "quiet_hours": [{ "from": "00:00", "to": "24:00", "days": ["sunday"] }] }"#,
    "America/Chicago",
    "2026-03-01T18:00:00Z",
    "2026-03-02T06:00:00Z"
)]
#[case::not_on_mondays(
    r#"{ "quiet_hours": [{ "from": "00:00", "to": "24:00", "days": ["sunday"] }] }"#,
    "America/Chicago",
    "2026-03-02T18:00:00Z",
    ""
)]
#[case::the_night_that_began_on_a_saturday(
    r#"{ "quiet_hours": [{ "from": "21:00", "to": "08:00", "days": ["saturday"] }] }"#,
    "UTC",
    "2026-03-01T05:00:00Z",
    "2026-03-01T08:00:00Z"
)]
#[case::one_after_the_other(
    r#"{ "quiet_hours": [{ "from": "21:00", "to": "08:00" }, { "from": "08:00", "to": "24:00", "days": ["sunday"] }] }"#,
    "UTC", "2026-03-01T05:00:00Z", "2026-03-02T08:00:00Z"
)]
#[case::on_another_channel(
    r#"{ "quiet_hours": [{ "from": "21:00", "to": "08:00", "channels": ["sms"] }] }"#,
    "UTC",
    "2026-03-01T05:00:00Z",
    ""
)]
fn quiet_hours_end(#[case] says: &str, #[case] zone: &str, #[case] now: &str, #[case] until: &str) {
    let zone = TimeZone::get(zone).unwrap();
    let message = Facts { now: now.parse().unwrap(), ..facts(&zone, &[]) };
    let verdict = decide(&policy(serde_json::from_str(says).unwrap()), &message);
    match until.parse::<Time>() {
        Err(_) => assert_eq!(verdict, Verdict::Send),
        Ok(until) => {
            let Verdict::Wait { until: waits, .. } = verdict else { panic!("{verdict:?}") };
            assert_eq!(waits, until);
            let then = Facts { now: until, ..message };
            assert_eq!(decide(&policy(serde_json::from_str(says).unwrap()), &then), Verdict::Send);
        }
    }
}

#[test]
fn quiet_hours_say_whose_and_expire_what_has_no_point_afterwards() {
    let night = policy(serde_json::from_str(NIGHT).unwrap());
    let zone = TimeZone::get("America/Chicago").unwrap();
    let mut message = Facts { now: "2026-03-03T03:00:00Z".parse().unwrap(), ..facts(&zone, &[]) };
    assert_eq!(
        words(decide(&night, &message)),
        "2026-03-03T14:00:00Z waits: quiet hours from 21:00 to 08:00 in America/Chicago"
    );
    message.expires = Some("2026-03-03T14:00:00Z".parse().unwrap());
    assert_eq!(
        words(decide(&night, &message)),
        "expire: quiet hours from 21:00 to 08:00 in America/Chicago; its time to live ends before that is over"
    );
}

#[test]
fn days_that_are_all_quiet_never_send() {
    let never = policy(json!({ "quiet_hours": [{ "from": "00:00", "to": "24:00" }] }));
    let mut message = facts(&UTC, &[]);
    for _ in 0..3 {
        let Verdict::Wait { until, .. } = decide(&never, &message) else { panic!("sent") };
        assert!(until > message.now);
        message.now = until;
    }
}
