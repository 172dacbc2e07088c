//! Rows of red, green and blue to planes of YCbCr.

use super::PhotoError;
use super::plane::{Intake, Picture, Size, chroma_size};

/// Takes rows of three bytes a pixel.
pub(super) struct Colour {
    luma: Intake,
    chroma: [Intake; 2],
    rows: [Vec<u8>; 3],
}

impl Colour {
    pub(super) fn new(size: Size, wanted: Size) -> Colour {
        let extent = (size.0 as f64, size.1 as f64);
        let chroma = || Intake::new(size, extent, chroma_size(wanted));
        Colour { luma: Intake::new(size, extent, wanted), chroma: [chroma(), chroma()], rows: Default::default() }
    }

    pub(super) fn take(&mut self, row: &[u8]) {
        let pixels = row.as_chunks::<3>().0;
        let [luma, cb, cr] = &mut self.rows;
        for plane in [&mut *luma, &mut *cb, &mut *cr] {
            plane.resize(pixels.len(), 0);
        }
        for (&[r, g, b], ((luma, cb), cr)) in pixels.iter().zip(luma.iter_mut().zip(cb).zip(cr)) {
            (*luma, *cb, *cr) = jpeg_encoder::rgb_to_ycbcr(r, g, b);
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
