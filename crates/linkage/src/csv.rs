//! CSV in, CSV out.
//!
//! Files come as they are: separated by commas, semicolons, tabs or bars, in UTF-8 with or without a mark, in UTF-16 with one, or in the
//! old encoding of Windows; with rows that are too short or too long. What can be read is read, and what was odd is said.

use crate::layout::Intake;
use crate::linkage::Linkage;
use crate::model::Model;
use crate::settings::Settings;
use crate::table::{Batch, Cutter, Table, TableBuilder};
use crate::warnings::{self, Warning};
use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;
use std::io::{Read, Write};

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("{file}: {source}")]
    Csv {
        /// The file's name.
        file: String,
        /// What is wrong.
        source: csv::Error,
    },
    /// The result could not be written.
    #[error("the result could not be written: {0}")]
    Write(#[from] csv::Error),
    /// The result could not be written.
    #[error("the result could not be written: {0}")]
    Flush(#[from] std::io::Error),
}

/// How many rows are looked at to find out what columns are about.
const SAMPLE: usize = 500;
/// How much of a file is looked at to find out how it is written.
const HEAD: usize = 64 * 1024;
/// Fields longer than this are cut: nobody's name is that long, and a quote that is never closed must not swallow a file into a name.
const LONGEST: usize = 4_096;

/// How many rows one thread hands to another at once.
const ROWS: usize = 256;
/// Fewer, if their texts are longer than this.
const BYTES: usize = 1 << 20;

/// Reads CSV files into one table.
pub struct Reader {
    builder: TableBuilder,
    warnings: Vec<Warning>,
    /// The columns of all files.
    headers: Vec<String>,
}

/// Cuts the rows of one file.
struct Cut<'f> {
    intake: &'f Intake,
    file: &'f str,
    /// How many columns there are.
    width: usize,
    /// How many rows there were.
    row: usize,
    odd: &'f mut Odd,
}

impl Cut<'_> {
    fn record(&mut self, cutter: &mut Cutter<'_>, record: &csv::ByteRecord, batch: &mut Batch) {
        self.row += 1;
        self.odd.short += usize::from(record.len() < self.width);
        self.odd.long += usize::from(record.len() > self.width);
        let width = record.len().min(self.width);
        if let Some(text) = plain(record, width) {
            let field = |i: usize| match i < width {
                true => record.range(i).and_then(|range| text.get(range)).unwrap_or(""),
                false => "",
            };
            return self.fields(cutter, field, batch);
        }
        let fields: Vec<Cow<'_, str>> =
            record.iter().take(width).map(|f| text(f, &mut self.odd.foreign)).collect();
        self.fields(cutter, |i: usize| fields.get(i).map_or("", |f| &**f), batch);
    }

    fn fields<'r>(
        &mut self,
        cutter: &mut Cutter<'_>,
        field: impl Fn(usize) -> &'r str + Copy,
        batch: &mut Batch,
    ) {
        let id = self.intake.record_id.map_or("", field).trim();
        let source = match self.intake.source {
            Some(column) => cutter.source(field(column)),
            None => cutter.source(self.file),
        };
        if id.is_empty() {
            self.odd.nameless += 1;
            cutter.cut(self.intake, &self.row.to_string(), source, field, batch);
        } else {
            cutter.cut(self.intake, id, source, field, batch);
        }
    }
}

/// The text of a whole row whose fields can be taken out of it as they are.
fn plain(record: &csv::ByteRecord, width: usize) -> Option<&str> {
    let text = std::str::from_utf8(record.as_slice()).ok()?;
    let is_plain = |range: std::ops::Range<usize>| {
        range.len() <= LONGEST && text.is_char_boundary(range.start) && text.is_char_boundary(range.end)
    };
    (0..width).all(|i| record.range(i).is_some_and(is_plain)).then_some(text)
}

/// Counts of what was odd in one file.
#[derive(Default)]
struct Odd {
    short: usize,
    long: usize,
    foreign: usize,
    nameless: usize,
}

impl Reader {
    /// For files with these settings.
    pub fn new(settings: &Settings) -> Self {
        Self { builder: TableBuilder::new(settings), warnings: Vec::new(), headers: Vec::new() }
    }

