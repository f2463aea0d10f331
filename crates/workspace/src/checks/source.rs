//! `source:`

use super::{Findings, Scene, Spot, feed, value};
use crate::{
    Kind,
    check::Parsed,
    problem::{did_you_mean, listed, quoted},
};
use crowsnest_model::definition::{Source, Workspace};
use std::collections::BTreeMap;

const SHORTEST_KEY: usize = 16;

pub(super) fn check(source: &Source, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let brands = || scene.workspace.organisation.brands.keys().map(String::as_str);
    if let Some(brand) = &source.brand
        && !brands().any(|known| known == brand)
        && !scene.workspace.organisation.name.is_empty()
    {
        let message = if brands().next().is_none() {
            format!("there is no brand {}; the `workspace:` document has none", quoted(brand))
        } else {
            format!("there is no brand {}; known: {}", quoted(brand), listed(brands()))
        };
        findings.problem_hint(spot.at("brand"), message, did_you_mean(brand, brands()));
    }
    if let Some(contract) = &source.contract {
        scene.must_exist(Kind::Contract, contract, spot.at("contract"), findings);
    }
    if let Some(key) = &source.write_key {
        if key.chars().count() < SHORTEST_KEY {
            let message =
                format!("a write key has at least {SHORTEST_KEY} characters, so that nobody guesses it");
            findings.problem(spot.at("write_key"), message);
        }
        if !key.chars().all(|c| c.is_ascii_graphic() && c != ':') {
            let message = "a write key is of letters, digits and signs of ASCII other than `:`";
            findings.problem(spot.at("write_key"), message);
        }
    }
    if source.secret.as_ref().is_some_and(|secret| secret.trim().is_empty()) {
        findings.problem(spot.at("secret"), "an empty secret keeps nobody out: leave it out, or give one");
    }
    for (name, feed) in &source.feeds {
        let all = spot.at("feeds");
        if let Err(message) = value::name(name) {
            findings.misplaced(all, name, message);
        }
        feed::check(feed, source, all.at(name), scene, findings);
    }
}

/// Checks that no two sources have one key. Messages never show a key.
pub(super) fn check_keys(workspace: &Workspace, parsed: &[Parsed<'_>], findings: &mut Findings) {
    let mut owners: BTreeMap<&str, &Parsed<'_>> = BTreeMap::new();
    for document in parsed.iter().filter(|document| document.kind == Kind::Source) {
        let Some(key) = workspace.sources.get(&document.name).and_then(|source| source.write_key.as_deref())
        else {
            continue;
        };
        let owner = *owners.entry(key).or_insert(document);
        if owner.name != document.name {
            let message = format!("the source {} has the same write key", quoted(&owner.name));
            findings.problem(Spot::root(document).at("write_key"), message);
        }
    }
}
