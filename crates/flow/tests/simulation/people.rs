//! Who is who, what they were told to have done, and what programs should have sent them: told apart from the events in
//! the order in which they were told, by rules as simple as the guide says them.

use crate::{
    dates::{DateText, Said},
    definitions::{Definitions, ProgramText},
    identity::{Name, Sides},
    items::{Priced, Watching},
    told::{Told, said},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    rc::Rc,
};

/// Everybody.
#[derive(Debug, Default)]
pub struct People {
    pub told: Vec<Told>,
    known: HashSet<String>,
    /// In the order in which they became known; `None` once they turned out to be somebody else.
    pub all: Vec<Option<Human>>,
    pub holders: BTreeMap<Name, usize>,
    /// Who is not one with whom.
    pub decisions: Vec<Sides>,
    /// All that happened, so that it can happen again.
    pub happened: Vec<Happened>,
    /// What was said about offers, by address: when, and whether they agree.
    agreed: BTreeMap<String, (i64, bool)>,
    runs: usize,
    /// Of whom a day or zone is known.
    brought: BTreeSet<usize>,
    /// The programs by date, and since when each is in force.
    dates: BTreeMap<String, (DateText, i64)>,
}

/// Something that happened, and when.
#[derive(Debug, Clone)]
pub enum Happened {
    /// An event was told, with these programs.
    Heard(Box<Told>, Rc<BTreeMap<String, ProgramText>>, i64),
    Defined(Rc<Definitions>, i64),
    Served(i64),
    /// A thing has a price, with these programs about things.
    Priced(Priced, Rc<Watching>),
}

/// One person.
#[derive(Debug, Default)]
pub struct Human {
    /// The places of their events in [`People::told`].
    pub events: Vec<usize>,
    /// What they are known by, and when that was seen last.
    pub names: BTreeMap<Name, i64>,
    /// The decisions that keep them apart from others, each with their side.
    pub sides: BTreeSet<(usize, usize)>,
    /// By what the two were known who turned out to be one, each time.
    pub merges: Vec<Sides>,
    runs: Vec<Way>,
    occasions: BTreeSet<(String, String)>,
    /// What was sent: program, occasion and the place of the step.
    pub sent: BTreeSet<(String, String, usize)>,
    /// What had no address to go to: an occasion has its step once, sent or left out.
    left_out: BTreeSet<(String, String, usize)>,
    /// What came due for them: program and occasion.
    pub had: BTreeSet<(String, String)>,
    /// What they said of themselves in an import counts from then on only.
    imported: BTreeMap<String, i64>,
    /// When they came to be: who was not there yet is not late for a schedule.
    made: i64,
    /// They were several once.
    pub merged: bool,
}

/// A way through a program.
#[derive(Debug, Clone)]
struct Way {
    /// Later ones are larger.
    number: usize,
    program: ProgramText,
    occasion: String,
    triggered: i64,
    /// The place of the step that comes next.
    step: usize,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Waiting(i64),
    /// For a message that is due since then.
    Queued(i64),
    Over,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(i64),
    Send,
    /// To the webhook; that needs no address.
    Post,
}

fn steps(program: &ProgramText) -> Vec<Step> {
    let mut steps = Vec::new();
    for (wait, post) in program.waits.iter().zip(&program.posts) {
        if *wait > 0 {
            steps.push(Step::Wait(*wait));
        }
        steps.push(if *post { Step::Post } else { Step::Send });
    }
    steps
}

impl Way {
    fn expired(&self, now: i64) -> bool {
        self.program.ttl.is_some_and(|ttl| self.triggered + ttl <= now)
    }

    /// Whether an event calls it off: it happened after what began it, as far as its source tells.
    fn cancelled_by(&self, event: &Told) -> bool {
        let precise = if event.time % 60_000 == 0 {
            59_999
        } else if event.time % 1_000 == 0 {
            999
        } else {
            0
        };
        event.name.is_some() && event.name == self.program.cancel && event.time + precise >= self.triggered
    }

    /// Its step just taken: program, occasion and the place of the step.
    fn place(&self) -> (String, String, usize) {
        (self.program.name.clone(), self.occasion.clone(), self.step - 1)
    }

    fn key(&self) -> (String, String) {
        (self.program.name.clone(), self.occasion.clone())
    }
}

impl Human {
    /// Somebody new.
    pub fn made(now: i64) -> Self {
        Self { made: now, ..Self::default() }
    }

