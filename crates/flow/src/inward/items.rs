//! Items of catalogues: what is said of them is taken in, it is kept who watches which, and those hear of changes.

use super::{CATALOGUE, Cause, Enrolment, Prepared, Working};
use crate::FlowError;
use crowsnest_ingest::ItemRow;
use crowsnest_model::{
    Item, Object, ProfileId, Time,
    item::{Changed, Report},
};
use crowsnest_rules::EventView;
use crowsnest_store::ItemChange;

/// At most this many changes are looked at in one commit.
const CHANGES: usize = 200;

impl Working<'_> {
    /// Takes in what is said of items of a catalogue. Programs hear of it when it is `announced`. Answers how many items
    /// are others now.
    pub(crate) fn take_in_items(
        &mut self,
        catalogue: &str,
        source: &str,
        reports: impl IntoIterator<Item = (String, Report)>,
        announced: bool,
    ) -> Result<u64, FlowError> {
        // An item that nobody has heard of was not in any list.
        let listed_until = self.unit.listed_until(catalogue)?;
        let mut others = 0;
        for (key, report) in reports {
            let known = self.unit.item(catalogue, &key)?;
            let mut item = known
                .clone()
                .unwrap_or_else(|| Item { missing: listed_until, ..Item::unheard_of(key.as_str()) });
            let changed = item.take_in(report, source);
            if known.as_ref() != Some(&item) {
                self.unit.put_item(catalogue, &item)?;
            }
            let Some(changed) = changed else { continue };
            others += 1;
            if announced {
                self.note_change(catalogue, &key, changed)?;
            }
        }
        Ok(others)
    }

    /// Takes in rows of files that are items. `as_of` is the moment of which their file is. Answers how many items are others
    /// now.
    pub(crate) fn take_in_rows(
        &mut self,
        source: &str,
        rows: Vec<ItemRow>,
        as_of: Time,
    ) -> Result<u64, FlowError> {
        let mut others = 0;
        for ItemRow { catalogue, key, fields, time, complete, historical } in rows {
            let time = time.unwrap_or(as_of);
            let listed = if complete { time.max(as_of) } else { time };
            let report = Report::Fields { fields, time, listed };
            others += self.take_in_items(&catalogue, source, [(key, report)], !historical)?;
        }
        Ok(others)
    }

    /// All items of a catalogue were listed at `moment`: those that were not are gone, at most `limit` of them in this
    /// commit. True when there may be more.
    pub(crate) fn end_list(
        &mut self,
        catalogue: &str,
        source: &str,
        moment: Time,
        announced: bool,
        limit: usize,
    ) -> Result<bool, FlowError> {
        self.unit.put_item_list(catalogue, moment)?;
        let gone = self.unit.unlisted(catalogue, moment, limit)?;
        let more = gone.len() == limit;
        let reports = gone.into_iter().map(|item| (item.key, Report::Gone(moment)));
        self.take_in_items(catalogue, source, reports, announced)?;
        Ok(more)
    }

    /// Keeps a change of an item for the programs that ask about its catalogue, unless it is known that nobody watches it.
    fn note_change(&mut self, catalogue: &str, key: &str, changed: Changed) -> Result<(), FlowError> {
        let Changed { time, before, item } = changed;
        let mut seen = Object::new();
        seen.insert("item".into(), item.into());
        if let Some(before) = before {
            seen.insert("before".into(), before.into());
        }
        let live = self.live;
        for program in live.plan().entrances().triggered_by_catalogue(catalogue) {
            let Some(watch) = program.watch() else { continue };
            let known = self.derived.interests.contains(&watch.interest.id());
            let since = time.minus(watch.within);
            if known && self.unit.watchers(watch.interest.id(), key, since, None, 1)?.is_empty() {
                continue;
            }
            let change = ItemChange {
                seq: 0,
                program: program.name().to_owned(),
                catalogue: catalogue.to_owned(),
                key: key.to_owned(),
                time,
                seen: seen.clone(),
                after: None,
            };
            self.unit.put_item_change(&change, known.then_some(self.now))?;
            self.something_due |= known;
        }
        Ok(())
    }

    /// Keeps which item an event says is watched, for the programs that ask for it.
    pub(super) fn keep_watchers(&mut self, person: ProfileId, prepared: &Prepared) -> Result<(), FlowError> {
        let Some(name) = prepared.event.name.as_deref() else { return Ok(()) };
        if self.live.plan().interests_about(name).next().is_none() {
            return Ok(());
        }
        self.keep_watcher(person, &prepared.view())
    }

    /// As [`Working::keep_watchers`], of an event that is here already.
    pub(crate) fn keep_watcher(&mut self, person: ProfileId, event: &EventView<'_>) -> Result<(), FlowError> {
        let live = self.live;
        for (interest, within) in live.plan().interests_about(event.name) {
            if event.time < self.now.minus(within) {
                continue;
            }
            if let Some(key) = interest.key(event) {
                self.unit.put_watcher(interest.id(), &key, person, event.time)?;
            }
        }
        Ok(())
    }
}

