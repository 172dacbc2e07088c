//! The stamp on a display copy: a few lines of white text on a dark band, bottom left.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ab_glyph::{Font as _, FontVec, Glyph, PxScale, PxScaleFont, ScaleFont as _, point};

use super::Font;
use super::plane::{Picture, Plane};

/// What is written on a display copy, such as time, place and inspector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Lines from top to bottom. Long ones are wrapped. Control characters and those that turn the
    /// direction of writing are left out; signs that the font does not know show as its sign for that. With a letter or
    /// a digit that it does not know nothing is written at all: a row of boxes says neither where nor who.
    pub lines: Vec<String>,
}

/// Height of a character, as a part of the picture's long side.
const PART_OF_SIDE: f32 = 40.0;

/// No smaller, in pixels: below that nobody can read it.
const SMALLEST: f32 = 8.0;

/// More characters than this are left out.
const MOST_CHARACTERS: usize = 2_000;

/// What the band leaves of the picture behind it, of 255.
const KEPT: u32 = 100;

/// Text set in lines, in pixels from the top left of its band.
struct Layout {
    glyphs: Vec<Glyph>,
    width: usize,
    height: usize,
}

impl Stamp {
    /// Letters and digits of the stamp that `font` does not know, each once; empty when it can be written.
    pub fn unknown_to(&self, font: &Font) -> String {
        let unknown = || {
            let mut unknown = String::new();
            for c in self.clean().into_iter().flatten().filter(|c| c.is_alphanumeric()) {
                if font.face.glyph_id(c).0 == 0 && !unknown.contains(c) {
                    unknown.push(c);
                }
            }
            unknown
        };
        // What makes its reader panic knows no letter.
        catch_unwind(AssertUnwindSafe(unknown)).unwrap_or_else(|_| self.lines.concat())
    }

    /// Writes the stamp into the bottom left of `picture`; false when nothing was written, because no
    /// character is left, the font does not know one, or the picture is too small to hold them.
    pub(super) fn draw(&self, font: &Font, picture: &mut Picture) -> bool {
        if !self.unknown_to(font).is_empty() {
            return false;
        }
        let drawn = catch_unwind(AssertUnwindSafe(|| {
            let layout = self.layout(&font.face, picture.size())?;
            let mask = coverage(&font.face, &layout);
            Some((layout, mask))
        }));
        let Ok(Some((layout, mask))) = drawn else { return false };
        let height = picture.luma.height;
        let top = height - layout.height;
        blend(&mut picture.luma, &mask, layout.width, top, 255);
        let halved = picture.is_halved();
        for plane in picture.chroma.iter_mut().flatten() {
            if halved {
                let small = quartered(&mask, layout.width);
                blend(plane, &small, layout.width / 2, top / 2, 128);
            } else {
                blend(plane, &mask, layout.width, top, 128);
            }
        }
        true
    }

    /// The characters to draw, line by line.
    fn clean(&self) -> Vec<Vec<char>> {
        let mut left = MOST_CHARACTERS;
        let lines = self.lines.iter().flat_map(|line| line.lines());
        let lines = lines.map(|line| {
            let shown = line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| is_shown(*c));
            let shown: Vec<char> = shown.take(left).collect();
            left -= shown.len();
            shown
        });
        lines.filter(|line| line.iter().any(|c| !c.is_whitespace())).collect()
    }

    /// Sets the lines in the largest size that leaves the upper half of the picture free.
    fn layout(&self, face: &FontVec, (width, height): (usize, usize)) -> Option<Layout> {
        let lines = self.clean();
        if lines.is_empty() {
            return None;
        }
        let mut em = (width.max(height) as f32 / PART_OF_SIDE).max(SMALLEST);
        loop {
            let layout = set(face, em, &lines, width);
            if layout.as_ref().is_some_and(|layout| layout.height * 2 <= height) {
                return layout;
            }
            if em <= SMALLEST {
                return None;
            }
            em = (em * 0.85).max(SMALLEST);
        }
    }
}

