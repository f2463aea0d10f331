//! Whom an identifier means that several may go by: a family's mailbox, an office's number.
//!
//! Before somebody is taken for whoever goes by an identifier, what is said of them is compared with what is known of those who
//! do. Whom it clearly speaks against they are not, and share the identifier with. Asked only where people are matched by
//! likeness.

use super::{Prepared, Working};
use crate::{
    FlowError,
    matching::{Fields, Record, Weigher},
};
use crowsnest_identity::{Known, Meant};
use crowsnest_model::{Identifier, Namespace, Profile, ProfileId, definition::NamespaceRule, profile::Apart};
use std::{
    borrow::Cow,
    cell::{OnceCell, RefCell},
};

/// So many share an identifier at most. By which more go, it is no family's: it says nothing any more of who somebody is, and a
/// commit must not compare with thousands.
const CROWD: usize = 16;

/// What is known before an event is resolved, and what the event says itself.
pub(super) struct Asking<'a, 'w> {
    work: &'a Working<'w>,
    prepared: &'a Prepared,
    /// What the event says of the person, if that is anything of their own.
    says: OnceCell<Option<Record>>,
    fault: RefCell<Option<FlowError>>,
}

impl Known for Asking<'_, '_> {
    fn holder(&self, identifier: &Identifier) -> Option<ProfileId> {
        self.work.holder(identifier)
    }

    fn profile(&self, id: ProfileId) -> Option<&Profile> {
        self.work.profile(id)
    }

    fn rule(&self, namespace: &Namespace) -> Cow<'_, NamespaceRule> {
        self.work.rule(namespace)
    }

    fn apart(&self, identifier: &Identifier) -> &[Apart] {
        Known::apart(self.work, identifier)
    }

    fn meant(&self, so_far: &[ProfileId], identifier: &Identifier) -> Meant {
        let Some(fields) = self.work.live.match_fields() else { return self.work.meant(so_far, identifier) };
        if self.work.rule(&identifier.namespace).unique {
            return self.work.meant(so_far, identifier);
        }
        self.by_likeness(fields, so_far, identifier).unwrap_or_else(|fault| {
            // The commit fails with it.
            *self.fault.borrow_mut() = Some(fault);
            Meant::Nobody
        })
    }
}

impl<'a, 'w> Asking<'a, 'w> {
    pub(super) fn new(work: &'a Working<'w>, prepared: &'a Prepared) -> Self {
        Self { work, prepared, says: OnceCell::new(), fault: RefCell::new(None) }
    }

    /// What went wrong while it was asked.
    pub(super) fn fault(self) -> Result<(), FlowError> {
        self.fault.into_inner().map_or(Ok(()), Err)
    }

    fn by_likeness(
        &self,
        fields: &Fields,
        so_far: &[ProfileId],
        identifier: &Identifier,
    ) -> Result<Meant, FlowError> {
        let holder = self.work.holder(identifier);
        let sharers = self.work.sharers.get(identifier).map_or(&[][..], Vec::as_slice);
        if holder.iter().chain(sharers).any(|person| so_far.contains(person)) {
            return Ok(Meant::SoFar);
        }
        if let Some(replay) = &self.work.replay {
            // Whatever is known of likeness by now, whoever shared it since this event does so again.
            let then = replay.shared_since.get(&(self.prepared.event.id, identifier.clone()));
            if let Some(reason) = then {
                return Ok(Meant::Another { reason: reason.clone(), crowded: false });
            }
        }
        if sharers.len() >= CROWD && self.prepared.people.iter().any(|named| named != identifier) {
            return Ok(another(identifier, "so many go by it that it makes nobody one", sharers));
        }
        // Nor is anybody else drawn in: of what is somebody else's, it counts who shared it.
        let ours = |person: &&ProfileId| {
            self.work.replay.as_ref().is_none_or(|replay| replay.people.contains(person))
        };
        let those: Vec<ProfileId> = holder.iter().chain(sharers).filter(ours).copied().collect();
        let held_outside = holder.as_ref().is_some_and(|holder| !ours(&holder));
        let Some(first) = those.first() else {
            return Ok(match held_outside {
                true => another(identifier, "they are somebody else", sharers),
                false => Meant::Nobody,
            });
        };
        let mut said: Vec<Vec<Record>> = Vec::new();
        said.extend(self.says(fields).map(|record| vec![record.clone()]));
        for person in so_far {
            let mut records = self.records(fields, *person)?;
            records.retain(|record| fields.says_own(record));
            said.extend((!records.is_empty()).then_some(records));
        }
        if said.is_empty() || those.len() == 1 && self.spelt_alike(fields, &said, *first) {
            return Ok(Meant::Person(*first));
        }
        let weigher = fields.weigher(|| self.work.unit.match_model())?;
        let mut most: Option<(f64, ProfileId)> = None;
        let mut against = None;
        for person in &those {
            match self.weighed(fields, &weigher, &said, *person)? {
                Ok(bits) if most.is_none_or(|(most, _)| bits > most) => most = Some((bits, *person)),
                Ok(_) => {}
                // Of those who are not meant, whose it is comes first.
                Err(reason) => against = against.or(Some(reason)),
            }
        }
        Ok(match most {
            Some((_, person)) => Meant::Person(person),
            None => another(identifier, &against.unwrap_or_default(), sharers),
        })
    }

    /// What the event says of the person, if that is anything of their own.
    fn says(&self, fields: &Fields) -> Option<&Record> {
        let says = self.says.get_or_init(|| {
            let event = &self.prepared.event;
            Some(fields.record_of_event(&event.traits, &self.prepared.people))
                .filter(|record| fields.says_own(record))
        });
        says.as_ref()
    }

