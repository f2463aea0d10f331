//! Everybody is read, and what likeness weighs is learned from them.

use super::{
    Fields, MatchState,
    everybody::{Everybody, Of},
    homes::Homes,
    matcher::Matcher,
};
use crate::{Engine, FlowError};
use crowsnest_linkage::{
    Linkage, Model, Table, TableBuilder, household::HomeModel, link, linkage::Decision,
    live::Live as LivePeople, review::open_questions, table::Record,
};
use crowsnest_model::{ProfileId, profile::Apart};
use crowsnest_store::LearnedModel;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

/// So many people are read at a time.
const PAGE: usize = 1_000;

/// So many pairs are shown of those who would be made one, and of those who are in doubt.
const SHOWN: usize = 10;

/// What linking everybody comes to.
#[derive(Debug, Clone, Serialize)]
pub struct LinkReport {
    /// Records that were compared: of everybody about whom enough is known, and of those who were absorbed.
    pub records: u64,
    /// People about whom too little is known to compare them.
    pub left_out: u64,
    /// The version of the model that was learned.
    pub model: String,
    /// How many people are alike enough to be one with somebody else. Where people are not made one without being asked for, or
    /// limits or what is their own stand against it, these are put before people.
    pub same: u64,
    /// How many were made one with somebody else just now.
    pub joined: u64,
    /// How many questions are open now.
    pub open_questions: u64,
    /// How many pairs are in doubt.
    pub doubtful: u64,
    /// Households among them.
    pub households: u64,
    /// What is odd about the data.
    pub warnings: Vec<String>,
    /// Some of those who are one.
    pub pairs: Vec<LinkedPair>,
    /// Some of those who are in doubt, those first of whom it is worth most to decide.
    pub doubts: Vec<LinkedPair>,
    /// Nothing was done.
    pub preview: bool,
}

/// Two who are alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkedPair {
    /// The one.
    pub one: ProfileId,
    /// The other.
    pub other: ProfileId,
    /// How certain it is that they are one person, from 0 to 1.
    pub certainty: f64,
}

/// Everybody, as they are compared.
struct Census {
    table: Table,
    people: Everybody,
    /// What people last said under an id before a merge.
    origins: BTreeMap<ProfileId, Record>,
    left_out: u64,
    /// The names of the columns in which nobody says anything.
    unused: Vec<String>,
}

/// Reads everybody. Who changes meanwhile is in the row of those who have to be compared.
fn read_everybody(engine: &Engine, fields: &Fields) -> Result<Census, FlowError> {
    engine.set_match_standing(|standing| {
        standing.state = MatchState::Reading;
        standing.done = 0;
    });
    let mut builder = TableBuilder::new(fields.settings());
    let intake = builder.begin(&fields.headers(), &[], &mut Vec::new());
    let mut people = Everybody::default();
    let mut apart: Vec<(Record, Vec<Apart>)> = Vec::new();
    let mut left_out = 0;
    let headers = fields.headers();
    let mut used = BTreeSet::new();
    let mut after = None;
    loop {
        let page = engine.read(|read| read.people_after(after, PAGE))?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for profile in &page {
            let Some(said) = fields.record(profile) else {
                left_out += 1;
                continue;
            };
            builder.push(&intake, "", 0, |column| said.column(column));
            used.extend(said.filled().map(|column| headers[column].as_str()));
            let record = people.add(Of::Now(profile.id), profile.id);
            if !profile.apart.is_empty() {
                apart.push((record, profile.apart.clone()));
            }
        }
        engine.set_match_standing(|standing| standing.done += page.len() as u64);
    }
    let mut after = 0;
    let mut before: Vec<(Record, ProfileId)> = Vec::new();
    let mut origins: BTreeMap<ProfileId, Record> = BTreeMap::new();
    loop {
        let page = engine.read(|read| read.match_records(after, PAGE))?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for kept in &page {
            let said = fields.read_doc(&kept.doc);
            builder.push(&intake, "", 0, |column| said.column(column));
            let record = people.add(Of::Before(kept.id), kept.profile);
            before.push((record, kept.profile));
            origins.insert(kept.origin, record);
        }
    }
    for (record, sides) in &apart {
        people.note(*record, None, sides);
    }
    for (record, owner) in before {
        people.note(record, people.anchor(owner), &[]);
    }
    let unused = headers.iter().filter(|name| !used.contains(name.as_str())).cloned().collect();
    Ok(Census { table: builder.finish(), people, origins, left_out, unused })
}

/// What was learned.
struct Learned {
    model: Model,
    homes: HomeModel,
}

/// Learns what likeness weighs, from everybody and from what people of the house have decided.
fn learn(engine: &Engine, fields: &Fields, census: &mut Census) -> Result<Learned, FlowError> {
    engine.set_match_standing(|standing| standing.state = MatchState::Learning);
    let decided = engine.read(|read| read.decisions_by_people())?;
    let decided: Vec<Decision> = decided
        .iter()
        .filter_map(|decision| {
            // Those who are one now are learned from as they were before.
            let then = |id: &ProfileId| census.origins.get(id).copied();
            let now = |id: &ProfileId| census.people.record(Of::Now(*id));
            let [one, other] = match decision.same {
                true => decision.people.each_ref().map(then),
                false => decision.people.each_ref().map(now),
            };
            Some(Decision { a: one?, b: other?, same: decision.same })
        })
        .collect();
    let Linkage { model, homes, .. } = link(&mut census.table, fields.settings(), None, &decided, &mut ());
    Ok(Learned { model, homes })
}

