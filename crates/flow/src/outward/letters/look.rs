//! Print runs, looked at: what the next one would print, those that were, and their files.

use super::{PrintedLetters, claim::is_for_household, folder};
use crate::{
    Engine, FlowError,
    outward::forecast::{Forecast, Message},
};
use crowsnest_channels::letter::{FILES, Paper, Proof, is_finished, proof};
use crowsnest_model::{Object, PrintRunId, Profile, definition::Send, delivery::LETTER};
use crowsnest_store::Page;
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// So many letters are looked at together.
const AT_ONCE: usize = 500;

/// What the next print run would print.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PrintPreview {
    /// How many letters.
    pub letters: u64,
    /// How many of each program or broadcast and template.
    pub by_template: Vec<(String, String, u64)>,
    /// How many that are due would not be printed, by reason, the most frequent first.
    pub left_out: Vec<(String, u64)>,
}

/// A file of a print run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterFile {
    /// The letters, one a row.
    Letters,
    /// What the files are.
    Manifest,
    /// The first letters as pages.
    Proof,
}

impl LetterFile {
    /// All of them, in the order of [`FILES`].
    pub const ALL: [Self; 3] = [Self::Letters, Self::Manifest, Self::Proof];

    /// The file of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(FILES).find(|(_, known)| *known == name).map(|(file, _)| file)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let [letters, manifest, proof] = FILES;
        match self {
            Self::Letters => letters,
            Self::Manifest => manifest,
            Self::Proof => proof,
        }
    }
}

impl Engine {
    /// What a print run would print now. Nothing is changed. Each letter is asked what is asked next to the print, except that
    /// those of this print run are not counted against each other by the contact policy. It blocks.
    pub fn preview_letters(&self, program: Option<&str>) -> Result<PrintPreview, FlowError> {
        let (live, now) = (self.live(), self.now());
        let mut letters = 0;
        let mut by_template: BTreeMap<(String, String), u64> = BTreeMap::new();
        let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
        let mut had = BTreeMap::new();
        let mut fault = None;
        self.read(|read| {
            let mut after = None;
            loop {
                let due = read.due_letters(now, program, after, AT_ONCE)?;
                let Some(last) = due.last() else { return Ok(()) };
                after = Some((last.due, last.id));
                for letter in due {
                    let mut leave = |reason: String| *left_out.entry(reason).or_default() += 1;
                    let Some(profile) = read.profile(read.survivor(letter.profile)?)? else {
                        leave("the person is not there any more".into());
                        continue;
                    };
                    let Some(needs) = live.requires_fresh(&letter.program, letter.version) else {
                        leave(
                            "its version of the program is not there, so nobody knows what it needs".into(),
                        );
                        continue;
                    };
                    let send = Send {
                        channel: LETTER.into(),
                        template: letter.template.clone(),
                        topic: letter.topic.clone(),
                        seeds: Vec::new(),
                    };
                    let message = Message {
                        program: &letter.program,
                        needs,
                        send: &send,
                        due: now,
                        expires: letter.expires,
                    };
                    let forecast = match Forecast::of(read, &live, &profile, &message, &[], now) {
                        Ok(forecast) => forecast,
                        Err(error) => {
                            fault = Some(error);
                            return Ok(());
                        }
                    };
                    if forecast.goes != Some(now) || !forecast.reasons.is_empty() {
                        leave(forecast.reasons.into_iter().next_back().unwrap_or_default());
                        continue;
                    }
                    if let Some(household) = profile.household().filter(|_| is_for_household(&live, &letter))
                    {
                        let first = *had.entry((household, letter.program.clone())).or_insert(profile.id);
                        if first != profile.id {
                            leave("the household gets it by the letter to another of them".into());
                            continue;
                        }
                    }
                    letters += 1;
                    *by_template.entry((letter.program, letter.template)).or_default() += 1;
                }
            }
        })?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        let mut left_out: Vec<(String, u64)> = left_out.into_iter().collect();
        left_out.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        Ok(PrintPreview {
            letters,
            by_template: by_template
                .into_iter()
                .map(|((program, template), n)| (program, template, n))
                .collect(),
            left_out,
        })
    }

    /// Print runs, the newest first.
    pub fn print_runs(&self, page: Page) -> Result<Vec<PrintedLetters>, FlowError> {
        let runs = self.read(|read| read.print_runs(page))?;
        Ok(runs.into_iter().map(PrintedLetters::from).collect())
    }

    /// A print run.
    pub fn print_run(&self, id: PrintRunId) -> Result<PrintedLetters, FlowError> {
        let found = self.read(|read| read.print_run(id))?;
        found.map(PrintedLetters::from).ok_or_else(|| FlowError::NotFound {
            kind: "print run",
            name: id.to_string(),
            hint: Some("`crowsnest letters list` names those that there are".into()),
        })
    }

    /// Where a file of a print run is.
    pub fn print_file(&self, id: PrintRunId, file: LetterFile) -> Result<PathBuf, FlowError> {
        self.print_run(id)?;
        let folder = folder(self.data());
        if !is_finished(&folder, &id.to_string()) {
            let message =
                format!("the files of {id} are not whole yet, or were moved away from {}", folder.display());
            return Err(FlowError::Refused(message));
        }
        Ok(folder.join(id.to_string()).join(file.name()))
    }

    /// A letter of a template to a person as a page. Nothing is printed.
    pub fn letter_proof(&self, template: &str, profile: &Profile, event: &Object) -> Result<Proof, String> {
        let (live, now) = (self.live(), self.now());
        let to = live.postal_address(profile)?;
        let letter = super::compose_letter(&live, template, profile, to, event, None, now)?;
        proof(&[letter], Paper::of(&live.workspace().organisation.country))
    }
}
