//! The steps of a program, made ready: a list in which branches and splits are jumps, so that a person's place is one
//! number. Nothing jumps back, so every way ends.

use crate::{
    Person,
    compile::{CompileError, LiveMatch, Reader},
};
use crowsnest_model::{
    Duration, ProfileId, Time,
    definition::{OnLimit, Program, Send, SetValue, Share, Step, TaskStep, WaitUntil},
};
use crowsnest_rules::{Clause, Condition, Expression, RuleError};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// A step of the list.
#[derive(Debug)]
pub(crate) struct LiveStep {
    /// Where the definition has it: `2`, or `2.a.0` for the first step of the way `a` of the third.
    pub(crate) path: String,
    pub(crate) act: Act,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Act {
    Wait(Duration),
    Until(Box<Until>),
    Send(Send),
    Set(Vec<(String, SetLive)>),
    Task(TaskStep),
    Webhook { to: String, body: Vec<(String, Expression)> },
    Enter(String),
    Exit(String),
    Branch { ways: Vec<(Condition, u32)>, otherwise: u32 },
    Split { lot: String, ways: Vec<Way> },
    Jump(u32),
}

/// One way of a split.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) name: String,
    pub(crate) weight: u32,
    /// The first of its steps.
    pub(crate) to: u32,
}

/// What a trait is set to.
#[derive(Debug)]
pub(crate) enum SetLive {
    Value(Value),
    From(Expression),
}

/// A wait for something to happen.
#[derive(Debug)]
pub struct Until {
    pub(crate) matched: Option<LiveMatch>,
    pub(crate) when: Option<Condition>,
    pub(crate) limit: Duration,
    /// What happens when the limit is reached.
    pub on_limit: OnLimit,
}

impl Until {
    /// The name of the event for which it waits; `None` when it waits for a condition on the person.
    pub fn event(&self) -> Option<&str> {
        self.matched.as_ref().map(|matched| matched.event.as_str())
    }

    /// When time alone may next change whether its condition holds.
    pub fn next_change(&self, person: &Person<'_>) -> Option<Time> {
        self.when.as_ref().filter(|when| self.matched.is_none() && when.inputs().time)?.next_change(person)
    }

    /// Whether the condition holds that ends the wait. A wait for an event has none.
    pub fn holds(&self, person: &Person<'_>) -> bool {
        self.when.as_ref().is_some_and(|when| when.evaluate(person).holds())
    }

    /// What its condition asks of a person, clause by clause; empty for a wait for an event.
    pub(crate) fn explain(&self, person: &Person<'_>) -> Vec<Clause> {
        self.when.as_ref().map(|when| when.explain(person)).unwrap_or_default()
    }

    /// What it waits for, in words.
    pub fn in_words(&self) -> String {
        match (&self.matched, &self.when) {
            (Some(matched), _) => matched.in_words(),
            (None, Some(when)) => when.sentence(),
            (None, None) => "nothing".to_owned(),
        }
    }
}

/// The steps of a program as a list.
pub(crate) fn compile(program: &Program, reader: &Reader<'_>) -> Result<Vec<LiveStep>, CompileError> {
    let mut made = Maker { program: &program.name, reader, list: Vec::new(), lots: HashMap::new() };
    made.all(&program.steps, "")?;
    Ok(made.list)
}

struct Maker<'p> {
    program: &'p str,
    reader: &'p Reader<'p>,
    list: Vec<LiveStep>,
    /// How many splits there are of the same ways.
    lots: HashMap<String, usize>,
}

