//! One value, taken apart.

use super::{date::Date, email::Email, full_name::Full, name::Name, phone::Phone, street::Street};

/// One value of a column, cleaned and taken apart once, so that comparing it with others is cheap. Equal `clean` text is the
/// same value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The value's canonical text, in ASCII and lower case.
    pub clean: Box<str>,
    pub(crate) parts: Parts,
}

/// What a value consists of, by what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parts {
    Name(Box<Name>),
    Full(Box<Full>),
    Date(Date),
    Email(Email),
    Phone(Phone),
    Street(Box<Street>),
    /// Text as it is, with its hash without spaces and written-out umlauts.
    Text {
        plain: u64,
    },
}

impl Value {
    /// The forename of a full name.
    pub fn forename(&self) -> Option<&Value> {
        match &self.parts {
            Parts::Full(full) => full.forename.as_ref(),
            _ => None,
        }
    }

    /// The surname of a full name.
    pub fn surname(&self) -> Option<&Value> {
        match &self.parts {
            Parts::Full(full) => full.surname.as_ref(),
            _ => None,
        }
    }

    pub(crate) fn name(&self) -> Option<&Name> {
        match &self.parts {
            Parts::Name(name) => Some(name),
            _ => None,
        }
    }
}
