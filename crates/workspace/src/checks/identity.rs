//! `identity:`

use super::{Findings, Spot, value};
use crowsnest_model::definition::{IdentityRules, MatchField, MatchKey, Matching};
use serde::Serialize;
use serde_json::Value;

pub(super) fn check(rules: &IdentityRules, spot: Spot<'_>, findings: &mut Findings) {
    blocked(&rules.blocked, spot.at("blocked"), findings);
    if let Some(wanted) = &rules.matching {
        matching(wanted, spot.at("matching"), findings);
    }
    for (name, rule) in &rules.namespaces {
        let all = spot.at("namespaces");
        let spot = all.at(name);
        if let Err(message) = value::name(name) {
            findings.misplaced(all, name, message);
        }
        if rule.limit == Some(0) {
            findings.problem(
                spot.at("limit"),
                "a limit of 0 would leave nobody an identifier: expected 1 or more",
            );
        }
        if let Some(window) = rule.window {
            value::positive(window, spot.at("window"), findings);
            if rule.limit.is_none() {
                findings.misplaced(
                    spot,
                    "window",
                    "`window` says what a `limit` counts, and there is no `limit`",
                );
            }
        }
        if rule.unique && (rule.limit.is_some() || rule.window.is_some()) {
            findings.misplaced(
                spot,
                "unique",
                "`unique` is a limit of 1, for ever: leave out `limit` and `window`",
            );
        }
        if rule.device && rule.household {
            findings.misplaced(
                spot,
                "device",
                "one of `device` and `household`: a device is one person's at a time",
            );
        }
        if rule.unique && rule.household {
            let message =
                "one of `unique` and `household`: what is shared by a household cannot tell people apart";
            findings.misplaced(spot, "household", message);
        }
        blocked(&rule.blocked, spot.at("blocked"), findings);
    }
}

fn matching(matching: &Matching, spot: Spot<'_>, findings: &mut Findings) {
    if matching.review_above >= matching.merge_above {
        findings.misplaced(
            spot,
            "review_above",
            format!(
                "`review_above` ({}) has to be less than `merge_above` ({}): what is between them is put before people",
                matching.review_above, matching.merge_above
            ),
        );
    }
    // Nothing is ever as sure as that, and below evens strangers would be made one.
    for (name, given) in [("merge_above", matching.merge_above), ("review_above", matching.review_above)] {
        if given.share() >= 1.0 || given.share() <= 0.0 {
            findings.problem(
                spot.at(name),
                "expected more than 0% and less than 100%; nobody is made one without being asked for with `automatic: false`",
            );
        }
    }
    if matching.merge_above.share() < 0.5 && matching.automatic {
        findings.problem(
            spot.at("merge_above"),
            "below 50% most of those who are made one would be strangers: expected 50% or more",
        );
    }
    for (index, blocking) in matching.blocking.iter().enumerate() {
        let all = spot.at("blocking");
        if blocking.is_empty() {
            findings.problem(
                all.item(index),
                "expected what two must have in common, such as `{ surname: phonetic, postcode: exact }`",
            );
        }
        for (field, key) in blocking {
            if !field.keys().contains(key) {
                findings.misplaced(all.item(index), &word(field), nothing_in_common(*field, *key));
            }
        }
    }
}

/// How a definition writes it.
fn word(of: impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

fn nothing_in_common(field: MatchField, key: MatchKey) -> String {
    let name = word(field);
    match field {
        MatchField::Ignore => "`ignore` is no field that two can have in common".to_owned(),
        MatchField::FullName => {
            "a full name is taken apart: expected `forename`, `surname`, or both of them".to_owned()
        }
        MatchField::HouseNumber => {
            "the number of a house says little without its street: expected `street: door`, which is both"
                .to_owned()
        }
        _ => {
            let known: Vec<String> = field.keys().iter().map(|key| format!("`{}`", word(key))).collect();
            format!(
                "of `{name}` nobody has `{}` in common with anybody: expected {}",
                word(key),
                known.join(", ")
            )
        }
    }
}

fn blocked(patterns: &[String], spot: Spot<'_>, findings: &mut Findings) {
    for (index, pattern) in patterns.iter().enumerate() {
        if pattern.trim().is_empty() {
            findings.problem(spot.item(index), "expected a pattern, found an empty text");
        } else if pattern.chars().all(|c| c == '*') {
            findings.problem(spot.item(index), format!("`{pattern}` would block every identifier"));
        }
    }
}
