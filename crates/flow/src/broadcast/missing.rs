//! Whether what a broadcast asks of people can be answered: whoever is asked too early would be left out for good.

use super::Stopped;
use crate::{FlowError, Live, builds};
use crowsnest_model::Time;
use crowsnest_programs::{Derived, LiveBroadcast};
use crowsnest_store::Read;

/// What a broadcast asks of people and cannot be answered yet.
pub(super) struct Missing {
    /// Metrics, segments and questions about events that are still being built.
    building: Vec<String>,
    /// Segments and programs that are not there any more.
    gone: Vec<String>,
}

/// What cannot be answered yet; `None` when everything can.
pub(super) fn missing(live: &Live, derived: &Derived, broadcast: &LiveBroadcast) -> Option<Missing> {
    let (mut building, mut gone) = (Vec::new(), Vec::new());
    for asked in broadcast.inputs() {
        let mut series: Vec<_> = asked.series.iter().filter(|series| !derived.knows(series)).collect();
        for name in &asked.metrics {
            let Some(metric) = live.metrics().get(name) else { continue };
            let of_metric = &metric.inputs().series;
            if of_metric.iter().any(|series| !derived.knows(series)) {
                building.push(format!("metric `{name}`"));
                series.retain(|asked| !of_metric.iter().any(|series| series.id() == asked.id()));
            }
        }
        building.extend(series.iter().map(|series| series.sentence()));
        for name in &asked.segments {
            match derived.segments.get(name) {
                Some(true) => {}
                Some(false) => building.push(format!("segment `{name}`")),
                None => gone.push(format!("segment `{name}`")),
            }
        }
        let programs = asked.programs.iter().filter(|name| !derived.programs.contains(*name));
        gone.extend(programs.map(|name| format!("program `{name}`")));
    }
    for names in [&mut building, &mut gone] {
        names.sort();
        names.dedup();
    }
    (!building.is_empty() || !gone.is_empty()).then_some(Missing { building, gone })
}

impl Missing {
    /// What is missing, and how far that is.
    pub(super) fn in_words(&self, read: &dyn Read) -> Result<String, FlowError> {
        if !self.gone.is_empty() {
            return Ok(format!("not there any more: {}; apply it again", self.gone.join(", ")));
        }
        let so_far = match builds::progress(read)? {
            Some(progress) if progress.total > 0 => {
                format!(" ({}: {} of {} people so far)", progress.pass, progress.done, progress.total)
            }
            _ => String::new(),
        };
        Ok(format!("still being built: {}{so_far}", self.building.join(", ")))
    }

    /// Why a launch waits that was begun then.
    pub(super) fn stops(&self, read: &dyn Read, launched: Time) -> Result<Stopped, FlowError> {
        let unfinished = read.builds()?.into_iter().filter(|build| build.finished.is_none());
        let since = unfinished.map(|build| build.started).min().map_or(launched, |begun| begun.max(launched));
        Ok(Stopped { since, reason: self.in_words(read)?, building: self.gone.is_empty() })
    }
}
