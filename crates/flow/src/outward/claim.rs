//! The last check, next to the send.

use super::{
    Courier, alarms,
    bars::{Bar, barred},
    circuits::Passable,
    circumstances::Circumstances,
    contact::{Before, Circle},
    lists,
    purse::{self, Purse, most_parts},
    rooms::Rooms,
    seeds,
    settle::{PUT_OFF, WAITS_FOR_LINE},
};
use crate::{
    FlowError,
    inward::{Enrolment, UNREADABLE, Working},
};
use crowsnest_model::{
    Profile, RunId, Time,
    delivery::{Delivery, DeliveryState, WEBHOOK},
    line::Line,
};
use crowsnest_programs::policy;
use crowsnest_store::{Read, StoreError};
use std::collections::BTreeSet;

/// So many deliveries are expired and so many runs woken in one commit.
const AT_ONCE: usize = 64;

/// A delivery that may go out now: its intent is written.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) delivery: Delivery,
    pub(crate) profile: Profile,
    /// For how many parts money is reserved: the segments that a text may have.
    pub(crate) most_parts: u32,
}

/// What the last check says.
enum Verdict {
    Send,
    Hold(String),
    Wait(Time, String),
    /// What it goes by cannot be read.
    Undecided(String),
    End(DeliveryState, String),
}

/// What came of a claim.
#[derive(Debug)]
pub(super) struct Claims {
    /// What goes out now.
    pub(crate) claimed: Vec<Claimed>,
    /// Whether anything was done, also where nothing goes out for it.
    pub(crate) did: bool,
}

/// Expires what has no point, wakes runs, and claims what is due for the lines that have room.
///
/// What is due for one person is decided together, in the order of priority, due moment and id, whichever line it goes on;
/// and what is claimed counts at once for what comes after it. So it does not depend on how the work is cut into commits
/// who has the room that the contact policy leaves. Where it counts over households, the same holds for all members of one.
/// Only a line that bears no more, or that is closed, takes no part: what would go on it is left as it is, and takes no room
/// of the policy's.
pub(super) fn claim(work: &mut Working<'_>, rooms: Rooms, courier: &Courier) -> Result<Claims, FlowError> {
    let mut did = expire(work, AT_ONCE)?;
    did |= wake(work, AT_ONCE)?;
    let mut deciding = Deciding::now(work)?;
    did |= lists::draw(work, &mut deciding, courier, AT_ONCE)?;
    let mut claiming = Claiming { rooms, courier, deciding, claimed: Vec::new() };
    let mut asked = BTreeSet::new();
    let mut lines = work.unit.lines_due()?;
    for (line, first) in lines.iter_mut().filter(|(_, first)| *first > work.now) {
        let passable = courier.passable(work.live, line);
        if passable != Passable::ByOne || claiming.rooms.left(line, passable) == 0 {
            continue;
        }
        // The line needs one to try it: who waits for it longest does not wait until their own moment.
        if let Some(mut waiting) = to_try(&*work.unit, line, work.now)? {
            waiting.put_off_by_fault(work.now);
            work.unit.update_delivery(&waiting)?;
            *first = work.now;
        }
    }
    lines.retain(|(_, first)| *first <= work.now);
    lines.sort_by_key(|(_, first)| *first);
    for (line, _) in lines {
        let room = claiming.rooms.left(&line, courier.passable(work.live, &line));
        if room == 0 {
            continue;
        }
        for first in work.unit.due_deliveries(&line, work.now, room)? {
            did = true;
            // What is no message to a customer is decided by itself.
            if line.webhook().is_some() || first.seed.is_some() {
                let circle = Circle::alone(first.profile);
                claiming.decide(work, &circle, first)?;
                continue;
            }
            if asked.contains(&first.profile) {
                continue;
            }
            let circle = Circle::of(&*work.unit, work.live.policy(), first.profile)?;
            asked.extend(circle.people.iter().copied());
            for delivery in due_in(work, &circle)? {
                claiming.decide(work, &circle, delivery)?;
            }
        }
    }
    Ok(Claims { claimed: claiming.claimed, did })
}

/// What waits for a line that is down, and could try it at a moment at which it is not due yet.
pub(super) fn to_try(
    read: &(impl Read + ?Sized),
    line: &Line,
    at: Time,
) -> Result<Option<Delivery>, StoreError> {
    read.first_queued(line, at.plus(PUT_OFF), WAITS_FOR_LINE)
}

/// A claim as far as it is done.
struct Claiming<'c> {
    rooms: Rooms,
    courier: &'c Courier,
    deciding: Deciding,
    claimed: Vec<Claimed>,
}

impl Claiming<'_> {
    /// Decides one delivery, if its line bears one more.
    fn decide(
        &mut self,
        work: &mut Working<'_>,
        circle: &Circle,
        delivery: Delivery,
    ) -> Result<(), FlowError> {
        let line = delivery.line();
        if !self.rooms.bears(&line, self.courier.passable(work.live, &line)) {
            return Ok(());
        }
        if let Some(claimed) = decide(work, &mut self.deciding, circle, delivery, "attempt")? {
            self.rooms.begin(line);
            self.claimed.push(claimed);
        }
        Ok(())
    }
}

