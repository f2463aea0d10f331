//! People who are alike and have no identifier in common: found in the background, right after the commit that changed one
//! of them, and made one, or put before people of the house.
//!
//! 1. [`fields`] — by what somebody is compared
//! 2. [`matcher`] — everybody, ready to be compared with the next one; [`everybody`] has whose record is which
//! 3. [`crate::inward`]'s `alike` — what follows, in a commit of its own
//! 4. [`homes`] — who lives with whom, which makes nobody one, and `inward`'s `homes`, what follows from it
//! 5. [`review`] — what people of the house are asked, and what they answer
//! 6. [`weigher`] — what likeness says against an identifier, in the commit of an event
//!
//! Who has to be compared stands in a row of the store, written in the commit that changed them. So nobody is forgotten
//! when the process dies, and whoever is compared twice is found to be what they are already.

mod everybody;
mod fields;
mod homes;
mod learning;
mod matcher;
mod review;
mod weigher;

pub(crate) use fields::{Fields, Record};
pub(crate) use homes::{Living, Together};
pub use learning::{LinkReport, LinkedPair};
pub use review::{Answer, Answered, PersonAsked, Resemblance, ReviewQuestion};
pub(crate) use weigher::Weigher;

use crate::{Engine, FlowError};
use crowsnest_model::{ProfileId, Time};
use crowsnest_store::Evidence;
use matcher::Matcher;
use serde::Serialize;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError, RwLock, atomic::AtomicU64},
    time::Duration,
};

/// So many people are compared for one commit.
const AT_ONCE: usize = 200;

/// After a fault everybody is read anew, so it is not tried again at once: after this long, and twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// But at least this often.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Where the matching of people stands.
#[derive(Default)]
pub(crate) struct Matching {
    matcher: Mutex<Option<Matcher>>,
    /// How many were made one since the start.
    joined: AtomicU64,
    standing: RwLock<MatchStanding>,
}

/// Where the matching of people stands, for people.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MatchStanding {
    /// `off`, `reading` everybody, `learning`, `linking` everybody, or `live`.
    pub state: MatchState,
    /// How many people were read or linked, while that goes on.
    pub done: u64,
    /// The version of the model.
    pub model: Option<String>,
    /// When it was learned.
    pub learned: Option<Time>,
    /// From how many records.
    pub learned_from: u64,
    /// How many records are compared: one of each person about whom enough is known, and one of each who was absorbed.
    pub records: u64,
}

/// What the matching of people is at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchState {
    /// The workspace does not want it.
    #[default]
    Off,
    /// Everybody is read.
    Reading,
    /// A model is learned.
    Learning,
    /// Everybody is linked.
    Linking,
    /// Whoever changes is compared at once.
    Live,
}

/// Two who are alike.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alike {
    pub(crate) one: ProfileId,
    pub(crate) other: ProfileId,
    /// log2 of the odds that they are one.
    pub(crate) bits: f64,
    /// How many pairs of records hang on it.
    pub(crate) pairs: u64,
    /// What it is worth to decide it.
    pub(crate) value: f64,
    pub(crate) evidence: Vec<Evidence>,
}

/// What comparing somebody has shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Finding {
    /// Who has changed.
    pub(crate) changed: BTreeSet<ProfileId>,
    /// Groups of people, each in order, of whom this says all that there is to say about any two of one group.
    pub(crate) touched: Vec<Vec<ProfileId>>,
    /// Who is one person.
    pub(crate) same: Vec<Alike>,
    /// Who may be.
    pub(crate) doubtful: Vec<Alike>,
    /// The version of the model that says so.
    pub(crate) model: String,
}

impl Finding {
    /// Takes in what was found later, which is the last word on whomever it touches.
    pub(crate) fn add(&mut self, later: Self) {
        let anew = |alike: &Alike| later.says_all_of(alike.one, alike.other);
        self.same.retain(|alike| !anew(alike));
        self.doubtful.retain(|alike| !anew(alike));
        self.same.extend(later.same);
        self.doubtful.extend(later.doubtful);
        self.changed.extend(later.changed);
        self.touched.extend(later.touched);
        self.model = later.model;
    }

    /// Whether two who are not among those who are alike are not alike any more.
    pub(crate) fn says_all_of(&self, one: ProfileId, other: ProfileId) -> bool {
        let within = |group: &Vec<ProfileId>, person: &ProfileId| group.binary_search(person).is_ok();
        self.touched.iter().any(|group| within(group, &one) && within(group, &other))
    }
}

