//! What is due goes out, each line beside the others.
//!
//! A destination that is slow or dead holds up nobody else: only so much is on its line, others go on while that waits, and
//! each outcome is written as soon as it is known, together with those that became known meanwhile.

use super::{
    Claimed, Courier,
    circuits::Passable,
    claim::{claim, to_try},
    courier::Carried,
    dispatcher::{Rest, rest, until},
    rooms::Rooms,
    settle::{Unsettled, settle},
};
use crate::{
    Engine, FlowError, Live,
    inward::{look, tell_watchers},
};
use crowsnest_channels::Outcome;
use crowsnest_model::{DeliveryId, Duration, Time, line::Line};
use crowsnest_store::{Read, StoreError};
use fail::fail_point;
use std::{collections::HashMap, sync::Arc};
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
};

/// At most this many people are looked at again in one commit, so that events need not wait long.
const LOOKS: usize = 200;

/// At most this many people hear of changes of items in one commit.
const WATCHERS: usize = 200;

/// What could not be begun although it seemed due is looked at again after this long.
const A_MOMENT: Duration = Duration::seconds(1);

/// Carries what is due.
#[derive(Debug)]
pub(super) struct Lines {
    engine: Engine,
    courier: Arc<Courier>,
    /// The definitions that were in force when they were last looked at.
    live: Arc<Live>,
    on_the_line: JoinSet<Carried>,
    /// The line and the delivery of each task.
    whose: HashMap<Id, (Line, DeliveryId)>,
    rooms: Rooms,
    unsettled: Unsettled,
}

impl Lines {
    /// What `unsettled` has of earlier is written first.
    pub(super) fn new(engine: Engine, courier: Arc<Courier>, unsettled: Unsettled) -> Self {
        let (on_the_line, whose, rooms) = (JoinSet::new(), HashMap::new(), Rooms::default());
        let live = engine.live();
        Self { engine, courier, live, on_the_line, whose, rooms, unsettled }
    }

