//! The grammar: from tokens to the typed form, in one pass.
//!
//! ```text
//! expression = either [ "?" either ":" expression ]
//! either     = both { "||" both }
//! both       = relation { "&&" relation }
//! relation   = sum { ( "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" ) sum }
//! sum        = product { ( "+" | "-" ) product }
//! product    = unary { ( "*" | "/" | "%" ) unary }
//! unary      = { "!" } member | { "-" } member
//! member     = primary { "." word | "." word "(" arguments ")" | "[" text "]" }
//! primary    = literal | name | function "(" arguments ")" | "(" expression ")" | "[" arguments "]"
//! ```

use crate::{
    error::{Fault, RuleError},
    ir::{Arithmetic, Comparison, Literal, Node},
    kinds::Type,
    lexer::{Token, What, tokens},
    review::Notes,
    schema::Schema,
    series_spec::SeriesSpec,
};
use crowsnest_model::{
    SeriesId,
    series::{Granularity, Kept},
};
use std::{collections::BTreeMap, sync::Arc};

/// The longest text, in bytes.
const LONGEST: usize = 8 * 1024;
/// How deep parentheses, lists and calls may nest. Only they make the parser call itself.
const DEEPEST: usize = 64;
/// How many operations, values and fields there may be.
const MOST_NODES: usize = 500;

/// Reads a condition: true or false, or not known before the data is there. What is noticed on the way goes to `notes`.
pub(crate) fn condition(text: &str, schema: &Schema, notes: Option<&mut Notes>) -> Result<Node, RuleError> {
    condition_about(text, schema, About::Person, notes)
}

/// Reads a condition on a recorded event alone.
pub(crate) fn condition_of_recorded(text: &str, event: &str, schema: &Schema) -> Result<Node, RuleError> {
    condition_about(text, schema, About::Alone(event.into()), None)
}

fn condition_about(
    text: &str,
    schema: &Schema,
    about: About,
    notes: Option<&mut Notes>,
) -> Result<Node, RuleError> {
    let parsed = whole(text, schema, about, notes).and_then(|parsed| {
        if parsed.node.kind().may_be(Type::Bool) {
            Ok(parsed)
        } else {
            Err(Fault::new(
                parsed.at,
                format!("a condition is true or false, but this is {}", parsed.node.kind()),
            ))
        }
    });
    parsed.map(|parsed| parsed.node).map_err(|fault| fault.placed(text))
}

/// Reads an expression of any type. What is noticed on the way goes to `notes`.
pub(crate) fn expression(text: &str, schema: &Schema, notes: Option<&mut Notes>) -> Result<Node, RuleError> {
    let parsed = whole(text, schema, About::Person, notes);
    parsed.map(|parsed| parsed.node).map_err(|fault| fault.placed(text))
}

/// Reads an expression over a recorded event alone.
pub(crate) fn expression_of_recorded(text: &str, event: &str, schema: &Schema) -> Result<Node, RuleError> {
    let parsed = whole(text, schema, About::Alone(event.into()), None);
    parsed.map(|parsed| parsed.node).map_err(|fault| fault.placed(text))
}

/// The tokens of a text that is not too long.
pub(crate) fn tokens_within_limit(text: &str) -> Result<Vec<Token<'_>>, Fault> {
    if text.len() > LONGEST {
        let end = text.floor_char_boundary(LONGEST);
        return Err(Fault::new(
            end,
            format!("a condition has at most {LONGEST} bytes, this has {}", text.len()),
        ));
    }
    tokens(text)
}

fn whole(text: &str, schema: &Schema, about: About, notes: Option<&mut Notes>) -> Result<Typed, Fault> {
    let mut parser = Parser {
        tokens: tokens_within_limit(text)?,
        next: 0,
        schema,
        depth: 0,
        nodes: 0,
        about,
        metrics: Vec::new(),
        granularity: schema.granularity(),
        series: BTreeMap::new(),
        notes: notes.is_some().then(Notes::default),
    };
    let parsed = parser.everything()?;
    if let (Some(notes), Some(found)) = (notes, parser.notes) {
        *notes = found;
    }
    Ok(parsed)
}

/// What the condition that is being read is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// The person and the event at hand.
    Person,
    /// A member of the household, and no event.
    Member,
    /// A recorded event of this name, and nothing else: what stands in `where(…)`.
    Recorded(Box<str>),
    /// The same, as a condition or expression of its own.
    Alone(Box<str>),
}

/// A node and the byte at which its text begins.
pub(crate) struct Typed {
    pub(crate) node: Node,
    pub(crate) at: usize,
}

