//! Letters: print runs.
//!
//! A queued letter waits until it is printed, by command or by the `print:` times of the workspace. A print run
//!
//! 1. claims what is due, by the checks of every message (`claim`), a few hundred at a time,
//! 2. makes each letter and writes it to files that have no name yet (`compose`, `crowsnest_channels::letter`),
//! 3. gives the files their name, when they are whole and durable,
//! 4. settles the letters as sent, a few hundred at a time (`settle`).
//!
//! A letter that cannot be made, since its template lacks a value, stays queued and is tried again by the next print run;
//! `preview` says of which that would be so.
//!
//! If the process dies before 3, nothing was printed: the next start queues the letters again. If it dies after, they are
//! printed: the next start settles them. So no letter is printed twice, and none is lost.

mod claim;
mod compose;
mod look;
mod preview;
mod residents;
mod seeds;
mod settle;
mod spelling;
mod times;

pub(crate) use compose::compose_letter;
pub use look::LetterFile;
pub use preview::PrintPreview;
pub use residents::Residents;
pub(crate) use settle::recover;
pub(crate) use spelling::{contact_of, letter_contact};

use super::Claimed;
use crate::{Engine, FlowError};
use claim::claim_letters;
use crowsnest_channels::letter::{Paper, PostalAddress, PrintFiles, Printed, TooLongLines};
use crowsnest_model::{DeliveryId, PrintRunId, ProfileId, Time};
use crowsnest_store::PrintRun;
use fail::fail_point;
use serde::Serialize;
use settle::{leave_letters, settle_some};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, TryLockError},
};

/// So many letters are claimed, and settled, in one commit.
const AT_ONCE: usize = 250;

/// What each letter is asked next to the print, as the manifest says it.
const CHECKS: [&str; 9] = [
    "time to live",
    "kill switches and pauses",
    "freshness of feeds",
    "postal address complete",
    "address not suppressed",
    "consent",
    "contact policy",
    "one per household and program, service letters aside",
    "run not ended",
];

/// That one print run goes on at a time.
#[derive(Debug, Default)]
pub(crate) struct Printing(Mutex<()>);

/// What came of a print run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrintReport {
    /// What was printed; `None` when there was nothing to print.
    pub run: Option<PrintedLetters>,
    /// How many that were due were left out, held or put off, by reason, the most frequent first.
    pub left_out: Vec<(String, u64)>,
    /// Letters that could not be made, the first 20. They wait for the next print run.
    pub unmade: Vec<Unmade>,
    /// Lines that are too long for where they stand.
    pub too_long: TooLongLines,
}

/// A letter that cannot be made as its template and what is known of the person are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmade {
    /// Its delivery.
    pub delivery: DeliveryId,
    /// To whom.
    pub profile: ProfileId,
    /// Its template.
    pub template: String,
    /// Where in the template, and what is missing.
    pub reason: String,
}

/// So many letters that cannot be made are named.
const UNMADE_SHOWN: usize = 20;

/// What is said of a letter that cannot be made.
fn cannot_be_made(reason: &str) -> String {
    format!("the letter could not be made: {reason}")
}

/// Letters that were printed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrintedLetters {
    /// Its id.
    pub id: PrintRunId,
    /// When it began.
    pub started: Time,
    /// When its letters were settled; `None` while they are not.
    pub finished: Option<Time>,
    /// The program or broadcast whose letters alone were wanted.
    pub program: Option<String>,
    /// How many letters its files have.
    pub letters: u64,
}

impl From<PrintRun> for PrintedLetters {
    fn from(run: PrintRun) -> Self {
        let PrintRun { id, started, finished, program, letters } = run;
        Self { id, started, finished, program, letters }
    }
}

/// The folder with the print runs of a data folder.
fn folder(data: &Path) -> PathBuf {
    data.join("letters")
}

fn file_fault(folder: &Path, error: &std::io::Error) -> FlowError {
    FlowError::Refused(format!(
        "the letters could not be written to {}: {error}; nothing was printed, and they wait for the next print run",
        folder.display()
    ))
}

/// The files of a print run that is going on, and how it is known.
struct Open {
    id: PrintRunId,
    files: PrintFiles,
}