    /// What somebody says now, and said before merges.
    fn records(&self, fields: &Fields, person: ProfileId) -> Result<Vec<Record>, FlowError> {
        let now = self.work.people.get(&person).map(|loaded| fields.all_said(&loaded.profile));
        let before = self.work.unit.match_records_of(person)?;
        Ok(now.into_iter().chain(before.iter().map(|kept| fields.read_doc(&kept.doc))).collect())
    }

    /// Whether nothing of their own is spelt otherwise; then there is nothing to be weighed.
    fn spelt_alike(&self, fields: &Fields, said: &[Vec<Record>], person: ProfileId) -> bool {
        let Some(loaded) = self.work.people.get(&person) else { return false };
        let now = fields.all_said(&loaded.profile);
        said.iter().all(|records| records.iter().any(|record| fields.spells_alike(record, &now)))
    }

    /// How alike somebody is to all that is said; or else why they are not meant.
    fn weighed(
        &self,
        fields: &Fields,
        weigher: &Weigher,
        said: &[Vec<Record>],
        person: ProfileId,
    ) -> Result<Result<f64, String>, FlowError> {
        let records = self.records(fields, person)?;
        let theirs: Vec<&Record> = records.iter().collect();
        let mut bits = 0.0;
        for ours in said {
            let ours: Vec<&Record> = ours.iter().collect();
            let weighed = weigher.weigh(&ours, &theirs);
            if let Some(against) = weighed.against {
                let (one, other) = against.pair;
                let [one, other] = [ours[one], theirs[other]].map(|of| fields.own_text(of, &against.field));
                return Ok(Err(format!(
                    "their {} is {one} and not {other}: {:+.1}",
                    against.field, against.bits
                )));
            }
            bits += weighed.bits;
        }
        Ok(Ok(bits))
    }
}

/// Nobody of those who go by an identifier is meant.
fn another(identifier: &Identifier, reason: &str, sharers: &[ProfileId]) -> Meant {
    let what = match identifier.namespace.as_str() {
        "email" => "e-mail address",
        "phone" => "telephone number",
        other => other,
    };
    Meant::Another { reason: format!("{reason}; the {what} is shared"), crowded: sharers.len() >= CROWD }
}

impl Working<'_> {
    /// Whoever goes by identifiers beside whose they are, loaded.
    pub(super) fn look_up_sharers(&mut self, identifiers: &[&Identifier]) -> Result<(), FlowError> {
        if self.live.match_fields().is_none() {
            return Ok(());
        }
        let may_be_shared = |identifier: &&&Identifier| {
            let rule = self.live.normaliser().rule(&identifier.namespace);
            !rule.unique && !rule.device
        };
        let wanted: Vec<&Identifier> = identifiers.iter().filter(may_be_shared).copied().collect();
        let found = self.unit.sharers(&wanted)?;
        for person in found.iter().flatten() {
            self.load(*person)?;
        }
        for (identifier, sharers) in wanted.into_iter().zip(found) {
            match sharers.is_empty() {
                true => self.sharers.remove(identifier),
                false => self.sharers.insert(identifier.clone(), sharers),
            };
        }
        Ok(())
    }

    /// Somebody goes by an identifier that is somebody else's, from now on. Answers whether they did not before.
    pub(super) fn share(
        &mut self,
        person: ProfileId,
        identifier: &Identifier,
        prepared: &Prepared,
    ) -> Result<bool, FlowError> {
        let holds = self.holder(identifier) == Some(person);
        let Some(loaded) = self.people.get_mut(&person).filter(|_| !holds) else { return Ok(false) };
        loaded.changed = true;
        if !crowsnest_profile::see_link(&mut loaded.profile.shared, identifier, prepared.event.time) {
            return Ok(false);
        }
        self.unit.put_sharer(identifier, person)?;
        let sharers = self.sharers.entry(identifier.clone()).or_default();
        sharers.push(person);
        sharers.sort_unstable();
        self.compare_later(person);
        Ok(true)
    }

    /// What two people share who become one: it is the survivor's to share, or theirs.
    pub(super) fn share_as_one(&mut self, survivor: ProfileId, absorbed: &Profile) -> Result<(), FlowError> {
        let Some(loaded) = self.people.get(&survivor) else { return Ok(()) };
        let mine: Vec<Identifier> = loaded.profile.shared.iter().map(|link| link.identifier()).collect();
        let theirs: Vec<Identifier> = absorbed.shared.iter().map(|link| link.identifier()).collect();
        let of_one = |identifier: &Identifier| {
            loaded.profile.identifiers.iter().chain(&absorbed.identifiers).any(|link| link.names(identifier))
        };
        let (held, shared): (Vec<_>, Vec<_>) = mine.iter().chain(&theirs).partition(|id| of_one(id));
        for identifier in held.into_iter().chain(&theirs) {
            for person in [survivor, absorbed.id] {
                self.unit.remove_sharer(identifier, person)?;
                if let Some(sharers) = self.sharers.get_mut(identifier) {
                    sharers.retain(|sharer| *sharer != person);
                }
            }
        }
        for identifier in shared {
            self.unit.put_sharer(identifier, survivor)?;
            let sharers = self.sharers.entry(identifier.clone()).or_default();
            if !sharers.contains(&survivor) {
                sharers.push(survivor);
                sharers.sort_unstable();
            }
        }
        Ok(())
    }
}
