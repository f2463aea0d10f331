//! Whether somebody may be contacted at all, and what the contact policy has to know of them.

use super::resume::has_changed;
use crate::{FlowError, Live, inward::Working};
use crowsnest_model::{
    Consent, ProfileId, Time, consent,
    consent::ConsentStatus,
    definition::{Broadcast, CountedOver},
    delivery::{Delivery, HandedOver, LETTER, contact_word},
};
use crowsnest_programs::policy::{Facts, Policy, WAITS_FOR_POLICY};
use crowsnest_store::{Read, StoreError};
use jiff::tz::TimeZone;

/// The most people who can be of a household, by way of each other, and be counted together. More are no household.
const LARGEST_HOUSEHOLD: usize = 1_000;

/// What was agreed for a contact point of a person. For letters it was by the person, also under the ids of those who they turned
/// out to be.
pub(crate) fn what_was_agreed(
    read: &(impl Read + ?Sized),
    person: ProfileId,
    channel: &str,
    contact: &str,
) -> Result<Vec<Consent>, StoreError> {
    if channel != LETTER {
        return read.consents(channel, contact);
    }
    let mut agreed = read.consents(LETTER, &person.to_string())?;
    for other in read.absorbed(person)? {
        agreed.extend(read.consents(LETTER, &other.to_string())?);
    }
    Ok(agreed)
}

/// That a contact point is suppressed, and why.
pub(super) fn suppressed_word(channel: &str, reason: &str) -> String {
    format!("the {} is suppressed: {reason}", contact_word(channel))
}

/// Whether a contact point of a person may be used for a topic; if not, why not, in the words by which such people are counted.
pub(crate) fn may_contact(
    read: &(impl Read + ?Sized),
    live: &Live,
    person: ProfileId,
    channel: &str,
    contact: &str,
    topic: &str,
) -> Result<Result<(), String>, FlowError> {
    if let Some(suppression) = read.suppression(channel, contact)? {
        return Ok(Err(suppressed_word(channel, &suppression.reason)));
    }
    if live.is_service(topic) {
        return Ok(Ok(()));
    }
    let consents = what_was_agreed(read, person, channel, contact)?;
    Ok(match consent::in_force(&consents, topic) {
        Some(found) if found.status == ConsentStatus::Granted => Ok(()),
        Some(found) => {
            let what = if found.topic == consent::EVERY_TOPIC { "everything" } else { topic };
            Err(format!("withdrew consent to {what} by {channel}"))
        }
        None if live.is_silence_consent(channel) => Ok(()),
        None => Err(format!("never agreed to {topic} by {channel}")),
    })
}

/// Whether a contact point may be used for one of these topics, as [`may_contact`] says. None of them is a service topic.
pub(crate) fn is_reachable(
    read: &dyn Read,
    live: &Live,
    person: ProfileId,
    channel: &str,
    contact: &str,
    topics: &[String],
) -> Result<bool, StoreError> {
    let consents = what_was_agreed(read, person, channel, contact)?;
    let agreed = |topic: &String| match consent::in_force(&consents, topic) {
        Some(found) => found.status == ConsentStatus::Granted,
        None => live.is_silence_consent(channel),
    };
    Ok(topics.iter().any(agreed) && read.suppression(channel, contact)?.is_none())
}

/// When the contact policy has changed, what waits for it is decided anew.
pub(super) fn wake(work: &mut Working<'_>) -> Result<(), FlowError> {
    let workspace = work.live.workspace();
    let exempt: Vec<&String> = workspace.topics.keys().filter(|name| work.live.is_service(name)).collect();
    let known = format!("{:?} {exempt:?} {}", workspace.policy, workspace.organisation.time_zone);
    if has_changed(work, "policy", &known)? {
        work.something_due |= work.unit.wake_waiting(WAITS_FOR_POLICY, work.now)? > 0;
    }
    Ok(())
}

/// The people whose messages are counted together with those of one of them.
#[derive(Debug)]
pub(super) struct Circle {
    /// In the order of their ids.
    pub(super) people: Vec<ProfileId>,
    /// False when they are too many to be counted, so that only the one is here.
    whole: bool,
}

