//! Who was decided not to be one person.

use crowsnest_model::{DecisionId, Identifier, profile::Apart};
use std::collections::HashMap;

/// On which sides of decisions identifiers are. Small: people of the house decide.
#[derive(Debug, Clone, Default)]
pub struct KeptApart {
    sides: HashMap<Identifier, Vec<Apart>>,
}

impl KeptApart {
    /// Adds a decision: who goes by an identifier of one side is nobody who goes by one of the other.
    pub fn add(&mut self, decision: DecisionId, sides: &[Vec<Identifier>; 2]) {
        for (side, identifiers) in (0..).zip(sides) {
            for identifier in identifiers {
                self.sides.entry(identifier.clone()).or_default().push(Apart { decision, side });
            }
        }
    }

    /// A decision does not count any more.
    pub fn remove(&mut self, decision: DecisionId) {
        for sides in self.sides.values_mut() {
            sides.retain(|side| side.decision != decision);
        }
        self.sides.retain(|_, sides| !sides.is_empty());
    }

    /// The sides on which an identifier is.
    pub fn sides(&self, identifier: &Identifier) -> &[Apart] {
        self.sides.get(identifier).map_or(&[], Vec::as_slice)
    }
}
