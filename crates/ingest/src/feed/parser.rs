//! From the bytes of one record to a cell for each slot of the plan.

use super::{FeedError, cell::Cell, element, plan::Plan, row::RowFault};
use crate::{
    fault::Fault,
    nearest::{did_you_mean, listed, shown},
};
use crowsnest_model::definition::Format;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;
use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, Read},
};

/// Reads records of one format.
pub(super) enum Parser {
    /// Columns with a delimiter and quotes.
    Csv { columns: Vec<usize>, count: usize, splitter: Box<Splitter>, record: csv::StringRecord },
    /// Columns between runs of spaces.
    Spaces { columns: Vec<usize>, count: usize },
    /// One JSON object.
    Json { value: Value },
    /// One XML element; the slots by path.
    Xml { slots: HashMap<String, usize> },
}

impl Parser {
    /// The parser of a feed; `columns` are those of a CSV file.
    pub fn new(plan: &Plan, columns: Option<&[String]>) -> Result<Self, FeedError> {
        Ok(match plan.format {
            Format::Csv => {
                let names = columns.unwrap_or_default();
                let columns = plan
                    .slots
                    .iter()
                    .map(|slot| column(slot, names))
                    .collect::<Result<Vec<usize>, FeedError>>()?;
                let count = names.len();
                if plan.delimiter == b' ' {
                    Self::Spaces { columns, count }
                } else {
                    Self::Csv {
                        columns,
                        count,
                        splitter: Box::new(Splitter::new(plan.delimiter)),
                        record: csv::StringRecord::new(),
                    }
                }
            }
            Format::Jsonl => Self::Json { value: Value::Null },
            Format::Xml => Self::Xml {
                slots: plan.slots.iter().enumerate().map(|(slot, path)| (path.clone(), slot)).collect(),
            },
        })
    }

    /// Where in a record a slot stands, to be put after the place of the record.
    pub fn within(&self, plan: &Plan, slot: usize) -> Option<String> {
        match self {
            Self::Csv { columns, .. } | Self::Spaces { columns, .. } => {
                columns.get(slot).map(|column| format!(", column {}", column + 1))
            }
            Self::Json { .. } => plan.slots.get(slot).map(|name| format!(", field {name}")),
            Self::Xml { .. } => plan.slots.get(slot).map(|path| format!("/{path}")),
        }
    }

    /// The cells of one record.
    pub fn cells<'a>(&'a mut self, plan: &Plan, raw: &'a [u8]) -> Result<Vec<Cell<'a>>, RowFault> {
        let text = std::str::from_utf8(raw).map_err(|error| {
            Fault::new(
                "invalid-utf8",
                format!("byte {} of the record is not text in the file's encoding", error.valid_up_to() + 1),
            )
        })?;
        match self {
            Self::Csv { columns, count, splitter, record } => {
                splitter.split(text, record)?;
                counted(record.len(), *count)?;
                let cell =
                    |column: &usize| Cell::Text(Cow::Borrowed(record.get(*column).unwrap_or_default()));
                Ok(columns.iter().map(cell).collect())
            }
            Self::Spaces { columns, count } => {
                let fields: Vec<&str> = text.split_ascii_whitespace().collect();
                counted(fields.len(), *count)?;
                let cell = |column: &usize| {
                    Cell::Text(Cow::Borrowed(fields.get(*column).copied().unwrap_or_default()))
                };
                Ok(columns.iter().map(cell).collect())
            }
            Self::Json { value } => {
                *value = serde_json::from_str(&crate::json::mend(text.trim())).map_err(|error| {
                    let what = crate::wire::words_of(&error);
                    Fault::new("invalid-json", format!("{what} (column {})", error.column()))
                })?;
                if !value.is_object() {
                    return Err(Fault::new("invalid-shape", "expected one JSON object a line").into());
                }
                Ok(plan
                    .slots
                    .iter()
                    .map(|slot| descend(value, slot).map_or(Cell::Absent, Cell::Json))
                    .collect())
            }
            Self::Xml { slots } => {
                let mut cells = vec![Cell::Absent; slots.len()];
                flatten(text, |path, value| {
                    match slots.get(path).map(|slot| (slot, cells.get_mut(*slot))) {
                        Some((_, Some(cell @ Cell::Absent))) => {
                            *cell = Cell::Text(Cow::Owned(value.to_owned()));
                            Ok(())
                        }
                        Some((slot, _)) => Err(RowFault {
                            fault: Fault::new(
                                "several",
                                format!("there is more than one `{path}` in the record"),
                            ),
                            slot: Some(*slot),
                        }),
                        None => Ok(()),
                    }
                })?;
                Ok(cells)
            }
        }
    }
}

/// Where a column of the header stands.
fn column(slot: &str, names: &[String]) -> Result<usize, FeedError> {
    let mut found = names.iter().enumerate().filter(|(_, name)| *name == slot).map(|(index, _)| index);
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(index),
        (Some(_), Some(_)) => Err(FeedError::TwoColumns { column: slot.to_owned() }),
        (None, _) => {
            let known = || names.iter().map(String::as_str);
            Err(FeedError::Column {
                column: slot.to_owned(),
                known: listed(known()),
                hint: did_you_mean(slot, known()),
            })
        }
    }
}

