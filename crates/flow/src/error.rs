//! Why the house could not do what it was asked.

use crowsnest_store::StoreError;
use crowsnest_workspace::Problem;

/// Why the house could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More comes in than can be written. Nothing of it was kept; try again in some seconds.
    #[error("more is coming in than can be written; try again in some seconds")]
    Overloaded,
    /// The house is being closed.
    #[error("crowsnest is shutting down")]
    Closed,
    /// The definitions have problems.
    #[error("the definitions have {} problem{}", .0.len(), if .0.len() == 1 { "" } else { "s" })]
    Definitions(Vec<Problem>),
    /// Something that was named is not there.
    #[error("there is no {kind} `{name}`{}", hint.as_ref().map(|h| format!("; {h}")).unwrap_or_default())]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// What it was called.
        name: String,
        /// What there is instead.
        hint: Option<String>,
    },
    /// It cannot be done as things stand.
    #[error("{0}")]
    Refused(String),
    /// What was sent is not what was expected.
    #[error("{0}")]
    Invalid(String),
    /// A file cannot be read on.
    #[error("{0}")]
    Feed(String),
    /// A fault of ours.
    #[error("crowsnest has a fault: {0}")]
    Broken(String),
}

impl FlowError {
    /// That something is not there, with the nearest of the names that are, or all of them where they are few.
    pub fn not_found<'n>(kind: &'static str, name: &str, known: impl IntoIterator<Item = &'n str>) -> Self {
        let mut known: Vec<&str> = known.into_iter().collect();
        let nearest = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .filter(|(distance, known)| *distance <= known.len().max(3) / 3 + 1)
            .min();
        let hint = match nearest {
            Some((_, nearest)) => Some(format!("did you mean `{nearest}`?")),
            None if known.is_empty() || known.len() > FEW => None,
            None => {
                known.sort_unstable();
                Some(format!("known: {}", known.join(", ")))
            }
        };
        Self::NotFound { kind, name: name.chars().take(100).collect(), hint }
    }
}

/// So many names are told to somebody who named none of them.
const FEW: usize = 12;
