//! Files of a source: streamed in, row by row.

use crate::{Engine, FlowError};
use crowsnest_ingest::{
    Reading,
    feed::{FeedReader, Row},
    wire::Batch,
};
use crowsnest_model::{Duration, Time};
use crowsnest_store::ImportRecord;
use serde::Serialize;
use std::io::Read;

/// Rows that are taken in together.
const CHUNK: usize = 1_000;

/// How to read a file.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The file's name, as a label only.
    pub file: String,
    /// Up to when the file is complete.
    pub complete_until: Option<Time>,
    /// Added to every event time, to play sample data as if they were recorded just now.
    pub shift: Duration,
    /// The rows are history: they change profiles but trigger nothing.
    pub historical: bool,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows that became new events.
    pub accepted: u64,
    /// Rows that were here already.
    pub duplicates: u64,
    /// Rows that went to the quarantine.
    pub quarantined: u64,
}

impl Engine {
    /// Reads a file of a source's feed to its end. It blocks, in bounded memory, whatever the file's size.
    ///
    /// When the file cannot be read on, what came before stays, and the error says how far it got; the same file again
    /// changes nothing of that.
    pub fn import(
        &self,
        input: impl Read,
        source: &str,
        feed: &str,
        options: &ImportOptions,
        mut progress: impl FnMut(Progress),
    ) -> Result<ImportRecord, FlowError> {
        let live = self.live();
        let reader = live.reader(source).ok_or_else(|| {
            FlowError::not_found("source", source, live.workspace().sources.keys().map(String::as_str))
        })?;
        let started = self.now();
        let reading = Reading { received: started, shift: options.shift, historical: options.historical };
        let mut rows = FeedReader::new(input, reader.clone(), feed, reading)
            .map_err(|error| FlowError::Feed(error.to_string()))?;
        let mut done = Progress::default();
        let mut batch = Batch::default();
        loop {
            let row = rows.next();
            let ended = row.is_none();
            match row {
                Some(Ok(Row::Event(event))) => batch.events.push(event),
                Some(Ok(Row::Rejected(rejection))) => batch.rejected.push(rejection),
                Some(Err(error)) => {
                    self.take_in_rows(std::mem::take(&mut batch), &mut done)?;
                    return Err(FlowError::Feed(format!(
                        "{error}; {} rows before that were read ({} new, {} here already, {} quarantined)",
                        done.rows, done.accepted, done.duplicates, done.quarantined
                    )));
                }
                None => {}
            }
            if ended || batch.events.len() + batch.rejected.len() >= CHUNK {
                self.take_in_rows(std::mem::take(&mut batch), &mut done)?;
                done.bytes = rows.bytes_read();
                progress(done);
            }
            if ended {
                break;
            }
        }
        // Complete until a moment that has not come is complete until now.
        let complete_until = options.complete_until.map(|until| until.plus(options.shift).min(self.now()));
        let record = ImportRecord {
            time: started,
            source: source.to_owned(),
            feed: feed.to_owned(),
            file: options.file.chars().take(200).collect(),
            rows: done.rows,
            accepted: done.accepted,
            duplicates: done.duplicates,
            quarantined: done.quarantined,
            complete_until,
        };
        self.keep_import(record)
    }

    fn take_in_rows(&self, batch: Batch, done: &mut Progress) -> Result<(), FlowError> {
        let size = (batch.events.len() + batch.rejected.len()) as u64;
        if size == 0 {
            return Ok(());
        }
        let receipt = self.take_in_blocking(batch)?;
        done.rows += size;
        done.accepted += receipt.accepted;
        done.duplicates += receipt.duplicates;
        done.quarantined += receipt.quarantined;
        Ok(())
    }

    fn keep_import(&self, record: ImportRecord) -> Result<ImportRecord, FlowError> {
        self.commit_blocking(move |work| {
            work.unit.put_import(&record)?;
            if let Some(until) = record.complete_until
                && work.unit.advance_watermark(&record.source, until, work.now)?
            {
                crate::outward::release_fresh(work.unit, work.live, &record.source, work.now)?;
            }
            Ok(record)
        })
    }
}
