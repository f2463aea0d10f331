//! What may meet in an operation: each function makes one kind of node or says why it cannot be.

use crate::{
    error::Fault,
    ir::{Arithmetic, Case, Comparison, Literal, Node, Path, TextTest},
    kinds::Type,
    parser::{Parser, Typed},
};
use crowsnest_model::Time;

type Made = Result<Typed, Fault>;

impl Parser<'_, '_> {
    pub(crate) fn either(&mut self, at: usize, left: Typed, right: Typed) -> Made {
        needs_bool("||", &left)?;
        needs_bool("||", &right)?;
        self.count(at)?;
        self.review_joined(right.at, ways(&left.node), ways(&right.node), true);
        let mut nodes = Vec::new();
        for node in [left.node, right.node] {
            match node {
                Node::AnyOf(inner) => nodes.extend(inner),
                other => nodes.push(other),
            }
        }
        Ok(Typed { node: Node::AnyOf(nodes.into()), at: left.at })
    }

    pub(crate) fn both(&mut self, at: usize, left: Typed, right: Typed) -> Made {
        needs_bool("&&", &left)?;
        needs_bool("&&", &right)?;
        self.count(at)?;
        self.review_joined(right.at, parts(&left.node), parts(&right.node), false);
        let mut nodes = Vec::new();
        for node in [left.node, right.node] {
            match node {
                Node::AllOf(inner) => nodes.extend(inner),
                other => nodes.push(other),
            }
        }
        Ok(Typed { node: Node::AllOf(nodes.into()), at: left.at })
    }

    /// `!`, written an odd number of times or an even one.
    pub(crate) fn not(&mut self, at: usize, odd: bool, inner: Typed) -> Made {
        needs_bool("!", &inner)?;
        // An even number still asks for true or false, which a value that is not known yet may not be.
        let node = Node::Not(Box::new(inner.node));
        let node = if odd { node } else { Node::Not(Box::new(node)) };
        self.typed(at, node)
    }

    pub(crate) fn choice(&mut self, at: usize, condition: Typed, yes: Typed, no: Typed) -> Made {
        needs_bool("?", &condition)?;
        if !yes.node.kind().meets(no.node.kind()) {
            return Err(Fault::new(
                at,
                format!(
                    "both answers of `? :` need one type, but these are {} and {}",
                    yes.node.kind(),
                    no.node.kind()
                ),
            ));
        }
        self.typed(condition.at, Node::Choice(Box::new([condition.node, yes.node, no.node])))
    }

    pub(crate) fn comparison(&mut self, at: usize, which: Comparison, left: Typed, right: Typed) -> Made {
        comparable(at, &left.node, &right.node)?;
        let ordered = !matches!(which, Comparison::Equal | Comparison::NotEqual);
        if let Some(kind) =
            [left.node.kind(), right.node.kind()].into_iter().find(|kind| ordered && !kind.has_order())
        {
            return Err(Fault::new(at, format!("{kind} is neither larger nor smaller than another value")));
        }
        let at = left.at;
        let sides = match (left.node.kind(), right.node.kind()) {
            (Type::Time, Type::Any) => [left.node, read_as_moment(right.node)],
            (Type::Any, Type::Time) => [read_as_moment(left.node), right.node],
            _ => [left.node, right.node],
        };
        let made = self.typed(at, Node::Compare(which, Box::new(sides)))?;
        self.review_part(at, &made.node);
        Ok(made)
    }

    pub(crate) fn among(&mut self, at: usize, needle: Typed, whole: Typed) -> Made {
        match whole.node.kind() {
            Type::List | Type::Any => {}
            Type::Object if needle.node.kind().may_be(Type::Text) => {}
            Type::Object => {
                return Err(Fault::new(
                    at,
                    format!("a field's name is a text, but this is {}", needle.node.kind()),
                ));
            }
            Type::Text => {
                return Err(Fault::new(
                    at,
                    "`in` looks into a list; whether a text has a part is said with contains",
                ));
            }
            other => {
                return Err(Fault::new(whole.at, format!("after `in` comes a list, but this is {other}")));
            }
        }
        if let Node::List(items) = &whole.node {
            for item in items {
                comparable(whole.at, &needle.node, item)?;
            }
        }
        let made = self.typed(needle.at, Node::In(Box::new([needle.node, whole.node])))?;
        self.review_part(made.at, &made.node);
        Ok(made)
    }

