//! The one thing that is read from EXIF: which way up the picture is. Place and time never are; the op
//! carries them as they were at the shutter.

/// How a stored picture is turned to stand upright: the eight values of the EXIF tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orientation(u8);

impl Orientation {
    pub(super) const UPRIGHT: Orientation = Orientation(1);

    /// `None` for a value that the tag does not know.
    pub(super) fn new(value: u16) -> Option<Orientation> {
        u8::try_from(value).ok().filter(|value| (1..=8).contains(value)).map(Orientation)
    }

    /// Whether rows become columns.
    pub(super) fn transposes(self) -> bool {
        self.0 >= 5
    }

    /// Whether a row of the upright picture runs against the stored row or column it comes from.
    pub(super) fn flips_x(self) -> bool {
        matches!(self.0, 2 | 3 | 6 | 7)
    }

    /// Whether the rows of the upright picture run against the stored rows or columns.
    pub(super) fn flips_y(self) -> bool {
        matches!(self.0, 3 | 4 | 7 | 8)
    }
}

const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;

/// The orientation that a TIFF structure (the body of EXIF) states in its first directory.
///
/// Reads at most one directory, follows no link and allocates nothing, so that no count, offset or
/// loop in it can cost anything; what makes no sense is `None`.
pub(super) fn orientation(tiff: &[u8]) -> Option<Orientation> {
    let little = match tiff.get(..4)? {
        [b'I', b'I', 42, 0] => true,
        [b'M', b'M', 0, 42] => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| -> Option<u32> {
        let bytes = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let directory = usize::try_from(long(4)?).ok()?;
    let count = usize::from(short(directory)?);
    for entry in 0..count {
        let at = directory.checked_add(2 + entry * 12)?;
        if short(at)? == ORIENTATION {
            let sound = short(at + 2)? == SHORT && long(at + 4)? == 1;
            return if sound { Orientation::new(short(at + 8)?) } else { None };
        }
    }
    None
}
