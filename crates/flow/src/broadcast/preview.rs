//! What a launch would do: to whom it would go, whether its messages can be made, and what they would cost.

use super::{
    Audience, PAGE,
    audience::{Reasons, Tally},
    decided::Decided,
    named,
    survey::{Decision, Survey},
};
use crate::{
    Engine, FlowError, Live,
    missing::missing,
    outward::{Courier, Estimate, Expected, estimate},
};
use crowsnest_model::{Object, ProfileId, Time, definition::Send};
use crowsnest_store::Read;
use serde::Serialize;

/// So many recipients' messages are made on trial.
const TRIED: usize = 200;

/// What the launch of a broadcast would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BroadcastPreview {
    /// Who would get it.
    #[serde(flatten)]
    pub audience: Audience,
    /// When it was launched: it is not launched again, and this is what a launch would do if it were.
    pub launched: Option<Time>,
    /// What its audience asks of people and is still being built, or not there any more: until that is mended, these numbers
    /// are too low, and a launch waits.
    pub waits: Option<String>,
    /// Messages that cannot be made as things are. A broadcast happens once, so whoever they are for would never get it.
    pub unmade: UnmadeMessages,
    /// How many copies seed lists get, beside the recipients.
    pub copies: u64,
    /// What its messages would cost; `None` where the workspace does not say what one costs.
    pub cost: Option<Estimate>,
}

/// What came of making messages on trial.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UnmadeMessages {
    /// For how many recipients it was tried, at most 200.
    pub tried: u64,
    /// For how many of them the message cannot be made or sent as it is.
    pub failed: u64,
    /// For which reason, the most frequent first.
    pub reasons: Vec<(String, u64)>,
}

impl Engine {
    /// Who would get a broadcast, and why everybody else would not; which of its messages cannot be made, tried by `courier`
    /// for some; and what they would cost. Nothing is sent. It blocks.
    pub fn preview_broadcast(&self, name: &str, courier: &Courier) -> Result<BroadcastPreview, FlowError> {
        let live = self.live();
        let broadcast = named(&live, name)?;
        let definition = &broadcast.definition;
        let derived = live.derived();
        self.readers().read(|read| {
            let now = self.now();
            let waits = match missing(&live, &derived, broadcast.inputs()) {
                Some(missing) => Some(missing.in_words(read)?),
                None => None,
            };
            let survey = Survey::new(read, &live, broadcast, derived, ProfileId(u64::MAX), now);
            let (mut decided, mut tally) = (Decided::preview(), Tally::default());
            let mut after = None;
            let mut sample: Vec<Decision> = Vec::new();
            loop {
                let (people, are_last) = survey.people(after, PAGE)?;
                let decisions = survey.decide(&people, &mut decided, &mut tally)?;
                let recipients = decisions.into_iter().filter(|decision| decision.queued);
                sample.extend(recipients.take(TRIED - sample.len()));
                after = people.last().map(|(id, _)| *id);
                if are_last {
                    break;
                }
            }
            let (audience, send) = (tally.audience(), &definition.send);
            let tried = Tried::of(read, &live, courier, send, &sample)?;
            let launched = read.launch(name)?.map(|launch| launch.launched);
            let copies = live.copies(&send.seeds, &send.channel);
            let copies = copies.iter().filter(|copy| copy.contact.is_ok()).count() as u64;
            let expected = Expected {
                recipients: audience.recipients,
                recipients_now: audience.recipients_now(),
                copies,
                segments: tried.segments,
                texts: tried.texts,
                expires: definition.ttl.map(|ttl| launched.unwrap_or(now).plus(ttl)),
            };
            let cost = estimate(read, &live, (name, send), &expected, now)?;
            Ok(BroadcastPreview { audience, launched, waits, unmade: tried.unmade, copies, cost })
        })
    }
}

/// Messages made on trial.
#[derive(Default)]
struct Tried {
    unmade: UnmadeMessages,
    /// How many texts were made.
    texts: u64,
    /// How many segments they have together.
    segments: u64,
}

impl Tried {
    fn of(
        read: &dyn Read,
        live: &Live,
        courier: &Courier,
        send: &Send,
        sample: &[Decision],
    ) -> Result<Self, FlowError> {
        let (mut tried, mut reasons) = (Self::default(), Reasons::default());
        for recipient in sample {
            let Some(profile) = read.profile(recipient.profile)? else { continue };
            let to = recipient.contact.as_deref().unwrap_or_default();
            tried.unmade.tried += 1;
            let fault = match courier.preview(live, &send.template, &profile, to, &Object::new()) {
                Ok(made) => {
                    // One that is not sent costs nothing.
                    if let Some(segments) = made.segments.filter(|_| made.faults.is_empty()) {
                        tried.segments += segments.count as u64;
                        tried.texts += 1;
                    }
                    made.faults.into_iter().next()
                }
                Err(reason) => Some(reason),
            };
            if let Some(reason) = fault {
                tried.unmade.failed += 1;
                reasons.add(&reason);
            }
        }
        tried.unmade.reasons = reasons.most_frequent_first();
        Ok(tried)
    }
}
