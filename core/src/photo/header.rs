//! What a JPEG says about itself, read before a decoder sees it: size, kind, scans, orientation.

use super::PhotoError;
use super::exif::{self, Orientation};
use super::shrink::check_size;

/// How large a JPEG is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Width in pixels, as its rows lie in the file.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// How many components it has: one of greys, three of colours, four of inks.
    pub components: usize,
}

/// Measures a JPEG without unpacking it.
///
/// # Errors
/// `not_an_image` when it is no JPEG; otherwise as for a preview of it.
pub fn measure(input: &[u8]) -> Result<Measure, PhotoError> {
    if !input.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Err(PhotoError::NotAnImage);
    }
    let Header { width, height, components, .. } = read(input)?;
    Ok(Measure { width, height, components })
}

/// The head of a JPEG, checked: no side is 0 and there is a first scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: usize,
    /// Samples of all components, padded to whole blocks.
    pub(super) samples: u64,
    /// Whether all coefficients must be in memory before the first row can be made: progressive
    /// pictures, and those that store their components one after the other.
    pub(super) unfolds: bool,
    /// Whether every component has one or two samples where the others have one.
    pub(super) plain: bool,
    pub(super) orientation: Orientation,
}

/// A progressive picture of a camera has about ten.
const MAX_SCANS: usize = 100;

#[derive(Default)]
struct Found {
    frame: Option<Frame>,
    orientation: Option<Orientation>,
    scans: usize,
    unfolds: bool,
    restarts: bool,
}

struct Frame {
    width: usize,
    height: usize,
    /// The name of each component, and its blocks without those that only pad the last unit.
    components: Vec<(u8, u64)>,
    samples: u64,
    plain: bool,
    progressive: bool,
}

struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
    /// Where the next one may begin.
    end: usize,
}

struct Scan {
    /// Whether all components are in it.
    holds_all: bool,
    /// A block takes at least this much of it, all blocks together.
    least_bits: u64,
}

/// Reads the segments of `input`, a JPEG by its first bytes.
///
/// Of a picture that unfolds all scans are counted, because each costs a walk over all blocks however
/// few bytes it has.
///
/// # Errors
/// `Damaged`; `TooManyPixels`; `NoPreviewYet` for kinds of JPEG that no camera makes.
pub(super) fn read(input: &[u8]) -> Result<Header, PhotoError> {
    let mut found = Found::default();
    let mut at = 2;
    while let Some(Segment { marker, body, end }) = segment(input, at)? {
        at = end;
        match marker {
            0xC0..=0xC2 if found.frame.is_some() => return Err(PhotoError::damaged("two frames")),
            0xC0..=0xC2 => found.frame = Some(frame(body, marker == 0xC2)?),
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Err(PhotoError::NoPreviewYet { kind: "lossless or arithmetic JPEG" });
            }
            0xE1 if found.orientation.is_none() => {
                found.orientation = body.strip_prefix(b"Exif\0\0").and_then(exif::orientation);
            }
            0xDD => found.restarts = body.iter().any(|byte| *byte != 0),
            0xDA => {
                let Some(frame) = &found.frame else { return Err(PhotoError::damaged("a scan before the frame")) };
                let scan = scan(body, frame)?;
                if found.restarts && !frame.progressive && !scan.holds_all {
                    // zune-jpeg 0.5.16-rc3 puts the blocks of these in wrong places.
                    return Err(PhotoError::NoPreviewYet { kind: "JPEG of separate scans with restarts" });
                }
                found.scans += 1;
                found.unfolds |= frame.progressive || !scan.holds_all;
                if found.scans > MAX_SCANS {
                    return Err(PhotoError::damaged(format!("more than {MAX_SCANS} scans")));
                }
                let least = usize::try_from(scan.least_bits / 8).unwrap_or(usize::MAX);
                // Nothing after the one scan of an ordinary picture matters: it need not be walked through.
                let seen = if found.unfolds { input.len() } else { input.len().min(end.saturating_add(least + 2)) };
                at = after_scan(&input[..seen], end);
                // What claims millions of pixels in a few bytes is not worth their memory.
                if at - end < least {
                    return Err(PhotoError::damaged("a scan ends early"));
                }
                if !found.unfolds {
                    break;
                }
            }
            _ => {}
        }
    }
    let Some(frame) = found.frame.filter(|_| found.scans > 0) else {
        return Err(PhotoError::damaged("it holds no picture"));
    };
    Ok(Header {
        width: frame.width,
        height: frame.height,
        components: frame.components.len(),
        samples: frame.samples,
        unfolds: found.unfolds,
        plain: frame.plain,
        orientation: found.orientation.unwrap_or(Orientation::UPRIGHT),
    })
}

/// The next segment at or after `at`; `None` at the end.
fn segment(input: &[u8], at: usize) -> Result<Option<Segment<'_>>, PhotoError> {
    let mut at = at;
    loop {
        // Whatever stands between segments is entropy-coded data, or nothing that a decoder minds.
        let Some(mark) = input.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xFF)) else {
            return Ok(None);
        };
        at += mark + 1;
        match input.get(at) {
            None | Some(0xD9) => return Ok(None),
            Some(0xFF) => {}
            Some(0x00 | 0x01 | 0xD0..=0xD8) => at += 1,
            Some(&marker) => {
                let cut = || PhotoError::damaged("a segment is cut off");
                let length = input.get(at + 1..at + 3).ok_or_else(cut)?;
                let end = at + 1 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                let body = input.get(at + 3..end).ok_or_else(cut)?;
                return Ok(Some(Segment { marker, body, end }));
            }
        }
    }
}

