//! Rows of red, green and blue to planes of YCbCr.

use super::PhotoError;
use super::plane::{Intake, Picture, Size, chroma_size};

/// Takes rows of three bytes a pixel.
pub(super) struct Rgb {
    luma: Intake,
    chroma: [Intake; 2],
    rows: [Vec<u8>; 3],
}

impl Rgb {
    pub(super) fn new(size: Size, wanted: Size) -> Rgb {
        let extent = (size.0 as f64, size.1 as f64);
        let chroma = || Intake::new(size, extent, chroma_size(wanted));
        Rgb { luma: Intake::new(size, extent, wanted), chroma: [chroma(), chroma()], rows: Default::default() }
    }

    pub(super) fn take(&mut self, row: &[u8]) {
        self.rows.iter_mut().for_each(Vec::clear);
        for &[r, g, b] in row.as_chunks::<3>().0 {
            let (y, cb, cr) = jpeg_encoder::rgb_to_ycbcr(r, g, b);
            self.rows[0].push(y);
            self.rows[1].push(cb);
            self.rows[2].push(cr);
        }
        self.luma.take(&self.rows[0]);
        self.chroma[0].take(&self.rows[1]);
        self.chroma[1].take(&self.rows[2]);
    }

    pub(super) fn finish(self) -> Result<Picture, PhotoError> {
        let [cb, cr] = self.chroma;
        Ok(Picture { luma: self.luma.finish()?, chroma: Some([cb.finish()?, cr.finish()?]) })
    }
}
