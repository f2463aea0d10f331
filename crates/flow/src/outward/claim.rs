//! The last check, next to the send.

use crate::{
    FlowError, Live,
    inward::{Enrolment, Working},
};
use crowsnest_model::{
    Duration, Profile, Time, consent,
    consent::ConsentStatus,
    definition::FreshnessNeed,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_store::{Read, Unit, Watermark};
use std::collections::HashMap;

/// How far a watermark may be ahead of our clock before it is not believed.
const CLOCKS_DIFFER: Duration = Duration::minutes(1);

/// A delivery that may go out now: its intent is written.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) delivery: Delivery,
    pub(crate) profile: Profile,
}

/// What the last check says.
enum Verdict {
    Send,
    Hold(String),
    End(DeliveryState, String),
}

/// What is in force at this moment for all deliveries of a claim.
struct Circumstances {
    watermarks: HashMap<String, Watermark>,
    switches: Vec<String>,
}

impl Circumstances {
    fn read(read: &(impl Read + ?Sized)) -> Result<Self, FlowError> {
        Ok(Self {
            watermarks: read.watermarks()?.into_iter().map(|mark| (mark.source.clone(), mark)).collect(),
            switches: read.switches()?.into_iter().map(|switch| switch.scope).collect(),
        })
    }

    /// Why the feeds that a program needs are not fresh enough; `None` when they are.
    fn stale(&self, needs: &[FreshnessNeed], now: Time) -> Option<String> {
        needs.iter().find_map(|need| match self.watermarks.get(&need.source) {
            None => Some(format!("{} has never said up to when it is complete", need.source)),
            // A clock that was ahead said so: nobody knows up to when it is complete, until it says so again.
            Some(mark) if mark.complete_until > now.plus(CLOCKS_DIFFER) => Some(format!(
                "{} says that it is complete until {}, which has not come",
                need.source, mark.complete_until
            )),
            Some(mark) => {
                let lag = now.since(mark.complete_until);
                (lag > need.max_lag).then(|| {
                    format!(
                        "{} is complete until {} only, and may lag {} at most",
                        need.source,
                        mark.complete_until,
                        need.max_lag.in_words()
                    )
                })
            }
        })
    }

    fn switched_off(&self, program: &str) -> Option<String> {
        self.switches.iter().find(|scope| *scope == "*" || *scope == program).map(|scope| {
            match scope.as_str() {
                "*" => "the kill switch for all is thrown".to_owned(),
                _ => "the program's kill switch is thrown".to_owned(),
            }
        })
    }
}

impl Circumstances {
    /// Why nothing of a program is sent just now: somebody has stopped or paused it.
    fn stopped(&self, live: &Live, program: &str) -> Option<String> {
        let paused = || live.plan().is_paused(program).then(|| super::resume::PAUSED.to_owned());
        self.switched_off(program).or_else(paused)
    }
}

/// Expires what has no point, wakes runs, and claims at most `limit` deliveries. `more` says that work is left.
pub(crate) fn claim(work: &mut Working<'_>, limit: usize) -> Result<(Vec<Claimed>, bool), FlowError> {
    let now = work.now;
    let overdue = work.unit.overdue_deliveries(now, limit)?;
    let mut more = overdue.len() == limit;
    for mut delivery in overdue {
        let held =
            delivery.reason.take().map(|reason| format!("; it was held: {reason}")).unwrap_or_default();
        end(work, &mut delivery, DeliveryState::Expired, format!("its time to live ran out{held}"))?;
    }
    let timers = work.unit.due_timers(now, limit)?;
    more |= timers.len() == limit;
    for (due, person, run) in timers {
        let person = work.unit.survivor(person)?;
        if work.unit.profile(person)?.is_none() {
            work.unit.put_timer(run, person, None)?;
            continue;
        }
        work.load(person)?;
        Enrolment::of(work).wake(person, run, due)?;
    }
    let due = work.unit.due_deliveries(now, limit)?;
    more |= due.len() == limit;
    let circumstances = Circumstances::read(work.unit)?;
    let mut claimed = Vec::with_capacity(due.len());
    for mut delivery in due {
        let person = work.unit.survivor(delivery.profile)?;
        let profile = match work.people.get(&person) {
            Some(loaded) => Some(loaded.profile.clone()),
            None => work.unit.profile(person)?,
        };
        let Some(profile) = profile else {
            let reason = "the person is not there any more".into();
            end(work, &mut delivery, DeliveryState::Cancelled, reason)?;
            continue;
        };
        // A run that ended while its message was on the line must not have it tried again.
        if let Some(run) = delivery.run
            && !profile.runs.iter().any(|other| other.id == run)
        {
            end(
                work,
                &mut delivery,
                DeliveryState::Cancelled,
                "its way through the program has ended".into(),
            )?;
            continue;
        }
        match verdict(work.unit, work.live, &circumstances, &delivery, now)? {
            Verdict::Send => {
                delivery.state = DeliveryState::Sending;
                delivery.attempts += 1;
                delivery.reason = Some(format!("attempt {}", delivery.attempts));
                delivery.updated = now;
                work.unit.update_delivery(&delivery)?;
                claimed.push(Claimed { delivery, profile });
            }
            Verdict::Hold(reason) => {
                delivery.state = DeliveryState::Held;
                delivery.reason = Some(reason);
                delivery.updated = now;
                work.unit.update_delivery(&delivery)?;
            }
            Verdict::End(state, reason) => end(work, &mut delivery, state, reason)?,
        }
    }
    Ok((claimed, more))
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
    unit: &dyn Unit,
    live: &Live,
    circumstances: &Circumstances,
    delivery: &Delivery,
    now: Time,
) -> Result<Verdict, FlowError> {
    if delivery.expires.is_some_and(|expires| expires <= now) {
        return Ok(Verdict::End(DeliveryState::Expired, "its time to live ran out".into()));
    }
    if let Some(reason) = circumstances.stopped(live, &delivery.program) {
        return Ok(Verdict::Hold(reason));
    }
    let Some(needs) = live.requires_fresh(&delivery.program, delivery.version) else {
        let reason = "its version of the program is not there, so nobody knows what it needs".into();
        return Ok(Verdict::End(DeliveryState::Cancelled, reason));
    };
    if let Some(reason) = circumstances.stale(needs, now) {
        return Ok(Verdict::Hold(reason));
    }
    Ok(match may_contact(unit, live, &delivery.channel, &delivery.contact, &delivery.topic)? {
        Ok(()) => Verdict::Send,
        Err(reason) => Verdict::End(DeliveryState::Suppressed, reason),
    })
}

