//! The font of proofs: DejaVu Sans, as much of it as a document uses.

use pdf_writer::{
    Finish, Name, Pdf, Rect, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use std::collections::{BTreeMap, BTreeSet};
use subsetter::GlyphRemapper;
use ttf_parser::Face;

const NAME: Name<'static> = Name(b"CRWNST+DejaVuSans");
const INFO: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// What stands for a character that cannot be shown.
const BLANK: char = '□';

/// The font, and what of it was used.
pub(super) struct Font {
    face: Face<'static>,
    used: GlyphRemapper,
    /// What each glyph of the document stands for, and how wide it is.
    glyphs: BTreeMap<u16, (char, f32)>,
    not_shown: BTreeSet<char>,
}

impl Font {
    pub(super) fn new() -> Result<Self, String> {
        let face = Face::parse(dejavu::sans::regular(), 0).map_err(|error| error.to_string())?;
        Ok(Self { face, used: GlyphRemapper::new(), glyphs: BTreeMap::new(), not_shown: BTreeSet::new() })
    }

    /// The characters that could not be shown so far.
    pub(super) fn not_shown(&self) -> &BTreeSet<char> {
        &self.not_shown
    }

    /// How wide a text is at a size, in points.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(self.glyph(c).1)).sum::<f32>() * size / 1_000.0
    }

    /// The bytes that show a text.
    pub(super) fn encode(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(text.len() * 2);
        for c in text.chars() {
            let (shown, glyph) = self.glyph(c);
            if shown != c {
                self.not_shown.insert(c);
            }
            let id = self.used.remap(glyph);
            self.glyphs.insert(id, (shown, self.advance(glyph)));
            bytes.extend(id.to_be_bytes());
        }
        bytes
    }

    /// What is shown for a character, and its glyph in the font.
    fn glyph(&self, c: char) -> (char, u16) {
        let c = if c.is_whitespace() { ' ' } else { c };
        let shown = if needs_shaping(c) { BLANK } else { c };
        match self.face.glyph_index(shown) {
            Some(glyph) => (shown, glyph.0),
            None => (BLANK, self.face.glyph_index(BLANK).map_or(0, |glyph| glyph.0)),
        }
    }

    /// In thousandths of the size.
    fn advance(&self, glyph: u16) -> f32 {
        let advance = self.face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or_default();
        f32::from(advance) * self.scale()
    }

    fn scale(&self) -> f32 {
        1_000.0 / f32::from(self.face.units_per_em())
    }

    /// Writes the font into a document, under `id`; `next` makes ids for its parts.
    pub(super) fn write(&self, pdf: &mut Pdf, id: Ref, mut next: impl FnMut() -> Ref) -> Result<(), String> {
        let subset =
            subsetter::subset(dejavu::sans::regular(), 0, &self.used).map_err(|error| error.to_string())?;
        let (cid, descriptor, file, cmap) = (next(), next(), next(), next());
        pdf.type0_font(id)
            .base_font(NAME)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);
        let mut font = pdf.cid_font(cid);
        font.subtype(CidFontType::Type2).base_font(NAME).system_info(INFO).font_descriptor(descriptor);
        font.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
        let mut widths = font.widths();
        for (glyph, (_, width)) in &self.glyphs {
            widths.consecutive(*glyph, [*width]);
        }
        widths.finish();
        font.finish();
        let scale = |value: i16| f32::from(value) * self.scale();
        let bounds = self.face.global_bounding_box();
        pdf.font_descriptor(descriptor)
            .name(NAME)
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(
                scale(bounds.x_min),
                scale(bounds.y_min),
                scale(bounds.x_max),
                scale(bounds.y_max),
            ))
            .italic_angle(0.0)
            .ascent(scale(self.face.ascender()))
            .descent(scale(self.face.descender()))
            .cap_height(scale(self.face.capital_height().unwrap_or_else(|| self.face.ascender())))
            .stem_v(80.0)
            .font_file2(file);
        let mut stream = pdf.stream(file, &subset);
        stream.pair(Name(b"Length1"), i32::try_from(subset.len()).unwrap_or(i32::MAX));
        stream.finish();
        let mut map = UnicodeCmap::new(Name(b"Crowsnest"), INFO);
        for (glyph, (shown, _)) in &self.glyphs {
            map.pair(*glyph, *shown);
        }
        pdf.cmap(cmap, &map.finish());
        Ok(())
    }
}

/// Whether letters of this script change with their neighbours or run from right to left, so that set one after the other they
/// would read wrong.
fn needs_shaping(c: char) -> bool {
    matches!(u32::from(c), 0x0590..=0x109F | 0x1780..=0x18AF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFE | 0x200B..=0x200F | 0x202A..=0x202E)
}
