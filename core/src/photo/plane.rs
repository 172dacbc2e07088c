//! Planes of samples: taken in row by row, made smaller on the way, resized, turned.

use std::borrow::Cow;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use super::PhotoError;
use super::exif::Orientation;

/// Width and height, in samples.
pub(super) type Size = (usize, usize);

/// One component of a picture: `width * height` samples of 8 bits, rows without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) samples: Vec<u8>,
}

/// Brightness, and colour as the two differences of YCbCr unless the picture is grey.
///
/// The colour planes are as large as the brightness, or half as wide and half as high when that has
/// even sides: JPEG stores them so, and nothing in between is worth the time.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) luma: Plane,
    pub(super) chroma: Option<[Plane; 2]>,
}

/// The size that fits into a square of `max`, in the same shape; never larger than it was.
pub(super) fn fit((width, height): Size, max: usize) -> Size {
    let long = width.max(height);
    if long <= max {
        return (width, height);
    }
    // An even side lets colour keep half the size; one pixel more or less changes no shape.
    let scaled = |side: usize| match (side * max + long / 2) / long {
        0 | 1 => 1,
        scaled => (scaled + scaled % 2).min(max),
    };
    (scaled(width), scaled(height))
}

/// The size of the colour planes of a picture of `size`.
pub(super) fn chroma_size((width, height): Size) -> Size {
    if width.is_multiple_of(2) && height.is_multiple_of(2) { (width / 2, height / 2) } else { (width, height) }
}

impl Picture {
    pub(super) fn size(&self) -> Size {
        (self.luma.width, self.luma.height)
    }

    /// Whether the colour planes have half the size.
    pub(super) fn is_halved(&self) -> bool {
        self.chroma.as_ref().is_some_and(|[cb, _]| cb.width < self.luma.width)
    }

    /// A smaller copy that fits into a square of `max`.
    pub(super) fn smaller(&self, max: usize) -> Result<Picture, PhotoError> {
        let size = fit(self.size(), max);
        let of = |plane: &Plane, wanted: Size| {
            let extent = (plane.width as f64, plane.height as f64);
            resized((plane.width, plane.height), Cow::Borrowed(&plane.samples), extent, wanted)
        };
        let chroma = match &self.chroma {
            Some([cb, cr]) => Some([of(cb, chroma_size(size))?, of(cr, chroma_size(size))?]),
            None => None,
        };
        Ok(Picture { luma: of(&self.luma, size)?, chroma })
    }

    pub(super) fn upright(self, orientation: Orientation) -> Picture {
        if orientation == Orientation::UPRIGHT {
            return self;
        }
        let chroma = self.chroma.map(|planes| planes.map(|plane| turned(&plane, orientation)));
        Picture { luma: turned(&self.luma, orientation), chroma }
    }
}

/// Takes the rows of a plane in from top to bottom.
///
/// A plane of more than twice the wanted size is averaged over squares while it comes in, so that
/// memory follows what is wanted and not what arrives: less than four times the wanted width and
/// height are ever kept.
pub(super) struct Intake {
    width: usize,
    height: usize,
    extent: (f64, f64),
    wanted: Size,
    step: Size,
    rows: usize,
    sums: Vec<u32>,
    kept: Vec<u8>,
}

impl Intake {
    /// For a plane of `size`, of which `extent` shows the picture (colour planes end in half a sample
    /// when the picture has an odd side), to become `wanted`.
    pub(super) fn new(size: Size, extent: (f64, f64), wanted: Size) -> Intake {
        let step = ((size.0 / (2 * wanted.0)).max(1), (size.1 / (2 * wanted.1)).max(1));
        let kept = Vec::with_capacity(size.0.div_ceil(step.0) * size.1.div_ceil(step.1));
        let sums = if step == (1, 1) { Vec::new() } else { vec![0; size.0.div_ceil(step.0)] };
        Intake { width: size.0, height: size.1, extent, wanted, step, rows: 0, sums, kept }
    }

