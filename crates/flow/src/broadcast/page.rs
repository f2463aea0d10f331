//! A page of a launch: what is decided about some people is queued in the commit that says how far the launch has come.
//!
//! They are looked at by a reader, beside the writer. Where who is who, or what is in force, has changed until the writer has
//! its turn, they are looked at anew in its commit, in which nothing changes. Who turns out to be one with somebody who was
//! passed already, or to be two, is looked at once more at the end.

use super::{
    Audience, PAGE,
    audience::Tally,
    decided::Decided,
    survey::{Decision, Survey, readable},
};
use crate::{Engine, FlowError, Live, inward::Working, missing::missing};
use crowsnest_model::{
    DeliveryId, Object, ProfileId, Time,
    definition::Broadcast,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_programs::{Derived, LiveBroadcast};
use crowsnest_store::{DeliveryFilter, IdentityChange, IdentityChangeKind, LaunchRecord, Read};
use std::{collections::BTreeSet, sync::Arc};

/// The occasion of a broadcast: it happens once. The store finds by this name what a launch has decided.
pub(super) const OCCASION: &str = "launch";

/// The first page is small and each is as large as all before it, so that the first messages go out at once.
const FIRST_PAGE: u64 = 16;

/// A page of people on whom was decided.
pub(super) struct Page {
    /// The definitions by which.
    live: Arc<Live>,
    decided: Decisions,
}

/// What was decided about a page of people.
struct Decisions {
    /// After whom the page begins.
    after: Option<ProfileId>,
    /// Its last person; `None` when nobody was left.
    last: Option<ProfileId>,
    /// Whether nobody comes after it.
    are_last: bool,
    decisions: Vec<Decision>,
    /// Everybody on whom was decided so far.
    audience: Audience,
    /// The last change of who is who that was known when they were looked at.
    identity: u64,
}

/// Looks at the next people of a launch; `None` when it has to wait until what it asks of them is built. Nothing is written.
pub(super) fn look_at(engine: &Engine, launch: LaunchRecord) -> Result<Option<Page>, FlowError> {
    let live = engine.live();
    let derived = live.derived();
    let decided = engine.readers().read(|read| decide(read, &live, derived, &launch, engine.now()))?;
    Ok(decided.map(|decided| Page { live, decided }))
}

fn decide(
    read: &dyn Read,
    live: &Live,
    derived: Arc<Derived>,
    launch: &LaunchRecord,
    now: Time,
) -> Result<Option<Decisions>, FlowError> {
    let broadcast = launched(live, launch)?;
    // Asked now, people would be left out for what is not known yet.
    if missing(live, &derived, broadcast.inputs()).is_some() {
        return Ok(None);
    }
    let audience = Audience::of(launch.counts.clone());
    let survey = Survey::new(read, live, broadcast, derived, launch.until, now);
    let limit = audience.people.clamp(FIRST_PAGE, PAGE as u64) as usize;
    let (people, are_last) = survey.people(launch.after, limit)?;
    let mut tally = Tally::of(audience);
    let mut decisions = Vec::new();
    if let (Some((first, _)), Some((last, _))) = (people.first(), people.last()) {
        let mut decided = Decided::launch(read, &launch.broadcast, *first, *last)?;
        decisions = survey.decide(&people, &mut decided, &mut tally)?;
    }
    Ok(Some(Decisions {
        after: launch.after,
        last: people.last().map(|(id, _)| *id),
        are_last,
        decisions,
        audience: tally.audience(),
        identity: read.last_identity_change()?,
    }))
}

/// What was launched, in the version in which it was.
fn launched<'l>(live: &'l Live, launch: &LaunchRecord) -> Result<&'l Arc<LiveBroadcast>, FlowError> {
    let LaunchRecord { broadcast, version, .. } = launch;
    live.broadcast_version(broadcast, *version).ok_or_else(|| {
        FlowError::Refused(format!(
            "version {version} of {broadcast}, which was launched, is not there any more, or asks for a metric that is not"
        ))
    })
}

/// Queues what was decided, and says how far the launch has come. When somebody else has taken it further in the meantime,
/// nothing is written. Answers where it is now.
pub(super) fn queue_page(
    work: &mut Working<'_>,
    launch: LaunchRecord,
    page: Page,
) -> Result<LaunchRecord, FlowError> {
    let mut launch = work.unit.launch(&launch.broadcast)?.unwrap_or(launch);
    if launch.after != page.decided.after || launch.queued.is_some() {
        return Ok(launch);
    }
    let holds =
        std::ptr::eq(&*page.live, work.live) && page.decided.identity == work.unit.last_identity_change()?;
    let decided = match holds {
        true => page.decided,
        false => match decide(work.unit, work.live, work.derived.clone(), &launch, work.now)? {
            Some(decided) => decided,
            None => return Ok(launch),
        },
    };
    let broadcast = launched(work.live, &launch)?.clone();
    if launch.after.is_none() {
        // Until now nobody was passed.
        launch.identity = decided.identity;
    }
    for decision in decided.decisions {
        put(work, &broadcast.definition, &launch, decision)?;
    }
    launch.after = decided.last.or(launch.after);
    let mut tally = Tally::of(decided.audience);
    if decided.are_last && look_again(work, &broadcast, &mut launch, &mut tally)? {
        launch.queued = Some(work.now);
    }
    launch.counts = tally.audience().counts();
    work.unit.put_launch(&launch)?;
    Ok(launch)
}

