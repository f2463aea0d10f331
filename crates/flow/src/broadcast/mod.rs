//! One-off mailings: who would get it and why not, and the launch.

mod audience;
mod came;
mod decided;
mod launch;
mod launching;
mod page;
mod preview;
mod survey;

pub use audience::{Audience, Chosen, LaunchReport, Stopped};
pub use came::Came;
pub(crate) use launching::Launching;
pub use preview::{BroadcastPreview, UnmadeMessages};

use crate::{FlowError, Live};
use crowsnest_programs::LiveBroadcast;
use std::sync::Arc;

/// People looked at together, and decided in one commit.
const PAGE: usize = 1_000;

fn named<'l>(live: &'l Live, name: &str) -> Result<&'l Arc<LiveBroadcast>, FlowError> {
    live.broadcast(name).ok_or_else(|| {
        FlowError::not_found("broadcast", name, live.workspace().broadcasts.keys().map(String::as_str))
    })
}