    /// For files that a model is to score.
    pub fn for_model(model: &Model, settings: &Settings) -> Self {
        Self { builder: TableBuilder::for_model(model, settings), warnings: Vec::new(), headers: Vec::new() }
    }

    /// Reads one file. `name` is its name in warnings, and the source of its records if no column says one.
    pub fn read(&mut self, name: &str, mut input: impl Read) -> Result<(), Error> {
        let mut head = Vec::with_capacity(HEAD);
        input
            .by_ref()
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|e| Error::Csv { file: name.to_string(), source: e.into() })?;
        if let Some(wide) =
            [UTF_16LE, UTF_16BE].into_iter().find(|e| mark(e.name()).is_some_and(|m| head.starts_with(m)))
        {
            let mut bytes = head;
            input
                .read_to_end(&mut bytes)
                .map_err(|e| Error::Csv { file: name.to_string(), source: e.into() })?;
            let (text, ..) = wide.decode(&bytes);
            return self.rows(name, delimiter(text.as_bytes()), text.as_bytes());
        }
        let start = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let separator = delimiter(&head[start..]);
        let head = std::io::Cursor::new(head.split_off(start));
        self.rows(name, separator, head.chain(input))
    }

    fn rows(&mut self, name: &str, separator: u8, input: impl Read) -> Result<(), Error> {
        let error = |source| Error::Csv { file: name.to_string(), source };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(separator)
            .buffer_capacity(1 << 20)
            .from_reader(input);
        let mut record = csv::ByteRecord::new();
        let mut odd = Odd::default();
        let headers: Vec<String> = match reader.read_byte_record(&mut record).map_err(error)? {
            true => record.iter().map(|h| text(h, &mut odd.foreign).trim().to_string()).collect(),
            false => Vec::new(),
        };
        let mut first: Vec<csv::ByteRecord> = Vec::new();
        while first.len() < SAMPLE && reader.read_byte_record(&mut record).map_err(error)? {
            first.push(record.clone());
        }
        let samples: Vec<Vec<String>> = (0..headers.len())
            .map(|i| first.iter().map(|r| text(r.get(i).unwrap_or(b""), &mut 0).into_owned()).collect())
            .collect();
        let intake = self.builder.begin(&headers, &samples, &mut self.warnings);
        // Rows are cut into texts here, and taken in on a thread of its own, in their order.
        let (mut cutter, mut taker) = self.builder.halves();
        let (filled, taken) = std::sync::mpsc::sync_channel::<Batch>(4);
        let (emptied, spare) = std::sync::mpsc::channel::<Batch>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for mut batch in taken {
                    taker.take_in(&batch);
                    batch.clear();
                    // Nobody wants it any more: the file has been read.
                    let _ = emptied.send(batch);
                }
            });
            let mut first = first.into_iter();
            let mut cut = Cut { intake: &intake, file: name, width: headers.len(), row: 0, odd: &mut odd };
            loop {
                let mut batch = spare.try_recv().unwrap_or_default();
                while batch.len() < ROWS && batch.bytes() < BYTES {
                    match first.next() {
                        Some(record) => cut.record(&mut cutter, &record, &mut batch),
                        None if reader.read_byte_record(&mut record)? => {
                            cut.record(&mut cutter, &record, &mut batch)
                        }
                        None => break,
                    }
                }
                // Nobody takes them: the other thread has panicked, which the scope passes on.
                if batch.is_empty() || filled.send(batch).is_err() {
                    drop(filled);
                    return Ok(());
                }
            }
        })
        .map_err(error)?;
        self.report(name, &intake, &odd);
        self.headers.extend(headers);
        Ok(())
    }

    fn report(&mut self, name: &str, intake: &Intake, odd: &Odd) {
        let mut warn = |column: &str, message: String| {
            self.warnings.push(Warning::new(column, format!("{name}: {message}")));
        };
        if odd.short + odd.long > 0 {
            let message = format!(
                "{} rows have fewer fields than the first row and {} have more; what is missing counts as empty, what is too much was left out",
                odd.short, odd.long
            );
            warn("file", message);
        }
        if odd.foreign > 0 {
            let message = format!(
                "{} fields are not in the encoding UTF-8; they were read as Windows-1252",
                odd.foreign
            );
            warn("file", message);
        }
        match intake.record_id {
            None => {
                warn("record_id", "no such column; records are called by the number of their row".to_string())
            }
            Some(_) if odd.nameless > 0 => {
                warn(
                    "record_id",
                    format!(
                        "{} are empty; these records are called by the number of their row",
                        odd.nameless
                    ),
                );
            }
            Some(_) => {}
        }
    }

    /// The table of all files, and what was odd about them.
    pub fn finish(mut self) -> (Table, Vec<Warning>) {
        let settings = self.builder.settings().clone();
        let table = self.builder.finish();
        self.warnings.extend(warnings::of_names(&settings, &self.headers, &table));
        (table, self.warnings)
    }
}

