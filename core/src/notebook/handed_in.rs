//! A picture that the app hands in: shown and sent as it is, so it must be small, plain and sound.

use crate::photo::{Wanted, shrink};
use crate::{Error, Result};

/// Width and height of a JPEG that was handed in, if it may be shown and sent as it is.
pub(super) fn handed_in(field: &str, jpeg: &[u8], most: u32) -> Result<(u32, u32)> {
    let invalid = |detail: String| Error::Invalid { field: field.to_owned(), detail };
    let (width, height) = plain_jpeg(jpeg).map_err(|detail| invalid(detail.to_owned()))?;
    if width.max(height) > most {
        return Err(invalid(format!("{width} x {height} pixels are more than {most}")));
    }
    // Drawn once, small: what cannot be drawn would be shown to nobody.
    shrink(jpeg, &Wanted { display: 32, thumbnail: 32, ..Wanted::default() })
        .map_err(|error| invalid(error.to_string()))?;
    Ok((width, height))
}

/// Width and height by the segments before the first scan; none of them may hold metadata.
fn plain_jpeg(bytes: &[u8]) -> std::result::Result<(u32, u32), &'static str> {
    let mut rest = bytes.strip_prefix(&[0xFF, 0xD8]).ok_or("is not a JPEG")?;
    let mut size = None;
    loop {
        let (marker, len, after) = match rest {
            [0xFF, 0xFF, ..] => {
                rest = &rest[1..];
                continue;
            }
            [0xFF, marker, high, low, after @ ..] => (*marker, usize::from(u16::from_be_bytes([*high, *low])), after),
            _ => return Err("is cut off"),
        };
        let body = after.get(..len.saturating_sub(2)).ok_or("is cut off")?;
        rest = &after[body.len()..];
        match marker {
            0xDA => return size.ok_or("has no size"),
            // JFIF, a colour profile and Adobe's colour transform tell nothing about anybody.
            0xE1 | 0xE3..=0xED | 0xEF | 0xFE => return Err("carries metadata"),
            0xC0..=0xC2 => match body {
                [_, h1, h0, w1, w0, ..] => {
                    let number = |high: &u8, low: &u8| u32::from(u16::from_be_bytes([*high, *low]));
                    size = Some((number(w1, w0), number(h1, h0)));
                }
                _ => return Err("is cut off"),
            },
            _ => {}
        }
    }
}
