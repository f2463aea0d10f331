//! Tasks that people of the house have done, and what came of calls.

use super::{
    feedback::{Heard, What, hear},
    settle::go_on,
};
use crate::{Engine, FlowError, inward::Working};
use crowsnest_model::{
    DeliveryId, TaskId,
    definition::OUTCOMES,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_programs::Shift;
use crowsnest_store::{Task, TaskState};

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// Somebody was reached: `reached`, or one of the team's own words.
    Reached(String),
    /// Nobody answered.
    NoAnswer,
    /// It is somebody else's number.
    WrongNumber,
    /// They do not want to be called.
    DoNotCall,
}

impl CallOutcome {
    /// Reads the word for it; `own` are the words that the team has of its own.
    fn read(word: &str, own: &[String]) -> Option<Self> {
        Some(match word {
            "reached" => Self::Reached(word.to_owned()),
            "no-answer" => Self::NoAnswer,
            "wrong-number" => Self::WrongNumber,
            "do-not-call" => Self::DoNotCall,
            other if own.iter().any(|word| word == other) => Self::Reached(other.to_owned()),
            _ => return None,
        })
    }

    /// The word for it.
    pub fn word(&self) -> &str {
        match self {
            Self::Reached(word) => word,
            Self::NoAnswer => "no-answer",
            Self::WrongNumber => "wrong-number",
            Self::DoNotCall => "do-not-call",
        }
    }
}

/// What people of the house say of a task that is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskDone {
    /// Of a call: what came of it.
    pub outcome: Option<String>,
    /// What else there is to say.
    pub remark: Option<String>,
}

impl Engine {
    /// A task is done. Answers it. Said again, what was said first counts.
    pub async fn end_task(&self, id: TaskId, done: TaskDone) -> Result<Task, FlowError> {
        self.commit(move |work| {
            let task = work.unit.task(id)?;
            let task =
                task.ok_or_else(|| FlowError::NotFound { kind: "task", name: id.to_string(), hint: None })?;
            if task.state == TaskState::Done {
                return Ok(task);
            }
            match task.call {
                Some(call) => end_call(work, task, call, done),
                None => end_task(work, task, done),
            }
        })
        .await
    }
}

fn end_task(work: &mut Working<'_>, mut task: Task, done: TaskDone) -> Result<Task, FlowError> {
    if let Some(outcome) = done.outcome {
        return Err(FlowError::Invalid(format!(
            "{} is no call, and has no outcome: leave `{outcome}` out, or say it as a note",
            task.id
        )));
    }
    if let (TaskState::Withdrawn, Some(reason)) = (task.state, &task.reason) {
        return Err(FlowError::Refused(format!("{} was withdrawn: {reason}", task.id)));
    }
    (task.state, task.ended, task.remark) = (TaskState::Done, Some(work.now), done.remark);
    work.unit.update_task(&task)?;
    // There may be room for another one.
    work.something_due = true;
    Ok(task)
}

fn end_call(
    work: &mut Working<'_>,
    mut task: Task,
    call: DeliveryId,
    done: TaskDone,
) -> Result<Task, FlowError> {
    let own = work.live.shifts(&task.team).map_or(&[][..], |(team, _)| &team.outcomes);
    let words = || OUTCOMES.into_iter().chain(own.iter().map(String::as_str));
    let Some(word) = done.outcome else {
        let words: Vec<&str> = words().collect();
        return Err(FlowError::Invalid(format!("say what came of the call: {}", words.join(", "))));
    };
    let outcome =
        CallOutcome::read(&word, own).ok_or_else(|| FlowError::not_found("outcome", &word, words()))?;
    if task.state == TaskState::Queued {
        let reason = task.reason.as_deref().unwrap_or("it waits");
        return Err(FlowError::Refused(format!("{} is on no list yet: {reason}", task.id)));
    }
    let Some(mut delivery) = work.unit.delivery(call)? else {
        return Err(FlowError::Broken(format!("the delivery of {} is not there", task.id)));
    };
    // Somebody may have been on the telephone while it was withdrawn. What they heard counts all the same.
    let was_open = task.state == TaskState::Open;
    (task.state, task.ended, task.remark) = (TaskState::Done, Some(work.now), done.remark);
    task.outcome = Some(word);
    work.unit.update_task(&task)?;
    if was_open {
        settle(work, &task, &mut delivery, &outcome)?;
    }
    let heard = Heard { id: task.id.to_string(), time: work.now, what: What::Called { outcome } };
    hear(work, delivery, heard)?;
    // What was heard may have ended its run, and the call with that.
    if let Some(delivery) = work.unit.delivery(call)?.filter(|_| was_open) {
        match delivery.state {
            DeliveryState::Queued => try_again(work, &task, &delivery)?,
            _ => go_on(work, &delivery)?,
        }
    }
    work.something_due = true;
    Ok(task)
}

/// Writes what became of the call.
fn settle(
    work: &mut Working<'_>,
    task: &Task,
    delivery: &mut Delivery,
    outcome: &CallOutcome,
) -> Result<(), FlowError> {
    let tries = delivery.event.get("tries").and_then(serde_json::Value::as_u64).unwrap_or(1);
    let (state, reason) = match outcome {
        CallOutcome::Reached(word) => (DeliveryState::Sent, format!("they were reached: {word}")),
        CallOutcome::DoNotCall => {
            (DeliveryState::Sent, "they were reached, and do not want to be called".to_owned())
        }
        CallOutcome::WrongNumber => (DeliveryState::Bounced, "it is a wrong number".to_owned()),
        CallOutcome::NoAnswer if u64::from(delivery.attempts) < tries => {
            delivery.due = another_day(work, &task.team);
            (DeliveryState::Queued, format!("nobody answered, try {} of {tries}", delivery.attempts))
        }
        CallOutcome::NoAnswer => {
            (DeliveryState::Failed, format!("nobody answered, try {} of {tries}", delivery.attempts))
        }
    };
    (delivery.state, delivery.reason, delivery.updated) = (state, Some(reason), work.now);
    Ok(work.unit.update_delivery(delivery)?)
}

/// When a team works again after today.
fn another_day(work: &Working<'_>, team: &str) -> crowsnest_model::Time {
    let shifts = work.live.shifts(team).map(|(_, shifts)| shifts);
    match shifts.and_then(|shifts| shifts.after(shifts.day(work.now))) {
        Some(Shift::Off { until, .. }) => until,
        _ => work.now.plus(crowsnest_model::Duration::days(1)),
    }
}

/// The next try of a call is a task of its own.
fn try_again(work: &mut Working<'_>, task: &Task, delivery: &Delivery) -> Result<(), FlowError> {
    let id = TaskId(work.ids.next(work.now));
    work.unit.put_task(&Task {
        id,
        created: work.now,
        profile: delivery.profile,
        attempt: task.attempt + 1,
        state: TaskState::Queued,
        reason: delivery.reason.clone(),
        due: delivery.due,
        day: None,
        ended: None,
        outcome: None,
        remark: None,
        ..task.clone()
    })?;
    Ok(())
}
