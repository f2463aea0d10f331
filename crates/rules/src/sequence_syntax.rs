//! How questions about an order of events are written: `sequence("A", "B", within("2h"))`.

use crate::{
    error::Fault,
    ir::Node,
    lexer::What,
    parser::{Parser, Typed},
    sequence::{Sequence, Unanswered},
    series_spec::{Keeps, kept_for},
    window::Span,
    window_syntax::Events,
};
use crowsnest_model::{
    Duration,
    series::{Granularity, Kept},
};

/// How many events a sequence may have.
const MOST_STEPS: usize = 5;

/// What stands between the parentheses.
struct Asked {
    events: Vec<Events>,
    within: Duration,
    /// When the first happened.
    first: Span,
}

impl Parser<'_, '_> {
    /// `sequence`, after its opening parenthesis.
    pub(crate) fn sequence(&mut self, at: usize) -> Result<Typed, Fault> {
        let asked = self.asked(at, "sequence")?;
        if !(2..=MOST_STEPS).contains(&asked.events.len()) {
            return Err(Fault::new(
                at,
                format!("sequence needs 2 to {MOST_STEPS} events, as in {}", example("sequence")),
            ));
        }
        // An order is told exactly, whatever the granularity: two events of one day have one too.
        // All of them happen after the first, and so in what is kept for it.
        let kept = match asked.first {
            Span::All => Kept::Ever,
            Span::Ago { from, .. } => Kept::For(kept_for(from)),
        };
        let steps = asked
            .events
            .into_iter()
            .map(|events| self.spec(events, Keeps::Moments, kept, Granularity::Exact))
            .collect();
        let (within, began) = (asked.within, asked.first);
        self.typed(at, Node::Sequence(Box::new(Sequence { steps, within, began })))
    }

    /// `unanswered`, after its opening parenthesis.
    pub(crate) fn unanswered(&mut self, at: usize) -> Result<Typed, Fault> {
        let Asked { events, within, first: when } = self.asked(at, "unanswered")?;
        let [first, second] = <[Events; 2]>::try_from(events).map_err(|_| {
            Fault::new(at, format!("unanswered needs two events, as in {}", example("unanswered")))
        })?;
        let (kept_first, kept_second) = match when {
            // Of the first only the latest counts; of the second what came after it, however long ago that was.
            Span::All => (Kept::For(Duration(0)), Kept::Ever),
            Span::Ago { from, .. } if from <= within => {
                return Err(Fault::new(at, "this never holds: since(…) must be longer than within(…)"));
            }
            Span::Ago { from, .. } => (Kept::For(kept_for(from)), Kept::For(kept_for(from))),
        };
        let asked = self.spec(first, Keeps::Moments, kept_first, Granularity::Exact);
        let answer = self.spec(second, Keeps::Moments, kept_second, Granularity::Exact);
        // An event would be its own answer.
        if asked.same_events(&answer) {
            return Err(Fault::new(at, "unanswered needs two different events"));
        }
        self.typed(at, Node::Unanswered(Box::new(Unanswered { asked, answer, within, when })))
    }

    fn asked(&mut self, at: usize, function: &str) -> Result<Asked, Fault> {
        let mut events = vec![self.events(function)?];
        let (mut within, mut first) = (None, None);
        while self.takes(",") {
            let here = self.here();
            match self.option() {
                Some("within") if within.is_none() => within = Some(self.span("within")?),
                Some("since") if first.is_none() => {
                    first = Some(Span::Ago { from: self.span("since")?, to: Duration(0) });
                }
                Some("between") if first.is_none() => {
                    let Some(beginning) = events.first_mut() else { return Err(self.expected("an event")) };
                    first = Some(self.between(beginning)?);
                }
                Some("where") => {
                    return Err(Fault::new(
                        here,
                        format!(
                            "where(…) belongs to one of the events, as in {function}(event(\"A\", where(…)), \"B\", within(\"2h\"))"
                        ),
                    ));
                }
                Some(option) => return Err(Fault::new(here, format!("{option} stands here a second time"))),
                None if matches!(self.peek(), What::Text(_) | What::Word("event")) => {
                    if events.len() >= MOST_STEPS {
                        return Err(Fault::new(here, format!("{function} has at most {MOST_STEPS} events")));
                    }
                    events.push(self.events(function)?);
                }
                None => return Err(self.expected("an event, within(…), since(…) or between(…)")),
            }
        }
        self.expect(")")?;
        let within = within.ok_or_else(|| {
            Fault::new(at, format!("{function} needs within(…), as in {}", example(function)))
        })?;
        Ok(Asked { events, within, first: first.unwrap_or(Span::All) })
    }
}

fn example(function: &str) -> String {
    format!("{function}(\"Cart Updated\", \"Order Completed\", within(\"2h\"))")
}
