//! Why a pair scores as it does: one line for each field, and lines that add up to the score exactly.

use crate::comparison::{MISSING, Outcome, Subject};
use crate::model::log2_1p_exp2;
use crate::score::Scorer;
use crate::table::Node;
use serde::Serialize;

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What is compared.
    pub field: String,
    /// How it came out.
    pub finding: String,
    /// What that says for one person, in bits (log2); below 0, against it.
    pub bits: f32,
}

/// Why a pair scores as it does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The lines, in the order in which they are added up.
    pub lines: Vec<Line>,
    /// log2 of the odds that the two are one person: the sum of the lines.
    pub score: f32,
    /// The same as a probability.
    pub probability: f32,
}

/// Explains a pair.
pub fn explain(scorer: &Scorer<'_>, a: Node, b: Node) -> Explanation {
    let mut outcomes: Vec<Outcome> = scorer.outcomes();
    let mut fields = vec![(0.0, 0.0); scorer.comparer.len()];
    let sums = scorer.fields(a, b, &mut outcomes, &mut fields);
    let [person, household] = scorer.scale.priors;
    let mut lines = Vec::new();
    let mut put = |field: &str, finding: String, bits: f32| {
        lines.push(Line { field: field.to_string(), finding, bits });
    };
    for (i, comparison) in scorer.comparer.comparisons.iter().enumerate() {
        let finding = match outcomes[i].level {
            MISSING if comparison.subject == Subject::Gender => "not known, or said by the forenames",
            MISSING => "not known of both",
            level => comparison.levels[usize::from(level)].as_str(),
        };
        let rare = match outcomes[i].bits {
            bits if bits > 0.0 => format!(" (held by one in {:.0})", bits.exp2()),
            _ => String::new(),
        };
        put(&comparison.name, format!("{finding}{rare}"), fields[i].0);
    }
    put("before all", "how likely any two records are one person".to_string(), person);
    let relatives = log2_1p_exp2(household + sums.household);
    put("household", "could be relatives who share what they share".to_string(), -relatives);
    let score = lines.iter().map(|line| line.bits).sum::<f32>();
    Explanation { lines, score, probability: 1.0 / (1.0 + (-score).exp2()) }
}
