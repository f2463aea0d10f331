//! The canonical text of a condition on a recorded event: the same for conditions that differ in spaces, quotes, comments
//! or the order of what is joined by `&&` and `||`. Series are known by it, so what it says of a node must never change.

use crate::ir::{Arithmetic, Case, Comparison, Literal, Node, Path, Root, TextTest};
use crate::kinds::Type;
use std::fmt::Write;

/// The canonical text.
pub(crate) fn text(node: &Node) -> String {
    let mut out = String::new();
    write(&mut out, node);
    out
}

fn write(out: &mut String, node: &Node) {
    match node {
        Node::Literal(literal) => write_literal(out, literal),
        Node::Path(path) => write_path(out, path),
        Node::Has(path) => {
            out.push_str("has ");
            write_path(out, path);
        }
        Node::AllOf(nodes) => sorted(out, "and", nodes),
        Node::AnyOf(nodes) => sorted(out, "or", nodes),
        other => {
            out.push('(');
            out.push_str(word(other));
            for child in other.children() {
                out.push(' ');
                write(out, child);
            }
            out.push(')');
        }
    }
}

fn sorted(out: &mut String, word: &str, nodes: &[Node]) {
    let mut parts: Vec<String> = nodes.iter().map(text).collect();
    parts.sort_unstable();
    parts.dedup();
    let _ = write!(out, "({word} {})", parts.join(" "));
}

/// What a node is called here. Only nodes that look at nothing but an event get this far.
fn word(node: &Node) -> &'static str {
    match node {
        Node::List(_) => "list",
        Node::Not(_) => "not",
        Node::Compare(comparison, _) => match comparison {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::More => ">",
            Comparison::AtLeast => ">=",
        },
        Node::In(_) => "in",
        Node::TextTest(test, _) => match test {
            TextTest::StartsWith => "starts",
            TextTest::EndsWith => "ends",
            TextTest::Contains => "contains",
        },
        Node::Cased(Case::Lower, _) => "lower",
        Node::Cased(Case::Upper, _) => "upper",
        Node::Size(_) => "size",
        Node::Moment(_) => "timestamp",
        Node::Negative(_) => "negative",
        Node::Arithmetic(operation, _) => match operation {
            Arithmetic::Plus => "+",
            Arithmetic::Minus => "-",
            Arithmetic::Times => "*",
            Arithmetic::DividedBy => "/",
            Arithmetic::Remainder => "%",
        },
        Node::Choice(_) => "choice",
        _ => "person",
    }
}

fn write_literal(out: &mut String, literal: &Literal) {
    let _ = match literal {
        Literal::Bool(value) => write!(out, "{value}"),
        Literal::Int(number) => write!(out, "{number}"),
        // With a point or an exponent, and so never like a whole number.
        Literal::Double(number) => write!(out, "{number:?}"),
        Literal::Text(text) => write!(out, "{}", serde_json::Value::from(text.as_ref())),
        Literal::Time(time) => write!(out, "@{}", time.0),
    };
}

fn write_path(out: &mut String, path: &Path) {
    out.push_str(match &path.root {
        Root::Trait(_) => "person",
        Root::EventName => "event.name",
        Root::EventType => "event.type",
        Root::EventSource => "event.source",
        Root::EventTime => "event.time",
        Root::Properties => "event.properties",
        Root::Item => "item",
        Root::Before => "before",
    });
    for field in &path.fields {
        let _ = write!(out, "[{}]", serde_json::Value::from(field.as_ref()));
    }
    // A declared time is read as a moment, which another condition on the same property may not do.
    if path.kind == Type::Time && path.root == Root::Properties {
        out.push_str(":time");
    }
}