/// Where the entropy-coded data that begins at `at` ends: at a marker, or the end of the input.
fn after_scan(input: &[u8], at: usize) -> usize {
    let ends = |pair: &[u8]| matches!(pair, [0xFF, second] if !matches!(second, 0 | 0xD0..=0xD7 | 0xFF));
    input[at..].windows(2).position(ends).map_or(input.len(), |length| at + length)
}

fn scan(body: &[u8], frame: &Frame) -> Result<Scan, PhotoError> {
    let wrong = || PhotoError::damaged("a scan that makes no sense");
    let (&count, rest) = body.split_first().ok_or_else(wrong)?;
    let names = rest.get(..2 * usize::from(count)).ok_or_else(wrong)?;
    let &[first, _, bits] = rest.get(names.len()..).and_then(<[u8]>::first_chunk).ok_or_else(wrong)?;
    let mut blocks = 0;
    for pair in names.chunks_exact(2) {
        blocks += frame.components.iter().find(|component| component.0 == pair[0]).ok_or_else(wrong)?.1;
    }
    // A code has one bit at least: for the first coefficient, and for the end of the others. Progressive
    // scans of the others can end thousands of blocks with one code.
    let least = match (frame.progressive, first, bits >> 4) {
        (false, ..) => 2,
        (true, 0, _) => 1,
        (true, ..) => 0,
    };
    Ok(Scan { holds_all: usize::from(count) == frame.components.len(), least_bits: least * blocks })
}

fn frame(body: &[u8], progressive: bool) -> Result<Frame, PhotoError> {
    let (&[bits, h1, h0, w1, w0, count], rest) =
        body.split_first_chunk::<6>().ok_or_else(|| PhotoError::damaged("a short frame"))?;
    if bits != 8 {
        return Err(PhotoError::NoPreviewYet { kind: "JPEG of more than 8 bits" });
    }
    let (width, height) = (usize::from(u16::from_be_bytes([w1, w0])), usize::from(u16::from_be_bytes([h1, h0])));
    let (components, _) = rest.as_chunks::<3>();
    let sides: Vec<_> = components.iter().map(|c| (usize::from(c[1] >> 4), usize::from(c[1] & 15))).collect();
    let sound = sides.iter().all(|(h, v)| (1..=4).contains(h) && (1..=4).contains(v));
    if width == 0 || height == 0 || !sound || components.len() != usize::from(count) || !matches!(count, 1 | 3 | 4) {
        return Err(PhotoError::damaged("a frame that makes no sense"));
    }
    check_size((width, height))?;
    let wide = sides.iter().map(|side| side.0).max().unwrap_or(1);
    let high = sides.iter().map(|side| side.1).max().unwrap_or(1);
    let units = width.div_ceil(8 * wide) as u64 * height.div_ceil(8 * high) as u64;
    let samples = sides.iter().map(|(h, v)| units * (h * v * 64) as u64).sum();
    let blocks =
        |(h, v): (usize, usize)| (width * h).div_ceil(8 * wide) as u64 * (height * v).div_ceil(8 * high) as u64;
    let components = components.iter().zip(sides).map(|(c, side)| (c[0], blocks(side))).collect();
    Ok(Frame { width, height, components, samples, plain: wide <= 2 && high <= 2, progressive })
}

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder};

    use super::*;

    fn made(change: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, 80);
        change(&mut encoder);
        encoder.encode(&[9; 30 * 20 * 3], 30, 20, ColorType::Rgb).unwrap();
        jpeg
    }

    #[test]
    fn the_head_tells_what_memory_will_be_needed() {
        let plain = read(&made(|_| {})).unwrap();
        // Two by two units of sixteen pixels, half as many samples again for colour.
        assert_eq!((plain.width, plain.height, plain.samples, plain.unfolds), (30, 20, 32 * 32 * 3 / 2, false));
        assert!(read(&made(|encoder| encoder.set_progressive(true))).unwrap().unfolds);
        assert!(read(&made(|encoder| encoder.set_optimized_huffman_tables(true))).unwrap().unfolds);
    }

    #[test]
    fn kinds_that_no_camera_makes_are_named_so() {
        let plain = made(|_| {});
        let at = plain.windows(2).position(|window| window == [0xFF, 0xC0]).unwrap();
        for marker in [0xC3, 0xC5, 0xC9, 0xCA, 0xCF] {
            let mut other = plain.clone();
            other[at + 1] = marker;
            assert_eq!(read(&other).unwrap_err().code(), "no_preview_yet");
        }
        let mut deep = plain;
        deep[at + 4] = 12;
        assert_eq!(read(&deep).unwrap_err().code(), "no_preview_yet");
    }

    #[test]
    fn a_scan_with_fewer_bits_than_blocks_is_damage() {
        let jpeg = made(|encoder| encoder.set_progressive(true));
        let scan = jpeg.windows(2).position(|window| window == [0xFF, 0xDA]).unwrap();
        let data = scan + 2 + usize::from(jpeg[scan + 3]);
        assert_eq!(after_scan(&jpeg, data), data + jpeg[data..].iter().position(|byte| *byte == 0xFF).unwrap());
        let empty = [&jpeg[..data], &jpeg[after_scan(&jpeg, data)..]].concat();
        assert_eq!(read(&empty).unwrap_err().code(), "damaged");
    }
}