fn mark(encoding: &str) -> Option<&'static [u8]> {
    match encoding {
        "UTF-16LE" => Some(b"\xff\xfe"),
        "UTF-16BE" => Some(b"\xfe\xff"),
        _ => None,
    }
}

/// A field as text; what is not UTF-8 is read as Windows-1252, of which Latin-1 is a part.
fn text<'f>(field: &'f [u8], foreign: &mut usize) -> Cow<'f, str> {
    let cut = &field[..field.len().min(LONGEST)];
    match std::str::from_utf8(cut) {
        Ok(text) => Cow::Borrowed(text),
        // Cut in the middle of a letter.
        Err(e) if e.error_len().is_none() && cut.len() < field.len() => {
            String::from_utf8_lossy(&cut[..e.valid_up_to()])
        }
        Err(_) => {
            *foreign += 1;
            WINDOWS_1252.decode_without_bom_handling(cut).0
        }
    }
}

/// What separates fields: of the usual ones, that which cuts the first rows into most fields, and all into equally many.
fn delimiter(head: &[u8]) -> u8 {
    let score = |separator: u8| {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(separator)
            .from_reader(head);
        let widths: Vec<usize> =
            reader.byte_records().take(20).map_while(Result::ok).map(|r| r.len()).collect();
        let first = widths.first().copied().unwrap_or(0);
        // The last row of the head may be cut.
        let rows = &widths[..widths.len().saturating_sub(usize::from(widths.len() > 2))];
        let even = rows.iter().filter(|&&w| w == first).count();
        if first < 2 { (0, 0) } else { (even * 100 / rows.len().max(1) / 25, first) }
    };
    // Of equals, the first.
    let mut best = (b',', (0, 0));
    for separator in [b',', b';', b'\t', b'|'] {
        let score = score(separator);
        if score > best.1 {
            best = (separator, score);
        }
    }
    best.0
}

/// Writes who is who: `record_id, cluster_id, household_cluster_id`.
pub fn write(table: &Table, linkage: &Linkage, output: impl Write) -> Result<(), Error> {
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 20).from_writer(output);
    writer.write_record(["record_id", "cluster_id", "household_cluster_id"])?;
    let mut person = String::new();
    let mut household = String::new();
    for record in 0..table.records() {
        use std::fmt::Write as _;
        person.clear();
        household.clear();
        let _ = write!(person, "{}", linkage.people[record] + 1);
        let _ = write!(household, "{}", linkage.households[record] + 1);
        writer.write_record([table.ids.get(record), &person, &household])?;
    }
    writer.flush()?;
    Ok(())
}

/// Links one CSV file and writes who is who; gives what was found and what was odd.
pub fn link_csv(
    name: &str,
    input: impl Read,
    output: impl Write,
    settings: &Settings,
) -> Result<Linkage, Error> {
    let mut reader = Reader::new(settings);
    reader.read(name, input)?;
    let (mut table, mut odd) = reader.finish();
    let mut linkage = crate::linkage::link(&mut table, settings, None, &[], &mut ());
    odd.append(&mut linkage.warnings);
    linkage.warnings = odd;
    write(&table, &linkage, output)?;
    Ok(linkage)
}
