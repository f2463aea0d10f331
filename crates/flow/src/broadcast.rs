//! One-off mailings: who would get it and why not, and the launch.

use crate::{
    Engine, FlowError, Live,
    inward::Working,
    outward,
    people::{Agreed, Lookout},
};
use crowsnest_model::{
    DeliveryId, HouseholdId, Object, ProfileId, Time,
    definition::{Broadcast, OnePer},
    delivery::{Delivery, DeliveryState},
    household::Groups,
};
use crowsnest_programs::{Candidate, LeftOut, LiveBroadcast, Selection, select};
use crowsnest_store::{DeliveryFilter, LaunchRecord, Read, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The occasion of a broadcast: it happens once.
const OCCASION: &str = "launch";

/// Deliveries queued in one commit.
const CHUNK: usize = 1_000;

/// Who would get a broadcast, and why everybody else would not.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Audience {
    /// Everybody who is known.
    pub people: u64,
    /// Those for whom the audience's condition holds.
    pub in_audience: u64,
    /// Those of them who can and may be written to: the recipients before de-duplication.
    pub reachable: u64,
    /// Those who get it: one per household and address.
    pub recipients: u64,
    /// How many are left out for which reason, the most frequent first.
    pub left_out: Vec<(String, u64)>,
    /// How many of the recipients the contact policy would not let have it now, for which reason, the most frequent
    /// first: by what went before, not by each other. It is asked next to each send, so it may say otherwise then.
    pub capped: Vec<(String, u64)>,
    /// Households of which one member was chosen: who, and why. At most 20 are shown.
    pub chosen: Vec<Chosen>,
}

/// Which member of a household gets it.
#[derive(Debug, Clone, Serialize)]
pub struct Chosen {
    /// Who.
    pub profile: ProfileId,
    /// Why, in words.
    pub why: String,
    /// The others.
    pub instead_of: Vec<ProfileId>,
}

/// What a launch did.
#[derive(Debug, Clone, Serialize)]
pub struct LaunchReport {
    /// The broadcast.
    pub broadcast: String,
    /// When it was launched.
    pub launched: Time,
    /// Who gets it, and who does not.
    pub audience: Audience,
}

/// Looks at everybody once.
fn survey(
    read: &dyn Read,
    live: &Live,
    broadcast: &LiveBroadcast,
    now: Time,
) -> Result<(Audience, Selection), FlowError> {
    let derived = live.derived();
    let agreed = Agreed::default();
    let lookout = Lookout { read, live, derived: &derived, now, agreed: &agreed, loaded: None };
    let definition = &broadcast.definition;
    let send = &definition.send;
    let queued = queued_already(read, &definition.name)?;
    let mut audience = Audience::default();
    let mut outside: BTreeMap<String, u64> = BTreeMap::new();
    let mut unreachable = Vec::new();
    let mut candidates = Vec::new();
    let mut households = Groups::default();
    let mut after = None;
    loop {
        let people = read.people_after(after, 1_000)?;
        let Some(last) = people.last() else { break };
        after = Some(last.id);
        // Nobody is looked at twice.
        agreed.forget(None);
        for profile in &people {
            audience.people += 1;
            profile.households().for_each(|household| households.join(profile.id, household));
            if let Err(reason) = lookout.ask(profile, None, |person| broadcast.in_audience(person)) {
                *outside.entry(format!("not in the audience: {reason}")).or_default() += 1;
                continue;
            }
            audience.in_audience += 1;
            let left_out = |contact: Option<String>, reason: String| LeftOut {
                profile: profile.id,
                contact,
                reason,
                instead: None,
            };
            let contact = match live.contact(profile, &send.channel) {
                Ok(contact) => contact,
                Err(reason) => {
                    unreachable.push(left_out(None, reason));
                    continue;
                }
            };
            match outward::may_contact(read, live, profile.id, &send.channel, &contact, &send.topic)? {
                Ok(()) => {
                    let mut candidate =
                        lookout.ask(profile, None, |person| broadcast.candidate(person, contact));
                    candidate.queued = queued.contains_key(&profile.id);
                    candidates.push(candidate);
                }
                Err(reason) => unreachable.push(left_out(Some(contact), reason)),
            }
        }
    }
    for candidate in &mut candidates {
        candidate.household = households.of(candidate.profile);
    }
    audience.reachable = candidates.len() as u64;
    let taken = Taken::by(&queued, definition.one_per, &mut households);
    let (candidates, too_late): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|candidate| candidate.queued || !taken.has(candidate));
    let mut selection = select(broadcast, candidates);
    selection.left_out.extend(too_late.into_iter().map(|candidate| LeftOut {
        profile: candidate.profile,
        contact: Some(candidate.contact),
        reason: "the household or the address has it already".into(),
        instead: None,
    }));
    audience.recipients = selection.recipients.len() as u64;
    let households = selection.recipients.iter().filter_map(|recipient| {
        let why = recipient.chosen.clone()?;
        let chosen = recipient.candidate.profile;
        let others = selection.left_out.iter().filter(|left_out| left_out.instead == Some(chosen));
        Some(Chosen { profile: chosen, why, instead_of: others.map(|left_out| left_out.profile).collect() })
    });
    audience.chosen = households.take(20).collect();
    selection.left_out.extend(unreachable);
    for left_out in &selection.left_out {
        *outside.entry(left_out.reason.clone()).or_default() += 1;
    }
    audience.left_out = most_frequent_first(outside);
    let mut capped: BTreeMap<String, u64> = BTreeMap::new();
    for recipient in selection.recipients.iter().filter(|recipient| !recipient.candidate.queued) {
        if let Some(reason) = outward::capped(read, live, definition, recipient.candidate.profile, now)? {
            *capped.entry(reason).or_default() += 1;
        }
    }
    audience.capped = most_frequent_first(capped);
    Ok((audience, selection))
}

