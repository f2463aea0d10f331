//! A program that stood still goes on, and so does what waited for a budget, a contact policy or a team that has changed.

use super::circumstances::release_switched;
use crate::{FlowError, inward::Working};
use crowsnest_model::delivery::DeliveryState;

/// What the record says of a message that is held because its program is paused.
pub(super) const PAUSED: &str = "the program is paused";

/// Lets go on what belongs to programs that are not paused any more: their timers count again, and their held messages
/// are queued again. What is later than the program allows is expired. Called at each start and whenever definitions
/// were put in force, so that a process that dies in between forgets nobody.
pub(crate) fn resume(work: &mut Working<'_>) -> Result<(), FlowError> {
    let plan = work.live.plan();
    let builds = work.unit.builds()?;
    for program in work.unit.parked()? {
        // Those of one that waits until what it asks about is built go on then.
        let waits = builds
            .iter()
            .any(|build| build.kind == "program" && build.name == program && build.finished.is_none());
        if !waits && !plan.is_paused(&program) {
            work.unit.unpark_timers(&program)?;
            work.something_due = true;
        }
    }
    let names: Vec<&str> = work.live.ever_named().iter().map(String::as_str).collect();
    for mut delivery in work.unit.held_deliveries(&names)? {
        let paused = delivery.reason.as_deref() == Some(PAUSED) && !plan.is_paused(&delivery.program);
        let Some(program) = plan.version(&delivery.program, delivery.version).filter(|_| paused) else {
            continue;
        };
        let late = delivery.late(work.now);
        if late > program.lateness() {
            let reason = format!(
                "{PAUSED} for {} after it was due; the program allows {}",
                late.in_words(),
                program.lateness().in_words()
            );
            super::claim::end(work, &mut delivery, DeliveryState::Expired, reason)?;
        }
    }
    super::purse::wake(work)?;
    super::contact::wake(work)?;
    super::lists::wake(work)?;
    work.something_due |= release_switched(work.unit, work.live, work.now)?;
    Ok(())
}

/// Whether what is known under a name has changed since this was last asked, which is remembered.
pub(super) fn has_changed(work: &mut Working<'_>, name: &str, known: &str) -> Result<bool, FlowError> {
    if work.unit.setting(name)?.as_deref() == Some(known) {
        return Ok(false);
    }
    work.unit.put_setting(name, known)?;
    Ok(true)
}