impl Maker<'_> {
    fn fault(&self, field: &'static str) -> impl Fn(RuleError) -> CompileError + use<> {
        let program = self.program.to_owned();
        move |error| CompileError { program: program.clone(), field, error }
    }

    fn next(&self) -> u32 {
        u32::try_from(self.list.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, path: &str, act: Act) {
        self.list.push(LiveStep { path: path.to_owned(), act });
    }

    fn all(&mut self, steps: &[Step], above: &str) -> Result<(), CompileError> {
        for (index, step) in steps.iter().enumerate() {
            self.one(step, &format!("{above}{index}"))?;
        }
        Ok(())
    }

    fn one(&mut self, step: &Step, path: &str) -> Result<(), CompileError> {
        let act = match step {
            Step::Wait(span) => Act::Wait(*span),
            Step::WaitUntil(until) => Act::Until(Box::new(self.until(until)?)),
            Step::Send(send) => Act::Send(send.clone()),
            Step::Set(traits) => Act::Set(
                traits
                    .iter()
                    .map(|(name, value)| {
                        let live = match value {
                            SetValue::Value(value) => SetLive::Value(value.clone()),
                            SetValue::From(text) => {
                                SetLive::From(self.reader.expression(text).map_err(self.fault("set"))?)
                            }
                        };
                        Ok((name.clone(), live))
                    })
                    .collect::<Result<_, CompileError>>()?,
            ),
            Step::Task(task) => Act::Task(task.clone()),
            Step::Webhook(told) => Act::Webhook {
                to: told.to.clone(),
                body: told
                    .body
                    .iter()
                    .map(|(name, text)| {
                        let value = self.reader.expression(text).map_err(self.fault("webhook"))?;
                        Ok((name.clone(), value))
                    })
                    .collect::<Result<_, CompileError>>()?,
            },
            Step::Enter(program) => Act::Enter(program.clone()),
            Step::Exit(reason) => Act::Exit(reason.clone()),
            Step::Branch(arms) => {
                let at = self.list.len();
                self.push(path, Act::Branch { ways: Vec::new(), otherwise: 0 });
                let (mut ways, mut otherwise, mut ends) = (Vec::new(), None, Vec::new());
                for (index, arm) in arms.iter().enumerate() {
                    match &arm.when {
                        Some(text) => ways
                            .push((self.reader.condition(text).map_err(self.fault("branch"))?, self.next())),
                        None => otherwise = Some(self.next()),
                    }
                    self.way(arm.steps(), &format!("{path}.{index}."), &mut ends)?;
                }
                let end = self.join(&ends);
                self.list[at].act = Act::Branch { ways, otherwise: otherwise.unwrap_or(end) };
                return Ok(());
            }
            Step::Split(shares) => {
                let at = self.list.len();
                let lot = self.lot(shares);
                self.push(path, Act::Split { lot: lot.clone(), ways: Vec::new() });
                let (mut ways, mut ends) = (Vec::new(), Vec::new());
                for (name, share) in shares {
                    ways.push(Way { name: name.clone(), weight: share.weight, to: self.next() });
                    self.way(&share.steps, &format!("{path}.{name}."), &mut ends)?;
                }
                self.join(&ends);
                self.list[at].act = Act::Split { lot, ways };
                return Ok(());
            }
        };
        self.push(path, act);
        Ok(())
    }

    /// The steps of one way, with a jump behind them to where the ways meet.
    fn way(&mut self, steps: &[Step], above: &str, ends: &mut Vec<usize>) -> Result<(), CompileError> {
        self.all(steps, above)?;
        ends.push(self.list.len());
        self.push(above.trim_end_matches('.'), Act::Jump(0));
        Ok(())
    }

    /// The ways meet here.
    fn join(&mut self, ends: &[usize]) -> u32 {
        let end = self.next();
        for place in ends {
            self.list[*place].act = Act::Jump(end);
        }
        end
    }

    fn until(&self, until: &WaitUntil) -> Result<Until, CompileError> {
        let when = until
            .when
            .as_deref()
            .map(|text| self.reader.condition(text))
            .transpose()
            .map_err(self.fault("wait_until"))?;
        let (matched, when) = match &until.event {
            Some(event) => (Some(LiveMatch { event: event.clone(), when }), None),
            None => (None, when),
        };
        Ok(Until { matched, when, limit: until.limit, on_limit: until.on_limit })
    }

    /// What a split's lots are drawn under: its ways, so that steps that are added elsewhere change nobody's lot.
    fn lot(&mut self, shares: &BTreeMap<String, Share>) -> String {
        let mut lot = shares.keys().map(String::as_str).collect::<Vec<_>>().join("|");
        let before = self.lots.entry(lot.clone()).or_default();
        *before += 1;
        if *before > 1 {
            lot.push_str(&format!("#{before}"));
        }
        lot
    }
}

/// Draws a lot that stays the same for ever: a number below `below`, by a hash of the names and the person.
pub(crate) fn draw(names: &[&str], person: ProfileId, below: u64) -> u64 {
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name);
        hash.update([0]);
    }
    hash.update(person.0.to_be_bytes());
    let digest = hash.finalize();
    let mut bits = [0; 8];
    bits.copy_from_slice(&digest[..8]);
    // As a part of the whole range, so that no remainder favours the first.
    ((u128::from(u64::from_be_bytes(bits)) * u128::from(below)) >> 64) as u64
}

/// Which way of a split a person goes; `None` when no way has any weight.
pub(crate) fn way_of<'w>(program: &str, lot: &str, ways: &'w [Way], person: ProfileId) -> Option<&'w Way> {
    let sum = ways.iter().map(|way| u64::from(way.weight)).sum();
    let mut drawn = draw(&["split", program, lot], person, sum);
    ways.iter().find(|way| {
        let weight = u64::from(way.weight);
        let mine = drawn < weight;
        drawn = drawn.saturating_sub(weight);
        mine
    })
}