    /// The next rows; what is more than the plane is high is dropped.
    pub(super) fn take(&mut self, rows: &[u8]) {
        let count = (rows.len() / self.width).min(self.height - self.rows);
        let rows = &rows[..count * self.width];
        if self.step == (1, 1) {
            self.kept.extend_from_slice(rows);
            self.rows += count;
            return;
        }
        for row in rows.chunks_exact(self.width) {
            for (sum, cell) in self.sums.iter_mut().zip(row.chunks(self.step.0)) {
                *sum += cell.iter().map(|sample| u32::from(*sample)).sum::<u32>();
            }
            self.rows += 1;
            if self.rows.is_multiple_of(self.step.1) || self.rows == self.height {
                self.put_out();
            }
        }
    }

    fn put_out(&mut self) {
        let high = (self.rows - 1) % self.step.1 + 1;
        for (index, sum) in self.sums.iter_mut().enumerate() {
            let wide = self.step.0.min(self.width - index * self.step.0);
            let samples = u32::try_from(wide * high).unwrap_or(u32::MAX);
            self.kept.push(u8::try_from((*sum + samples / 2) / samples).unwrap_or(u8::MAX));
            *sum = 0;
        }
    }

    /// The plane in its wanted size.
    pub(super) fn finish(self) -> Result<Plane, PhotoError> {
        if self.rows < self.height {
            return Err(PhotoError::damaged("the picture ends early"));
        }
        let (width, height) = (self.width.div_ceil(self.step.0), self.height.div_ceil(self.step.1));
        let extent = (self.extent.0 / self.step.0 as f64, self.extent.1 / self.step.1 as f64);
        resized((width, height), Cow::Owned(self.kept), extent, self.wanted)
    }
}

fn resized(size: Size, samples: Cow<'_, [u8]>, extent: (f64, f64), wanted: Size) -> Result<Plane, PhotoError> {
    let (width, height) = size;
    if size == wanted && extent == (width as f64, height as f64) {
        return Ok(Plane { width, height, samples: samples.into_owned() });
    }
    let side = |side: usize| u32::try_from(side).map_err(PhotoError::damaged);
    // Typed, because an app carries the code of every type of pixel that might be asked for: megabytes.
    let source = TypedImageRef::<U8>::from_buffer(side(width)?, side(height)?, &samples);
    let mut samples = vec![0; wanted.0 * wanted.1];
    let target = TypedImage::<U8>::from_buffer(side(wanted.0)?, side(wanted.1)?, &mut samples);
    let (source, mut target) = (source.map_err(PhotoError::damaged)?, target.map_err(PhotoError::damaged)?);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .crop(0.0, 0.0, extent.0, extent.1);
    Resizer::new().resize_typed(&source, &mut target, &options).map_err(PhotoError::damaged)?;
    Ok(Plane { width: wanted.0, height: wanted.1, samples })
}

fn turned(plane: &Plane, orientation: Orientation) -> Plane {
    let (width, height) =
        if orientation.transposes() { (plane.height, plane.width) } else { (plane.width, plane.height) };
    let mut samples = vec![0; plane.samples.len()];
    let from_x = |x: usize| if orientation.flips_x() { width - 1 - x } else { x };
    let from_y = |y: usize| if orientation.flips_y() { height - 1 - y } else { y };
    if orientation.transposes() {
        // Thirty-two rows at a time, so that both sides stay in the cache.
        for top in (0..height).step_by(32) {
            let below = (top + 32).min(height);
            for x in 0..width {
                let column = &plane.samples[from_x(x) * plane.width..][..plane.width];
                for y in top..below {
                    samples[y * width + x] = column[from_y(y)];
                }
            }
        }
    } else {
        for (y, row) in samples.chunks_exact_mut(width).enumerate() {
            row.copy_from_slice(&plane.samples[from_y(y) * width..][..width]);
            if orientation.flips_x() {
                row.reverse();
            }
        }
    }
    Plane { width, height, samples }
}
