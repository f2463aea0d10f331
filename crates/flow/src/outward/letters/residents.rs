//! Who has a postal address: asked when one is suppressed by hand, since a line that fits nobody may be a slip.

use super::spelling::letter_contact;
use crate::{Engine, FlowError};
use serde::Serialize;

/// So many people are looked at together.
const AT_ONCE: usize = 1_000;

/// How like another address must be to be meant.
const ALIKE: f64 = 0.6;

/// Who has a postal address now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Residents {
    /// How many people.
    pub people: u64,
    /// If nobody, the address of somebody that is most like it.
    pub nearest: Option<String>,
}

impl Engine {
    /// The contact point of letters that a line means: name and address, parted by commas. Nothing when there is no name, street and
    /// city in it.
    pub fn letter_contact(&self, line: &str) -> Option<String> {
        letter_contact(line, &self.live().workspace().organisation.country)
    }

    /// How many people have letters sent to this contact point now, and which is most like it when nobody has. Looks at
    /// everybody. It blocks.
    pub fn residents(&self, contact: &str) -> Result<Residents, FlowError> {
        let live = self.live();
        self.read(|read| {
            let mut found = Residents::default();
            let mut best = ALIKE;
            let mut after = None;
            loop {
                let people = read.people_after(after, AT_ONCE)?;
                let Some(last) = people.last() else { break };
                after = Some(last.id);
                for profile in &people {
                    let Ok(address) = live.postal_address(profile) else { continue };
                    let theirs = super::contact_of(&address);
                    if theirs == contact {
                        found.people += 1;
                    } else if found.people == 0 {
                        let alike = strsim::sorensen_dice(&theirs, contact);
                        if alike > best {
                            best = alike;
                            found.nearest = Some(theirs);
                        }
                    }
                }
            }
            if found.people > 0 {
                found.nearest = None;
            }
            Ok(found)
        })
    }
}
