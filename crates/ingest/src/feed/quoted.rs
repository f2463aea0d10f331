//! Cuts a stream of CSV into records, each bounded. A quoted field may have line ends.
//!
//! The rules are those of RFC 4180 as the `csv` crate reads it: a quote opens a quoted field only at the beginning of a
//! field, a doubled one stands for itself, and `\n`, `\r\n` and `\r` end a record. What the fields are is that crate's
//! business; this only finds where a record ends, so that no record can grow without bound.

use super::{Cut, LIMIT, too_large};
use crate::fault::Fault;
use std::io::{self, BufRead};

/// Cuts at the ends of records.
pub(super) struct Records<B> {
    input: B,
    /// Bytes that were read ahead of a quote that nothing closed, and the first of them to be read again.
    again: Vec<u8>,
    position: usize,
    delimiter: u8,
    line: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    RecordStart,
    FieldStart,
    Field,
    Quoted,
    /// After a quote inside a quoted field: its end, or the first half of a doubled one.
    QuoteInQuoted,
}

impl<B: BufRead> Records<B> {
    pub fn new(input: B, delimiter: u8) -> Self {
        Self { input, again: Vec::new(), position: 0, delimiter, line: 1 }
    }

    pub fn input(&self) -> &B {
        &self.input
    }

    fn fill(&mut self) -> io::Result<&[u8]> {
        if self.position < self.again.len() {
            Ok(self.again.get(self.position..).unwrap_or_default())
        } else {
            self.input.fill_buf()
        }
    }

    fn consume(&mut self, count: usize) {
        if self.position < self.again.len() {
            self.position += count;
            if self.position == self.again.len() {
                self.again = Vec::new();
                self.position = 0;
            }
        } else {
            self.input.consume(count);
        }
    }

    /// Puts the next record, without its end, into `raw`. `None` at the end.
    pub fn next(&mut self, raw: &mut Vec<u8>) -> io::Result<Option<Cut>> {
        raw.clear();
        let mut state = State::RecordStart;
        let mut place = self.line;
        loop {
            let delimiter = self.delimiter;
            let room = LIMIT - raw.len();
            let chunk = self.fill()?;
            if chunk.is_empty() {
                if state == State::RecordStart {
                    return Ok(None);
                }
                if state == State::Quoted {
                    return Ok(Some(self.unclosed(raw, place)));
                }
                return Ok(Some(Cut { place: format!("line {place}"), fault: None }));
            }
            let chunk = chunk.get(..room).unwrap_or(chunk);
            let mut blank = 0;
            let mut blank_lines = 0;
            let mut end = None;
            for (index, &byte) in chunk.iter().enumerate() {
                let ends = matches!(byte, b'\n' | b'\r');
                state = match state {
                    State::RecordStart if ends => {
                        blank = index + 1;
                        let pair = byte == b'\r' && chunk.get(index + 1) == Some(&b'\n');
                        blank_lines += u64::from(!pair);
                        State::RecordStart
                    }
                    State::Quoted if byte == b'"' => State::QuoteInQuoted,
                    State::QuoteInQuoted if byte == b'"' => State::Quoted,
                    State::Quoted => State::Quoted,
                    _ if ends => {
                        end = Some((index, byte));
                        break;
                    }
                    _ if byte == delimiter => State::FieldStart,
                    State::RecordStart | State::FieldStart if byte == b'"' => State::Quoted,
                    _ => State::Field,
                };
            }
            let (stop, used) = match end {
                Some((index, _)) => (index, index + 1),
                None => (chunk.len(), chunk.len()),
            };
            raw.extend_from_slice(chunk.get(blank..stop).unwrap_or_default());
            self.line += blank_lines;
            place += blank_lines;
            self.consume(used);
            if let Some((_, byte)) = end {
                self.finish_line(byte)?;
                self.line += line_ends(raw);
                return Ok(Some(Cut { place: format!("line {place}"), fault: None }));
            }
            if raw.len() >= LIMIT {
                if matches!(state, State::Quoted | State::QuoteInQuoted) && line_ends(raw) > 0 {
                    return Ok(Some(self.unclosed(raw, place)));
                }
                self.line += line_ends(raw);
                self.skip_line()?;
                return Ok(Some(Cut { place: format!("line {place}"), fault: Some(too_large("record")) }));
            }
        }
    }

    /// Gives up on a quote that nothing closes: only its first line is wrong, and what follows is read again.
    fn unclosed(&mut self, raw: &mut Vec<u8>, place: u64) -> Cut {
        if let Some(end) = raw.iter().position(|b| matches!(b, b'\n' | b'\r')) {
            let pair = raw.get(end..end + 2) == Some(b"\r\n");
            let mut rest = raw.split_off(end + if pair { 2 } else { 1 });
            rest.extend_from_slice(self.again.get(self.position..).unwrap_or_default());
            self.again = rest;
            self.position = 0;
            raw.truncate(end);
        }
        self.line = place + 1;
        Cut {
            place: format!("line {place}"),
            fault: Some(Fault::new(
                "quote",
                "a quoted field begins in this line and does not end: close the quote, or double a quote inside it",
            )),
        }
    }

    /// After the byte that ended a record: takes the second half of `\r\n`, and counts the line.
    fn finish_line(&mut self, byte: u8) -> io::Result<()> {
        if byte == b'\r' && self.fill()?.first() == Some(&b'\n') {
            self.consume(1);
        }
        self.line += 1;
        Ok(())
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let chunk = self.fill()?;
            if chunk.is_empty() {
                return Ok(());
            }
            // Twice over the chunk, but each time as fast as memory goes.
            let ends = chunk.contains(&b'\n') || chunk.contains(&b'\r');
            match ends.then(|| chunk.iter().position(|b| matches!(b, b'\n' | b'\r'))).flatten() {
                Some(end) => {
                    let byte = chunk.get(end).copied().unwrap_or(b'\n');
                    self.consume(end + 1);
                    return self.finish_line(byte);
                }
                None => {
                    let used = chunk.len();
                    self.consume(used);
                }
            }
        }
    }
}

/// How many lines end inside `raw`: `\n`, `\r\n` and `\r` are one end each.
fn line_ends(raw: &[u8]) -> u64 {
    let next = raw.iter().skip(1).map(Some).chain([None]);
    raw.iter()
        .zip(next)
        .filter(|(byte, next)| **byte == b'\n' || (**byte == b'\r' && *next != Some(&b'\n')))
        .count() as u64
}
