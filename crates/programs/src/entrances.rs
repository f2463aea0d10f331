//! The programs that take people in, by what can let somebody in, so that an event asks only those that it can touch.

use crate::{DatePlan, LiveProgram, trigger::LiveTrigger};
use crowsnest_model::definition::{IdentityEvent, MembershipChange};
use std::{collections::HashMap, sync::Arc};

/// The programs that take people in at a moment, each in the version that is in force then.
#[derive(Debug, Default)]
pub struct Entrances {
    by_event: HashMap<String, Vec<Arc<LiveProgram>>>,
    by_segment: HashMap<(String, MembershipChange), Vec<Arc<LiveProgram>>>,
    by_identity: HashMap<IdentityEvent, Vec<Arc<LiveProgram>>>,
    by_catalogue: HashMap<String, Vec<Arc<LiveProgram>>>,
    dates: DatePlan,
    open: HashMap<String, Arc<LiveProgram>>,
}

impl Entrances {
    /// Those of these programs that take people in.
    pub(crate) fn new(mut programs: Vec<Arc<LiveProgram>>) -> Self {
        programs.sort_by(|one, other| one.name().cmp(other.name()));
        let mut entrances = Self::default();
        programs.into_iter().filter(|program| program.open).for_each(|program| entrances.add(program));
        entrances
    }

    fn add(&mut self, program: Arc<LiveProgram>) {
        match &program.trigger {
            LiveTrigger::Event(matched) => {
                self.by_event.entry(matched.event.clone()).or_default().push(program.clone());
            }
            LiveTrigger::Segment(segment, change) => {
                self.by_segment.entry((segment.clone(), *change)).or_default().push(program.clone());
            }
            LiveTrigger::ByTime(_) => self.dates.add(&program),
            LiveTrigger::Catalogue(watch) => {
                self.by_catalogue.entry(watch.catalogue.clone()).or_default().push(program.clone());
            }
            LiveTrigger::Identity(identity, _) => {
                self.by_identity.entry(*identity).or_default().push(program.clone());
            }
            LiveTrigger::Request => {}
        }
        self.open.insert(program.name().to_owned(), program);
    }

    /// The programs that an event may let somebody into, in the order of their names.
    pub fn triggered_by(&self, event: &str) -> &[Arc<LiveProgram>] {
        self.by_event.get(event).map_or(&[], Vec::as_slice)
    }

    /// The programs that a change of a segment may let somebody into.
    pub fn triggered_by_segment(&self, segment: &str, change: MembershipChange) -> &[Arc<LiveProgram>] {
        self.by_segment.get(&(segment.to_owned(), change)).map_or(&[], Vec::as_slice)
    }

    /// The programs that somebody may be let into who turns out to be one with another, or is told apart, in the order of
    /// their names.
    pub fn triggered_by_identity(&self, identity: IdentityEvent) -> &[Arc<LiveProgram>] {
        self.by_identity.get(&identity).map_or(&[], Vec::as_slice)
    }

    /// The programs that a change of an item may let somebody into, in the order of their names.
    pub fn triggered_by_catalogue(&self, catalogue: &str) -> &[Arc<LiveProgram>] {
        self.by_catalogue.get(catalogue).map_or(&[], Vec::as_slice)
    }

    /// The programs that begin by date or by schedule.
    pub fn dates(&self) -> &DatePlan {
        &self.dates
    }

    /// The version of a program that takes people in, if one does.
    pub fn open(&self, program: &str) -> Option<&Arc<LiveProgram>> {
        self.open.get(program)
    }
}
