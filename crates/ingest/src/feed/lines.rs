//! Cuts a stream into lines, each bounded.

use super::{Cut, LIMIT, too_large};
use std::io::{self, BufRead};

/// Cuts at line feeds.
pub(super) struct Lines<B> {
    input: B,
    line: u64,
}

impl<B: BufRead> Lines<B> {
    pub fn new(input: B) -> Self {
        Self { input, line: 0 }
    }

    pub fn input(&self) -> &B {
        &self.input
    }

    /// Puts the next line that is not blank into `raw`. `None` at the end.
    pub fn next(&mut self, raw: &mut Vec<u8>) -> io::Result<Option<Cut>> {
        loop {
            raw.clear();
            let mut whole = true;
            let ended = loop {
                let chunk = self.input.fill_buf()?;
                if chunk.is_empty() {
                    break true;
                }
                let end = chunk.iter().position(|b| *b == b'\n');
                let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
                let room = LIMIT - raw.len();
                whole &= part.len() <= room;
                raw.extend_from_slice(part.get(..room).unwrap_or(part));
                let used = end.map_or(chunk.len(), |end| end + 1);
                self.input.consume(used);
                if end.is_some() {
                    break false;
                }
            };
            if ended && raw.is_empty() {
                return Ok(None);
            }
            self.line += 1;
            if raw.last() == Some(&b'\r') {
                raw.pop();
            }
            if !raw.iter().all(u8::is_ascii_whitespace) {
                let fault = (!whole).then(|| too_large("line"));
                return Ok(Some(Cut { place: format!("line {}", self.line), fault }));
            }
        }
    }
}
