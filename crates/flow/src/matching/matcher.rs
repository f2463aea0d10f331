//! Everybody, ready to be compared with the next one.

use super::{
    AT_ONCE, Alike, Fields, Finding, MatchState, Together,
    everybody::{Everybody, Of},
    fields::Record as Said,
    homes::{Homes, HomesToSee},
};
use crate::{Engine, FlowError};
use crowsnest_linkage::{
    Model,
    layout::Intake,
    live::{Changes, Live},
    review::OpenQuestion,
    table::Record,
};
use crowsnest_model::{ProfileId, profile::Apart};
use crowsnest_store::{Evidence, Read, StoreError};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

/// A model is learned anew when there are so many times as many records as when it was learned: the first source may have had
/// nobody twice, from which there is little to learn.
const OUTGROWN: f64 = 1.25;

/// From so many records on it takes seconds, and is done less often.
const MANY: u64 = 50_000;

/// Of many, so many times as many.
const MANY_OUTGROWN: f64 = 2.0;

/// What is less than this, in bits, is lost in adding up.
const ROUNDING: f64 = 0.005;

/// In the beginning it is not learned with every new person.
const FIRST: f64 = 20.0;

/// Everybody, ready to be compared with the next one.
pub(super) struct Matcher {
    fields: Arc<Fields>,
    pub(super) live: Live,
    /// Who lives with whom; `None` when nobody wants to know.
    pub(super) homes: Option<Homes>,
    intake: Intake,
    model: String,
    learned_from: u64,
    pub(super) people: Everybody,
    sweep: Option<Sweep>,
}

/// What is still to be looked at after reading everybody.
struct Sweep {
    records: std::ops::Range<Record>,
    doubts: Vec<OpenQuestion>,
    homes: HomesToSee,
}

/// Somebody as they are to be compared; they have nothing to be compared by when they are not there any more.
#[derive(Default)]
struct Now {
    said: Option<Said>,
    before: BTreeMap<u64, Said>,
    apart: Vec<Apart>,
}

