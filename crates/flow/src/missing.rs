//! Whether what a broadcast or a program asks of people can be answered: whoever is asked too early would be left out for good.

use crate::{Engine, FlowError, Live, broadcast::Stopped, builds};
use crowsnest_model::Time;
use crowsnest_programs::Derived;
use crowsnest_rules::Inputs;
use crowsnest_store::Read;
use std::collections::BTreeMap;

/// What is asked of people and cannot be answered yet.
pub(crate) struct Missing {
    /// Metrics, segments and questions about events that are still being built.
    building: Vec<String>,
    /// Segments and programs that are not there any more.
    gone: Vec<String>,
}

/// What cannot be answered yet; `None` when everything can.
pub(crate) fn missing<'i>(
    live: &Live,
    derived: &Derived,
    inputs: impl Iterator<Item = &'i Inputs>,
) -> Option<Missing> {
    let (mut building, mut gone) = (Vec::new(), Vec::new());
    for asked in inputs {
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

impl Engine {
    /// The programs that wait for what they ask about, with what that is, in words.
    pub fn waiting_programs(&self) -> Result<BTreeMap<String, String>, FlowError> {
        let (live, mut waiting) = (self.live(), BTreeMap::new());
        let derived = live.derived();
        for name in derived.waiting.keys() {
            let open = live.plan().entrances().open(name).filter(|open| derived.waits(name, open.version));
            if let Some(missing) = open.and_then(|open| missing(&live, &derived, open.inputs())) {
                waiting.insert(name.clone(), self.readers().read(|read| missing.in_words(read))?);
            }
        }
        Ok(waiting)
    }
}

impl Missing {
    /// What is missing, and how far that is.
    pub(crate) fn in_words(&self, read: &dyn Read) -> Result<String, FlowError> {
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
    pub(crate) fn stops(&self, read: &dyn Read, launched: Time) -> Result<Stopped, FlowError> {
        let unfinished = read.builds()?.into_iter().filter(|build| build.finished.is_none());
        let since = unfinished.map(|build| build.started).min().map_or(launched, |begun| begun.max(launched));
        Ok(Stopped { since, reason: self.in_words(read)?, building: self.gone.is_empty() })
    }
}