    pub fn events<'t>(&self, told: &'t [Told]) -> Vec<&'t Told> {
        self.events.iter().map(|place| &told[*place]).collect()
    }

    /// The programs that they are in.
    pub fn programs(&self) -> BTreeSet<String> {
        self.runs.iter().map(|run| run.program.name.clone()).collect()
    }

    /// What is known of their day and zone.
    fn said(&self, told: &[Told]) -> Said {
        let events = self.events(told);
        let text = |name| said(&events, name).and_then(|value| value.as_str()).map(str::to_owned);
        Said { day: text("day"), zone: text("time_zone") }
    }

    /// Somebody looks at them: what has come due by now has come.
    fn look(&mut self, dates: &BTreeMap<String, (DateText, i64)>, now: i64, told: &[Told]) {
        let said = self.said(told);
        for (name, (program, since)) in dates {
            let after = self.imported.get(name).map_or(*since, |imported| *since.max(imported));
            let after = if program.is_schedule() { after.max(self.made) } else { after };
            let due = program.due(&said, after, now);
            self.had.extend(due.into_iter().map(|occasion| (name.clone(), occasion)));
        }
    }

    /// Their day or zone is another one now, or may be. Of these only a zone concerns a schedule.
    fn moved(&mut self, dates: &BTreeMap<String, (DateText, i64)>, zone: bool, imported: Option<i64>) {
        for (name, _) in dates.iter().filter(|(_, (program, _))| zone || !program.is_schedule()) {
            match imported {
                Some(now) => self.imported.insert(name.clone(), now),
                None => self.imported.remove(name),
            };
        }
    }

    /// Takes a run as far as it goes.
    fn drive(&mut self, mut run: Way, anchor: i64, now: i64) {
        let mut anchor = anchor;
        let steps = steps(&run.program);
        loop {
            let Some(step) = steps.get(run.step) else { return };
            if run.expired(now.max(anchor)) {
                return;
            }
            run.step += 1;
            match step {
                Step::Wait(span) => {
                    anchor += span;
                    if anchor > now {
                        run.at = At::Waiting(anchor);
                        break;
                    }
                }
                Step::Send | Step::Post
                    if self.sent.contains(&run.place()) || self.left_out.contains(&run.place()) =>
                {
                    anchor = now;
                }
                Step::Send if self.address().is_none() => {
                    self.left_out.insert(run.place());
                    anchor = now;
                }
                Step::Send | Step::Post => {
                    run.at = At::Queued(now);
                    break;
                }
            }
        }
        self.runs.push(run);
    }

    /// What is due is sent.
    fn serve(&mut self, now: i64) {
        loop {
            let due = |run: &Way| match run.at {
                At::Waiting(until) | At::Queued(until) => until <= now,
                At::Over => false,
            };
            let Some(place) = self.runs.iter().position(due) else { return };
            let run = self.runs.remove(place);
            match run.at {
                At::Waiting(until) => self.drive(run, until, now),
                At::Queued(_) if run.expired(now) => {}
                At::Queued(_) => {
                    // Once for each occasion, even where two people who had it both turned out to be one.
                    self.sent.insert(run.place());
                    self.drive(run, now, now);
                }
                At::Over => {}
            }
        }
    }

    fn cancelled_already(&self, run: &Way, told: &[Told]) -> bool {
        self.events(told).into_iter().any(|event| run.cancelled_by(event))
    }

    /// They turn out to be one with somebody else.
    pub fn absorb(&mut self, mut other: Self, now: i64, told: &[Told]) {
        self.merged = true;
        self.note_merge(&other);
        other.runs.retain(|run| !self.occasions.contains(&run.key()));
        self.events.extend(other.events);
        self.occasions.extend(other.occasions);
        self.sent.extend(other.sent);
        self.had.extend(other.had);
        // What the other had no address for does not stand in the way of what they are to get yet.
        self.runs.append(&mut other.runs);
        let mut runs = std::mem::take(&mut self.runs);
        runs.retain(|run| !self.cancelled_already(run, told));
        // Whoever has gone farthest goes on.
        runs.sort_by_key(|run| (std::cmp::Reverse(run.step), run.triggered, run.number));
        let mut inside = BTreeSet::new();
        runs.retain(|run| inside.insert(run.program.name.clone()));
        // What the other has been sent is not sent again: whoever waited for it goes on.
        let (had, runs): (Vec<Way>, Vec<Way>) = runs
            .into_iter()
            .partition(|run| matches!(run.at, At::Queued(_)) && self.sent.contains(&run.place()));
        self.runs = runs;
        for run in had {
            self.drive(run, now, now);
        }
    }
}

impl People {
    /// Who holds an identifier, by their place in [`People::all`].
    pub fn holder(&self, identifier: &Name) -> Option<usize> {
        self.holders.get(identifier).copied()
    }

