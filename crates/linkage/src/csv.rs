//! CSV in, CSV out.

use crate::layout::Intake;
use crate::linkage::Linkage;
use crate::settings::Settings;
use crate::table::{Table, TableBuilder};
use crate::warnings::Warning;
use std::io::{Read, Write};

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is no CSV.
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

/// Reads CSV files into one table.
pub struct Reader {
    builder: TableBuilder,
    settings: Settings,
    warnings: Vec<Warning>,
}

impl Reader {
    /// For files with these settings.
    pub fn new(settings: &Settings) -> Self {
        Self { builder: TableBuilder::new(settings), settings: settings.clone(), warnings: Vec::new() }
    }

    /// Reads one file. `name` is its name in warnings, and the source of its records if no column says one.
    pub fn read(&mut self, name: &str, input: impl Read) -> Result<(), Error> {
        let _ = &self.settings;
        let error = |source| Error::Csv { file: name.to_string(), source };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
        let headers: Vec<String> =
            reader.byte_headers().map_err(error)?.iter().map(|h| String::from_utf8_lossy(h).into()).collect();
        let mut first: Vec<csv::ByteRecord> = Vec::new();
        let mut record = csv::ByteRecord::new();
        while first.len() < SAMPLE && reader.read_byte_record(&mut record).map_err(error)? {
            first.push(record.clone());
        }
        let samples: Vec<Vec<String>> = (0..headers.len())
            .map(|i| first.iter().map(|r| String::from_utf8_lossy(r.get(i).unwrap_or(b"")).into()).collect())
            .collect();
        let intake = self.builder.begin(&headers, &samples, &mut self.warnings);
        if intake.record_id.is_none() {
            self.warnings.push(Warning::new("record_id", format!("{name}: no such column; rows are numbered")));
        }
        let mut row = 0;
        for record in &first {
            row += 1;
            self.push(&intake, name, row, record);
        }
        while reader.read_byte_record(&mut record).map_err(error)? {
            row += 1;
            self.push(&intake, name, row, &record);
        }
        Ok(())
    }

    fn push(&mut self, intake: &Intake, file: &str, row: usize, record: &csv::ByteRecord) {
        let text = |i: usize| std::str::from_utf8(record.get(i).unwrap_or(b"")).unwrap_or("");
        let id = match intake.record_id {
            Some(i) => text(i).to_string(),
            None => row.to_string(),
        };
        let source = self.builder.source(intake.source.map_or(file, text));
        self.builder.push(intake, &id, source, text);
    }

    /// The table of all files, and what was odd about them.
    pub fn finish(self) -> (Table, Vec<Warning>) {
        (self.builder.finish(), self.warnings)
    }
}

/// Writes who is who: `record_id, cluster_id, household_cluster_id`.
pub fn write(table: &Table, linkage: &Linkage, output: impl Write) -> Result<(), Error> {
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 20).from_writer(output);
    writer.write_record(["record_id", "cluster_id", "household_cluster_id"])?;
    for record in 0..table.records() {
        writer.write_field(table.ids.get(record))?;
        writer.write_field((linkage.people[record] + 1).to_string())?;
        writer.write_field((linkage.households[record] + 1).to_string())?;
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    Ok(())
}
