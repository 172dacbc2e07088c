//! Planes to a JPEG that holds the picture and nothing else.

use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, SamplingFactor};

use super::PhotoError;
use super::plane::{Picture, Plane};
use super::shrink::Preview;

/// JPEG with colour at half the size, quality 1 to 100.
pub(super) fn encode(picture: &Picture, quality: u8) -> Result<Preview, PhotoError> {
    let mut jpeg = Vec::with_capacity(picture.luma.samples.len() / 6);
    let mut encoder = Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    // Planes of half the size hand each sample out four times, and the encoder takes one of them.
    let halved = picture.is_halved();
    let method = if halved { ChromaSubsamplingMethod::Nearest } else { ChromaSubsamplingMethod::Average };
    encoder.set_chroma_subsampling_method(method);
    encoder.encode_image(Source(picture)).map_err(PhotoError::damaged)?;
    let (width, height) = picture.size();
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    Ok(Preview { jpeg, width: side(width), height: side(height) })
}

struct Source<'a>(&'a Picture);

impl ImageBuffer for Source<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        if self.0.chroma.is_some() { JpegColorType::Ycbcr } else { JpegColorType::Luma }
    }

    fn width(&self) -> u16 {
        u16::try_from(self.0.luma.width).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(self.0.luma.height).unwrap_or(u16::MAX)
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let y = usize::from(y);
        let row = |plane: &Plane, y: usize| y * plane.width..(y + 1) * plane.width;
        let luma = &self.0.luma;
        buffers[0].extend_from_slice(&luma.samples[row(luma, y)]);
        for (plane, buffer) in self.0.chroma.iter().flatten().zip(&mut buffers[1..]) {
            if self.0.is_halved() {
                let samples = &plane.samples[row(plane, y / 2)];
                buffer.extend(samples.iter().flat_map(|sample| [*sample; 2]));
            } else {
                buffer.extend_from_slice(&plane.samples[row(plane, y)]);
            }
        }
    }
}
