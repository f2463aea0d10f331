//! Why somebody is let in or not, clause by clause. Nothing is decided here that [`LiveProgram::admits`] does not decide.

use crate::{LiveProgram, Person};
use crowsnest_rules::Clause;

impl LiveProgram {
    /// What begins it, in words.
    pub fn trigger_in_words(&self) -> String {
        self.trigger.in_words()
    }

    /// What its trigger asks of the event with which `person` is seen, or of their date, clause by clause. Empty when it asks
    /// nothing but the event's name, and where it begins in another way.
    pub fn explain_trigger(&self, person: &Person<'_>) -> Vec<Clause> {
        self.trigger.explain(person)
    }

    /// What its audience asks of a person, clause by clause. Empty when everybody is meant.
    pub fn explain_audience(&self, person: &Person<'_>) -> Vec<Clause> {
        self.audience.as_ref().map(|audience| audience.explain(person)).unwrap_or_default()
    }
}
