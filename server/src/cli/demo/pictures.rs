//! Photos that nobody took: a street, a wall and something that should not be there, drawn.

use jpeg_encoder::{ColorType, Encoder};

use super::chance::Chance;
use crate::cli::Failure;

/// A JPEG of this size.
pub(super) fn draw(chance: &mut Chance, width: u16, height: u16) -> Result<Vec<u8>, Failure> {
    let (w, h) = (usize::from(width), usize::from(height));
    let mut pixels = vec![0; w * h * 3];
    let sky = [120 + chance.below(80), 150 + chance.below(60), 190 + chance.below(50)];
    let ground = 70 + chance.below(60);
    for y in 0..h {
        for x in 0..w {
            let at = (y * w + x) * 3;
            let grain = chance.below(24);
            let colour = if y < h / 2 { sky.map(|part| part - 60 * y / h) } else { [ground + 20 * y / h; 3] };
            for (part, value) in colour.into_iter().enumerate() {
                pixels[at + part] = u8::try_from((value + grain).min(255)).unwrap_or(u8::MAX);
            }
        }
    }
    for _ in 0..4 + chance.below(8) {
        heap(chance, &mut pixels, w, h);
    }
    let mut jpeg = Vec::new();
    let drawn = Encoder::new(&mut jpeg, 88).encode(&pixels, width, height, ColorType::Rgb);
    drawn.map_err(|error| Failure::new("internal", error))?;
    Ok(jpeg)
}

/// A heap, a stall or a poster.
fn heap(chance: &mut Chance, pixels: &mut [u8], w: usize, h: usize) {
    let (left, top) = (chance.below(w * 3 / 4), h / 3 + chance.below(h / 2));
    let (wide, high) = (w / 20 + chance.below(w / 5), h / 20 + chance.below(h / 6));
    let colour = [chance.below(256), chance.below(256), chance.below(256)];
    for y in top..(top + high).min(h) {
        for x in left..(left + wide).min(w) {
            let at = (y * w + x) * 3;
            for (part, value) in colour.iter().enumerate() {
                pixels[at + part] = u8::try_from((value + chance.below(16)).min(255)).unwrap_or(u8::MAX);
            }
        }
    }
}
