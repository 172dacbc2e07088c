//! Ordinary pictures of all kinds: size, way up, colours, nothing but the picture.

use jpeg_encoder::{ColorType, Encoder, ImageBuffer, JpegColorType, SamplingFactor};
use xuncha_core::photo::{Previews, Wanted, shrink};

use super::made::{
    BLUE, GREEN, Picture, RED, WHITE, alike, opened, png, side, tiff, with_chunk, with_exif, with_segment,
};

fn previews(input: &[u8]) -> Previews {
    shrink(input, &Wanted::default()).unwrap()
}

/// Previews of 64 and 16 pixels, so that tests stay small.
fn small(input: &[u8]) -> Previews {
    shrink(input, &Wanted { display: 64, thumbnail: 16, ..Wanted::default() }).unwrap()
}

fn is_of_four(jpeg: &[u8]) -> bool {
    opened(jpeg).quarters().into_iter().zip([RED, GREEN, BLUE, WHITE]).all(|(a, b)| alike(a, b))
}

#[test]
fn a_large_photo_becomes_two_small_ones_in_its_shape() {
    let made = previews(&Picture::of_four(3000, 2000).jpeg());
    assert_eq!((made.display.width, made.display.height), (2048, 1366));
    assert_eq!((made.thumbnail.width, made.thumbnail.height), (320, 214));
    for preview in [&made.display, &made.thumbnail] {
        let shown = opened(&preview.jpeg);
        assert_eq!((shown.width, shown.height), (preview.width as usize, preview.height as usize));
        assert!(is_of_four(&preview.jpeg));
    }
    assert!(!made.stamped);
}

#[test]
fn a_small_photo_is_not_enlarged() {
    for (width, height) in [(1, 1), (2, 2), (7, 3), (319, 200), (320, 320), (33, 500)] {
        for input in [Picture::of_four(width, height).jpeg(), Picture::of_four(width, height).png()] {
            let made = previews(&input);
            assert_eq!((made.display.width as usize, made.display.height as usize), (width, height));
            assert!(made.thumbnail.width <= 320 && made.thumbnail.height <= 320);
        }
    }
}

#[test]
fn a_strip_keeps_at_least_one_pixel() {
    let made = small(&Picture::new(6000, 2, |_, _| RED).jpeg());
    assert_eq!((made.display.width, made.display.height), (64, 1));
    assert!(alike(opened(&made.display.jpeg).at(30, 0), RED));
    let made = small(&Picture::new(2, 6000, |_, _| RED).png());
    assert_eq!((made.display.width, made.display.height), (1, 64));
}

#[test]
fn every_orientation_is_turned_upright() {
    // Where the stored upper left and upper right quarters belong, by the table of the EXIF standard:
    // 0 and 1 above, 2 and 3 below.
    let table = [(1, 0, 1), (2, 1, 0), (3, 3, 2), (4, 2, 3), (5, 0, 2), (6, 1, 3), (7, 3, 1), (8, 2, 0)];
    for (width, height) in [(48, 32), (49, 31), (400, 200), (401, 203)] {
        let picture = Picture::of_four(width, height);
        for (orientation, red, green) in table {
            let little = orientation % 2 == 0;
            let jpeg = with_exif(&picture.jpeg(), &tiff(orientation, little));
            let png = with_chunk(&picture.png(), *b"eXIf", &tiff(orientation, !little));
            for input in [jpeg, png] {
                let made = shrink(&input, &Wanted { display: 128, thumbnail: 40, ..Wanted::default() }).unwrap();
                for preview in [made.display, made.thumbnail] {
                    let shown = opened(&preview.jpeg);
                    let quarters = shown.quarters();
                    let right = alike(quarters[red], RED) && alike(quarters[green], GREEN);
                    assert!(right, "{orientation} of {width} x {height}: {quarters:?}");
                    assert_eq!(shown.width > shown.height, orientation < 5);
                }
            }
        }
    }
}

