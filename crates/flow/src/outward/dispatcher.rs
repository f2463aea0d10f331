//! Serves what is due: wakes at the next due moment or when something new comes, never by polling.

use super::{Claimed, Courier, Returns, claim, posts::Posts, settle::Unsettled};
use crate::{
    Engine, FlowError,
    inward::{look, tell_watchers},
};
use crowsnest_channels::Outcome;
use crowsnest_model::{DeliveryId, Duration, Time};
use fail::fail_point;
use std::sync::Arc;
use tokio::{sync::watch, task::JoinSet};

/// At most this many deliveries are on the line at once: what may become of unknown outcome when the process dies.
const AT_ONCE: usize = 64;

/// At most this many people are looked at again in one commit, so that events need not wait long.
const LOOKS: usize = 200;

/// At most this many people hear of changes of items in one commit.
const WATCHERS: usize = 200;

/// Serves what is due.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    engine: Engine,
    courier: Arc<Courier>,
    unsettled: Unsettled,
    /// The same of posts, which have a way of their own.
    unsettled_posts: Unsettled,
}

impl Dispatcher {
    pub(crate) fn new(engine: Engine, courier: Courier) -> Self {
        Self {
            engine,
            courier: Arc::new(courier),
            unsettled: Unsettled::default(),
            unsettled_posts: Unsettled::default(),
        }
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
    ///
    /// Messages and posts to webhooks go side by side, so that neither waits for the other.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let posts = self.posts();
        tokio::join!(Box::pin(self.send(stop.clone())), Box::pin(posts.run(stop)));
    }

    async fn send(&self, mut stop: watch::Receiver<bool>) {
        let mut news = self.engine.something_new();
        while !*stop.borrow() {
            let wait = match self.send_due().await {
                Ok(()) => self.until_next().await,
                Err(FlowError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "what is due could not be served; tried again in a second");
                    Duration::seconds(1)
                }
            };
            if rest(wait, &mut news, &mut stop).await == Rest::Abandoned {
                return;
            }
        }
    }

    /// How long until something is due.
    async fn until_next(&self) -> Duration {
        let engine = self.engine.clone();
        let next = tokio::task::spawn_blocking(move || engine.read(|read| read.next_due())).await;
        match next {
            Ok(Ok(next)) => until(next, self.engine.now()),
            _ => Duration::seconds(1),
        }
    }

    fn posts(&self) -> Posts {
        Posts::new(self.engine.clone(), self.courier.clone(), self.unsettled_posts.clone())
    }

    /// Serves everything that is due now, to its end.
    pub async fn serve_due(&self) -> Result<(), FlowError> {
        let mut posts = self.posts();
        loop {
            self.send_due().await?;
            // A run that waited for a post may have a message to send now.
            if !posts.post_all().await? {
                return Ok(());
            }
        }
    }

    async fn send_due(&self) -> Result<(), FlowError> {
        self.unsettled.write(&self.engine).await?;
        loop {
            let engine = self.engine.clone();
            if !something_due(&engine).await? {
                return Ok(());
            }
            while self.engine.commit(|work| Ok(look(work, LOOKS)? | tell_watchers(work, WATCHERS)?)).await? {
                fail_point!("watchers-after", |_| std::process::abort());
            }
            let (claimed, more) = self.engine.commit(|work| claim(work, AT_ONCE)).await?;
            fail_point!("claim-after", |_| std::process::abort());
            let nothing = claimed.is_empty();
            let outcomes = self.carry_all(claimed).await;
            fail_point!("settle-before", |_| std::process::abort());
            if !outcomes.is_empty() {
                self.unsettled.add(outcomes);
                self.unsettled.write(&self.engine).await?;
            }
            if nothing && !more {
                return Ok(());
            }
        }
    }

    async fn carry_all(&self, claimed: Vec<Claimed>) -> Vec<(DeliveryId, Outcome)> {
        let mut on_the_line = JoinSet::new();
        let mut ids = std::collections::HashMap::new();
        let live = self.engine.live();
        let now = self.engine.now();
        for claimed in claimed {
            let (courier, engine, live) = (self.courier.clone(), self.engine.clone(), live.clone());
            let id = claimed.delivery.id;
            let task =
                on_the_line.spawn(async move { (id, courier.carry(&engine, &live, &claimed, now).await) });
            ids.insert(task.id(), id);
        }
        let mut outcomes = Vec::with_capacity(ids.len());
        while let Some(done) = on_the_line.join_next_with_id().await {
            match done {
                Ok((_, outcome)) => outcomes.push(outcome),
                // A fault of ours while a message was on the line: nobody knows how far it got.
                Err(error) => {
                    if let Some(id) = ids.get(&error.id()) {
                        let reason = format!("crowsnest has a fault: {error}");
                        outcomes.push((*id, Outcome::Unknown { reason }));
                    }
                }
            }
        }
        outcomes
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

/// Whether anything is due, asked of a reader, so that the writer is not troubled when nothing is.
async fn something_due(engine: &Engine) -> Result<bool, FlowError> {
    let asked = engine.clone();
    let next = tokio::task::spawn_blocking(move || asked.read(|read| read.next_due()))
        .await
        .map_err(|error| FlowError::Broken(error.to_string()))??;
    Ok(next.is_some_and(|next| next <= engine.now()))
}
