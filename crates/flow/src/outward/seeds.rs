//! Copies for seed lists: addresses of the house itself, which get what customers get.
//!
//! A copy is a delivery, so that it is handed over once or not known to have been, tried again, paced, and shown. But it is no
//! customer's: no consent is asked for it and no policy, and no number has it. It is paid of the budgets that pay its customers'
//! messages, and waits for them as those do. What comes back on it changes it alone.
//!
//! A broadcast's copies are queued in the commit of its launch, so that they go out before all others. Those of a program's step in the
//! commit that queues the first message of that step in its version. Letters have theirs in each print run (`letters::seeds`).

use super::feedback::{Heard, What};
use crate::{FlowError, Live, OWN_SOURCE, inward::Working};
use crowsnest_model::{
    DeliveryId, EventId, Object, Profile, ProfileId, Time, contact,
    definition::{AddressTraits, Seed, Send, Step},
    delivery::{Delivery, DeliveryState, LETTER},
    profile::{Run, Trait},
};
use crowsnest_programs::LiveProgram;
use crowsnest_store::LaunchRecord;
use serde_json::Value;
use std::collections::HashSet;

/// A copy that is to be made.
#[derive(Debug, Clone)]
pub struct SeedCopy {
    /// Whose it is, as `LIST/NAME`.
    pub seed: String,
    /// The seed, as templates see a person.
    pub profile: Profile,
    /// Where it goes; else why it cannot.
    pub contact: Result<String, String>,
}

impl Live {
    /// The copies of what is sent on a channel for these lists: one for each entry that has an address there, and one for each address.
    pub fn copies<'l>(&self, lists: impl IntoIterator<Item = &'l String>, channel: &str) -> Vec<SeedCopy> {
        let mut copies: Vec<SeedCopy> = Vec::new();
        let mut seen = HashSet::new();
        for list in lists {
            let Some(known) = self.workspace().seeds.get(list) else { continue };
            for seed in known.entries.iter().filter(|seed| seed.is_on(channel)) {
                let profile = self.stand_in(seed);
                let contact = self.contact(&profile, channel);
                if let Ok(contact) = &contact
                    && !seen.insert(contact.clone())
                {
                    continue;
                }
                copies.push(SeedCopy { seed: format!("{list}/{}", seed.name), profile, contact });
            }
        }
        copies
    }

    /// The seed of `LIST/NAME`, as templates see a person; `None` when it is there no more.
    fn seed(&self, named: &str) -> Option<Profile> {
        let (list, name) = named.split_once('/')?;
        let list = self.workspace().seeds.get(list)?;
        list.entries.iter().find(|seed| seed.name == name).map(|seed| self.stand_in(seed))
    }

    /// The seed lists of what sent a delivery, by its version.
    fn seed_lists(&self, delivery: &Delivery) -> Vec<String> {
        let sends: Vec<&Send> = match self.plan().version(&delivery.program, delivery.version) {
            Some(program) => Step::all(&program.definition.steps)
                .into_iter()
                .filter_map(|step| match step {
                    Step::Send(send) => Some(send),
                    _ => None,
                })
                .collect(),
            None => self
                .broadcast_version(&delivery.program, delivery.version)
                .map(|broadcast| vec![&broadcast.definition.send])
                .unwrap_or_default(),
        };
        let of = |send: &&Send| {
            send.channel == delivery.channel
                && send.template == delivery.template
                && send.topic == delivery.topic
        };
        sends.into_iter().filter(of).flat_map(|send| send.seeds.iter().cloned()).collect()
    }

    /// The copies that are printed beside a letter.
    pub(super) fn copies_beside(&self, letter: &Delivery) -> Vec<SeedCopy> {
        self.copies(&self.seed_lists(letter), LETTER)
    }

    fn stand_in(&self, seed: &Seed) -> Profile {
        let organisation = &self.workspace().organisation;
        let mut profile = Profile::new(ProfileId::NOBODY, Time(0));
        let mut put = |name: &str, value: Value| {
            let known = Trait {
                value,
                time: Time(0),
                source: OWN_SOURCE.to_owned(),
                event: EventId(0),
                third_party: false,
            };
            profile.traits.insert(name.to_owned(), known);
        };
        put("name", seed.name.clone().into());
        for (name, value) in seed.traits.iter().filter(|(_, value)| !value.is_null()) {
            put(name, value.clone());
        }
        if let Some(email) = &seed.email {
            put("email", contact::email(email).unwrap_or_default().into());
        }
        if let Some(phone) = &seed.phone {
            let country = contact::country(&organisation.country).ok();
            put("phone", contact::phone(phone, country).unwrap_or_default().into());
        }
        if let Some(address) = &seed.address {
            let usual = AddressTraits::default();
            let traits = organisation.letters.as_ref().map_or(&usual, |letters| &letters.address);
            let parts = [
                (&traits.street, Some(&address.street)),
                (&traits.street2, address.street2.as_ref()),
                (&traits.postal_code, address.postal_code.as_ref()),
                (&traits.city, Some(&address.city)),
                (&traits.state, address.state.as_ref()),
                (&traits.country, address.country.as_ref()),
            ];
            for (name, value) in parts.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                put(name, value.clone().into());
            }
        }
        profile
    }
}