#[test]
fn an_unknown_orientation_is_upright() {
    let jpeg = Picture::of_four(40, 40).jpeg();
    for orientation in [0, 9, 255, 65535] {
        assert!(is_of_four(&small(&with_exif(&jpeg, &tiff(orientation, true))).display.jpeg));
    }
}

#[test]
fn nothing_but_the_picture_is_left() {
    let mut input = Picture::of_four(100, 60).jpeg();
    input = with_segment(&input, 0xFE, b"SECRET comment");
    input = with_segment(&input, 0xE2, b"ICC_PROFILE\0\x01\x01SECRET profile");
    input = with_segment(&input, 0xED, b"Photoshop 3.0\0SECRET iptc");
    input = with_segment(&input, 0xE1, b"http://ns.adobe.com/xap/1.0/\0SECRET xmp");
    input = with_exif(&input, &[&tiff(1, true)[..], b"SECRET gps"].concat());
    let png = Picture::of_four(100, 60).png();
    let png = with_chunk(&png, *b"tEXt", b"Comment\0SECRET");
    let png = with_chunk(&png, *b"eXIf", &[&tiff(1, true)[..], b"SECRET"].concat());
    for input in [input, png] {
        let made = previews(&input);
        for jpeg in [made.display.jpeg, made.thumbnail.jpeg] {
            assert!(!jpeg.windows(6).any(|window| window == b"SECRET"));
            let kept = markers(&jpeg);
            assert!(kept.iter().all(|marker| matches!(marker, 0xE0 | 0xDB | 0xC0 | 0xC4 | 0xDA)), "{kept:x?}");
        }
    }
}

/// The markers of the segments up to the picture itself.
fn markers(jpeg: &[u8]) -> Vec<u8> {
    let (mut at, mut found) = (2, Vec::new());
    while found.last() != Some(&0xDA) {
        assert_eq!(jpeg[at], 0xFF);
        found.push(jpeg[at + 1]);
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    found
}

#[test]
fn every_way_of_storing_a_jpeg_shows_the_same_picture() {
    use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2, F_4_1, F_4_2, R_4_2_0, R_4_4_0};
    for (width, height) in [(200, 120), (201, 121), (50, 34)] {
        let picture = Picture::of_four(width, height);
        for sampling in [F_1_1, F_1_2, F_2_1, F_2_2, F_4_1, F_4_2, R_4_4_0, R_4_2_0] {
            for progressive in [false, true] {
                for sequential in [false, true] {
                    let jpeg = picture.jpeg_as(|encoder| {
                        encoder.set_sampling_factor(sampling);
                        encoder.set_progressive(progressive);
                        encoder.set_optimized_huffman_tables(sequential);
                        // The encoder knows no best codes for restarts, and the decoder mistakes restarts in
                        // separate scans.
                        let restarts = !sequential && (progressive || !matches!(sampling, F_4_1 | F_4_2));
                        encoder.set_restart_interval(if restarts { 3 } else { 0 });
                    });
                    let what = format!("{width} x {height} {sampling:?} {progressive} {sequential}");
                    let made = shrink(&jpeg, &Wanted { display: 64, thumbnail: 16, ..Wanted::default() });
                    let made = made.unwrap_or_else(|error| panic!("{what}: {error}"));
                    assert!(is_of_four(&made.display.jpeg), "{what}: {:?}", opened(&made.display.jpeg).quarters());
                    assert!(is_of_four(&made.thumbnail.jpeg), "{what}");
                }
            }
        }
    }
}

/// As Adobe's programs write ink, and all others since: upside down, 255 is none.
struct Ink(Picture, JpegColorType);

