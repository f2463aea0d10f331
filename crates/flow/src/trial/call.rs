//! A call that a team would be asked for.

use super::Guide;
use crate::{
    FlowError,
    outward::{Forecast, Message},
};
use crowsnest_model::{
    DeliveryId, Time,
    definition::{Call, Send, TaskStep},
    delivery::{HandedOver, PHONE},
};
use crowsnest_programs::Shift;
use serde::Serialize;

/// How often the hours of the team and the contact policy are asked for one call: they put it off in turn.
const ASKED_AT_MOST: usize = 100;

/// A call that a team would be asked for.
#[derive(Debug, Clone, Serialize)]
pub struct CallTried {
    /// The team.
    pub team: String,
    /// The consent topic.
    pub topic: String,
    /// When it would come onto the team's list, if that has room; `None` when it would not.
    pub goes: Option<Time>,
    /// Why not, or what it waits for, in words.
    pub reasons: Vec<String>,
}

impl Guide<'_> {
    /// What would become of a call that is due at `due`; answers when the run goes on: when it comes onto the list, as if
    /// somebody answered at once, or when there is no point in it any more.
    pub(super) fn call(
        &mut self,
        (step, asked, call): (&str, &TaskStep, &Call),
        due: Time,
        supposed: &mut Vec<HandedOver>,
    ) -> Result<Time, FlowError> {
        let expires = self.program.expires_within(self.cause.time, due, asked.ttl);
        let send = Send {
            channel: PHONE.to_owned(),
            template: asked.title.clone(),
            topic: call.topic.clone(),
            seeds: Vec::new(),
        };
        let (goes, reasons, expired) = self.onto_a_list(&asked.team, &send, due, expires, supposed)?;
        if let Some(time) = goes {
            let (channel, topic) = (send.channel, send.topic);
            let program = self.program.name().to_owned();
            supposed.push(HandedOver { delivery: DeliveryId(0), time, program, channel, topic });
        }
        let (team, topic) = (asked.team.clone(), call.topic.clone());
        // That the team is asked is said already.
        if let Some(met) = self.steps.last_mut().filter(|met| met.step == step) {
            met.call = Some(CallTried { team, topic, goes, reasons });
        }
        Ok(goes.or(expires.filter(|_| expired)).unwrap_or(due))
    }

    /// When a call comes onto the list of a team, why not or what it waits for, and whether its time to live runs out first.
    fn onto_a_list(
        &self,
        team: &str,
        send: &Send,
        due: Time,
        expires: Option<Time>,
        supposed: &[HandedOver],
    ) -> Result<(Option<Time>, Vec<String>, bool), FlowError> {
        let (live, read) = (self.lookout.live, self.lookout.read);
        let (program, needs) = (self.program.name(), self.program.requires_fresh());
        let mut reasons: Vec<String> = Vec::new();
        let mut at = due;
        for _ in 0..ASKED_AT_MOST {
            let message = Message { program, needs, send, due: at, expires };
            let asked = Forecast::of(read, live, &self.profile, &message, supposed, self.now)?;
            for reason in asked.reasons {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
            let Some(goes) = asked.goes else { return Ok((None, reasons, asked.expires)) };
            let Some((_, shifts)) = live.shifts(team) else {
                reasons.push(format!("there is no team `{team}` in the `workspace:` document"));
                return Ok((None, reasons, false));
            };
            match shifts.at(goes) {
                Some(Shift::On(_)) => return Ok((Some(goes), reasons, false)),
                Some(Shift::Off { until, day }) => {
                    reasons.push(format!("waits: the team `{team}` works again on {day}"));
                    at = until;
                }
                None => break,
            }
        }
        reasons.push(format!("the team `{team}` does not work when it could be called"));
        Ok((None, reasons, false))
    }
}
