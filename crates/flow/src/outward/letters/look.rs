//! Print runs, looked at: those that were, and their files.

use super::{PrintedLetters, folder};
use crate::{Engine, FlowError};
use crowsnest_channels::letter::{FILES, Paper, Proof, is_finished, proof};
use crowsnest_model::{Object, PrintRunId, Profile};
use crowsnest_store::Page;
use std::path::PathBuf;

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
