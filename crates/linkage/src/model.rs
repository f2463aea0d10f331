//! What each level of each comparison weighs, and how rare values are: all that is learned, and all that scoring needs.
//!
//! A pair is one of three: records of one *person* (`m`), of two people of one *household* (`h`), or of *strangers* (`u`). Between one
//! person and strangers this is the model of Fellegi and Sunter (1969). The third class is there because husband and wife, twins, or
//! father and son share surname, address, landline and mailbox, and in a model of two classes all that would speak for one person.

use crate::comparison::{Comparison, Outcome, Subject, comparisons};
use crate::dictionary::{Dictionary, text_hash};
use crate::fields::FieldKind;
use crate::layout::Layout;
use crate::table::Table;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The number of this form of the model.
pub const FORMAT: u32 = 1;

/// What one comparison weighs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// What is compared.
    pub comparison: Comparison,
    /// How often each level comes between records of one person.
    pub person: Vec<f64>,
    /// How often between people of one household.
    pub household: Vec<f64>,
    /// How often between strangers.
    pub stranger: Vec<f64>,
}

/// How often a value that is not rare is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    /// The domain; one past the last for doors.
    pub domain: u16,
    /// The value's hash.
    pub hash: u64,
    /// How many nodes hold it.
    pub count: u32,
}

/// What was learned of a table. Frozen, it scores records that come later as it scored those.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// [`FORMAT`].
    pub format: u32,
    /// The fields that it is for.
    pub layout: Layout,
    /// The comparisons and what they weigh.
    pub weights: Vec<Weights>,
    /// log2 of the odds that two nodes are of one person, before anything is compared.
    pub prior_person: f64,
    /// log2 of the odds that they are of two people of one household.
    pub prior_household: f64,
    /// How many values each domain had; the last is that of doors.
    pub totals: Vec<u64>,
    /// Values that are not rare.
    pub common: Vec<Common>,
}

/// Values that fewer nodes hold count as rare, all alike: one person may be several nodes.
const RARE: u32 = 3;
/// From about so many records on, what they say of themselves is taken at its word.
const FEW: f64 = 20_000.0;
/// So many values that nobody has seen are added to those of a table, so that in a small table everything is not frequent.
const UNSEEN: f64 = 200.0;

/// Whether a level of a comparison weighs by how rare the value is that is shared.
pub fn rated(subject: Subject, level: usize, levels: usize) -> bool {
    match subject {
        Subject::Forename => level == 0 || level + 2 == levels && levels > 3,
        Subject::Address => matches!(level, 0 | 1 | 5 | 6 | 7),
        Subject::Gender => false,
        Subject::Plain(_) => level == 0,
    }
}

/// How often strangers share a value of a kind, as far as is known beforehand.
pub fn chance(kind: FieldKind) -> f64 {
    match kind {
        FieldKind::Forename => 5e-3,
        FieldKind::Surname => 1e-3,
        FieldKind::BirthDate => 5e-5,
        FieldKind::Gender => 0.5,
        FieldKind::Email | FieldKind::Phone | FieldKind::Identifier => 1e-7,
        FieldKind::Street => 1e-6,
        FieldKind::Postcode => 1e-3,
        FieldKind::City => 1e-2,
        _ => 1e-3,
    }
}

impl Model {
    /// A model with the counts of a table, and nothing learned of its weights.
    pub fn of_counts(table: &Table) -> Self {
        let doors = table.layout.domains.len();
        let mut common = Vec::new();
        let mut totals = Vec::new();
        for (domain, dictionary) in table.dictionaries.iter().chain([&table.doors]).enumerate() {
            totals.push(dictionary.counts.iter().map(|&c| u64::from(c)).sum());
            for (i, &count) in dictionary.counts.iter().enumerate() {
                if count > RARE {
                    let hash = dictionary.hash(i as u32 + 1);
                    common.push(Common { domain: domain.min(doors) as u16, hash, count });
                }
            }
        }
        common.sort_by_key(|c| (c.domain, c.hash));
        let weights = comparisons(&table.layout).into_iter().map(|comparison| Weights {
            person: vec![0.0; comparison.levels.len()],
            household: vec![0.0; comparison.levels.len()],
            stranger: vec![0.0; comparison.levels.len()],
            comparison,
        });
        Self {
            format: FORMAT,
            layout: table.layout.clone(),
            weights: weights.collect(),
            prior_person: 0.0,
            prior_household: 0.0,
            totals,
            common,
        }
    }

    /// A name for exactly this model: two models with one version score alike.
    pub fn version(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        format!("{:016x}", text_hash(&text))
    }

    /// How much agreement on a value is worth: log2 of one over its share.
    fn rarity(&self, domain: usize, kind: FieldKind, count: Option<u32>) -> f32 {
        let total = self.totals.get(domain).copied().unwrap_or(0) as f64 + UNSEEN;
        let held = f64::from(count.unwrap_or(0).max(RARE)) + UNSEEN * chance(kind);
        (total / held).log2() as f32
    }

