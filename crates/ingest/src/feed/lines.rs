//! Cuts a stream into lines, each bounded.

use super::{Cut, LIMIT, too_large};
use std::io::{self, BufRead, Read};

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
            if (&mut self.input).take(LIMIT as u64 + 1).read_until(b'\n', raw)? == 0 {
                return Ok(None);
            }
            if raw.last() == Some(&b'\n') {
                raw.pop();
            } else if raw.len() > LIMIT {
                whole = false;
                raw.truncate(LIMIT);
                self.input.skip_until(b'\n')?;
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