/// What copies are made of.
struct Original<'a> {
    program: &'a str,
    version: u32,
    send: &'a Send,
    occasion: String,
    event: Object,
    expires: Option<Time>,
}

/// Queues the copies of a broadcast that is being launched. Its customers are queued later, so that copies are due first.
pub(crate) fn at_launch(work: &mut Working<'_>, launch: &LaunchRecord) -> Result<(), FlowError> {
    let live = work.live;
    let Some(broadcast) = live.broadcast_version(&launch.broadcast, launch.version) else { return Ok(()) };
    let definition = &broadcast.definition;
    let original = Original {
        program: &definition.name,
        version: launch.version,
        send: &definition.send,
        occasion: "launch".to_owned(),
        event: Object::new(),
        expires: definition.ttl.map(|ttl| launch.launched.plus(ttl)),
    };
    queue(work, &original)
}

/// A step has queued a message to somebody: when it is the first one in this version of the program, copies of it are queued. They have
/// the event that began the run, since the template may need it.
pub(crate) fn at_step(
    work: &mut Working<'_>,
    program: &LiveProgram,
    run: &Run,
    step: &str,
    send: &Send,
    event: Object,
) -> Result<(), FlowError> {
    if send.seeds.is_empty() {
        return Ok(());
    }
    let setting = format!("seeds-copied:{}@{}#{step}", program.name(), program.version);
    if work.unit.setting(&setting)?.is_some() {
        return Ok(());
    }
    work.unit.put_setting(&setting, &work.now.0.to_string())?;
    let original = Original {
        program: program.name(),
        version: program.version,
        send,
        occasion: format!("@{}#{step}", program.version),
        event,
        expires: program.expires_within(run.triggered, work.now, None),
    };
    queue(work, &original)
}

fn queue(work: &mut Working<'_>, original: &Original<'_>) -> Result<(), FlowError> {
    if original.send.channel == LETTER {
        return Ok(());
    }
    for copy in work.live.copies(&original.send.seeds, &original.send.channel) {
        let delivery = delivery(work, original, copy, DeliveryState::Queued);
        work.something_due |= work.unit.put_delivery(&delivery)?;
    }
    Ok(())
}

/// A copy as a delivery in this state; suppressed when it can go nowhere.
fn delivery(
    work: &mut Working<'_>,
    original: &Original<'_>,
    copy: SeedCopy,
    state: DeliveryState,
) -> Delivery {
    let (state, reason, contact) = match copy.contact {
        Ok(contact) => (state, None, contact),
        Err(reason) => (DeliveryState::Suppressed, Some(reason), String::new()),
    };
    Delivery {
        id: DeliveryId(work.ids.next(work.now)),
        program: original.program.to_owned(),
        version: original.version,
        run: None,
        // Begun so that it is nobody else's occasion.
        occasion: format!("seed~{}~{}", original.occasion, copy.seed),
        profile: ProfileId::NOBODY,
        seed: Some(copy.seed),
        household: None,
        channel: original.send.channel.clone(),
        contact,
        template: original.send.template.clone(),
        topic: original.send.topic.clone(),
        state,
        reason,
        due: work.now,
        first_due: None,
        expires: original.expires,
        attempts: 0,
        turn: None,
        created: work.now,
        updated: work.now,
        event: original.event.clone(),
    }
}

/// The copies that a print run adds to a letter that it prints: their intent is not written yet.
pub(super) fn beside(work: &mut Working<'_>, letter: &Delivery, run: &str) -> Vec<(Delivery, Profile)> {
    let live = work.live;
    let send = Send {
        channel: LETTER.to_owned(),
        template: letter.template.clone(),
        topic: letter.topic.clone(),
        seeds: Vec::new(),
    };
    let original = Original {
        program: &letter.program,
        version: letter.version,
        send: &send,
        occasion: format!("{run}~{}~{}", letter.template, letter.topic),
        event: letter.event.clone(),
        expires: None,
    };
    let copies = live.copies_beside(letter);
    let made = copies.into_iter().map(|copy| {
        let profile = copy.profile.clone();
        (delivery(work, &original, copy, DeliveryState::Sending), profile)
    });
    made.collect()
}

/// As whom a copy is made; else why it is not made any more.
pub(super) fn recipient(live: &Live, seed: &str) -> Result<Profile, String> {
    live.seed(seed).ok_or_else(|| format!("the seed {seed} is not in its list any more"))
}

/// Something came back on a copy. It changes the copy and nothing else: it says nothing of customers, and nothing of how we stand with
/// them. True when it did.
pub(super) fn heard(work: &mut Working<'_>, mut copy: Delivery, heard: &Heard) -> Result<bool, FlowError> {
    let became = match (&heard.what, copy.state) {
        (What::Bounced { said, .. }, DeliveryState::Sent | DeliveryState::Unknown) => {
            (DeliveryState::Bounced, said.clone())
        }
        (What::Bounced { .. }, _) => return Ok(false),
        (what, DeliveryState::Unknown) => (DeliveryState::Sent, format!("it arrived: {}", what.kind())),
        _ => return Ok(false),
    };
    (copy.state, copy.reason) = (became.0, Some(became.1));
    copy.updated = work.now;
    work.unit.update_delivery(&copy)?;
    Ok(true)
}
