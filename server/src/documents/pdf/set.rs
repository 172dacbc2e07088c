//! How each part of a notice is set: as the page has it, in points.

use super::leaf::{HIGH, LEFT, Leaves, MM, WIDE};
use super::picture::{MOST, Picture};
use super::{PdfError, Print};
use crate::documents::code::Code;
use crate::documents::sheet::Table;

/// Size of what is read, and from one line to the next.
const BODY: (f32, f32) = (12.0, 21.0);
/// The same in tables.
const CELL: (f32, f32) = (10.0, 15.0);
/// The same under pictures.
const CAPTION: (f32, f32) = (7.0, 10.0);
/// How wide the names in tables are.
const NAMES: f32 = 34.0 * MM;
/// Room around what stands in a table.
const PAD: f32 = 2.0 * MM;
/// How wide a picture is at most, and how high.
const PICTURE: (f32, f32) = (78.0 * MM, 80.0 * MM);
/// How wide and high a code to scan is.
const SCANNED: f32 = 30.0 * MM;
/// Lines of a table that stay together where it breaks.
const TOGETHER: usize = 2;

impl Leaves<'_> {
    /// The heading, in the middle.
    pub(super) fn heading(&mut self, words: &str) {
        let (size, step) = (22.0, 31.0);
        for line in self.wrap(words, size, WIDE) {
            let left = LEFT + (WIDE - self.face.width_of(line.trim_end(), size)) / 2.0;
            let top = self.take(step);
            self.put(&line, size, (left, top - size), true);
        }
        self.skip(6.0 * MM);
    }

    /// Lines of the face, on one leaf where they fit on one.
    pub(super) fn lines(&mut self, head: Option<&str>, lines: &[&str]) {
        let head: Vec<String> = head.map(|head| self.wrap(head, BODY.0, WIDE)).unwrap_or_default();
        let lines: Vec<String> = lines.iter().flat_map(|line| self.wrap(line, BODY.0, WIDE)).collect();
        if !head.is_empty() {
            self.skip(4.0 * MM);
        }
        self.need(height(head.len() + lines.len(), BODY.1).min(HIGH));
        head.iter().for_each(|line| self.line(line, BODY, true));
        lines.iter().for_each(|line| self.line(line, BODY, false));
    }

    fn line(&mut self, words: &str, (size, step): (f32, f32), heavy: bool) {
        self.need(step);
        let top = self.take(step);
        self.put(words, size, (LEFT, top - (step + size) / 2.0 + size * 0.12), heavy);
    }

    /// A stroke across, and what comes below it; `room` is what must stand under the title on the same leaf.
    fn begin(&mut self, title: &str, room: f32) {
        let title = self.wrap(title, BODY.0, WIDE);
        self.skip(6.0 * MM);
        self.need(3.0 * MM + height(title.len(), BODY.1) + room);
        let top = self.take(3.0 * MM);
        self.stroke((LEFT, top), (LEFT + WIDE, top), 0.3 * MM);
        title.iter().for_each(|line| self.line(line, BODY, true));
    }

    /// Tables under a title; each breaks where a leaf ends.
    pub(super) fn tables(&mut self, title: &str, tables: &[Table]) {
        self.begin(title, 2.0 * (CELL.1 + PAD));
        for table in tables {
            self.skip(2.0 * MM);
            for (name, value) in table {
                let name = self.wrap(name, CELL.0, NAMES - 2.0 * PAD);
                let value = self.wrap(value, CELL.0, WIDE - NAMES - 2.0 * PAD);
                self.row(&name, &value);
            }
        }
    }

    /// One row; one that is longer than what is free goes on on the next leaf, at least two lines here and two there.
    fn row(&mut self, name: &[String], value: &[String]) {
        let count = name.len().max(value.len());
        let mut written = 0;
        while written < count {
            let left = count - written;
            if left <= 2 * TOGETHER {
                self.need(height(left, CELL.1) + PAD);
            } else {
                self.need(height(TOGETHER, CELL.1) + PAD);
            }
            let mut fits = 1;
            while fits < left && height(fits + 1, CELL.1) + PAD <= self.free() + 0.01 {
                fits += 1;
            }
            if fits < left {
                fits = fits.min(left - TOGETHER.min(left - 1));
            }
            let part = |lines: &[String]| lines.iter().skip(written).take(fits).cloned().collect::<Vec<_>>();
            self.part_of_row(&part(name), &part(value), fits);
            written += fits;
        }
    }

    fn part_of_row(&mut self, name: &[String], value: &[String], count: usize) {
        let high = height(count, CELL.1) + PAD;
        let top = self.take(high);
        let (foot, right) = (top - high, LEFT + WIDE);
        for (from, to) in [((LEFT, top), (right, top)), ((LEFT, foot), (right, foot))] {
            self.stroke(from, to, 0.2 * MM);
        }
        for x in [LEFT, LEFT + NAMES, right] {
            self.stroke((x, top), (x, foot), 0.2 * MM);
        }
        for (lines, x) in [(name, LEFT + PAD), (value, LEFT + NAMES + PAD)] {
            let mut y = top - PAD / 2.0;
            for line in lines {
                self.put(line, CELL.0, (x, y - (CELL.1 + CELL.0) / 2.0 + CELL.0 * 0.12), false);
                y -= CELL.1;
            }
        }
    }

    /// Photos two by two, each with its number and the hash of its original.
    pub(super) fn photos(&mut self, title: &str, photos: &[String], print: &mut Print<'_>) -> Result<(), PdfError> {
        self.begin(&format!("{title} {} 张，附原件的哈希值", photos.len()), 4.0 * CAPTION.1);
        for (pair, row) in photos.chunks(2).zip(0..) {
            let mut figures = Vec::new();
            let mut weight = self.weight();
            for (photo, at) in pair.iter().zip(1..) {
                let picture = print(photo)?.and_then(Picture::of).filter(|one| weight + one.bytes.len() <= MOST);
                weight += picture.as_ref().map_or(0, |picture| picture.bytes.len());
                figures.push((picture, self.wrap(&format!("{}. {photo}", row * 2 + at), CAPTION.0, PICTURE.0)));
            }
            self.figures(figures);
        }
        Ok(())
    }

    fn figures(&mut self, figures: Vec<(Option<Picture>, Vec<String>)>) {
        let size = |picture: &Option<Picture>| {
            picture.as_ref().map_or((0.0, 0.0), |picture| picture.shown(PICTURE.0, PICTURE.1))
        };
        let high = figures.iter().map(|(picture, _)| size(picture).1).fold(0.0, f32::max);
        let lines = figures.iter().map(|(_, caption)| caption.len()).max().unwrap_or(0);
        let room = high + height(lines, CAPTION.1) + 4.0 * MM;
        self.need(room);
        let top = self.take(room);
        for ((picture, caption), column) in figures.into_iter().zip([LEFT, LEFT + WIDE - PICTURE.0]) {
            let shown = size(&picture);
            if let Some(picture) = picture {
                self.show(picture, (column, top - high), shown);
            }
            let mut y = top - high;
            for line in &caption {
                y -= CAPTION.1;
                self.put(line, CAPTION.0, (column, y), false);
            }
        }
    }

    /// Where it stands, and room to sign by hand.
    pub(super) fn signing(&mut self, rows: &[[String; 2]]) {
        let step = 2.0 * BODY.1;
        self.skip(6.0 * MM);
        self.need(3.0 * MM + height(rows.len(), step));
        let top = self.take(3.0 * MM);
        self.stroke((LEFT, top), (LEFT + WIDE, top), 0.3 * MM);
        for row in rows {
            let top = self.take(step);
            for (words, x) in row.iter().zip([LEFT, LEFT + WIDE / 2.0]) {
                let mut y = top - BODY.1;
                for line in self.wrap(words, BODY.0, WIDE / 2.0 - PAD) {
                    self.put(&line, BODY.0, (x, y), false);
                    y -= BODY.1;
                }
            }
        }
    }

    /// A code to scan, and words beside it.
    pub(super) fn scanned(&mut self, code: &Code, words: &[String]) {
        let (size, step) = (9.0, 14.0);
        let beside = SCANNED + 5.0 * MM;
        let words: Vec<String> = words.iter().flat_map(|words| self.wrap(words, size, WIDE - beside)).collect();
        self.skip(4.0 * MM);
        self.need(SCANNED);
        let top = self.take(SCANNED);
        #[expect(clippy::cast_precision_loss, reason = "a code has at most 185 squares on a side")]
        let at = |squares: usize| squares as f32 * SCANNED / code.side as f32;
        for (x, y, length) in &code.dark {
            self.fill((LEFT + at(*x), top - at(y + 1)), (at(*length), at(1)));
        }
        let mut y = top - (SCANNED - height(words.len(), step)) / 2.0 - size;
        for line in words {
            self.put(&line, size, (LEFT + beside, y), false);
            y -= step;
        }
    }
}

fn height(lines: usize, step: f32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "lines of one part are few")]
    let lines = lines as f32;
    lines * step
}
