//! What is asked of a store about segments, and about what is derived from recorded events.

use crate::{Page, Result};
use crowsnest_model::{EventId, ProfileId, Time};
use serde::{Deserialize, Serialize};

/// That somebody entered or left a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentChange {
    /// Who.
    pub profile: ProfileId,
    /// The segment.
    pub segment: String,
    /// They entered; otherwise they left.
    pub entered: bool,
    /// When.
    pub time: Time,
    /// The event that made it so; `None` when time alone did, or a definition changed.
    pub event: Option<EventId>,
    /// Why, in words with their values as of then. Personal data.
    pub why: String,
}

/// How far the building of something derived from recorded events is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// `series`, `interest` or `segment`.
    pub kind: String,
    /// What it is called: a series' or an interest's id, a segment's name.
    pub name: String,
    /// What it means; when that changes, it is built anew.
    pub meaning: String,
    /// Since when it is asked for.
    pub started: Time,
    /// When it was complete.
    pub finished: Option<Time>,
}

/// What can be asked about segments.
pub trait ReadSegments {
    /// The members of a segment in the order of their ids, after `after`, each with since when.
    fn members(
        &self,
        segment: &str,
        after: Option<ProfileId>,
        limit: usize,
    ) -> Result<Vec<(ProfileId, Time)>>;
    /// How many members a segment has.
    fn member_count(&self, segment: &str) -> Result<u64>;
    /// How many people are in both segments.
    fn overlap(&self, one: &str, other: &str) -> Result<u64>;
    /// Who entered and left, of a segment or a person or both, the latest first.
    fn segment_changes(
        &self,
        segment: Option<&str>,
        profile: Option<ProfileId>,
        page: Page,
    ) -> Result<Vec<SegmentChange>>;
    /// People about whom time alone may have changed something, the earliest first.
    fn due_looks(&self, now: Time, limit: usize) -> Result<Vec<(Time, ProfileId)>>;
    /// What is derived from recorded events, and how far that is.
    fn builds(&self) -> Result<Vec<Build>>;
}

/// What can be written about segments.
pub trait WriteSegments {
    /// Somebody is in a segment since a moment, or with `None` not in it.
    fn put_membership(&mut self, segment: &str, profile: ProfileId, since: Option<Time>) -> Result<()>;
    /// Keeps that somebody entered or left.
    fn put_segment_change(&mut self, change: &SegmentChange) -> Result<()>;
    /// Says when time alone may next change something about a person.
    fn put_look(&mut self, profile: ProfileId, due: Option<Time>) -> Result<()>;
    /// Keeps how far a build is.
    fn put_build(&mut self, build: &Build) -> Result<()>;
    /// Forgets a build; a segment's members too, and who watches by an interest.
    fn remove_build(&mut self, kind: &str, name: &str) -> Result<()>;
}
