//! Whose record is which: what people say now, what they said before merges, and what was decided about them.

use crowsnest_linkage::{linkage::Decision, table::Record};
use crowsnest_model::{DecisionId, ProfileId, profile::Apart};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Of {
    /// What somebody says now.
    Now(ProfileId),
    /// What somebody said before a merge.
    Before(u64),
}

/// Whose record is which.
#[derive(Default)]
pub(super) struct Everybody {
    records: HashMap<Of, Record>,
    /// Whose each record is.
    owner: Vec<ProfileId>,
    /// What people said before merges.
    before: HashMap<ProfileId, BTreeSet<u64>>,
    /// The records on the sides of decisions.
    sides: BTreeMap<DecisionId, [BTreeSet<Record>; 2]>,
    /// The record of whom each record is the same person, because an identifier or a decision says so.
    same_as: HashMap<Record, Record>,
    /// On which sides each record is.
    apart: HashMap<Record, Vec<Apart>>,
}

impl Everybody {
    /// A new record.
    pub(super) fn add(&mut self, of: Of, owner: ProfileId) -> Record {
        let record = self.owner.len() as Record;
        self.owner.push(owner);
        self.records.insert(of, record);
        if let Of::Before(id) = of {
            self.before.entry(owner).or_default().insert(id);
        }
        record
    }

    pub(super) fn record(&self, of: Of) -> Option<Record> {
        self.records.get(&of).copied()
    }

    /// Whose a record is.
    pub(super) fn owner(&self, record: Record) -> ProfileId {
        self.owner[record as usize]
    }

    /// All records of what people said before merges.
    pub(super) fn past(&self) -> impl Iterator<Item = Record> {
        self.records.iter().filter(|(of, _)| matches!(of, Of::Before(_))).map(|(_, record)| *record)
    }

    /// Whose a record is, if it is what they say now.
    pub(super) fn says_now(&self, record: Record) -> Option<ProfileId> {
        let owner = self.owner(record);
        (self.record(Of::Now(owner)) == Some(record)).then_some(owner)
    }

    /// How many records there ever were: their numbers are below it.
    pub(super) fn numbers(&self) -> Record {
        self.owner.len() as Record
    }

    /// The records of what somebody said before merges.
    pub(super) fn before(&self, owner: ProfileId) -> BTreeSet<u64> {
        self.before.get(&owner).cloned().unwrap_or_default()
    }

    /// How many records are compared.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The record by which all of a person's hang together.
    pub(super) fn anchor(&self, owner: ProfileId) -> Option<Record> {
        let first = || self.before.get(&owner)?.first().copied().map(Of::Before);
        self.record(Of::Now(owner)).or_else(|| self.record(first()?))
    }

    /// A record is somebody's now.
    pub(super) fn give(&mut self, of: Of, record: Record, owner: ProfileId) {
        let had = std::mem::replace(&mut self.owner[record as usize], owner);
        if let (Of::Before(id), true) = (of, had != owner) {
            if let Some(before) = self.before.get_mut(&had) {
                before.remove(&id);
            }
            self.before.entry(owner).or_default().insert(id);
        }
    }

    /// There is no such record any more. Its number is not given again.
    pub(super) fn forget(&mut self, of: Of) {
        if let Some(record) = self.records.remove(&of)
            && let Of::Before(id) = of
            && let Some(before) = self.before.get_mut(&self.owner[record as usize])
        {
            before.remove(&id);
        }
    }

    /// A record is the same person's as another. Answers what is to be undone and done for that.
    pub(super) fn tie(&mut self, record: Record, to: Option<Record>) -> (Option<Decision>, Option<Decision>) {
        let to = to.filter(|to| *to != record);
        let before = match to {
            Some(to) => self.same_as.insert(record, to),
            None => self.same_as.remove(&record),
        };
        if before == to {
            return (None, None);
        }
        let same = |other: Record| Decision { a: record, b: other, same: true };
        (before.map(same), to.map(same))
    }

    /// A record is on these sides of decisions. Answers what is to be undone and done for that.
    pub(super) fn part(&mut self, record: Record, apart: &[Apart]) -> (Vec<Decision>, Vec<Decision>) {
        let before = match apart {
            [] => self.apart.remove(&record).unwrap_or_default(),
            _ => self.apart.insert(record, apart.to_vec()).unwrap_or_default(),
        };
        let different = |other: Record| Decision { a: record, b: other, same: false };
        let (mut undone, mut done) = (Vec::new(), Vec::new());
        for side in before.iter().filter(|side| !apart.contains(side)) {
            let sides = self.sides.entry(side.decision).or_default();
            sides[usize::from(side.side)].remove(&record);
            undone.extend(sides[usize::from(1 - side.side)].iter().map(|other| different(*other)));
        }
        for side in apart.iter().filter(|side| !before.contains(side)) {
            let sides = self.sides.entry(side.decision).or_default();
            sides[usize::from(side.side)].insert(record);
            done.extend(sides[usize::from(1 - side.side)].iter().map(|other| different(*other)));
        }
        // Two decisions may keep the same two apart.
        undone.retain(|gone| !self.are_apart(gone.a, gone.b));
        (undone, done)
    }

    fn are_apart(&self, one: Record, other: Record) -> bool {
        let sides = |record| self.apart.get(&record).map_or(&[][..], Vec::as_slice);
        Apart::between(sides(one), sides(other)).is_some()
    }

    /// All decisions that hold among the records.
    pub(super) fn decisions(&self) -> Vec<Decision> {
        let same = self.same_as.iter().map(|(a, b)| Decision { a: *a, b: *b, same: true });
        let mut all: Vec<Decision> = same.collect();
        for [one, other] in self.sides.values() {
            for a in one {
                all.extend(other.iter().map(|b| Decision { a: *a, b: *b, same: false }));
            }
        }
        all.sort_by_key(|decision| (decision.same, decision.a, decision.b));
        all
    }

    /// Notes how a record stands to others: whose it is, and with whom it must not be one.
    pub(super) fn note(&mut self, record: Record, owner: Option<Record>, apart: &[Apart]) {
        self.tie(record, owner);
        self.part(record, apart);
    }
}
