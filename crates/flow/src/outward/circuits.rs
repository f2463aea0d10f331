//! Which ways lead out just now: one that fails again and again is left alone for a while, and then tried with one delivery.
//!
//! A way is what can fail as a whole: a webhook, an SMTP account, a gateway. What is known of it stands in memory; after a
//! start all ways are open.

use crate::{Clock, SystemClock};
use crowsnest_channels::Outcome;
use crowsnest_model::{Duration, Time};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// After so many hand-overs in a row that failed through the way's own fault it is closed.
const FAULTS: u32 = 5;

/// For how long at first; twice as long each time that the one that tries fails too.
const SHORTEST: Duration = Duration::seconds(30);
const LONGEST: Duration = Duration::minutes(15);

/// How far a way, or a line by any of its ways, can be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Passable {
    /// By as many as there is room for.
    Freely,
    /// By one, to see how it fares.
    ByOne,
    /// Not before this moment.
    From(Time),
    /// Not until the one that tries has come back; or never, where nobody here carries what goes on the line.
    No,
}

/// What is known of a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayState {
    /// What it is called: `webhook:crm`, `email:smtp.acme.example`.
    pub way: String,
    /// Since when it is closed; `None` when it is open.
    pub closed: Option<Time>,
    /// When one delivery tries it next, if it is closed and that has not come.
    pub until: Option<Time>,
    /// The last fault, and when it was.
    pub fault: Option<(Time, String)>,
}

#[derive(Debug, Clone, Default)]
struct Circuit {
    /// Faults in a row.
    faults: u32,
    closed: Option<Closed>,
    fault: Option<(Time, String)>,
    /// How often it was closed or opened. What began before the latest time says nothing any more.
    turn: u64,
}

#[derive(Debug, Clone, Copy)]
struct Closed {
    since: Time,
    until: Time,
    span: Duration,
    /// One is on it, to try.
    tried: bool,
}

impl Closed {
    /// Whether it is left alone. Nothing is for longer than the longest: then the clock was set back since.
    fn rests(&self, now: Time) -> bool {
        self.until > now && self.until <= now.plus(LONGEST)
    }
}

/// All ways of an installation.
#[derive(Debug)]
pub(super) struct Circuits {
    clock: Arc<dyn Clock>,
    ways: Mutex<BTreeMap<String, Circuit>>,
}

impl Default for Circuits {
    fn default() -> Self {
        Self::by(Arc::new(SystemClock))
    }
}

impl Circuits {
    /// By this clock.
    pub(super) fn by(clock: Arc<dyn Clock>) -> Self {
        Self { clock, ways: Mutex::default() }
    }

    /// How far a way can be gone now.
    pub(super) fn passable(&self, way: &str) -> Passable {
        let now = self.clock.now();
        match self.lock().get(way).and_then(|circuit| circuit.closed) {
            None => Passable::Freely,
            Some(closed) if closed.tried => Passable::No,
            Some(closed) if closed.rests(now) => Passable::From(closed.until),
            Some(_) => Passable::ByOne,
        }
    }

