//! Text files of unknown encoding, read as UTF-8 without being held in memory.

use std::io::{self, Read};
use std::ops::Range;

use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8};
use serde::Deserialize;

/// How a text file is encoded, as a map says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Said {
    /// Found out: a mark at its beginning, otherwise UTF-8 if all of it is, otherwise GB18030.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// GB18030, of which GBK and GB 2312 are parts.
    #[serde(rename = "gb18030")]
    Gb18030,
}

/// The encoding of what `file` holds; reads it to its end unless it has a mark or was said.
pub(super) fn encoding_of(mut file: impl Read, said: Said) -> io::Result<&'static Encoding> {
    let mut chunk = vec![0; CHUNK];
    let mut kept = fill(&mut file, &mut chunk, 0)?;
    if let Some((marked, _)) = Encoding::for_bom(&chunk[..kept]) {
        return Ok(marked);
    }
    match said {
        Said::Utf8 => return Ok(UTF_8),
        Said::Gb18030 => return Ok(GB18030),
        Said::Auto => {}
    }
    loop {
        let last = kept < chunk.len();
        match std::str::from_utf8(&chunk[..kept]) {
            Ok(_) => kept = 0,
            // A letter that the chunk cuts in two.
            Err(error) if error.error_len().is_none() && !last => {
                let cut = error.valid_up_to();
                chunk.copy_within(cut..kept, 0);
                kept -= cut;
            }
            Err(_) => return Ok(GB18030),
        }
        if last {
            return Ok(UTF_8);
        }
        kept = fill(&mut file, &mut chunk, kept)?;
    }
}

/// Reads until `chunk` is full or nothing is left; how much of it is filled.
fn fill(file: &mut impl Read, chunk: &mut [u8], mut filled: usize) -> io::Result<usize> {
    while filled < chunk.len() {
        match file.read(&mut chunk[filled..])? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}

/// What `from` holds, as UTF-8. What is no text in its encoding becomes [`BROKEN`].
pub(super) struct Decoded<R> {
    from: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// What of `raw` is not decoded yet.
    left: Range<usize>,
    ended: bool,
    done: bool,
    text: Vec<u8>,
    /// What of `text` is not handed on yet.
    ready: Range<usize>,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(from: R, encoding: &'static Encoding) -> Decoded<R> {
        let decoder = encoding.new_decoder_with_bom_removal();
        let (raw, text) = (vec![0; CHUNK], vec![0; CHUNK + BROKEN.len_utf8()]);
        Decoded { from, decoder, raw, left: 0..0, ended: false, done: false, text, ready: 0..0 }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        if self.left.is_empty() && !self.ended {
            let read = self.from.read(&mut self.raw)?;
            self.left = 0..read;
            self.ended = read == 0;
        }
        let raw = &self.raw[self.left.clone()];
        let (result, read, mut written) =
            self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text[..CHUNK], self.ended);
        if matches!(result, DecoderResult::Malformed(..)) {
            written += BROKEN.encode_utf8(&mut self.text[written..]).len();
        }
        self.left.start += read;
        self.ready = 0..written;
        self.done = self.ended && result == DecoderResult::InputEmpty;
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            if self.done {
                return Ok(0);
            }
            self.decode_more()?;
        }
        let taken = into.len().min(self.ready.len());
        into[..taken].copy_from_slice(&self.text[self.ready.start..self.ready.start + taken]);
        self.ready.start += taken;
        Ok(taken)
    }
}

/// Stands for bytes that are no text. No letter, and not U+FFFD: that one comes in files which somebody else damaged, and is
/// what stands there.
pub(super) const BROKEN: char = '\u{FFFF}';

const CHUNK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], said: Said) -> String {
        let encoding = encoding_of(bytes, said).unwrap();
        let mut text = String::new();
        Decoded::new(bytes, encoding).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_file_is_understood_in_the_encodings_that_offices_use() {
        let said = "编号,位置\r\n1,解放路〇号\u{20087}\r\n";
        let (gb, _, _) = GB18030.encode(said);
        assert_eq!(decoded(said.as_bytes(), Said::Auto), said);
        assert_eq!(decoded(&[b"\xEF\xBB\xBF", said.as_bytes()].concat(), Said::Auto), said, "with a mark");
        assert_eq!(decoded(&gb, Said::Auto), said, "GB18030, with a letter of four bytes");
        assert_eq!(decoded(&gb, Said::Gb18030), said);
        let wide: Vec<u8> = said.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(
            decoded(&[b"\xFF\xFE".to_vec(), wide].concat(), Said::Auto),
            said,
            "as a spreadsheet's Unicode text"
        );
        assert!(decoded(&gb, Said::Utf8).contains(BROKEN), "what was said is believed");
        assert!(decoded(b"\xFF,\xFE", Said::Auto).contains(BROKEN));
        assert_eq!(decoded("a\u{FFFD}b".as_bytes(), Said::Auto), "a\u{FFFD}b", "damaged before, and kept");
    }

    #[test]
    fn letters_that_lie_across_chunks_stay_whole() {
        for ahead in 0..4 {
            let said = "x".repeat(ahead) + &"巡查𠂇".repeat(40_000);
            assert_eq!(decoded(said.as_bytes(), Said::Auto), said, "{ahead}");
            assert_eq!(decoded(&GB18030.encode(&said).0, Said::Auto), said, "{ahead} in GB18030");
        }
    }
}
