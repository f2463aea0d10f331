//! The one thread that writes.

use crate::{
    Clock, FlowError, Live, Receipt,
    inward::{Incoming, Receipts, Working},
};
use crossbeam_channel::Receiver;
use crowsnest_identity::KeptApart;
use crowsnest_model::{IdMaker, quarantine::Rejection};
use crowsnest_store::{StoreError, sqlite::Writer};
use fail::fail_point;
use std::sync::{
    Arc, RwLock,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::{oneshot, watch};

/// At most this many events go into one commit.
const BATCH: usize = 10_000;

/// What the writer is asked.
pub(crate) enum Job {
    /// Take this in.
    TakeIn(Incoming, oneshot::Sender<Result<Receipt, FlowError>>),
    /// Do this; it answers for itself.
    Task(Box<dyn FnOnce(&mut Desk) + Send>),
}

/// What the writer has at hand.
pub(crate) struct Desk {
    pub(crate) store: Writer,
    pub(crate) ids: IdMaker,
    pub(crate) live: Arc<RwLock<Arc<Live>>>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Told when something has become due, so that the dispatcher need not look after every batch.
    pub(crate) due: Arc<watch::Sender<()>>,
    /// Told when somebody is to be compared with the others.
    pub(crate) to_compare: Arc<watch::Sender<()>>,
    /// Who was decided not to be one person.
    pub(crate) kept_apart: Arc<KeptApart>,
}

impl Desk {
    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(crate) fn set_live(&self, live: Live) {
        *self.live.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(live);
    }

    /// One commit over a working set.
    pub(crate) fn commit<T>(
        &mut self,
        work: impl FnOnce(&mut Working<'_>) -> Result<T, FlowError>,
    ) -> Result<T, FlowError> {
        let (live, now) = (self.live(), self.clock.now());
        let ids = &mut self.ids;
        let apart = &mut self.kept_apart;
        let mut decided = None;
        let (mut something_due, mut something_to_compare) = (false, false);
        let mut believe = None;
        let store = &mut self.store;
        // A fault of ours must not end the one thread that writes. What was half done is rolled back on the way out.
        let done = contained(|| {
            store.commit(|unit| {
                let mut working = Working::new(unit, &live, ids, now, apart.clone());
                let done = work(&mut working)?;
                working.finish()?;
                something_due = working.something_due;
                something_to_compare = working.something_to_compare;
                believe = working.believe.take();
                decided = Some(working.kept_apart);
                fail_point!("commit-before", |_| std::process::abort());
                Ok(done)
            })
        });
        if let Some(decided) = decided.filter(|_| done.is_ok()) {
            *apart = decided;
        }
        if let Some(derived) = believe.filter(|_| done.is_ok()) {
            live.believe(derived);
        }
        if something_due && done.is_ok() {
            self.due.send_replace(());
        }
        if something_to_compare && done.is_ok() {
            self.to_compare.send_replace(());
        }
        done
    }

    fn take_in(&mut self, requests: &[Incoming]) -> Result<Receipts, FlowError> {
        let done = self.commit(|work| work.take_in(requests));
        fail_point!("commit-after", |_| std::process::abort());
        done
    }
}

/// Serves jobs until nobody can send any more. What has queued up is taken in as one commit.
pub(crate) fn serve(mut desk: Desk, jobs: &Receiver<Job>, waiting: &AtomicUsize) {
    let mut next = None;
    loop {
        let job = match next.take() {
            Some(job) => job,
            None => match jobs.recv() {
                Ok(job) => job,
                Err(_) => return,
            },
        };
        match job {
            // What it was asked from hears of it, since its answer is dropped.
            Job::Task(task) => {
                let _ = contained(|| {
                    task(&mut desk);
                    Ok(())
                });
            }
            Job::TakeIn(incoming, answer) => {
                let mut size = incoming.len();
                let mut requests = vec![incoming];
                let mut answers = vec![answer];
                while size < BATCH {
                    match jobs.try_recv() {
                        Ok(Job::TakeIn(incoming, answer)) => {
                            size += incoming.len();
                            requests.push(incoming);
                            answers.push(answer);
                        }
                        Ok(task) => {
                            next = Some(task);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                metrics::histogram!("crowsnest_commit_events").record(size as f64);
                let started = std::time::Instant::now();
                answer_all(&mut desk, requests, answers);
                metrics::histogram!("crowsnest_commit_seconds").record(started.elapsed().as_secs_f64());
                waiting.fetch_sub(size, Ordering::Relaxed);
            }
        }
    }
}

/// Takes requests in together; when that fails, each on its own, so that one cannot fail the others.
fn answer_all(
    desk: &mut Desk,
    requests: Vec<Incoming>,
    answers: Vec<oneshot::Sender<Result<Receipt, FlowError>>>,
) {
    match desk.take_in(&requests) {
        Ok(receipts) => {
            let mut total = Receipt::default();
            receipts.iter().for_each(|receipt| total += *receipt);
            metrics::counter!("crowsnest_events_total").increment(total.accepted);
            metrics::counter!("crowsnest_duplicates_total").increment(total.duplicates);
            metrics::counter!("crowsnest_rejections_total").increment(total.quarantined);
            for (receipt, answer) in receipts.into_iter().zip(answers) {
                // Nobody waits any more: the client has gone, its events are kept.
                let _ = answer.send(Ok(receipt));
            }
        }
        // The outcome is unknown or nothing can be written: trying again one by one would not help.
        Err(error @ FlowError::Store(StoreError::CommitUnknown(_) | StoreError::Full)) => {
            tracing::error!(%error, "a commit failed");
            let message = error.to_string();
            let mut first = Some(error);
            for answer in answers {
                let error = first
                    .take()
                    .unwrap_or_else(|| FlowError::Store(StoreError::CommitUnknown(message.clone())));
                let _ = answer.send(Err(error));
            }
        }
        Err(error) => {
            tracing::warn!(%error, requests = requests.len(), "a commit failed; its events are tried one by one");
            for (request, answer) in requests.into_iter().zip(answers) {
                let _ = answer.send(one_by_one(desk, request));
            }
        }
    }
}

/// Takes the events of a request in one by one. One that cannot be, for a fault in what is stored or in the house, goes to
/// the quarantine with that reason and its document; the others are kept.
fn one_by_one(desk: &mut Desk, request: Incoming) -> Result<Receipt, FlowError> {
    let mut total = Receipt::default();
    for event in request.events {
        let (source, place) = (event.event.source.to_string(), event.event.id.to_string());
        let columns = crate::quarantine::kept_columns(&event.event);
        let alone = Incoming { events: vec![event], rejected: Vec::new() };
        let error = match desk.take_in(std::slice::from_ref(&alone)) {
            Ok(receipts) => {
                receipts.iter().for_each(|receipt| total += *receipt);
                continue;
            }
            Err(error @ FlowError::Store(StoreError::CommitUnknown(_) | StoreError::Full)) => {
                return Err(error);
            }
            Err(error) => error,
        };
        tracing::error!(%error, event = place, "an event could not be taken in; it waits in the quarantine");
        let raw = alone.events.into_iter().next().map(|event| event.body).unwrap_or_default();
        let rejection = Rejection {
            source,
            feed: None,
            place,
            code: "fault".into(),
            reason: format!("crowsnest could not take it in: {error}. Drive it again once that is put right"),
            raw,
            header: Some(columns),
        };
        total += take_in_rejected(desk, vec![rejection])?;
    }
    if !request.rejected.is_empty() {
        total += take_in_rejected(desk, request.rejected)?;
    }
    Ok(total)
}

fn take_in_rejected(desk: &mut Desk, rejected: Vec<Rejection>) -> Result<Receipt, FlowError> {
    let receipts = desk.take_in(&[Incoming { events: Vec::new(), rejected }])?;
    Ok(receipts.first().copied().unwrap_or_default())
}

/// Does something; a panic in it is an error like any other.
fn contained<T>(work: impl FnOnce() -> Result<T, FlowError>) -> Result<T, FlowError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(FlowError::Broken("it panicked; the log says where".into())))
}

#[cfg(test)]
mod tests {
    use crate::{Engine, FlowError, Opening, SystemClock};
    use std::sync::Arc;

    #[tokio::test]
    async fn a_panic_ends_neither_the_writer_nor_half_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let opening = Opening {
            data: folder.path().to_owned(),
            workspace: None,
            clock: Arc::new(SystemClock),
            entropy: [1; 32],
        };
        let (engine, _) = Engine::open(opening).unwrap();
        let done: Result<(), FlowError> = engine
            .commit(|work| {
                work.unit.put_setting("half", "done")?;
                panic!("on purpose")
            })
            .await;
        assert!(matches!(done, Err(FlowError::Broken(_))), "{done:?}");
        let gone: Result<(), FlowError> = engine.task(|_| panic!("on purpose")).await;
        assert!(gone.is_err());
        engine.probe().await.unwrap();
        assert_eq!(engine.read(|read| read.setting("half")).unwrap(), None);
    }
}
