//! The typed form of a condition: what the parser makes, and everything else reads.
//!
//! Names are resolved here once, so that evaluating looks up exactly the fields that are named and allocates nothing.

use crate::{
    calendar::Calendar,
    kinds::Type,
    sequence::{Sequence, Unanswered},
    window::{Aggregate, Window},
};
use crowsnest_model::{Duration, Time};

/// One operation or value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// A value that stands in the text.
    Literal(Literal),
    /// A list that stands in the text.
    List(Box<[Node]>),
    /// A value of the person or the event.
    Path(Box<Path>),
    /// Whether there is a value.
    Has(Box<Path>),
    /// Whether the person may be contacted.
    Consent(Box<ConsentAsked>),
    /// Not.
    Not(Box<Node>),
    /// All of these; never nested directly in another.
    AllOf(Box<[Node]>),
    /// One of these at least; never nested directly in another.
    AnyOf(Box<[Node]>),
    /// A comparison.
    Compare(Comparison, Box<[Node; 2]>),
    /// Whether the first is among the second.
    In(Box<[Node; 2]>),
    /// A question about two texts.
    TextTest(TextTest, Box<[Node; 2]>),
    /// A text in another case.
    Cased(Case, Box<Node>),
    /// How long a text is, or how many a list or object has.
    Size(Box<Node>),
    /// A moment, read from a text.
    Moment(Box<Node>),
    /// The number with the other sign.
    Negative(Box<Node>),
    /// Arithmetic.
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    /// If the first then the second, else the third.
    Choice(Box<[Node; 3]>),
    /// A question about what happened in a stretch of time.
    Window(Box<Window>),
    /// This moment.
    Now,
    /// The moment that long ago.
    Ago(Duration),
    /// Whether events happened one after another.
    Sequence(Box<Sequence>),
    /// Whether something went without an answer.
    Unanswered(Box<Unanswered>),
    /// What the calendar says of a moment.
    Calendar(Calendar, Box<Node>),
    /// How many people there are in the household.
    HouseholdSize,
    /// Whether something holds of members of the household.
    Household(Members, Box<Node>),
    /// Whether the person is in a segment.
    Segment(Box<str>),
    /// Whether the person is on their way through a program.
    InProgram(Box<str>),
    /// What a metric stands for.
    Metric(Box<Metric>),
}

/// A value that stands in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Box<str>),
    Time(Time),
}

/// Where a value is to be found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub(crate) root: Root,
    /// The fields to go down from there.
    pub(crate) fields: Box<[Box<str>]>,
    /// What is said to be there. A declared time is a text in the data and read as a moment.
    pub(crate) kind: Type,
}

/// Where a path begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    Trait(Box<str>),
    EventName,
    EventType,
    EventSource,
    EventTime,
    Properties,
    /// The item that has changed: an object among the properties of what is seen as the event.
    Item,
    /// The same, as it was.
    Before,
}

/// The two words of `consent("email", "offers")`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConsentAsked {
    pub(crate) channel: Box<str>,
    pub(crate) topic: Box<str>,
}

/// Of whom in the household something has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    Any,
    All,
}

/// A metric and what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Metric {
    pub(crate) name: Box<str>,
    pub(crate) stands_for: Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Upper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Plus,
    Minus,
    Times,
    DividedBy,
    Remainder,
}

impl Comparison {
    /// What stays true when the two sides change places.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
            Self::Equal | Self::NotEqual => self,
        }
    }

    /// What holds exactly when this does not, if both sides are known.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::More,
            Self::More => Self::AtMost,
            Self::AtLeast => Self::Less,
        }
    }
}

impl Literal {
    /// Its type.
    pub(crate) fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Double(_) => Type::Double,
            Self::Text(_) => Type::Text,
            Self::Time(_) => Type::Time,
        }
    }
}