fn most_frequent_first(reasons: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    reasons
}

/// What a launch that was interrupted has queued already: nobody else there gets it too, even if whoever got it is not of
/// the audience any more.
struct Taken {
    contacts: HashSet<String>,
    households: HashSet<HouseholdId>,
}

impl Taken {
    fn by(queued: &HashMap<ProfileId, String>, one_per: OnePer, households: &mut Groups) -> Self {
        let shared = queued.keys().filter_map(|person| households.of(*person));
        Self {
            households: if one_per == OnePer::Household { shared.collect() } else { HashSet::new() },
            contacts: queued.values().cloned().collect(),
        }
    }

    fn has(&self, candidate: &Candidate) -> bool {
        self.contacts.contains(&candidate.contact)
            || candidate.household.is_some_and(|household| self.households.contains(&household))
    }
}

/// Who has a message of this broadcast already, after a launch that was interrupted, and where it goes.
fn queued_already(read: &dyn Read, broadcast: &str) -> Result<HashMap<ProfileId, String>, StoreError> {
    let mut queued = HashMap::new();
    let mut filter = DeliveryFilter { program: Some(broadcast.to_owned()), ..DeliveryFilter::default() };
    loop {
        let page = read.deliveries(&filter, CHUNK)?;
        let Some(last) = page.last() else { return Ok(queued) };
        filter.before = Some(last.id);
        queued.extend(
            page.iter()
                .filter(|delivery| delivery.state != DeliveryState::Suppressed)
                .map(|delivery| (delivery.profile, delivery.contact.clone())),
        );
    }
}

fn named<'l>(live: &'l Live, name: &str) -> Result<&'l Arc<LiveBroadcast>, FlowError> {
    live.broadcast(name).ok_or_else(|| {
        FlowError::not_found("broadcast", name, live.workspace().broadcasts.keys().map(String::as_str))
    })
}

impl Engine {
    /// Who would get a broadcast, and why everybody else would not. Nothing is sent. It blocks.
    pub fn preview_audience(&self, name: &str) -> Result<Audience, FlowError> {
        let live = self.live();
        let broadcast = named(&live, name)?;
        let mut done = Ok(Audience::default());
        self.read(|read| {
            done = survey(read, &live, broadcast, self.now()).map(|(audience, _)| audience);
            Ok(())
        })?;
        done
    }

