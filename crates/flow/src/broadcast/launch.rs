//! The launch: what is decided about a page of people is queued in the commit that says how far the launch has come.
//!
//! So the first messages go out while most people have still to be looked at, the memory does not grow with their number,
//! and a launch that was interrupted goes on where it was: nobody is left out, and nobody is decided twice.

use super::{
    Audience, LaunchReport, PAGE,
    audience::Tally,
    decided::Decided,
    named,
    survey::{Decision, Survey},
};
use crate::{Engine, FlowError, inward::Working, outward};
use crowsnest_model::{
    DeliveryId, HouseholdId, Object, ProfileId,
    definition::Broadcast,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_programs::LiveBroadcast;
use crowsnest_store::{DeliveryFilter, HAD_BY_THE_OTHER, IdentityChangeKind, LaunchRecord};
use fail::fail_point;
use std::sync::Arc;

/// The occasion of a broadcast: it happens once. The store finds by this name what a launch has decided.
const OCCASION: &str = "launch";

/// The first page is small and each is as large as all before it, so that the first messages go out at once.
const FIRST_PAGE: u64 = 16;

/// A page of people on whom was decided.
struct Decisions {
    broadcast: Arc<LiveBroadcast>,
    /// After whom the page begins.
    after: Option<ProfileId>,
    /// Its last person; `None` when nobody was left.
    last: Option<ProfileId>,
    /// Whether nobody comes after it.
    are_last: bool,
    decisions: Vec<Decision>,
    /// Everybody who was looked at so far.
    audience: Audience,
    /// The last change of who is who that was known when they were looked at.
    identity: u64,
}

impl Engine {
    /// Launches a broadcast: it is queued for everybody who gets it, and sent from then on. It happens once. This answers
    /// when everybody has been looked at; the first messages go out long before.
    pub async fn launch(&self, name: &str) -> Result<LaunchReport, FlowError> {
        let launch = self.begin_launch(name).await?;
        // On a task of its own: whoever asked may hang up, and the launch goes on all the same.
        let engine = self.clone();
        tokio::spawn(async move { engine.queue_launch(launch).await })
            .await
            .map_err(|error| FlowError::Broken(error.to_string()))?
    }

    /// As [`Engine::launch`], without waiting: [`Engine::launch_report`] says how far it has come.
    pub async fn launch_and_leave(&self, name: &str) -> Result<LaunchReport, FlowError> {
        let launch = self.begin_launch(name).await?;
        let (engine, begun) = (self.clone(), launch.clone());
        tokio::spawn(async move {
            let broadcast = begun.broadcast.clone();
            if let Err(error) = engine.queue_launch(begun).await {
                tracing::error!(broadcast, %error, "a launch was interrupted; it goes on when crowsnest is started again");
            }
        });
        Ok(report(launch))
    }

    /// What a launch did, or has done so far. It blocks.
    pub fn launch_report(&self, name: &str) -> Result<LaunchReport, FlowError> {
        match self.read(|read| read.launch(name))? {
            Some(launch) => Ok(report(launch)),
            None => {
                // Whether it is there at all.
                named(&self.live(), name)?;
                Err(FlowError::Refused(format!("{name} has not been launched")))
            }
        }
    }

    /// Queues what launches that were interrupted have left to queue, each by the version that was launched, whatever is
    /// in force now. One that cannot go on does not stop the others; the first such error is answered.
    pub async fn resume_launches(&self) -> Result<(), FlowError> {
        let mut failed = None;
        for launch in self.read(|read| read.unfinished_launches())? {
            tracing::info!(broadcast = launch.broadcast, "a launch that was interrupted goes on");
            let broadcast = launch.broadcast.clone();
            if let Err(error) = self.queue_launch(launch).await {
                tracing::error!(broadcast, %error, "an interrupted launch cannot go on");
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Puts a launch on record. From then on it will be carried out, whatever happens.
    async fn begin_launch(&self, name: &str) -> Result<LaunchRecord, FlowError> {
        let live = self.live();
        let version = named(&live, name)?.version;
        let broadcast = name.to_owned();
        self.commit(move |work| {
            if let Some(before) = work.unit.launch(&broadcast)? {
                return Err(FlowError::Refused(format!(
                    "{broadcast} was launched at {}, and a broadcast happens once; to mail again, give a copy of \
                     it another name",
                    before.launched
                )));
            }
            let launch = LaunchRecord {
                broadcast,
                version,
                launched: work.now,
                queued: None,
                // Ids grow, so everybody who is known has a smaller one.
                until: ProfileId(work.ids.next(work.now)),
                after: None,
                counts: Object::new(),
            };
            work.unit.put_launch(&launch)?;
            outward::seeds::at_launch(work, &launch)?;
            Ok(launch)
        })
        .await
    }

    async fn queue_launch(&self, mut launch: LaunchRecord) -> Result<LaunchReport, FlowError> {
        while launch.queued.is_none() {
            let (engine, begun) = (self.clone(), launch.clone());
            let page = tokio::task::spawn_blocking(move || engine.decide_page(begun))
                .await
                .map_err(|error| FlowError::Broken(error.to_string()))??;
            launch = self.commit(move |work| queue_page(work, launch, page)).await?;
            fail_point!("launch-after", |_| std::process::abort());
        }
        Ok(report(launch))
    }

    /// Looks at the next people of a launch. Nothing is written.
    fn decide_page(&self, launch: LaunchRecord) -> Result<Decisions, FlowError> {
        let live = self.live();
        let LaunchRecord { broadcast: name, version, until, after, counts, .. } = launch;
        let broadcast = live.broadcast_version(&name, version).cloned().ok_or_else(|| {
            FlowError::Refused(format!(
                "version {version} of {name}, which was launched, is not there any more"
            ))
        })?;
        let audience = Audience::of(counts);
        self.readers().read(|read| {
            let survey = Survey::new(read, &live, &broadcast, until, self.now());
            let limit = audience.people.clamp(FIRST_PAGE, PAGE as u64) as usize;
            let (people, are_last) = survey.people(after, limit)?;
            let mut tally = Tally::of(audience);
            let mut decisions = Vec::new();
            if let (Some(first), Some(last)) = (people.first(), people.last()) {
                let mut decided = Decided::launch(read, &name, first.id, last.id)?;
                decisions = survey.decide(&people, &mut decided, &mut tally)?;
            }
            let last = people.last().map(|profile| profile.id);
            let audience = tally.audience();
            let identity = read.last_identity_change()?;
            let broadcast = broadcast.clone();
            Ok(Decisions { broadcast, after, last, are_last, decisions, audience, identity })
        })
    }
}

/// Queues what was decided, and says how far the launch has come. When somebody else has taken it further in the meantime,
/// nothing is written. Answers where it is now.
fn queue_page(
    work: &mut Working<'_>,
    mut launch: LaunchRecord,
    page: Decisions,
) -> Result<LaunchRecord, FlowError> {
    let stored = work.unit.launch(&launch.broadcast)?;
    if let Some(stored) = stored
        && (stored.after != page.after || stored.queued.is_some())
    {
        return Ok(stored);
    }
    if is_split_since(work, page.identity)? {
        // An address may be somebody else's now than whom it was decided for. They are looked at again.
        return Ok(launch);
    }
    let definition = &page.broadcast.definition;
    let mut merged = Vec::new();
    for decision in page.decisions {
        let person = work.unit.survivor(decision.profile)?;
        if person == decision.profile {
            put(work, definition, &launch, Queued::of(decision))?;
        } else {
            merged.push((person, decision));
        }
    }
    for (person, decision) in merged {
        queue_for_survivor(work, definition, &launch, person, decision)?;
    }
    launch.after = page.last.or(launch.after);
    launch.queued = page.are_last.then_some(work.now);
    launch.counts = page.audience.counts();
    work.unit.put_launch(&launch)?;
    Ok(launch)
}

/// Whether anybody was told apart since.
fn is_split_since(work: &Working<'_>, seen: u64) -> Result<bool, FlowError> {
    let changes = work.unit.identity_changes(seen, usize::MAX >> 1)?;
    Ok(changes.iter().any(|change| change.kind != IdentityChangeKind::Merged))
}

/// What was decided about somebody who turned out to be another since they were looked at: it becomes what it would be, had it
/// been queued right before that. So what was left out for one of the two does not stand in the way of what the other gets.
fn queue_for_survivor(
    work: &mut Working<'_>,
    definition: &Broadcast,
    launch: &LaunchRecord,
    person: ProfileId,
    decision: Decision,
) -> Result<(), FlowError> {
    let filter = DeliveryFilter {
        program: Some(definition.name.clone()),
        profile: Some(person),
        ..DeliveryFilter::default()
    };
    let theirs = work.unit.deliveries(&filter, usize::MAX >> 1)?;
    let theirs = theirs.into_iter().find(|delivery| delivery.occasion == OCCASION);
    let mut queued = Queued {
        household: work.unit.profile(person)?.and_then(|profile| profile.household()),
        profile: person,
        ..Queued::of(decision)
    };
    match theirs {
        _ if queued.state != DeliveryState::Queued => queued.beside = true,
        None => {}
        Some(theirs) if theirs.state == DeliveryState::Suppressed => {
            work.unit.give_delivery(theirs.id, person, None, &beside(theirs.id))?;
        }
        Some(_) => {
            queued.beside = true;
            (queued.state, queued.reason) = (DeliveryState::Cancelled, Some(HAD_BY_THE_OTHER.to_owned()));
        }
    }
    put(work, definition, launch, queued)
}

/// The occasion of one of two that turned out to be one person's.
fn beside(id: DeliveryId) -> String {
    format!("{OCCASION}~{}", id.0)
}

/// A decision, as it is written.
struct Queued {
    profile: ProfileId,
    household: Option<HouseholdId>,
    contact: String,
    state: DeliveryState,
    reason: Option<String>,
    /// Another one has the occasion.
    beside: bool,
}

impl Queued {
    fn of(decision: Decision) -> Self {
        let Decision { profile, household, contact, queued, reason } = decision;
        let state = if queued { DeliveryState::Queued } else { DeliveryState::Suppressed };
        Self { profile, household, contact: contact.unwrap_or_default(), state, reason, beside: false }
    }
}

fn put(
    work: &mut Working<'_>,
    definition: &Broadcast,
    launch: &LaunchRecord,
    queued: Queued,
) -> Result<(), FlowError> {
    let id = DeliveryId(work.ids.next(work.now));
    work.unit.put_delivery(&Delivery {
        id,
        program: definition.name.clone(),
        version: launch.version,
        run: None,
        occasion: if queued.beside { beside(id) } else { OCCASION.into() },
        profile: queued.profile,
        seed: None,
        household: queued.household,
        channel: definition.send.channel.clone(),
        contact: queued.contact,
        template: definition.send.template.clone(),
        topic: definition.send.topic.clone(),
        state: queued.state,
        reason: queued.reason,
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

fn report(launch: LaunchRecord) -> LaunchReport {
    LaunchReport {
        broadcast: launch.broadcast,
        launched: launch.launched,
        queued: launch.queued,
        audience: Audience::of(launch.counts),
    }
}

#[cfg(test)]
mod tests;