/// Splits CSV records into their fields. Kept from record to record, because its tables take long to make.
pub(super) struct Splitter {
    delimiter: u8,
    reader: csv::Reader<Fed>,
}

/// Bytes that are given one record at a time.
#[derive(Default)]
struct Fed {
    bytes: Vec<u8>,
    position: usize,
}

impl Read for Fed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.bytes.get(self.position..).unwrap_or_default();
        let count = rest.read(out)?;
        self.position += count;
        Ok(count)
    }
}

impl Splitter {
    pub fn new(delimiter: u8) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(Fed::default());
        Self { delimiter, reader }
    }

    /// Splits one record, without its line end, into its fields.
    pub fn split(&mut self, text: &str, record: &mut csv::StringRecord) -> Result<(), Fault> {
        let before = self.reader.position().byte();
        let fed = self.reader.get_mut();
        fed.position = 0;
        fed.bytes.clear();
        fed.bytes.extend_from_slice(text.as_bytes());
        fed.bytes.push(b'\n');
        let read = self.reader.read_record(record);
        let whole = self.reader.position().byte() == before + text.len() as u64 + 1;
        if self.reader.is_done() || !whole {
            // It saw another end than was given, and would go on from there: the next record needs a new one.
            *self = Self::new(self.delimiter);
        }
        read.map(|_| ()).map_err(|error| Fault::new("fields", error.to_string()))
    }
}

fn counted(found: usize, expected: usize) -> Result<(), Fault> {
    if found == expected {
        return Ok(());
    }
    Err(Fault::new("fields", format!("the row has {found} fields, but there are {expected} columns")))
}

/// The value at a dotted name; a name with a dot in it is found as it stands.
fn descend<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(name) {
        return Some(found);
    }
    name.match_indices('.').find_map(|(at, _)| {
        let (first, rest) = (name.get(..at)?, name.get(at + 1..)?);
        descend(value.get(first)?, rest)
    })
}

/// Calls `found` with the path and the text of every element and attribute of a record that has a text.
fn flatten(text: &str, mut found: impl FnMut(&str, &str) -> Result<(), RowFault>) -> Result<(), RowFault> {
    let broken = |error: quick_xml::Error| RowFault::from(Fault::new("invalid-xml", error.to_string()));
    let mut reader = quick_xml::Reader::from_str(text);
    let mut path = String::new();
    // For each open element: how long the path was before it, and its text so far.
    let mut open: Vec<(usize, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(broken)? {
            Event::Start(tag) => {
                let before = enter(&mut path, &tag, open.is_empty());
                attributes(&path, &tag, &mut found)?;
                open.push((before, String::new()));
                if open.len() > element::DEPTH {
                    let reason = format!("elements are nested more than {} deep", element::DEPTH);
                    return Err(Fault::new("too-deep", reason).into());
                }
            }
            Event::Empty(tag) => {
                let before = enter(&mut path, &tag, open.is_empty());
                attributes(&path, &tag, &mut found)?;
                path.truncate(before);
            }
            Event::End(_) => {
                if let Some((before, text)) = open.pop() {
                    if !text.trim().is_empty() {
                        found(if path.is_empty() { "." } else { &path }, &text)?;
                    }
                    path.truncate(before);
                }
            }
            Event::Text(part) => {
                if let Some((_, text)) = open.last_mut() {
                    text.push_str(&part.xml10_content());
                }
            }
            Event::CData(part) => {
                if let Some((_, text)) = open.last_mut() {
                    text.push_str(&part.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                if let Some((_, text)) = open.last_mut() {
                    match reference.resolve_char_ref().map_err(broken)? {
                        Some(character) => text.push(character),
                        None => text.push_str(predefined(&reference)?),
                    }
                }
            }
            Event::DocType(_) => {
                return Err(Fault::new("invalid-xml", "a document type is not allowed in a record").into());
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => return Ok(()),
        }
    }
}

/// Makes `path` that of the element `tag`, and returns how long it was before. The record itself has the empty path.
fn enter(path: &mut String, tag: &BytesStart<'_>, is_record: bool) -> usize {
    let before = path.len();
    if !is_record {
        if before > 0 {
            path.push('/');
        }
        path.push_str(tag.name().into_inner());
    }
    before
}

fn attributes(
    path: &str,
    tag: &BytesStart<'_>,
    found: &mut impl FnMut(&str, &str) -> Result<(), RowFault>,
) -> Result<(), RowFault> {
    for attribute in tag.attributes() {
        let broken = |error: String| RowFault::from(Fault::new("invalid-xml", error));
        let attribute = attribute.map_err(|error| broken(error.to_string()))?;
        let value =
            quick_xml::escape::unescape(&attribute.value).map_err(|error| broken(error.to_string()))?;
        let name = attribute.key.into_inner();
        let slash = if path.is_empty() { "" } else { "/" };
        if !value.trim().is_empty() {
            found(&format!("{path}{slash}@{name}"), &value)?;
        }
    }
    Ok(())
}

/// The five entities that XML itself defines. No others can be declared, so there is nothing to expand.
fn predefined(name: &str) -> Result<&'static str, RowFault> {
    quick_xml::escape::resolve_predefined_entity(name).ok_or_else(|| {
        Fault::new(
            "invalid-xml",
            format!("`&{};` is not known: only &amp; &lt; &gt; &quot; &apos; and numbers are", shown(name)),
        )
        .into()
    })
}
