//! Files that sources deliver: CSV, JSON lines and XML, each row an event or an item of a catalogue, by the mapping that the
//! workspace declares.
//!
//! Files are streamed: whatever a file holds, a [`FeedReader`] keeps one chunk and one record of it in memory, and a record
//! of more than [`LIMIT`] bytes is rejected and passed over. The one exception is a feed with `identical_rows:
//! separate`, which counts rows that are the same to the letter: that takes 16 to 36 bytes for each different row, so
//! about 30 MB for a million.
//!
//! - gzip is recognised by its first bytes; UTF-16 and UTF-8 by their byte order marks. A mapping's `encoding` is that of
//!   a file without such a mark; an XML file may declare its own.
//! - A row's message id comes from `row_id`, so a row that comes again is the same event, whatever else it says. Without
//!   `row_id` it comes from all fields that the mapping uses, so a row is the same while these are.
//! - A row that says that it happened up to a day after it was imported happened when it was imported; one further ahead
//!   is rejected.
//! - Beside an amount of money in the properties stands `currency`; beside one in the trait `balance`, `balance_currency`.
//! - XML fields are paths below the record: `buyer/email`, `@id`, `buyer/@id`; `.` is the record's own text. Names are
//!   those in the file, prefixes and all.

mod cell;
mod element;
mod field;
mod input;
mod lines;
mod parser;
pub(crate) mod plan;
mod quoted;
mod row;

use crate::{
    FeedbackRow, ItemRow, Reading, SourceReader,
    fault::{Again, Fault},
    nearest::{did_you_mean, shown},
};
use crowsnest_model::{Event, definition::Format, quarantine::Rejection};
use input::Input;
use parser::Parser;
use plan::Plan;
use row::{Row as Cells, RowFault};
use std::{
    collections::HashMap,
    io::{self, Read},
    sync::Arc,
};

/// The largest line or record, in bytes.
pub const LIMIT: usize = 1024 * 1024;

/// What one row of a file became.
#[derive(Debug)]
pub enum Row {
    /// An event.
    Event(Event),
    /// What is true of an item of a catalogue.
    Item(ItemRow),
    /// What came back on a message that was sent.
    Feedback(Box<FeedbackRow>),
    /// Something that has to be looked at, with its reason.
    Rejected(Rejection),
}

/// Why a file cannot be read, or not any further. The rows that came before stand.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The source has no such feed.
    #[error("the source has no feed `{feed}`{hint}")]
    Unknown {
        /// The name that was asked for.
        feed: String,
        /// The nearest name, in a half sentence.
        hint: String,
    },
    /// The file could not be read from where it is, or its gzip is damaged.
    #[error("the file could not be read: {0}")]
    Io(#[source] io::Error),
    /// The file grows more than any honest one when it is decompressed.
    #[error("the file is a decompression bomb: it grows more than 250 times")]
    Bomb,
    /// There is nothing in the file.
    #[error("the file is empty: expected {expected}")]
    Empty {
        /// What a file begins with.
        expected: &'static str,
    },
    /// The header line cannot be read.
    #[error("the header line cannot be read: {reason}")]
    Header {
        /// What is wrong with it.
        reason: String,
    },
    /// The mapping uses a column that the file does not have.
    #[error("the file has no column `{column}`; it has {known}{hint}")]
    Column {
        /// The column.
        column: String,
        /// The columns that there are.
        known: String,
        /// The nearest one, in a half sentence.
        hint: String,
    },
    /// The mapping uses a column whose name stands in the header more than once.
    #[error("the file has more than one column `{column}`: give them different names")]
    TwoColumns {
        /// The column.
        column: String,
    },
    /// The file has a document type definition, in which entities could be declared.
    #[error(
        "the file has a document type (DOCTYPE) at byte {byte}: refused, because entities declared there can grow without \
         bound; remove it"
    )]
    Doctype {
        /// How many bytes come before it.
        byte: u64,
    },
    /// The file is another document than the mapping says.
    #[error("the outermost element is <{found}>, but the mapping's `record` begins with <{expected}>")]
    Root {
        /// The element that the file has.
        found: String,
        /// The element that the mapping names.
        expected: String,
    },
    /// The file is not XML, outside of any record.
    #[error("the XML cannot be read at byte {byte}: {reason}")]
    Xml {
        /// How many bytes of text come before it.
        byte: u64,
        /// What is wrong.
        reason: String,
    },
    /// Something outside of any record is too large.
    #[error("at byte {byte} there is something of more than {limit} bytes that is not a record")]
    RecordTooLarge {
        /// How many bytes of text come before it.
        byte: u64,
        /// How many bytes it may have.
        limit: usize,
    },
}