    /// Launches a broadcast: it is queued for everybody who gets it, and sent from then on. It happens once.
    pub async fn launch(&self, name: &str) -> Result<LaunchReport, FlowError> {
        let live = self.live();
        let version = named(&live, name)?.version;
        let broadcast = name.to_owned();
        let launch = self
            .commit(move |work| {
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
                    counts: Object::new(),
                };
                work.unit.put_launch(&launch)?;
                outward::seeds::at_launch(work, &launch)?;
                Ok(launch)
            })
            .await?;
        // On a task of its own: whoever asked may hang up, and the launch goes on all the same.
        let engine = self.clone();
        tokio::spawn(async move { engine.queue_launch(launch).await })
            .await
            .map_err(|error| FlowError::Broken(error.to_string()))?
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

    async fn queue_launch(&self, mut launch: LaunchRecord) -> Result<LaunchReport, FlowError> {
        let live = self.live();
        let broadcast = live
            .broadcast_version(&launch.broadcast, launch.version)
            .ok_or_else(|| {
                FlowError::Refused(format!(
                    "version {} of {}, which was launched, is not there any more",
                    launch.version, launch.broadcast
                ))
            })?
            .clone();
        let definition = broadcast.definition.clone();
        let engine = self.clone();
        let (audience, selection) = tokio::task::spawn_blocking(move || {
            let mut done = Err(FlowError::Broken("the survey did not run".into()));
            engine.read(|read| {
                done = survey(read, &live, &broadcast, engine.now());
                Ok(())
            })?;
            done
        })
        .await
        .map_err(|error| FlowError::Broken(error.to_string()))??;

        let mut waiting: Vec<(ProfileId, String, DeliveryState, Option<String>)> = Vec::new();
        for recipient in selection.recipients {
            let candidate = recipient.candidate;
            waiting.push((candidate.profile, candidate.contact, DeliveryState::Queued, recipient.chosen));
        }
        for left_out in selection.left_out {
            let contact = left_out.contact.unwrap_or_default();
            let instead = left_out.instead.map(|other| format!(" ({other})")).unwrap_or_default();
            let reason = format!("{}{instead}", left_out.reason);
            waiting.push((left_out.profile, contact, DeliveryState::Suppressed, Some(reason)));
        }
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(CHUNK));
            let chunk = std::mem::replace(&mut waiting, rest);
            let (definition, launched, version) = (definition.clone(), launch.launched, launch.version);
            self.commit(move |work| queue_chunk(work, &definition, version, launched, chunk)).await?;
        }
        launch.queued = Some(self.now());
        if let Ok(serde_json::Value::Object(counts)) = serde_json::to_value(&audience) {
            launch.counts = counts;
        }
        let report =
            LaunchReport { broadcast: launch.broadcast.clone(), launched: launch.launched, audience };
        self.commit(move |work| Ok(work.unit.put_launch(&launch)?)).await?;
        Ok(report)
    }
}

fn queue_chunk(
    work: &mut Working<'_>,
    definition: &Broadcast,
    version: u32,
    launched: Time,
    chunk: Vec<(ProfileId, String, DeliveryState, Option<String>)>,
) -> Result<(), FlowError> {
    for (profile, contact, state, reason) in chunk {
        let profile = work.unit.survivor(profile)?;
        let household = work.unit.profile(profile)?.and_then(|profile| profile.household());
        work.unit.put_delivery(&Delivery {
            id: DeliveryId(work.ids.next(work.now)),
            program: definition.name.clone(),
            version,
            run: None,
            occasion: OCCASION.into(),
            profile,
            seed: None,
            household,
            channel: definition.send.channel.clone(),
            contact,
            template: definition.send.template.clone(),
            topic: definition.send.topic.clone(),
            state,
            reason,
            due: work.now,
            expires: definition.ttl.map(|ttl| launched.plus(ttl)),
            attempts: 0,
            turn: None,
            created: work.now,
            updated: work.now,
            event: Object::new(),
        })?;
    }
    Ok(())
}
