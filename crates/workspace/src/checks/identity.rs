//! `identity:`

use super::{Findings, Spot, value};
use crowsnest_model::definition::IdentityRules;

pub(super) fn check(rules: &IdentityRules, spot: Spot<'_>, findings: &mut Findings) {
    blocked(&rules.blocked, spot.at("blocked"), findings);
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

fn blocked(patterns: &[String], spot: Spot<'_>, findings: &mut Findings) {
    for (index, pattern) in patterns.iter().enumerate() {
        if pattern.trim().is_empty() {
            findings.problem(spot.item(index), "expected a pattern, found an empty text");
        } else if pattern.chars().all(|c| c == '*') {
            findings.problem(spot.item(index), format!("`{pattern}` would block every identifier"));
        }
    }
}
