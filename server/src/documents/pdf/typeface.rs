//! The font of a document: how wide signs are, and the part of it that goes into the file.

use std::collections::BTreeMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish as _, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId, Permissions, RawFace, Tag, name_id};
use xuncha_core::photo::FontFile;

use super::PdfError;
use super::leaf::packed;

/// Signs without which no notice can be written.
const NEEDED: &str = "督办单第项页共截止时间〔〕（）：，。0123456789[U+ABCDEF]";

const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A face, and which of its signs a document uses.
pub(super) struct Typeface<'a> {
    file: &'a FontFile,
    face: Face<'a>,
    kept: GlyphRemapper,
    /// By the numbers that glyphs have in the document.
    used: BTreeMap<u16, (GlyphId, char)>,
}

impl<'a> Typeface<'a> {
    /// The face in `file`.
    pub(super) fn of(file: &'a FontFile) -> Result<Typeface<'a>, PdfError> {
        let bad = |what: String| PdfError::Font(what);
        let face = Face::parse(file.bytes(), file.index()).map_err(|error| bad(error.to_string()))?;
        if face.permissions() == Some(Permissions::Restricted) || !face.is_subsetting_allowed() {
            return Err(bad("its maker does not allow it to be put into documents".into()));
        }
        let lacking: String = NEEDED.chars().filter(|sign| face.glyph_index(*sign).is_none()).collect();
        if !lacking.is_empty() {
            return Err(bad(format!("it does not know {lacking}")));
        }
        Ok(Typeface { file, face, kept: GlyphRemapper::new(), used: BTreeMap::new() })
    }

    /// `text` in signs that the font has: what steers (and shows nothing) is left out, and a sign that the font does not
    /// know is written by its number, such as `[U+1F600]`, so that a paper never says something else.
    pub(super) fn written(&self, text: &str) -> String {
        let mut written = String::with_capacity(text.len());
        for sign in text.chars() {
            match sign {
                '\n' => written.push(sign),
                '\t' => written.push(' '),
                _ if sign.is_control() || is_ignorable(sign) => {}
                _ if self.face.glyph_index(sign).is_some() => written.push(sign),
                _ => written.push_str(&format!("[U+{:04X}]", u32::from(sign))),
            }
        }
        written
    }

    /// How wide a sign is, in parts of the size of the type.
    pub(super) fn width(&self, sign: char) -> f32 {
        self.face.glyph_index(sign).map_or(0.0, |glyph| self.advance(glyph) / 1_000.0)
    }

    /// How wide words are at `size`.
    pub(super) fn width_of(&self, words: &str, size: f32) -> f32 {
        words.chars().map(|sign| self.width(sign)).sum::<f32>() * size
    }

    /// Words as they stand in a page: two bytes for each sign.
    pub(super) fn encoded(&mut self, words: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(words.len());
        for sign in words.chars() {
            let Some(glyph) = self.face.glyph_index(sign) else { continue };
            let number = self.kept.remap(glyph.0);
            self.used.entry(number).or_insert((glyph, sign));
            bytes.extend(number.to_be_bytes());
        }
        bytes
    }

    fn advance(&self, glyph: GlyphId) -> f32 {
        f32::from(self.face.glyph_hor_advance(glyph).unwrap_or_default()) * self.scale()
    }

    /// Thousandths of the size of the type in one unit of the font.
    fn scale(&self) -> f32 {
        1_000.0 / f32::from(self.face.units_per_em())
    }

    /// Puts what was used of it into `pdf` as the font `id`, with `next` for what belongs to it.
    pub(super) fn embed(self, pdf: &mut Pdf, id: Ref, next: &mut impl FnMut() -> Ref) -> Result<(), PdfError> {
        let subset = subsetter::subset(self.file.bytes(), self.file.index(), &self.kept)
            .map_err(|error| PdfError::Font(error.to_string()))?;
        let outlines = RawFace::parse(&subset, 0).ok().and_then(|raw| raw.table(Tag::from_bytes(b"CFF ")));
        let (descendant, descriptor, file, meaning) = (next(), next(), next(), next());
        let name = format!("XUNCHA+{}", self.name());
        let name = Name(name.as_bytes());
        pdf.type0_font(id)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(descendant)
            .to_unicode(meaning);
        let mut cid = pdf.cid_font(descendant);
        cid.subtype(if outlines.is_some() { CidFontType::Type0 } else { CidFontType::Type2 });
        cid.base_font(name).system_info(IDENTITY).font_descriptor(descriptor).default_width(1_000.0);
        if outlines.is_none() {
            cid.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        let mut widths = cid.widths();
        for (number, (glyph, _)) in &self.used {
            widths.same(*number, *number, self.advance(*glyph));
        }
        widths.finish();
        cid.finish();
        self.describe(pdf, descriptor, name, file, outlines.is_some());
        let bytes = packed(outlines.unwrap_or(&subset));
        let mut stream = pdf.stream(file, &bytes);
        stream.filter(Filter::FlateDecode);
        if outlines.is_some() {
            stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
        }
        stream.finish();
        let mut cmap = UnicodeCmap::new(Name(b"XunchaSigns"), IDENTITY);
        self.used.iter().for_each(|(number, (_, sign))| cmap.pair(*number, *sign));
        pdf.cmap(meaning, &packed(&cmap.finish())).filter(Filter::FlateDecode);
        Ok(())
    }

    fn describe(&self, pdf: &mut Pdf, id: Ref, name: Name<'_>, file: Ref, is_cff: bool) {
        let (scale, bounds) = (self.scale(), self.face.global_bounding_box());
        let [left, bottom, right, top] =
            [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|side| f32::from(side) * scale);
        let ascent = f32::from(self.face.ascender()) * scale;
        let mut descriptor = pdf.font_descriptor(id);
        descriptor.name(name).flags(FontFlags::SYMBOLIC).bbox(Rect::new(left, bottom, right, top));
        descriptor.italic_angle(0.0).ascent(ascent).descent(f32::from(self.face.descender()) * scale);
        let capital = self.face.capital_height().map_or(ascent, |height| f32::from(height) * scale);
        descriptor.cap_height(capital).stem_v(80.0);
        if is_cff {
            descriptor.font_file3(file);
        } else {
            descriptor.font_file2(file);
        }
    }

    /// The name that its maker gave it, as far as it is plain.
    fn name(&self) -> String {
        let names = self.face.names().into_iter().filter(|name| name.name_id == name_id::POST_SCRIPT_NAME);
        let name = names.filter_map(|name| name.to_string()).next().unwrap_or_default();
        let plain: String = name.chars().filter(|sign| sign.is_ascii_alphanumeric() || *sign == '-').take(60).collect();
        if plain.is_empty() { "Font".into() } else { plain }
    }
}

/// Signs that steer how others are shown and show nothing themselves.
fn is_ignorable(sign: char) -> bool {
    matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
