//! Programs: triggers, steps and ends, as pure decisions. The flow carries them out.
//!
//! A person enters a program by an event ([`LiveProgram::entry`]) or by time alone ([`LiveProgram::due_within`]), goes on by time ([`LiveProgram::advance`]) and leaves
//! by an event ([`LiveProgram::exit`]), at the end of the steps, or when the time to live runs out. Nobody's way depends
//! on when we look: waits are counted from event times, not from the moment at which a timer happens to be served.

mod broadcast;
mod budget;
mod compile;
mod date_plan;
mod dates;
mod decide;
mod entrances;
mod explain;
mod person;
pub mod policy;
mod steps;
mod teams;
mod trigger;
mod walk;

pub use broadcast::{Candidate, Choice, LiveBroadcast, choose, is_choice};
pub use budget::{BudgetSpan, BudgetStanding, WAITS_FOR_BUDGET, day as budget_day};
pub use compile::{CompileError, InForce, LiveProgram, Plan};
pub use date_plan::{DatePlan, DateTouch};
pub use dates::{Due, on_the_clock};
pub use decide::{Begin, Cause, Entry, Exit, Next, Place, Reached, SKIPPED, Taken};
pub use entrances::Entrances;
pub use person::{Consents, Derived, Members, Person, Scene};
pub use steps::Until;
pub use teams::{Shift, Shifts};
pub use trigger::Watch;
pub use walk::{Met, Then, Walk};