impl Engine {
    /// Prints the letters that are due, of one program or broadcast or of all. It blocks, in bounded memory, however many they
    /// are.
    pub fn print_letters(&self, program: Option<&str>) -> Result<PrintReport, FlowError> {
        let _alone = match self.printing().0.try_lock() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let message = "letters are being printed just now; try again when that has ended";
                return Err(FlowError::Refused(message.into()));
            }
        };
        let live = self.live();
        if live.workspace().organisation.letters.is_none() {
            let message =
                "the workspace does not say from whom letters are; add `letters: { from: … }` to it";
            return Err(FlowError::Refused(message.into()));
        }
        if let Some(program) = program {
            live.must_be_named(program)?;
        }
        // What an earlier one left undone, because the disk was full, say.
        recover(self.data(), &mut |work| self.commit_blocking(work))?;
        let mut open = None;
        match self.print(&mut open, program) {
            Ok(report) => Ok(report),
            Err(error) => {
                // Nothing has its name yet, or everything has and can be settled.
                drop(open);
                recover(self.data(), &mut |work| self.commit_blocking(work))?;
                Err(error)
            }
        }
    }

    fn print(&self, open: &mut Option<Open>, program: Option<&str>) -> Result<PrintReport, FlowError> {
        let started = self.now();
        let folder = folder(self.data());
        let fault = |error: std::io::Error| file_fault(&folder, &error);
        let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
        let mut unmade = Vec::new();
        let wanted = program.map(str::to_owned);
        loop {
            let (id, wanted) = (open.as_ref().map(|open: &Open| open.id), wanted.clone());
            let claimed = self
                .commit_blocking(move |work| claim_letters(work, id, wanted.as_deref(), started, AT_ONCE))?;
            for (reason, times) in claimed.left_out {
                *left_out.entry(reason).or_default() += times;
            }
            if let Some(id) = claimed.run
                && open.is_none()
            {
                let paper = Paper::of(&self.live().workspace().organisation.country);
                let files = PrintFiles::begin(&folder, &id.to_string(), paper).map_err(fault)?;
                *open = Some(Open { id, files });
            }
            fail_point!("letters-claimed", |_| std::process::abort());
            if let Some(open) = open.as_mut() {
                let left = self.write(open, claimed.letters, started)?;
                for one in left {
                    *left_out.entry(cannot_be_made(&one.reason)).or_default() += 1;
                    if unmade.len() < UNMADE_SHOWN {
                        unmade.push(one);
                    }
                }
            }
            if claimed.ended {
                break;
            }
        }
        if let Some(open) = open.as_mut().filter(|open| open.files.letters() > 0) {
            self.print_copies(open, started)?;
        }
        let left_out = most_frequent_first(left_out);
        let mut report = PrintReport { run: None, left_out, unmade, too_long: TooLongLines::default() };
        let Some(Open { id, files }) = open.take() else { return Ok(report) };
        if files.letters() == 0 {
            drop(files);
            recover(self.data(), &mut |work| self.commit_blocking(work))?;
            return Ok(report);
        }
        report.too_long = files.finish(Printed { started, program, checks: &CHECKS }).map_err(fault)?;
        fail_point!("letters-printed", |_| std::process::abort());
        while self.commit_blocking(move |work| settle_some(work, id))? {
            fail_point!("letters-settling", |_| std::process::abort());
        }
        report.run = self.read(|read| read.print_run(id))?.map(PrintedLetters::from);
        Ok(report)
    }

    /// Makes letters that were claimed, and adds them to the files. What cannot be made is queued again and answered.
    fn write(
        &self,
        open: &mut Open,
        letters: Vec<(Claimed, PostalAddress)>,
        now: Time,
    ) -> Result<Vec<Unmade>, FlowError> {
        let live = self.live();
        let mut unmade: Vec<Unmade> = Vec::new();
        for (Claimed { delivery, profile, .. }, to) in letters {
            let template = delivery.template.clone();
            match compose_letter(&live, &template, &profile, to, &delivery.event, Some(&delivery), now) {
                Ok(letter) => {
                    let folder = folder(self.data());
                    open.files.add(&letter).map_err(|error| file_fault(&folder, &error))?;
                }
                Err(reason) => {
                    unmade.push(Unmade { delivery: delivery.id, profile: profile.id, template, reason });
                }
            }
        }
        if !unmade.is_empty() {
            let left = unmade.clone();
            self.commit_blocking(move |work| leave_letters(work, left))?;
        }
        Ok(unmade)
    }
}

/// Reasons with how often each was the one.
fn most_frequent_first(reasons: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut reasons: Vec<(String, u64)> = reasons.into_iter().collect();
    reasons.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    reasons
}