impl ImageBuffer for Ink {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        self.1
    }
    fn width(&self) -> u16 {
        side(self.0.width)
    }
    fn height(&self) -> u16 {
        side(self.0.height)
    }
    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        for x in 0..self.0.width {
            let [r, g, b] = self.0.at(x, usize::from(y));
            let ycc = jpeg_encoder::rgb_to_ycbcr(255 - r, 255 - g, 255 - b);
            let inks = if self.1 == JpegColorType::Cmyk { [r, g, b, 255] } else { [ycc.0, ycc.1, ycc.2, 255] };
            buffers.iter_mut().zip(inks).for_each(|(buffer, ink)| buffer.push(ink));
        }
    }
}

#[test]
fn ink_becomes_colour() {
    for kind in [JpegColorType::Cmyk, JpegColorType::Ycck] {
        let mut jpeg = Vec::new();
        Encoder::new(&mut jpeg, 95).encode_image(Ink(Picture::of_four(100, 60), kind)).unwrap();
        let shown = opened(&small(&jpeg).display.jpeg).quarters();
        assert!(is_of_four(&small(&jpeg).display.jpeg), "{shown:?}");
    }
}

#[test]
fn grey_stays_grey() {
    let grey: Vec<u8> = (0..100 * 60).map(|at| if at % 100 < 50 { 30 } else { 220 }).collect();
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 90).encode(&grey, 100, 60, ColorType::Luma).unwrap();
    let png = png(100, 60, png::ColorType::Grayscale, png::BitDepth::Eight, &grey);
    for input in [jpeg, png] {
        let made = small(&input);
        let shown = opened(&made.display.jpeg);
        assert!(alike(shown.at(10, 10), [30; 3]) && alike(shown.at(50, 10), [220; 3]));
        // One component: the frame is eleven bytes long.
        let frame = made.display.jpeg.windows(4).find(|window| window[..2] == [0xFF, 0xC0]).unwrap();
        assert_eq!(frame[2..], [0, 11]);
    }
}

#[test]
fn what_is_transparent_lies_on_white() {
    let rgba: Vec<u8> = (0..64 * 64).flat_map(|at| [200, 0, 0, if at % 64 < 32 { 0 } else { 255 }]).collect();
    let png8 = png(64, 64, png::ColorType::Rgba, png::BitDepth::Eight, &rgba);
    let wide: Vec<u8> = rgba.iter().flat_map(|byte| [*byte; 2]).collect();
    let png16 = png(64, 64, png::ColorType::Rgba, png::BitDepth::Sixteen, &wide);
    for input in [png8, png16] {
        let shown = opened(&small(&input).display.jpeg);
        assert!(alike(shown.at(8, 30), [255; 3]) && alike(shown.at(56, 30), [200, 0, 0]));
    }
    let grey: Vec<u8> = (0..64 * 64).flat_map(|at| [0, if at % 64 < 32 { 0 } else { 128 }]).collect();
    let shown = opened(&small(&png(64, 64, png::ColorType::GrayscaleAlpha, png::BitDepth::Eight, &grey)).display.jpeg);
    assert!(alike(shown.at(8, 30), [255; 3]) && alike(shown.at(56, 30), [127; 3]));
    // A palette of four, two bits a pixel, the third colour transparent.
    let rows: Vec<u8> = (0..64).flat_map(|_| [[0b00_00_00_00; 8], [0b10_10_10_10; 8]].concat()).collect();
    let shown = opened(&small(&png(64, 64, png::ColorType::Indexed, png::BitDepth::Two, &rows)).display.jpeg);
    assert!(alike(shown.at(8, 30), RED) && alike(shown.at(56, 30), [255; 3]));
}

#[test]
fn a_huge_picture_is_averaged_on_the_way() {
    let picture = Picture::new(3000, 2000, |x, y| if (x + y) % 2 == 0 { [0; 3] } else { [255; 3] });
    for input in [picture.png(), picture.jpeg()] {
        let shown = opened(&small(&input).display.jpeg);
        assert!(alike(shown.at(20, 20), [128; 3]), "{:?}", shown.at(20, 20));
    }
}
