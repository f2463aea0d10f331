//! Definitions made ready to be asked.

use crowsnest_model::{
    Time,
    definition::{EventMatch, FreshnessNeed, Program, ProgramState, Step},
};
use crowsnest_rules::{Condition, Expression, RuleError, Schema, SeriesSpec};
use std::{collections::HashMap, sync::Arc};

/// A condition or expression of a definition that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{program}: `{field}`: {error}")]
pub struct CompileError {
    /// The program or broadcast.
    pub program: String,
    /// The field with the condition.
    pub field: &'static str,
    /// What is wrong.
    pub error: RuleError,
}

/// An event by name, with its condition ready.
#[derive(Debug)]
pub(crate) struct LiveMatch {
    pub(crate) event: String,
    pub(crate) when: Option<Condition>,
}

impl LiveMatch {
    fn compile(
        matched: &EventMatch,
        schema: &Schema,
        fault: impl Fn(RuleError) -> CompileError,
    ) -> Result<Self, CompileError> {
        Ok(Self {
            event: matched.event.clone(),
            when: condition(matched.when.as_deref(), schema).map_err(fault)?,
        })
    }
}

/// A version of a program, ready.
#[derive(Debug)]
pub struct LiveProgram {
    /// What it says.
    pub definition: Program,
    /// Its version.
    pub version: u32,
    /// New people may enter: it is the version in force, and not a draft.
    pub open: bool,
    pub(crate) trigger: LiveMatch,
    pub(crate) occasion: Option<Expression>,
    pub(crate) audience: Option<Condition>,
    pub(crate) cancels: Vec<LiveMatch>,
    pub(crate) goal: Option<(LiveMatch, Option<Expression>)>,
}

fn condition(text: Option<&str>, schema: &Schema) -> Result<Option<Condition>, RuleError> {
    text.map(|text| Condition::parse(text, schema)).transpose()
}

fn expression(text: Option<&str>, schema: &Schema) -> Result<Option<Expression>, RuleError> {
    text.map(|text| Expression::parse(text, schema)).transpose()
}

impl LiveProgram {
    /// Makes a version of a program ready. `schema` knows what its conditions may name, metrics above all.
    pub fn compile(
        definition: Program,
        version: u32,
        in_force: bool,
        schema: &Schema,
    ) -> Result<Self, CompileError> {
        let fault = |field: &'static str| {
            let program = definition.name.clone();
            move |error| CompileError { program: program.clone(), field, error }
        };
        Ok(Self {
            open: in_force && definition.state == ProgramState::Live,
            trigger: LiveMatch::compile(&definition.trigger, schema, fault("trigger"))?,
            occasion: expression(definition.occasion.as_deref(), schema).map_err(fault("occasion"))?,
            audience: condition(definition.audience.as_deref(), schema).map_err(fault("audience"))?,
            cancels: definition
                .cancel_on
                .iter()
                .map(|matched| LiveMatch::compile(matched, schema, fault("cancel_on")))
                .collect::<Result<_, _>>()?,
            goal: match &definition.goal {
                None => None,
                Some(goal) => Some((
                    LiveMatch {
                        event: goal.event.clone(),
                        when: condition(goal.when.as_deref(), schema).map_err(fault("goal"))?,
                    },
                    expression(goal.value.as_deref(), schema).map_err(fault("goal"))?,
                )),
            },
            version,
            definition,
        })
    }

    /// What its conditions ask to be remembered of events.
    pub fn series(&self) -> impl Iterator<Item = &Arc<SeriesSpec>> {
        let goal = self.goal.iter();
        let conditions = [&self.trigger.when, &self.audience]
            .into_iter()
            .chain(self.cancels.iter().map(|cancel| &cancel.when))
            .chain(goal.clone().map(|(matched, _)| &matched.when))
            .flatten()
            .map(Condition::inputs);
        let expressions =
            self.occasion.iter().chain(goal.filter_map(|(_, value)| value.as_ref())).map(Expression::inputs);
        conditions.chain(expressions).flat_map(|inputs| &inputs.series)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// The feeds without which nothing is sent.
    pub fn requires_fresh(&self) -> &[FreshnessNeed] {
        &self.definition.requires_fresh
    }

    /// When a run that was triggered at `triggered` has no point any more.
    pub fn expires(&self, triggered: Time) -> Option<Time> {
        self.definition.trigger.ttl.map(|ttl| triggered.plus(ttl))
    }

    /// The names of the events that can end a run.
    pub fn ends(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.cancels.iter().map(|cancel| cancel.event.as_str()).collect();
        names.extend(self.goal.iter().map(|(goal, _)| goal.event.as_str()));
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.definition.steps
    }
}

/// All programs, by what can touch them, so that an event asks only those that it can touch.
#[derive(Debug, Default)]
pub struct Plan {
    versions: HashMap<(String, u32), Arc<LiveProgram>>,
    by_trigger: HashMap<String, Vec<Arc<LiveProgram>>>,
}

impl Plan {
    /// Adds a version of a program. Older versions are kept for those who are on their way.
    pub fn add(&mut self, program: LiveProgram) {
        let program = Arc::new(program);
        if program.open {
            self.by_trigger.entry(program.trigger.event.clone()).or_default().push(program.clone());
        }
        self.versions.insert((program.name().to_owned(), program.version), program);
    }

    /// The programs that an event may let somebody into, in the order of their names.
    pub fn triggered_by(&self, event: &str) -> &[Arc<LiveProgram>] {
        self.by_trigger.get(event).map_or(&[], Vec::as_slice)
    }

    /// All versions of all programs.
    pub fn all(&self) -> impl Iterator<Item = &Arc<LiveProgram>> {
        self.versions.values()
    }

    /// A version of a program.
    pub fn version(&self, program: &str, version: u32) -> Option<&Arc<LiveProgram>> {
        self.versions.get(&(program.to_owned(), version))
    }
}
