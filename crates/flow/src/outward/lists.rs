//! The lists of teams: what comes onto the list of which day.
//!
//! A team's list of a day has room for its capacity, less what is left of the days before and what was done since midnight.
//! What is due comes onto it in the order of importance; what finds no room waits for the next day on which the team works. A
//! call is checked in that moment as a message is next to the send, and its being on the list is its being handed over: in
//! the same commit, and nowhere else, so that its outcome is never unknown. While it is on the list, what speaks against it
//! takes it off again ([`recheck_calls`]).

use super::{
    Courier,
    circuits::Passable,
    claim::{Deciding, decide, end, put_off, would_go},
    contact::{Circle, may_contact},
    resume::has_changed,
};
use crate::{FlowError, inward::Working};
use crowsnest_model::{
    Duration, Time,
    delivery::{DeliveryState, PHONE},
};
use crowsnest_programs::Shift;
use crowsnest_store::{Task, TaskState};
use jiff::civil::Date;

/// A call steps back for so long where a more important message is due for the same person.
const STEPS_BACK: Duration = Duration::minutes(1);

/// A team that is not there any more may be there again.
const LOOKED_FOR: Duration = Duration::hours(1);

/// What the reasons begin with of what waits for a team: for room on its list, for its hours, for there to be one.
const WAITS_FOR_LIST: &str = "waits: the list of the team ";
const WAITS_FOR_HOURS: &str = "waits: the team ";
const WAITS_FOR_TEAM: &str = "waits: there is no team ";

/// Where a team's list stands.
enum List {
    /// It has a day, and room for so many.
    Open { day: Date, room: u64, full: (Time, String) },
    /// The team does not work until this moment.
    Closed(Time, String),
    /// The team is not declared, so that nothing limits it.
    Endless(Date),
}

/// Brings onto the lists what is due, at most `limit` of each team. True when there was anything.
pub(super) fn draw(
    work: &mut Working<'_>,
    deciding: &mut Deciding,
    courier: &Courier,
    limit: usize,
) -> Result<bool, FlowError> {
    let mut teams = work.unit.teams_waiting(work.now)?;
    let left = work.unit.lists_left()?;
    let mut any = !left.is_empty();
    if any {
        work.unit.forget_lists_left()?;
    }
    teams.extend(left);
    teams.sort_unstable();
    teams.dedup();
    for team in teams {
        let mut list = list_of(work, &team)?;
        if !matches!(list, List::Open { room: 0, .. }) {
            // Room has come since they found none, because somebody said stop, say. Nobody who comes now goes before them.
            work.unit.wake_tasks(Some(&team), WAITS_FOR_LIST, work.now)?;
        }
        let due = work.unit.due_tasks(&team, work.now, work.live.policy().priorities(), limit)?;
        any |= !due.is_empty();
        for task in due {
            place(work, deciding, courier, &mut list, task)?;
        }
    }
    Ok(any)
}

fn list_of(work: &Working<'_>, team: &str) -> Result<List, FlowError> {
    let now = work.now;
    let Some((described, shifts)) = work.live.shifts(team) else {
        return Ok(List::Endless(now.timestamp().to_zoned(work.live.zone().clone()).date()));
    };
    let again = |shift: Option<Shift>| match shift {
        Some(Shift::Off { until, day }) => (until, day.to_string()),
        // The end of the calendar.
        _ => (now.plus(Duration::days(1)), "no day".to_owned()),
    };
    let (until, next) = match shifts.at(now) {
        Some(Shift::On(day)) => {
            let since = shifts.midnight(day).unwrap_or(now);
            let used = work.unit.tasks_since(team, since)?;
            let room = u64::from(described.capacity).saturating_sub(used);
            let (until, _) = again(shifts.after(day));
            let reason = format!("{WAITS_FOR_LIST}`{team}` is full for {day}");
            return Ok(List::Open { day, room, full: (until, reason) });
        }
        off => again(off),
    };
    Ok(List::Closed(until, format!("{WAITS_FOR_HOURS}`{team}` works again on {next}")))
}

