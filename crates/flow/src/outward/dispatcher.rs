//! Serves what is due: wakes at the next due moment or when something new comes, never by polling.

use super::{Courier, Returns, circuits::WayState, lines::Lines, settle::Unsettled};
use crate::{Engine, FlowError};
use crowsnest_model::{Duration, Time, delivery::WEBHOOK, line::Line};
use crowsnest_store::LineCount;
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
        let courier = Arc::new(courier.by_clock(engine.clock()));
        Self { engine, courier, unsettled: Unsettled::default() }
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

    /// Where each line stands, by name. It blocks: call it where blocking is allowed.
    pub fn standing(&self) -> Result<Vec<LineStanding>, FlowError> {
        let live = self.engine.live();
        let now = self.engine.now();
        let mut counts = self.engine.read(|read| read.line_counts(now))?;
        let hooks = live.workspace().webhooks.keys().map(|name| Line::of(WEBHOOK, name));
        for line in std::iter::once(Line::of("email", "")).chain(hooks) {
            if !counts.iter().any(|count| count.line == line) {
                counts.push(LineCount { line, queued: 0, due: 0, sending: 0, next: None });
            }
        }
        counts.sort_by(|a, b| a.line.cmp(&b.line));
        let standing =
            |count: LineCount| LineStanding { ways: self.courier.states(&live, &count.line), count };
        Ok(counts.into_iter().map(standing).collect())
    }

    fn lines(&self) -> Lines {
        Lines::new(self.engine.clone(), self.courier.clone(), self.unsettled.clone())
    }
}

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineStanding {
    /// The line, and how much there is on it.
    pub count: LineCount,
    /// The ways by which it can be gone, in the order of preference.
    pub ways: Vec<WayState>,
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
pub(crate) fn until(next: Option<Time>, now: Time) -> Duration {
    let longest = Duration::minutes(1);
    next.map_or(longest, |next| next.since(now).clamp(Duration(0), longest))
}
