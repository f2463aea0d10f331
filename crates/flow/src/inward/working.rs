//! What a batch works on: the people it touches, loaded once, changed in memory, written once.

use super::{Enrolment, Occurrence, Prepared, Receipt, prepare::Incoming, replay::Replay};
use crate::{
    FlowError, Live,
    people::{Agreed, Lookout},
    rules::Rules,
};
use crowsnest_identity::KeptApart;
use crowsnest_model::{
    ConsentStatus, Duration, EventKind, IdMaker, Identifier, Profile, ProfileId, QuarantineId, Time,
    definition::Sync,
    delivery::PHONE,
    profile::CONTACTS,
    quarantine::{QuarantineState, Quarantined, Rejection},
};
use crowsnest_profile::Touch;
use crowsnest_programs::{Derived, Entrances};
use crowsnest_store::{EventSeq, SourceCount, StoreError, Unit};
use foldhash::fast::RandomState;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// What somebody waits for who cannot be read is tried again after this long.
pub(crate) const UNREADABLE: Duration = Duration::hours(1);

/// A person of the batch.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) profile: Profile,
    pub(crate) changed: bool,
    /// The moment at which they are looked at again has to be written.
    pub(crate) look_moved: bool,
}

/// The working set of one commit.
pub(crate) struct Working<'w> {
    pub(crate) unit: &'w mut dyn Unit,
    pub(crate) live: &'w Live,
    /// What people are asked by: what is in force, and in a replay what was.
    pub(crate) rules: Arc<Rules>,
    /// The programs that take people in: those in force, and in a replay those that were.
    pub(super) entrances: Arc<Entrances>,
    pub(crate) ids: &'w mut IdMaker,
    pub(crate) now: Time,
    pub(crate) derived: Arc<Derived>,
    /// The same, for asking people about their segments one after the other.
    pub(super) asking: Arc<Derived>,
    pub(crate) people: HashMap<ProfileId, Loaded, RandomState>,
    /// Who holds the identifiers that the batch names; `None` when nobody does.
    pub(crate) holders: HashMap<Identifier, Option<ProfileId>, RandomState>,
    /// Who goes by identifiers that the batch names, beside whose they are.
    pub(super) sharers: HashMap<Identifier, Vec<ProfileId>, RandomState>,
    pub(super) agreed: Agreed,
    /// People who are new, or were made of several, and have not been asked about their segments since.
    pub(super) anew: HashMap<ProfileId, Touch, RandomState>,
    counts: BTreeMap<String, SourceCount>,
    fresh: BTreeMap<String, Time>,
    new_people: i64,
    /// What can be believed of what is derived from events, once this is committed.
    pub(crate) believe: Option<Derived>,
    /// Something was queued, released or given a timer: the dispatcher has to look.
    pub(crate) something_due: bool,
    /// Who was decided not to be one person.
    pub(crate) kept_apart: Arc<KeptApart>,
    /// Who is to be compared with the others once this is committed.
    pub(super) to_compare: BTreeSet<ProfileId>,
    /// Somebody is.
    pub(crate) something_to_compare: bool,
    /// People who live with others than before.
    pub(super) neighbours: BTreeSet<ProfileId>,
    /// Telephone numbers at which somebody said no, which may take calls off the lists.
    pub(crate) numbers: BTreeSet<String>,
    /// A person's events are being taken in once more.
    pub(super) replay: Option<Box<Replay>>,
}

/// Whether an event may change which contact points a person has, or which of them counts.
fn names_contact(prepared: &Prepared) -> bool {
    CONTACTS.iter().any(|contact| {
        prepared.people.iter().any(|identifier| identifier.namespace.as_str() == *contact)
            || prepared.event.traits.contains_key(*contact)
    })
}

/// What each request of a batch is answered.
pub(crate) type Receipts = Vec<Receipt>;

impl<'w> Working<'w> {
    pub(crate) fn new(
        unit: &'w mut dyn Unit,
        live: &'w Live,
        ids: &'w mut IdMaker,
        now: Time,
        kept_apart: Arc<KeptApart>,
    ) -> Self {
        let derived = live.derived();
        Self {
            unit,
            live,
            rules: live.rules().clone(),
            entrances: live.plan().entrances().clone(),
            ids,
            now,
            asking: crate::builds::while_asking(live, &derived),
            derived,
            people: HashMap::default(),
            holders: HashMap::default(),
            sharers: HashMap::default(),
            agreed: Agreed::default(),
            anew: HashMap::default(),
            counts: BTreeMap::new(),
            fresh: BTreeMap::new(),
            new_people: 0,
            believe: None,
            something_due: false,
            kept_apart,
            to_compare: BTreeSet::new(),
            something_to_compare: false,
            neighbours: BTreeSet::new(),
            numbers: BTreeSet::new(),
            replay: None,
        }
    }

