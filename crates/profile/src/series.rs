//! What is remembered of people's events, as conditions ask for it.

use crowsnest_model::{Profile, SeriesId};
use crowsnest_rules::SeriesSpec;
use foldhash::fast::RandomState;
use std::{collections::HashMap, sync::Arc};

/// The series that live conditions ask for, each for the longest that any asks for; no others are kept.
#[derive(Debug, Default)]
pub struct SeriesPlan {
    all: HashMap<SeriesId, Arc<SeriesSpec>, RandomState>,
    by_event: HashMap<String, Vec<SeriesId>, RandomState>,
}

impl SeriesPlan {
    /// Adds what a condition asks for.
    pub fn add<'s>(&mut self, wanted: impl IntoIterator<Item = &'s Arc<SeriesSpec>>) {
        for series in wanted {
            match self.all.get_mut(&series.id()) {
                Some(known) if known.kept() < series.kept() => known.clone_from(series),
                Some(_) => {}
                None => {
                    self.all.insert(series.id(), series.clone());
                    self.by_event.entry(series.event().to_owned()).or_default().push(series.id());
                }
            }
        }
    }

    /// All of them, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<SeriesSpec>> {
        self.all.values()
    }

    /// Those that remember events of this name.
    pub fn about<'p>(&'p self, event: &str) -> impl Iterator<Item = &'p Arc<SeriesSpec>> {
        let ids = self.by_event.get(event).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.all.get(id))
    }

    /// Drops from a profile what nobody asks for any more.
    pub fn forget_others(&self, profile: &mut Profile) {
        if profile.series.keys().any(|id| !self.all.contains_key(id)) {
            profile.series.retain(|id, _| self.all.contains_key(id));
        }
    }
}
