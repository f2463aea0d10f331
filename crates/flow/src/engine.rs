//! The engine: what the server and the commands hold.

use crate::{
    Clock, FlowError, Live, Receipt,
    broadcast::Launching,
    inward::{Incoming, Working},
    matching::Matching,
    outward,
    outward::Courier,
    writer::{self, Desk, Job},
};
use crossbeam_channel::{Sender, TrySendError};
use crowsnest_identity::KeptApart;
use crowsnest_ingest::wire::Batch;
use crowsnest_model::{IdMaker, Time, delivery::CHANNELS};
use crowsnest_store::{
    Read, StoreError, Switch,
    sqlite::{DataFolder, Readers, Writer},
};
use crowsnest_workspace::{Problem, SourceFile};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};
use tokio::sync::{Notify, oneshot, watch};

/// More events than this waiting for the writer, and new ones are sent away.
const MAX_WAITING: usize = 50_000;

/// How to open the engine.
#[derive(Debug)]
pub struct Opening {
    /// The data folder.
    pub data: PathBuf,
    /// Definitions to apply if they differ from those in force; those in force stay when `None`.
    pub workspace: Option<Vec<SourceFile>>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Bytes for a secret, should one have to be made: 32 of them, random.
    pub entropy: [u8; 32],
}

/// The engine. Cheap to clone; it closes when the last clone is gone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: Sender<Job>,
    waiting: Arc<AtomicUsize>,
    live: Arc<RwLock<Arc<Live>>>,
    readers: Readers,
    clock: Arc<dyn Clock>,
    due: Arc<watch::Sender<()>>,
    to_compare: Arc<watch::Sender<()>>,
    matching: Matching,
    launching: Launching,
    printing: outward::Printing,
    changed: Notify,
    secret: String,
    data: PathBuf,
    // The last field: it ends when `jobs` is gone, and closes the store when the readers are.
    _writer: Joined,
}