impl Circle {
    /// The person alone.
    pub(super) fn alone(person: ProfileId) -> Self {
        Self { people: vec![person], whole: true }
    }

    /// The person alone, unless the policy counts over households.
    pub(super) fn of(read: &dyn Read, policy: &Policy, person: ProfileId) -> Result<Self, FlowError> {
        if policy.looks_back(CountedOver::Household).is_none() {
            return Ok(Self::alone(person));
        }
        Ok(match read.sharing(person, LARGEST_HOUSEHOLD)? {
            Some(people) => Self { people, whole: true },
            None => Self { people: vec![person], whole: false },
        })
    }
}

/// What a person and their household were sent, as far back as the policy wants to know.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) person: Vec<HandedOver>,
    household: Option<Vec<HandedOver>>,
}

impl Before {
    /// What went before this moment, or in it. The inner error says why it cannot be known.
    pub(super) fn read(
        read: &dyn Read,
        policy: &Policy,
        circle: &Circle,
        person: ProfileId,
        now: Time,
    ) -> Result<Result<Self, String>, FlowError> {
        if !circle.whole {
            return Ok(Err(format!(
                "more than {LARGEST_HOUSEHOLD} people share accounts with this one, so what their household was sent \
                 cannot be counted; take `household` from that kind of account in the `identity:` document"
            )));
        }
        let of = |person: ProfileId, of: CountedOver| match policy.looks_back(of) {
            Some(span) => read.handed_over(person, now.minus(span)),
            None => Ok(Vec::new()),
        };
        let household = if policy.looks_back(CountedOver::Household).is_some() {
            let mut all = Vec::new();
            for member in &circle.people {
                all.extend(of(*member, CountedOver::Household)?);
            }
            Some(all)
        } else {
            None
        };
        Ok(Ok(Self { person: of(person, CountedOver::Person)?, household }))
    }

    /// As if this program had sent nothing.
    fn without(&mut self, program: &str) {
        self.person.retain(|message| message.program != program);
        if let Some(household) = &mut self.household {
            household.retain(|message| message.program != program);
        }
    }

    /// As if these had been handed over too.
    pub(super) fn suppose(&mut self, supposed: &[HandedOver]) {
        self.person.extend_from_slice(supposed);
        if let Some(household) = &mut self.household {
            household.extend_from_slice(supposed);
        }
    }

    /// The facts of a delivery, for somebody in this time zone.
    pub(super) fn facts<'a>(&'a self, delivery: &'a Delivery, zone: &'a TimeZone, now: Time) -> Facts<'a> {
        Facts {
            now,
            zone,
            program: &delivery.program,
            channel: &delivery.channel,
            topic: &delivery.topic,
            expires: delivery.expires,
            person: &self.person,
            household: self.household(),
        }
    }

    pub(super) fn household(&self) -> &[HandedOver] {
        self.household.as_deref().unwrap_or(&self.person)
    }
}

/// Why the contact policy would not let somebody have a message of a broadcast now, for what went before; quiet hours are
/// not looked at, and neither is what the broadcast itself has sent already to others of the household.
pub(crate) fn capped(
    read: &dyn Read,
    live: &Live,
    broadcast: &Broadcast,
    person: ProfileId,
    now: Time,
) -> Result<Option<String>, FlowError> {
    let policy = live.policy();
    if policy.is_empty() || policy.exempts(&broadcast.send.topic) {
        return Ok(None);
    }
    let circle = Circle::of(read, policy, person)?;
    Ok(match Before::read(read, policy, &circle, person, now)? {
        Ok(mut before) => {
            before.without(&broadcast.name);
            policy.capped(&Facts {
                now,
                zone: live.zone(),
                program: &broadcast.name,
                channel: &broadcast.send.channel,
                topic: &broadcast.send.topic,
                expires: None,
                person: &before.person,
                household: before.household(),
            })
        }
        Err(fault) => Some(format!("it cannot be decided: {fault}")),
    })
}
