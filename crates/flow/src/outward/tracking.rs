//! That messages are read: what is put into them so that it can be heard, and what is heard.
//!
//! Nobody who follows a link waits for us longer than [`PATIENCE`], and nobody who follows many can fill the store: what is
//! too much is answered and not heard, and a number says how much that was.

use super::feedback::{Heard, What, hear, message_id};
use crate::{Engine, FlowError, OWN_SOURCE, inward::Working};
use crowsnest_channels::{
    email::tracked,
    links::{LinkSigner, Purpose},
    template::{CompiledTemplate, Content},
};
use crowsnest_model::{
    DeliveryId, Duration, EventId, Time,
    definition::Tracking,
    delivery::{Delivery, DeliveryState, Feedback},
};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

/// Nobody has read a message so soon after it was handed over, and nobody follows two of its links in this time.
const TOO_SOON: Duration = Duration::seconds(2);

/// How long an answer waits for what it has heard to be written.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(300);

/// So many visits are being written at most.
const AT_ONCE: usize = 64;

/// So often one link, or one picture, is heard of within a minute.
const OFTEN: u8 = 10;

/// Of so many links within a minute it is known how often they were followed.
const KNOWN: usize = 100_000;

/// How the links and the picture of one message are made.
pub(super) struct Tracks<'a> {
    pub(super) signer: &'a LinkSigner,
    /// Where people reach this installation.
    pub(super) base: &'a str,
    pub(super) delivery: DeliveryId,
    pub(super) tracking: &'a Tracking,
    pub(super) template: &'a CompiledTemplate,
    /// Links that do what they do without being followed up, such as to unsubscribe.
    pub(super) own: [&'a str; 2],
}

impl Tracks<'_> {
    /// Puts into a message what is tracked of it.
    pub(super) fn put_into(&self, mut content: Content) -> Content {
        if self.tracking.clicks {
            content.html = tracked::with_links(&content.html, |link| self.way(link));
            content.text = tracked::with_links_in_text(&content.text, |link| self.way(link));
        }
        if self.tracking.opens {
            let token = self.signer.token(Purpose::Open, self.delivery);
            content.html = tracked::with_picture(&content.html, &format!("{}/o/{token}.gif", self.base));
        }
        content
    }

    fn way(&self, link: &str) -> Option<String> {
        if self.own.iter().any(|own| link.starts_with(own)) {
            return None;
        }
        let url = tracked::followable(link)?;
        // What anybody can send us in an event must not become a link that is signed by us.
        if !self.is_ours_to_sign(&tracked::host(&url)?) {
            return None;
        }
        Some(format!("{}/c/{}", self.base, self.signer.link(self.delivery, &url)))
    }

    fn is_ours_to_sign(&self, host: &str) -> bool {
        let below = |domain: &String| {
            let domain = domain.to_ascii_lowercase();
            host.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.template.spells_out(host) || self.tracking.domains.iter().any(below)
    }
}

/// Somebody or something looked at a message or followed one of its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The message.
    pub delivery: DeliveryId,
    /// Where the link leads; of the picture none.
    pub url: Option<String>,
    /// Which machine it was, if it says so itself.
    pub machine: Option<&'static str>,
}

impl Visit {
    /// The same look within an hour is one, and the same link within a minute.
    fn id(&self, time: Time) -> String {
        match &self.url {
            None => time.0.div_euclid(Duration::hours(1).0).to_string(),
            Some(url) => {
                let digest = Sha256::digest(url);
                let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                format!("{}-{digits}", time.0.div_euclid(Duration::minutes(1).0))
            }
        }
    }

    fn what(&self, by_machine: bool) -> What {
        match &self.url {
            None => What::Opened { by_machine },
            Some(url) => What::Clicked { url: url.clone(), by_machine },
        }
    }
}

/// Hears of visits, and never holds anybody up. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Visits {
    engine: Engine,
    places: Arc<Semaphore>,
    lately: Arc<Mutex<Lately>>,
    hasher: RandomState,
}

impl Visits {
    /// Of this engine.
    pub fn new(engine: Engine) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self { engine, places, lately: Arc::default(), hasher: RandomState::new() }
    }

    /// Hears of a visit, now or, when the store is slow, a little later. What cannot be heard is counted as lost: the
    /// visitor has nothing to do with it.
    pub async fn hear(&self, visit: Visit) {
        metrics::counter!("crowsnest_visits_total", "by" => visit.machine.unwrap_or("person")).increment(1);
        let time = self.engine.now();
        let key = self.hasher.hash_one((visit.delivery, &visit.url));
        let admitted = self.lately.lock().unwrap_or_else(PoisonError::into_inner).admits(key, time);
        if !admitted {
            return lost("often");
        }
        let Ok(place) = self.places.clone().try_acquire_owned() else { return lost("busy") };
        let engine = self.engine.clone();
        let hearing = tokio::spawn(async move {
            match engine.hear_visit(visit, time).await {
                Ok(_) => {}
                // A backup was restored that is older than the message.
                Err(FlowError::NotFound { .. }) => lost("gone"),
                Err(error) => {
                    tracing::warn!(%error, "a visit could not be written");
                    lost("failed");
                }
            }
            drop(place);
        });
        // It goes on when this is over; only nobody waits for it any more.
        let _ = tokio::time::timeout(PATIENCE, hearing).await;
    }
}

