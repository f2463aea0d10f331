//! Who lives with whom, by what people say now: a second layer, which makes nobody one person.

use super::{
    AT_ONCE,
    everybody::{Everybody, Of},
    matcher::Matcher,
};
use crate::{Engine, FlowError};
use crowsnest_linkage::{
    Settings,
    household::{
        HomeModel,
        live::{Homes as Found, Household},
    },
    live::{Changes, Live},
    table::Record,
};
use crowsnest_model::{HouseholdId, ProfileId};
use crowsnest_store::{Read, StoreError};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// Why somebody has no home any more.
const NOTHING_SHARED: &str = "shares nothing any more by which they were found to live together";

/// The same, when it is not looked for.
const NOT_WANTED: &str = "households are not found here any more: see `matching` in the `identity:` document";

/// Somebody who lives with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Living {
    pub(crate) person: ProfileId,
    /// By what that was found, in words.
    pub(crate) reason: String,
}

/// Who lives with whom, of people about whom that is news.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Together {
    /// Each household, two people or more.
    pub(crate) households: Vec<Vec<Living>>,
    /// Who lived with others, and does so no more.
    pub(crate) alone: Vec<ProfileId>,
    /// Why.
    pub(crate) why_alone: &'static str,
}

impl Together {
    pub(super) fn is_empty(&self) -> bool {
        self.households.is_empty() && self.alone.is_empty()
    }
}

/// The households of everybody who is compared.
pub(super) struct Homes {
    found: Found,
    /// Records about which there may be something new.
    touched: Vec<Record>,
}

/// Of whom it is still to be seen, after reading everybody, whether the store knows where they live.
pub(super) struct HomesToSee {
    records: Range<Record>,
    /// Who has a home in the store, after this one; `None` once all were seen.
    stored: Option<Option<ProfileId>>,
}

impl HomesToSee {
    pub(super) fn new(records: Record) -> Self {
        Self { records: 0..records, stored: Some(None) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.stored.is_none()
    }
}

impl Homes {
    /// Of everybody.
    pub(super) fn of(live: &Live, model: HomeModel, settings: &Settings, people: &Everybody) -> Self {
        let mut found = Found::new(live, model, settings);
        // Where somebody lived before a merge is not where they live.
        people.past().for_each(|record| found.pass_over(record));
        let all: Vec<Record> = (0..live.table.records() as Record).collect();
        found.update(live, &all);
        Self { found, touched: Vec::new() }
    }

    /// A new record is of what somebody said before a merge.
    pub(super) fn pass_over(&mut self, record: Record) {
        self.found.pass_over(record);
    }

    /// Notes what has changed.
    pub(super) fn touch(&mut self, records: &[Record], changes: &[Changes]) {
        self.touched.extend(records);
        self.touched.extend(changes.iter().flat_map(|change| &change.touched));
    }
}

impl Matcher {
    /// Takes in all that has changed since the last time. Answers about whose home there may be news, these people among them.
    pub(super) fn homes_changed(&mut self, people: impl Iterator<Item = ProfileId>) -> BTreeSet<ProfileId> {
        let mut news: BTreeSet<ProfileId> = people.collect();
        if let Some(homes) = &mut self.homes {
            let touched = std::mem::take(&mut homes.touched);
            for moved in homes.found.update(&self.live, &touched) {
                if self.live.is_known(moved.person) {
                    let records = self.live.records_of(moved.person);
                    news.extend(records.into_iter().map(|record| self.people.owner(record)));
                }
            }
        }
        news
    }

    /// The household in which somebody lives; of one or more.
    fn home(&self, person: ProfileId) -> Option<Household> {
        let record = self.people.record(Of::Now(person))?;
        self.homes.as_ref()?.found.home(self.live.person(record))
    }

    /// Who lives in a household. Two who may be one person, and are not yet, are both of it.
    fn living_in(&self, home: Household) -> BTreeSet<ProfileId> {
        let people = self.homes.iter().flat_map(|homes| homes.found.members(home));
        let records = people.flat_map(|person| self.live.records_of(*person));
        records.filter_map(|record| self.people.says_now(record)).collect()
    }

