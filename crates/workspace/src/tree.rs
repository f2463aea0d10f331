//! A document as a tree whose every node knows its place in the file.

use crate::problem::quoted;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DefaultMessageFormatter, Error, Location, MessageFormatter, Spanned};
use std::fmt;

/// Where something stands: in its file, and in the text of its section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The first byte in the section, and how many there are.
    pub bytes: (usize, usize),
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Tells it from the other nodes of its document.
    pub id: usize,
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub content: Content,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order in which it was written.
    Mapping(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_place: Place,
    /// The value.
    pub value: Node,
}

/// Why a section is not YAML.
pub(crate) struct NotYaml {
    /// Where that shows.
    pub place: Place,
    /// Why, in words.
    pub message: String,
}

impl Node {
    /// The tree of a section that has so many lines before it.
    pub fn parse(section: &str, lines_before: usize) -> Result<Self, NotYaml> {
        let options = serde_saphyr::options! {
            // A definition that nests deeper, or unfolds to more nodes, is a mistake or an attack.
            budget: serde_saphyr::budget! { max_depth: 32, max_nodes: 100_000, max_anchors: 1_000, max_aliases: 1_000 },
            strict_booleans: true,
            leading_zero_numbers_as_strings: true,
            underscored_numbers_as_strings: true,
            with_snippet: false,
        };
        let mut node: Self = serde_saphyr::from_str_with_options(section, options)
            .map_err(|error| NotYaml::from_error(&error, lines_before))?;
        node.settle(lines_before, &mut 0);
        Ok(node)
    }

    /// Moves all places down and gives every node its number.
    fn settle(&mut self, lines_before: usize, next: &mut usize) {
        self.id = *next;
        *next += 1;
        self.place.line += lines_before;
        match &mut self.content {
            Content::List(items) => items.iter_mut().for_each(|item| item.settle(lines_before, next)),
            Content::Mapping(entries) => {
                for entry in entries {
                    entry.key_place.line += lines_before;
                    entry.value.settle(lines_before, next);
                }
            }
            _ => {}
        }
    }

    /// The entries of a mapping; anything else has none.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The items of a list; anything else that is not nothing is a list of itself.
    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::List(items) => items,
            Content::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, in words.
    pub fn in_words(&self) -> String {
        match &self.content {
            Content::Null => "nothing".into(),
            Content::Boolean(value) => format!("`{value}`"),
            Content::Number(number) => format!("the number {number}"),
            Content::Text(text) => format!("the text {}", quoted(text)),
            Content::List(_) => "a list".into(),
            Content::Mapping(_) => "a mapping".into(),
        }
    }
}

impl Place {
    fn of(location: Location) -> Self {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let span = location.span();
        Self {
            line: number(location.line()).max(1),
            column: number(location.column()).max(1),
            bytes: (number(span.byte_offset().unwrap_or(0)), number(span.byte_len().unwrap_or(0))),
        }
    }
}

impl NotYaml {
    fn from_error(error: &Error, lines_before: usize) -> Self {
        let mut place =
            error.location().map(Place::of).unwrap_or(Place { line: 1, column: 1, bytes: (0, 0) });
        place.line += lines_before;
        let message = match error.without_snippet() {
            Error::DuplicateMappingKey { key: Some(key), .. } => format!("{} is given twice", quoted(key)),
            other => {
                let text = DefaultMessageFormatter.format_message(other);
                format!("this is not YAML that can be read: {}", quoted(&text).trim_matches('`'))
            }
        };
        Self { place, message }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self { id: 0, place: Place::of(spanned.referenced), content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Content;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Content, E> {
                Ok(Content::Null)
            }
            fn visit_none<E>(self) -> Result<Content, E> {
                Ok(Content::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
                deserializer.deserialize_any(self)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
                Ok(Content::Boolean(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
                Ok(Content::Number(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
                Ok(Content::Number(value.into()))
            }
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Content, E> {
                serde_json::Number::from_f64(value)
                    .map(Content::Number)
                    .ok_or_else(|| E::custom("a number must be finite"))
            }
            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Content::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
                let mut entries: Vec<Entry> = Vec::new();
                while let Some(key) = map.next_key::<Spanned<String>>()? {
                    if key.value == "<<" {
                        return Err(A::Error::custom("merge keys (`<<`) are not taken"));
                    }
                    let value = map.next_value()?;
                    entries.push(Entry { key: key.value, key_place: Place::of(key.referenced), value });
                }
                Ok(Content::Mapping(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
        path.iter().fold(node, |node, key| match key.parse::<usize>() {
            Ok(index) => &node.items()[index],
            Err(_) => node.get(key).unwrap(),
        })
    }

    #[test]
    fn every_node_knows_its_place() {
        let text = "---\nprogram: cart # why\ntrigger: { event: \"A\", when: 'b > 1' }\nlist:\n  - wait: 45m\n  - - 1\nlong: |\n  two\n  lines\nnone:\n";
        let node = Node::parse(text, 10).map_err(|e| e.message).unwrap();
        for (path, line, column, raw) in [
            (&["program"][..], 12, 10, "cart"),
            (&["trigger", "event"], 13, 19, "\"A\""),
            (&["trigger", "when"], 13, 30, "'b > 1'"),
            (&["list", "0", "wait"], 15, 11, "45m"),
            (&["list", "1", "0"], 16, 7, "1"),
        ] {
            let place = at(&node, path).place;
            assert_eq!((place.line, place.column), (line, column), "{path:?}");
            assert_eq!(&text[place.bytes.0..place.bytes.0 + place.bytes.1], raw);
        }
        let long = at(&node, &["long"]).place;
        assert_eq!((long.line, long.column), (18, 3), "a block begins where its first line does");
        assert!(matches!(at(&node, &["none"]).content, Content::Null));
    }

    #[test]
    fn hostile_text_is_an_error() {
        let nested = format!("a: {}", "{a: ".repeat(10_000));
        let brackets = "[".repeat(10_000);
        let lists = (0..10_000).map(|n| format!("{}-\n", " ".repeat(n))).collect::<String>();
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..12 {
            bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
        }
        for text in [
            nested.as_str(),
            &brackets,
            &lists,
            &bomb,
            "a: 1\na: 2\n",
            "a: .inf",
            "a: &b [*b]",
            "a: [",
            "a: 'x",
        ] {
            assert!(Node::parse(text, 0).is_err(), "{}", quoted(text));
        }
        let Err(twice) = Node::parse("wait: 1\nwait: 2\n", 0) else { panic!("given twice") };
        assert_eq!((twice.message.as_str(), twice.place.line), ("`wait` is given twice", 2));
    }
}