fn lost(why: &'static str) {
    metrics::counter!("crowsnest_visits_lost_total", "why" => why).increment(1);
}

/// How often each link was followed in this minute.
#[derive(Debug, Default)]
struct Lately {
    minute: i64,
    times: HashMap<u64, u8>,
}

impl Lately {
    fn admits(&mut self, key: u64, time: Time) -> bool {
        let minute = time.0.div_euclid(Duration::minutes(1).0);
        if minute != self.minute {
            self.minute = minute;
            self.times.clear();
        }
        if self.times.len() >= KNOWN && !self.times.contains_key(&key) {
            return false;
        }
        let times = self.times.entry(key).or_default();
        *times = times.saturating_add(1);
        *times <= OFTEN
    }
}

impl Engine {
    /// Writes a visit. Answers false when it was written before.
    async fn hear_visit(&self, visit: Visit, time: Time) -> Result<bool, FlowError> {
        self.commit(move |work| {
            let Some(delivery) = work.unit.delivery(visit.delivery)? else {
                let name = visit.delivery.to_string();
                return Err(FlowError::NotFound { kind: "delivery", name, hint: None });
            };
            let id = visit.id(time);
            let by_machine = match visit.machine {
                Some(_) => true,
                None if was_heard(work, &delivery, &visit, &id)? => return Ok(false),
                None => {
                    too_soon(&delivery, time) || (visit.url.is_some() && one_of_many(work, &delivery, time)?)
                }
            };
            hear(work, delivery, Heard { id, time, what: visit.what(by_machine) })
        })
        .await
    }
}

/// Whether a person was heard doing just this.
fn was_heard(work: &Working<'_>, delivery: &Delivery, visit: &Visit, id: &str) -> Result<bool, FlowError> {
    let message_id = message_id(delivery, visit.what(false).kind(), id);
    Ok(work.unit.event(EventId::of(OWN_SOURCE, &message_id))?.is_some())
}

/// Whether the message has only just arrived, so that a scanner looks at it and not its reader.
fn too_soon(delivery: &Delivery, time: Time) -> bool {
    match delivery.state {
        DeliveryState::Sending => true,
        DeliveryState::Sent | DeliveryState::Unknown => time < delivery.updated.plus(TOO_SOON),
        _ => false,
    }
}

/// Whether another link of the message was followed a moment before, so that a scanner follows them all.
fn one_of_many(work: &Working<'_>, delivery: &Delivery, time: Time) -> Result<bool, FlowError> {
    let sums = work.unit.feedback_of(delivery.id)?;
    Ok(sums.iter().any(|sum| {
        let followed = matches!(sum.kind, Feedback::Clicked | Feedback::ClickedByMachine);
        followed && time < sum.last.plus(TOO_SOON) && sum.last < time.plus(TOO_SOON)
    }))
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, Visit, Visits};
    use crate::{Engine, Opening, SystemClock};
    use crowsnest_model::DeliveryId;
    use std::sync::{Arc, mpsc};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_writer_that_stands_still_holds_up_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let opening = Opening {
            data: folder.path().to_owned(),
            workspace: None,
            clock: Arc::new(SystemClock),
            entropy: [1; 32],
        };
        let (engine, _) = Engine::open(opening).unwrap();
        let (go_on, stands_still) = mpsc::channel::<()>();
        let (stopped, has_stopped) = mpsc::channel();
        let held = engine.clone();
        let held = tokio::spawn(async move {
            held.task(move |_| {
                stopped.send(()).unwrap();
                let _ = stands_still.recv();
                Ok(())
            })
            .await
        });
        tokio::task::spawn_blocking(move || has_stopped.recv()).await.unwrap().unwrap();
        let visits = Visits::new(engine);
        let coming = |who| {
            let visits = visits.clone();
            let visit = Visit { delivery: DeliveryId(who), url: None, machine: None };
            tokio::spawn(async move { visits.hear(visit).await })
        };
        let came: Vec<_> = (0..AT_ONCE as u64 + 9).map(coming).collect();
        for one in came {
            one.await.unwrap();
        }
        assert!(!held.is_finished(), "the writer still stands, and everybody was answered");
        assert_eq!(visits.places.available_permits(), 0, "as many wait to be written as may, and no more");
        go_on.send(()).unwrap();
        held.await.unwrap().unwrap();
        // Once it goes on, what waited is written and there is place again.
        let _ = visits.places.acquire_many(AT_ONCE as u32).await.unwrap();
    }
}
