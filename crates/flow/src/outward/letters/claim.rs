//! The last check, next to the print.

use crate::{
    FlowError, Live,
    inward::Working,
    outward::{
        Claimed,
        claim::{Deciding, decide, end, load},
        contact::Circle,
    },
};
use crowsnest_channels::letter::PostalAddress;
use crowsnest_model::{
    PrintRunId, Time,
    definition::OnePer,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_store::PrintRun;
use std::collections::{BTreeMap, BTreeSet};

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
    for first in due {
        if asked.contains(&first.profile) {
            continue;
        }
        let circle = Circle::of(&*work.unit, work.live.policy(), first.profile)?;
        asked.extend(circle.people.iter().copied());
        for delivery in due_in(work, &circle, program, until)? {
            let id = delivery.id;
            if let Some(letter) = one(work, &mut deciding, &circle, delivery, printing)? {
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
fn due_in(
    work: &Working<'_>,
    circle: &Circle,
    program: Option<&str>,
    until: Time,
) -> Result<Vec<Delivery>, FlowError> {
    let mut due = Vec::new();
    for person in &circle.people {
        let theirs = work.unit.due_letters_of(*person, until)?;
        due.extend(
            theirs.into_iter().filter(|letter| program.is_none_or(|program| letter.program == program)),
        );
    }
    let policy = work.live.policy();
    due.sort_by_key(|delivery| (policy.rank(&delivery.program), delivery.due, delivery.id));
    Ok(due)
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
    if load(work, person)? == Ok(true)
        && let Some(profile) = work.people.get(&person).map(|loaded| &loaded.profile)
    {
        home = profile.household();
        // It goes to where they live now, wherever they lived when it was queued.
        match work.live.postal_address(profile) {
            Ok(address) => {
                delivery.contact = address.contact();
                to = Some(address);
            }
            Err(reason) => {
                end(work, &mut delivery, DeliveryState::Suppressed, reason)?;
                return Ok(None);
            }
        }
        if let Some(household) = home.filter(|_| is_for_household(work.live, &delivery))
            && let Some(other) =
                work.unit.printed_for(household, &delivery.program, &delivery.occasion, run)?
            && work.unit.survivor(other)? != person
        {
            let reason = format!("the household gets it by the letter to {other}");
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
pub(super) fn is_for_household(live: &Live, delivery: &Delivery) -> bool {
    if live.is_service(&delivery.topic) {
        return false;
    }
    live.broadcast_version(&delivery.program, delivery.version)
        .is_none_or(|broadcast| broadcast.definition.one_per == OnePer::Household)
}
