//! PNG to planes, row by row.

use std::io::Cursor;

use png::{ColorType, DecodingError, Limits, Reader, Transformations};

use super::PhotoError;
use super::colour::Colour;
use super::exif::{self, Orientation};
use super::plane::{Intake, Picture, fit};
use super::shrink::{MAX_UNFOLDED, check_size, too_many};

/// What chunks and rows may take in memory, in bytes. A row of 30,000 pixels takes 240,000.
const MAX_CHUNKS: usize = 16 * 1024 * 1024;

/// Takes rows of whichever kind and finishes as a picture.
enum Rows {
    Grey(Intake),
    Colour(Box<Colour>),
}

/// The picture, fitted into a square of `max` but not yet upright. Sixteen bits become eight, a
/// palette becomes colours, and what is transparent lies on white paper.
pub(super) fn decode(input: &[u8], max: usize) -> Result<(Picture, Orientation), PhotoError> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(input), Limits { bytes: MAX_CHUNKS });
    // Compressed texts and profiles are not unpacked: nothing of them is wanted.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let info = decoder.read_header_info().map_err(damaged)?;
    let size = (info.width as usize, info.height as usize);
    check_size(size)?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    let orientation = reader.info().exif_metadata.as_deref().and_then(exif::orientation);
    let (kind, wanted) = (reader.output_color_type().0, fit(size, max));
    let mut rows = match kind {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => {
            Rows::Grey(Intake::new(size, (size.0 as f64, size.1 as f64), wanted))
        }
        _ => Rows::Colour(Box::new(Colour::new(size, wanted))),
    };
    if reader.info().interlaced {
        let whole = reader.output_buffer_size().filter(|bytes| *bytes as u64 <= MAX_UNFOLDED);
        let mut pixels = vec![0; whole.ok_or_else(|| too_many(size))?];
        reader.next_frame(&mut pixels).map_err(damaged)?;
        pixels.chunks_exact(size.0 * kind.samples()).for_each(|row| rows.take(row, kind));
    } else {
        each_row(&mut reader, |row| rows.take(row, kind))?;
    }
    let picture = match rows {
        Rows::Grey(luma) => Picture { luma: luma.finish()?, chroma: None },
        Rows::Colour(colour) => colour.finish()?,
    };
    Ok((picture, orientation.unwrap_or(Orientation::UPRIGHT)))
}

fn each_row(reader: &mut Reader<Cursor<&[u8]>>, mut take: impl FnMut(&[u8])) -> Result<(), PhotoError> {
    while let Some(row) = reader.next_row().map_err(damaged)? {
        take(row.data());
    }
    Ok(())
}

impl Rows {
    fn take(&mut self, row: &[u8], kind: ColorType) {
        let on_white = |sample: u8, alpha: u8| {
            let (sample, alpha) = (u32::from(sample), u32::from(alpha));
            u8::try_from((sample * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        match (self, kind) {
            (Rows::Grey(luma), ColorType::GrayscaleAlpha) => {
                let row: Vec<u8> = row.as_chunks::<2>().0.iter().map(|&[grey, a]| on_white(grey, a)).collect();
                luma.take(&row);
            }
            (Rows::Grey(luma), _) => luma.take(row),
            (Rows::Colour(colour), ColorType::Rgba) => {
                let pixels = row.as_chunks::<4>().0.iter();
                let row: Vec<u8> = pixels.flat_map(|&[r, g, b, a]| [r, g, b].map(|c| on_white(c, a))).collect();
                colour.take(&row);
            }
            (Rows::Colour(colour), _) => colour.take(row),
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: DecodingError) -> PhotoError {
    PhotoError::damaged(error)
}
