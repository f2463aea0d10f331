//! What begins a program, ready to be asked.

use crate::{
    Person,
    compile::{LiveMatch, Reader},
    dates::{ByTime, OnDate},
};
use crowsnest_model::{
    Duration,
    definition::{IdentityEvent, MembershipChange, Trigger, Watched},
};
use crowsnest_rules::{Clause, Condition, Interest, RuleError};
use std::sync::Arc;

/// What begins a program, ready.
#[derive(Debug)]
pub(crate) enum LiveTrigger {
    Event(LiveMatch),
    Segment(String, MembershipChange),
    ByTime(ByTime),
    Catalogue(Watch),
    Identity(IdentityEvent, Option<Condition>),
    Request,
}

/// A change of an item, and who is to hear of it.
#[derive(Debug)]
pub struct Watch {
    /// The catalogue.
    pub catalogue: String,
    /// Who watches an item.
    pub interest: Arc<Interest>,
    /// For how long they do.
    pub within: Duration,
    pub(crate) when: Option<Condition>,
}

impl Watch {
    fn compile(
        catalogue: &str,
        when: Option<&str>,
        watched: &Watched,
        reader: &Reader<'_>,
    ) -> Result<Self, RuleError> {
        let Watched { event, when: said, item, within } = watched;
        Ok(Self {
            catalogue: catalogue.to_owned(),
            interest: Arc::new(reader.interest(event, item, said.as_deref())?),
            within: *within,
            when: when.map(|when| reader.condition(when)).transpose()?,
        })
    }

    fn in_words(&self) -> String {
        format!(
            "a change of an item of {}{}; for those of whom {} came within {}",
            self.catalogue,
            of_which(self.when.as_ref()),
            self.interest.sentence(),
            self.within.in_words()
        )
    }
}

/// A condition on what begins a program, behind the words for that.
fn of_which(when: Option<&Condition>) -> String {
    when.map(|when| format!(" of which holds: {}", when.sentence())).unwrap_or_default()
}

impl LiveTrigger {
    /// The condition on what begins it, where that is no event of theirs; `None` when that is not what it waits for.
    pub(crate) fn on_change(&self) -> Option<Option<&Condition>> {
        match self {
            Self::Catalogue(watch) => Some(watch.when.as_ref()),
            Self::Identity(_, when) => Some(when.as_ref()),
            Self::Event(_) | Self::Segment(..) | Self::ByTime(_) | Self::Request => None,
        }
    }

    pub(crate) fn compile(trigger: &Trigger, reader: &Reader<'_>) -> Result<Self, RuleError> {
        if let (Some(catalogue), Some(watched)) = (&trigger.catalogue, &trigger.watched) {
            let watch = Watch::compile(catalogue, trigger.when.as_deref(), watched, reader)?;
            return Ok(Self::Catalogue(watch));
        }
        if let Some(identity) = trigger.identity {
            let when = trigger.when.as_deref().map(|when| reader.condition(when)).transpose()?;
            return Ok(Self::Identity(identity, when));
        }
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
            Self::Catalogue(watch) => watch.in_words(),
            Self::Identity(identity, when) => {
                let what = match identity {
                    IdentityEvent::Merged => "the person turns out to be one with somebody else",
                    IdentityEvent::Split => {
                        "the person is told apart from somebody with whom they were taken for one"
                    }
                };
                format!("{what}{}", of_which(when.as_ref()))
            }
            Self::Request => "a request, or a step of another program".to_owned(),
        }
    }

    /// What it asks of the event with which `person` is seen, or of their date, clause by clause.
    pub(crate) fn explain(&self, person: &Person<'_>) -> Vec<Clause> {
        match self {
            Self::Event(LiveMatch { when, .. })
            | Self::Catalogue(Watch { when, .. })
            | Self::Identity(_, when) => when.as_ref().map(|when| when.explain(person)).unwrap_or_default(),
            Self::ByTime(by_time) => by_time.explain(person),
            Self::Segment(..) | Self::Request => Vec::new(),
        }
    }
}
