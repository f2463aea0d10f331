//! What begins a program, ready to be asked.

use crate::{
    Person,
    compile::{LiveMatch, Reader},
    dates::{ByTime, OnDate},
};
use crowsnest_model::definition::{MembershipChange, Trigger};
use crowsnest_rules::{Clause, RuleError};

/// What begins a program, ready.
#[derive(Debug)]
pub(crate) enum LiveTrigger {
    Event(LiveMatch),
    Segment(String, MembershipChange),
    ByTime(ByTime),
    Request,
}

impl LiveTrigger {
    pub(crate) fn compile(trigger: &Trigger, reader: &Reader<'_>) -> Result<Self, RuleError> {
        Ok(match (&trigger.event, &trigger.segment, &trigger.schedule) {
            (Some(event), _, _) => Self::Event(LiveMatch::compile(event, trigger.when.as_deref(), reader)?),
            (None, Some(segment), _) => Self::Segment(segment.clone(), trigger.on.unwrap_or_default()),
            (None, None, Some(schedule)) => Self::ByTime(ByTime::Schedule(schedule.clone())),
            (None, None, None) => match OnDate::compile(trigger, reader)? {
                Some(date) => Self::ByTime(ByTime::Date(date)),
                None => Self::Request,
            },
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
            Self::ByTime(by_time) => by_time.in_words(),
            Self::Request => "a request, or a step of another program".to_owned(),
        }
    }

    /// What it asks of the event with which `person` is seen, or of their date, clause by clause.
    pub(crate) fn explain(&self, person: &Person<'_>) -> Vec<Clause> {
        match self {
            Self::Event(matched) => {
                matched.when.as_ref().map(|when| when.explain(person)).unwrap_or_default()
            }
            Self::ByTime(by_time) => by_time.explain(person),
            Self::Segment(..) | Self::Request => Vec::new(),
        }
    }
}