/// A thread that is waited for.
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic in it was logged where it happened.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens a data folder and puts definitions in force. Also answers what was warned about.
    pub fn open(opening: Opening) -> Result<(Self, Vec<Problem>), FlowError> {
        let mut store = Writer::open(DataFolder::take(&opening.data)?)?;
        let now = opening.clock.now();
        let mut kept_apart = KeptApart::default();
        let (highest, secret) = store.commit(|unit| -> Result<_, FlowError> {
            for decision in unit.decisions_apart()? {
                kept_apart.add(decision.id, &decision.sides);
            }
            let highest = unit.setting("highest_id")?.and_then(|text| text.parse().ok()).unwrap_or(0);
            let secret = match unit.setting("secret")? {
                Some(secret) => secret,
                None => {
                    let secret: String = opening.entropy.iter().map(|byte| format!("{byte:02x}")).collect();
                    unit.put_setting("secret", &secret)?;
                    secret
                }
            };
            Ok((highest, secret))
        })?;
        let ids = IdMaker::after(highest);
        let mut warnings = Vec::new();
        let compiled = match opening.workspace {
            Some(files) => {
                let (applied, live) = crate::definitions::put_in_force(&mut store, &files, now, &secret)?;
                warnings = applied.warnings;
                live
            }
            None => crate::definitions::in_force(&mut store, now, &secret)?,
        };
        let live = Arc::new(RwLock::new(Arc::new(compiled)));
        let due = Arc::new(watch::Sender::new(()));
        let to_compare = Arc::new(watch::Sender::new(()));
        let mut desk = Desk {
            store,
            ids,
            live: live.clone(),
            clock: opening.clock.clone(),
            due: due.clone(),
            to_compare: to_compare.clone(),
            kept_apart: Arc::new(kept_apart),
        };
        while desk.commit(outward::spell_anew)? {}
        let interrupted = desk.commit(outward::interrupted)?;
        outward::recover(&opening.data, &mut |work| desk.commit(work))?;
        desk.commit(outward::resume)?;
        if interrupted > 0 {
            tracing::warn!(
                interrupted,
                "deliveries were being sent when crowsnest ended; their outcome is unknown"
            );
        }
        let (jobs, queue) = crossbeam_channel::bounded(4_096);
        let waiting = Arc::new(AtomicUsize::new(0));
        let counted = waiting.clone();
        let writer = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer::serve(desk, &queue, &counted))
            .map_err(|error| FlowError::Broken(format!("the writer's thread cannot be started: {error}")))?;
        let inner = Inner {
            jobs,
            waiting,
            live,
            readers: Readers::open(&opening.data),
            clock: opening.clock,
            due,
            to_compare,
            matching: Matching::default(),
            launching: Launching::default(),
            printing: outward::Printing::default(),
            changed: Notify::new(),
            secret,
            data: opening.data,
            _writer: Joined(Some(writer)),
        };
        Ok((Self { inner: Arc::new(inner) }, warnings))
    }

    /// What is in force.
    pub fn live(&self) -> Arc<Live> {
        self.inner.live.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// This moment.
    pub fn now(&self) -> Time {
        self.inner.clock.now()
    }

    /// Where time comes from.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock.clone()
    }

    /// The secret with which links are signed.
    pub fn secret(&self) -> &str {
        &self.inner.secret
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.inner.data
    }

    /// Reads. All of `work` sees the same moment. It blocks: call it where blocking is allowed.
    pub fn read<T>(&self, work: impl FnOnce(&dyn Read) -> Result<T, StoreError>) -> Result<T, FlowError> {
        self.inner.readers.read(work).map_err(FlowError::Store)
    }

    /// The readers themselves, for backup and checks.
    pub fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    /// Takes in what was read from a source. When this answers `Ok`, it is durable and acted on.
    pub async fn take_in(&self, batch: Batch) -> Result<Receipt, FlowError> {
        let live = self.live();
        let incoming = crate::inward::prepare(&live, batch.events, batch.rejected);
        self.take_in_prepared(incoming).await
    }

    /// Takes in what was prepared.
    pub async fn take_in_prepared(&self, incoming: Incoming) -> Result<Receipt, FlowError> {
        let answer = self.send(incoming)?;
        answer.await.map_err(|_| FlowError::Closed)?
    }

    /// As [`Engine::take_in`], for threads that may block. Waits while too much is waiting.
    pub(crate) fn take_in_blocking(&self, batch: Batch) -> Result<Receipt, FlowError> {
        let live = self.live();
        let mut incoming = crate::inward::prepare(&live, batch.events, batch.rejected);
        let answer = loop {
            match self.offer(incoming) {
                Ok(answer) => break answer,
                Err((FlowError::Overloaded, given_back)) => {
                    incoming = given_back;
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                Err((error, _)) => return Err(error),
            }
        };
        answer.blocking_recv().map_err(|_| FlowError::Closed)?
    }

    fn send(&self, incoming: Incoming) -> Result<oneshot::Receiver<Result<Receipt, FlowError>>, FlowError> {
        self.offer(incoming).map_err(|(error, _)| error)
    }

    fn offer(
        &self,
        incoming: Incoming,
    ) -> Result<oneshot::Receiver<Result<Receipt, FlowError>>, (FlowError, Incoming)> {
        let size = incoming.len();
        let waiting = self.inner.waiting.fetch_add(size, Ordering::Relaxed);
        if waiting > 0 && waiting + size > MAX_WAITING {
            self.inner.waiting.fetch_sub(size, Ordering::Relaxed);
            metrics::counter!("crowsnest_overloads_total").increment(1);
            return Err((FlowError::Overloaded, incoming));
        }
        let (answer, answered) = oneshot::channel();
        match self.inner.jobs.try_send(Job::TakeIn(incoming, answer)) {
            Ok(()) => Ok(answered),
            Err(refused) => {
                self.inner.waiting.fetch_sub(size, Ordering::Relaxed);
                let (error, job) = match refused {
                    TrySendError::Full(job) => (FlowError::Overloaded, job),
                    TrySendError::Disconnected(job) => (FlowError::Closed, job),
                };
                match job {
                    Job::TakeIn(incoming, _) => Err((error, incoming)),
                    Job::Task(_) => Err((error, Incoming::default())),
                }
            }
        }
    }

    /// Does something on the writer's thread, in its own commits.
    pub(crate) async fn task<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, FlowError> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Task(Box::new(move |desk| {
            let _ = answer.send(work(desk));
        }));
        // The queue is bounded; waiting for a place must not hold up the other tasks of this thread.
        let jobs = self.inner.jobs.clone();
        tokio::task::spawn_blocking(move || jobs.send(job))
            .await
            .map_err(|_| FlowError::Closed)?
            .map_err(|_| FlowError::Closed)?;
        let done = answered.await.map_err(|_| FlowError::Closed)?;
        self.inner.due.send_replace(());
        done
    }

    /// One commit over a working set, on the writer's thread.
    pub(crate) async fn commit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Working<'_>) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, FlowError> {
        self.task(move |desk| desk.commit(work)).await
    }

    /// As [`Engine::commit`], for threads that may block.
    pub(crate) fn commit_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Working<'_>) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, FlowError> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Task(Box::new(move |desk| {
            let _ = answer.send(desk.commit(work));
        }));
        self.inner.jobs.send(job).map_err(|_| FlowError::Closed)?;
        let done = answered.blocking_recv().map_err(|_| FlowError::Closed)?;
        self.inner.due.send_replace(());
        done
    }

    /// Changes whenever something may have become due.
    pub(crate) fn something_new(&self) -> watch::Receiver<()> {
        self.inner.due.subscribe()
    }

    /// Changes whenever somebody is to be compared with the others, or may be.
    pub(crate) fn somebody_to_compare(&self) -> watch::Receiver<()> {
        self.inner.to_compare.subscribe()
    }

    /// Where the matching of people stands.
    pub(crate) fn matching(&self) -> &Matching {
        &self.inner.matching
    }

    /// Where the launches of broadcasts stand.
    pub(crate) fn launching(&self) -> &Launching {
        &self.inner.launching
    }

    /// Where the printing of letters stands.
    pub(crate) fn printing(&self) -> &outward::Printing {
        &self.inner.printing
    }

    /// Waits until definitions have changed.
    pub(crate) async fn definitions_changed(&self) {
        self.inner.changed.notified().await;
    }

    pub(crate) fn say_definitions_changed(&self) {
        self.inner.to_compare.send_replace(());
        self.inner.changed.notify_one();
    }

    /// Writes something, to see that the store writes.
    pub async fn probe(&self) -> Result<(), FlowError> {
        self.commit(|_| Ok(())).await
    }

    /// Throws (`true`) or resets a kill switch: a program's, a broadcast's, `channel:email` for all marketing messages by
    /// e-mail, or `*` for all. What it holds is queued again when it is reset.
    pub async fn set_switch(&self, scope: &str, thrown: bool) -> Result<(), FlowError> {
        let live = self.live();
        match scope.strip_prefix(outward::CHANNEL_SCOPE) {
            Some(channel) if !CHANNELS.contains(&channel) => {
                return Err(FlowError::not_found("channel", channel, CHANNELS));
            }
            Some(_) => {}
            None => {
                let names = live.ever_named();
                if scope != "*" && !names.iter().any(|name| name == scope) {
                    let known = names.iter().map(String::as_str);
                    return Err(FlowError::not_found("program or broadcast", scope, known));
                }
            }
        }
        let scope = scope.to_owned();
        self.commit(move |work| {
            if thrown {
                work.unit.throw_switch(&Switch { scope, since: work.now, reason: None })?;
                return Ok(());
            }
            let was_thrown = work.unit.reset_switch(&scope)?;
            if let Some(channel) = scope.strip_prefix(outward::CHANNEL_SCOPE).filter(|_| was_thrown) {
                outward::begin_anew(work.unit, channel, work.now)?;
            }
            outward::release_switched(work.unit, work.live, work.now)?;
            Ok(())
        })
        .await
    }

    /// Nothing is sent to a contact point any more, whatever was agreed; `None` for a reason lifts that again.
    ///
    /// The contact point is taken in its one spelling. Answers whether anything changed.
    pub async fn set_suppression(
        &self,
        channel: &str,
        contact: &str,
        reason: Option<String>,
    ) -> Result<bool, FlowError> {
        let (channel, contact) = (channel.to_owned(), contact.to_owned());
        self.commit(move |work| match reason {
            Some(reason) => outward::suppress(work, &channel, &contact, reason),
            None => Ok(work.unit.lift_suppression(&channel, &contact)?),
        })
        .await
    }

    /// Says that a source is complete up to a moment. Answers whether its watermark moved.
    pub async fn set_watermark(&self, source: &str, complete_until: Time) -> Result<bool, FlowError> {
        let live = self.live();
        if !live.workspace().sources.contains_key(source) {
            let known = live.workspace().sources.keys().map(String::as_str);
            return Err(FlowError::not_found("source", source, known));
        }
        let source = source.to_owned();
        self.commit(move |work| {
            // A source cannot be complete until a moment that has not come; such a mark would never be stale.
            let until = complete_until.min(work.now);
            let moved = work.unit.advance_watermark(&source, until, work.now)?;
            if moved {
                outward::release_fresh(work.unit, work.live, &source, work.now)?;
            }
            Ok(moved)
        })
        .await
    }

    /// Who serves what is due, with this courier.
    pub fn dispatcher(&self, courier: Courier) -> outward::Dispatcher {
        outward::Dispatcher::new(self.clone(), courier)
    }
}
