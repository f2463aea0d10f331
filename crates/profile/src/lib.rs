//! What is known of a person: how events fold into a profile, and in which segments that puts them.
//!
//! Everything here is commutative and idempotent per event: traits and consents keep the value that wins by time, first
//! and last moments are minima and maxima. So any order of arrival gives the same profile.

mod consent;
mod fold;
mod overlap;
mod places;
mod segments;
mod series;

pub use consent::consents_of;
pub use fold::{MAX_TRAITS, absorb, fold, see_link, words};
pub use overlap::{Combination, Known, Overlap, Overlaps, Part, Total, Worth};
pub use places::Places;
pub use segments::{LiveSegment, SegmentError, SegmentPlan, Touch};
pub use series::SeriesPlan;
