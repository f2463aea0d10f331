//! What follows from people being alike: who is made one, and what people of the house are asked.

use super::Working;
use crate::{
    FlowError,
    matching::{Alike, Finding},
};
use crowsnest_identity::obstacle;
use crowsnest_model::{DecisionId, Profile, ProfileId, QuestionId};
use crowsnest_store::{DecidedBy, Decision, MatchRecord, Question};
use std::collections::BTreeSet;

/// So much of what somebody said before merges is kept for each person: what they said last.
const KEPT: usize = 16;

impl Working<'_> {
    /// Somebody is to be compared with the others again, once this is committed.
    pub(crate) fn compare_later(&mut self, person: ProfileId) {
        self.to_compare.insert(person);
    }

    /// By what two people were compared who become one now: one of them may have an earlier address, a maiden name, of which
    /// the one person says nothing any more.
    pub(super) fn keep_compared_by(
        &mut self,
        survivor: ProfileId,
        absorbed: &Profile,
    ) -> Result<(), FlowError> {
        let Some(fields) = self.live.match_fields() else { return Ok(()) };
        let Some(theirs) = fields.record(absorbed) else { return Ok(()) };
        let survivor_says = self.people.get(&survivor).and_then(|loaded| fields.record(&loaded.profile));
        let both = [survivor_says.map(|says| (survivor, says)), Some((absorbed.id, theirs))];
        let mut kept = self.unit.match_records_of(survivor)?;
        kept.extend(self.unit.match_records_of(absorbed.id)?);
        for (origin, says) in both.into_iter().flatten() {
            let doc = fields.to_doc(&says);
            if kept.iter().all(|known| known.doc != doc) {
                let record = MatchRecord { id: self.ids.next(self.now), profile: origin, origin, doc };
                self.unit.put_match_record(&record)?;
                kept.push(record);
            }
        }
        kept.sort_by_key(|known| known.id);
        for old in kept.iter().rev().skip(KEPT) {
            self.unit.remove_match_record(old.id)?;
        }
        Ok(())
    }

    /// Writes who is to be compared. While nobody is, that is whoever a question is about that was put off: it comes up again
    /// when one of the two has changed, and by then nobody could say who has.
    pub(super) fn queue_compared(&mut self) -> Result<(), FlowError> {
        let people = std::mem::take(&mut self.to_compare);
        let is_on = self.live.match_fields().is_some();
        if !is_on && (people.is_empty() || self.unit.question_count(true)? == 0) {
            return Ok(());
        }
        for person in people {
            if !is_on && self.unit.questions_of(person)?.iter().all(|question| question.put_off.is_none()) {
                continue;
            }
            let stamp = self.ids.next(self.now);
            self.unit.queue_match(person, stamp)?;
            self.something_to_compare |= is_on;
        }
        Ok(())
    }

    /// Makes people one who are alike enough, and asks about those who may be. Answers how many were made one with somebody.
    pub(crate) fn settle(&mut self, finding: &Finding, automatic: bool) -> Result<u64, FlowError> {
        let mut joined = 0;
        let mut wanted: Vec<Question> = Vec::new();
        for alike in &finding.same {
            let Some((one, other)) = self.two(alike)? else { continue };
            let obstacle = self.obstacle(one, other).or_else(|| alike.contradiction());
            if automatic && obstacle.is_none() {
                self.join_alike(one, other, alike, &finding.model)?;
                joined += 1;
            } else {
                wanted.push(self.question(one, other, alike, &finding.model, obstacle));
            }
        }
        for alike in &finding.doubtful {
            if let Some((one, other)) = self.two(alike)? {
                let obstacle = self.obstacle(one, other);
                wanted.push(self.question(one, other, alike, &finding.model, obstacle));
            }
        }
        // Those who are one by now were two when they were asked about.
        for question in &mut wanted {
            let (one, other) = (self.unit.survivor(question.one)?, self.unit.survivor(question.other)?);
            (question.one, question.other) = (one.min(other), one.max(other));
        }
        wanted.retain(|question| question.one != question.other);
        wanted.sort_by(|a, b| (a.one, a.other).cmp(&(b.one, b.other)).then(b.bits.total_cmp(&a.bits)));
        wanted.dedup_by_key(|question| (question.one, question.other));
        let mut known: Vec<Question> = Vec::new();
        let asked_about = wanted.iter().map(|question| &question.one);
        let about: BTreeSet<&ProfileId> = finding.touched.iter().flatten().chain(asked_about).collect();
        for person in about {
            known.extend(self.unit.questions_of(*person)?);
        }
        known.sort_by_key(|question| question.id);
        known.dedup_by_key(|question| question.id);
        let mut stands: Vec<QuestionId> = Vec::new();
        for question in known {
            let pair = (question.one, question.other);
            let again = wanted.binary_search_by(|new| (new.one, new.other).cmp(&pair));
            match again.ok().and_then(|place| wanted.get_mut(place)) {
                Some(new) => {
                    // What was put off comes up again when one of the two has changed.
                    let changed = [pair.0, pair.1].iter().any(|person| finding.changed.contains(person));
                    new.put_off = question.put_off.filter(|_| !changed);
                    (new.id, new.asked) = (question.id, question.asked);
                    stands.extend((*new == question).then_some(question.id));
                }
                None if finding.says_all_of(question.one, question.other) => {
                    self.unit.remove_question(question.id)?;
                }
                None => {}
            }
        }
        for question in &wanted {
            if !stands.contains(&question.id) {
                self.unit.put_question(question)?;
            }
        }
        Ok(joined)
    }

    /// The two as they are now, loaded; `None` when they are one, or not there, or were decided not to be one.
    fn two(&mut self, alike: &Alike) -> Result<Option<(ProfileId, ProfileId)>, FlowError> {
        let (one, other) = (self.unit.survivor(alike.one)?, self.unit.survivor(alike.other)?);
        if one == other {
            return Ok(None);
        }
        for person in [one, other] {
            if !self.is_there(person)? {
                return Ok(None);
            }
            self.load(person)?;
        }
        Ok(self.apart(one, other).is_none().then_some((one, other)))
    }

    fn obstacle(&self, one: ProfileId, other: ProfileId) -> Option<String> {
        obstacle(one, other, self.now, self)
    }

    fn question(
        &mut self,
        one: ProfileId,
        other: ProfileId,
        alike: &Alike,
        model: &str,
        obstacle: Option<String>,
    ) -> Question {
        Question {
            id: QuestionId(self.ids.next(self.now)),
            asked: self.now,
            one: one.min(other),
            other: one.max(other),
            bits: alike.bits,
            pairs: alike.pairs,
            value: alike.value,
            model: model.to_owned(),
            obstacle,
            evidence: alike.evidence.clone(),
            put_off: None,
        }
    }

    fn join_alike(
        &mut self,
        one: ProfileId,
        other: ProfileId,
        alike: &Alike,
        model: &str,
    ) -> Result<(), FlowError> {
        let decision = Decision {
            id: DecisionId(self.ids.next(self.now)),
            time: self.now,
            same: true,
            by: DecidedBy::Likeness { model: model.to_owned(), bits: alike.bits },
            people: [one, other],
            reason: alike.in_words(),
            sides: [one, other].map(|person| self.evidence_of(person)),
            withdrawn: None,
        };
        self.unit.put_decision(&decision)?;
        self.join(one, other, &decision)?;
        Ok(())
    }
}
