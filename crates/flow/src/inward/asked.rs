//! What lets somebody into a program and is no event of theirs: while their events are taken in once more, it has to be
//! asked for again.

use super::{CATALOGUE, Cause, Enrolment, Working};
use crate::FlowError;
use crowsnest_model::{ProfileId, Time, profile::Run};
use crowsnest_store::RunRecord;

/// What let somebody into a program and is no event of theirs: a request, or the change of a thing that they watch.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) at: Time,
    pub(super) person: ProfileId,
    pub(super) run: Run,
}

impl Working<'_> {
    /// The ways through programs that no event of theirs began, for whoever they were meant for then.
    pub(super) fn asked_for(&self, person: ProfileId, ids: &[ProfileId], runs: &[RunRecord]) -> Vec<Asked> {
        let Some(loaded) = self.people.get(&person) else { return Vec::new() };
        let mut asked = Vec::new();
        for run in &loaded.profile.runs {
            let Some(record) = runs.iter().find(|record| record.id == run.id) else { continue };
            let Some(occasion) = &run.asked else { continue };
            let meant = ids.iter().find(|id| Cause::id_of(**id, occasion) == record.event);
            asked.push(Asked {
                at: record.started,
                person: meant.copied().unwrap_or(person),
                run: Run { occasion: occasion.clone(), ..run.clone() },
            });
        }
        asked
    }

    /// A request is for whoever it was meant for; the change of a thing for those who watch it.
    pub(super) fn ask_again(&mut self, Asked { person, run, .. }: Asked) -> Result<(), FlowError> {
        let entrances = self.entrances.clone();
        let Some(program) = entrances.open(&run.program) else { return Ok(()) };
        let what = "what was asked for before".to_owned();
        let Some(changed) = run.occasion.strip_prefix(CATALOGUE) else {
            let cause = Cause::ours(person, run.occasion, what, run.triggered, run.properties);
            return Enrolment::of(self).admit(person, program, &cause).map(drop);
        };
        let Some(watch) = program.watch() else { return Ok(()) };
        let key = changed
            .strip_prefix(&format!("{}:", watch.catalogue))
            .and_then(|rest| rest.strip_suffix(&format!(":{}", run.triggered)));
        let (Some(key), Some(replay)) = (key, &self.replay) else { return Ok(()) };
        let since = run.triggered.minus(watch.within);
        let mut people = self.unit.watchers(watch.interest.id(), key, since, None, usize::MAX >> 1)?;
        people.retain(|person| replay.people.contains(person));
        for person in people {
            let (occasion, what, seen) = (run.occasion.clone(), what.clone(), run.properties.clone());
            Enrolment::of(self).enter_by_change(person, program, occasion, what, run.triggered, seen)?;
        }
        Ok(())
    }
}
