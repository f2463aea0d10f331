//! What begins a program, ready to be asked.

use crate::{
    Person,
    compile::{LiveMatch, Reader},
};
use crowsnest_model::definition::{MembershipChange, Trigger};
use crowsnest_rules::{Clause, RuleError};

/// What begins a program, ready.
#[derive(Debug)]
pub(crate) enum LiveTrigger {
    Event(LiveMatch),
    Segment(String, MembershipChange),
    Request,
}

impl LiveTrigger {
    pub(crate) fn compile(trigger: &Trigger, reader: &Reader<'_>) -> Result<Self, RuleError> {
        Ok(match (&trigger.event, &trigger.segment) {
            (Some(event), _) => Self::Event(LiveMatch::compile(event, trigger.when.as_deref(), reader)?),
            (None, Some(segment)) => Self::Segment(segment.clone(), trigger.on.unwrap_or_default()),
            (None, None) => Self::Request,
        })
    }

    /// It, in words.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Event(matched) => matched.in_words(),
            Self::Segment(segment, MembershipChange::Enter) => {
                format!("the person enters the segment {segment}")
            }
            Self::Segment(segment, MembershipChange::Leave) => {
                format!("the person leaves the segment {segment}")
            }
            Self::Request => "a request, or a step of another program".to_owned(),
        }
    }

    /// What it asks of the event with which `person` is seen, clause by clause.
    pub(crate) fn explain(&self, person: &Person<'_>) -> Vec<Clause> {
        match self {
            Self::Event(matched) => {
                matched.when.as_ref().map(|when| when.explain(person)).unwrap_or_default()
            }
            Self::Segment(..) | Self::Request => Vec::new(),
        }
    }
}
