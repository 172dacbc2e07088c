//! Photos made by hand, and every way of sending and fetching one.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use xuncha_core::host::Random as _;
use xuncha_core::model::{EntityId, Hash};
use xuncha_core::protocol::paths;

use super::{Answer, RawPhone, SeededRandom};

/// Bytes that begin like a JPEG and are like no others.
pub fn photo(random: &SeededRandom, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    random.fill(&mut bytes);
    let start = [0xFF, 0xD8, 0xFF, 0xE0];
    let count = len.min(4);
    bytes[..count].copy_from_slice(&start[..count]);
    bytes
}

/// A real picture: a grey PNG of this size that is like no other.
pub fn picture(random: &SeededRandom, width: u32, height: u32) -> Vec<u8> {
    // A line is a filter byte and a grey value per pixel.
    let shade = random.number().to_le_bytes()[0];
    let line = [vec![0], vec![shade; width as usize]].concat();
    let plain = line.repeat(height as usize);
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in &plain {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    let mut packed = vec![0x78, 0x01];
    let blocks = plain.chunks(0xFFFF);
    let last = blocks.len() - 1;
    for (number, block) in blocks.enumerate() {
        let len = u16::try_from(block.len()).unwrap();
        packed.push(u8::from(number == last));
        packed.extend([len.to_le_bytes(), (!len).to_le_bytes()].concat());
        packed.extend(block);
    }
    packed.extend((high << 16 | low).to_be_bytes());
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let unlike = random.number().to_be_bytes();
    let words = [b"note\0".as_slice(), format!("{:x}", u64::from_be_bytes(unlike)).as_bytes()].concat();
    let start = b"\x89PNG\r\n\x1A\n".to_vec();
    [start, chunk(b"IHDR", &header), chunk(b"tEXt", &words), chunk(b"IDAT", &packed), chunk(b"IEND", b"")].concat()
}

fn chunk(kind: &[u8; 4], bytes: &[u8]) -> Vec<u8> {
    let named = [kind, bytes].concat();
    let mut sum = u32::MAX;
    for byte in &named {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], &named, &(!sum).to_be_bytes()].concat()
}

/// Puts bytes where a bad disk, a crash or a person with a shell might have put them.
#[expect(clippy::disallowed_methods, reason = "what happens to our files, not what we do to them")]
pub fn put_bytes(path: impl AsRef<std::path::Path>, bytes: impl AsRef<[u8]>) {
    std::fs::write(path, bytes).unwrap();
}

/// The header lines that announce a file.
pub fn announced(hash: &Hash, len: usize) -> Vec<(&'static str, String)> {
    let metadata = format!("sha256 {},type {}", STANDARD.encode(hash.to_string()), STANDARD.encode("image/jpeg"));
    vec![("tus-resumable", "1.0.0".into()), ("upload-length", len.to_string()), ("upload-metadata", metadata)]
}

/// Waits until something has happened that nobody announces.
pub async fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..4_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not happen");
}

impl Answer {
    /// A header line; fails when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// `Upload-Offset`.
    pub fn offset(&self) -> usize {
        self.header("upload-offset").parse().unwrap()
    }
}

impl RawPhone {
    /// A finding with photos of these originals, written down.
    pub fn record_with(&mut self, originals: &[Hash]) -> (EntityId, String) {
        let photo = |(number, hash): (usize, &Hash)| (format!("p{}", number + 1), json!({ "original": hash }));
        let photos: Map<String, Value> = originals.iter().enumerate().map(photo).collect();
        let body = json!({ "item": "SR-1", "note": "果皮箱满溢", "photos": photos });
        let draft = self.draft("finding.record", None, &body);
        (draft.entity, self.say(&draft))
    }

    /// Begins an upload of `bytes` without sending any.
    pub async fn announce(&self, bytes: &[u8]) -> Answer {
        self.announce_as(&Hash::of(bytes), bytes.len()).await
    }