/// What is the same for all that is decided in one commit.
pub(super) struct Deciding {
    circumstances: Circumstances,
    purse: Purse,
}

impl Deciding {
    /// At this moment.
    pub(super) fn now(work: &Working<'_>) -> Result<Self, FlowError> {
        Ok(Self {
            circumstances: Circumstances::read(&*work.unit)?,
            purse: Purse::read(&*work.unit, work.live, work.now)?,
        })
    }
}

fn expire(work: &mut Working<'_>, limit: usize) -> Result<bool, FlowError> {
    let overdue = work.unit.overdue_deliveries(work.now, limit)?;
    let any = !overdue.is_empty();
    for mut delivery in overdue {
        let (id, line, waited) = (delivery.id, delivery.line(), purse::had_its_turn(&delivery, work.now));
        let before = match (delivery.reason.take(), delivery.state) {
            (Some(reason), DeliveryState::Held) => format!("; it was held: {reason}"),
            (Some(reason), _) => format!("; before that: {reason}"),
            (None, _) => String::new(),
        };
        end(work, &mut delivery, DeliveryState::Expired, format!("its time to live ran out{before}"))?;
        if let Some(budget) = waited {
            purse::pass_on(work, id, &line, &budget)?;
        }
    }
    Ok(any)
}

fn wake(work: &mut Working<'_>, limit: usize) -> Result<bool, FlowError> {
    let timers = work.unit.due_timers(work.now, limit)?;
    let any = !timers.is_empty();
    for (due, person, run) in timers {
        let person = work.unit.survivor(person)?;
        match work.try_load(person)? {
            Ok(true) => Enrolment::of(work).wake(person, run, due)?,
            Ok(false) => work.unit.put_timer(run, person, None)?,
            Err(_) => work.unit.put_timer(run, person, Some(work.now.plus(UNREADABLE)))?,
        }
    }
    Ok(any)
}

/// What is due for these people now, the most important first. Their runs are woken before, since one that waits
/// behind many others may have the more important message.
fn due_in(work: &mut Working<'_>, circle: &Circle) -> Result<Vec<Delivery>, FlowError> {
    let now = work.now;
    let mut due = Vec::new();
    for person in &circle.people {
        if work.try_load(*person)? == Ok(true) {
            let runs = work.people.get(person).map(|loaded| loaded.profile.runs.iter());
            let waking: Vec<(RunId, Time)> = runs
                .into_iter()
                .flatten()
                .filter_map(|run| Some((run.id, run.wake.filter(|wake| *wake <= now)?)))
                .collect();
            for (run, wake) in waking {
                Enrolment::of(work).wake(*person, run, wake)?;
            }
        }
        due.extend(work.unit.due_deliveries_of(*person, now)?);
    }
    let policy = work.live.policy();
    due.sort_by_key(|delivery| (policy.rank(&delivery.program), delivery.due, delivery.id));
    Ok(due)
}

/// Decides one delivery, and writes what was decided. `how` are the words for its being handed over, before the number of
/// the attempt.
pub(super) fn decide(
    work: &mut Working<'_>,
    deciding: &mut Deciding,
    circle: &Circle,
    delivery: Delivery,
    how: &str,
) -> Result<Option<Claimed>, FlowError> {
    let (id, line, waited) = (delivery.id, delivery.line(), purse::budget_waited_for(&delivery));
    let claimed = decide_one(work, deciding, circle, delivery, how)?;
    if let Some(budget) = waited {
        purse::pass_on(work, id, &line, &budget)?;
    }
    Ok(claimed)
}

fn decide_one(
    work: &mut Working<'_>,
    deciding: &mut Deciding,
    circle: &Circle,
    mut delivery: Delivery,
    how: &str,
) -> Result<Option<Claimed>, FlowError> {
    if alarms::is_alarm(&delivery) {
        return alarms::claim(work, delivery).map(Some);
    }
    if let Some(seed) = delivery.seed.clone() {
        return match seeds::recipient(work.live, &seed) {
            Ok(profile) => decide_for(work, deciding, circle, delivery, profile, how),
            Err(reason) => {
                end(work, &mut delivery, DeliveryState::Cancelled, reason)?;
                Ok(None)
            }
        };
    }
    let person = work.unit.survivor(delivery.profile)?;
    if let Err(fault) = work.try_load(person)? {
        undecided(work, &mut delivery, &fault)?;
        return Ok(None);
    }
    let Some(profile) = work.people.get(&person).map(|loaded| loaded.profile.clone()) else {
        let reason = "the person is not there any more".into();
        end(work, &mut delivery, DeliveryState::Cancelled, reason)?;
        return Ok(None);
    };
    decide_for(work, deciding, circle, delivery, profile, how)
}