/// How likely something is whose odds are 2 to the power of `bits`.
pub(crate) fn certainty(bits: f64) -> f64 {
    1.0 / (1.0 + (-bits).exp2())
}

/// A certainty for people: never more certain than it is.
pub(crate) fn percent(certainty: f64) -> String {
    let percent = certainty * 100.0;
    if percent >= 99.9 {
        format!("{:.2} %", (percent * 100.0).floor() / 100.0)
    } else {
        format!("{percent:.1} %")
    }
}

impl Alike {
    /// What is a person's own and clearly not the same: nobody is made one against that without being asked for.
    pub(crate) fn contradiction(&self) -> Option<String> {
        let own = |line: &&Evidence| OWN.contains(&line.field.as_str()) && line.bits <= CLEARLY_AGAINST;
        let line = self.evidence.iter().find(own)?;
        Some(format!("{}: {}", line.field, line.finding))
    }

    /// Why they are one, in a line: what weighs most first. It adds up to the odds.
    pub(crate) fn in_words(&self) -> String {
        let mut lines: Vec<&Evidence> = self
            .evidence
            .iter()
            .filter(|line| line.bits.abs() >= 0.5 && !OURS.contains(&&*line.field))
            .collect();
        lines.sort_by(|a, b| b.bits.abs().total_cmp(&a.bits.abs()));
        let rest = self.bits - lines.iter().map(|line| line.bits).sum::<f64>();
        let lines: Vec<String> = lines
            .iter()
            .map(|line| format!("{}: {} ({:+.1})", line.field, line.finding, line.bits))
            .collect();
        // In a group it is what all say of all that decides.
        let who = match self.pairs {
            1 => "one person",
            _ => "of a group of records that are one person; the two most alike of them",
        };
        format!(
            "alike, {who} with a certainty of {}: {}; before all of that ({rest:+.1})",
            percent(certainty(self.bits)),
            lines.join("; "),
        )
    }
}

/// The fields that are a person's own.
const OWN: [&str; 2] = ["forename", "birth date"];

/// From here on down, in bits, a field speaks clearly against one person.
const CLEARLY_AGAINST: f64 = -2.0;

/// Lines of an explanation that are not about a field.
const OURS: [&str; 3] = ["before all", "household", "others"];

impl Engine {
    /// Where the matching of people stands.
    pub fn match_standing(&self) -> MatchStanding {
        self.matching().standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_match_standing(&self, change: impl FnOnce(&mut MatchStanding)) {
        change(&mut self.matching().standing.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Compares everybody who is to be compared, until nobody is left. It blocks.
    pub fn match_everybody(&self) -> Result<(), FlowError> {
        while self.match_some()? {}
        Ok(())
    }

    /// Compares some of those who are to be compared. Answers whether there may be more.
    fn match_some(&self) -> Result<bool, FlowError> {
        let mut place = self.matching().matcher.lock().unwrap_or_else(PoisonError::into_inner);
        let live = self.live();
        let Some(fields) = live.match_fields() else {
            *place = None;
            self.set_match_standing(|standing| *standing = MatchStanding::default());
            homes::leave_all(self)?;
            return Ok(false);
        };
        let matcher = match place.take().filter(|matcher| matcher.serves(fields) && !matcher.has_outgrown()) {
            Some(matcher) => place.insert(matcher),
            None => place.insert(learning::load(self, fields.clone())?),
        };
        // A finding that could not be written is lost with what the matcher knows; it is read anew.
        let done = matcher.step(self);
        if done.is_err() {
            *place = None;
        }
        done
    }

    /// Everybody is to be read anew.
    fn forget_matcher(&self) {
        *self.matching().matcher.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Compares whoever changes, for ever.
    pub async fn keep_matching(self) {
        let mut changed = self.somebody_to_compare();
        let mut pause = FIRST_PAUSE;
        loop {
            changed.borrow_and_update();
            let engine = self.clone();
            let compared = tokio::task::spawn_blocking(move || engine.match_some()).await;
            let fault = match compared {
                Ok(Ok(true)) => {
                    pause = FIRST_PAUSE;
                    continue;
                }
                Ok(Ok(false)) => None,
                Ok(Err(FlowError::Closed)) => return,
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(error) = fault {
                tracing::error!(error, ?pause, "people could not be compared; it is tried again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            // The engine is gone with its last clone, which this one is not: who drives it ends this task.
            if changed.changed().await.is_err() {
                return;
            }
        }
    }
}