/// Decides one task, and writes what was decided.
fn place(
    work: &mut Working<'_>,
    deciding: &mut Deciding,
    courier: &Courier,
    list: &mut List,
    mut task: Task,
) -> Result<(), FlowError> {
    let now = work.now;
    if task.call.is_none() && task.expires.is_some_and(|expires| expires <= now) {
        (task.state, task.ended) = (TaskState::Withdrawn, Some(now));
        task.reason = Some("its time to live ran out".to_owned());
        return Ok(work.unit.update_task(&task)?);
    }
    let day = match list {
        List::Closed(until, reason) => return wait(work, task, *until, reason),
        List::Open { room: 0, full: (until, reason), .. } => return wait(work, task, *until, reason),
        List::Open { day, .. } => *day,
        List::Endless(_) if task.call.is_some() => {
            let reason = format!("{WAITS_FOR_TEAM}`{}` in the `workspace:` document", task.team);
            return wait(work, task, now.plus(LOOKED_FOR), &reason);
        }
        List::Endless(day) => *day,
    };
    if let Some(call) = task.call {
        let Some(delivery) = work.unit.delivery(call)? else { return Ok(()) };
        let circle = Circle::of(&*work.unit, work.live.policy(), delivery.profile)?;
        if let Some(first) = more_important(work, deciding, courier, &circle, &task.program)? {
            let reason = format!("waits: {first} is more important, and due for the same person");
            return wait(work, task, now.plus(STEPS_BACK), &reason);
        }
        let how = format!("on the list of the team `{}` for {day}: try", task.team);
        if decide(work, deciding, &circle, delivery, &how)?.is_none() {
            return Ok(());
        }
    }
    (task.state, task.day, task.reason) = (TaskState::Open, Some(day), None);
    work.unit.update_task(&task)?;
    if let List::Open { room, .. } = list {
        *room -= 1;
    }
    Ok(())
}

/// It stays queued until another moment. Of a call, the task follows its delivery.
fn wait(work: &mut Working<'_>, mut task: Task, until: Time, reason: &str) -> Result<(), FlowError> {
    let reason = reason.to_owned();
    if let Some(call) = task.call {
        let Some(mut delivery) = work.unit.delivery(call)? else { return Ok(()) };
        return put_off(work, &mut delivery, until, reason);
    }
    (task.due, task.reason) = (until, Some(reason));
    Ok(work.unit.update_task(&task)?)
}

/// The program of a message that goes out to one of these people now and comes before this program. What is due and cannot go,
/// since its line is closed, somebody has stopped it or there is no money for it, is given way by nobody: it may wait for days.
fn more_important(
    work: &mut Working<'_>,
    deciding: &Deciding,
    courier: &Courier,
    circle: &Circle,
    program: &str,
) -> Result<Option<String>, FlowError> {
    let live = work.live;
    let mine = live.policy().rank(program);
    for person in &circle.people {
        for due in work.unit.due_deliveries_of(*person, work.now)? {
            if live.policy().rank(&due.program) < mine
                && courier.passable(live, &due.line()) == Passable::Freely
                && would_go(work, deciding, circle, &due)?
            {
                return Ok(Some(due.program));
            }
        }
    }
    Ok(None)
}

/// When teams have changed, what waits for one is decided anew.
pub(super) fn wake(work: &mut Working<'_>) -> Result<(), FlowError> {
    let organisation = &work.live.workspace().organisation;
    let known = format!("{:?} {}", organisation.teams, organisation.time_zone);
    if !has_changed(work, "teams", &known)? {
        return Ok(());
    }
    for reason in [WAITS_FOR_LIST, WAITS_FOR_HOURS, WAITS_FOR_TEAM] {
        work.something_due |= work.unit.wake_tasks(None, reason, work.now)? > 0;
    }
    Ok(())
}

/// Somebody has left a list: who waits for room on it is looked at. Asked at the end of each commit, since there are many ways
/// for a call to end.
pub(crate) fn notice_room(work: &mut Working<'_>) -> Result<(), FlowError> {
    work.something_due |= !work.unit.lists_left()?.is_empty();
    Ok(())
}

/// Takes off the lists, and from among what waits for one, what was agreed to no longer: whoever says stop is not called
/// any more. Asked at the end of the commit in which somebody said no at a telephone number.
pub(crate) fn recheck_calls(work: &mut Working<'_>) -> Result<(), FlowError> {
    for number in std::mem::take(&mut work.numbers) {
        for mut call in work.unit.calls_to(&number)? {
            let person = work.unit.survivor(call.profile)?;
            if let Err(reason) =
                may_contact(&*work.unit, work.live, person, PHONE, &call.contact, &call.topic)?
            {
                end(work, &mut call, DeliveryState::Suppressed, reason)?;
            }
        }
    }
    Ok(())
}