impl Matcher {
    pub(super) fn new(
        fields: Arc<Fields>,
        live: Live,
        homes: Option<Homes>,
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
                records: 0..people.numbers(),
                doubts: live.open_questions().copied().collect(),
                homes: HomesToSee::new(people.numbers()),
            }),
            live,
            homes,
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
        let times = if learned_from < MANY { OUTGROWN } else { MANY_OUTGROWN };
        records as f64 >= learned_from as f64 * times + FIRST
    }

    /// Looks at some; answers whether there may be more.
    pub(super) fn step(&mut self, engine: &Engine) -> Result<bool, FlowError> {
        let queue = engine.read(|read| read.match_queue(AT_ONCE))?;
        if queue.is_empty() {
            return self.sweep(engine);
        }
        // What the later one of two has shown is the last word on both, so that a crowd that looks alike is settled once.
        let mut finding = Finding::default();
        for (id, _) in &queue {
            let now = engine.read(|read| self.now(read, *id))?;
            finding.add(self.compare(*id, now));
            finding.changed.insert(*id);
        }
        let changed = self.homes_changed(queue.iter().map(|(id, _)| *id));
        let together = engine.read(|read| self.together(read, changed))?;
        self.settle(engine, finding, queue, together)?;
        let records = self.people.len() as u64;
        engine.set_match_standing(|standing| standing.records = records);
        Ok(true)
    }

    /// Looks at those who were there when everybody was read. What is settled already changes nothing.
    fn sweep(&mut self, engine: &Engine) -> Result<bool, FlowError> {
        let Some(Sweep { mut records, mut doubts, mut homes }) = self.sweep.take() else { return Ok(false) };
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
        // Where everybody lives comes last: by then nobody is two people any more who is one.
        let mut together = Together::default();
        if looked_at == 0 {
            together = self.sweep_homes(engine, &mut homes)?;
        }
        self.settle(engine, finding, Vec::new(), together)?;
        engine.set_match_standing(|standing| standing.done = done);
        if !records.is_empty() || !doubts.is_empty() || !homes.is_empty() {
            self.sweep = Some(Sweep { records, doubts, homes });
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
        finding: Finding,
        queue: Vec<(ProfileId, u64)>,
        together: Together,
    ) -> Result<(), FlowError> {
        let nothing = finding.same.is_empty() && finding.doubtful.is_empty() && finding.touched.is_empty();
        if nothing && queue.is_empty() && together.is_empty() {
            return Ok(());
        }
        let automatic = self.fields.is_automatic();
        let joined = engine.commit_blocking(move |work| {
            let joined = work.settle(&finding, automatic)?;
            work.settle_homes(&together)?;
            for (person, stamp) in queue {
                work.unit.end_match(person, stamp)?;
            }
            Ok(joined)
        })?;
        metrics::counter!("crowsnest_matched_total").increment(joined);
        engine.matching().joined.fetch_add(joined, Ordering::Relaxed);
        Ok(())
    }

    /// How somebody stands now.
    fn now(&self, read: &dyn Read, id: ProfileId) -> Result<Now, StoreError> {
        let Some(profile) = read.profile(id)? else { return Ok(Now::default()) };
        let before = read.match_records_of(id)?;
        Ok(Now {
            said: self.fields.record(&profile),
            before: before.into_iter().map(|kept| (kept.id, self.fields.read_doc(&kept.doc))).collect(),
            apart: profile.apart,
        })
    }

    /// Compares somebody as they are now.
    fn compare(&mut self, id: ProfileId, now: Now) -> Finding {
        let mut changes = Vec::new();
        let mut records = Vec::new();
        let known = self.people.before(id);
        let gone = known.into_iter().filter(|kept| !now.before.contains_key(kept)).map(Of::Before);
        let gone = gone.chain(now.said.is_none().then_some(Of::Now(id)));
        for of in gone.collect::<Vec<_>>() {
            let Some(record) = self.people.record(of) else { continue };
            // Whoever absorbed them may have been read before, and has it.
            if self.people.owner(record) == id {
                changes.extend(self.stand(record, None, &[]));
                changes.push(self.live.remove(record));
                self.people.forget(of);
                records.push(record);
            }
        }
        let said = now.before.into_iter().map(|(kept, said)| (Of::Before(kept), said));
        for (of, said) in said.chain(now.said.map(|said| (Of::Now(id), said))) {
            let column = |column: usize| said.column(column);
            let record = match self.people.record(of) {
                Some(record) => {
                    self.people.give(of, record, id);
                    changes.push(self.live.replace(record, &self.intake, 0, column));
                    record
                }
                None => {
                    changes.push(self.live.insert(&self.intake, "", 0, column));
                    let record = self.people.add(of, id);
                    if let (Of::Before(_), Some(homes)) = (of, &mut self.homes) {
                        homes.pass_over(record);
                    }
                    record
                }
            };
            records.push(record);
        }
        let anchor = self.people.anchor(id);
        for record in records.clone() {
            if self.people.owner(record) == id {
                let apart: &[Apart] = if anchor == Some(record) { &now.apart } else { &[] };
                changes.extend(self.stand(record, anchor, apart));
            }
        }
        if let Some(homes) = &mut self.homes {
            homes.touch(&records, &changes);
        }
        self.finding(&records, &changes)
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
        let group: BTreeSet<ProfileId> = touched.iter().map(|record| self.owner(*record)).collect();
        finding.touched = vec![group.into_iter().collect()];
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
        if doubt.merged || one == other {
            return None;
        }
        // Shown by those of their records that are most alike.
        let others = self.live.records_of(doubt.b);
        let (a, b) = self.most_alike(&self.live.records_of(doubt.a), &others)?;
        let (bits, value) = (f64::from(doubt.score), f64::from(doubt.value));
        let mut alike = Alike { one, other, bits, value, pairs: doubt.pairs, ..self.alike(a, b) };
        let rest = bits - alike.evidence.iter().map(|line| line.bits).sum::<f64>();
        if rest.abs() > ROUNDING {
            alike.evidence.push(Evidence {
                field: "others".to_owned(),
                finding: "other records of the two, and who else it could be".to_owned(),
                bits: rest,
            });
        }
        Some(alike)
    }

    fn owner(&self, record: Record) -> ProfileId {
        self.people.owner(record)
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
            if let Some((a, b)) = self.most_alike(&before, &records) {
                let pairs = (before.len() * records.len()) as u64;
                same.push(Alike { pairs, ..self.alike(a, b) });
            }
            before.extend(records);
        }
        same
    }

    fn most_alike(&self, these: &[Record], those: &[Record]) -> Option<(Record, Record)> {
        let pairs = these.iter().flat_map(|a| those.iter().map(move |b| (*a, *b)));
        let scored = pairs.map(|(a, b)| (self.live.score(a, b), (a, b)));
        scored.max_by(|x, y| x.0.total_cmp(&y.0)).map(|(_, pair)| pair)
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
