//! Definitions made ready to be asked.

use crate::{
    Entrances,
    steps::{self, LiveStep},
    trigger::{LiveTrigger, Watch},
};
use crowsnest_model::{
    Duration, InterestId, Percent, Time,
    definition::{EventMatch, FreshnessNeed, Program, ProgramState, Trigger},
};
use crowsnest_rules::{Condition, Expression, Inputs, Interest, RuleError, Schema, SeriesSpec};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

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
    pub(crate) fn compile(event: &str, when: Option<&str>, reader: &Reader<'_>) -> Result<Self, RuleError> {
        Ok(Self { event: event.to_owned(), when: when.map(|when| reader.condition(when)).transpose()? })
    }

    /// What it waits for, in words.
    pub(crate) fn in_words(&self) -> String {
        match &self.when {
            Some(when) => format!("{} of which holds: {}", self.event, when.sentence()),
            None => self.event.clone(),
        }
    }
}

/// When a version of a program is or was in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// Since then.
    pub from: Time,
    /// Until then; `None` when it still is.
    pub until: Option<Time>,
}

impl InForce {
    /// Since ever, and still.
    pub const ALWAYS: Self = Self { from: Time(i64::MIN), until: None };

    /// Whether it was or is, at a moment.
    pub fn is_at(self, time: Time) -> bool {
        self.from <= time && self.until.is_none_or(|until| time < until)
    }
}

/// A version of a program, ready.
#[derive(Debug)]
pub struct LiveProgram {
    /// What it says.
    pub definition: Program,
    /// Its version.
    pub version: u32,
    /// When it was in force.
    pub in_force: InForce,
    /// While it is in force new people may enter: it is neither a draft nor paused.
    pub open: bool,
    /// Nobody enters, and who is inside stands still, on whichever version.
    pub paused: bool,
    pub(crate) global_holdout: Option<Percent>,
    pub(crate) trigger: LiveTrigger,
    pub(crate) occasion: Option<Expression>,
    pub(crate) audience: Option<Condition>,
    /// What the record says of somebody who is not in the audience.
    pub(crate) not_meant: String,
    pub(crate) cancels: Vec<LiveMatch>,
    pub(crate) goal: Option<(LiveMatch, Option<Expression>)>,
    pub(crate) steps: Vec<LiveStep>,
    inputs: Vec<Inputs>,
}

/// Reads conditions, and gathers what they look at.
pub(crate) struct Reader<'s> {
    schema: &'s Schema,
    inputs: RefCell<Vec<Inputs>>,
}

impl Reader<'_> {
    pub(crate) fn interest(
        &self,
        event: &str,
        item: &str,
        when: Option<&str>,
    ) -> Result<Interest, RuleError> {
        let item = Expression::of_recorded(item, event, self.schema)?;
        let when = when.map(|when| Condition::of_recorded(when, event, self.schema)).transpose()?;
        Ok(Interest::new(event, &item, when.as_ref()))
    }

    pub(crate) fn condition(&self, text: &str) -> Result<Condition, RuleError> {
        let condition = Condition::parse(text, self.schema)?;
        self.inputs.borrow_mut().push(condition.inputs().clone());
        Ok(condition)
    }

    pub(crate) fn expression(&self, text: &str) -> Result<Expression, RuleError> {
        let expression = Expression::parse(text, self.schema)?;
        self.inputs.borrow_mut().push(expression.inputs().clone());
        Ok(expression)
    }
}

