//! JPEG to planes, a few rows at a time.

use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;
use zune_jpeg::{JpegDecoder, RawImcuRowStatus};

use super::colour::Colour;
use super::exif::Orientation;
use super::plane::{Intake, Picture, Plane, Size, chroma_size, fit};
use super::shrink::{MAX_SIDE, MAX_UNFOLDED, too_many};
use super::{PhotoError, header};

/// The picture, fitted into a square of `max` but not yet upright.
///
/// What cameras make comes a few rows at a time. Pictures that unfold, and those of other colours and
/// samplings, are decoded whole first: rows one by one cost the decoder more memory and time for the
/// first, and nobody has tried them for the second.
pub(super) fn decode(input: &[u8], max: usize) -> Result<(Picture, Orientation), PhotoError> {
    let header = header::read(input)?;
    let size = (header.width, header.height);
    let options = DecoderOptions::new_fast()
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE as usize)
        .set_max_height(MAX_SIDE as usize);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(input), options);
    decoder.decode_headers().map_err(damaged)?;
    if decoder.dimensions() != Some(size) {
        return Err(PhotoError::damaged("two frames"));
    }
    let wanted = fit(size, max);
    let colours = decoder.input_colorspace();
    if header.plain && !header.unfolds && matches!(colours, Some(ColorSpace::Luma | ColorSpace::YCbCr)) {
        return Ok((rows(&mut decoder, size, wanted)?, header.orientation));
    }
    let (out, bytes) = if colours == Some(ColorSpace::Luma) { (ColorSpace::Luma, 1) } else { (ColorSpace::RGB, 3) };
    let coefficients = if header.unfolds { 2 * header.samples } else { 0 };
    if coefficients + (bytes * size.0 * size.1) as u64 > MAX_UNFOLDED {
        return Err(too_many(size));
    }
    decoder.set_options(options.jpeg_set_out_colorspace(out));
    let samples = decoder.decode().map_err(damaged)?;
    // The coefficients go before the planes come.
    drop(decoder);
    Ok((whole(&samples, out, size, wanted)?, header.orientation))
}

fn whole(samples: &[u8], colours: ColorSpace, size: Size, wanted: Size) -> Result<Picture, PhotoError> {
    if colours == ColorSpace::Luma {
        let mut luma = Intake::new(size, (size.0 as f64, size.1 as f64), wanted);
        luma.take(samples);
        return Ok(Picture { luma: luma.finish()?, chroma: None });
    }
    let mut colour = Colour::new(size, wanted);
    for row in samples.chunks_exact(size.0 * 3) {
        colour.take(row);
    }
    colour.finish()
}

fn rows(decoder: &mut JpegDecoder<ZCursor<&[u8]>>, size: Size, wanted: Size) -> Result<Picture, PhotoError> {
    let mut raw = decoder.raw_output();
    let layout = raw.layout().ok_or_else(|| PhotoError::damaged("no layout"))?;
    let layout = &layout[..raw.num_components().unwrap_or_default()];
    let wide = layout.iter().map(|plane| plane.horizontal_sampling_factor).max().unwrap_or(1);
    let high = layout.iter().map(|plane| plane.vertical_sampling_factor).max().unwrap_or(1);
    let mut intakes = Vec::new();
    let mut strips = Vec::new();
    for (index, plane) in layout.iter().enumerate() {
        let extent = (
            (size.0 * plane.horizontal_sampling_factor) as f64 / wide as f64,
            (size.1 * plane.vertical_sampling_factor) as f64 / high as f64,
        );
        let wanted = if index == 0 { wanted } else { chroma_size(wanted) };
        intakes.push(Intake::new((plane.width, plane.height), extent, wanted));
        strips.push(vec![0; plane.width * plane.vertical_sampling_factor * 8]);
    }
    let strides: Vec<_> = layout.iter().map(|plane| plane.width).collect();
    loop {
        let mut rows: Vec<_> = strips.iter_mut().map(Vec::as_mut_slice).collect();
        match raw.decode_next_imcu_row(&mut rows, &strides).map_err(damaged)? {
            RawImcuRowStatus::RowReady { rows_written, .. } => {
                for (index, intake) in intakes.iter_mut().enumerate() {
                    intake.take(&strips[index][..rows_written[index] * strides[index]]);
                }
            }
            RawImcuRowStatus::Complete => break,
            _ => return Err(PhotoError::damaged("the picture ends early")),
        }
    }
    let mut planes = intakes.into_iter().map(Intake::finish).collect::<Result<Vec<Plane>, _>>()?.into_iter();
    let luma = planes.next().ok_or_else(|| PhotoError::damaged("no components"))?;
    let chroma = planes.next().zip(planes.next()).map(|(cb, cr)| [cb, cr]);
    Ok(Picture { luma, chroma })
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: DecodeErrors) -> PhotoError {
    PhotoError::damaged(error)
}
