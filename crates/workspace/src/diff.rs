//! What differs between two sets of definitions.

use crate::{Document, Kind};
use serde::{Deserialize, Serialize};
use similar::TextDiff;
use std::collections::{BTreeMap, BTreeSet};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only in the new set.
    Added(Kind, String),
    /// In both, with another text.
    Changed {
        /// What it defines.
        kind: Kind,
        /// Its name.
        name: String,
        /// A unified diff of the texts.
        diff: String,
    },
    /// Only in the old set.
    Removed(Kind, String),
}

impl Change {
    /// What is added, changed or removed.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Added(kind, _) | Self::Changed { kind, .. } | Self::Removed(kind, _) => *kind,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Added(_, name) | Self::Changed { name, .. } | Self::Removed(_, name) => name,
        }
    }
}

/// The differences from `old` to `new`, by kind and name.
///
/// A definition that only moved to another file or line is the same. One of which only a comment changed is shown, since
/// its text is what is kept; its value tells that nothing will be done differently.
pub fn diff(old: &[Document], new: &[Document]) -> Vec<Change> {
    let (old, new) = (by_name(old), by_name(new));
    let either: BTreeSet<(Kind, &str)> = old.keys().chain(new.keys()).copied().collect();
    either
        .into_iter()
        .filter_map(|(kind, name)| match (old.get(&(kind, name)), new.get(&(kind, name))) {
            (None, Some(_)) => Some(Change::Added(kind, name.to_owned())),
            (Some(_), None) => Some(Change::Removed(kind, name.to_owned())),
            (Some(old), Some(new)) if old.text != new.text => {
                Some(Change::Changed { kind, name: name.to_owned(), diff: unified(old, new) })
            }
            _ => None,
        })
        .collect()
}

fn by_name(documents: &[Document]) -> BTreeMap<(Kind, &str), &Document> {
    documents.iter().map(|document| ((document.kind, document.name.as_str()), document)).collect()
}

fn unified(old: &Document, new: &Document) -> String {
    TextDiff::from_lines(old.text.as_str(), new.text.as_str())
        .unified_diff()
        .context_radius(2)
        .header(&old.path, &new.path)
        .to_string()
}