    /// Whether somebody agrees to offers, as far as that is known.
    pub fn agrees(&self, human: &Human) -> Option<bool> {
        self.agreed.get(&human.address()?).map(|(_, agrees)| *agrees)
    }

    /// Something happens.
    pub fn happen(&mut self, what: Happened) {
        self.again(&what);
        self.happened.push(what);
    }

    /// Something happens as it did before.
    pub fn again(&mut self, what: &Happened) {
        match what {
            Happened::Heard(event, programs, now) => self.hear(event, programs, *now),
            Happened::Defined(definitions, now) => self.define(definitions, *now),
            Happened::Served(now) => self.serve(*now),
            Happened::Priced(priced, watching) => self.price(priced, watching),
        }
    }

    /// An event is told. Copies are heard once.
    fn hear(&mut self, event: &Told, programs: &BTreeMap<String, ProgramText>, now: i64) {
        if !self.known.insert(event.id.clone()) {
            return;
        }
        let meant = self.meant(event);
        let named: BTreeSet<usize> = meant.people.iter().copied().collect();
        for place in &named {
            if let Some(human) = self.all[*place].as_mut() {
                human.look(&self.dates, now, &self.told);
            }
        }
        let zones: BTreeSet<usize> = named
            .iter()
            .filter(|place| {
                self.all[**place].as_ref().is_some_and(|human| human.said(&self.told).zone.is_some())
            })
            .copied()
            .collect();
        let person = self.whose(event, meant, now);
        let zoned = zones.iter().any(|place| *place != person);
        let joined = named.iter().any(|place| *place != person && self.brought.contains(place));
        let before = self.all[person].as_ref().map(|human| human.said(&self.told));
        self.told.push(event.clone());
        let number = self.runs;
        let Some(human) = self.all[person].as_mut() else { return };
        human.events.push(self.told.len() - 1);
        let said = human.said(&self.told);
        if joined || before.as_ref() != Some(&said) {
            let zone = zoned || before.and_then(|before| before.zone) != said.zone;
            human.moved(&self.dates, zone, event.historical.then_some(now));
        }
        human.look(&self.dates, now, &self.told);
        if human.said(&self.told) != Said::default() {
            self.brought.insert(person);
        }
        let named = event.identifiers.iter().find(|(namespace, _)| *namespace == "email");
        if let Some(agrees) = event.agrees
            && let Some(address) = named.map(|(_, value)| value.clone()).or_else(|| human.address())
        {
            let said = self.agreed.entry(address).or_insert((event.time, agrees));
            if event.time > said.0 {
                *said = (event.time, agrees);
            }
        }
        human.runs.retain(|run| !run.cancelled_by(event));
        let begins = |program: &&ProgramText| {
            Some(program.event) == event.name
                && program
                    .at_least
                    .is_none_or(|least| event.number("value").is_some_and(|value| value >= least as f64))
        };
        for program in programs.values().filter(|_| !event.historical).filter(begins) {
            self.runs = number + 1;
            let named = event.text("cart").filter(|_| program.by_cart);
            let run = Way {
                number,
                program: program.clone(),
                occasion: named.unwrap_or(&event.id).to_owned(),
                triggered: event.time,
                step: 0,
                at: At::Over,
            };
            if run.expired(now) {
                human.occasions.insert(run.key());
                continue;
            }
            if human.occasions.contains(&run.key()) {
                continue;
            }
            // Left out is not had: the same occasion may come again.
            if human.programs().contains(&program.name) {
                continue;
            }
            human.occasions.insert(run.key());
            if !human.cancelled_already(&run, &self.told) {
                human.drive(run, event.time, now);
            }
        }
    }

    /// These definitions are in force from now on. What came due before a program begins nothing.
    fn define(&mut self, definitions: &Definitions, now: i64) {
        let before = std::mem::take(&mut self.dates);
        for (name, text) in &definitions.dates {
            let since = match before.get(name) {
                Some((known, since)) if known == text => *since,
                _ => {
                    self.all.iter_mut().flatten().for_each(|human| {
                        human.imported.remove(name);
                    });
                    now
                }
            };
            self.dates.insert(name.clone(), (text.clone(), since));
        }
    }

    /// Those who watch a thing hear of its price.
    fn price(&mut self, priced: &Priced, watching: &Watching) {
        for human in self.all.iter_mut().flatten() {
            let events = human.events(&self.told);
            for (name, program) in watching {
                human.had.extend(program.occasion(priced, &events).map(|occasion| (name.clone(), occasion)));
            }
        }
    }

    /// What is due is sent.
    fn serve(&mut self, now: i64) {
        for human in self.all.iter_mut().flatten() {
            human.look(&self.dates, now, &self.told);
            human.serve(now);
        }
    }
}
