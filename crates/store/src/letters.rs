//! What the house asks of a store about letters: which wait to be printed, and which were printed together.

use crate::{Result, traits::Page};
use crowsnest_model::{DeliveryId, HouseholdId, PrintRunId, ProfileId, Time, delivery::Delivery};

/// Letters that were printed together, or are being printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintRun {
    /// Its id, which is the name of its folder, too.
    pub id: PrintRunId,
    /// When it began.
    pub started: Time,
    /// When its letters were settled; `None` while they are not.
    pub finished: Option<Time>,
    /// The program or broadcast whose letters alone were wanted.
    pub program: Option<String>,
    /// How many letters its files have; 0 while it is not finished.
    pub letters: u64,
}

/// What can be asked about letters.
pub trait ReadLetters {
    /// Queued letters that are due, of a program or broadcast or of all, the earliest first; of those due at the same
    /// moment, the smaller id; after the one that was due at `after`.
    fn due_letters(
        &self,
        now: Time,
        program: Option<&str>,
        after: Option<(Time, DeliveryId)>,
        limit: usize,
    ) -> Result<Vec<Delivery>>;
    /// A person's queued letters that are due, in the same order.
    fn due_letters_of(&self, profile: ProfileId, now: Time) -> Result<Vec<Delivery>>;
    /// A print run.
    fn print_run(&self, id: PrintRunId) -> Result<Option<PrintRun>>;
    /// Print runs, the newest first.
    fn print_runs(&self, page: Page) -> Result<Vec<PrintRun>>;
    /// The print runs whose letters are not settled.
    fn open_print_runs(&self) -> Result<Vec<PrintRun>>;
    /// The letters of a print run that are still being sent, in the order of their ids.
    fn being_printed(&self, run: PrintRunId, limit: usize) -> Result<Vec<Delivery>>;
    /// Of what a print run prints to customers, one letter of each program, version, template and topic.
    fn printed_of_each(&self, run: PrintRunId) -> Result<Vec<Delivery>>;
    /// How many letters a print run has.
    fn printed_in(&self, run: PrintRunId) -> Result<u64>;
    /// Who of a household was printed, or is being printed, a letter of a program: for this occasion, or in this print run.
    fn printed_for(
        &self,
        household: HouseholdId,
        program: &str,
        occasion: &str,
        run: PrintRunId,
    ) -> Result<Option<ProfileId>>;
}

/// What can be written about letters.
pub trait WriteLetters {
    /// Keeps a print run, new or changed.
    fn put_print_run(&mut self, run: &PrintRun) -> Result<()>;
    /// A print run did not come to anything.
    fn remove_print_run(&mut self, run: PrintRunId) -> Result<()>;
    /// A letter is of a print run, and goes to a household.
    fn put_printed(
        &mut self,
        delivery: DeliveryId,
        run: PrintRunId,
        household: Option<HouseholdId>,
    ) -> Result<()>;
    /// A letter is of no print run any more.
    fn remove_printed(&mut self, delivery: DeliveryId) -> Result<()>;
}
