//! `seeds:`, and what sends copies to them.

use super::{Findings, Scene, Spot, value};
use crate::{
    Kind,
    problem::{did_you_mean, listed, quoted},
};
use crowsnest_model::{
    contact,
    definition::{Seed, SeedList, Send},
};
use std::collections::BTreeSet;

/// The longest name of a seed, in characters.
const LONGEST: usize = 80;

pub(super) fn check(list: &SeedList, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    if let Some(title) = &list.title {
        value::filled(title, spot.at("title"), findings);
    }
    if list.entries.is_empty() {
        findings.problem(spot.at("entries"), "nobody would get a copy: expected at least one entry");
    }
    if list.entries.len() > SeedList::MOST {
        let message = format!(
            "a list has at most {} entries, and this one has {}: customers are a segment and a program",
            SeedList::MOST,
            list.entries.len()
        );
        findings.problem(spot.at("entries"), message);
    }
    let mut names = BTreeSet::new();
    let mut addresses = BTreeSet::new();
    for (index, seed) in list.entries.iter().enumerate() {
        let spot = spot.at("entries").item(index);
        value::filled(&seed.name, spot.at("name"), findings);
        if seed.name.chars().count() > LONGEST || seed.name.contains(char::is_control) {
            let message = format!("expected a name of at most {LONGEST} characters, on one line");
            findings.problem(spot.at("name"), message);
        }
        if !names.insert(&seed.name) {
            let message = format!("two entries are called {}: expected another name", quoted(&seed.name));
            findings.problem(spot.at("name"), message);
        }
        entry(seed, spot, scene, &mut addresses, findings);
    }
}

fn entry<'s>(
    seed: &'s Seed,
    spot: Spot<'_>,
    scene: &Scene<'_>,
    seen: &mut BTreeSet<&'s str>,
    findings: &mut Findings,
) {
    if seed.email.is_none() && seed.phone.is_none() && seed.address.is_none() {
        findings.problem(spot, "it has no address: expected `email`, `phone` or `address`");
    }
    if let Some(email) = &seed.email {
        let checked = contact::email(email).map_err(|error| format!("{} {error}", quoted(email)));
        findings.value(spot.at("email"), checked);
    }
    if let Some(phone) = &seed.phone {
        let country = contact::country(&scene.workspace.organisation.country).ok();
        let checked = contact::phone(phone, country).map_err(|error| format!("{} {error}", quoted(phone)));
        findings.value(spot.at("phone"), checked);
    }
    if let Some(address) = &seed.address {
        value::filled(&address.street, spot.at("address").at("street"), findings);
        value::filled(&address.city, spot.at("address").at("city"), findings);
    }
    for (key, point) in [("email", &seed.email), ("phone", &seed.phone)] {
        if let Some(point) = point
            && !seen.insert(point)
        {
            findings.problem(spot.at(key), format!("{} is in this list already", quoted(point)));
        }
    }
}

/// Checks the lists that a program or broadcast sends copies to.
pub(super) fn named_by(send: &Send, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let spot = spot.at("seeds");
    let topic = scene.workspace.topics.get(&send.topic);
    // A broadcast says the same to everybody; what a program sends may be a link that one customer alone may follow.
    if !send.seeds.is_empty()
        && spot.document.kind == Kind::Program
        && topic.is_some_and(|topic| topic.service)
    {
        let message = format!(
            "{} is a topic of service messages, and a copy of those would show what is meant for one customer alone, such as \
             a link to a new password: expected no `seeds`",
            quoted(&send.topic)
        );
        findings.problem(spot, message);
    }
    for (index, name) in send.seeds.iter().enumerate() {
        let spot = spot.item(index);
        let known = scene.defined(Kind::Seeds);
        if !known.clone().any(|defined| defined == name) {
            let message = match known.clone().next() {
                None => format!("there is no seed list {}; none is defined", quoted(name)),
                Some(_) => {
                    format!("there is no seed list {}; defined: {}", quoted(name), listed(known.clone()))
                }
            };
            findings.problem_hint(spot, message, did_you_mean(name, known));
            continue;
        }
        if send.seeds.iter().take(index).any(|before| before == name) {
            findings.problem(spot, format!("the seed list {} is named twice", quoted(name)));
        }
        if let Some(list) = scene.workspace.seeds.get(name)
            && !list.entries.iter().any(|seed| seed.is_on(&send.channel))
        {
            let message = format!(
                "nobody gets a copy: no entry of the seed list {} has an address for {}",
                quoted(name),
                quoted(&send.channel)
            );
            findings.warning(spot, message, None);
        }
    }
}
