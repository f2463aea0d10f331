//! Posts to webhooks, beside the messages.
//!
//! A receiver that is slow or dead holds up nobody else: at most a few posts to one are on the line, others go on while
//! those wait, each outcome is written as soon as it is known, and messages to people have a way of their own.

use super::{
    Claimed, Courier,
    claim::claim_posts,
    dispatcher::{Rest, rest, until},
    settle::Unsettled,
};
use crate::{Engine, FlowError};
use crowsnest_channels::Outcome;
use crowsnest_model::{DeliveryId, Duration, Time};
use fail::fail_point;
use std::{collections::HashMap, sync::Arc};
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
};

/// At most this many posts are on the line at once, to all webhooks and to one.
const AT_ONCE: usize = 64;
const AT_ONCE_TO_ONE: usize = 8;

/// Posts what is due.
#[derive(Debug)]
pub(super) struct Posts {
    engine: Engine,
    courier: Arc<Courier>,
    on_the_line: JoinSet<Outcome>,
    /// The webhook and the delivery of each task.
    whose: HashMap<Id, (String, DeliveryId)>,
    unsettled: Unsettled,
}

impl Posts {
    /// What `unsettled` has of earlier posts is written first.
    pub(super) fn new(engine: Engine, courier: Arc<Courier>, unsettled: Unsettled) -> Self {
        Self { engine, courier, on_the_line: JoinSet::new(), whose: HashMap::new(), unsettled }
    }

    /// Posts until `stop` says so; what is on the line then is finished first.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut news = self.engine.something_new();
        while !*stop.borrow() {
            let wait = match self.begin_due().await {
                Ok((_, wait)) => wait,
                Err(FlowError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "what webhooks are to be told could not be served; tried again in a second");
                    Duration::seconds(1)
                }
            };
            tokio::select! {
                rested = rest(wait, &mut news, &mut stop) => {
                    if rested == Rest::Abandoned {
                        return;
                    }
                }
                Some(done) = self.on_the_line.join_next_with_id() => self.ended(done),
            }
        }
        self.finish().await;
        if let Err(error) = self.unsettled.write(&self.engine).await {
            tracing::error!(%error, "what became of some posts could not be written; they are posted again after the next start");
        }
    }

    /// Waits for the end of what is on the line.
    async fn finish(&mut self) {
        while let Some(done) = self.on_the_line.join_next_with_id().await {
            self.ended(done);
        }
    }

    /// Posts everything that is due now, to its end. True when there was anything.
    pub(super) async fn post_all(&mut self) -> Result<bool, FlowError> {
        let mut any = false;
        loop {
            match self.begin_due().await {
                Ok((begun, _)) => any |= begun,
                Err(error) => {
                    // What is on the line has an outcome that must not be forgotten.
                    self.finish().await;
                    return Err(error);
                }
            }
            match self.on_the_line.join_next_with_id().await {
                Some(done) => self.ended(done),
                None => return Ok(any),
            }
        }
    }

    /// Writes what has ended and begins what is due, as far as there is room. Answers whether there was anything, and how
    /// long until something is due for which there is room.
    async fn begin_due(&mut self) -> Result<(bool, Duration), FlowError> {
        let mut any = false;
        loop {
            // What a run does next may be a message, and not a post.
            any |= self.unsettled.write(&self.engine).await?;
            let (now, roomy) = (self.engine.now(), self.roomy().await?);
            let due: Vec<_> = roomy.iter().filter(|(_, first, _)| *first <= now).cloned().collect();
            if due.is_empty() {
                return Ok((any, until(roomy.first().map(|(_, first, _)| *first), now)));
            }
            any = true;
            let mut left = AT_ONCE - self.on_the_line.len();
            let rooms: Vec<(String, usize)> = due
                .into_iter()
                .map(|(hook, _, room)| {
                    let room = room.min(left);
                    left -= room;
                    (hook, room)
                })
                .collect();
            let claimed = self.engine.commit(move |work| claim_posts(work, &rooms)).await?;
            fail_point!("claim-after", |_| std::process::abort());
            claimed.into_iter().for_each(|claimed| self.begin(claimed));
        }
    }

    /// The webhooks for which something is queued and to which more can be posted just now, with the moment at which the
    /// first of it is due, and how many more; the earliest first.
    async fn roomy(&self) -> Result<Vec<(String, Time, usize)>, FlowError> {
        if self.on_the_line.len() >= AT_ONCE {
            return Ok(Vec::new());
        }
        let engine = self.engine.clone();
        let queued = tokio::task::spawn_blocking(move || engine.read(|read| read.hooks_due()))
            .await
            .map_err(|error| FlowError::Broken(error.to_string()))??;
        let busy = |hook: &str| self.whose.values().filter(|(other, _)| other == hook).count();
        let mut roomy: Vec<_> = queued
            .into_iter()
            .map(|(hook, first)| {
                let room = AT_ONCE_TO_ONE.saturating_sub(busy(&hook));
                (hook, first, room)
            })
            .filter(|(_, _, room)| *room > 0)
            .collect();
        roomy.sort_by_key(|(_, first, _)| *first);
        Ok(roomy)
    }

    fn begin(&mut self, claimed: Claimed) {
        let (courier, engine) = (self.courier.clone(), self.engine.clone());
        let (live, now) = (engine.live(), engine.now());
        let whose = (claimed.delivery.contact.clone(), claimed.delivery.id);
        let task = self.on_the_line.spawn(async move { courier.carry(&engine, &live, &claimed, now).await });
        self.whose.insert(task.id(), whose);
    }

    fn ended(&mut self, done: Result<(Id, Outcome), JoinError>) {
        let (task, outcome) = match done {
            Ok((task, outcome)) => (task, outcome),
            Err(error) => {
                let reason = format!("crowsnest has a fault: {error}");
                (error.id(), Outcome::Later { reason, asked: None })
            }
        };
        if let Some((_, delivery)) = self.whose.remove(&task) {
            fail_point!("settle-before", |_| std::process::abort());
            self.unsettled.add(vec![(delivery, outcome)]);
        }
    }
}
