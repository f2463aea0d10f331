//! What came of the messages of a launch so far.

use super::Audience;
use crate::{
    Engine, FlowError, Spent,
    reasons::{ReasonCount, ReasonKinds},
    spent_by_program,
};
use crowsnest_model::delivery::DeliveryState;
use crowsnest_programs::is_choice;
use std::collections::BTreeMap;

/// What came of a broadcast's messages so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Came {
    /// How many messages to recipients are in which state.
    pub states: BTreeMap<String, u64>,
    /// The same of those that did not just go out, by state and kind of reason, the most frequent first. Whoever was left out at the
    /// launch is in its audience, and not here.
    pub reasons: Vec<(String, String, u64)>,
    /// What they cost so far, with the copies for seed lists.
    pub cost: Vec<Spent>,
}

impl Engine {
    /// What came of a broadcast's messages so far. It blocks.
    pub fn broadcast_came(&self, name: &str) -> Result<Came, FlowError> {
        self.launch_report(name)?;
        self.read(|read| {
            let audience = read.launch(name)?.map(|launch| Audience::of(launch.counts)).unwrap_or_default();
            // Those of them who were left out when they were looked at have deliveries, too.
            let mut left_out: BTreeMap<String, u64> = audience.left_out.into_iter().collect();
            let mut came = Came::default();
            let mut reasons: BTreeMap<String, ReasonKinds> = BTreeMap::new();
            for (state, reason, mut times) in read.delivery_reasons(name)? {
                let reason = reason.as_deref().map(without_person).unwrap_or_default();
                if state == DeliveryState::Suppressed.as_str()
                    && let Some(left) = left_out.get_mut(reason)
                {
                    let of_launch = times.min(*left);
                    *left -= of_launch;
                    times -= of_launch;
                }
                if times == 0 {
                    continue;
                }
                *came.states.entry(state.clone()).or_default() += times;
                let went = [DeliveryState::Sent, DeliveryState::Sending].map(DeliveryState::as_str);
                if !reason.is_empty() && !is_choice(reason) && !went.contains(&state.as_str()) {
                    reasons.entry(state).or_default().add_times(reason, times);
                }
            }
            for (state, reasons) in reasons {
                let rows = reasons.most_frequent_first().into_iter();
                came.reasons.extend(rows.map(|one| (state.clone(), one.reason, one.count)));
            }
            came.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.2));
            came.cost = spent_by_program(read)?.remove(name).unwrap_or_default();
            Ok(came)
        })
    }
}

impl Engine {
    /// How many deliveries of a program or broadcast are in which state for which kind of reason, the most frequent first. It blocks.
    pub fn delivery_reasons(
        &self,
        program: &str,
    ) -> Result<Vec<(String, Option<ReasonCount>, u64)>, FlowError> {
        let found = self.read(|read| read.delivery_reasons(program))?;
        let mut rows = Vec::new();
        let mut states: BTreeMap<String, ReasonKinds> = BTreeMap::new();
        for (state, reason, times) in found {
            match reason {
                Some(reason) => states.entry(state).or_default().add_times(without_person(&reason), times),
                None => rows.push((state, None, times)),
            }
        }
        for (state, reasons) in states {
            let counts = reasons.most_frequent_first().into_iter();
            rows.extend(counts.map(|one| (state.clone(), Some(one.clone()), one.count)));
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.2));
        Ok(rows)
    }
}

/// The reason without who gets it instead.
fn without_person(reason: &str) -> &str {
    match reason.rsplit_once(" (prf_") {
        Some((reason, who)) if who.ends_with(')') => reason,
        _ => reason,
    }
}
