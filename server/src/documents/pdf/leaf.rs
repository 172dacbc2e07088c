//! Leaves of A4: where the next thing goes, what is written on each, and the file that they are bound into.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::TextRenderingMode;
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::PdfError;
use super::lines::wrapped;
use super::picture::Picture;
use super::typeface::Typeface;

/// Points in a millimetre.
pub(super) const MM: f32 = 72.0 / 25.4;
const WIDTH: f32 = 210.0 * MM;
const HEIGHT: f32 = 297.0 * MM;
pub(super) const LEFT: f32 = 24.0 * MM;
const RIGHT: f32 = 20.0 * MM;
const TOP: f32 = 22.0 * MM;
const BOTTOM: f32 = 20.0 * MM;
/// How wide what is written may be.
pub(super) const WIDE: f32 = WIDTH - LEFT - RIGHT;
/// How high.
pub(super) const HIGH: f32 = HEIGHT - TOP - BOTTOM;

const FONT: Name<'static> = Name(b"F");

/// Leaves while they are written.
pub(super) struct Leaves<'a> {
    pub(super) face: Typeface<'a>,
    done: Vec<Leaf>,
    now: Leaf,
    /// How much of the present leaf is written, from above.
    at: f32,
    pictures: Vec<Picture>,
}

struct Leaf {
    content: Content,
    /// Which pictures are on it.
    pictures: Vec<usize>,
}

impl Default for Leaf {
    fn default() -> Leaf {
        Leaf { content: Content::new(), pictures: Vec::new() }
    }
}

impl<'a> Leaves<'a> {
    pub(super) fn new(face: Typeface<'a>) -> Leaves<'a> {
        Leaves { face, done: Vec::new(), now: Leaf::default(), at: 0.0, pictures: Vec::new() }
    }

    /// What is free of the present leaf.
    pub(super) fn free(&self) -> f32 {
        HIGH - self.at
    }

    /// Room that is left blank; none at the top of a leaf.
    pub(super) fn skip(&mut self, room: f32) {
        if self.at > 0.0 {
            self.at += room;
        }
    }

    /// Takes `room`; what it is on begins at the point that is given, from below.
    pub(super) fn take(&mut self, room: f32) -> f32 {
        let top = HEIGHT - TOP - self.at;
        self.at += room;
        top
    }

    /// A new leaf, unless this one has room for so much, or nothing on it.
    pub(super) fn need(&mut self, room: f32) {
        if self.at > 0.0 && room > self.free() + 0.01 {
            self.done.push(std::mem::take(&mut self.now));
            self.at = 0.0;
        }
    }

    /// `text` in lines that are so wide at `size`.
    pub(super) fn wrap(&self, text: &str, size: f32, wide: f32) -> Vec<String> {
        wrapped(&self.face.written(text), wide / size, |sign| self.face.width(sign))
    }

    /// One line, its foot at `(x, y)` from below left.
    pub(super) fn put(&mut self, words: &str, size: f32, (x, y): (f32, f32), heavy: bool) {
        let bytes = self.face.encoded(words);
        write(&mut self.now.content, &bytes, size, (x, y), heavy);
    }

    /// A stroke from one point to another.
    pub(super) fn stroke(&mut self, from: (f32, f32), to: (f32, f32), width: f32) {
        self.now.content.set_line_width(width).move_to(from.0, from.1).line_to(to.0, to.1).stroke();
    }

    /// A dark field, its foot at `(x, y)`.
    pub(super) fn fill(&mut self, (x, y): (f32, f32), (width, height): (f32, f32)) {
        self.now.content.rect(x, y, width, height).fill_nonzero();
    }

    /// A picture, its foot at `(x, y)`.
    pub(super) fn show(&mut self, picture: Picture, (x, y): (f32, f32), (width, height): (f32, f32)) {
        let number = self.pictures.len();
        self.pictures.push(picture);
        self.now.pictures.push(number);
        let content = &mut self.now.content;
        content.save_state().transform([width, 0.0, 0.0, height, x, y]);
        content.x_object(Name(picture_name(number).as_bytes())).restore_state();
    }

    /// Bytes of the pictures so far.
    pub(super) fn weight(&self) -> usize {
        self.pictures.iter().map(|picture| picture.bytes.len()).sum()
    }

    /// All leaves as one file, each with `title` and its number at its foot.
    pub(super) fn bound(mut self, title: &str) -> Result<Vec<u8>, PdfError> {
        self.done.push(std::mem::take(&mut self.now));
        let count = self.done.len();
        let title = self.face.written(title);
        for (at, leaf) in self.done.iter_mut().enumerate() {
            let foot = format!("第 {} 页　共 {count} 页", at + 1);
            let right = WIDTH - RIGHT - self.face.width_of(&foot, 8.0);
            for (words, x) in [(&title, LEFT), (&foot, right)] {
                let bytes = self.face.encoded(words);
                write(&mut leaf.content, &bytes, 8.0, (x, BOTTOM / 2.0), false);
            }
        }
        let mut last = 0;
        let mut next = || {
            last += 1;
            Ref::new(last)
        };
        let mut pdf = Pdf::new();
        let (catalog, tree, info, font) = (next(), next(), next(), next());
        pdf.catalog(catalog).pages(tree).lang(TextStr("zh-CN"));
        pdf.document_info(info).title(TextStr(&title)).producer(TextStr("Xuncha"));
        let pictures: Vec<Ref> = self.pictures.iter().map(|_| next()).collect();
        let leaves: Vec<(Leaf, Ref, Ref)> = self.done.into_iter().map(|leaf| (leaf, next(), next())).collect();
        let count = i32::try_from(leaves.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(leaves.iter().map(|(_, page, _)| *page)).count(count);
        for (leaf, page, content) in leaves {
            let mut written = pdf.page(page);
            written.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(content);
            let mut resources = written.resources();
            resources.fonts().pair(FONT, font);
            let mut shown = resources.x_objects();
            for number in &leaf.pictures {
                shown.pair(Name(picture_name(*number).as_bytes()), pictures[*number]);
            }
            shown.finish();
            resources.finish();
            written.finish();
            pdf.stream(content, &packed(&leaf.content.finish())).filter(Filter::FlateDecode);
        }
        for (picture, id) in self.pictures.iter().zip(pictures) {
            let mut image = pdf.image_xobject(id, &picture.bytes);
            image.filter(Filter::DctDecode);
            image.width(picture.width).height(picture.height).bits_per_component(8);
            match picture.is_grey {
                true => image.color_space().device_gray(),
                false => image.color_space().device_rgb(),
            }
        }
        self.face.embed(&mut pdf, font, &mut next)?;
        Ok(pdf.finish())
    }
}

fn picture_name(number: usize) -> String {
    format!("P{number}")
}

/// Writes signs. There is one font; heavy ones are drawn with their outlines.
fn write(content: &mut Content, bytes: &[u8], size: f32, (x, y): (f32, f32), heavy: bool) {
    if heavy {
        content.save_state().set_line_width(size * 0.03);
    }
    content.begin_text().set_font(FONT, size);
    if heavy {
        content.set_text_rendering_mode(TextRenderingMode::FillStroke);
    }
    content.next_line(x, y).show(Str(bytes)).end_text();
    if heavy {
        content.restore_state();
    }
}

/// Bytes as a viewer unpacks them.
pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).and_then(|()| packer.finish()).expect("memory takes every byte")
}
