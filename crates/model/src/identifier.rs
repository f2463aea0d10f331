//! Identifiers: (namespace, value) pairs by which sources know a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, fmt, sync::Arc};

/// The kind of an identifier: `email`, `phone`, `user_id`, `anonymous_id`, `loyalty_id`, `account`, or a custom name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(with = "String")]
pub struct Namespace(Arc<str>);

impl Namespace {
    /// The namespace called `name`.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Namespace {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Namespace {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A namespace and a value: as it came in an [`Event`](crate::Event), normalised in a [`Profile`](crate::Profile).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// Its kind.
    pub namespace: Namespace,
    /// Its value.
    pub value: String,
}

impl Identifier {
    /// The identifier `value` of the kind `namespace`.
    pub fn new(namespace: impl Into<Namespace>, value: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), value: value.into() }
    }
}
