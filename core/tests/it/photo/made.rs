//! Pictures made up for tests, and what can be read back from a preview.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use xuncha_core::photo::Font;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

pub(super) const RED: [u8; 3] = [220, 40, 40];
pub(super) const GREEN: [u8; 3] = [40, 200, 60];
pub(super) const BLUE: [u8; 3] = [40, 60, 210];
pub(super) const WHITE: [u8; 3] = [250, 250, 250];

/// Rows of RGB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Picture {
    pub(super) fn new(width: usize, height: usize, colour: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
        let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Picture { width, height, pixels: all.flat_map(|(x, y)| colour(x, y)).collect() }
    }

    /// Red and green above, blue and white below.
    pub(super) fn of_four(width: usize, height: usize) -> Picture {
        Picture::new(width, height, |x, y| match (x * 2 < width, y * 2 < height) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    }

    pub(super) fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 3;
        self.pixels[at..at + 3].try_into().unwrap()
    }

    /// Colours in the middle of the four quarters: upper left, upper right, lower left, lower right.
    pub(super) fn quarters(&self) -> [[u8; 3]; 4] {
        let (w, h) = (self.width, self.height);
        [self.at(w / 4, h / 4), self.at(w * 3 / 4, h / 4), self.at(w / 4, h * 3 / 4), self.at(w * 3 / 4, h * 3 / 4)]
    }

    pub(super) fn jpeg(&self) -> Vec<u8> {
        self.jpeg_as(|_| {})
    }

    pub(super) fn jpeg_as(&self, change: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        change(&mut encoder);
        encoder.encode(&self.pixels, side(self.width), side(self.height), ColorType::Rgb).unwrap();
        bytes
    }

    pub(super) fn png(&self) -> Vec<u8> {
        png(self.width, self.height, png::ColorType::Rgb, png::BitDepth::Eight, &self.pixels)
    }
}

pub(super) fn side(side: usize) -> u16 {
    u16::try_from(side).unwrap()
}

pub(super) fn png(width: usize, height: usize, colours: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(colours);
    encoder.set_depth(depth);
    if colours == png::ColorType::Indexed {
        encoder.set_palette([RED, GREEN, BLUE, WHITE].concat());
        encoder.set_trns(vec![255, 255, 0]);
    }
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    bytes
}

/// The picture in a JPEG.
pub(super) fn opened(jpeg: &[u8]) -> Picture {
    let options = DecoderOptions::default().set_strict_mode(true).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let pixels = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    Picture { width, height, pixels }
}

pub(super) fn alike(a: [u8; 3], b: [u8; 3]) -> bool {
    a.into_iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 30)
}

/// Puts a segment behind the first two bytes of a JPEG.
pub(super) fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = side(body.len() + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, body, &jpeg[2..]].concat()
}

pub(super) fn with_exif(jpeg: &[u8], tiff: &[u8]) -> Vec<u8> {
    with_segment(jpeg, 0xE1, &[b"Exif\0\0", tiff].concat())
}

/// EXIF that holds the orientation, and before it a tag of another kind.
pub(super) fn tiff(orientation: u16, little: bool) -> Vec<u8> {
    let short = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let long = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let entry = |tag, value| [&short(tag)[..], &short(3), &long(1), &short(value), &short(0)].concat();
    let head = if little { b"II" } else { b"MM" };
    [&head[..], &short(42), &long(8), &short(2), &entry(0x0100, 7), &entry(0x0112, orientation), &long(0)].concat()
}

/// Puts a chunk behind the header of a PNG.
pub(super) fn with_chunk(png: &[u8], kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&png[..33], &chunk(kind, body), &png[33..]].concat()
}

pub(super) fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let checked = [&kind[..], body].concat();
    let mut crc = u32::MAX;
    for byte in &checked {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    [&length[..], &checked, &(!crc).to_be_bytes()].concat()
}

/// A zlib stream that unpacks to at least `bytes` zeros: 13 bits for every 258 of them.
pub(super) fn zlib_bomb(bytes: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b1, 1); // the last block
    bits.put(0b01, 2); // with the fixed codes
    bits.put(0b0000_1100, 8); // the literal 0, its code written backwards
    for _ in 0..bytes.div_ceil(258) {
        bits.put(0b1010_0011, 8); // a match of 258 bytes
        bits.put(0, 5); // at distance 1
    }
    bits.put(0, 7 + 32);
    [&[0x78, 0x01], &bits.bytes[..]].concat()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u64, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }
}

/// A TrueType font that knows these characters and shows each of them as the same square.
pub(crate) fn made_font(knows: &[std::ops::RangeInclusive<char>]) -> Font {
    let mut cmap = [0, 1, 3, 10].map(u16::to_be_bytes).concat();
    cmap.extend(12_u32.to_be_bytes());
    // Format 13: many characters, one glyph.
    let groups = knows.len() as u32;
    cmap.extend([13_u16, 0].map(u16::to_be_bytes).concat());
    cmap.extend([16 + 12 * groups, 0, groups].map(u32::to_be_bytes).concat());
    for range in knows {
        cmap.extend([u32::from(*range.start()), u32::from(*range.end()), 1].map(u32::to_be_bytes).concat());
    }
    let square: [i16; 5] = [1, 0, 0, 1_000, 1_000];
    let mut glyf = square.map(i16::to_be_bytes).concat();
    glyf.extend([3_u16, 0].map(u16::to_be_bytes).concat());
    glyf.extend([1_u8; 4]);
    glyf.extend([0_i16, 1_000, 0, -1_000, 0, 0, 1_000, 0].map(i16::to_be_bytes).concat());
    let len = glyf.len() as u32;
    let loca = [0, 0, len].map(u32::to_be_bytes).concat();
    let mut head = [0x0001_0000_u32, 0, 0, 0x5F0F_3CF5].map(u32::to_be_bytes).concat();
    head.extend([0_u16, 1_000].map(u16::to_be_bytes).concat());
    head.extend([0; 16]);
    head.extend([0_i16, 0, 1_000, 1_000, 0, 8, 2, 1, 0].map(i16::to_be_bytes).concat());
    let mut hhea = 0x0001_0000_u32.to_be_bytes().to_vec();
    hhea.extend([800_i16, -200, 0, 1_000].map(i16::to_be_bytes).concat());
    hhea.extend([0; 22]);
    hhea.extend(2_u16.to_be_bytes());
    let hmtx = [1_000_u16, 0, 1_000, 0].map(u16::to_be_bytes).concat();
    let mut maxp = 0x0001_0000_u32.to_be_bytes().to_vec();
    maxp.extend(2_u16.to_be_bytes());
    maxp.extend([0; 26]);
    let tables: [(&[u8; 4], Vec<u8>); 7] = [
        (b"cmap", cmap),
        (b"glyf", glyf),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", hmtx),
        (b"loca", loca),
        (b"maxp", maxp),
    ];
    let mut bytes = 0x0001_0000_u32.to_be_bytes().to_vec();
    bytes.extend([7_u16, 0, 0, 0].map(u16::to_be_bytes).concat());
    let mut at = 12 + 16 * 7;
    for (name, table) in &tables {
        bytes.extend(*name);
        bytes.extend([0, at, table.len() as u32].map(u32::to_be_bytes).concat());
        at += table.len() as u32;
    }
    bytes.extend(tables.into_iter().flat_map(|(_, table)| table));
    Font::from_bytes(bytes, None).unwrap()
}
