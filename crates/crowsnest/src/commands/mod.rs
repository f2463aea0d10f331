//! One file for each command.

mod audience;
pub mod backup;
pub mod budget;
pub mod catalogue;
pub mod definitions;
pub mod deliveries;
pub mod demo;
pub mod doctor;
pub mod email;
mod explain;
pub mod household;
pub mod identity;
pub mod import;
pub mod letters;
pub mod overlap;
pub mod profile;
pub mod program;
pub mod quarantine;
pub mod segment;
pub mod send;
pub mod serve;
pub mod sources;
pub mod suppress;
pub mod task;
mod trial;
pub mod webhook;

use crate::client::{Refusal, Unreachable};

/// What a failed command tells the shell.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Unreachable>() {
        return 6;
    }
    match error.downcast_ref::<Refusal>().map(|refusal| refusal.code.as_str()) {
        Some("not-found") => 3,
        Some("refused") => 4,
        Some("definitions") => 5,
        _ => 1,
    }
}
