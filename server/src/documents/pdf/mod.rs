//! A notice (督办单) as PDF: the same parts as the page, set on A4 with numbered pages, in a font that the city names.
//!
//! The same notice at the same time gives the same bytes. Text can be selected and searched for: what a viewer copies is what
//! was written. Built with the feature `pdf` alone.

mod leaf;
mod lines;
mod picture;
mod set;
mod typeface;

use std::io;

use xuncha_core::photo::FontFile;

use super::City;
use super::notice::Paper;
use super::sheet::{Part, Sheet};
use leaf::Leaves;
use typeface::Typeface;

/// The picture of the photo with this original, as a JPEG; with none, the hash alone is printed.
pub type Print<'a> = dyn FnMut(&str) -> io::Result<Option<Vec<u8>>> + 'a;

/// Why a notice could not be set.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The font is damaged, knows no Chinese, or may not be embedded.
    #[error("{0}")]
    Font(String),
    /// A picture could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A notice as PDF. Pictures are asked for one at a time; beyond 48 MiB of them hashes alone are printed.
///
/// # Errors
/// Those of the font, and those of `print`.
pub fn notice_pdf(paper: &Paper<'_>, city: &City, font: &FontFile, print: &mut Print<'_>) -> Result<Vec<u8>, PdfError> {
    let sheet = Sheet::of(paper, city);
    let mut leaves = Leaves::new(Typeface::of(font)?);
    leaves.heading(sheet.heading);
    for part in &sheet.parts {
        match part {
            Part::Lines { head, lines } => leaves.lines(*head, lines),
            Part::Tables { title, tables } => leaves.tables(title, tables),
            Part::Photos { title, photos } => leaves.photos(title, photos, print)?,
            Part::Signing(rows) => leaves.signing(rows),
            Part::Code { code, words } => leaves.scanned(code, words),
        }
    }
    leaves.bound(&sheet.title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::Face;
    use crate::documents::tests::{case_with_reply, city, notice};

    /// A font that is at hand everywhere where tests run; none where it was not installed.
    fn font() -> Option<FontFile> {
        let path = std::path::Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc");
        if !path.exists() {
            assert!(std::env::var_os("XUNCHA_ALL").is_none(), "the font is not installed");
            return None;
        }
        Some(FontFile::load(path, None).unwrap())
    }

    fn made(print: &mut Print<'_>) -> Option<Vec<u8>> {
        let (notice, case, font) = (notice(), [case_with_reply()], font()?);
        let face = Face::of(&notice).unwrap();
        let paper = Paper { notice: &notice, face: &face, findings: &case, server: None };
        Some(notice_pdf(&paper, &city(), &font, print).unwrap())
    }

    #[test]
    fn the_same_notice_gives_the_same_bytes() {
        let Some(once) = made(&mut |_| Ok(None)) else { return };
        assert!(once.starts_with(b"%PDF-1.") && once.len() < 200_000, "{} bytes", once.len());
        assert_eq!(made(&mut |_| Ok(None)), Some(once));
    }

    #[test]
    fn what_is_no_jpeg_is_not_put_in() {
        let Some(without) = made(&mut |_| Ok(None)) else { return };
        assert_eq!(made(&mut |_| Ok(Some(b"GIF89a".to_vec()))), Some(without));
    }

    #[test]
    fn a_font_that_knows_no_chinese_is_refused() {
        let path = std::path::Path::new("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf");
        let Ok(font) = FontFile::load(path, None) else { return };
        let (notice, face) = (notice(), notice());
        let face = Face::of(&face).unwrap();
        let paper = Paper { notice: &notice, face: &face, findings: &[], server: None };
        let refused = notice_pdf(&paper, &city(), &font, &mut |_| Ok(None)).unwrap_err();
        assert!(matches!(&refused, PdfError::Font(what) if what.contains('督')), "{refused:?}");
    }
}
