//! The last check, next to the print.

use super::spelling::contact_of;
use crate::{
    FlowError, Live,
    inward::Working,
    outward::{
        Claimed,
        claim::{Deciding, decide, end},
        contact::Circle,
    },
};
use crowsnest_channels::letter::PostalAddress;
use crowsnest_model::{
    HouseholdId, PrintRunId, ProfileId, Time,
    definition::OnePer,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_store::{PrintRun, Read, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// Which households have a letter of which program or broadcast, and by whom, as far as the store does not say.
pub(super) type Had = BTreeMap<(HouseholdId, String), ProfileId>;

/// Letters that may be printed now: their intent is written, and of which print run they are.
pub(super) struct ClaimedLetters {
    /// The print run, once it has a letter.
    pub(super) run: Option<PrintRunId>,
    pub(super) letters: Vec<(Claimed, PostalAddress)>,
    /// What became of the others that were due, by reason.
    pub(super) left_out: BTreeMap<String, u64>,
    /// Nothing is left that was due.
    pub(super) ended: bool,
}

/// Claims letters that were due at `until`, about `limit` of them. What is due for one person, or counted together with
/// them, is decided together, in the order of priority, as [`crate::outward::claim`] does.
pub(super) fn claim_letters(
    work: &mut Working<'_>,
    run: Option<PrintRunId>,
    program: Option<&str>,
    until: Time,
    limit: usize,
) -> Result<ClaimedLetters, FlowError> {
    let until = until.min(work.now);
    let due = work.unit.due_letters(until, program, None, limit)?;
    let mut claimed = ClaimedLetters {
        run,
        letters: Vec::with_capacity(due.len()),
        left_out: BTreeMap::new(),
        ended: due.is_empty(),
    };
    let mut deciding = Deciding::now(work)?;
    let printing = run.unwrap_or_else(|| PrintRunId(work.ids.next(work.now)));
    let mut asked = BTreeSet::new();
    let mut unwritten = Had::new();
    for first in due {
        if asked.contains(&first.profile) {
            continue;
        }
        let circle = Circle::of(&*work.unit, work.live.policy(), first.profile)?;
        asked.extend(circle.people.iter().copied());
        for delivery in due_in(&*work.unit, work.live, &circle, program, until)? {
            let id = delivery.id;
            let home = home_of(work, &delivery)?;
            let key = home.map(|home| (home, delivery.program.clone()));
            // Whether the letter of the other one can be made is known when this commit is done. Until then it stays due.
            if key.as_ref().is_some_and(|key| unwritten.contains_key(key)) {
                continue;
            }
            if let Some(letter) = one(work, &mut deciding, &circle, delivery, printing)? {
                if let Some(key) = key {
                    unwritten.insert(key, letter.0.profile.id);
                }
                if claimed.run.is_none() {
                    let program = program.map(str::to_owned);
                    let run = PrintRun { id: printing, started: until, finished: None, program, letters: 0 };
                    work.unit.put_print_run(&run)?;
                    claimed.run = Some(printing);
                }
                claimed.letters.push(letter);
            } else if let Some(reason) = work.unit.delivery(id)?.and_then(|delivery| delivery.reason) {
                *claimed.left_out.entry(reason).or_default() += 1;
            }
        }
    }
    Ok(claimed)
}

/// The letters that are due for these people, the most important first.
pub(super) fn due_in(
    read: &dyn Read,
    live: &Live,
    circle: &Circle,
    program: Option<&str>,
    until: Time,
) -> Result<Vec<Delivery>, StoreError> {
    let mut due = Vec::new();
    for person in &circle.people {
        let theirs = read.due_letters_of(*person, until)?;
        due.extend(
            theirs.into_iter().filter(|letter| program.is_none_or(|program| letter.program == program)),
        );
    }
    let policy = live.policy();
    due.sort_by_key(|delivery| (policy.rank(&delivery.program), delivery.due, delivery.id));
    Ok(due)
}

/// The household to which a letter goes, if one of it is enough for a household.
fn home_of(work: &mut Working<'_>, delivery: &Delivery) -> Result<Option<HouseholdId>, FlowError> {
    if !is_for_household(work.live, delivery) {
        return Ok(None);
    }
    let person = work.unit.survivor(delivery.profile)?;
    if work.try_load(person)? != Ok(true) {
        return Ok(None);
    }
    Ok(work.people.get(&person).and_then(|loaded| loaded.profile.household()))
}

/// Why a letter is not printed since another of the household gets it. `run` is the print run that goes on, and `supposed`
/// what would be printed in it.
pub(super) fn had_by_another(
    read: &dyn Read,
    live: &Live,
    delivery: &Delivery,
    (person, home): (ProfileId, Option<HouseholdId>),
    run: PrintRunId,
    supposed: &Had,
) -> Result<Option<String>, StoreError> {
    let Some(home) = home.filter(|_| is_for_household(live, delivery)) else { return Ok(None) };
    let other = match supposed.get(&(home, delivery.program.clone())) {
        Some(other) => Some(*other),
        None => read.printed_for(home, &delivery.program, &delivery.occasion, run)?,
    };
    let Some(other) = other else { return Ok(None) };
    let other = read.survivor(other)?;
    Ok((other != person).then(|| format!("the household gets it by the letter to {other}")))
}

fn one(
    work: &mut Working<'_>,
    deciding: &mut Deciding,
    circle: &Circle,
    mut delivery: Delivery,
    run: PrintRunId,
) -> Result<Option<(Claimed, PostalAddress)>, FlowError> {
    let person = work.unit.survivor(delivery.profile)?;
    let mut home = None;
    let mut to = None;
    if work.try_load(person)? == Ok(true)
        && let Some(profile) = work.people.get(&person).map(|loaded| &loaded.profile)
    {
        home = profile.household();
        // It goes to where they live now, wherever they lived when it was queued.
        match work.live.postal_address(profile) {
            Ok(address) => {
                delivery.contact = contact_of(&address);
                to = Some(address);
            }
            Err(reason) => {
                end(work, &mut delivery, DeliveryState::Suppressed, reason)?;
                return Ok(None);
            }
        }
        let whose = (person, home);
        if let Some(reason) = had_by_another(&*work.unit, work.live, &delivery, whose, run, &Had::new())? {
            end(work, &mut delivery, DeliveryState::Suppressed, reason)?;
            return Ok(None);
        }
    }
    let id = delivery.id;
    let Some(claimed) = decide(work, deciding, circle, delivery, "attempt")? else { return Ok(None) };
    let Some(to) = to else { return Err(FlowError::Broken(format!("{id} was claimed without an address"))) };
    work.unit.put_printed(id, run, home)?;
    Ok(Some((claimed, to)))
}

/// Whether one of it is enough for a household: a service letter is for whom it is for, and a broadcast says it itself.
fn is_for_household(live: &Live, delivery: &Delivery) -> bool {
    if live.is_service(&delivery.topic) {
        return false;
    }
    live.broadcast_version(&delivery.program, delivery.version)
        .is_none_or(|broadcast| broadcast.definition.one_per == OnePer::Household)
}
