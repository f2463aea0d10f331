//! Serves what is due: wakes at the next due moment or when something new comes, never by polling.

use super::{Courier, Returns, lines::Lines, settle::Unsettled};
use crate::{Engine, FlowError};
use crowsnest_model::{Duration, Time};
use std::sync::Arc;
use tokio::sync::watch;

/// Serves what is due.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    engine: Engine,
    courier: Arc<Courier>,
    unsettled: Unsettled,
}

impl Dispatcher {
    pub(crate) fn new(engine: Engine, courier: Courier) -> Self {
        Self { engine, courier: Arc::new(courier), unsettled: Unsettled::default() }
    }

    /// Who makes and carries messages.
    pub fn courier(&self) -> &Courier {
        &self.courier
    }

    /// Who reads the mail that comes back.
    pub fn returns(&self) -> Returns {
        Returns::new(self.engine.clone(), self.courier.clone())
    }

    /// Serves until `stop` says so; what is on the line then is finished first.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        Box::pin(self.lines().run(stop)).await;
    }

    /// Serves everything that is due now, to its end.
    pub async fn serve_due(&self) -> Result<(), FlowError> {
        Box::pin(self.lines().serve_due()).await
    }

    fn lines(&self) -> Lines {
        Lines::new(self.engine.clone(), self.courier.clone(), self.unsettled.clone())
    }
}

/// Why somebody who serves what is due goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Something may be due, or somebody said stop.
    Over,
    /// Nobody is left who could say stop.
    Abandoned,
}

/// Rests until something may be due, by the clock or by what is new, or until somebody says stop.
pub(super) async fn rest(
    wait: Duration,
    news: &mut watch::Receiver<()>,
    stop: &mut watch::Receiver<bool>,
) -> Rest {
    tokio::select! {
        () = tokio::time::sleep(wait.to_std()) => Rest::Over,
        _ = news.changed() => Rest::Over,
        told = stop.changed() => if told.is_ok() { Rest::Over } else { Rest::Abandoned },
    }
}

/// How long until a moment. Looked at again at least once a minute, since clocks are set.
pub(super) fn until(next: Option<Time>, now: Time) -> Duration {
    let longest = Duration::minutes(1);
    next.map_or(longest, |next| next.since(now).clamp(Duration(0), longest))
}
