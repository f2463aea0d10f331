//! What happened in an order: "A then B within two hours", "A and no B in 45 minutes".

use crate::{
    series_spec::SeriesSpec,
    subject::{Remembered, Subject, Truth},
    window::{Span, last},
};
use crowsnest_model::{Duration, Series, Time};
use std::sync::Arc;

/// Events one after another, each later than the one before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sequence {
    pub(crate) steps: Box<[Arc<SeriesSpec>]>,
    /// The most time from the first to the last.
    pub(crate) within: Duration,
    /// When the first of them happened.
    pub(crate) began: Span,
}

/// Something that was to be followed by something else, and was not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unanswered {
    pub(crate) asked: Arc<SeriesSpec>,
    pub(crate) answer: Arc<SeriesSpec>,
    /// How much time there was for it.
    pub(crate) within: Duration,
    /// When the latest of the first happened.
    pub(crate) when: Span,
}

impl Sequence {
    /// Whether it happened.
    pub(crate) fn truth(&self, subject: &dyn Subject) -> Truth {
        let series = match self.series(subject) {
            Ok(series) => series,
            Err(missing) => return missing,
        };
        let now = subject.now();
        self.stretches(&series, now)
            .any(|(from, until)| from <= now && until.is_none_or(|until| now < until))
            .into()
    }

    /// The first moment after the subject's own at which that may change.
    pub(crate) fn next_change(&self, subject: &dyn Subject) -> Option<Time> {
        let series = self.series(subject).ok()?;
        let now = subject.now();
        self.stretches(&series, now)
            .flat_map(|(from, until)| [Some(from), until])
            .flatten()
            .filter(|at| *at > now)
            .min()
    }

    fn series<'a>(&self, subject: &'a dyn Subject) -> Result<Vec<&'a Series>, Truth> {
        let mut known = Vec::with_capacity(self.steps.len());
        let mut building = false;
        for step in &self.steps {
            match subject.series(step) {
                // Without one of them it did not happen, whatever is known of the others.
                Remembered::Nothing => return Err(Truth::False),
                Remembered::Building => building = true,
                Remembered::Known(series) => known.push(series),
            }
        }
        if building { Err(Truth::Unknown) } else { Ok(known) }
    }

    /// From when until when it is so by each of the first events that can still count at `now` or later. Linear: what
    /// completes a later beginning is never before what completes an earlier one.
    fn stretches<'a>(
        &self,
        series: &'a [&'a Series],
        now: Time,
    ) -> impl Iterator<Item = (Time, Option<Time>)> + 'a {
        let (within, began) = (self.within, self.began);
        let (first, later) =
            series.split_first().map_or((None, &[][..]), |(first, later)| (Some(*first), later));
        let beginnings = first.map_or(&[][..], |series| {
            let from = match began {
                Span::All => 0,
                Span::Ago { from, .. } => series.recent.partition_point(|(at, _)| *at <= now.minus(from)),
            };
            series.recent.get(from..).unwrap_or_default()
        });
        let mut places = vec![0_usize; later.len()];
        beginnings.iter().filter_map(move |(begin, _)| {
            let mut end = *begin;
            for (series, place) in later.iter().zip(&mut places) {
                if *place == 0 {
                    *place = series.recent.partition_point(|(at, _)| *at <= end);
                }
                while series.recent.get(*place).is_some_and(|(at, _)| *at <= end) {
                    *place += 1;
                }
                end = series.recent.get(*place)?.0;
            }
            if end.since(*begin) > within {
                return None;
            }
            Some(match began {
                Span::All => (end, None),
                Span::Ago { from, to } => (end.max(begin.plus(to)), Some(begin.plus(from))),
            })
        })
    }
}

impl Unanswered {
    /// Whether it went without an answer.
    pub(crate) fn truth(&self, subject: &dyn Subject) -> Truth {
        let asked = match subject.series(&self.asked) {
            Remembered::Nothing => return Truth::False,
            Remembered::Building => return Truth::Unknown,
            Remembered::Known(series) => series,
        };
        let now = subject.now();
        let Some(at) = last(asked, None, now) else { return Truth::False };
        let (after, until) = self.when.bounds(now);
        if now < at.plus(self.within) || at > until || after.is_some_and(|after| at <= after) {
            return Truth::False;
        }
        match subject.series(&self.answer) {
            Remembered::Nothing => Truth::True,
            Remembered::Building => Truth::Unknown,
            Remembered::Known(answers) => {
                // Where answers are told apart more coarsely, one in the same stretch counts: better no reminder than a
                // wrong one.
                let begin = at.0.div_euclid(answers.grain).saturating_mul(answers.grain);
                let answered = answers.next_after(Time(begin.saturating_sub(1)));
                answered.is_none_or(|answered| answered > at.plus(self.within)).into()
            }
        }
    }

    /// The first moment after the subject's own at which that may change.
    pub(crate) fn next_change(&self, subject: &dyn Subject) -> Option<Time> {
        let Remembered::Known(asked) = subject.series(&self.asked) else { return None };
        let now = subject.now();
        let ends = match self.when {
            Span::All => [self.within; 3],
            Span::Ago { from, to } => [self.within, from, to],
        };
        let latest = last(asked, None, now);
        let moments = latest.into_iter().flat_map(|at| ends.map(|end| at.plus(end)));
        moments.chain(asked.next_after(now)).filter(|at| *at > now).min()
    }
}
