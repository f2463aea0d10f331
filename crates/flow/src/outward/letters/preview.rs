//! What the next print run would print, by the checks and in the order of one.

use super::{
    UNMADE_SHOWN, Unmade, cannot_be_made,
    claim::{Had, due_in, had_by_another},
    compose_letter, most_frequent_first,
    seeds::Copies,
};
use crate::{
    Engine, FlowError, Live,
    outward::{
        Purse,
        contact::Circle,
        forecast::{Forecast, Message},
    },
};
use crowsnest_channels::letter::{Gauge, Paper, TooLongLines};
use crowsnest_model::{
    PrintRunId, Time,
    definition::Send,
    delivery::{Delivery, LETTER},
};
use crowsnest_store::Read;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// So many letters are looked at together.
const AT_ONCE: usize = 500;

/// A print run that is not there: nothing was printed in it.
const NONE: PrintRunId = PrintRunId(0);

/// What the next print run would print.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PrintPreview {
    /// How many letters.
    pub letters: u64,
    /// How many copies for seed lists, beside them.
    pub copies: u64,
    /// How many of each program or broadcast and template.
    pub by_template: Vec<(String, String, u64)>,
    /// How many that are due would not be printed, by reason, the most frequent first.
    pub left_out: Vec<(String, u64)>,
    /// Letters that cannot be made as things are, the first 20: mend the template, or what is known of the person.
    pub unmade: Vec<Unmade>,
    /// Lines that are too long for where they stand.
    pub too_long: TooLongLines,
}

impl Engine {
    /// What a print run would print now. Nothing is changed. Each letter is made, and asked what is asked next to the print,
    /// except that those of this print run are not counted against each other by the contact policy. It blocks.
    pub fn preview_letters(&self, program: Option<&str>) -> Result<PrintPreview, FlowError> {
        let (live, now) = (self.live(), self.now());
        let paper = Paper::of(&live.workspace().organisation.country);
        let gauge = Gauge::new(paper).map_err(FlowError::Broken)?;
        let mut done = Ok(PrintPreview::default());
        self.read(|read| {
            let purse = Purse::read(read, &live, now)?;
            let (left_out, by_template) = (BTreeMap::new(), BTreeMap::new());
            let (found, had, copies) = (PrintPreview::default(), Had::new(), Copies::default());
            let looking =
                Looking { read, live: &live, now, gauge, purse, had, found, left_out, by_template, copies };
            done = looking.through(program);
            Ok(())
        })?;
        done
    }
}

/// A preview as far as it is done.
struct Looking<'r> {
    read: &'r dyn Read,
    live: &'r Live,
    now: Time,
    gauge: Gauge,
    purse: Purse,
    had: Had,
    found: PrintPreview,
    left_out: BTreeMap<String, u64>,
    by_template: BTreeMap<(String, String), u64>,
    copies: Copies,
}

impl Looking<'_> {
    fn through(mut self, program: Option<&str>) -> Result<PrintPreview, FlowError> {
        let (read, now) = (self.read, self.now);
        let mut asked = BTreeSet::new();
        let mut after = None;
        loop {
            let due = read.due_letters(now, program, after, AT_ONCE)?;
            let Some(last) = due.last() else { break };
            after = Some((last.due, last.id));
            for first in due {
                if asked.contains(&first.profile) {
                    continue;
                }
                let circle = Circle::of(read, self.live.policy(), first.profile)?;
                asked.extend(circle.people.iter().copied());
                for letter in due_in(read, self.live, &circle, program, now)? {
                    if let Err(reason) = self.one(letter)? {
                        *self.left_out.entry(reason).or_default() += 1;
                    }
                }
            }
        }
        let by_template = self.by_template.into_iter();
        self.found.by_template = by_template.map(|((program, template), n)| (program, template, n)).collect();
        self.found.left_out = most_frequent_first(self.left_out);
        self.found.copies = self.copies.count(self.live, &mut self.purse);
        Ok(self.found)
    }

    /// Whether one letter would be printed; the inner error says why not.
    fn one(&mut self, letter: Delivery) -> Result<Result<(), String>, FlowError> {
        let Self { read, live, now, .. } = *self;
        let person = read.survivor(letter.profile)?;
        let Some(profile) = read.profile(person)? else {
            return Ok(Err("the person is not there any more".into()));
        };
        let to = match live.postal_address(&profile) {
            Ok(to) => to,
            Err(reason) => return Ok(Err(reason)),
        };
        let whose = (person, profile.household());
        if let Some(reason) = had_by_another(read, live, &letter, whose, NONE, &self.had)? {
            return Ok(Err(reason));
        }
        let Some(needs) = live.requires_fresh(&letter.program, letter.version) else {
            let reason = "its version of the program is not there, so nobody knows what it needs";
            return Ok(Err(reason.into()));
        };
        let send = Send {
            channel: LETTER.into(),
            template: letter.template.clone(),
            topic: letter.topic.clone(),
            seeds: Vec::new(),
        };
        let expires = letter.expires;
        let message = Message { program: &letter.program, needs, send: &send, due: now, expires };
        let forecast = Forecast::of(read, live, &profile, &message, &[], now)?;
        if forecast.goes != Some(now) || !forecast.reasons.is_empty() {
            return Ok(Err(forecast.reasons.into_iter().next_back().unwrap_or_default()));
        }
        if let Some((_, reason)) = self.purse.no_room(live, &letter) {
            return Ok(Err(reason));
        }
        let template = letter.template.clone();
        match compose_letter(live, &template, &profile, to, &letter.event, Some(&letter), now) {
            Ok(made) => self.found.too_long.add(self.gauge.too_long(&made)),
            Err(reason) => {
                let said = cannot_be_made(&reason);
                if self.found.unmade.len() < UNMADE_SHOWN {
                    let delivery = letter.id;
                    self.found.unmade.push(Unmade { delivery, profile: person, template, reason });
                }
                return Ok(Err(said));
            }
        }
        if let Some(home) = profile.household() {
            self.had.insert((home, letter.program.clone()), person);
        }
        self.purse.suppose(live, &letter);
        self.copies.beside(read, live, &letter, now)?;
        self.found.letters += 1;
        *self.by_template.entry((letter.program, template)).or_default() += 1;
        Ok(Ok(()))
    }
}