    pub(crate) fn arithmetic(&mut self, at: usize, which: Arithmetic, left: Typed, right: Typed) -> Made {
        for side in [&left, &right] {
            let kind = side.node.kind();
            if !kind.may_be_number() {
                return Err(Fault::new(at, format!("`{}` needs numbers, but this is {kind}", which.sign())));
            }
            if which == Arithmetic::Remainder && kind == Type::Double {
                return Err(Fault::new(at, "`%` needs whole numbers"));
            }
        }
        self.typed(left.at, Node::Arithmetic(which, Box::new([left.node, right.node])))
    }

    /// `-` before a value, if it is written an odd number of times.
    pub(crate) fn negative(&mut self, at: usize, odd: bool, inner: Typed) -> Made {
        let kind = inner.node.kind();
        if !kind.may_be_number() {
            return Err(Fault::new(at, format!("`-` needs a number, but this is {kind}")));
        }
        if odd { self.typed(at, Node::Negative(Box::new(inner.node))) } else { Ok(Typed { at, ..inner }) }
    }

    pub(crate) fn text_test(&mut self, name: &str, which: TextTest, whole: Typed, part: Typed) -> Made {
        if which == TextTest::Contains && whole.node.kind() == Type::List {
            return Err(Fault::new(
                whole.at,
                "this is a list: whether it has an item is said with `in`, as in \"red\" in profile.colours",
            ));
        }
        needs_text(name, &whole)?;
        needs_text(name, &part)?;
        self.typed(whole.at, Node::TextTest(which, Box::new([whole.node, part.node])))
    }

    pub(crate) fn cased(&mut self, name: &str, which: Case, inner: Typed) -> Made {
        needs_text(name, &inner)?;
        self.typed(inner.at, Node::Cased(which, Box::new(inner.node)))
    }

    pub(crate) fn size(&mut self, inner: Typed) -> Made {
        match inner.node.kind() {
            Type::Text | Type::List | Type::Object | Type::Any => {
                self.typed(inner.at, Node::Size(Box::new(inner.node)))
            }
            other => Err(Fault::new(
                inner.at,
                format!("size is of a text, a list or an object, but this is {other}"),
            )),
        }
    }

    pub(crate) fn moment(&mut self, inner: Typed) -> Made {
        if let Node::Literal(Literal::Text(text)) = &inner.node {
            let time: Time = text.parse().map_err(|error| Fault::new(inner.at, format!("{error}")))?;
            return Ok(Typed { node: Node::Literal(Literal::Time(time)), ..inner });
        }
        if inner.node.kind() == Type::Time {
            return Ok(inner);
        }
        needs_text("timestamp", &inner)?;
        self.typed(inner.at, Node::Moment(Box::new(inner.node)))
    }
}

/// What is joined by `&&`.
fn parts(node: &Node) -> &[Node] {
    if let Node::AllOf(parts) = node { parts } else { std::slice::from_ref(node) }
}

/// What is joined by `||`.
fn ways(node: &Node) -> &[Node] {
    if let Node::AnyOf(ways) = node { ways } else { std::slice::from_ref(node) }
}

/// What is compared with a moment and may be anything: a text in it is read as a moment, since otherwise the two never meet.
fn read_as_moment(node: Node) -> Node {
    match node {
        Node::Path(path) => Node::Path(Box::new(Path { kind: Type::Time, ..*path })),
        other => other,
    }
}

fn needs_bool(operator: &str, side: &Typed) -> Result<(), Fault> {
    let kind = side.node.kind();
    if kind.may_be(Type::Bool) {
        Ok(())
    } else {
        Err(Fault::new(side.at, format!("`{operator}` needs true or false, but this is {kind}")))
    }
}

fn needs_text(function: &str, side: &Typed) -> Result<(), Fault> {
    let kind = side.node.kind();
    if kind.may_be(Type::Text) {
        Ok(())
    } else {
        Err(Fault::new(side.at, format!("{function} needs a text, but this is {kind}")))
    }
}

fn comparable(at: usize, left: &Node, right: &Node) -> Result<(), Fault> {
    let (left, right) = (left.kind(), right.kind());
    if left.meets(right) {
        return Ok(());
    }
    let advice = match (left, right) {
        (Type::Time, Type::Text) | (Type::Text, Type::Time) => {
            ": a moment is written timestamp(\"2026-03-01T09:30:00Z\")"
        }
        _ => "",
    };
    Err(Fault::new(at, format!("{left} and {right} cannot be compared{advice}")))
}

impl Arithmetic {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::DividedBy => "/",
            Self::Remainder => "%",
        }
    }
}
