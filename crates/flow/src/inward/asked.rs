//! What lets somebody into a program and is no event of theirs: while their events are taken in once more, it has to be
//! asked for again.

use super::{CATALOGUE, Cause, Enrolment, Working};
use crate::FlowError;
use crowsnest_model::{ProfileId, Time};
use crowsnest_store::{Request, RunRecord};

/// What let somebody into a program and is no event of theirs: a request, or the change of a thing that they watch.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) at: Time,
    pub(super) person: ProfileId,
    program: String,
    pub(super) request: Request,
    triggered: Time,
}

impl Working<'_> {
    /// The ways through programs that no event of theirs began, for whoever they were meant for then. Also those that have ended:
    /// it may have been because two were taken for one.
    pub(super) fn asked_for(
        &self,
        person: ProfileId,
        ids: &[ProfileId],
        runs: &[RunRecord],
    ) -> Result<Vec<Asked>, FlowError> {
        let mut asked = Vec::new();
        for request in self.unit.requests_of(person)? {
            let Some(record) = runs.iter().find(|record| record.id == request.run) else { continue };
            let meant = ids.iter().find(|id| Cause::id_of(**id, &request.occasion) == record.event);
            asked.push(Asked {
                at: record.started,
                person: meant.copied().unwrap_or(person),
                program: record.program.clone(),
                triggered: record.triggered,
                request,
            });
        }
        Ok(asked)
    }

    /// A request is for whoever it was meant for; the change of a thing for those who watch it.
    pub(super) fn ask_again(&mut self, asked: Asked) -> Result<(), FlowError> {
        let Asked { person, program, triggered, request, .. } = asked;
        let Request { occasion, properties, .. } = request;
        let entrances = self.entrances.clone();
        let Some(program) = entrances.open(&program) else { return Ok(()) };
        let what = "what was asked for before".to_owned();
        let Some(changed) = occasion.strip_prefix(CATALOGUE) else {
            let cause = Cause::ours(person, occasion, what, triggered, properties);
            return Enrolment::of(self).enter_as_asked(person, program, &cause).map(drop);
        };
        let Some(watch) = program.watch() else { return Ok(()) };
        let key = changed
            .strip_prefix(&format!("{}:", watch.catalogue))
            .and_then(|rest| rest.strip_suffix(&format!(":{}", triggered)));
        let (Some(key), Some(replay)) = (key, &self.replay) else { return Ok(()) };
        let since = triggered.minus(watch.within);
        let mut people = self.unit.watchers(watch.interest.id(), key, since, None, usize::MAX >> 1)?;
        people.retain(|person| replay.people.contains(person));
        for person in people {
            let (occasion, what, seen) = (occasion.clone(), what.clone(), properties.clone());
            let cause = Cause::ours(person, occasion, what, triggered, seen);
            Enrolment::of(self).enter_by_change(person, program, &cause)?;
        }
        Ok(())
    }
}
