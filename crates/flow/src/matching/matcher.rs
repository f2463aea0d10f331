//! Everybody, ready to be compared with the next one.

use super::{AT_ONCE, Alike, Fields, Finding, MatchState, fields::Record as Said};
use crate::{Engine, FlowError, inward::Settled};
use crowsnest_linkage::{
    Model,
    layout::Intake,
    linkage::Decision,
    live::{Changes, Live},
    review::OpenQuestion,
    table::Record,
};
use crowsnest_model::{DecisionId, Profile, ProfileId, profile::Apart};
use crowsnest_store::{Evidence, Read};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// A model is learned anew when there are so many times as many records as when it was learned.
const OUTGROWN: u64 = 2;

/// In the beginning it is not learned with every new person.
const FIRST: u64 = 20;

/// Everybody, ready to be compared with the next one.
pub(super) struct Matcher {
    fields: Arc<Fields>,
    live: Live,
    intake: Intake,
    model: String,
    learned_from: u64,
    people: Everybody,
    sweep: Option<Sweep>,
}

/// What is still to be looked at after reading everybody.
struct Sweep {
    records: std::ops::Range<Record>,
    doubts: Vec<OpenQuestion>,
}

/// Whose record is which.
#[derive(Default)]
pub(super) struct Everybody {
    records: HashMap<ProfileId, Record>,
    /// The id under which each record was made.
    made_for: Vec<ProfileId>,
    /// Who has it now: whoever absorbed that id.
    owner: Vec<ProfileId>,
    /// The records on the sides of decisions.
    sides: BTreeMap<DecisionId, [BTreeSet<Record>; 2]>,
    /// The record of whom each record is the same person, because an identifier or a decision says so.
    same_as: HashMap<Record, Record>,
    /// On which sides each record is.
    apart: HashMap<Record, Vec<Apart>>,
}

impl Everybody {
    /// A new record, made for an id.
    pub(super) fn add(&mut self, id: ProfileId, owner: ProfileId) -> Record {
        let record = self.made_for.len() as Record;
        self.made_for.push(id);
        self.owner.push(owner);
        self.records.insert(id, record);
        record
    }

    pub(super) fn record(&self, id: ProfileId) -> Option<Record> {
        self.records.get(&id).copied()
    }

    /// Who has a record now, as far as is known here.
    pub(super) fn owner(&self, record: Record) -> ProfileId {
        let mut owner = self.owner[record as usize];
        // Whoever absorbed them may have been absorbed since. While that is being read it may go round in a circle.
        for _ in 0..64 {
            match self.record(owner).map(|record| self.owner[record as usize]) {
                Some(next) if next != owner => owner = next,
                _ => break,
            }
        }
        owner
    }

    pub(super) fn len(&self) -> usize {
        self.made_for.len()
    }