    /// Carries until `stop` says so; what is on the line then is finished first.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut news = self.engine.something_new();
        while !*stop.borrow() {
            let wait = match self.begin_due().await {
                Ok((_, wait)) => wait,
                Err(FlowError::Closed) => break,
                Err(error) => {
                    tracing::error!(%error, "what is due could not be served; tried again in a second");
                    A_MOMENT
                }
            };
            tokio::select! {
                rested = rest(wait, &mut news, &mut stop) => {
                    if rested == Rest::Abandoned {
                        break;
                    }
                }
                Some(done) = self.on_the_line.join_next_with_id() => self.ended(done),
            }
            self.hear_who_ended();
        }
        self.finish().await;
        if let Err(error) = self.unsettled.write(&self.engine).await {
            tracing::error!(%error, "what became of some deliveries could not be written; after the next start it is unknown");
        }
    }

    /// Serves everything that is due now, to its end.
    pub(super) async fn serve_due(&mut self) -> Result<(), FlowError> {
        loop {
            if let Err(error) = self.begin_due().await {
                // What is on the line has an outcome that must not be forgotten.
                self.finish().await;
                return Err(error);
            }
            match self.on_the_line.join_next_with_id().await {
                Some(done) => self.ended(done),
                None => return Ok(()),
            }
            self.hear_who_ended();
        }
    }

    /// Waits for the end of what is on the line.
    async fn finish(&mut self) {
        while let Some(done) = self.on_the_line.join_next_with_id().await {
            self.ended(done);
        }
    }

    /// Writes what has ended and begins what is due, as far as there is room. Answers whether there was anything, and how
    /// long until something is due for which there is room.
    async fn begin_due(&mut self) -> Result<(bool, Duration), FlowError> {
        let mut any = false;
        loop {
            let live = self.engine.live();
            if !Arc::ptr_eq(&live, &self.live) {
                self.live = live;
                self.courier.try_all_again();
            }
            let outcomes = self.unsettled.known();
            let now = self.engine.now();
            let (upkeep, lines) = self.due().await?;
            let is_due = |next: Option<Time>| next.is_some_and(|next| next <= now);
            if outcomes.is_empty() && !is_due(upkeep) && !is_due(lines) {
                return Ok((any, until(upkeep.into_iter().chain(lines).min(), now)));
            }
            let mut did = !outcomes.is_empty();
            while is_due(upkeep)
                && self.engine.commit(|work| Ok(look(work, LOOKS)? | tell_watchers(work, WATCHERS)?)).await?
            {
                did = true;
                fail_point!("watchers-after", |_| std::process::abort());
            }
            let (settled, rooms, courier) = (outcomes.len(), self.rooms.clone(), self.courier.clone());
            let claims = self.engine.commit(move |work| {
                // What a run does next may be a message.
                settle(work, outcomes)?;
                claim(work, rooms, &courier)
            });
            let claims = match claims.await {
                Ok(claims) => claims,
                Err(error) => {
                    // Whatever is wrong with what is due: what is known must not wait for it.
                    self.unsettled.write(&self.engine).await?;
                    return Err(error);
                }
            };
            self.unsettled.forget(settled);
            fail_point!("claim-after", |_| std::process::abort());
            did |= claims.did;
            claims.claimed.into_iter().for_each(|claimed| self.begin(claimed));
            if !did {
                return Ok((any, A_MOMENT));
            }
            any = true;
        }
    }

    /// When there is something to do next, and when something is due on a line that has room.
    async fn due(&self) -> Result<(Option<Time>, Option<Time>), FlowError> {
        let (engine, courier, live) = (self.engine.clone(), self.courier.clone(), self.live.clone());
        let (rooms, now) = (self.rooms.clone(), self.engine.now());
        let asked = tokio::task::spawn_blocking(move || {
            engine.read(|read| {
                let mut next = None;
                for (line, first) in read.lines_due()? {
                    let passable = courier.passable(&live, &line);
                    let room = rooms.left(&line, passable) > 0;
                    next = next.into_iter().chain(due_on(read, &line, first, passable, room, now)?).min();
                }
                Ok((read.next_due()?, next))
            })
        });
        asked.await.map_err(|error| FlowError::Broken(error.to_string()))?
    }

    fn begin(&mut self, claimed: Claimed) {
        let (courier, engine, live) = (self.courier.clone(), self.engine.clone(), self.engine.live());
        let now = self.engine.now();
        let (line, id) = (claimed.delivery.line(), claimed.delivery.id);
        let task = self.on_the_line.spawn(async move { courier.carry(&engine, &live, &claimed, now).await });
        self.rooms.begin(line.clone());
        self.whose.insert(task.id(), (line, id));
    }

    /// Takes what else has ended, so that it is written together.
    fn hear_who_ended(&mut self) {
        while let Some(done) = self.on_the_line.try_join_next_with_id() {
            self.ended(done);
        }
    }

    fn ended(&mut self, done: Result<(Id, Carried), JoinError>) {
        let (task, outcome) = match done {
            Ok((task, outcome)) => (task, Ok(outcome)),
            Err(error) => (error.id(), Err(format!("crowsnest has a fault: {error}"))),
        };
        let Some((line, delivery)) = self.whose.remove(&task) else { return };
        self.rooms.end(&line);
        let outcome = outcome.unwrap_or_else(|reason| match line.webhook() {
            Some(_) => Outcome::Later { reason, asked: None, line_is_down: false }.into(),
            // A fault of ours while a message was on the line: nobody knows how far it got.
            None => Outcome::Unknown { reason }.into(),
        });
        fail_point!("settle-before", |_| std::process::abort());
        self.unsettled.add(delivery, outcome);
    }
}

/// When something is due on a line that can be gone so far, the first of what is queued for it being due at `first`; `None`
/// when nothing can be begun on it. A line that is closed is tried when that is over, by what waits for it before that is due.
fn due_on(
    read: &dyn Read,
    line: &Line,
    first: Time,
    passable: Passable,
    room: bool,
    now: Time,
) -> Result<Option<Time>, StoreError> {
    let from = match passable {
        Passable::From(until) => until,
        _ if room => now,
        _ => return Ok(None),
    };
    let tried = passable != Passable::Freely && first > from && to_try(read, line, from)?.is_some();
    Ok(Some(if tried { from } else { first.max(from) }))
}
