//! Suppressed contact points, spelt anew at the start when a release spells them otherwise: whoever said stop stays stopped.
//!
//! What is suppressed is found by its spelling, and above all that of postal addresses is ours. So the store says by which version
//! of it its rows are spelt, and what is older is spelt anew before anything is sent, some rows a commit. A process that dies in
//! between goes on where it was.

use super::letters::letter_contact;
use crate::{FlowError, Live, inward::Working};
use crowsnest_model::{contact, delivery::LETTER};
use crowsnest_store::{Page, Suppression};

/// The version of how contact points are spelt. Whoever changes the spelling of e-mail addresses, telephone numbers or postal
/// addresses adds one.
const SPELLING: u32 = 1;

/// By which version the store's rows are spelt, and how many are when not all are yet: `1`, or `1 after 500`.
const SPELT: &str = "suppressions-spelt";

/// So many rows are spelt in one commit.
const AT_ONCE: usize = 500;

/// Spells some of them anew. False when all are spelt by this version.
pub(crate) fn spell_anew(work: &mut Working<'_>) -> Result<bool, FlowError> {
    let done = SPELLING.to_string();
    let known = work.unit.setting(SPELT)?.unwrap_or_default();
    if known == done {
        return Ok(false);
    }
    let begun = known.strip_prefix(&format!("{done} after ")).and_then(|after| after.parse().ok());
    let offset: usize = begun.unwrap_or_default();
    let rows = work.unit.suppressions(None, Page { limit: AT_ONCE, offset })?;
    let (seen, mut moved) = (rows.len(), 0);
    for row in rows {
        let Some(contact) = spelt(work.live, &row.channel, &row.contact).filter(|new| *new != row.contact)
        else {
            continue;
        };
        // What would be spelt otherwise each time stays as well: rather one row too many than one that is looked for in vain.
        if spelt(work.live, &row.channel, &contact).as_ref() == Some(&contact) {
            work.unit.lift_suppression(&row.channel, &row.contact)?;
            moved += 1;
        }
        work.unit.put_suppression(&Suppression { contact, ..row })?;
    }
    // Those that were moved are no longer where they were. Wherever they are now, none is passed over.
    let next = if seen < AT_ONCE { done } else { format!("{done} after {}", offset + seen - moved) };
    work.unit.put_setting(SPELT, &next)?;
    Ok(seen == AT_ONCE)
}

/// A contact point as it is spelt now; nothing when it is none any more, and stays as it is.
fn spelt(live: &Live, channel: &str, text: &str) -> Option<String> {
    match channel {
        "email" => contact::email(text).ok(),
        LETTER => letter_contact(text, &live.workspace().organisation.country),
        _ => contact::phone(text, None).ok(),
    }
}
