//! Whether two can be one person by what is said of them, weighed without everybody else: asked in the middle of a commit, before
//! an identifier makes them one.

use super::{CLEARLY_AGAINST, Fields, OWN, fields::Record};
use crowsnest_linkage::{
    Model, Settings, TableBuilder,
    comparison::{Comparer, Outcome},
    link,
    model::{Rarities, Scale},
    score::Scorer,
};
use std::sync::Arc;

/// What likeness weighs, ready to compare a few records.
pub(crate) struct Weigher {
    model: Model,
    settings: Settings,
    headers: Vec<String>,
    comparer: Comparer,
    scale: Scale,
    rarities: Rarities,
    /// Where in the comparisons those are that are a person's own.
    own: Vec<usize>,
}

/// What all records of one say of all records of another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighed {
    /// How much speaks for one person where they are most alike: log2 of the odds.
    pub(crate) bits: f64,
    /// What is a person's own and stands clearly against it, whichever records of the two are taken.
    pub(crate) against: Option<Against>,
}

/// Something of a person's own that is clearly not the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Against {
    /// The field.
    pub(crate) field: String,
    /// What that says for one person, in bits; far below 0.
    pub(crate) bits: f64,
    /// The two records, by their places.
    pub(crate) pair: (usize, usize),
}

impl Weigher {
    /// By a model that was learned for these fields.
    pub(crate) fn of(fields: &Fields, model: Model) -> Self {
        let comparer = Comparer::new(&model.layout);
        let own = (0..comparer.len())
            .filter(|place| OWN.contains(&comparer.comparisons[*place].name.as_str()))
            .collect();
        Self {
            settings: Settings { threads: 1, ..fields.settings().clone() },
            headers: fields.headers(),
            scale: Scale::new(&model),
            rarities: Rarities::new(&model),
            comparer,
            own,
            model,
        }
    }

    /// By what is known before anything was learned.
    pub(crate) fn untaught(fields: &Fields) -> Self {
        let mut builder = TableBuilder::new(fields.settings());
        builder.begin(&fields.headers(), &[], &mut Vec::new());
        let model = link(&mut builder.finish(), fields.settings(), None, &[], &mut ()).model;
        Self::of(fields, model)
    }

    /// Weighs all records of one with all of another; there has to be one of each.
    pub(crate) fn weigh(&self, ones: &[&Record], others: &[&Record]) -> Weighed {
        let mut builder = TableBuilder::for_model(&self.model, &self.settings);
        let intake = builder.begin(&self.headers, &[], &mut Vec::new());
        for said in ones.iter().chain(others) {
            builder.push(&intake, "", 0, |column| said.column(column));
        }
        let mut table = builder.finish();
        table.forget_rarity();
        self.model.rate(&mut table, &self.rarities);
        let scorer = Scorer { table: &table, comparer: &self.comparer, scale: &self.scale };
        let mut outcomes = vec![Outcome::MISSING; self.comparer.len()];
        let mut fields = vec![(0.0, 0.0); self.comparer.len()];
        let mut weighed = Weighed { bits: f64::NEG_INFINITY, against: None };
        let mut always = true;
        for one in 0..ones.len() {
            for other in 0..others.len() {
                let [a, b] = [one, ones.len() + other].map(|record| table.node_of(record as u32));
                let sums = scorer.fields(a, b, &mut outcomes, &mut fields);
                weighed.bits = weighed.bits.max(f64::from(scorer.total(sums)));
                let clearest = self.own.iter().min_by(|x, y| fields[**x].0.total_cmp(&fields[**y].0));
                match clearest.map(|place| (place, f64::from(fields[*place].0))) {
                    Some((place, bits)) if bits <= CLEARLY_AGAINST => {
                        // What they say now is what is told of it.
                        weighed.against.get_or_insert_with(|| Against {
                            field: self.comparer.comparisons[*place].name.clone(),
                            bits,
                            pair: (one, other),
                        });
                    }
                    _ => always = false,
                }
            }
        }
        weighed.against.take_if(|_| !always);
        weighed
    }
}

/// The weigher in force, once it was needed.
#[derive(Default)]
pub(super) struct InForce(std::sync::RwLock<Option<Arc<Weigher>>>);

impl InForce {
    /// The one that is here, or else what `make` makes.
    pub(super) fn get_or<E>(&self, make: impl FnOnce() -> Result<Weigher, E>) -> Result<Arc<Weigher>, E> {
        use std::sync::PoisonError;
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Ok(known.clone());
        }
        let made = Arc::new(make()?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }

    /// Something else was learned.
    pub(super) fn forget(&self) {
        *self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}