/// Looks once more at those who turned out to be one, or two, since people began to be looked at, and to whom it did not go:
/// whoever had still to be looked at may have become one with somebody who was passed, and who was told apart may be where
/// everybody was passed already. Answers whether that were all.
fn look_again(
    work: &mut Working<'_>,
    broadcast: &LiveBroadcast,
    launch: &mut LaunchRecord,
    tally: &mut Tally,
) -> Result<bool, FlowError> {
    let changes = work.unit.identity_changes(launch.identity, PAGE)?;
    let mut people = BTreeSet::new();
    for change in &changes {
        launch.identity = change.cursor;
        for id in concerned(change, launch.until) {
            people.insert(work.unit.survivor(id)?);
        }
    }
    for person in people {
        if let Some((decision, counts)) = decide_again(work, broadcast, launch, person)? {
            let filter = theirs(broadcast, person);
            for left_out in work.unit.deliveries(&filter, usize::MAX >> 1)? {
                // What was left out steps aside for what they get.
                if left_out.occasion == OCCASION {
                    work.unit.give_delivery(left_out.id, person, None, &beside(left_out.id))?;
                }
            }
            tally.add(counts);
            put(work, &broadcast.definition, launch, decision)?;
        }
    }
    Ok(changes.len() < PAGE)
}

/// Who has to be looked at again after a change of who is who; nobody who came after the launch.
fn concerned(change: &IdentityChange, until: ProfileId) -> impl Iterator<Item = ProfileId> {
    let one_was_known = change.absorbed <= until;
    let (one, other) = match change.kind {
        IdentityChangeKind::Merged | IdentityChangeKind::Moved => {
            (one_was_known.then_some(change.survivor), None)
        }
        IdentityChangeKind::Split => {
            let known = one_was_known || change.survivor <= until;
            (known.then_some(change.survivor), known.then_some(change.absorbed))
        }
    };
    one.into_iter().chain(other)
}

/// What is decided about somebody alone, if it goes to them now and did not before.
fn decide_again(
    work: &Working<'_>,
    broadcast: &LiveBroadcast,
    launch: &LaunchRecord,
    person: ProfileId,
) -> Result<Option<(Decision, Audience)>, FlowError> {
    for delivery in work.unit.deliveries(&theirs(broadcast, person), usize::MAX >> 1)? {
        let log = work.unit.delivery_log(delivery.id)?;
        let was_queued = log.iter().any(|entry| entry.state == DeliveryState::Queued);
        if delivery.state != DeliveryState::Suppressed || was_queued {
            return Ok(None);
        }
    }
    let Some(profile) = readable(person, work.unit.profile(person))? else { return Ok(None) };
    // Nobody else is asked with them: everybody else was.
    let survey = Survey::new(work.unit, work.live, broadcast, work.derived.clone(), person, work.now);
    let (mut decided, mut tally) = (Decided::again(work.unit, &launch.broadcast), Tally::default());
    let decisions = survey.decide(&[(person, Some(profile))], &mut decided, &mut tally)?;
    let queued = decisions.into_iter().find(|decision| decision.queued);
    Ok(queued.map(|decision| (decision, tally.audience())))
}

/// Somebody's deliveries of a broadcast.
fn theirs(broadcast: &LiveBroadcast, person: ProfileId) -> DeliveryFilter {
    DeliveryFilter {
        program: Some(broadcast.definition.name.clone()),
        profile: Some(person),
        ..DeliveryFilter::default()
    }
}

/// The occasion of a delivery that steps aside.
fn beside(id: DeliveryId) -> String {
    format!("{OCCASION}~{}", id.0)
}

fn put(
    work: &mut Working<'_>,
    definition: &Broadcast,
    launch: &LaunchRecord,
    decision: Decision,
) -> Result<(), FlowError> {
    let Decision { profile, household, contact, queued, reason } = decision;
    work.unit.put_delivery(&Delivery {
        id: DeliveryId(work.ids.next(work.now)),
        program: definition.name.clone(),
        version: launch.version,
        run: None,
        occasion: OCCASION.into(),
        profile,
        seed: None,
        household,
        channel: definition.send.channel.clone(),
        contact: contact.unwrap_or_default(),
        template: definition.send.template.clone(),
        topic: definition.send.topic.clone(),
        state: if queued { DeliveryState::Queued } else { DeliveryState::Suppressed },
        reason,
        due: work.now,
        first_due: None,
        expires: definition.ttl.map(|ttl| launch.launched.plus(ttl)),
        attempts: 0,
        turn: None,
        created: work.now,
        updated: work.now,
        event: Object::new(),
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;
