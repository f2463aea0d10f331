//! Letters as pages, to be looked at before they are printed.

use super::{
    Letter,
    font::Font,
    gauge::{TooLong, too_long},
};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// How many letters of a print run its proof has: the first ones.
pub const PROOF_LETTERS: usize = 50;

/// The most pages that one letter gets in a proof.
const PAGES: usize = 10;

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;
pub(super) const SIZE: f32 = 10.5;
const LEADING: f32 = 14.5;
pub(super) const SMALL: f32 = 7.0;

/// The most characters that are shown of a line that is too long.
const NAMED: usize = 60;

/// The most lines that are too long which the foot of a page names.
const FOOT: usize = 3;

/// The paper, and with it where the window of the envelope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// A4 with the window of DIN 5008, form B.
    A4,
    /// US Letter for a #10 window envelope.
    UsLetter,
}

impl Paper {
    /// What is usual in a country.
    pub fn of(country: &str) -> Self {
        match country.to_ascii_uppercase().as_str() {
            "US" | "CA" | "MX" | "CL" | "CO" | "PH" => Self::UsLetter,
            _ => Self::A4,
        }
    }

    /// Width and height, in points.
    fn size(self) -> (f32, f32) {
        match self {
            Self::A4 => (210.0 * MM, 297.0 * MM),
            Self::UsLetter => (612.0, 792.0),
        }
    }

    /// Where the address begins: from the left, and from the top.
    fn window(self) -> (f32, f32) {
        match self {
            Self::A4 => (25.0 * MM, 66.0 * MM),
            Self::UsLetter => (66.0, 153.0),
        }
    }

    /// How wide a line of the address may be, and how many may stand in the window.
    pub(super) fn window_size(self) -> (f32, usize) {
        match self {
            // The zone of DIN 5008 is 85 mm wide, of which 5 mm are left free, and ends 90 mm from the top.
            Self::A4 => (80.0 * MM, 5),
            // 4 1/2 inches wide and 1 1/8 inches high.
            Self::UsLetter => (315.0, 5),
        }
    }

    /// How wide a line of the text may be.
    pub(super) fn text_width(self) -> f32 {
        self.size().0 - 2.0 * self.margin()
    }

    /// Where the text begins, from the top.
    fn text_top(self) -> f32 {
        match self {
            Self::A4 => 110.0 * MM,
            Self::UsLetter => 270.0,
        }
    }

    /// How much is left free to the left, to the right and below.
    fn margin(self) -> f32 {
        match self {
            Self::A4 => 25.0 * MM,
            Self::UsLetter => 66.0,
        }
    }
}

/// Letters as pages.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The document.
    pub pdf: Vec<u8>,
    /// The characters that the font of proofs cannot show; a box stands in their place.
    pub not_shown: BTreeSet<char>,
    /// Lines that are too long for where they stand. Each page's foot names its own.
    pub too_long: Vec<TooLong>,
}

/// Sets letters on pages.
pub fn proof(letters: &[Letter], paper: Paper) -> Result<Proof, String> {
    let mut font = Font::new()?;
    let (mut pages, mut over) = (Vec::new(), Vec::new());
    for letter in letters {
        let too_long = too_long(letter, paper, &font);
        pages.extend(set(letter, paper, &too_long, &mut font));
        over.extend(too_long);
    }
    let mut last = 0;
    let mut next = || {
        last += 1;
        Ref::new(last)
    };
    let (catalog, tree, type0) = (next(), next(), next());
    let ids: Vec<(Ref, Ref)> = pages.iter().map(|_| (next(), next())).collect();
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree)
        .kids(ids.iter().map(|(page, _)| *page))
        .count(i32::try_from(ids.len()).unwrap_or(i32::MAX));
    let (width, height) = paper.size();
    for ((page, content), bytes) in ids.iter().zip(&pages) {
        let mut page = pdf.page(*page);
        page.media_box(Rect::new(0.0, 0.0, width, height)).parent(tree).contents(*content);
        page.resources().fonts().pair(Name(b"F"), type0);
        page.finish();
        pdf.stream(*content, bytes);
    }
    font.write(&mut pdf, type0, next)?;
    Ok(Proof { pdf: pdf.finish(), not_shown: font.not_shown().clone(), too_long: over })
}

/// The pages of one letter, as their contents.
fn set(letter: &Letter, paper: Paper, too_long: &[TooLong], font: &mut Font) -> Vec<Vec<u8>> {
    let ((width, height), margin) = (paper.size(), paper.margin());
    let (left, top) = paper.window();
    let mut page = Page { content: Content::new(), font, height };
    page.line(left, top - LEADING, SMALL, &letter.sender());
    for (place, line) in letter.to.lines().iter().enumerate() {
        page.line(left, top + place as f32 * LEADING, SIZE, line);
    }
    let mut down = paper.text_top();
    let across = page.font.width(&letter.date, SIZE);
    page.line(width - margin - across, down - 2.0 * LEADING, SIZE, &letter.date);
    let mut pages = Vec::new();
    let foot = |page: &mut Page<'_>| {
        let bottom = height - margin / 2.0;
        page.line(margin, bottom, SMALL, &format!("Proof of {}", letter.id));
        for (place, TooLong { place: whose, line, .. }) in too_long.iter().take(FOOT).enumerate() {
            let line: String = line.chars().take(NAMED).collect();
            let down = bottom + (place + 1) as f32 * (SMALL + 2.0);
            page.line(margin, down, SMALL, &format!("Too long: {whose}: {line}"));
        }
    };
    for line in wrapped(&letter.text, paper.text_width(), page.font) {
        if down > height - margin {
            foot(&mut page);
            pages.push(std::mem::replace(&mut page.content, Content::new()).finish().to_vec());
            down = margin;
            if pages.len() == PAGES {
                return pages;
            }
        }
        page.line(margin, down, SIZE, &line);
        down += LEADING;
    }
    foot(&mut page);
    pages.push(page.content.finish().to_vec());
    pages
}

struct Page<'f> {
    content: Content,
    font: &'f mut Font,
    height: f32,
}

impl Page<'_> {
    /// A line of text, so far from the left and from the top.
    fn line(&mut self, left: f32, top: f32, size: f32, text: &str) {
        let text: String = text.nfc().collect();
        let bytes = self.font.encode(&text);
        self.content
            .begin_text()
            .set_font(Name(b"F"), size)
            .next_line(left, self.height - top)
            .show(Str(&bytes))
            .end_text();
    }
}

/// A text in lines that are no wider than this. A word that is wider has a line of its own.
fn wrapped(text: &str, width: f32, font: &Font) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.trim_end().lines() {
        let mut set = String::new();
        for word in line.split_whitespace() {
            if !set.is_empty() && font.width(&format!("{set} {word}"), SIZE) > width {
                lines.push(std::mem::take(&mut set));
            }
            if !set.is_empty() {
                set.push(' ');
            }
            set.push_str(word);
        }
        lines.push(set);
    }
    lines
}