impl FeedError {
    /// A short word for the kind of fault.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown-feed",
            Self::Io(_) => "io",
            Self::Bomb => "bomb",
            Self::Empty { .. } => "empty",
            Self::Header { .. } => "header",
            Self::Column { .. } | Self::TwoColumns { .. } => "column",
            Self::Doctype { .. } => "doctype",
            Self::Root { .. } | Self::Xml { .. } => "invalid-xml",
            Self::RecordTooLarge { .. } => "too-large",
        }
    }

    fn io(error: io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<input::Bomb>()) {
            Self::Bomb
        } else {
            Self::Io(error)
        }
    }
}

/// A record that was cut out of a file.
struct Cut {
    place: String,
    /// Why it cannot be read at all.
    fault: Option<Fault>,
}

fn too_large(what: &str) -> Fault {
    Fault::new("too-large", format!("the {what} has more than {LIMIT} bytes"))
}

/// Reads a file row by row.
pub struct FeedReader<R: Read> {
    reader: Arc<SourceReader>,
    plan: Arc<Plan>,
    reading: Reading,
    cutter: Cutter<R>,
    parser: Parser,
    /// The columns of a CSV file's header line, which a second reading needs.
    header: Option<Vec<String>>,
    /// For a row read again: which of its like it was.
    occurrence: Option<u32>,
    seen: HashMap<u64, u32>,
    raw: Vec<u8>,
    ended: bool,
}

enum Cutter<R: Read> {
    Lines(lines::Lines<Input<R>>),
    Records(quoted::Records<Input<R>>),
    Elements(Box<element::Elements<Input<R>>>),
}

impl<R: Read> Cutter<R> {
    fn new(plan: &Plan, input: Input<R>, record: Vec<String>) -> Self {
        match plan.format {
            Format::Csv if plan.delimiter != b' ' => {
                Self::Records(quoted::Records::new(input, plan.delimiter))
            }
            Format::Csv | Format::Jsonl => Self::Lines(lines::Lines::new(input)),
            Format::Xml => Self::Elements(Box::new(element::Elements::new(input, record))),
        }
    }

    fn next(&mut self, raw: &mut Vec<u8>) -> Result<Option<Cut>, FeedError> {
        match self {
            Self::Lines(lines) => lines.next(raw).map_err(FeedError::io),
            Self::Records(records) => records.next(raw).map_err(FeedError::io),
            Self::Elements(elements) => elements.next(raw),
        }
    }
}

impl<R: Read> FeedReader<R> {
    /// Opens a file of the feed called `feed`, and reads its header if it has one.
    pub fn new(input: R, reader: Arc<SourceReader>, feed: &str, reading: Reading) -> Result<Self, FeedError> {
        let plan = find_plan(&reader, feed)?;
        let input = Input::open(input, plan.encoding, plan.format == Format::Xml)?;
        let mut cutter = Cutter::new(&plan, input, plan.record.clone());
        let header = if plan.format == Format::Csv && plan.columns.is_none() {
            Some(read_header(&plan, &mut cutter)?)
        } else {
            None
        };
        let parser = Parser::new(&plan, plan.columns.as_deref().or(header.as_deref()))?;
        Ok(Self::over(reader, plan, reading, cutter, parser, header, None))
    }

    /// Opens bytes that were kept of a record, to be read as `again` says that they were read.
    pub(crate) fn kept(
        bytes: R,
        reader: Arc<SourceReader>,
        feed: &str,
        reading: Reading,
        again: Again,
    ) -> Result<Self, FeedError> {
        let plan = find_plan(&reader, feed)?;
        let record = plan.record.last().cloned().into_iter().collect();
        let cutter = Cutter::new(&plan, Input::kept(bytes), record);
        let parser = Parser::new(&plan, plan.columns.as_deref().or(again.columns.as_deref()))?;
        Ok(Self::over(reader, plan, reading, cutter, parser, again.columns, again.occurrence))
    }

