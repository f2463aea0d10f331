//! What a single change can do to a condition: begin to hold, end to hold, for sure or perhaps.
//!
//! What reads nothing but the changed thing is evaluated; everything else may be as it likes. So a "never" and a "surely"
//! are certain, and a "perhaps" says that it depends on the person.

use crate::SeriesSpec;
use crate::{
    evaluate::truth,
    inputs::Inputs,
    ir::Node,
    subject::{EventView, Remembered, Subject, Truth},
};
use crowsnest_model::Time;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Something that has become so.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A trait has this value; `None` when nobody knows which.
    Trait(String, Option<Value>),
    /// The person is in a segment, or is not.
    Segment(String, bool),
    /// The person is on their way through a program, or is not.
    Program(String, bool),
}

/// How likely something follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likely {
    /// It does not, whatever is known of the person.
    Never,
    /// That depends on the person.
    Perhaps,
    /// It does, whatever is known of the person.
    Surely,
}

/// What a fact can do to a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// That it holds from now on because of the fact.
    pub begins: Likely,
    /// That it holds no more because of the fact.
    pub ends: Likely,
    /// It cannot hold while the fact is so.
    pub excluded: bool,
}

/// What is known of a part when nothing but the fact is known.
#[derive(Debug, Clone, Copy)]
struct Known {
    can: Can,
    /// The fact may have made something in it hold that counts for it.
    lifts: bool,
    /// The fact may have made something in it not hold that counts for it.
    lowers: bool,
}

/// The answers that are possible.
#[derive(Debug, Clone, Copy)]
struct Can {
    hold: bool,
    fail: bool,
    be_unknown: bool,
}

impl Can {
    const ANYTHING: Self = Self { hold: true, fail: true, be_unknown: true };

    fn only(answer: Truth) -> Self {
        Self {
            hold: answer == Truth::True,
            fail: answer == Truth::False,
            be_unknown: answer == Truth::Unknown,
        }
    }

    fn not(self) -> Self {
        Self { hold: self.fail, fail: self.hold, ..self }
    }
}

pub(crate) fn of(root: &Node, fact: &Fact) -> Effect {
    let Known { can, lifts, lowers } = known(root, fact);
    let may_not = can.fail || can.be_unknown;
    let likely = |moved: bool, can: bool, can_otherwise: bool| match (moved && can, can_otherwise) {
        (false, _) => Likely::Never,
        (true, true) => Likely::Perhaps,
        (true, false) => Likely::Surely,
    };
    Effect {
        begins: likely(lifts, can.hold, may_not),
        ends: likely(lowers, may_not, can.hold),
        excluded: !can.hold,
    }
}

fn known(node: &Node, fact: &Fact) -> Known {
    match node {
        Node::AllOf(parts) => all(parts.iter().map(|part| known(part, fact))),
        // One of them holds unless all of the opposites do.
        Node::AnyOf(ways) => all(ways.iter().map(|way| known(way, fact).not())).not(),
        Node::Not(inner) => known(inner, fact).not(),
        Node::Metric(metric) => known(&metric.stands_for, fact),
        single => atom(single, fact),
    }
}

impl Known {
    fn not(self) -> Self {
        Self { can: self.can.not(), lifts: self.lowers, lowers: self.lifts }
    }
}

/// Kleene's "and" over what is possible.
fn all(parts: impl Iterator<Item = Known>) -> Known {
    let mut whole =
        Known { can: Can { hold: true, fail: false, be_unknown: false }, lifts: false, lowers: false };
    let mut none_fails = true;
    for Known { can, lifts, lowers } in parts {
        whole.can.hold &= can.hold;
        whole.can.fail |= can.fail;
        whole.can.be_unknown |= can.be_unknown;
        none_fails &= can.hold || can.be_unknown;
        whole.lifts |= lifts;
        whole.lowers |= lowers;
    }
    whole.can.be_unknown &= none_fails;
    whole
}

/// A part that is not put together from others.
fn atom(node: &Node, fact: &Fact) -> Known {
    let inputs = Inputs::of(node);
    let (reads, others) = match fact {
        Fact::Trait(name, _) => (inputs.traits.contains(name), inputs.traits.len() > 1),
        Fact::Segment(name, _) => (inputs.segments.contains(name), inputs.segments.len() > 1),
        Fact::Program(name, _) => (inputs.programs.contains(name), inputs.programs.len() > 1),
    };
    if !reads {
        let constant = node.is_constant().then(|| Can::only(truth(node, &Supposed(fact))));
        return Known { can: constant.unwrap_or(Can::ANYTHING), lifts: false, lowers: false };
    }
    let kinds = [inputs.traits.is_empty(), inputs.segments.is_empty(), inputs.programs.is_empty()];
    let more = others
        || kinds.into_iter().filter(|empty| !empty).count() > 1
        || inputs.event
        || inputs.consent
        || inputs.household
        || inputs.time
        || !inputs.series.is_empty()
        // Days begin elsewhere at another moment.
        || node.any(&|node| matches!(node, Node::Calendar(..)))
        || matches!(fact, Fact::Trait(_, None));
    if more {
        return Known { can: Can::ANYTHING, lifts: true, lowers: true };
    }
    let answer = truth(node, &Supposed(fact));
    // What is not known any more may have held before, and so may its opposite.
    Known { can: Can::only(answer), lifts: answer != Truth::False, lowers: answer != Truth::True }
}

/// Somebody of whom nothing is known but the fact.
struct Supposed<'a>(&'a Fact);

impl Subject for Supposed<'_> {
    fn profile_trait(&self, name: &str) -> Option<&Value> {
        match self.0 {
            Fact::Trait(known, value) if known == name => value.as_ref(),
            _ => None,
        }
    }

    fn event(&self) -> Option<EventView<'_>> {
        None
    }

    fn consent(&self, _: &str, _: &str) -> Option<bool> {
        None
    }

    fn now(&self) -> Time {
        Time(0)
    }

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }

    fn series(&self, _: &SeriesSpec) -> Remembered<'_> {
        Remembered::Building
    }

    fn in_segment(&self, name: &str) -> Option<bool> {
        match self.0 {
            Fact::Segment(known, is) if known == name => Some(*is),
            _ => None,
        }
    }

    fn in_program(&self, name: &str) -> Option<bool> {
        match self.0 {
            Fact::Program(known, is) if known == name => Some(*is),
            _ => None,
        }
    }

    fn each_member(&self, _: &mut dyn FnMut(&dyn Subject)) -> bool {
        false
    }
}
