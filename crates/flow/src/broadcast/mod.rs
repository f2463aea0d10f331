//! One-off mailings: who would get it and why not, and the launch.

mod audience;
mod decided;
mod launch;
mod survey;

pub use audience::{Audience, Chosen, LaunchReport};

use crate::{
    Engine, FlowError, Live,
    outward::{SAMPLED, estimate},
};
use audience::Tally;
use crowsnest_model::ProfileId;
use crowsnest_programs::LiveBroadcast;
use decided::Decided;
use std::sync::Arc;
use survey::Survey;

/// People looked at together, and decided in one commit.
const PAGE: usize = 1_000;

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
        self.readers().read(|read| {
            let survey = Survey::new(read, &live, broadcast, ProfileId(u64::MAX), self.now());
            let (mut decided, mut tally) = (Decided::preview(), Tally::default());
            let mut after = None;
            let mut sample = Vec::new();
            loop {
                let (people, are_last) = survey.people(after, PAGE)?;
                let decisions = survey.decide(&people, &mut decided, &mut tally)?;
                let recipients = decisions.iter().filter(|decision| decision.queued);
                sample.extend(recipients.map(|recipient| recipient.profile).take(SAMPLED - sample.len()));
                after = people.last().map(|profile| profile.id);
                if are_last {
                    break;
                }
            }
            let mut audience = tally.audience();
            let send = (name, &broadcast.definition.send);
            audience.cost = estimate(read, &live, send, audience.recipients, &sample, self.now())?;
            Ok(audience)
        })
    }
}