/// Keeps what was learned.
fn keep(engine: &Engine, fields: &Fields, learned: &Learned, people: u64) -> Result<(), FlowError> {
    let unwritten = |error: serde_json::Error| {
        FlowError::Broken(format!("what was learned of likeness cannot be written: {error}"))
    };
    let doc = serde_json::to_string(&learned.model).map_err(unwritten)?;
    let homes = serde_json::to_string(&learned.homes).map_err(unwritten)?;
    let (version, meaning) = (learned.model.version(), fields.meaning());
    engine.commit_blocking(move |work| {
        let learned = LearnedModel { version, learned: work.now, people, meaning, doc, homes };
        // Whatever becomes of this commit, the next event that needs the model reads it anew.
        if let Some(fields) = work.live.match_fields() {
            fields.forget_weigher();
        }
        Ok(work.unit.put_match_model(&learned)?)
    })
}

/// Reads everybody, with the model that was learned last if it still serves.
pub(super) fn load(engine: &Engine, fields: Arc<Fields>) -> Result<Matcher, FlowError> {
    let mut census = read_everybody(engine, &fields)?;
    let records = census.people.len() as u64;
    let meaning = fields.meaning();
    let known = engine
        .read(|read| read.match_model())?
        .filter(|known| known.meaning == meaning && !Matcher::outgrown(records, known.people));
    let known = known.and_then(|known| {
        let model = serde_json::from_str(&known.doc).ok()?;
        Some((Learned { model, homes: serde_json::from_str(&known.homes).ok()? }, known.people))
    });
    let (Learned { model, homes }, learned_from) = match known {
        Some(known) => known,
        None => {
            let learned = learn(engine, &fields, &mut census)?;
            keep(engine, &fields, &learned, records)?;
            (learned, records)
        }
    };
    let learned = engine.read(|read| read.match_model())?;
    engine.set_match_standing(|standing| {
        standing.state = MatchState::Linking;
        standing.done = 0;
        standing.records = records;
        standing.model = Some(model.version());
        standing.learned = learned.map(|learned| learned.learned);
        standing.learned_from = learned_from;
    });
    let Census { table, people, .. } = census;
    let live = LivePeople::of(table, model.clone(), fields.settings(), &people.decisions());
    let homes = fields.finds_households().then(|| Homes::of(&live, homes, fields.settings(), &people));
    Ok(Matcher::new(fields, live, homes, &model, learned_from, people))
}

impl Engine {
    /// Learns anew what likeness weighs, and links everybody by it; with `preview`, only says what that would come to. It
    /// blocks, for seconds with a hundred thousand people.
    pub fn link_people(&self, preview: bool) -> Result<LinkReport, FlowError> {
        let live = self.live();
        let fields = match live.match_fields() {
            Some(fields) => fields.clone(),
            None if preview => Arc::new(Fields::usual(live.workspace())),
            None => {
                return Err(FlowError::Refused(
                    "people are matched by identifiers alone here; add `matching: {}` to the `identity:` document and \
                     apply it, or look with --preview at what that would do"
                        .into(),
                ));
            }
        };
        let standing = self.match_standing();
        let mut census = read_everybody(self, &fields)?;
        let learned = learn(self, &fields, &mut census)?;
        let decisions = census.people.decisions();
        let linked =
            link(&mut census.table, fields.settings(), Some(learned.model.clone()), &decisions, &mut ());
        let mut report = report(&census, &linked, preview);
        let before = self.matching().joined.load(Ordering::Relaxed);
        self.set_match_standing(|now| *now = standing);
        if !preview {
            keep(self, &fields, &learned, census.people.len() as u64)?;
            drop(census);
            self.forget_matcher();
            self.match_everybody()?;
        }
        report.joined = self.matching().joined.load(Ordering::Relaxed).saturating_sub(before);
        report.open_questions = self.read(|read| read.question_count(false))?;
        Ok(report)
    }
}

fn report(census: &Census, linked: &Linkage, preview: bool) -> LinkReport {
    let people = &census.people;
    let mut groups: BTreeMap<u32, BTreeSet<ProfileId>> = BTreeMap::new();
    for (record, person) in (0..).zip(&linked.people) {
        groups.entry(*person).or_default().insert(people.owner(record));
    }
    let same = groups.values().map(|group| group.len() as u64 - 1).sum();
    let mut pairs = Vec::new();
    let mut doubts: Vec<LinkedPair> = Vec::new();
    let mut doubtful = BTreeSet::new();
    let (starts, records) = census.table.records_by_node();
    let mut open = open_questions(&linked.doubts, |node| records[starts[node as usize] as usize]);
    open.sort_by(|a, b| b.value.total_cmp(&a.value));
    for question in open.iter().filter(|question| !question.merged) {
        let (one, other) = (people.owner(question.a), people.owner(question.b));
        if one != other && doubtful.insert((one.min(other), one.max(other))) && doubts.len() < SHOWN {
            doubts.push(LinkedPair { one, other, certainty: f64::from(question.probability()) });
        }
    }
    for group in groups.values().filter(|group| group.len() > 1).take(SHOWN) {
        let mut ids = group.iter();
        if let (Some(one), Some(other)) = (ids.next(), ids.next()) {
            pairs.push(LinkedPair { one: *one, other: *other, certainty: 1.0 });
        }
    }
    LinkReport {
        records: people.len() as u64,
        left_out: census.left_out,
        model: linked.model.version(),
        same,
        joined: 0,
        open_questions: 0,
        doubtful: doubtful.len() as u64,
        households: linked.counts.households as u64,
        // That nobody says anything of what they could say is not odd.
        warnings: linked
            .warnings
            .iter()
            .filter(|warning| !census.unused.contains(&warning.column))
            .map(ToString::to_string)
            .collect(),
        pairs,
        doubts,
        preview,
    }
}