    /// Takes a way, if it can be gone; what came of it has to be said then.
    pub(super) fn enter(&self, way: &str) -> Option<Passage<'_>> {
        let now = self.clock.now();
        let mut ways = self.lock();
        let circuit = match ways.get_mut(way) {
            Some(circuit) => circuit,
            None => ways.entry(way.to_owned()).or_default(),
        };
        if let Some(closed) = &mut circuit.closed {
            if closed.tried || closed.rests(now) {
                return None;
            }
            closed.tried = true;
        }
        let passage = Passage { circuits: self, way: way.to_owned(), turn: circuit.turn };
        drop(ways);
        Some(passage)
    }

    /// Closed ways may be tried at once: somebody has changed something that may have been wrong.
    pub(super) fn try_all_again(&self) {
        let now = self.clock.now();
        for closed in self.lock().values_mut().filter_map(|circuit| circuit.closed.as_mut()) {
            closed.until = closed.until.min(now);
        }
    }

    /// What is known of a way.
    pub(super) fn state(&self, way: &str) -> WayState {
        let known = self.lock().get(way).cloned().unwrap_or_default();
        WayState {
            way: way.to_owned(),
            closed: known.closed.map(|closed| closed.since),
            until: known.closed.filter(|closed| !closed.tried).map(|closed| closed.until),
            fault: known.fault,
        }
    }

    fn heard(&self, way: &str, turn: u64, outcome: &Outcome) {
        let now = self.clock.now();
        let mut ways = self.lock();
        let Some(circuit) = ways.get_mut(way).filter(|circuit| circuit.turn == turn) else { return };
        let Some(reason) = outcome.fault_of_line() else {
            circuit.faults = 0;
            if circuit.closed.take().is_some() {
                circuit.turn += 1;
                tracing::info!(way, "it is well again");
                metrics::gauge!("crowsnest_way_closed", "way" => way.to_owned()).set(0.0);
            }
            return;
        };
        circuit.fault = Some((now, reason.to_owned()));
        circuit.faults = circuit.faults.saturating_add(1);
        let (since, span) = match circuit.closed {
            Some(closed) => (closed.since, Duration(closed.span.0.saturating_mul(2)).min(LONGEST)),
            None if circuit.faults >= FAULTS => (now, SHORTEST),
            None => return,
        };
        circuit.closed = Some(Closed { since, until: now.plus(span), span, tried: false });
        circuit.turn += 1;
        // Why is for those who may see it, and not for the log: servers repeat in their answers to whom, or what, was sent.
        tracing::warn!(
            way,
            seconds = span.0 / 1_000,
            "nothing is handed over there for a while; `crowsnest doctor` says why"
        );
        metrics::gauge!("crowsnest_way_closed", "way" => way.to_owned()).set(1.0);
    }

    /// The one that tried says nothing of how it fared: the next one tries.
    fn abandoned(&self, way: &str, turn: u64) {
        let mut ways = self.lock();
        if let Some(circuit) = ways.get_mut(way).filter(|circuit| circuit.turn == turn)
            && let Some(closed) = &mut circuit.closed
        {
            closed.tried = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Circuit>> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody is on a way.
#[derive(Debug)]
pub(super) struct Passage<'c> {
    circuits: &'c Circuits,
    way: String,
    turn: u64,
}

impl Passage<'_> {
    /// Says what came of it.
    pub(super) fn ended(self, outcome: &Outcome) {
        self.circuits.heard(&self.way, self.turn, outcome);
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        // Of what was heard the turn has changed, or it was no try.
        self.circuits.abandoned(&self.way, self.turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    #[derive(Debug, Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> Time {
            Time(self.0.load(Ordering::SeqCst))
        }
    }

    fn world() -> (Arc<Hand>, Circuits) {
        let clock = Arc::new(Hand::default());
        (clock.clone(), Circuits::by(clock))
    }

    fn down() -> Outcome {
        Outcome::Later { reason: "nobody listens".into(), asked: None, line_is_down: true }
    }

    fn well() -> Outcome {
        Outcome::Refused { reason: "no such mailbox".into() }
    }

    fn go(circuits: &Circuits, outcome: &Outcome) -> bool {
        circuits.enter("way").map(|passage| passage.ended(outcome)).is_some()
    }

    #[test]
    fn after_five_faults_in_a_row_it_rests_ever_longer_and_one_tries() {
        let (clock, circuits) = world();
        for _ in 0..4 {
            assert!(go(&circuits, &down()));
        }
        assert!(go(&circuits, &well()), "not in a row");
        for _ in 0..5 {
            assert!(go(&circuits, &down()));
        }
        for seconds in [30, 60, 120, 240, 480, 900, 900] {
            assert!(matches!(circuits.passable("way"), Passable::From(_)));
            clock.0.fetch_add(seconds * 1_000 - 1, Ordering::SeqCst);
            assert!(circuits.enter("way").is_none(), "{seconds}");
            clock.0.fetch_add(1, Ordering::SeqCst);
            assert_eq!(circuits.passable("way"), Passable::ByOne);
            let one = circuits.enter("way").unwrap();
            assert!(circuits.enter("way").is_none(), "one at a time");
            assert_eq!(circuits.passable("way"), Passable::No);
            one.ended(&down());
        }
        assert_eq!(circuits.passable("other"), Passable::Freely);
        circuits.try_all_again();
        assert!(go(&circuits, &well()));
        assert_eq!(circuits.passable("way"), Passable::Freely);
        assert_eq!(circuits.state("way").fault.unwrap().1, "nobody listens");
    }

    #[test]
    fn what_began_before_it_was_closed_neither_opens_nor_prolongs_it() {
        let (clock, circuits) = world();
        let mut all: Vec<_> = (0..8).map(|_| circuits.enter("way").unwrap()).collect();
        all.drain(..5).for_each(|one| one.ended(&down()));
        let until = circuits.state("way").until;
        assert_eq!(until, Some(Time(30_000)));
        for (one, outcome) in all.into_iter().zip([well(), down(), down()]) {
            clock.0.fetch_add(1_000, Ordering::SeqCst);
            one.ended(&outcome);
            assert_eq!(circuits.state("way").until, until);
        }
    }

    #[test]
    fn one_that_tried_and_was_given_up_lets_the_next_try() {
        let (clock, circuits) = world();
        assert!((0..5).all(|_| go(&circuits, &down())));
        clock.0.fetch_add(30_000, Ordering::SeqCst);
        drop(circuits.enter("way").unwrap());
        assert_eq!(circuits.passable("way"), Passable::ByOne);
    }

    #[test]
    fn what_breaks_after_each_message_is_closed_too() {
        let (_, circuits) = world();
        for _ in 0..5 {
            assert!(go(&circuits, &Outcome::Unknown { reason: "the line broke".into() }));
        }
        assert!(!go(&circuits, &well()));
    }
}