    /// A record is the same person's as that of whoever absorbed them. Answers what is to be undone and done for that.
    fn tie(&mut self, record: Record, to: Option<Record>) -> (Option<Decision>, Option<Decision>) {
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
    fn part(&mut self, record: Record, apart: &[Apart]) -> (Vec<Decision>, Vec<Decision>) {
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

/// Somebody as they are to be compared.
enum Now {
    /// By what they say today.
    Said(Said, Vec<Apart>),
    /// By what they said before they were absorbed.
    Before(Said, ProfileId),
    /// Not at all.
    Nobody(ProfileId),
}

impl Matcher {
    pub(super) fn new(
        fields: Arc<Fields>,
        live: Live,
        model: &Model,
        learned_from: u64,
        people: Everybody,
    ) -> Self {
        Self {
            intake: fields.intake(&model.layout),
            fields,
            model: model.version(),
            learned_from,
            sweep: Some(Sweep {
                records: 0..people.len() as Record,
                doubts: live.open_questions().copied().collect(),
            }),
            live,
            people,
        }
    }

    /// Whether this is by the fields that are in force.
    pub(super) fn serves(&self, fields: &Arc<Fields>) -> bool {
        Arc::ptr_eq(&self.fields, fields)
    }

    /// Whether there are so many more people that the model has to be learned anew.
    pub(super) fn has_outgrown(&self) -> bool {
        Self::outgrown(self.people.len() as u64, self.learned_from)
    }

    /// Whether so many records are too many for a model that was learned from as many.
    pub(super) fn outgrown(records: u64, learned_from: u64) -> bool {
        records >= learned_from * OUTGROWN + FIRST
    }

    /// Looks at some; answers whether there may be more.
    pub(super) fn step(&mut self, engine: &Engine) -> Result<bool, FlowError> {
        let queue = engine.read(|read| read.match_queue(AT_ONCE))?;
        if queue.is_empty() {
            return self.sweep(engine);
        }
        let mut findings = Vec::new();
        for (id, _) in &queue {
            let now = engine.read(|read| self.now(read, *id))?;
            findings.extend(self.compare(*id, now));
        }
        self.settle(engine, findings, queue)?;
        let records = self.people.len() as u64;
        engine.set_match_standing(|standing| standing.records = records);
        Ok(true)
    }

    /// Looks at those who were there when everybody was read. What is settled already changes nothing.
    fn sweep(&mut self, engine: &Engine) -> Result<bool, FlowError> {
        let Some(Sweep { mut records, mut doubts }) = self.sweep.take() else { return Ok(false) };
        let mut finding = Finding { model: self.model.clone(), ..Finding::default() };
        let mut looked_at = 0;
        while looked_at < AT_ONCE {
            let Some(record) = records.next() else { break };
            // Each group is looked at when its first record's turn comes.
            if self.live.person(record) == record {
                let same = self.same(&self.live.records_of(record));
                looked_at += same.len();
                finding.same.extend(same);
            }
        }
        let done = u64::from(records.start);
        while looked_at < AT_ONCE
            && let Some(doubt) = doubts.pop()
        {
            finding.doubtful.extend(self.doubtful(&doubt));
            looked_at += 1;
        }
        self.settle(engine, vec![finding], Vec::new())?;
        engine.set_match_standing(|standing| standing.done = done);
        if !records.is_empty() || !doubts.is_empty() {
            self.sweep = Some(Sweep { records, doubts });
            return Ok(true);
        }
        self.forget_old_questions(engine)?;
        engine.set_match_standing(|standing| {
            standing.state = MatchState::Live;
            standing.done = 0;
        });
        Ok(true)
    }

    /// Questions of another model that this one has not asked again are none.
    fn forget_old_questions(&self, engine: &Engine) -> Result<(), FlowError> {
        let model = self.model.clone();
        engine.commit_blocking(move |work| {
            loop {
                let old = work.unit.questions_not_of(&model, 1_000)?;
                for question in &old {
                    work.unit.remove_question(question.id)?;
                }
                if old.is_empty() {
                    return Ok(());
                }
            }
        })
    }

    fn settle(
        &self,
        engine: &Engine,
        mut findings: Vec<Finding>,
        queue: Vec<(ProfileId, u64)>,
    ) -> Result<Settled, FlowError> {
        findings.retain(|found| {
            !(found.same.is_empty() && found.doubtful.is_empty() && found.touched.is_empty())
        });
        if findings.is_empty() && queue.is_empty() {
            return Ok(Settled::default());
        }
        let automatic = self.fields.is_automatic();
        engine.commit_blocking(move |work| {
            let mut all = Settled::default();
            for finding in &findings {
                let settled = work.settle(finding, automatic)?;
                all.joined += settled.joined;
                all.asked += settled.asked;
            }
            for (person, stamp) in queue {
                work.unit.end_match(person, stamp)?;
            }
            metrics::counter!("crowsnest_matched_total").increment(all.joined);
            Ok(all)
        })
    }

    /// How somebody stands now.
    fn now(&self, read: &dyn Read, id: ProfileId) -> Result<Now, crowsnest_store::StoreError> {
        let survivor = read.survivor(id)?;
        if survivor == id {
            return Ok(match read.profile(id)? {
                Some(profile) => self.said(&profile),
                None => Now::Nobody(id),
            });
        }
        Ok(match read.match_record(id)? {
            Some(doc) => Now::Before(self.fields.from_doc(&doc), survivor),
            None => Now::Nobody(survivor),
        })
    }

    fn said(&self, profile: &Profile) -> Now {
        match self.fields.record(profile) {
            Some(said) => Now::Said(said, profile.apart.clone()),
            None => Now::Nobody(profile.id),
        }
    }

    /// Compares somebody as they are now.
    fn compare(&mut self, id: ProfileId, now: Now) -> Option<Finding> {
        let (said, owner, apart) = match now {
            Now::Said(said, apart) => (said, id, apart),
            Now::Before(said, owner) => (said, owner, Vec::new()),
            Now::Nobody(owner) => {
                let record = self.people.record(id)?;
                self.people.owner[record as usize] = owner;
                let mut changes = self.stand(record, None, &[]);
                changes.push(self.live.remove(record));
                return Some(self.finding(&[record], &changes));
            }
        };
        let known = self.people.record(id);
        let mut changes = Vec::new();
        let record = match known {
            Some(record) => {
                changes.push(self.live.replace(record, &self.intake, 0, |column| said.column(column)));
                record
            }
            None => {
                let made = self.live.insert(&self.intake, "", 0, |column| said.column(column));
                changes.push(made);
                self.people.add(id, owner)
            }
        };
        self.people.owner[record as usize] = owner;
        changes.extend(self.stand(record, self.people.record(owner), &apart));
        Some(self.finding(&[record], &changes))
    }

    /// How a record stands to others, by identifiers and decisions.
    fn stand(&mut self, record: Record, owner: Option<Record>, apart: &[Apart]) -> Vec<Changes> {
        let (untied, tied) = self.people.tie(record, owner);
        let (undone, done) = self.people.part(record, apart);
        let mut changes: Vec<Changes> =
            untied.into_iter().chain(undone).map(|decision| self.live.undecide(decision)).collect();
        changes.extend(tied.into_iter().chain(done).map(|decision| self.live.decide(decision)));
        changes
    }

    /// What changes come to.
    fn finding(&self, records: &[Record], changes: &[Changes]) -> Finding {
        let mut touched: BTreeSet<Record> = records.iter().copied().collect();
        for change in changes {
            touched.extend(change.touched.iter().copied());
        }
        let mut finding = Finding { model: self.model.clone(), ..Finding::default() };
        finding.touched = touched.iter().flat_map(|record| self.ids(*record)).collect();
        finding.touched.sort_unstable();
        finding.touched.dedup();
        let mut seen: BTreeSet<Record> = BTreeSet::new();
        for record in &touched {
            let person = self.live.person(*record);
            if seen.insert(person) {
                finding.same.extend(self.same(&self.live.records_of(*record)));
            }
        }
        // What a change has left in doubt is in doubt unless a later one has looked at it again.
        let mut again: BTreeSet<Record> = BTreeSet::new();
        let mut doubts: Vec<&OpenQuestion> = Vec::new();
        for change in changes.iter().rev() {
            doubts.extend(
                change.doubts.iter().filter(|doubt| !again.contains(&doubt.a) && !again.contains(&doubt.b)),
            );
            again.extend(change.touched.iter().copied());
        }
        finding.doubtful = doubts.into_iter().filter_map(|doubt| self.doubtful(doubt)).collect();
        finding
    }

    /// Two who may be one, unless they are.
    fn doubtful(&self, doubt: &OpenQuestion) -> Option<Alike> {
        let (one, other) = (self.owner(doubt.a), self.owner(doubt.b));
        (!doubt.merged && one != other).then(|| Alike {
            bits: f64::from(doubt.score),
            pairs: doubt.pairs,
            value: f64::from(doubt.value),
            ..self.alike(doubt.a, doubt.b)
        })
    }

    fn owner(&self, record: Record) -> ProfileId {
        self.people.owner(record)
    }

    fn ids(&self, record: Record) -> [ProfileId; 2] {
        [self.people.made_for[record as usize], self.owner(record)]
    }

    /// The people of a group of records who are one: each with whomever of those before they are most like.
    fn same(&self, group: &[Record]) -> Vec<Alike> {
        let mut people: BTreeMap<ProfileId, Vec<Record>> = BTreeMap::new();
        for record in group {
            people.entry(self.owner(*record)).or_default().push(*record);
        }
        let mut same = Vec::new();
        let mut before: Vec<Record> = Vec::new();
        for records in people.into_values() {
            let pairs = before.iter().flat_map(|a| records.iter().map(move |b| (*a, *b)));
            let best = pairs.max_by(|x, y| self.live.score(x.0, x.1).total_cmp(&self.live.score(y.0, y.1)));
            if let Some((a, b)) = best {
                let pairs = (before.len() * records.len()) as u64;
                same.push(Alike { pairs, ..self.alike(a, b) });
            }
            before.extend(records);
        }
        same
    }

    fn alike(&self, a: Record, b: Record) -> Alike {
        let explained = self.live.explain(a, b);
        Alike {
            one: self.owner(a),
            other: self.owner(b),
            bits: f64::from(explained.score),
            pairs: 1,
            value: f64::from(4.0 * explained.probability * (1.0 - explained.probability)),
            evidence: evidence(&explained),
        }
    }
}

/// The lines of an explanation.
pub(super) fn evidence(explained: &crowsnest_linkage::explain::Explanation) -> Vec<Evidence> {
    explained
        .lines
        .iter()
        .map(|line| Evidence {
            field: line.field.clone(),
            finding: line.finding.clone(),
            bits: f64::from(line.bits),
        })
        .collect()
}
