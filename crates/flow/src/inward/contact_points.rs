//! What is agreed to belongs to a contact point: whose else it is hears of it, too.

use super::{Enrolment, Occurrence, Working};
use crate::{FlowError, preferences::namespace};
use crowsnest_model::{Consent, Identifier, ProfileId};
use crowsnest_profile::Touch;
use std::collections::BTreeSet;

impl Working<'_> {
    /// Somebody else may have the contact point of a consent than whoever's event says it: an address that gave way, or is
    /// shared. They are asked anew what hangs on it.
    pub(super) fn reconsider_others_of(
        &mut self,
        person: ProfileId,
        consents: &[Consent],
        cause: Occurrence,
    ) -> Result<(), FlowError> {
        let points: BTreeSet<Identifier> = consents
            .iter()
            .map(|consent| Identifier::new(namespace(&consent.channel), consent.contact.clone()))
            .collect();
        let points: Vec<&Identifier> = points.iter().collect();
        let mut others: BTreeSet<ProfileId> = self.unit.holders(&points)?.into_iter().flatten().collect();
        others.extend(self.unit.sharers(&points)?.into_iter().flatten());
        others.remove(&person);
        let now = self.now;
        let touch = Touch { consent: true, ..Touch::default() };
        for other in others {
            if self.hears_later(other, &touch) || !self.is_there(other)? {
                continue;
            }
            self.load(other)?;
            self.catch_up(other)?;
            self.reconsider(other, &touch, cause)?;
            Enrolment::of(self).look(other, now)?;
        }
        Ok(())
    }
}
