//! Files of a source: streamed in, row by row.

use crate::{Engine, FlowError, outward::hear_rows};
use crowsnest_ingest::{
    FeedbackRow, ItemRow, Reading,
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

/// Rows on their way in.
#[derive(Debug, Default)]
struct Chunk {
    batch: Batch,
    items: Vec<ItemRow>,
    feedback: Vec<FeedbackRow>,
}

impl Chunk {
    fn len(&self) -> usize {
        self.batch.events.len() + self.batch.rejected.len() + self.items.len() + self.feedback.len()
    }
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows that became new events, or changed an item.
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
        // Complete until a moment that has not come is complete until now.
        let complete_until = options.complete_until.map(|until| until.plus(options.shift).min(self.now()));
        let as_of = complete_until.unwrap_or(started);
        let mut done = Progress::default();
        let mut chunk = Chunk::default();
        let take_in = |chunk: &mut Chunk, done: &mut Progress| {
            self.take_in_chunk(std::mem::take(chunk), source, as_of, done)
        };
        loop {
            let row = rows.next();
            let ended = row.is_none();
            match row {
                Some(Ok(Row::Event(event))) => chunk.batch.events.push(event),
                Some(Ok(Row::Item(item))) => chunk.items.push(item),
                Some(Ok(Row::Feedback(feedback))) => chunk.feedback.push(*feedback),
                Some(Ok(Row::Rejected(rejection))) => chunk.batch.rejected.push(rejection),
                Some(Err(error)) => {
                    take_in(&mut chunk, &mut done)?;
                    return Err(FlowError::Feed(format!(
                        "{error}; {} rows before that were read ({} new, {} here already, {} quarantined)",
                        done.rows, done.accepted, done.duplicates, done.quarantined
                    )));
                }
                None => {}
            }
            if ended || chunk.len() >= CHUNK {
                take_in(&mut chunk, &mut done)?;
                done.bytes = rows.bytes_read();
                progress(done);
            }
            if ended {
                break;
            }
        }
        let declared = reader.source().feeds.get(feed);
        if let Some(feed) = declared.filter(|feed| feed.complete)
            && let Some(catalogue) = &feed.catalogue
        {
            self.end_list(catalogue, source, as_of, !(feed.historical || options.historical), &done)?;
        }
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

    fn take_in_chunk(
        &self,
        chunk: Chunk,
        source: &str,
        as_of: Time,
        done: &mut Progress,
    ) -> Result<(), FlowError> {
        let size = chunk.len() as u64;
        if size == 0 {
            return Ok(());
        }
        let Chunk { mut batch, items, feedback } = chunk;
        done.rows += size;
        if !items.is_empty() {
            let (rows, source) = (items.len() as u64, source.to_owned());
            let changed = self.commit_blocking(move |work| work.take_in_rows(&source, items, as_of))?;
            done.accepted += changed;
            done.duplicates += rows - changed;
        }
        if !feedback.is_empty() {
            let (rows, source) = (feedback.len() as u64, source.to_owned());
            let (heard, unknown) = self.commit_blocking(move |work| hear_rows(work, &source, feedback))?;
            done.accepted += heard;
            done.duplicates += rows - heard - unknown.len() as u64;
            batch.rejected.extend(unknown);
        }
        if !(batch.events.is_empty() && batch.rejected.is_empty()) {
            let receipt = self.take_in_blocking(batch)?;
            done.accepted += receipt.accepted;
            done.duplicates += receipt.duplicates;
            done.quarantined += receipt.quarantined;
        }
        Ok(())
    }

    /// A file that lists all items was read: those that it does not list are gone. Where a row could not be read nobody knows
    /// which item it was, and a file without rows is sooner a mistake than an empty shop: then nothing is gone.
    fn end_list(
        &self,
        catalogue: &str,
        source: &str,
        as_of: Time,
        announced: bool,
        done: &Progress,
    ) -> Result<(), FlowError> {
        if done.quarantined > 0 || done.rows == 0 {
            let Progress { rows, quarantined, .. } = *done;
            tracing::warn!(
                catalogue,
                source,
                rows,
                quarantined,
                "the file lists all items, but has no rows or some that cannot be read; nothing is taken for gone"
            );
            return Ok(());
        }
        loop {
            let (catalogue, source) = (catalogue.to_owned(), source.to_owned());
            let more = self
                .commit_blocking(move |work| work.end_list(&catalogue, &source, as_of, announced, CHUNK))?;
            if !more {
                return Ok(());
            }
        }
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