impl LiveProgram {
    /// Makes a version of a program ready. `schema` knows what its conditions may name, metrics above all.
    pub fn compile(
        definition: Program,
        version: u32,
        in_force: InForce,
        schema: &Schema,
    ) -> Result<Self, CompileError> {
        let fault = |field: &'static str| {
            let program = definition.name.clone();
            move |error| CompileError { program: program.clone(), field, error }
        };
        let reader = Reader { schema, inputs: RefCell::default() };
        let trigger = &definition.trigger;
        let cancel = |cancel: &EventMatch| {
            LiveMatch::compile(&cancel.event, cancel.when.as_deref(), &reader).map_err(fault("cancel_on"))
        };
        let audience = definition
            .audience
            .as_deref()
            .map(|text| reader.condition(text))
            .transpose()
            .map_err(fault("audience"))?;
        Ok(Self {
            paused: in_force.until.is_none() && definition.state == ProgramState::Paused,
            global_holdout: None,
            open: definition.state == ProgramState::Live,
            in_force,
            trigger: LiveTrigger::compile(trigger, &reader).map_err(fault("trigger"))?,
            occasion: definition
                .occasion
                .as_deref()
                .map(|text| reader.expression(text))
                .transpose()
                .map_err(fault("occasion"))?,
            not_meant: audience
                .as_ref()
                .map(|audience| format!("is not in the audience: {}", audience.sentence()))
                .unwrap_or_default(),
            audience,
            cancels: definition.cancel_on.iter().map(cancel).collect::<Result<_, _>>()?,
            goal: match &definition.goal {
                None => None,
                Some(goal) => Some((
                    LiveMatch::compile(&goal.event, goal.when.as_deref(), &reader).map_err(fault("goal"))?,
                    goal.value
                        .as_deref()
                        .map(|text| reader.expression(text))
                        .transpose()
                        .map_err(fault("goal"))?,
                )),
            },
            steps: steps::compile(&definition, &reader)?,
            inputs: reader.inputs.into_inner(),
            version,
            definition,
        })
    }

    /// What its conditions look at.
    pub fn inputs(&self) -> impl Iterator<Item = &Inputs> {
        self.inputs.iter()
    }

    /// What its conditions ask to be remembered of events.
    pub fn series(&self) -> impl Iterator<Item = &Arc<SeriesSpec>> {
        self.inputs().flat_map(|inputs| &inputs.series)
    }

    /// With a part of the people who are held out of all programs.
    #[must_use]
    pub fn with_global_holdout(self, part: Option<Percent>) -> Self {
        Self { global_holdout: part, ..self }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// The feeds without which nothing is sent.
    pub fn requires_fresh(&self) -> &[FreshnessNeed] {
        &self.definition.requires_fresh
    }

    /// What it watches for, if a change of an item begins it.
    pub fn watch(&self) -> Option<&Watch> {
        match &self.trigger {
            LiveTrigger::Catalogue(watch) => Some(watch),
            _ => None,
        }
    }

    /// When a run that was triggered at `triggered` has no point any more.
    pub fn expires(&self, triggered: Time) -> Option<Time> {
        self.definition.trigger.ttl.map(|ttl| triggered.plus(ttl))
    }

    /// Whether another version begins by the same: the time to live does not matter.
    pub fn begins_as(&self, other: &Self) -> bool {
        let [one, other] =
            [self, other].map(|program| Trigger { ttl: None, ..program.definition.trigger.clone() });
        one == other
    }

    /// When there is no point any more in something that a run began at `now` and that has a time to live of its own.
    pub fn expires_within(&self, triggered: Time, now: Time, own: Option<Duration>) -> Option<Time> {
        self.expires(triggered).into_iter().chain(own.map(|own| now.plus(own))).min()
    }

    /// The names of the events that can end a run.
    pub fn ends(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.cancels.iter().map(|cancel| cancel.event.as_str()).collect();
        names.extend(self.goal.iter().map(|(goal, _)| goal.event.as_str()));
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// All programs, each in all its versions.
#[derive(Debug, Default)]
pub struct Plan {
    versions: HashMap<(String, u32), Arc<LiveProgram>>,
    entrances: Arc<Entrances>,
    /// What programs in force ask to be kept of who watches what, and the longest that one of them asks for it.
    interests: BTreeMap<InterestId, (Arc<Interest>, Duration)>,
    interests_by_event: HashMap<String, Vec<InterestId>>,
    /// The programs that stand still, and since when they do.
    paused: HashMap<String, Time>,
}

impl Plan {
    /// All of these programs. Older versions are there for those who are on their way.
    pub fn new(programs: Vec<LiveProgram>) -> Self {
        let mut plan = Self::default();
        let mut in_force: Vec<Arc<LiveProgram>> = Vec::new();
        for program in programs {
            let program = Arc::new(program);
            if program.in_force.until.is_none() {
                plan.keep(&program);
                in_force.push(program.clone());
            }
            plan.versions.insert((program.name().to_owned(), program.version), program);
        }
        for program in in_force.iter().filter(|program| program.paused) {
            plan.paused.insert(program.name().to_owned(), plan.pause_of(program));
        }
        plan.entrances = Arc::new(Entrances::new(in_force));
        plan
    }

    /// What a program in force asks for beside letting people in.
    fn keep(&mut self, program: &LiveProgram) {
        if let Some(watch) = program.watch().filter(|_| program.open || program.paused) {
            let interest = &watch.interest;
            let (_, within) = self.interests.entry(interest.id()).or_insert_with(|| {
                self.interests_by_event.entry(interest.event().to_owned()).or_default().push(interest.id());
                (interest.clone(), watch.within)
            });
            *within = watch.within.max(*within);
        }
    }

    /// Since when a version that is paused, and those right before it that were, have been in force.
    fn pause_of(&self, program: &LiveProgram) -> Time {
        let mut since = program.in_force.from;
        let is_before = |other: &&Arc<LiveProgram>, since: Time| {
            other.name() == program.name()
                && other.definition.state == ProgramState::Paused
                && other.in_force.until == Some(since)
                && other.in_force.from < since
        };
        while let Some(before) = self.versions.values().find(|other| is_before(other, since)) {
            since = before.in_force.from;
        }
        since
    }

    /// The programs in force that take people in.
    pub fn entrances(&self) -> &Arc<Entrances> {
        &self.entrances
    }

    /// The programs that took people in at a moment, each in the version that was in force then.
    pub fn entrances_at(&self, time: Time) -> Entrances {
        Entrances::new(
            self.versions.values().filter(|program| program.in_force.is_at(time)).cloned().collect(),
        )
    }

    /// The names of the programs that were there at a moment, open or not.
    pub fn named_at(&self, time: Time) -> impl Iterator<Item = &str> {
        self.versions
            .values()
            .filter(move |program| program.in_force.is_at(time))
            .map(|program| program.name())
    }

    /// The moments at which versions came in force or went out of it.
    pub fn turns(&self) -> BTreeSet<Time> {
        self.versions
            .values()
            .flat_map(|program| [Some(program.in_force.from), program.in_force.until])
            .flatten()
            .collect()
    }

    /// Since when a version that begins by date or by schedule, and the versions right before it, have had the same moments.
    pub fn same_moments_since(&self, program: &LiveProgram) -> Time {
        let mut first = program;
        while let Some(before) =
            first.version.checked_sub(1).and_then(|version| self.version(program.name(), version))
            && before.open
            && before.in_force.until == Some(first.in_force.from)
            && before.begins_as(program)
        {
            first = before;
        }
        first.in_force.from
    }

    /// Everything that is kept of who watches what, and for how long.
    pub fn interests(&self) -> impl Iterator<Item = (&Arc<Interest>, Duration)> {
        self.interests.values().map(|(interest, within)| (interest, *within))
    }

    /// What of that events of this name may say.
    pub fn interests_about(&self, event: &str) -> impl Iterator<Item = (&Arc<Interest>, Duration)> {
        let ids = self.interests_by_event.get(event).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.interests.get(id)).map(|(interest, within)| (interest, *within))
    }

    /// The longest that is asked for of an interest.
    pub fn kept(&self, interest: InterestId) -> Option<Duration> {
        self.interests.get(&interest).map(|(_, within)| *within)
    }

    /// Whether a program stands still.
    pub fn is_paused(&self, program: &str) -> bool {
        self.paused.contains_key(program)
    }

    /// Since when a program stands still; `None` when it does not.
    pub fn paused_since(&self, program: &str) -> Option<Time> {
        self.paused.get(program).copied()
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
