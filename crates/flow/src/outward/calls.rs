//! Tasks that people of the house have done, and what came of calls.

use super::{
    feedback::{Heard, NO_CALLS, What, broken, hear},
    settle::go_on,
};
use crate::{
    Engine, FlowError,
    inward::{Prepared, Working},
    preferences::{event_of, latest_word},
};
use crowsnest_model::{
    ConsentStatus, DeliveryId, EventId, TaskId,
    consent::EVERY_TOPIC,
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
    /// A task is done. Answers it. Said again it changes nothing, and another outcome of a call is refused: what was said first
    /// counts. But that they do not want to be called counts whenever it is said.
    pub async fn end_task(&self, id: TaskId, done: TaskDone) -> Result<Task, FlowError> {
        self.commit(move |work| {
            let task = work.unit.task(id)?;
            let task =
                task.ok_or_else(|| FlowError::NotFound { kind: "task", name: id.to_string(), hint: None })?;
            match task.call {
                Some(call) => end_call(work, task, call, done),
                None if task.state == TaskState::Done => Ok(task),
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
    let is_done = task.state == TaskState::Done;
    if is_done && (done.outcome.is_none() || done.outcome == task.outcome) {
        return Ok(task);
    }
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
    if is_done && outcome == CallOutcome::DoNotCall {
        return stop_after_all(work, task, &delivery, done.remark);
    }
    if is_done {
        return Err(FlowError::Refused(format!(
            "{} is done, and `{}` is on record: what was said first counts, so `{word}` changes nothing. Only `do-not-call` can be said after it",
            task.id,
            task.outcome.as_deref().unwrap_or_default()
        )));
    }
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

/// Whoever does not want to be called is not, also when something else was said of the call before. That stays on record.
fn stop_after_all(
    work: &mut Working<'_>,
    mut task: Task,
    delivery: &Delivery,
    remark: Option<String>,
) -> Result<Task, FlowError> {
    let message_id = format!("{}-do-not-call", task.id);
    // Said again, it was heard.
    if work.unit.event(EventId::of(crate::OWN_SOURCE, &message_id))?.is_some() {
        return Ok(task);
    }
    task.reason =
        Some("they do not want to be called: consent to everything by phone is withdrawn".to_owned());
    task.remark = match (task.remark, remark) {
        (Some(first), Some(more)) => Some(format!("{first}; {more}")),
        (first, more) => first.or(more),
    };
    work.unit.update_task(&task)?;
    let person = work.unit.survivor(delivery.profile)?;
    work.load(person)?;
    let time = latest_word(&*work.unit, delivery, work.now)?;
    let claims = vec![(EVERY_TOPIC.to_owned(), ConsentStatus::Withdrawn)];
    let evidence = format!("{NO_CALLS} ({})", delivery.id);
    let event = event_of(delivery, claims, &evidence, message_id, (time, work.now));
    let prepared = Prepared::of(person, event).map_err(broken)?;
    work.take_in_our_own(&prepared)?;
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
            delivery.mean_for(another_day(work, &task.team));
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
