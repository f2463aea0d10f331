//! A tree read as one of the model's types, with every mistake in it and the place of each.

use crate::{
    problem::{did_you_mean, listed, nearest, quoted},
    tree::{Content, Entry, Node, Place},
};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor, value::StrDeserializer,
};
use std::{collections::HashSet, fmt};

/// How many mistakes of one document are worth naming before the first ones are mended.
const MOST_FAULTS: usize = 100;

/// A mistake at a place, in words.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub place: Place,
    pub message: String,
    pub hint: Option<String>,
}

/// Reads the tree as a `T`, or says everything that is wrong with it.
///
/// Serde stops at the first error. So each faulty part is noted, left out, and the rest is read again, until nothing new
/// is found; what is missing only because it was left out is not a mistake of its own.
pub(crate) fn read<T: DeserializeOwned>(root: &Node) -> Result<T, Vec<Mistake>> {
    let mut left_out = HashSet::new();
    let mut mistakes = Vec::new();
    loop {
        match T::deserialize(At { node: root, left_out: &left_out }) {
            Ok(value) if mistakes.is_empty() => return Ok(value),
            Ok(_) => return Err(mistakes),
            Err(fault) => {
                let (place, id) = fault.at.unwrap_or((root.place, root.id));
                if left_out.contains(&id) {
                    // What holds it cannot be without it, so that goes too.
                    let holder = holders(root, id).into_iter().find(|holder| !left_out.contains(holder));
                    match holder.filter(|holder| *holder != root.id) {
                        Some(holder) => left_out.insert(holder),
                        None => return Err(mistakes),
                    };
                    continue;
                }
                if let Some((message, hint)) = fault.kind.in_words(root, id, &left_out) {
                    mistakes.push(Mistake { place, message, hint });
                }
                if mistakes.len() == MOST_FAULTS {
                    mistakes.push(Mistake {
                        place: root.place,
                        message: format!("more than {MOST_FAULTS} mistakes in this document"),
                        hint: Some("correct the first ones, then check again".into()),
                    });
                    return Err(mistakes);
                }
                if id == root.id {
                    return Err(mistakes);
                }
                left_out.insert(id);
            }
        }
    }
}

/// An error on the way, with the node that is left out because of it.
#[derive(Debug)]
struct Fault {
    kind: Kind,
    at: Option<(Place, usize)>,
}

#[derive(Debug)]
enum Kind {
    UnknownWord { word: String, expected: &'static [&'static str] },
    Missing(&'static str),
    Unlike { expected: String },
    Other(String),
}

impl Kind {
    /// The message and hint; nothing, if the fault only follows from what was left out.
    fn in_words(
        &self,
        root: &Node,
        id: usize,
        left_out: &HashSet<usize>,
    ) -> Option<(String, Option<String>)> {
        match self {
            Self::UnknownWord { word, expected } => {
                let message = if expected.is_empty() {
                    format!("unknown word {}; nothing is expected here", quoted(word))
                } else {
                    format!(
                        "unknown word {}; expected one of {}",
                        quoted(word),
                        listed(expected.iter().copied())
                    )
                };
                Some((message, did_you_mean(word, expected.iter().copied())))
            }
            Self::Missing(word) => {
                // It was written, but wrongly, or under a mistyped name.
                let written = |entry: &Entry| {
                    left_out.contains(&entry.value.id) && nearest(&entry.key, [*word]).is_some()
                };
                let follows = find(root, id).is_some_and(|node| node.entries().iter().any(written));
                (!follows).then(|| (format!("`{word}` is missing"), None))
            }
            Self::Unlike { expected } => {
                let node = find(root, id)?;
                let hint = match node.content {
                    Content::Number(_) | Content::Boolean(_) if expected == "text" => {
                        Some("put it in quotes".to_owned())
                    }
                    _ => None,
                };
                Some((format!("expected {expected}, found {}", node.in_words()), hint))
            }
            Self::Other(message) => Some((message.clone(), None)),
        }
    }
}

fn find(node: &Node, id: usize) -> Option<&Node> {
    if node.id == id {
        return Some(node);
    }
    match &node.content {
        Content::List(items) => items.iter().find_map(|item| find(item, id)),
        Content::Mapping(entries) => entries.iter().find_map(|entry| find(&entry.value, id)),
        _ => None,
    }
}

/// The nodes that hold a node, the nearest first.
fn holders(node: &Node, id: usize) -> Vec<usize> {
    let below = match &node.content {
        Content::List(items) => items.iter().find(|item| find(item, id).is_some()),
        Content::Mapping(entries) => {
            entries.iter().map(|entry| &entry.value).find(|value| find(value, id).is_some())
        }
        _ => None,
    };
    match below {
        Some(below) => {
            let mut all = holders(below, id);
            all.push(node.id);
            all
        }
        None => Vec::new(),
    }
}

impl Fault {
    fn new(kind: Kind) -> Self {
        Self { kind, at: None }
    }

