//! No text, however odd, does more than give an error.

use crate::{
    customer::{Customer, LOOKS, Recorded},
    person::{Person, object},
};
use crowsnest_model::{Time, series::Granularity};
use crowsnest_rules::{Condition, Expression, Schema, Truth, Type};
use proptest::prelude::*;
use serde_json::json;
use std::time::{Duration, Instant};

/// Texts made of the language's own pieces, which go deeper than random letters.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "profile",
        ".tier",
        ".tags",
        "[\"a b\"]",
        "event",
        ".name",
        ".properties",
        ".x",
        ".time",
        "consent(",
        "has(",
        "size(",
        "timestamp(",
        ".startsWith(",
        ".contains(",
        ".lowerAscii()",
        ".size()",
        "\"email\"",
        "\"offers\"",
        "'a'",
        "1",
        "0x1f",
        "2.5",
        "-",
        "!",
        "(",
        ")",
        "[",
        "]",
        ",",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        " in ",
        "+",
        "/",
        "%",
        "?",
        ":",
        "true",
        "false",
        "null",
        " ",
        "\n",
        "//",
        "é",
        "\"",
        "\\",
        "9223372036854775808",
        "\"2026-03-01T00:00:00Z\"",
        "count(",
        "sum(",
        "distinct(",
        "last(",
        "never(",
        "sequence(",
        "unanswered(",
        "event(",
        "within(\"30d\")",
        "within(",
        "between(\"9d\",\"1d\")",
        "between(",
        "since(\"9d\")",
        "where(",
        "\"30d\"",
        "'99999999999999w'",
        "ago(\"1d\")",
        "now()",
        "date(",
        "years(",
        "hour(",
        "anniversary(",
        "segment('a')",
        "inProgram('a')",
        "metric('a')",
        "metric('b')",
        "household",
        ".any(",
        ".all(",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Texts of which all are read; what is left of them after an accident often is too.
const VALID: [&str; 12] = [
    "count('A', within('30d'), where(event.properties.x >= 1)) >= 2 && sum('A', 'x', between('60d', '30d')) > 1.5",
    "last('A') < ago('90d') || first('B', where(event.source == 'shop')) >= timestamp('2026-03-01T00:00:00Z')",
    "never('A', within('90d')) ? avg('A', event.properties.x) > 1 : distinct('A', 'y.z', within('7d')) < 3",
    "sequence('A', event('B', where(event.properties.x in [1, 2])), within('2h'), since('30d'))",
    "unanswered('A', 'B', within('45m')) && !unanswered('B', 'A', within('1d'), since('7d'))",
    "hour(now()) >= 9 && weekday(now()) <= 5 && date(now()) != '2026-01-01'",
    "years(profile.born) >= 18 && anniversary(profile.born) || days(last('A')) == 10",
    "household.size > 1 && household.any(count('A') > 0) && household.all(profile.tier == 'gold')",
    "metric('a') > 1 && segment('vip') && !inProgram('win-back')",
    "profile.renews < now() || now() in [ago('1d'), profile.renews]",
    "event.properties.value * 2 > 100 && consent('email', 'offers') && size(profile.tags) >= 1",
    "[now(), ago('1d')] == [profile.renews] || (profile.vip ? now() : ago('2d')) > profile.renews",
];

/// A valid text in which pieces were taken out, doubled, moved or changed.
fn mutated() -> impl Strategy<Value = String> {
    let cut = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..6_u8, any::<char>());
    (prop::sample::select(VALID.to_vec()), prop::collection::vec(cut, 0..4)).prop_map(|(text, cuts)| {
        let mut letters: Vec<char> = text.chars().collect();
        for (one, other, what, letter) in cuts {
            if letters.is_empty() {
                break;
            }
            let (one, other) = (one.index(letters.len()), other.index(letters.len()));
            let (from, to) = (one.min(other), one.max(other).min(one.min(other) + 12));
            match what {
                0 => drop(letters.drain(from..to)),
                1 => letters.extend_from_within(from..to),
                2 => letters[one] = letter,
                3 => letters.swap(one, other),
                4 => letters.insert(one, '('),
                _ => letters[one] = '9',
            }
        }
        letters.into_iter().collect()
    })
}

