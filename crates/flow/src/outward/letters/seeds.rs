//! Copies of a print run's letters for seed lists: decoys, which show when the files are used for what they are not for.

use super::Open;
use crate::{
    Engine, FlowError,
    inward::Working,
    outward::{Claimed, purse::Purse, seeds},
};
use crowsnest_channels::letter::PostalAddress;
use crowsnest_model::{
    PrintRunId, Time,
    delivery::{DeliveryState, LETTER},
};
use std::collections::BTreeMap;

impl Engine {
    /// Adds to a print run the copies of what it prints to customers, once for each of what they are sent.
    pub(super) fn print_copies(
        &self,
        open: &mut Open,
        now: Time,
        left_out: &mut BTreeMap<String, u64>,
    ) -> Result<(), FlowError> {
        let run = open.id;
        let claimed = self.commit_blocking(move |work| claim_copies(work, run))?;
        self.write(open, claimed, now, left_out)
    }
}

/// Writes the intent to print them. A run that comes to nothing takes them off again, and the next one has copies of its own.
fn claim_copies(work: &mut Working<'_>, run: PrintRunId) -> Result<Vec<(Claimed, PostalAddress)>, FlowError> {
    let mut claimed = Vec::new();
    let mut purse = Purse::read(&*work.unit, work.live, work.now)?;
    for letter in work.unit.printed_of_each(run)? {
        for (mut copy, profile) in seeds::beside(work, &letter, &run.to_string()) {
            if let Some(suppression) = work.unit.suppression(LETTER, &copy.contact)? {
                copy.state = DeliveryState::Suppressed;
                copy.reason = Some(format!("the letter address is suppressed: {}", suppression.reason));
            }
            let to = work.live.postal_address(&profile).ok();
            let Some(to) = to.filter(|_| copy.state == DeliveryState::Sending) else {
                work.unit.put_delivery(&copy)?;
                continue;
            };
            copy.attempts = 1;
            copy.reason = Some("attempt 1".to_owned());
            // Of two versions of a program in one run there is one copy.
            if work.unit.put_delivery(&copy)? {
                work.unit.put_printed(copy.id, run, None)?;
                purse.reserve(work, &copy)?;
                claimed.push((Claimed { delivery: copy, profile }, to));
            }
        }
    }
    Ok(claimed)
}