impl Enrolment<'_, '_> {
    /// An item that a person watches has changed: the program begins if it lets them in.
    fn item_changed(&mut self, person: ProfileId, change: &ItemChange) -> Result<(), FlowError> {
        let live = self.live();
        let Some(program) = live.plan().entrances().open(&change.program) else { return Ok(()) };
        let ItemChange { catalogue, key, time, seen, .. } = change;
        let occasion = format!("{CATALOGUE}{catalogue}:{key}:{time}");
        let what = format!("the change of {key} in the catalogue {catalogue}");
        let cause = Cause::ours(person, occasion, what, *time, seen.clone());
        self.enter_by_change(person, program, &cause)
    }
}

/// Those who watch hear of changes, at most `limit` people in this commit. True when there may be more.
pub(crate) fn tell_watchers(work: &mut Working<'_>, limit: usize) -> Result<bool, FlowError> {
    let mut left = limit;
    let due = work.unit.due_item_changes(work.now, CHANGES)?;
    for change in &due {
        if left == 0 {
            return Ok(true);
        }
        let live = work.live;
        let open = live.plan().entrances().open(&change.program);
        let watch = open.and_then(|program| Some((program, program.watch()?)));
        let Some((program, watch)) = watch.filter(|(_, watch)| watch.catalogue == change.catalogue) else {
            // The program takes nobody in, or is about something else by now.
            work.unit.remove_item_change(change.seq)?;
            continue;
        };
        let interest = watch.interest.id();
        if !work.derived.interests.contains(&interest) || work.derived.waits(program.name(), program.version)
        {
            work.unit.park_item_change(change.seq)?;
            continue;
        }
        let since = change.time.minus(watch.within);
        let people = work.unit.watchers(interest, &change.key, since, change.after, left)?;
        for person in &people {
            if work.try_load(*person)? != Ok(true) {
                continue;
            }
            // What time alone has changed by now came before this.
            work.catch_up(*person)?;
            Enrolment::of(work).item_changed(*person, change)?;
        }
        if let Some(last) = people.last().filter(|_| people.len() == left) {
            work.unit.move_item_change(change.seq, *last)?;
            return Ok(true);
        }
        left -= people.len();
        work.unit.remove_item_change(change.seq)?;
        forget_old_watchers(work, change, interest)?;
    }
    Ok(due.len() == CHANGES)
}

/// Whoever said too long ago that they watch an item hears of no later change of it.
fn forget_old_watchers(
    work: &mut Working<'_>,
    change: &ItemChange,
    interest: crowsnest_model::InterestId,
) -> Result<(), FlowError> {
    let Some(kept) = work.live.plan().kept(interest) else { return Ok(()) };
    let before: Time = change.time.min(work.now).minus(kept);
    Ok(work.unit.forget_watchers(interest, &change.key, before)?)
}