    fn or_at(mut self, place: Place, id: usize) -> Self {
        self.at.get_or_insert((place, id));
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.kind, f)
    }
}

impl std::error::Error for Fault {}

/// What serde's derived code calls the things that it expects, in our words.
fn expectation(expected: &dyn Expected) -> String {
    let words = expected.to_string();
    match words.as_str() {
        "a string" => "text".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        "a character" => "one character".into(),
        "f32" | "f64" => "a number".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".into(),
        "a map" => "a mapping".into(),
        words if words.starts_with("struct ") => "a mapping".into(),
        words if words.starts_with("enum ") => "a word".into(),
        words => words.into(),
    }
}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Other(message.to_string()))
    }
    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Kind::Unlike { expected: expectation(expected) })
    }
    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Kind::Unlike { expected: expectation(expected) })
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownWord { word: variant.to_owned(), expected })
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownWord { word: field.to_owned(), expected })
    }
    fn missing_field(field: &'static str) -> Self {
        Self::new(Kind::Missing(field))
    }
}

/// A node to be read, without what was left out below it.
#[derive(Clone, Copy)]
struct At<'a> {
    node: &'a Node,
    left_out: &'a HashSet<usize>,
}

impl<'a> At<'a> {
    fn here<T>(self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|fault| fault.or_at(self.node.place, self.node.id))
    }

    fn below(self, node: &'a Node) -> Self {
        Self { node, left_out: self.left_out }
    }
}

impl<'a> Deserializer<'a> for At<'a> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.here(match &self.node.content {
            Content::Null => visitor.visit_unit(),
            Content::Boolean(value) => visitor.visit_bool(*value),
            Content::Number(number) => {
                number.clone().deserialize_any(visitor).map_err(|error| {
                    // A number is of the wrong kind or out of range; what was wanted stands at the end.
                    let text = error.to_string();
                    let expected = text.rsplit("expected ").next().unwrap_or(&text).to_owned();
                    Fault::new(Kind::Unlike { expected: expectation(&expected.as_str()) })
                })
            }
            Content::Text(text) => visitor.visit_borrowed_str(text),
            Content::List(items) => visitor.visit_seq(Items { at: self, rest: items.iter() }),
            Content::Mapping(entries) => {
                visitor.visit_map(Entries { at: self, rest: entries.iter(), current: None })
            }
        })
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.content {
            Content::Null => visitor.visit_none(),
            _ => self.here(visitor.visit_some(self)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.here(visitor.visit_newtype_struct(self))
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let expected_one =
            || Fault::new(Kind::Unlike { expected: format!("one of {}", listed(variants.iter().copied())) });
        self.here(match &self.node.content {
            Content::Text(word) => visitor.visit_enum(StrDeserializer::<Fault>::new(word)),
            Content::Mapping(entries) => match entries.as_slice() {
                [entry] => visitor
                    .visit_enum(Variant { at: self, entry })
                    .map_err(|fault| fault.or_at(entry.key_place, self.node.id)),
                _ => Err(expected_one()),
            },
            _ => Err(expected_one()),
        })
    }

    serde::forward_to_deserialize_any! {
        <W: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items<'a> {
    at: At<'a>,
    rest: std::slice::Iter<'a, Node>,
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let left_out = self.at.left_out;
        match self.rest.find(|node| !left_out.contains(&node.id)) {
            Some(node) => seed.deserialize(self.at.below(node)).map(Some),
            None => Ok(None),
        }
    }
}

struct Entries<'a> {
    at: At<'a>,
    rest: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = Fault;
    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let left_out = self.at.left_out;
        self.current = self.rest.find(|entry| !left_out.contains(&entry.value.id));
        match self.current {
            Some(entry) => seed
                .deserialize(StrDeserializer::<Fault>::new(&entry.key))
                .map(Some)
                .map_err(|fault| fault.or_at(entry.key_place, entry.value.id)),
            None => Ok(None),
        }
    }
    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        match self.current {
            Some(entry) => seed.deserialize(self.at.below(&entry.value)),
            None => Err(Fault::custom("a value was asked for before its key")),
        }
    }
}

struct Variant<'a> {
    at: At<'a>,
    entry: &'a Entry,
}

impl<'a> EnumAccess<'a> for Variant<'a> {
    type Error = Fault;
    type Variant = At<'a>;
    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, At<'a>), Fault> {
        let name: StrDeserializer<'_, Fault> = self.entry.key.as_str().into_deserializer();
        Ok((seed.deserialize(name)?, self.at.below(&self.entry.value)))
    }
}

impl<'a> VariantAccess<'a> for At<'a> {
    type Error = Fault;
    fn unit_variant(self) -> Result<(), Fault> {
        match self.node.content {
            Content::Null => Ok(()),
            _ => self.here(Err(Fault::new(Kind::Unlike { expected: "nothing".into() }))),
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }
    fn tuple_variant<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }
    fn struct_variant<V: Visitor<'a>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }
}
