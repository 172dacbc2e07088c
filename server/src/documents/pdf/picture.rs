//! Pictures in a document: JPEGs as they are, none of them unpacked.

use xuncha_core::photo::measure;

/// Most bytes of pictures in one document; they are in memory until it is written.
pub(super) const MOST: usize = 48 * 1024 * 1024;

/// A picture that a document can hold.
pub(super) struct Picture {
    pub(super) bytes: Vec<u8>,
    pub(super) width: i32,
    pub(super) height: i32,
    /// One component, and not three.
    pub(super) is_grey: bool,
}

impl Picture {
    /// The picture in `bytes`; none when it is no JPEG of one or three components that is whole.
    pub(super) fn of(bytes: Vec<u8>) -> Option<Picture> {
        let size = measure(&bytes).ok()?;
        let is_grey = match size.components {
            1 => true,
            3 => false,
            // Four are inks, of which programs say the one or the other.
            _ => return None,
        };
        let (width, height) = (i32::try_from(size.width).ok()?, i32::try_from(size.height).ok()?);
        Some(Picture { bytes, width, height, is_grey })
    }

    /// How large it is shown where it may be so wide and so high.
    pub(super) fn shown(&self, wide: f32, high: f32) -> (f32, f32) {
        #[expect(clippy::cast_precision_loss, reason = "sides of pictures are below 2^16")]
        let (width, height) = (self.width as f32, self.height as f32);
        let scale = (wide / width).min(high / height);
        (width * scale, height * scale)
    }
}