    /// Tells a table how rare its values are. Values that came since the last time are added to what it knows.
    pub fn rate(&self, table: &mut Table, rarities: &Rarities) {
        let doors = table.dictionaries.len();
        for domain in 0..doors {
            let kind = table.layout.domains[domain].kind;
            self.rate_one(domain, kind, &mut table.dictionaries[domain], rarities);
        }
        self.rate_one(doors, FieldKind::Street, &mut table.doors, rarities);
    }

    fn rate_one(&self, domain: usize, kind: FieldKind, dictionary: &mut Dictionary, rarities: &Rarities) {
        for id in dictionary.rarity.len() as u32 + 1..=dictionary.len() as u32 {
            let count = rarities.counts.get(&(domain as u16, dictionary.hash(id))).copied();
            dictionary.rarity.push(self.rarity(domain, kind, count));
        }
    }
}

/// The counts of a model, to look them up.
pub struct Rarities {
    counts: HashMap<(u16, u64), u32, foldhash::fast::FixedState>,
}

impl Rarities {
    /// Of a model.
    pub fn new(model: &Model) -> Self {
        Self { counts: model.common.iter().map(|c| ((c.domain, c.hash), c.count)).collect() }
    }
}

/// A model made ready to score: logarithms, looked up by level.
#[derive(Clone, Debug)]
pub struct Scale {
    /// log2 of the odds before anything is compared: person, household.
    pub priors: [f32; 2],
    /// How many bits more it takes to make one of two whose forenames or birth dates speak clearly against it: the more, the fewer
    /// records the model was learned from. In a few hundred, a few twins look like one person whose name was often mistaken.
    pub untaught: f32,
    levels: Vec<[LevelWeight; 15]>,
    most: Vec<Most>,
}

/// The most that a comparison can say for one person, in bits.
#[derive(Clone, Copy, Debug)]
struct Most {
    /// By levels that weigh the same whatever is shared.
    unrated: f32,
    /// By others, without what is shared.
    rated: f32,
    different: f32,
}

/// What one level weighs, in bits.
#[derive(Clone, Copy, Debug, Default)]
struct LevelWeight {
    person: f32,
    household: f32,
    rated: bool,
}

impl Scale {
    /// Of a model.
    pub fn new(model: &Model) -> Self {
        let levels = model.weights.iter().map(|w| {
            let mut levels = [LevelWeight::default(); 15];
            let count = w.person.len().min(levels.len());
            for (i, level) in levels.iter_mut().enumerate().take(count) {
                let rated = rated(w.comparison.subject, i, count);
                let stranger = if rated { 0.0 } else { w.stranger[i].log2() };
                level.person = (w.person[i].log2() - stranger) as f32;
                level.household = (w.household[i].log2() - stranger) as f32;
                level.rated = rated;
            }
            levels
        });
        let levels: Vec<[LevelWeight; 15]> = levels.collect();
        let most = model.weights.iter().zip(&levels).map(|(w, levels)| {
            let levels = &levels[..w.person.len().min(15)];
            let best = |rated: bool| {
                let found = levels.iter().filter(|l| l.rated == rated);
                found.map(|l| l.person).fold(f32::MIN, f32::max)
            };
            Most {
                unrated: best(false),
                rated: best(true),
                different: levels.last().map_or(0.0, |l| l.person),
            }
        });
        Self {
            most: most.collect(),
            priors: [model.prior_person as f32, model.prior_household as f32],
            untaught: untaught(model),
            levels,
        }
    }

    /// What an outcome says for one person, and for one household, against strangers. Nothing where a value is missing.
    pub fn weigh(&self, comparison: usize, outcome: Outcome) -> (f32, f32) {
        match self.levels[comparison].get(usize::from(outcome.level)) {
            Some(w) if w.rated => (w.person + outcome.bits, w.household + outcome.bits),
            Some(w) => (w.person, w.household),
            None => (0.0, 0.0),
        }
    }

    /// What the last level of a comparison says for one person.
    pub fn different(&self, comparison: usize) -> f32 {
        self.most[comparison].different
    }

    /// The most that a comparison can say for one person if nothing that is rated is shared.
    pub fn best_but_same(&self, comparison: usize) -> f32 {
        self.most[comparison].unrated
    }

    /// The most that a comparison can say for one person if what is shared is not rarer than `bits`.
    pub fn best_of_all(&self, comparison: usize, bits: f32) -> f32 {
        self.most[comparison].unrated.max(self.most[comparison].rated + bits)
    }
}

/// What a small sample takes from what was learned of differences in what is a person's own, in bits.
fn untaught(model: &Model) -> f32 {
    let records = model.totals.iter().copied().max().unwrap_or(0).max(1);
    (FEW / records as f64).ln_1p() as f32 * std::f32::consts::LOG2_E
}

/// log2(1 + 2^x), also where 2^x would not fit.
pub fn log2_1p_exp2(x: f32) -> f32 {
    if x > 24.0 { x } else { x.exp2().ln_1p() * std::f32::consts::LOG2_E }
}