    /// Begins an upload of whatever.
    pub async fn announce_as(&self, hash: &Hash, len: usize) -> Answer {
        let lines = announced(hash, len);
        self.post(paths::UPLOADS, Vec::new(), &borrowed(&lines)).await
    }

    /// Begins an upload and gives its address; the server must want all of it.
    pub async fn begin(&self, bytes: &[u8]) -> String {
        let begun = self.announce(bytes).await;
        assert_eq!((begun.status, begun.offset()), (201, 0), "{begun:?}");
        begun.header("location").to_owned()
    }

    /// Sends a file with one request.
    pub async fn send_file(&self, bytes: &[u8]) -> Answer {
        self.send_file_as(&Hash::of(bytes), bytes.len(), bytes, &[]).await
    }

    /// Sends bytes as the file `hash` with one request.
    pub async fn send_file_as(&self, hash: &Hash, len: usize, bytes: &[u8], more: &[(&str, &str)]) -> Answer {
        let mut lines = announced(hash, len);
        lines.push(("content-type", "application/offset+octet-stream".into()));
        let lines: Vec<_> = borrowed(&lines).into_iter().chain(more.iter().copied()).collect();
        self.post(paths::UPLOADS, bytes.to_vec(), &lines).await
    }

    /// Sends bytes behind `offset`.
    pub async fn patch(&self, upload: &str, offset: usize, bytes: &[u8]) -> Answer {
        self.patch_with(upload, offset, bytes, &[]).await
    }

    /// Sends bytes behind `offset`, with more header lines.
    pub async fn patch_with(&self, upload: &str, offset: usize, bytes: &[u8], more: &[(&str, &str)]) -> Answer {
        let offset = offset.to_string();
        let lines = [
            ("tus-resumable", "1.0.0"),
            ("upload-offset", &offset),
            ("content-type", "application/offset+octet-stream"),
        ];
        let lines: Vec<_> = lines.into_iter().chain(more.iter().copied()).collect();
        self.ask("PATCH", upload, bytes.to_vec(), &lines).await.unwrap()
    }

    /// Asks about an upload.
    pub async fn stand(&self, upload: &str) -> Answer {
        self.ask("HEAD", upload, Vec::new(), &[("tus-resumable", "1.0.0")]).await.unwrap()
    }

    /// Asks for a file.
    pub async fn fetch(&self, hash: &Hash, lines: &[(&str, &str)]) -> Answer {
        self.ask("GET", &format!("/v1/blobs/{hash}"), Vec::new(), lines).await.unwrap()
    }
}

fn borrowed<'a>(lines: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    lines.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// A bare connection: a request of which every byte is written by hand.
pub struct Line(pub TcpStream);

impl Line {
    /// Connects to the phone's server and writes the head of a PATCH that promises `coming` bytes.
    pub async fn patch(phone: &RawPhone, upload: &str, offset: usize, coming: usize) -> Line {
        let mut stream = TcpStream::connect(phone.url.strip_prefix("http://").unwrap()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(&Line::head(phone, upload, offset, coming)).await.unwrap();
        Line(stream)
    }

    /// The head of a PATCH that promises `coming` bytes.
    pub fn head(phone: &RawPhone, upload: &str, offset: usize, coming: usize) -> Vec<u8> {
        let token = phone.token.secret();
        format!(
            "PATCH {upload} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ntus-resumable: 1.0.0\r\n\
             content-type: application/offset+octet-stream\r\nupload-offset: {offset}\r\ncontent-length: {coming}\r\n\r\n"
        )
        .into_bytes()
    }

    /// Writes bytes.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads what comes until the other side closes, for ten seconds at most.
    pub async fn read(mut self) -> String {
        let mut reply = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), self.0.read_to_end(&mut reply)).await;
        assert!(read.is_ok(), "the server neither answers nor closes");
        String::from_utf8_lossy(&reply).into_owned()
    }
}