/// Whether a contact point may be used for a topic; if not, why not, in the words by which such people are counted.
pub(crate) fn may_contact(
    read: &(impl Read + ?Sized),
    live: &Live,
    channel: &str,
    contact: &str,
    topic: &str,
) -> Result<Result<(), String>, FlowError> {
    if let Some(suppression) = read.suppression(channel, contact)? {
        return Ok(Err(format!("the {channel} address is suppressed: {}", suppression.reason)));
    }
    if live.is_service(topic) {
        return Ok(Ok(()));
    }
    let consents = read.consents(channel, contact)?;
    Ok(match consent::in_force(&consents, topic) {
        Some(found) if found.status == ConsentStatus::Granted => Ok(()),
        Some(found) => {
            let what = if found.topic == consent::EVERY_TOPIC { "everything" } else { topic };
            Err(format!("withdrew consent to {what} by {channel}"))
        }
        None => Err(format!("never agreed to {topic} by {channel}")),
    })
}

/// A source's watermark moved: what was held for it and is fresh now is queued again. True when anything was.
pub(crate) fn release_fresh(
    unit: &mut dyn Unit,
    live: &Live,
    source: &str,
    now: Time,
) -> Result<bool, FlowError> {
    let programs = live.programs_needing(source);
    if programs.is_empty() {
        return Ok(false);
    }
    let names: Vec<&str> = programs.iter().map(String::as_str).collect();
    release(unit, live, &names, now)
}

/// A kill switch was reset: what was held for it is queued again.
pub(crate) fn release_switched(unit: &mut dyn Unit, live: &Live, now: Time) -> Result<bool, FlowError> {
    let names: Vec<&str> = live.ever_named().iter().map(String::as_str).collect();
    release(unit, live, &names, now)
}

fn release(unit: &mut dyn Unit, live: &Live, programs: &[&str], now: Time) -> Result<bool, FlowError> {
    let held = unit.held_deliveries(programs)?;
    if held.is_empty() {
        return Ok(false);
    }
    let mut released = false;
    let circumstances = Circumstances::read(unit)?;
    for mut delivery in held {
        let needs = live.requires_fresh(&delivery.program, delivery.version).unwrap_or_default();
        let still =
            circumstances.stopped(live, &delivery.program).or_else(|| circumstances.stale(needs, now));
        if let Some(still) = still {
            if kind_of(delivery.reason.as_deref()) != kind_of(Some(&still)) {
                delivery.reason = Some(still);
                delivery.updated = now;
                unit.update_delivery(&delivery)?;
            }
            continue;
        }
        let held_for = delivery.reason.take().unwrap_or_default();
        delivery.state = DeliveryState::Queued;
        delivery.reason = Some(format!("released; it was held: {held_for}"));
        delivery.due = now;
        delivery.updated = now;
        unit.update_delivery(&delivery)?;
        released = true;
    }
    Ok(released)
}

/// What a reason to hold is about: a switch, or a source. While that stays the same, it is not written again, however
/// often a watermark moves.
fn kind_of(reason: Option<&str>) -> Option<&str> {
    reason.and_then(
        |reason| if reason.contains("kill switch") { Some(reason) } else { reason.split(' ').next() },
    )
}