/// The same, once it is known as whom it is made.
fn decide_for(
    work: &mut Working<'_>,
    deciding: &mut Deciding,
    circle: &Circle,
    mut delivery: Delivery,
    profile: Profile,
    how: &str,
) -> Result<Option<Claimed>, FlowError> {
    match verdict(work, &deciding.circumstances, circle, &profile, &delivery)? {
        Verdict::Send => {
            if let Some((until, reason)) = deciding.purse.no_room(work.live, &delivery) {
                deciding.purse.holds_up(work, &delivery)?;
                put_off(work, &mut delivery, until, reason)?;
                return Ok(None);
            }
            if let Some((turn, reason)) = super::pace::turn(work, &delivery)? {
                delivery.turn = Some(turn);
                put_off(work, &mut delivery, turn, reason)?;
                return Ok(None);
            }
            let policy = work.live.policy();
            let exempt = !policy.is_empty() && policy.exempts(&delivery.topic);
            let exempt = if exempt { "; a service message, exempt from the contact policy" } else { "" };
            delivery.state = DeliveryState::Sending;
            delivery.attempts += 1;
            delivery.reason = Some(format!("{how} {}{exempt}", delivery.attempts));
            delivery.updated = work.now;
            work.unit.update_delivery(&delivery)?;
            deciding.purse.reserve(work, &delivery)?;
            let most_parts = most_parts(work.live, &delivery.channel);
            return Ok(Some(Claimed { delivery, profile, most_parts }));
        }
        Verdict::Hold(reason) => {
            delivery.state = DeliveryState::Held;
            delivery.reason = Some(reason);
            delivery.updated = work.now;
            work.unit.update_delivery(&delivery)?;
        }
        Verdict::Wait(until, reason) => put_off(work, &mut delivery, until, reason)?,
        Verdict::Undecided(fault) => undecided(work, &mut delivery, &fault)?,
        Verdict::End(state, reason) => end(work, &mut delivery, state, reason)?,
    }
    Ok(None)
}

/// Whether a message would go out if it were decided now. Nothing is written.
pub(super) fn would_go(
    work: &mut Working<'_>,
    deciding: &Deciding,
    circle: &Circle,
    delivery: &Delivery,
) -> Result<bool, FlowError> {
    let person = work.unit.survivor(delivery.profile)?;
    if work.try_load(person)? != Ok(true) {
        return Ok(false);
    }
    let Some(profile) = work.people.get(&person).map(|loaded| loaded.profile.clone()) else {
        return Ok(false);
    };
    let verdict = verdict(work, &deciding.circumstances, circle, &profile, delivery)?;
    Ok(matches!(verdict, Verdict::Send) && deciding.purse.no_room(work.live, delivery).is_none())
}

/// It stays queued, and is meant for another moment.
pub(super) fn put_off(
    work: &mut Working<'_>,
    delivery: &mut Delivery,
    until: Time,
    reason: String,
) -> Result<(), FlowError> {
    delivery.mean_for(until);
    delivery.reason = Some(reason);
    delivery.updated = work.now;
    Ok(work.unit.update_delivery(delivery)?)
}

/// Something about the person cannot be read.
fn undecided(work: &mut Working<'_>, delivery: &mut Delivery, fault: &str) -> Result<(), FlowError> {
    delivery.put_off_by_fault(work.now.plus(UNREADABLE));
    delivery.reason = Some(format!("it cannot be decided: {fault}"));
    delivery.updated = work.now;
    Ok(work.unit.update_delivery(delivery)?)
}

pub(super) fn end(
    work: &mut Working<'_>,
    delivery: &mut Delivery,
    state: DeliveryState,
    reason: String,
) -> Result<(), FlowError> {
    delivery.state = state;
    delivery.reason = Some(reason);
    delivery.updated = work.now;
    work.unit.update_delivery(delivery)?;
    super::settle::go_on(work, delivery)
}

fn verdict(
    work: &Working<'_>,
    circumstances: &Circumstances,
    circle: &Circle,
    profile: &Profile,
    delivery: &Delivery,
) -> Result<Verdict, FlowError> {
    let (unit, live, now) = (&*work.unit, work.live, work.now);
    match barred(unit, live, circumstances, delivery, now)? {
        Some(Bar::Hold(reason)) => return Ok(Verdict::Hold(reason)),
        Some(Bar::End(state, reason)) => return Ok(Verdict::End(state, reason)),
        None => {}
    }
    // No message to a customer.
    if delivery.channel == WEBHOOK || delivery.seed.is_some() {
        return Ok(Verdict::Send);
    }
    // Last, so that only what would go out takes the room that it leaves.
    let policy = live.policy();
    if policy.is_empty() || policy.exempts(&delivery.topic) {
        return Ok(Verdict::Send);
    }
    let before = match Before::read(unit, policy, circle, profile.id, now)? {
        Ok(before) => before,
        Err(fault) => return Ok(Verdict::Undecided(fault)),
    };
    let zone = profile.time_zone(live.zone());
    Ok(match policy::decide(policy, &before.facts(delivery, &zone, now)) {
        policy::Verdict::Send => Verdict::Send,
        policy::Verdict::Wait { until, reason } => Verdict::Wait(until, reason),
        policy::Verdict::Suppress(reason) => Verdict::End(DeliveryState::Suppressed, reason),
        policy::Verdict::Expire(reason) => Verdict::End(DeliveryState::Expired, reason),
    })
}
