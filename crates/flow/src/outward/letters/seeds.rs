//! Copies of a print run's letters for seed lists: decoys, which show when the files are used for what they are not for.

use super::{Open, compose_letter, file_fault, folder};
use crate::{
    Engine, FlowError, Live,
    inward::Working,
    outward::{
        contact::suppressed_word,
        purse::{Paid, Purse},
        seeds,
    },
};
use crowsnest_channels::letter::Letter;
use crowsnest_model::{
    PrintRunId, Time,
    delivery::{Delivery, DeliveryState, LETTER},
};
use crowsnest_store::Read;
use std::collections::{BTreeMap, BTreeSet};

impl Engine {
    /// Adds to a print run the copies of what it prints to customers, once for each of what they are sent.
    pub(super) fn print_copies(&self, open: &mut Open, now: Time) -> Result<(), FlowError> {
        let run = open.id;
        let folder = folder(self.data());
        for letter in self.commit_blocking(move |work| claim_copies(work, run, now))? {
            open.files.add(&letter).map_err(|error| file_fault(&folder, &error))?;
        }
        Ok(())
    }
}

/// The copies that a print run would have, while letters are looked at that it would print.
#[derive(Default)]
pub(super) struct Copies {
    /// Of which letters they were looked at: by program, version, template and topic.
    of: BTreeSet<(String, u32, String, String)>,
    /// Of two versions of a program there is one copy for each seed. With a letter beside which it is printed.
    made: BTreeMap<(String, String, String, String), Delivery>,
}

impl Copies {
    /// A letter would be printed: its copies are counted, as far as they can be made.
    pub(super) fn beside(
        &mut self,
        read: &dyn Read,
        live: &Live,
        letter: &Delivery,
        now: Time,
    ) -> Result<(), FlowError> {
        let Delivery { program, version, template, topic, .. } = letter;
        if !self.of.insert((program.clone(), *version, template.clone(), topic.clone())) {
            return Ok(());
        }
        for copy in live.copies_beside(letter) {
            let Ok(contact) = &copy.contact else { continue };
            let made = live.postal_address(&copy.profile).and_then(|to| {
                compose_letter(live, template, &copy.profile, to, &letter.event, Some(letter), now)
            });
            if made.is_ok() && read.suppression(LETTER, contact)?.is_none() {
                let one = (program.clone(), template.clone(), topic.clone(), copy.seed);
                self.made.entry(one).or_insert_with(|| letter.clone());
            }
        }
        Ok(())
    }

    /// How many there is money for, when that for the letters is gone.
    pub(super) fn count(&self, live: &Live, purse: &mut Purse) -> u64 {
        let mut paid = 0;
        for letter in self.made.values().map(Paid::from) {
            if purse.no_room(live, letter).is_none() {
                purse.suppose(live, letter);
                paid += 1;
            }
        }
        paid
    }
}

/// Makes them, and writes the intent to print them; what cannot be made has failed, and what there is no money for is left out. A run that comes to nothing takes them off again,
/// and the next one has copies of its own.
fn claim_copies(work: &mut Working<'_>, run: PrintRunId, now: Time) -> Result<Vec<Letter>, FlowError> {
    let mut claimed = Vec::new();
    let mut purse = Purse::read(&*work.unit, work.live, work.now)?;
    for letter in work.unit.printed_of_each(run)? {
        for (mut copy, profile) in seeds::beside(work, &letter, &run.to_string()) {
            let made = work.live.postal_address(&profile).and_then(|to| {
                compose_letter(work.live, &copy.template, &profile, to, &copy.event, Some(&copy), now)
            });
            if let Some(suppression) = work.unit.suppression(LETTER, &copy.contact)? {
                copy.state = DeliveryState::Suppressed;
                copy.reason = Some(suppressed_word(LETTER, &suppression.reason));
            }
            // The letters have had what there was. The next run has copies of its own.
            if copy.state == DeliveryState::Sending
                && made.is_ok()
                && let Some((_, reason)) = purse.no_room(work.live, &copy)
            {
                purse.holds_up(work, &copy)?;
                (copy.state, copy.reason) = (DeliveryState::Cancelled, Some(reason));
            }
            match made {
                Ok(made) if copy.state == DeliveryState::Sending => {
                    copy.attempts = 1;
                    copy.reason = Some("attempt 1".to_owned());
                    // Of two versions of a program in one run there is one copy.
                    if work.unit.put_delivery(&copy)? {
                        work.unit.put_printed(copy.id, run, None)?;
                        purse.reserve(work, &copy)?;
                        claimed.push(made);
                    }
                }
                Err(reason) if copy.state == DeliveryState::Sending => {
                    copy.state = DeliveryState::Failed;
                    copy.reason = Some(format!("the letter could not be made: {reason}"));
                    work.unit.put_delivery(&copy)?;
                }
                _ => {
                    work.unit.put_delivery(&copy)?;
                }
            }
        }
    }
    Ok(claimed)
}