/// Somebody who did something, with moments at the ends of what a moment can be.
fn customer() -> Customer {
    let mut customer = Customer::new("2026-03-01T09:30:00Z").with_trait("born", json!("1996-02-29"));
    for (at, name) in
        [(0, "A"), (1_772_357_400_000, "B"), (i64::MAX, "A"), (i64::MIN, "A"), (1_772_350_000_000, "A")]
    {
        customer.events.push(Recorded {
            at: Time(at),
            name: name.into(),
            properties: object(json!({"x": 1, "y": {"z": 2}})),
        });
    }
    customer.household = vec![customer.clone()];
    customer
}

fn read(text: &str) {
    let schema = Schema::open()
        .with_profile_trait("tier", Type::Text)
        .with_profile_trait("tags", Type::List)
        .with_profile_trait("renews", Type::Time)
        .with_other_traits()
        .with_metric("a", "count('A', within('30d'))", Granularity::Exact)
        .with_metric("b", "metric('b') + 1", Granularity::Exact);
    let begun = Instant::now();
    for schema in [Schema::open(), schema] {
        match Condition::parse(text, &schema) {
            Ok(condition) => {
                condition.evaluate(&Person::ann());
                assert!(!condition.sentence().is_empty());
                assert!(!condition.explain(&Person::ann()).is_empty());
                let customer = customer().remembering(&condition);
                for at in [customer.now, Time(i64::MIN), Time(i64::MAX), Time(0)] {
                    condition.evaluate_at(&customer, at);
                }
                condition.explain(&customer);
                let next = condition.next_change(&customer);
                assert!(next.is_none_or(|next| next > customer.now), "{text}");
                assert!(next.is_none() || condition.inputs().time, "{text}");
            }
            Err(error) => {
                let line = text.split('\n').nth(error.line - 1).expect("the line is in the text");
                assert!(error.column <= line.chars().count() + 1, "{text:?}: {error}");
            }
        }
        if let Ok(expression) = Expression::parse(text, &schema) {
            expression.value(&Person::ann());
        }
    }
    // It takes a millisecond; the rest is for a machine that is busy.
    assert!(begun.elapsed() < Duration::from_secs(5), "{text}");
}

#[test]
fn the_texts_to_be_mutated_are_valid() {
    let schema = Schema::open().with_profile_trait("renews", Type::Time).with_other_traits().with_metric(
        "a",
        "1",
        Granularity::Exact,
    );
    for text in VALID {
        assert!(Condition::parse(text, &schema).is_ok(), "{text}");
    }
}

/// Much is remembered, and every part of the condition asks about all of it.
#[test]
fn the_most_that_can_be_asked_ends() {
    let mut customer = Customer::new("2026-03-01T09:30:00Z");
    for n in 0..4_096 {
        let properties = object(json!({"x": n}));
        customer.events.push(Recorded {
            at: customer.now.minus(crowsnest_model::Duration::minutes(n)),
            name: "A".into(),
            properties,
        });
    }
    customer.household = vec![customer.clone(); 4];
    let text =
        format!("household.any({})", vec!["distinct('A', 'x', within('30d')) > 9999"; 80].join(" || "));
    let condition = Condition::parse(&text, &Schema::open()).unwrap();
    let customer = customer.remembering(&condition);
    assert_eq!(condition.evaluate(&customer), Truth::False);
    let once = LOOKS.take();
    assert_eq!(once, 80 * 5, "each question of each member");
    assert!(condition.next_change(&customer).is_some());
    // What it costs, the answer now, and for each of the two moments that are tried three looks.
    assert!(LOOKS.get() <= 8 * once, "{} looks", LOOKS.get());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_letters(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn valid_texts_after_an_accident(text in mutated()) {
        read(&text);
    }

    #[test]
    fn random_pieces(text in soup()) {
        read(&text);
    }
}