/// The state of reading one text.
pub(crate) struct Parser<'t, 's> {
    pub(crate) tokens: Vec<Token<'t>>,
    pub(crate) next: usize,
    pub(crate) schema: &'s Schema,
    pub(crate) depth: usize,
    pub(crate) nodes: usize,
    pub(crate) about: About,
    /// The metrics that are being read, the outermost first.
    pub(crate) metrics: Vec<String>,
    /// How finely windows are read.
    pub(crate) granularity: Granularity,
    /// The series that were asked for, so that questions share them.
    pub(crate) series: BTreeMap<(SeriesId, Kept), Arc<SeriesSpec>>,
    /// What is noticed on the way, where somebody wants to know it.
    pub(crate) notes: Option<Notes>,
}

/// An operator between two values.
#[derive(Clone, Copy)]
enum Operator {
    Or,
    And,
    In,
    Compare(Comparison),
    Arithmetic(Arithmetic),
}

impl Operator {
    /// The operator and how tightly it binds.
    fn of(what: &What<'_>) -> Option<(Self, u8)> {
        Some(match what {
            What::Sign("||") => (Self::Or, 0),
            What::Sign("&&") => (Self::And, 1),
            What::Sign("==") => (Self::Compare(Comparison::Equal), 2),
            What::Sign("!=") => (Self::Compare(Comparison::NotEqual), 2),
            What::Sign("<") => (Self::Compare(Comparison::Less), 2),
            What::Sign("<=") => (Self::Compare(Comparison::AtMost), 2),
            What::Sign(">") => (Self::Compare(Comparison::More), 2),
            What::Sign(">=") => (Self::Compare(Comparison::AtLeast), 2),
            What::Word("in") => (Self::In, 2),
            What::Sign("+") => (Self::Arithmetic(Arithmetic::Plus), 3),
            What::Sign("-") => (Self::Arithmetic(Arithmetic::Minus), 3),
            What::Sign("*") => (Self::Arithmetic(Arithmetic::Times), 4),
            What::Sign("/") => (Self::Arithmetic(Arithmetic::DividedBy), 4),
            What::Sign("%") => (Self::Arithmetic(Arithmetic::Remainder), 4),
            _ => return None,
        })
    }
}

