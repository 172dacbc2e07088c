//! What a JPEG says about itself, read before a decoder sees it: size, kind, scans, orientation.

use super::PhotoError;
use super::exif::{self, Orientation};

/// The head of a JPEG, checked: no side is 0 and there is a first scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples of all components, padded to whole blocks.
    pub(super) samples: u64,
    /// Whether all coefficients must be in memory before the first row can be made: progressive
    /// pictures, and those that store their components one after the other.
    pub(super) unfolds: bool,
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
}

struct Frame {
    width: usize,
    height: usize,
    components: usize,
    samples: u64,
    progressive: bool,
}

/// Reads the segments of `input`, a JPEG by its first bytes.
///
/// Of a picture that unfolds all scans are counted, because each costs a walk over all blocks however
/// few bytes it has.
///
/// # Errors
/// `Damaged`; `NoPreviewYet` for kinds of JPEG that no camera makes.
pub(super) fn read(input: &[u8]) -> Result<Header, PhotoError> {
    let mut found = Found::default();
    let mut at = 2;
    while let Some((marker, segment, next)) = segment(input, at)? {
        at = next;
        match marker {
            0xC0..=0xC2 if found.frame.is_some() => return Err(PhotoError::damaged("two frames")),
            0xC0..=0xC2 => found.frame = Some(frame(segment, marker == 0xC2)?),
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Err(PhotoError::NoPreviewYet { kind: "lossless or arithmetic JPEG" });
            }
            0xE1 if found.orientation.is_none() => {
                found.orientation = segment.strip_prefix(b"Exif\0\0").and_then(exif::orientation);
            }
            0xDA => {
                let Some(frame) = &found.frame else { return Err(PhotoError::damaged("a scan before the frame")) };
                found.scans += 1;
                found.unfolds |=
                    frame.progressive || segment.first().map(|n| usize::from(*n)) != Some(frame.components);
                if !found.unfolds {
                    break;
                }
                if found.scans > MAX_SCANS {
                    return Err(PhotoError::damaged(format!("more than {MAX_SCANS} scans")));
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
        samples: frame.samples,
        unfolds: found.unfolds,
        orientation: found.orientation.unwrap_or(Orientation::UPRIGHT),
    })
}

/// The next marker at or after `at`, the body of its segment, and where to go on; `None` at the end.
fn segment(input: &[u8], at: usize) -> Result<Option<(u8, &[u8], usize)>, PhotoError> {
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
                return Ok(Some((marker, body, end)));
            }
        }
    }
}

fn frame(segment: &[u8], progressive: bool) -> Result<Frame, PhotoError> {
    let (&[bits, h1, h0, w1, w0, count], rest) =
        segment.split_first_chunk::<6>().ok_or_else(|| PhotoError::damaged("a short frame"))?;
    if bits != 8 {
        return Err(PhotoError::NoPreviewYet { kind: "JPEG of more than 8 bits" });
    }
    let (width, height) = (usize::from(u16::from_be_bytes([w1, w0])), usize::from(u16::from_be_bytes([h1, h0])));
    let (components, _) = rest.as_chunks::<3>();
    let sides: Vec<_> = components.iter().map(|c| (usize::from(c[1] >> 4), usize::from(c[1] & 15))).collect();
    let sound = sides.iter().all(|(h, v)| (1..=4).contains(h) && (1..=4).contains(v));
    if width == 0 || height == 0 || !sound || sides.len() != usize::from(count) || !matches!(count, 1 | 3 | 4) {
        return Err(PhotoError::damaged("a frame that makes no sense"));
    }
    let wide = sides.iter().map(|side| side.0).max().unwrap_or(1);
    let high = sides.iter().map(|side| side.1).max().unwrap_or(1);
    let blocks = width.div_ceil(8 * wide) as u64 * height.div_ceil(8 * high) as u64;
    let samples = sides.iter().map(|(h, v)| blocks * (h * v * 64) as u64).sum();
    Ok(Frame { width, height, components: sides.len(), samples, progressive })
}