impl Node {
    /// The type of its value, as far as it is known before the data is there.
    pub(crate) fn kind(&self) -> Type {
        match self {
            Self::Literal(literal) => literal.kind(),
            Self::List(_) => Type::List,
            Self::Path(path) => path.kind,
            Self::Has(_)
            | Self::Consent(_)
            | Self::Not(_)
            | Self::AllOf(_)
            | Self::AnyOf(_)
            | Self::Compare(..)
            | Self::In(_)
            | Self::TextTest(..)
            | Self::Sequence(_)
            | Self::Unanswered(_)
            | Self::Household(..)
            | Self::Segment(_)
            | Self::InProgram(_) => Type::Bool,
            Self::Cased(..) => Type::Text,
            Self::Size(_) => Type::Int,
            Self::Moment(_) => Type::Time,
            Self::Negative(inner) => inner.kind(),
            Self::Arithmetic(_, sides) => {
                let [left, right] = sides.as_ref();
                match (left.kind(), right.kind()) {
                    (Type::Double, _) | (_, Type::Double) => Type::Double,
                    (Type::Int, Type::Int) => Type::Int,
                    _ => Type::Any,
                }
            }
            Self::Choice(parts) => {
                let [_, yes, no] = parts.as_ref();
                yes.kind().joined(no.kind())
            }
            Self::Window(window) => match window.aggregate {
                Aggregate::Count | Aggregate::Distinct => Type::Int,
                Aggregate::Never => Type::Bool,
                Aggregate::First | Aggregate::Last => Type::Time,
                Aggregate::Sum | Aggregate::Average | Aggregate::Least | Aggregate::Most => Type::Double,
            },
            Self::Now | Self::Ago(_) => Type::Time,
            Self::HouseholdSize => Type::Int,
            Self::Calendar(asked, _) => match asked {
                Calendar::Date => Type::Text,
                Calendar::Anniversary => Type::Bool,
                _ => Type::Int,
            },
            Self::Metric(metric) => metric.stands_for.kind(),
        }
    }

    /// The nodes directly under this one.
    pub(crate) fn children(&self) -> &[Node] {
        match self {
            Self::Literal(_)
            | Self::Path(_)
            | Self::Has(_)
            | Self::Consent(_)
            | Self::Window(_)
            | Self::Now
            | Self::Ago(_)
            | Self::Sequence(_)
            | Self::Unanswered(_)
            | Self::HouseholdSize
            | Self::Segment(_)
            | Self::InProgram(_) => &[],
            Self::List(nodes) | Self::AllOf(nodes) | Self::AnyOf(nodes) => nodes,
            Self::Not(node)
            | Self::Cased(_, node)
            | Self::Size(node)
            | Self::Moment(node)
            | Self::Calendar(_, node)
            | Self::Household(_, node)
            | Self::Negative(node) => std::slice::from_ref(node),
            Self::Compare(_, pair) | Self::In(pair) | Self::TextTest(_, pair) | Self::Arithmetic(_, pair) => {
                pair.as_slice()
            }
            Self::Choice(parts) => parts.as_slice(),
            Self::Metric(metric) => std::slice::from_ref(&metric.stands_for),
        }
    }

    /// Whether `wanted` is true of this node or one below it.
    pub(crate) fn any(&self, wanted: &dyn Fn(&Node) -> bool) -> bool {
        wanted(self) || self.children().iter().any(|child| child.any(wanted))
    }

    /// Whether it looks at nothing but what stands in the text.
    pub(crate) fn is_constant(&self) -> bool {
        !self.any(&|node| {
            matches!(
                node,
                Self::Path(_)
                    | Self::Has(_)
                    | Self::Consent(_)
                    | Self::Window(_)
                    | Self::Sequence(_)
                    | Self::Unanswered(_)
                    | Self::HouseholdSize
                    | Self::Household(..)
                    | Self::Now
                    | Self::Ago(_)
                    | Self::Segment(_)
                    | Self::InProgram(_)
            )
        })
    }
}
