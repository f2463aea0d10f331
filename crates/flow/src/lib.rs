//! The way through the house: [`inward`] turns events into one commit, [`outward`] turns what is due into messages.
//!
//! [`Engine`] is what the server and the commands hold: it takes events in, answers questions, applies definitions and
//! launches broadcasts. One thread writes; everything that changes state goes through it.

mod broadcast;
mod budgets;
mod builds;
mod catalogues;
mod clock;
mod definitions;
mod engine;
mod enrolment;
mod error;
mod explain;
mod feeds;
mod household;
mod inbox;
pub mod inward;
mod joining;
mod live;
mod matching;
mod missing;
pub mod outward;
mod overlap;
mod people;
mod preferences;
mod quarantine;
mod reasons;
mod rules;
mod same_person;
mod segments;
mod splitting;
mod trial;
mod watched;
mod watching;
mod writer;

pub use broadcast::{Audience, BroadcastPreview, Came, Chosen, LaunchReport, Stopped, UnmadeMessages};
pub use budgets::{BudgetReport, Spent, spent_by_program};
pub use builds::Progress as BuildProgress;
pub use catalogues::{CatalogueReport, ItemPut, ItemReport};
pub use clock::{Clock, SystemClock};
pub use definitions::Applied;
pub use engine::{Engine, Opening};
pub use enrolment::{CaughtUp, Moved};
pub use error::FlowError;
pub use explain::{
    DateExplained, EventExplained, MessageExplained, ProgramExplained, RunExplained, SegmentExplained,
    WhoChanged,
};
pub use feeds::{ImportOptions, Progress};
pub use household::{EarlierHome, FormerMember, Household, Member, Role};
pub use inbox::{Arrival, Inbox};
pub use inward::{Admission, Receipt};
pub use joining::Joined;
pub use live::{Live, OWN_SOURCE};
pub use matching::{
    Answer, Answered, LinkReport, LinkedPair, MatchStanding, MatchState, PersonAsked, Resemblance,
    ReviewQuestion,
};
pub use overlap::{CombinationReport, DimensionReport, MoneyAsked, OverlapQuery, OverlapReport, ValueReport};
pub use preferences::Standing;
pub use reasons::ReasonCount;
pub use same_person::{Asked, Found, SamePerson, Shared, Told};
pub use segments::{MetricReport, MetricValue, SegmentReport, StandingInSegment};
pub use splitting::{Split, SplitBy, SplitPerson};
pub use trial::{CallTried, MessageTried, PostTried, ProgramTried, StepTried, Trial};
pub use watching::Watching;
