//! What became of a print run: its letters are sent, or queued again.

use super::{AT_ONCE, Unmade, cannot_be_made, folder};
use crate::{
    FlowError,
    inward::Working,
    outward::{claim::put_off, purse::give_back, settle::go_on},
};
use crowsnest_channels::letter::{discard, is_finished};
use crowsnest_model::{Duration, PrintRunId, delivery::DeliveryState};
use std::path::Path;

/// One commit over a working set.
type Step = Box<dyn FnOnce(&mut Working<'_>) -> Result<bool, FlowError> + Send>;

/// Ends print runs that were not: those whose files are whole are settled, of others everything is queued again. Called at
/// each start, and before and after each print run.
pub(crate) fn recover(
    data: &Path,
    commit: &mut dyn FnMut(Step) -> Result<bool, FlowError>,
) -> Result<(), FlowError> {
    let folder = folder(data);
    let opened = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let into = opened.clone();
    commit(Box::new(move |work| {
        let runs = work.unit.open_print_runs()?;
        into.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(runs);
        Ok(false)
    }))?;
    let runs = std::mem::take(&mut *opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    for run in runs {
        let (id, name) = (run.id, run.id.to_string());
        if is_finished(&folder, &name) {
            while commit(Box::new(move |work| settle_some(work, id)))? {}
            continue;
        }
        while commit(Box::new(move |work| take_back_some(work, id)))? {}
        if let Err(error) = discard(&folder, &name) {
            tracing::warn!(%error, run = name, "what was begun of a print run cannot be removed");
        }
    }
    Ok(())
}

/// Some of the letters of a print run whose files are whole are sent. False when it was the last of them, and the run is
/// finished.
pub(super) fn settle_some(work: &mut Working<'_>, run: PrintRunId) -> Result<bool, FlowError> {
    let letters = work.unit.being_printed(run, AT_ONCE)?;
    for mut letter in letters.iter().cloned() {
        letter.state = DeliveryState::Sent;
        letter.reason = Some(format!("in print run {run}"));
        letter.updated = work.now;
        work.unit.update_delivery(&letter)?;
        go_on(work, &letter)?;
    }
    if !letters.is_empty() {
        return Ok(true);
    }
    if let Some(mut run) = work.unit.print_run(run)? {
        run.finished = Some(work.now);
        run.letters = work.unit.printed_in(run.id)?;
        work.unit.put_print_run(&run)?;
    }
    Ok(false)
}

/// Some of the letters of a print run that came to nothing are queued again. False when it was the last of them, and the run is
/// gone.
pub(super) fn take_back_some(work: &mut Working<'_>, run: PrintRunId) -> Result<bool, FlowError> {
    let letters = work.unit.being_printed(run, AT_ONCE)?;
    for mut letter in letters.iter().cloned() {
        let ended = format!("the print run {run} ended before its files were whole");
        (letter.state, letter.reason) = match &letter.seed {
            None => (DeliveryState::Queued, Some(format!("{ended}; it waits for the next one"))),
            Some(_) => (DeliveryState::Cancelled, Some(format!("{ended}; the next one has its own copies"))),
        };
        letter.updated = work.now;
        work.unit.update_delivery(&letter)?;
        give_back(work, &letter)?;
        work.unit.remove_printed(letter.id)?;
    }
    if letters.is_empty() {
        work.unit.remove_print_run(run)?;
    }
    Ok(!letters.is_empty())
}

/// These letters could not be made. They are queued again, after what this print run looks at, so that the next one takes
/// them when their template or what is known of the person was mended.
pub(super) fn leave_letters(work: &mut Working<'_>, unmade: Vec<Unmade>) -> Result<(), FlowError> {
    for Unmade { delivery: id, reason, .. } in unmade {
        let Some(mut letter) = work.unit.delivery(id)? else { continue };
        letter.state = DeliveryState::Queued;
        give_back(work, &letter)?;
        work.unit.remove_printed(id)?;
        let reason = format!("{}; the next print run tries again", cannot_be_made(&reason));
        let later = work.now.plus(Duration(1));
        put_off(work, &mut letter, later, reason)?;
    }
    Ok(())
}