    /// People as conditions see them in the middle of this batch.
    pub(crate) fn lookout(&self) -> Lookout<'_> {
        self.lookout_at(self.now)
    }

    /// As [`Working::lookout`], as of another moment.
    pub(crate) fn lookout_at(&self, now: Time) -> Lookout<'_> {
        Lookout {
            agreed: &self.agreed,
            read: &*self.unit,
            live: self.live,
            derived: &self.derived,
            now,
            loaded: Some(&self.people),
        }
    }

    /// As [`Working::lookout_at`], for asking people about their segments.
    pub(super) fn lookout_asking(&self, now: Time) -> Lookout<'_> {
        Lookout { derived: &self.asking, ..self.lookout_at(now) }
    }

    /// Takes in everything that has queued up. The stages are those of [`super`]; [`Working::finish`] writes what changed.
    pub(crate) fn take_in(&mut self, requests: &[Incoming]) -> Result<Receipts, FlowError> {
        self.look_up(requests)?;
        let mut receipts = Vec::with_capacity(requests.len());
        for request in requests {
            let mut receipt = Receipt::default();
            for prepared in &request.events {
                let event = &prepared.event;
                let Some(place) = self.unit.claim(event.id)? else {
                    receipt.duplicates += 1;
                    self.source(&event.source).duplicates += 1;
                    continue;
                };
                self.take_in_one(place, prepared)?;
                receipt.accepted += 1;
                self.source(&event.source).events += 1;
                self.note_freshness(prepared);
            }
            for rejection in &request.rejected {
                self.quarantine(rejection.clone())?;
                receipt.quarantined += 1;
            }
            receipts.push(receipt);
        }
        Ok(receipts)
    }

    pub(super) fn take_in_one(&mut self, place: EventSeq, prepared: &Prepared) -> Result<(), FlowError> {
        let event = &prepared.event;
        let (person, merges) = self.identify(prepared)?;
        if let Some(replay) = &mut self.replay {
            replay.is_of(person);
        }
        let anew = self.anew.remove(&person);
        if !anew.as_ref().is_some_and(|touch| touch.newcomer) {
            // What time alone has changed by now came before this event.
            self.catch_up(person)?;
            self.decide_pending_of(person)?;
        }
        let Some(loaded) = self.people.get_mut(&person) else {
            return Err(FlowError::Broken("a person of the batch is not loaded".into()));
        };
        loaded.changed = true;
        // What they agreed to is known by the contact point, and this may be another one now.
        let contact_named = names_contact(prepared);
        if contact_named || anew.is_some() || !merges.is_empty() {
            self.agreed.forget(Some(person));
        }
        let live = self.live;
        let watched: Vec<_> = event
            .traits
            .keys()
            .filter(|name| self.entrances.dates().asks_about_trait(name))
            .map(|name| (name, loaded.profile.value(name).cloned()))
            .collect();
        let compared = event.traits.iter().any(|(name, value)| {
            loaded.profile.value(name) != Some(value) && live.fields().asks_about(name, value)
        });
        let no_room = crowsnest_profile::fold(&mut loaded.profile, event, prepared.third_party);
        if compared {
            self.to_compare.insert(person);
        }
        let moved =
            watched.into_iter().filter(|(name, before)| loaded.profile.value(name) != before.as_ref());
        let dates = moved.map(|(name, _)| name.clone()).collect();
        let country = &self.live.workspace().organisation.country;
        let (consents, homeless) = crowsnest_profile::consents_of(event, &loaded.profile, country);
        let mut agreed = false;
        for consent in &consents {
            agreed |= self.unit.put_consent(consent)?;
            if consent.channel == PHONE && consent.status == ConsentStatus::Withdrawn {
                self.numbers.insert(consent.contact.clone());
            }
            self.agreed.forget(None);
        }
        let mut flagged = Vec::new();
        if !no_room.is_empty() {
            flagged.push((
                "too-many-traits",
                format!(
                    "the event was taken in, but the person has {} traits already and these found no room: {}",
                    crowsnest_profile::MAX_TRAITS,
                    no_room.join(", ")
                ),
            ));
        }
        if !homeless.is_empty() {
            let about: Vec<_> = homeless.iter().map(|c| format!("{} / {}", c.channel, c.topic)).collect();
            flagged.push((
                "consent-without-contact",
                format!(
                    "the event was taken in, but its consent says nothing, since no contact point is known or the one \
                     that it names is not this person's: {}",
                    about.join(", ")
                ),
            ));
        }
        for (code, reason) in flagged {
            self.quarantine(Rejection {
                source: event.source.to_string(),
                feed: None,
                place: event.id.to_string(),
                code: code.into(),
                reason,
                raw: prepared.body.clone(),
                header: None,
            })?;
        }
        self.unit.put_event(place, person, event, &prepared.body)?;
        let mut touch = Touch {
            traits: event.traits.keys().cloned().collect(),
            dates,
            consent: agreed || contact_named,
            ..Touch::default()
        };
        touch.add(anew.unwrap_or_default());
        self.remember(person, prepared, &mut touch);
        self.keep_watchers(person, prepared)?;
        let cause = Occurrence { at: self.now, event: Some(event.id), announced: !event.historical };
        self.reconsider(person, &touch, cause)?;
        self.reconsider_household(person, cause)?;
        if agreed {
            self.reconsider_others_of(person, &consents, cause)?;
        }
        if event.kind == EventKind::Track {
            Enrolment::of(self).leave(person, prepared)?;
        }
        Enrolment::of(self).go_on(person, event)?;
        if !event.historical {
            for merge in &merges {
                Enrolment::of(self).merged(person, merge)?;
            }
        }
        if event.kind == EventKind::Track && !event.historical {
            Enrolment::of(self).enter(person, prepared)?;
        }
        Ok(())
    }

    /// Takes in an event that the house has made itself, in the middle of a batch.
    pub(crate) fn take_in_our_own(&mut self, prepared: &Prepared) -> Result<(), FlowError> {
        let Some(place) = self.unit.claim(prepared.event.id)? else { return Ok(()) };
        self.take_in_one(place, prepared)?;
        self.source(&prepared.event.source).events += 1;
        Ok(())
    }

    /// Finds the holders of all identifiers of the batch, and loads them.
    pub(super) fn look_up(&mut self, requests: &[Incoming]) -> Result<(), FlowError> {
        let mut wanted: Vec<&Identifier> = requests
            .iter()
            .flat_map(|request| &request.events)
            .flat_map(|prepared| prepared.people.iter().chain(&prepared.previous_user))
            .collect();
        // In the order of the store, where neighbours lie together.
        wanted.sort_unstable();
        wanted.dedup();
        let found = self.unit.holders(&wanted)?;
        let mut people: Vec<ProfileId> = found.iter().flatten().copied().collect();
        people.sort_unstable();
        people.dedup();
        for person in people {
            self.load(person)?;
        }
        self.look_up_sharers(&wanted)?;
        self.holders.extend(wanted.into_iter().cloned().zip(found));
        Ok(())
    }

    /// Loads a person, unless they are here.
    pub(crate) fn load(&mut self, id: ProfileId) -> Result<(), FlowError> {
        if !self.people.contains_key(&id) {
            let profile = self
                .unit
                .profile(id)?
                .ok_or_else(|| FlowError::Broken(format!("{id} holds an identifier and is not there")))?;
            self.people.insert(id, Loaded { profile, changed: false, look_moved: false });
        }
        Ok(())
    }

    /// Loads a person; false when they are not there. The inner error says why what is kept of them cannot be read: that is in
    /// the log, and must not stand in the way of everybody else. Any other fault is not about one person.
    pub(crate) fn try_load(&mut self, person: ProfileId) -> Result<Result<bool, String>, FlowError> {
        if self.people.contains_key(&person) {
            return Ok(Ok(true));
        }
        match self.unit.profile(person) {
            Ok(Some(profile)) => {
                self.people.insert(person, Loaded { profile, changed: false, look_moved: false });
                Ok(Ok(true))
            }
            Ok(None) => Ok(Ok(false)),
            Err(fault @ StoreError::Document { .. }) => {
                tracing::error!(profile = %person, %fault, "somebody cannot be read, and is left alone until they can");
                Ok(Err(fault.to_string()))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Whether there is such a person, and they were not absorbed.
    pub(super) fn is_there(&self, id: ProfileId) -> Result<bool, FlowError> {
        Ok(self.people.contains_key(&id) || self.unit.profile(id)?.is_some())
    }

    /// A new person.
    pub(crate) fn make_person(&mut self, time: Time) -> ProfileId {
        let was = self.replay.as_mut().and_then(|replay| replay.id_of_newcomer());
        let id = was.unwrap_or_else(|| ProfileId(self.ids.next(self.now)));
        if let Some(replay) = &mut self.replay {
            replay.people.insert(id);
        }
        self.people.insert(id, Loaded { profile: Profile::new(id, time), changed: true, look_moved: false });
        self.anew.insert(id, Touch { newcomer: true, ..Touch::default() });
        self.new_people += 1;
        id
    }

    /// A person is not loaded any more, and there is one fewer.
    pub(super) fn forget(&mut self, id: ProfileId) {
        self.people.remove(&id);
        self.holders.retain(|_, holder| *holder != Some(id));
        self.sharers.values_mut().for_each(|sharers| sharers.retain(|sharer| *sharer != id));
        self.anew.remove(&id);
        self.new_people -= 1;
    }

    /// One person fewer, after a merge.
    pub(crate) fn lost_person(&mut self) {
        self.new_people -= 1;
    }

    pub(crate) fn quarantine(&mut self, rejection: Rejection) -> Result<(), FlowError> {
        let source = rejection.source.clone();
        let new = self.unit.put_quarantined(&Quarantined {
            id: QuarantineId(self.ids.next(self.now)),
            received: self.now,
            state: QuarantineState::Open,
            attempts: 0,
            rejection,
        })?;
        // The same file again changes nothing, and so counts nothing.
        self.source(&source).quarantined += u64::from(new);
        Ok(())
    }

    fn source(&mut self, name: &str) -> &mut SourceCount {
        self.counts.entry(name.to_owned()).or_insert_with(|| SourceCount {
            source: name.to_owned(),
            events: 0,
            duplicates: 0,
            quarantined: 0,
        })
    }

    /// A source that sends as things happen is as fresh as its latest event.
    fn note_freshness(&mut self, prepared: &Prepared) {
        let event = &prepared.event;
        if event.historical || self.live.sync_of(&event.source) != Some(Sync::RealTime) {
            return;
        }
        let latest = self.fresh.entry(event.source.to_string()).or_insert(event.time);
        *latest = event.time.max(*latest);
    }

    /// Writes what the batch changed.
    pub(crate) fn finish(&mut self) -> Result<(), FlowError> {
        crate::outward::recheck_calls(self)?;
        self.reconsider_neighbours()?;
        self.reconsider_programs()?;
        let mut changed: Vec<&mut Loaded> =
            self.people.values_mut().filter(|loaded| loaded.changed).collect();
        // In the order of the store, where neighbours lie together.
        changed.sort_unstable_by_key(|loaded| loaded.profile.id);
        for loaded in changed {
            self.live.series().forget_others(&mut loaded.profile);
            self.unit.put_profile(&loaded.profile)?;
            loaded.changed = false;
            if std::mem::take(&mut loaded.look_moved) {
                self.unit.put_look(loaded.profile.id, loaded.profile.next_look)?;
            }
        }
        let mut totals = SourceCount { source: String::new(), events: 0, duplicates: 0, quarantined: 0 };
        for counts in std::mem::take(&mut self.counts).into_values() {
            totals.events += counts.events;
            totals.duplicates += counts.duplicates;
            totals.quarantined += counts.quarantined;
            self.unit.count_source(&counts)?;
        }
        for (name, more) in [
            ("events", totals.events as i64),
            ("duplicates", totals.duplicates as i64),
            ("quarantined", totals.quarantined as i64),
            ("people", std::mem::take(&mut self.new_people)),
        ] {
            if more != 0 {
                self.unit.count(name, more)?;
            }
        }
        for (source, until) in std::mem::take(&mut self.fresh) {
            if self.unit.advance_watermark(&source, until, self.now)? {
                self.something_due |= crate::outward::release_fresh(self.unit, self.live, &source, self.now)?;
            }
        }
        self.queue_compared()?;
        crate::outward::notice_room(self)?;
        self.unit.put_setting("highest_id", &self.ids.highest().to_string())?;
        Ok(())
    }
}
