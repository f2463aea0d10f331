//! What is asked of a store about households that were found: who lives with whom, since when and until when.

use crate::Result;
use crowsnest_model::{HouseholdId, ProfileId, Time};

/// That somebody lived in a household that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The household.
    pub household: HouseholdId,
    /// Who.
    pub profile: ProfileId,
    /// Since when that is known.
    pub since: Time,
    /// Since when it is over; `None` while it goes on.
    pub until: Option<Time>,
    /// By what it was found, in words.
    pub reason: String,
    /// Why it is over, in words.
    pub ended: Option<String>,
}

/// What can be asked about households that were found.
pub trait ReadHomes {
    /// The household in which somebody lives now.
    fn home_of(&self, profile: ProfileId) -> Result<Option<HouseholdId>>;
    /// Who lives in a household now, in the order of their ids.
    fn living_in(&self, household: HouseholdId) -> Result<Vec<ProfileId>>;
    /// Who lives in some household now, in the order of their ids, after `after`.
    fn at_home(&self, after: Option<ProfileId>, limit: usize) -> Result<Vec<ProfileId>>;
    /// Everybody who lives in a household or did, the earliest first.
    fn stays_in(&self, household: HouseholdId) -> Result<Vec<Stay>>;
    /// Where somebody lives and lived, the earliest first.
    fn stays_of(&self, profile: ProfileId) -> Result<Vec<Stay>>;
}

/// What can be written about households that were found.
pub trait WriteHomes {
    /// Somebody lives in a household from now on. Whoever does so has no other home: end that one before.
    fn begin_stay(
        &mut self,
        household: HouseholdId,
        profile: ProfileId,
        since: Time,
        reason: &str,
    ) -> Result<()>;
    /// Somebody does not live where they did any more. False when they had no home.
    fn end_stay(&mut self, profile: ProfileId, until: Time, ended: &str) -> Result<bool>;
    /// Where `from` lived is where `to` lived. If both have a home now, that of `from` is over.
    fn give_stays(&mut self, from: ProfileId, to: ProfileId, time: Time) -> Result<()>;
}
