//! Launches go on by themselves: what was interrupted by the end of the process, what could not be written, and what waits
//! until what it asks of people is built.
//!
//! A launch is on record until everybody was looked at, so nothing of this has to survive a restart: then each is tried at
//! once. Here is only what stopped one, and when it is tried again.

use super::Stopped;
use crate::{Engine, FlowError, outward::until};
use crowsnest_model::{Duration, Time};
use crowsnest_store::LaunchRecord;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// What was stopped is tried again after this long, then after twice as long each time.
const FIRST: Duration = Duration::seconds(1);
const LONGEST: Duration = Duration::minutes(1);

/// Where launches stand that are not through.
#[derive(Debug, Default)]
pub(crate) struct Launching {
    by_name: Mutex<BTreeMap<String, Place>>,
    /// Told when whoever launched leaves it to others to go on.
    left: Notify,
}

/// Where a launch stands.
#[derive(Debug, Default)]
struct Place {
    /// How many carry it just now.
    carriers: u32,
    fault: Option<Fault>,
}

/// What stopped a launch.
#[derive(Debug)]
struct Fault {
    since: Time,
    reason: String,
    /// How often it was tried in vain.
    times: u32,
    /// When it is tried again.
    again: Time,
}

impl Launching {
    fn places(&self) -> MutexGuard<'_, BTreeMap<String, Place>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody carries it until what this answers is dropped.
    pub(super) fn carry(&self, broadcast: &str) -> Carried<'_> {
        self.places().entry(broadcast.to_owned()).or_default().carriers += 1;
        Carried { launching: self, broadcast: broadcast.to_owned() }
    }

    /// Whoever launched something did what they could.
    pub(super) fn leave(&self) {
        self.left.notify_one();
    }

    /// Something of it was written, or nothing is wrong with it.
    pub(super) fn goes_on(&self, broadcast: &str) {
        if let Some(place) = self.places().get_mut(broadcast) {
            place.fault = None;
        }
    }

    /// It could not go on. Answers whether that is new.
    fn failed(&self, broadcast: &str, error: &FlowError, now: Time) -> bool {
        let mut places = self.places();
        let place = places.entry(broadcast.to_owned()).or_default();
        let (since, times) = place.fault.as_ref().map_or((now, 0), |fault| (fault.since, fault.times));
        let wait = Duration(FIRST.0.saturating_mul(1 << times.min(16))).min(LONGEST);
        let (reason, again) = (error.to_string(), now.plus(wait));
        place.fault = Some(Fault { since, reason, times: times + 1, again });
        times == 0
    }

    /// What stopped it.
    pub(super) fn fault(&self, broadcast: &str) -> Option<Stopped> {
        let places = self.places();
        let fault = places.get(broadcast)?.fault.as_ref()?;
        Some(Stopped { since: fault.since, reason: fault.reason.clone(), building: false })
    }

    /// When somebody has to carry it; `None` while somebody does.
    fn due(&self, broadcast: &str, now: Time) -> Option<Time> {
        match self.places().get(broadcast) {
            Some(place) if place.carriers > 0 => None,
            // No wait is so long: the clock was set back since.
            Some(Place { fault: Some(fault), .. }) if fault.again > now.plus(LONGEST) => Some(now),
            Some(Place { fault: Some(fault), .. }) => Some(fault.again),
            _ => Some(now),
        }
    }
}

/// That somebody carries a launch.
pub(super) struct Carried<'l> {
    launching: &'l Launching,
    broadcast: String,
}

impl Drop for Carried<'_> {
    fn drop(&mut self) {
        let mut places = self.launching.places();
        if let Some(place) = places.get_mut(&self.broadcast) {
            place.carriers -= 1;
            if place.carriers == 0 && place.fault.is_none() {
                places.remove(&self.broadcast);
            }
        }
    }
}

impl Engine {
    /// Takes every launch as far as it goes that is not through, each by the version that was launched, whatever is in force
    /// now. One that cannot go on does not stop the others: [`Engine::launch_report`] says what stops it.
    pub async fn resume_launches(&self) -> Result<(), FlowError> {
        for launch in self.read(|read| read.unfinished_launches())? {
            self.carry_launch(launch).await;
        }
        Ok(())
    }

    /// Takes launches on whose time has come: those that nobody carries, and those that were stopped and are to be tried
    /// again. Answers when the next one is to be looked at; `None` when all are through, or carried.
    pub async fn carry_due_launches(&self) -> Result<Option<Time>, FlowError> {
        let unfinished = self.read(|read| read.unfinished_launches())?;
        for launch in unfinished {
            let now = self.now();
            if self.launching().due(&launch.broadcast, now).is_some_and(|due| due <= now) {
                self.carry_launch(launch).await;
            }
        }
        let now = self.now();
        let left = self.read(|read| read.unfinished_launches())?;
        // One that waits until something is built is looked at as often as one that was stopped for the first time.
        let due = left.iter().filter_map(|launch| self.launching().due(&launch.broadcast, now));
        Ok(due.map(|due| due.max(now.plus(FIRST))).min())
    }

    /// Takes launches on whenever they can go on, until the engine is closed.
    pub async fn keep_launching(self) {
        loop {
            let next = match self.carry_due_launches().await {
                Ok(next) => next,
                Err(FlowError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "launches cannot be looked at; tried again in a second");
                    Some(self.now().plus(FIRST))
                }
            };
            tokio::select! {
                () = tokio::time::sleep(until(next, self.now()).to_std()) => {}
                () = self.launching().left.notified() => {}
            }
        }
    }

    /// Takes a launch as far as it goes, and notes what stops it.
    pub(super) async fn carry_launch(&self, launch: LaunchRecord) {
        let broadcast = launch.broadcast.clone();
        let carried = self.launching().carry(&broadcast);
        match self.queue_launch(launch).await {
            Ok(()) => self.launching().goes_on(&broadcast),
            // It goes on at the next start.
            Err(FlowError::Closed) => {}
            Err(error) => {
                if self.launching().failed(&broadcast, &error, self.now()) {
                    tracing::error!(broadcast, %error, "a launch was stopped; it is tried again by itself");
                }
            }
        }
        drop(carried);
    }
}