    fn over(
        reader: Arc<SourceReader>,
        plan: Arc<Plan>,
        reading: Reading,
        cutter: Cutter<R>,
        parser: Parser,
        header: Option<Vec<String>>,
        occurrence: Option<u32>,
    ) -> Self {
        let (seen, raw) = (HashMap::new(), Vec::new());
        Self { reader, plan, reading, cutter, parser, header, occurrence, seen, raw, ended: false }
    }

    /// How many bytes of the file have been read, compressed if it is; for a progress bar.
    pub fn bytes_read(&self) -> u64 {
        match &self.cutter {
            Cutter::Lines(lines) => lines.input().bytes_read(),
            Cutter::Records(records) => records.input().bytes_read(),
            Cutter::Elements(elements) => elements.input().map_or(0, Input::bytes_read),
        }
    }

    fn row(&mut self, cut: Cut) -> Row {
        let mut occurrence = None;
        let read = match cut.fault {
            Some(fault) => Err(fault.into()),
            None => self.read(&cut.place, &mut occurrence),
        };
        match read {
            Ok(row) => row,
            Err(RowFault { mut fault, slot }) => {
                fault.within = slot.and_then(|slot| self.parser.within(&self.plan, slot));
                let again = Again { columns: self.header.clone(), occurrence, ..Again::of(self.reading) };
                Row::Rejected(fault.rejection(
                    &self.reader.name,
                    Some(&self.plan.name),
                    &cut.place,
                    &self.raw,
                    again.write(),
                ))
            }
        }
    }

    fn read(&mut self, place: &str, occurrence: &mut Option<u32>) -> Result<Row, RowFault> {
        let cells = self.parser.cells(&self.plan, &self.raw)?;
        let row = Cells { plan: &self.plan, cells: &cells };
        if let Some(item) = &self.plan.item {
            return row.item(item, &self.reader, self.reading).map(Row::Item);
        }
        let mut digest = [0; 32];
        if self.plan.row_id.is_empty() {
            digest = row.digest();
            if self.plan.separate {
                let key = u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default());
                let count = self.seen.entry(key).or_insert(0);
                *count = count.saturating_add(1);
                *occurrence = Some(self.occurrence.unwrap_or(*count));
            }
        }
        if let Some(feedback) = &self.plan.feedback {
            let again =
                Again { columns: self.header.clone(), occurrence: *occurrence, ..Again::of(self.reading) };
            let unknown = |fault: Fault| {
                fault.rejection(&self.reader.name, Some(&self.plan.name), place, &self.raw, again.write())
            };
            return row
                .feedback(feedback, &digest, occurrence.unwrap_or(1), self.reading, unknown)
                .map(|row| Row::Feedback(Box::new(row)));
        }
        row.event(&digest, occurrence.unwrap_or(1), &self.reader, self.reading).map(Row::Event)
    }
}

impl<R: Read> Iterator for FeedReader<R> {
    type Item = Result<Row, FeedError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut raw = std::mem::take(&mut self.raw);
        let cut = self.cutter.next(&mut raw);
        self.raw = raw;
        match cut {
            Ok(Some(cut)) => Some(Ok(self.row(cut))),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}

fn find_plan(reader: &SourceReader, feed: &str) -> Result<Arc<Plan>, FeedError> {
    reader.plans.get(feed).cloned().ok_or_else(|| FeedError::Unknown {
        feed: shown(feed),
        hint: did_you_mean(feed, reader.plans.keys().map(String::as_str)),
    })
}

fn read_header<R: Read>(plan: &Plan, cutter: &mut Cutter<R>) -> Result<Vec<String>, FeedError> {
    let mut raw = Vec::new();
    let cut = cutter.next(&mut raw)?.ok_or(FeedError::Empty { expected: "a header line" })?;
    if let Some(fault) = cut.fault {
        return Err(FeedError::Header { reason: fault.reason });
    }
    let text = std::str::from_utf8(&raw).map_err(|error| FeedError::Header {
        reason: format!("byte {} is not text in the file's encoding", error.valid_up_to() + 1),
    })?;
    if plan.delimiter == b' ' {
        return Ok(text.split_ascii_whitespace().map(str::to_owned).collect());
    }
    let mut record = csv::StringRecord::new();
    parser::Splitter::new(plan.delimiter)
        .split(text, &mut record)
        .map_err(|fault| FeedError::Header { reason: fault.reason })?;
    Ok(record.iter().map(|name| name.trim().to_owned()).collect())
}
