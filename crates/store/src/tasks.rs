//! What the house asks of a store about tasks: each is something that a program asks people of the house to do, from its
//! waiting for room on a team's list to its end. A task that is a call is one try of a delivery on the channel `phone`.

use crate::{Page, Result};
use crowsnest_model::{DeliveryId, ProfileId, RunId, TaskId, Time, delivery::Delivery};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Something that a program asks people of the house to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// When it was made.
    pub created: Time,
    /// The program.
    pub program: String,
    /// The run.
    pub run: RunId,
    /// The path of the step in the definition.
    pub step: String,
    /// Whom it is about.
    pub profile: ProfileId,
    /// What is to be done.
    pub title: String,
    /// By whom.
    pub team: String,
    /// More about it.
    pub note: Option<String>,
    /// From 1, which comes first, to 9.
    pub priority: u8,
    /// The call that it is a try of, if it is one.
    pub call: Option<DeliveryId>,
    /// Which try of the call, from 1.
    pub attempt: u32,
    /// Where it is in its life.
    pub state: TaskState,
    /// Why it waits, or was withdrawn, in words; of a call that is done, that they said afterwards that they want none.
    pub reason: Option<String>,
    /// Not on a list before this moment.
    pub due: Time,
    /// Not on a list after this moment.
    pub expires: Option<Time>,
    /// The day on whose list it came; `None` while it waits for one.
    pub day: Option<Date>,
    /// When it was done, or withdrawn.
    pub ended: Option<Time>,
    /// What came of the call.
    pub outcome: Option<String>,
    /// What people of the house say about it.
    pub remark: Option<String>,
}

/// Where a task is in its life.
///
/// ```text
/// queued ─► open ─► done
///    └───────┴────► withdrawn
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// Waits for its moment, or for room on a list.
    Queued,
    /// On a list, to be done.
    #[default]
    Open,
    /// Done.
    Done,
    /// Not to be done any more; the reason says why.
    Withdrawn,
}

impl TaskState {
    /// All states, in the order of a task's life.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Open, Self::Done, Self::Withdrawn];

    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Open => "open",
            Self::Done => "done",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether nothing changes it any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Withdrawn)
    }
}

impl FromStr for TaskState {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// Which tasks are wanted.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// In this state.
    pub state: TaskState,
    /// Of this team.
    pub team: Option<String>,
    /// About this person.
    pub profile: Option<ProfileId>,
    /// Of the list of this day; those that are open, also of the lists before it.
    pub day: Option<Date>,
}

/// What can be asked about tasks.
pub trait ReadTasks {
    /// A task.
    fn task(&self, id: TaskId) -> Result<Option<Task>>;
    /// Tasks: those that wait or are open in the order in which they are to be done, those that are over the latest first.
    fn tasks(&self, filter: &TaskFilter, page: Page) -> Result<Vec<Task>>;
    /// The teams of which tasks wait that are due, by name.
    fn teams_waiting(&self, now: Time) -> Result<Vec<String>>;
    /// The tasks of a team that are due, the most important first: by the place of their program in `programs`, by their
    /// priority, by id: who has waited longest comes first. A call that is held is not due.
    fn due_tasks(&self, team: &str, now: Time, programs: &[String], limit: usize) -> Result<Vec<Task>>;
    /// How many tasks a team has had to do since `since`: those that are open, and those that were done since then.
    fn tasks_since(&self, team: &str, since: Time) -> Result<u64>;
    /// How many tasks of a team are in a state.
    fn task_count(&self, team: &str, state: TaskState) -> Result<u64>;
    /// The teams whose lists somebody has left, so that there may be room, since they were last forgotten; by name.
    fn lists_left(&self) -> Result<Vec<String>>;
    /// The teams that have tasks in a state, by name.
    fn teams_with(&self, state: TaskState) -> Result<Vec<String>>;
    /// The calls to a number that have not ended: those that are on a list, and those that wait for one.
    fn calls_to(&self, number: &str) -> Result<Vec<Delivery>>;
}

/// What can be written about tasks.
pub trait WriteTasks {
    /// Keeps a task. False when that step of that run has made one; then nothing is written. Of a call, each try is one.
    ///
    /// A call's tasks follow its delivery: they are due when it is, and are withdrawn, for its reason, in the commit in which
    /// it ends in another way than by them.
    fn put_task(&mut self, task: &Task) -> Result<bool>;
    /// Changes a task's state, reason, moments, day, outcome and remark.
    fn update_task(&mut self, task: &Task) -> Result<()>;
    /// What [`ReadTasks::lists_left`] answers is known by now.
    fn forget_lists_left(&mut self) -> Result<()>;
    /// What a team is asked, or any team, that is queued and has a reason that begins so is due now. Answers how many that are.
    fn wake_tasks(&mut self, team: Option<&str>, reason: &str, now: Time) -> Result<u64>;
}