fn is_shown(c: char) -> bool {
    let turns = matches!(c, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    !c.is_control() && !turns
}

/// Sets `lines` with characters of `em` pixels; `None` when not even one character fits into the width.
fn set(face: &FontVec, em: f32, lines: &[Vec<char>], width: usize) -> Option<Layout> {
    let tall = face.height_unscaled() / face.units_per_em().filter(|units| *units > 0.0)?;
    // A font with absurd measures is treated as one with ordinary ones.
    let tall = if tall.is_finite() && (0.5..=3.0).contains(&tall) { tall } else { 1.2 };
    let scaled = face.as_scaled(PxScale::from(em * tall));
    let (margin, step) = (em * 0.5, em * tall.max(1.2));
    let room = width as f32 - 2.0 * margin;
    let mut glyphs = Vec::new();
    let (mut rows, mut widest) = (0_u16, 0.0_f32);
    for line in lines {
        for row in wrapped(&scaled, line, em, room)? {
            let base = margin + f32::from(rows) * step + em * tall * 0.8;
            let mut x = margin;
            for c in row {
                let id = scaled.glyph_id(*c);
                glyphs.push(id.with_scale_and_position(scaled.scale(), point(x, base)));
                x += advance(&scaled, *c, em);
            }
            widest = widest.max(x);
            rows = rows.saturating_add(1);
        }
    }
    // Even sides keep the band on the grid of the colour planes.
    let even = |side: f32| (side.ceil() as usize).next_multiple_of(2);
    let height = even(2.0 * margin + f32::from(rows) * step);
    let wide = even(widest + margin);
    Some(Layout { glyphs, width: if wide > width { width } else { wide }, height })
}

fn advance(face: &PxScaleFont<&FontVec>, c: char, em: f32) -> f32 {
    let advance = face.h_advance(face.glyph_id(c));
    if advance.is_finite() { advance.clamp(0.0, 3.0 * em) } else { em }
}

/// Breaks a line where it is full, at a space if there is one in its second half.
fn wrapped<'a>(face: &PxScaleFont<&FontVec>, line: &'a [char], em: f32, room: f32) -> Option<Vec<&'a [char]>> {
    let (mut rows, mut rest) = (Vec::new(), line);
    while !rest.is_empty() {
        let mut x = 0.0;
        let fits = rest.iter().take_while(|c| {
            x += advance(face, **c, em);
            x <= room
        });
        let mut end = fits.count();
        if end == 0 {
            return None;
        }
        if end < rest.len() {
            let space = rest[..end].iter().rposition(|c| *c == ' ').filter(|at| *at > end / 2);
            end = space.map_or(end, |at| at + 1);
        }
        rows.push(&rest[..end]);
        rest = &rest[end..];
    }
    Some(rows)
}

/// How much of each pixel of the band the text covers.
fn coverage(face: &FontVec, layout: &Layout) -> Vec<u8> {
    let mut mask = vec![0_u8; layout.width * layout.height];
    for glyph in &layout.glyphs {
        let most = glyph.scale.y * 4.0;
        let Some(outline) = face.outline_glyph(glyph.clone()) else { continue };
        let bounds = outline.px_bounds();
        // An absurd glyph would be drawn into memory of its own size first.
        if !(bounds.width() <= most && bounds.height() <= most) {
            continue;
        }
        outline.draw(|x, y, covered| {
            let (x, y) = (bounds.min.x + x as f32, bounds.min.y + y as f32);
            if x >= 0.0 && y >= 0.0 && (x as usize) < layout.width && (y as usize) < layout.height {
                let pixel = &mut mask[y as usize * layout.width + x as usize];
                *pixel = pixel.saturating_add((covered.clamp(0.0, 1.0) * 255.0) as u8);
            }
        });
    }
    mask
}

/// The mask at half the size.
fn quartered(mask: &[u8], width: usize) -> Vec<u8> {
    let mut small = Vec::with_capacity(mask.len() / 4);
    for rows in mask.chunks_exact(2 * width) {
        let (upper, lower) = rows.split_at(width);
        for (a, b) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
            let sum: u16 = [a[0], a[1], b[0], b[1]].into_iter().map(u16::from).sum();
            small.push((sum / 4) as u8);
        }
    }
    small
}

/// Darkens the band of `width` that begins at row `top`, and lays the text on it. The value `text` is
/// white for brightness and no colour for colour.
fn blend(plane: &mut Plane, mask: &[u8], width: usize, top: usize, text: u32) {
    let dark = if text == 128 { 128 } else { 0 };
    let mix = |under: u32, over: u32, part: u32| (under * (255 - part) + over * part + 127) / 255;
    let rows = plane.samples.chunks_exact_mut(plane.width).skip(top);
    for (row, covered) in rows.zip(mask.chunks_exact(width)) {
        for (sample, covered) in row.iter_mut().zip(covered) {
            let band = mix(u32::from(*sample), dark, 255 - KEPT);
            *sample = u8::try_from(mix(band, text, u32::from(*covered))).unwrap_or(u8::MAX);
        }
    }
}
