//! What an expression comes to as an amount of money: which currency its numbers are of.

use crate::{
    condition::Expression,
    evaluate::truth,
    ir::Node,
    kinds::Type,
    subject::{Subject, Truth},
};
use crowsnest_model::money::Currency;

/// What an expression comes to as an amount of money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// So much, in whole units of the currency.
    Of(f64, Currency),
    /// Its numbers are of several currencies, and do not add up to anything.
    Mixed,
    /// Its value is not known, or is no number.
    Unknown,
}

/// The currencies of the numbers that an expression looks at.
struct Found {
    usual: Currency,
    one: Option<Currency>,
    mixed: bool,
}

impl Expression {
    /// Whether its value may be an amount of money, as far as that is known before the data is there. A count is none.
    pub fn may_be_money(&self) -> bool {
        matches!(self.kind(), Type::Double | Type::Any)
    }

    /// Its value as an amount of money. Numbers beside which events name no currency, and those that are no events', are of
    /// the `usual` one.
    pub fn amount(&self, subject: &dyn Subject, usual: Currency) -> Amount {
        let mut found = Found { usual, one: None, mixed: false };
        gather(self.root(), subject, &mut found);
        if found.mixed {
            return Amount::Mixed;
        }
        match self.value(subject).and_then(|value| value.as_f64()) {
            Some(amount) => Amount::Of(amount, found.one.unwrap_or(usual)),
            None => Amount::Unknown,
        }
    }
}

impl Found {
    fn add(&mut self, currency: Currency) {
        self.mixed |= self.one.replace(currency).is_some_and(|other| other != currency);
    }
}

/// The currencies of what the value is made of. What only decides between two values is none of it.
fn gather(node: &Node, subject: &dyn Subject, found: &mut Found) {
    match node {
        Node::Window(window) => {
            if let Some(numbers) = window.numbers(subject) {
                found.mixed |= numbers.mixed;
                let named = numbers.currency.as_deref().and_then(|code| Currency::parse(code).ok());
                found.add(named.unwrap_or(found.usual));
            }
        }
        Node::Metric(metric) => gather(&metric.stands_for, subject, found),
        Node::Negative(inner) => gather(inner, subject, found),
        Node::Arithmetic(_, sides) => sides.iter().for_each(|side| gather(side, subject, found)),
        Node::Choice(parts) => {
            let [condition, yes, no] = parts.as_ref();
            match truth(condition, subject) {
                Truth::True => gather(yes, subject, found),
                Truth::False => gather(no, subject, found),
                Truth::Unknown => {}
            }
        }
        _ => {}
    }
}
