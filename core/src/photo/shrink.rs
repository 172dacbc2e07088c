//! Previews: the display copy and the thumbnail of a photo, from one decode.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::plane::{Picture, Size};
use super::{Font, MAX_ORIGINAL, PhotoError, Stamp, encode, jpeg, media_type, pngs};

/// Most pixels that a preview is made of.
pub const MAX_PIXELS: u64 = 100_000_000;

/// Longest side that a preview is made of, in pixels.
pub const MAX_SIDE: u32 = 30_000;

/// What a picture may unfold to that cannot be decoded row by row, in bytes: progressive JPEG (up to 44
/// megapixels with colour at half the size, 29 without), JPEG in CMYK or RGB (89), interlaced PNG (67).
pub(super) const MAX_UNFOLDED: u64 = 256 * 1024 * 1024;

/// What previews are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Long side of the display copy, in pixels, 1 to 16,384; a smaller photo is not enlarged.
    pub display: u32,
    /// Long side of the thumbnail, in pixels, at most that of the display copy.
    pub thumbnail: u32,
    /// JPEG quality of both, 1 to 100.
    pub quality: u8,
    /// What to write on the display copy.
    pub stamp: Option<&'a Stamp>,
    /// With which font; without one nothing is written.
    pub font: Option<&'a Font>,
}

impl Default for Wanted<'_> {
    /// 2048 and 320 pixels, quality 80, no stamp.
    fn default() -> Self {
        Wanted { display: 2048, thumbnail: 320, quality: 80, stamp: None, font: None }
    }
}

/// A JPEG without any metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Its bytes.
    pub jpeg: Vec<u8>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// What [`shrink`] makes of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previews {
    /// To look at, upright.
    pub display: Preview,
    /// For lists, upright, never stamped.
    pub thumbnail: Preview,
    /// Whether the stamp was written on the display copy.
    pub stamped: bool,
}

/// Makes the display copy and the thumbnail of a photo: upright by its EXIF, as JPEG, without EXIF,
/// place or colour profile.
///
/// Greyscale stays grey; CMYK becomes colour; 16 bits become 8; what is transparent lies on white.
/// Samples are not converted between colour profiles.
///
/// The bytes may be hostile. Sizes are checked before anything is decoded, and rows are averaged as
/// they come. Beside `input`, what comes row by row takes at most 120 MB (30 for 12 megapixels of a
/// camera), what unfolds first at most 320 MB (see [`PhotoError::TooManyPixels`]). A panic in a decoder is caught and becomes `damaged`; it needs
/// unwinding, so an app must not be built with `panic = "abort"`.
///
/// # Errors
/// `empty`, `not_an_image`, `too_many_bytes`, `too_many_pixels`, `damaged` (cut off as well: half a
/// picture is not shown as if it were one), `no_preview_yet` (HEIC, and JPEGs that no camera makes).
pub fn shrink(input: &[u8], wanted: &Wanted<'_>) -> Result<Previews, PhotoError> {
    guarded(|| previews(input, wanted))
}

/// Makes a panic of `work` an error. What it leaves behind is dropped, so nothing broken is seen.
fn guarded<T>(work: impl FnOnce() -> Result<T, PhotoError>) -> Result<T, PhotoError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(PhotoError::damaged("its decoder gave up")))
}

fn previews(input: &[u8], wanted: &Wanted<'_>) -> Result<Previews, PhotoError> {
    let display = wanted.display.clamp(1, 16_384);
    let mut picture = decode(input, display as usize)?;
    let thumbnail = picture.smaller(wanted.thumbnail.clamp(1, display) as usize)?;
    let stamped = match (wanted.stamp, wanted.font) {
        (Some(stamp), Some(font)) => stamp.draw(font, &mut picture),
        _ => false,
    };
    let quality = wanted.quality.clamp(1, 100);
    Ok(Previews {
        display: encode::encode(&picture, quality)?,
        thumbnail: encode::encode(&thumbnail, quality)?,
        stamped,
    })
}

fn decode(input: &[u8], max: usize) -> Result<Picture, PhotoError> {
    if input.is_empty() {
        return Err(PhotoError::Empty);
    }
    if input.len() as u64 > MAX_ORIGINAL {
        return Err(PhotoError::TooManyBytes { limit: MAX_ORIGINAL });
    }
    let (picture, orientation) = match media_type(input) {
        Some("image/jpeg") => jpeg::decode(input, max)?,
        Some("image/png") => pngs::decode(input, max)?,
        Some(_) => return Err(PhotoError::NoPreviewYet { kind: "HEIC" }),
        None => return Err(PhotoError::NotAnImage),
    };
    Ok(picture.upright(orientation))
}

/// Refuses what is too large, before anything is allocated for it.
pub(super) fn check_size(size: Size) -> Result<(), PhotoError> {
    let too_long = size.0.max(size.1) > MAX_SIDE as usize;
    if too_long || size.0 as u64 * size.1 as u64 > MAX_PIXELS { Err(too_many(size)) } else { Ok(()) }
}

pub(super) fn too_many((width, height): Size) -> PhotoError {
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    PhotoError::TooManyPixels { width: side(width), height: side(height) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_decoder_is_damage() {
        let outcome: Result<(), _> = guarded(|| panic!("on purpose"));
        assert_eq!(outcome.unwrap_err().code(), "damaged");
    }

    #[test]
    fn limits_are_counted_without_overflow() {
        assert!(check_size((10_000, 10_000)).is_ok());
        for size in [(10_000, 10_001), (30_001, 1), (1, 30_001), (u32::MAX as usize, u32::MAX as usize)] {
            assert_eq!(check_size(size).unwrap_err().code(), "too_many_pixels");
        }
    }
}
