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
    DeliveryId, Object, ProfileId,
    definition::Broadcast,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_programs::LiveBroadcast;
use crowsnest_store::LaunchRecord;
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
            Ok(Decisions { broadcast: broadcast.clone(), after, last, are_last, decisions, audience })
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
    let definition = &page.broadcast.definition;
    for decision in page.decisions {
        queue(work, definition, &launch, decision)?;
    }
    launch.after = page.last.or(launch.after);
    launch.queued = page.are_last.then_some(work.now);
    launch.counts = page.audience.counts();
    work.unit.put_launch(&launch)?;
    Ok(launch)
}

fn queue(
    work: &mut Working<'_>,
    definition: &Broadcast,
    launch: &LaunchRecord,
    decision: Decision,
) -> Result<(), FlowError> {
    let profile = work.unit.survivor(decision.profile)?;
    let household = if profile == decision.profile {
        decision.household
    } else {
        work.unit.profile(profile)?.and_then(|profile| profile.household())
    };
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
        contact: decision.contact.unwrap_or_default(),
        template: definition.send.template.clone(),
        topic: definition.send.topic.clone(),
        state: if decision.queued { DeliveryState::Queued } else { DeliveryState::Suppressed },
        reason: decision.reason,
        due: work.now,
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
