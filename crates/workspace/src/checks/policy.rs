//! `policy:`

use super::{Findings, Scene, Spot, value};
use crate::{
    Kind,
    problem::{did_you_mean, listed, quoted},
};
use crowsnest_model::definition::{Apart, Cap, ContactPolicy, CountedOver, OneOffer, QuietHours, WhenCapped};
use std::collections::BTreeSet;

/// The channels on which people can be reached, whether or not messages are sent on them yet.
const CHANNELS: [&str; 4] = ["email", "letter", "phone", "sms"];

pub(super) fn check(policy: &ContactPolicy, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    for (index, cap) in policy.caps.iter().enumerate() {
        check_cap(cap, spot.at("caps").item(index), scene, findings);
    }
    for (index, quiet) in policy.quiet_hours.iter().enumerate() {
        quiet_hours(quiet, spot.at("quiet_hours").item(index), findings);
    }
    for (index, apart) in policy.apart.iter().enumerate() {
        check_apart(apart, spot.at("apart").item(index), scene, findings);
    }
    programs(&policy.priorities, spot.at("priorities"), scene, findings);
    if let Some(offer) = &policy.one_offer_at_a_time {
        one_offer(offer, spot.at("one_offer_at_a_time"), scene, findings);
    }
}

fn check_cap(cap: &Cap, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    value::positive(cap.per, spot.at("per"), findings);
    if let Some(name) = &cap.channel {
        channel(name, spot.at("channel"), findings);
    }
    if let Some(name) = &cap.topic {
        topic(name, spot.at("topic"), scene, findings);
    }
    if cap.max == 0 && cap.when_capped == WhenCapped::Postpone {
        let message = "a cap of 0 never has room, so nothing can wait for it: leave out `when_capped`";
        findings.misplaced(spot, "when_capped", message);
    }
    if cap.of == CountedOver::Household && !scene.workspace.identity.knows_households() {
        let message = "a cap for households, but no namespace of identifiers is shared by a household, so everybody is counted alone";
        let hint = "set `household: true` in the `identity:` document, or `of: person` here";
        findings.warning(spot.at("of"), message, Some(hint.into()));
    }
}

fn quiet_hours(quiet: &QuietHours, spot: Spot<'_>, findings: &mut Findings) {
    if quiet.from == quiet.to {
        let message = "`from` and `to` are the same: for a whole day, say from 00:00 to 24:00";
        findings.problem(spot.at("to"), message);
    }
    if quiet.from.minutes() == 24 * 60 {
        findings.problem(spot.at("from"), "nothing begins at 24:00: the next day begins at 00:00");
    }
    if quiet.to.minutes() == 0 {
        findings.problem(spot.at("to"), "nothing is over at 00:00: the day before is over at 24:00");
    }
    for (index, name) in quiet.channels.iter().enumerate() {
        channel(name, spot.at("channels").item(index), findings);
    }
    each_once(&quiet.channels, spot.at("channels"), findings);
}

fn check_apart(apart: &Apart, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    programs(&apart.programs, spot.at("programs"), scene, findings);
    if apart.programs.len() < 2 {
        let message = "to be kept apart takes two: expected at least two programs or broadcasts";
        findings.problem(spot.at("programs"), message);
    }
    value::positive(apart.within, spot.at("within"), findings);
}

fn one_offer(offer: &OneOffer, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    if offer.topics.is_empty() {
        findings.problem(spot.at("topics"), "without a topic nothing is an offer: expected at least one");
    }
    for (index, name) in offer.topics.iter().enumerate() {
        topic(name, spot.at("topics").item(index), scene, findings);
    }
    each_once(&offer.topics, spot.at("topics"), findings);
    value::positive(offer.within, spot.at("within"), findings);
}

/// Programs and broadcasts by name: each exists, and is named once.
fn programs(names: &[String], spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    for (index, name) in names.iter().enumerate() {
        program(name, spot.item(index), scene, findings);
    }
    each_once(names, spot, findings);
}

/// A program or broadcast by name: it exists.
pub(super) fn program(name: &str, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let known = scene.defined(Kind::Program).chain(scene.defined(Kind::Broadcast));
    if known.clone().any(|defined| defined == name) {
        return;
    }
    let message = match known.clone().next() {
        None => format!("there is no program or broadcast {}; none is defined", quoted(name)),
        Some(_) => {
            format!("there is no program or broadcast {}; defined: {}", quoted(name), listed(known.clone()))
        }
    };
    findings.problem_hint(spot, message, did_you_mean(name, known.clone()));
}

fn topic(name: &str, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    scene.must_exist(Kind::Topic, name, spot, findings);
    if scene.workspace.topics.get(name).is_some_and(|topic| topic.service) {
        let message = format!(
            "{} is a service topic, and service messages are exempt from the contact policy",
            quoted(name)
        );
        findings.problem(spot, message);
    }
}

pub(super) fn channel(name: &str, spot: Spot<'_>, findings: &mut Findings) {
    if !CHANNELS.contains(&name) {
        let message = format!("there is no channel {}; known: {}", quoted(name), listed(CHANNELS));
        findings.problem_hint(spot, message, did_you_mean(name, CHANNELS));
    }
}

fn each_once(names: &[String], spot: Spot<'_>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        if !seen.insert(name) {
            findings.problem(spot.item(index), format!("{} is named twice", quoted(name)));
        }
    }
}