    /// By what somebody was found to live with the others of a household.
    fn living(&self, person: ProfileId, home: Household) -> Living {
        let mut shared: BTreeSet<&str> = BTreeSet::new();
        if let (Some(record), Some(homes)) = (self.people.record(Of::Now(person)), &self.homes) {
            let me = self.live.person(record);
            let others = homes.found.members(home).iter().filter(|other| **other != me);
            shared.extend(others.flat_map(|other| homes.found.shared(me, *other)));
        }
        let shared: Vec<&str> = shared.into_iter().collect();
        let reason = match shared.as_slice() {
            [] => "may be one person with somebody there".to_owned(),
            some => format!("same {}", some.join(", same ")),
        };
        Living { person, reason }
    }

    /// Who lives with whom, as far as the store does not say so already: of these people, of those with whom they live, and of
    /// those with whom they lived. So whoever had a home is among them whenever somebody else may get it.
    pub(super) fn together(
        &self,
        read: &dyn Read,
        people: BTreeSet<ProfileId>,
    ) -> Result<Together, StoreError> {
        let mut homes: BTreeMap<Household, BTreeSet<ProfileId>> = BTreeMap::new();
        let mut had: BTreeMap<ProfileId, HouseholdId> = BTreeMap::new();
        let mut stored: BTreeMap<HouseholdId, Vec<ProfileId>> = BTreeMap::new();
        let mut to_see: Vec<ProfileId> = people.into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(person) = to_see.pop() {
            if !seen.insert(person) {
                continue;
            }
            if let Some(home) = self.home(person)
                && !homes.contains_key(&home)
            {
                let members = self.living_in(home);
                to_see.extend(&members);
                homes.insert(home, members);
            }
            if let Some(home) = read.home_of(person)? {
                had.insert(person, home);
                if let std::collections::btree_map::Entry::Vacant(vacant) = stored.entry(home) {
                    to_see.extend(vacant.insert(read.living_in(home)?).iter());
                }
            }
        }
        let why_alone = if self.homes.is_some() { NOTHING_SHARED } else { NOT_WANTED };
        let mut together = Together { why_alone, ..Together::default() };
        for (home, members) in homes.into_iter().filter(|(_, members)| members.len() > 1) {
            members.iter().for_each(|member| {
                seen.remove(member);
            });
            let known = members.first().and_then(|first| stored.get(had.get(first)?));
            if known.is_none_or(|known| !known.iter().eq(&members)) {
                together.households.push(members.iter().map(|member| self.living(*member, home)).collect());
            }
        }
        together.alone = seen.into_iter().filter(|person| had.contains_key(person)).collect();
        Ok(together)
    }

    /// Looks at some of those who were there when everybody was read, and at some of whom the store knows a home.
    pub(super) fn sweep_homes(
        &self,
        engine: &Engine,
        to_see: &mut HomesToSee,
    ) -> Result<Together, FlowError> {
        let mut people: BTreeSet<ProfileId> =
            to_see.records.by_ref().take(AT_ONCE).filter_map(|record| self.people.says_now(record)).collect();
        engine.read(|read| {
            if let Some(after) = to_see.stored {
                let page = read.at_home(after, AT_ONCE)?;
                to_see.stored = page.last().map(|last| Some(*last));
                people.extend(page);
            }
            self.together(read, people)
        })
    }
}

/// Nobody wants to know any more who lives with whom: homes are over.
pub(super) fn leave_all(engine: &Engine) -> Result<(), FlowError> {
    loop {
        let alone = engine.read(|read| read.at_home(None, AT_ONCE))?;
        if alone.is_empty() {
            return Ok(());
        }
        let together = Together { alone, why_alone: NOT_WANTED, ..Together::default() };
        engine.commit_blocking(move |work| work.settle_homes(&together))?;
    }
}
