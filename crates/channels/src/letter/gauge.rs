//! Lines that are too long for where they stand: beside the window of the envelope, or over the edge of the page.

use super::{
    Letter, Paper,
    font::Font,
    proof::{SIZE, SMALL},
};
use crowsnest_model::DeliveryId;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

/// So many lines that are too long are named.
const SHOWN: usize = 50;

/// Only words with more characters than this can be wider than a page.
const NARROW: usize = 24;

/// A line that is too long for where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TooLong {
    /// The letter.
    pub letter: DeliveryId,
    /// Where it stands, and what happens to it, in words.
    pub place: &'static str,
    /// The line.
    pub line: String,
}

/// The lines of many letters that are too long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TooLongLines {
    /// How many letters have one.
    pub letters: u64,
    /// The first 50 that differ.
    pub lines: Vec<TooLong>,
}

impl TooLongLines {
    /// Adds those of one letter.
    pub fn add(&mut self, found: Vec<TooLong>) {
        self.letters += u64::from(!found.is_empty());
        for one in found {
            let known = self.lines.iter().any(|known| (known.place, &known.line) == (one.place, &one.line));
            if !known && self.lines.len() < SHOWN {
                self.lines.push(one);
            }
        }
    }
}

/// Measures lines on a paper.
pub struct Gauge {
    font: Font,
    paper: Paper,
}

impl std::fmt::Debug for Gauge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gauge").field("paper", &self.paper).finish()
    }
}

impl Gauge {
    /// For this paper.
    pub fn new(paper: Paper) -> Result<Self, String> {
        Ok(Self { font: Font::new()?, paper })
    }

    /// The lines of a letter that are too long, as a proof sets them.
    pub fn too_long(&self, letter: &Letter) -> Vec<TooLong> {
        too_long(letter, self.paper, &self.font)
    }
}

pub(super) fn too_long(letter: &Letter, paper: Paper, font: &Font) -> Vec<TooLong> {
    let (across, lines) = paper.window_size();
    let width = |text: &str, size: f32| font.width(&text.nfc().collect::<String>(), size);
    let mut found = Vec::new();
    let mut put = |place: &'static str, line: &str| {
        found.push(TooLong { letter: letter.id, place, line: line.to_owned() });
    };
    let sender = letter.sender();
    if width(&sender, SMALL) > across {
        put("the sender's line, beside the window", &sender);
    }
    for (place, line) in letter.to.lines().iter().enumerate() {
        if place >= lines {
            put("the address, below the window", line);
        } else if width(line, SIZE) > across {
            put("the address, beside the window", line);
        }
    }
    for word in letter.text.split_whitespace().filter(|word| word.chars().count() > NARROW) {
        if width(word, SIZE) > paper.text_width() {
            put("the text, over the edge of the page", word);
        }
    }
    found
}
