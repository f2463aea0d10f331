//! A person's way through a program with a simulated clock: what [`LiveProgram::advance`] decides, as if each wait were over.

use crate::{
    LiveProgram, Next, Person, Place, Taken,
    steps::{Act, LiveStep},
};
use crowsnest_model::{
    Object, Time,
    definition::{Call, OnLimit, Send, TaskStep},
};
use crowsnest_rules::Clause;

/// A way through a program, with a clock of its own. Nothing is carried out.
#[derive(Debug)]
pub struct Walk<'p> {
    program: &'p LiveProgram,
    triggered: Time,
    place: Place,
    clock: Time,
}

/// A step that was come by.
#[derive(Debug, Clone, PartialEq)]
pub struct Met {
    /// The simulated moment.
    pub time: Time,
    /// Its path in the definition, such as `2` or `2.a.0`.
    pub step: String,
    /// What came of it, in words.
    pub outcome: String,
    /// What its condition asks, or what the conditions of its ways ask up to the one that is taken, clause by clause.
    pub clauses: Vec<Clause>,
}

/// What a walk needs of whoever leads it before it goes on.
#[derive(Debug)]
pub enum Then<'p> {
    /// Nothing: the clock has moved, and the person is to be seen as of then.
    Later,
    /// To say when the message has ended, by [`Walk::resume`].
    Send {
        /// The step.
        step: &'p str,
        /// What is sent.
        send: &'p Send,
    },
    /// To say when the call has ended, by [`Walk::resume`].
    Call {
        /// The step.
        step: &'p str,
        /// What the team is asked.
        asked: &'p TaskStep,
        /// The call.
        call: &'p Call,
    },
    /// To say when the post has ended, by [`Walk::resume`].
    Webhook {
        /// The step.
        step: &'p str,
        /// The webhook.
        to: &'p str,
        /// What it would be told.
        body: Object,
    },
    /// To see the person with these traits from now on.
    Set(Object),
    /// Nothing: another program would be entered.
    Enter {
        /// The step.
        step: &'p str,
        /// The other program.
        program: &'p str,
    },
    /// It is over; why, in words.
    End(String),
}

impl<'p> Walk<'p> {
    /// Begins at the first step, for something that happens at `triggered`.
    pub fn begin(program: &'p LiveProgram, triggered: Time) -> Self {
        Self {
            program,
            triggered,
            place: Place { step: 0, since: None, anchor: triggered },
            clock: triggered,
        }
    }

    /// The simulated moment.
    pub fn clock(&self) -> Time {
        self.clock
    }

    /// Goes on as far as the person, seen as of [`Walk::clock`] with what began the walk, decides it. What was come by is
    /// added to `met`.
    pub fn go_on(&mut self, person: &Person<'_>, met: &mut Vec<Met>) -> Then<'p> {
        let mut taken = Vec::new();
        let next = self.program.advance(self.triggered, &mut self.place, self.clock, person, &mut taken);
        met.extend(taken.into_iter().map(|Taken { step, outcome }| self.met(step, outcome, person)));
        match next {
            Next::Wait(until) => {
                self.clock = until;
                Then::Later
            }
            Next::Until(until, deadline) => {
                let step = self.program.path_at(self.place.step).to_owned();
                if until.holds(person) {
                    met.push(self.met(step, format!("it holds: {}", until.in_words()), person));
                    self.pass_by();
                } else if deadline <= self.clock {
                    let in_vain = LiveProgram::in_vain(until);
                    met.push(self.met(step, in_vain.clone(), person));
                    self.pass_by();
                    if until.on_limit == OnLimit::Exit {
                        return Then::End(in_vain);
                    }
                } else {
                    let change = until.next_change(person).filter(|change| *change > self.clock);
                    self.clock = change.map_or(deadline, |change| change.min(deadline));
                }
                Then::Later
            }
            Next::Send { step, send } => Then::Send { step, send },
            Next::Set { traits, .. } => Then::Set(traits),
            Next::Webhook { step, to, body } => Then::Webhook { step, to, body },
            Next::Task { step, task } => match &task.call {
                Some(call) => Then::Call { step, asked: task, call },
                None => Then::Later,
            },
            Next::Enter { step, program } => Then::Enter { step, program },
            Next::Done(reason) => Then::End(reason),
            Next::Expired => Then::End("its time to live ran out".to_owned()),
        }
    }

    /// A message has ended at this moment; the next step is counted from there.
    pub fn resume(&mut self, ended: Time) {
        self.clock = self.clock.max(ended);
        self.place.anchor = self.clock;
    }

    /// A wait is over.
    fn pass_by(&mut self) {
        self.place = Place { step: self.place.step + 1, since: None, anchor: self.clock };
    }

    fn met(&self, step: String, outcome: String, person: &Person<'_>) -> Met {
        let clauses = self.program.explain_step(&step, person);
        Met { time: self.clock, step, outcome, clauses }
    }
}

impl LiveProgram {
    fn path_at(&self, step: u32) -> &str {
        self.steps.get(step as usize).map_or("end", |step| step.path.as_str())
    }

    /// What a step asks of a person, clause by clause; of a branch the ways up to the one that is taken.
    fn explain_step(&self, path: &str, person: &Person<'_>) -> Vec<Clause> {
        // A jump at the end of a way has the path of the way, and no step has that.
        let step = self.steps.iter().find(|step| step.path == path);
        match step.map(|LiveStep { act, .. }| act) {
            Some(Act::Branch { ways, .. }) => {
                let taken = ways.iter().position(|(when, _)| when.evaluate(person).holds());
                let asked = &ways[..taken.map_or(ways.len(), |taken| taken + 1)];
                asked.iter().flat_map(|(when, _)| when.explain(person)).collect()
            }
            Some(Act::Until(until)) => until.explain(person),
            _ => Vec::new(),
        }
    }
}