impl<'t> Parser<'t, '_> {
    pub(crate) fn everything(&mut self) -> Result<Typed, Fault> {
        let parsed = self.expression()?;
        match self.peek() {
            What::End => Ok(parsed),
            _ => Err(self.expected("an operator or the end")),
        }
    }

    pub(crate) fn peek(&self) -> &What<'t> {
        self.tokens.get(self.next).map_or(&What::End, |token| &token.what)
    }

    pub(crate) fn peek_after(&self) -> &What<'t> {
        self.tokens.get(self.next + 1).map_or(&What::End, |token| &token.what)
    }

    /// Where the next token begins.
    pub(crate) fn here(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |token| token.at)
    }

    pub(crate) fn skip(&mut self) {
        self.next += 1;
    }

    /// Takes a sign if it is next.
    pub(crate) fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), What::Sign(next) if *next == sign);
        if found {
            self.skip();
        }
        found
    }

    pub(crate) fn expect(&mut self, sign: &str) -> Result<(), Fault> {
        if self.takes(sign) { Ok(()) } else { Err(self.expected(&format!("`{sign}`"))) }
    }

    /// The fault that something else is next than what was expected.
    pub(crate) fn expected(&self, what: &str) -> Fault {
        let hint = match self.peek() {
            What::Word("and" | "AND" | "And") => Some("&&"),
            What::Word("or" | "OR" | "Or") => Some("||"),
            What::Word("not" | "NOT" | "Not") => Some("!"),
            What::Word("is" | "equals" | "eq") => Some("=="),
            What::Word("IN") => Some("in"),
            _ => None,
        };
        Fault::new(self.here(), format!("expected {what}, found {}", self.peek().described())).hinting(hint)
    }

    /// Counts a node, and refuses too many.
    pub(crate) fn count(&mut self, at: usize) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(Fault::new(
                at,
                format!("a condition has at most {MOST_NODES} operations, values and fields"),
            ));
        }
        Ok(())
    }

    pub(crate) fn typed(&mut self, at: usize, node: Node) -> Result<Typed, Fault> {
        self.count(at)?;
        Ok(Typed { node, at })
    }

    pub(crate) fn expression(&mut self) -> Result<Typed, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Fault::new(self.here(), format!("nested more than {DEEPEST} deep")));
        }
        let mut result = self.binary(0)?;
        let question = self.here();
        if self.takes("?") {
            let yes = self.binary(0)?;
            self.expect(":")?;
            let no = self.expression()?;
            result = self.choice(question, result, yes, no)?;
        }
        self.depth -= 1;
        Ok(result)
    }

    fn binary(&mut self, least: u8) -> Result<Typed, Fault> {
        let mut left = self.unary()?;
        while let Some((operator, tightness)) = Operator::of(self.peek()) {
            if tightness < least {
                break;
            }
            let at = self.here();
            self.skip();
            let right = self.binary(tightness + 1)?;
            left = match operator {
                Operator::Or => self.either(at, left, right),
                Operator::And => self.both(at, left, right),
                Operator::In => self.among(at, left, right),
                Operator::Compare(comparison) => self.comparison(at, comparison, left, right),
                Operator::Arithmetic(arithmetic) => self.arithmetic(at, arithmetic, left, right),
            }?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Typed, Fault> {
        let at = self.here();
        let mut count = 0_usize;
        if matches!(self.peek(), What::Sign("!")) {
            while self.takes("!") {
                count += 1;
            }
            let inner = self.member()?;
            return self.not(at, !count.is_multiple_of(2), inner);
        }
        while self.takes("-") {
            count += 1;
        }
        if count > 0 && matches!(self.peek(), What::Int(_) | What::Double(_)) {
            // The sign belongs to the number, so that the smallest whole number can be written.
            let number = self.number(at, true)?;
            return self.negative(at, count.is_multiple_of(2), number);
        }
        let inner = self.member()?;
        if count == 0 { Ok(inner) } else { self.negative(at, !count.is_multiple_of(2), inner) }
    }

    fn number(&mut self, at: usize, negative: bool) -> Result<Typed, Fault> {
        let literal = match self.peek() {
            What::Double(number) => Some(Literal::Double(if negative { -number } else { *number })),
            What::Int(size) if negative => 0_i64.checked_sub_unsigned(*size).map(Literal::Int),
            What::Int(size) => i64::try_from(*size).ok().map(Literal::Int),
            _ => return Err(self.expected("a number")),
        };
        let literal = literal.ok_or_else(|| {
            Fault::new(at, "this number is too large: whole numbers end at 9223372036854775807")
        })?;
        self.skip();
        self.typed(at, Node::Literal(literal))
    }

    pub(crate) fn member(&mut self) -> Result<Typed, Fault> {
        let mut result = self.primary()?;
        loop {
            match (self.peek(), self.peek_after()) {
                (What::Sign("."), What::Word(word)) => {
                    let word = *word;
                    let method = matches!(
                        self.tokens.get(self.next + 2).map(|token| &token.what),
                        Some(What::Sign("("))
                    );
                    if method {
                        self.skip();
                        result = self.method(word, result)?;
                    } else {
                        result = self.deeper(result)?;
                    }
                }
                (What::Sign("." | "["), _) => result = self.deeper(result)?,
                _ => return Ok(result),
            }
        }
    }

    fn primary(&mut self) -> Result<Typed, Fault> {
        let at = self.here();
        match self.peek() {
            What::Int(_) | What::Double(_) => self.number(at, false),
            What::Text(text) => {
                let literal = Literal::Text(text.as_str().into());
                self.skip();
                self.typed(at, Node::Literal(literal))
            }
            What::Word(word) => {
                let word = *word;
                self.word(at, word)
            }
            What::Sign("(") => {
                self.skip();
                let mut inner = self.expression()?;
                self.expect(")")?;
                inner.at = at;
                Ok(inner)
            }
            What::Sign("[") => {
                self.skip();
                let items = self.arguments("]")?;
                self.typed(at, Node::List(items.into_iter().map(|item| item.node).collect()))
            }
            _ => Err(self.expected("a value, such as profile.tier or \"gold\"")),
        }
    }

    /// Expressions with commas between them, up to and with `end`. One comma too many at the end is forgiven in
    /// lists, as in CEL.
    pub(crate) fn arguments(&mut self, end: &str) -> Result<Vec<Typed>, Fault> {
        let mut found = Vec::new();
        while !self.takes(end) {
            found.push(self.expression()?);
            if !self.takes(",") {
                self.expect(end)?;
                break;
            }
            if end == ")" && matches!(self.peek(), What::Sign(")")) {
                return Err(self.expected("another argument"));
            }
        }
        Ok(found)
    }
}
