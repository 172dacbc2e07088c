//! Fonts for stamps, from a file of the device or of the city.

use std::fs::File;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ab_glyph::FontVec;
use ttf_parser::{Face, name_id};

use super::PhotoError;

/// Largest font file, in bytes; the whole of Chinese, Japanese and Korean takes about 20 MB.
const MAX_FONT: u64 = 64 * 1024 * 1024;

/// Most faces of a collection that are looked at.
const MAX_FACES: u32 = 64;

/// The bytes of a font file, and which of its faces is meant.
#[derive(Clone)]
pub struct FontFile {
    bytes: Vec<u8>,
    index: u32,
}

impl FontFile {
    /// Reads the file at `path`. A collection (TTC) has several faces: without `index` the first whose
    /// name says that it is for simplified Chinese (such as "Noto Sans CJK SC"), else the first.
    ///
    /// # Errors
    /// `io` when the file cannot be read; `bad_font` when it is larger than 64 MiB. Whether it is a font is not looked at.
    pub fn load(path: &Path, index: Option<u32>) -> Result<FontFile, PhotoError> {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_FONT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FONT {
            return Err(PhotoError::BadFont { detail: "larger than 64 MiB".to_owned() });
        }
        let index = index.unwrap_or_else(|| simplified_chinese(&bytes).unwrap_or_default());
        Ok(FontFile { bytes, index })
    }

    /// The bytes of the whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which face of it is meant, from 0 on.
    pub fn index(&self) -> u32 {
        self.index
    }
}

impl std::fmt::Debug for FontFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FontFile").field("bytes", &self.bytes.len()).field("index", &self.index).finish()
    }
}

/// One face of a TrueType or OpenType file. Its bytes stay in memory: load it once.
pub struct Font {
    pub(super) face: FontVec,
}

impl Font {
    /// Reads the file at `path`; a face of a collection is chosen as by [`FontFile::load`].
    ///
    /// # Errors
    /// `io` when the file cannot be read; `bad_font` when it is no font, damaged, larger than 64 MiB or
    /// has no such face.
    pub fn load(path: &Path, index: Option<u32>) -> Result<Font, PhotoError> {
        let FontFile { bytes, index } = FontFile::load(path, index)?;
        Font::from_bytes(bytes, Some(index))
    }

    /// The same from the bytes of a font file.
    ///
    /// # Errors
    /// `bad_font`.
    pub fn from_bytes(bytes: Vec<u8>, index: Option<u32>) -> Result<Font, PhotoError> {
        let read = move || {
            let index = index.unwrap_or_else(|| simplified_chinese(&bytes).unwrap_or_default());
            FontVec::try_from_vec_and_index(bytes, index)
        };
        // A font may come from anywhere: what panics in its reader is a bad font.
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(face)) => Ok(Font { face }),
            Ok(Err(error)) => Err(PhotoError::BadFont { detail: error.to_string() }),
            Err(_) => Err(PhotoError::BadFont { detail: "its reader gave up".to_owned() }),
        }
    }
}

impl std::fmt::Debug for Font {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Font").finish_non_exhaustive()
    }
}

fn simplified_chinese(bytes: &[u8]) -> Option<u32> {
    let faces = ttf_parser::fonts_in_collection(bytes)?.min(MAX_FACES);
    (0..faces).find(|index| Face::parse(bytes, *index).is_ok_and(|face| is_simplified_chinese(&face)))
}

fn is_simplified_chinese(face: &Face<'_>) -> bool {
    face.names().into_iter().any(|name| {
        let names_family = matches!(name.name_id, name_id::FAMILY | name_id::TYPOGRAPHIC_FAMILY);
        names_family && name.to_string().is_some_and(|name| name.split(' ').any(|word| word == "SC"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_font_is_refused() {
        let collection = [b"ttcf\0\x01\0\0\xFF\xFF\xFF\xFF".as_slice(), &[0xFF; 64]].concat();
        let truetype = [b"\0\x01\0\0\xFF\xFF\0\0\0\0\0\0".as_slice(), &[0xFF; 640]].concat();
        for bytes in [vec![], b"hello".to_vec(), collection, truetype] {
            for index in [None, Some(0), Some(u32::MAX)] {
                assert_eq!(Font::from_bytes(bytes.clone(), index).unwrap_err().code(), "bad_font");
            }
        }
        assert_eq!(Font::load(Path::new("/nowhere.ttf"), None).unwrap_err().code(), "io");
    }
}
