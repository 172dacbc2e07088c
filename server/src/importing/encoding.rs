//! Text files of unknown encoding, read as UTF-8 without being held in memory.

use std::io::{self, Read};
use std::ops::Range;

use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8};
use serde::Deserialize;

/// How a text file is encoded, as a map says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Said {
    /// Found out: a mark at its beginning, otherwise UTF-8 if all of it is, or nearly all ([`Seen::is_utf8`]), otherwise
    /// GB18030.
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
    let mut seen = Seen::default();
    loop {
        let last = kept < chunk.len();
        kept = seen.look(&mut chunk[..kept], last);
        if last {
            return Ok(if seen.is_utf8() { UTF_8 } else { GB18030 });
        }
        kept = fill(&mut file, &mut chunk, kept)?;
    }
}

/// What was seen of a file that was read as UTF-8.
#[derive(Debug, Default)]
struct Seen {
    /// Letters of three bytes or more, such as every Chinese one.
    wide: u64,
    /// Places that are no UTF-8.
    broken: u64,
}

impl Seen {
    /// A file with some broken bytes is still UTF-8 where it has this many wide letters for each broken place. Chinese in
    /// GB18030 is far from that: hardly a letter in it is UTF-8 by chance, and then mostly one of two bytes (一 is), which
    /// does not count; in every other letter something is broken.
    const WIDE_FOR_ONE_BROKEN: u64 = 8;

    /// Looks at a chunk. A letter that its end cuts in two goes to its beginning, to be looked at with what follows; gives
    /// how many bytes that is.
    fn look(&mut self, chunk: &mut [u8], last: bool) -> usize {
        let mut at = 0;
        for part in chunk.utf8_chunks() {
            self.wide += part.valid().chars().map(|letter| u64::from(letter.len_utf8() > 2)).sum::<u64>();
            let rest = part.invalid();
            at += part.valid().len() + rest.len();
            let is_cut = || std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
            if at == chunk.len() && !last && is_cut() {
                let cut = at - rest.len();
                chunk.copy_within(cut.., 0);
                return at - cut;
            }
            self.broken += u64::from(!rest.is_empty());
        }
        0
    }

    fn is_utf8(&self) -> bool {
        self.broken == 0 || self.wide / self.broken >= Seen::WIDE_FOR_ONE_BROKEN
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
    fn a_file_in_utf8_with_some_broken_bytes_is_not_taken_for_another_encoding() {
        let rows = "1,路口堆物\r\n2,桥下堆物\r\n".repeat(3);
        let broken = [b"no,note\r\n", rows.as_bytes(), b"3,\xE4\xBDx\r\n", "4,河边堆物".as_bytes()].concat();
        let read = decoded(&broken, Said::Auto);
        assert_eq!(read, format!("no,note\r\n{rows}3,{BROKEN}x\r\n4,河边堆物"));
        assert_eq!(decoded(&broken, Said::Utf8), read);
        // One that was cut off in a letter.
        let cut = &rows.as_bytes()[..rows.len() - 3];
        assert!(decoded(cut, Said::Auto).ends_with(&format!("桥下堆{BROKEN}")));
    }

    #[test]
    fn a_file_in_gb18030_stays_one_whatever_of_it_could_be_utf8() {
        // Half of these are letters of UTF-8 by chance, and none of them a wide one.
        for said in ["note\r\n".to_owned() + &"一位,".repeat(1_000) + "北京", "路口堆物，占道".repeat(9_000)]
        {
            assert_eq!(decoded(&GB18030.encode(&said).0, Said::Auto), said);
        }
        let few = [&GB18030.encode("桥下堆物").0[..], "—".as_bytes()].concat();
        assert!(decoded(&few, Said::Auto).starts_with("桥下堆物"));
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
