//! The city's files: uploads byte by byte, and every way in which a network or a server fails them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde_json::json;
use xuncha_core::model::{BlobRef, Code, EntityId, Hash};
use xuncha_core::protocol::{Content, ServiceError, Token, Upload, UploadId};

use super::city::{Ledger, lost, problem};

type Served<T> = Result<T, ServiceError>;

/// What the city keeps, what is on its way, and what goes wrong.
#[derive(Default)]
pub(crate) struct Files {
    /// Whole files.
    pub(crate) whole: BTreeMap<Hash, Vec<u8>>,
    uploads: HashMap<String, (BlobRef, Vec<u8>)>,
    /// The next requests with content lose the line after that many bytes, which are kept.
    pub(crate) cuts: VecDeque<usize>,
    /// The next requests with content are carried out and their replies lost.
    pub(crate) lose_replies: u32,
    /// Requests about files do not reach the city.
    pub(crate) offline: bool,
    /// The next finished uploads turn out to have another hash.
    pub(crate) mismatches: u32,
    /// What these files are refused with.
    pub(crate) refused: BTreeMap<Hash, (u16, Code)>,
    /// The next requests to go on find no such upload.
    pub(crate) gone: u32,
    /// Fetched bytes are wrong.
    pub(crate) spoilt: bool,
    /// Whole files get no entry in the ledger.
    pub(crate) unlogged: bool,
    /// Every piece that arrived: file, offset, length.
    pub(crate) arrived: Vec<(Hash, u64, usize)>,
    /// Every file that was fetched.
    pub(crate) fetched: Vec<Hash>,
}

impl Ledger {
    /// A file is lost to a broken disk.
    pub(crate) fn lose_file(&mut self, hash: &Hash) {
        self.files.whole.remove(hash).unwrap();
    }

    fn file_request(&mut self, token: &Token) -> Served<()> {
        if self.files.offline {
            self.requests += 1;
            return Err(lost());
        }
        self.enter(token).map(drop)
    }

    pub(super) fn begin(&mut self, token: &Token, blob: &BlobRef, content: Option<&dyn Content>) -> Served<Upload> {
        self.file_request(token)?;
        if let Some((status, code)) = self.files.refused.get(&blob.hash) {
            return Err(problem(*status, code.clone()));
        }
        let id = format!("{}-{}", token.secret(), blob.hash.to_hex());
        if self.files.whole.contains_key(&blob.hash) {
            return Ok(Upload { id: UploadId(id), offset: blob.len });
        }
        let upload = self.files.uploads.entry(id.clone()).or_insert_with(|| (blob.clone(), Vec::new()));
        let offset = upload.1.len() as u64;
        match content {
            None => Ok(Upload { id: UploadId(id), offset }),
            // A second beginning with content starts over.
            Some(content) => {
                upload.1.clear();
                let offset = self.receive(&id, 0, content)?;
                Ok(Upload { id: UploadId(id), offset })
            }
        }
    }

    pub(super) fn go_on(&mut self, token: &Token, id: &UploadId, from: u64, content: &dyn Content) -> Served<u64> {
        self.file_request(token)?;
        if self.files.gone > 0 {
            self.files.gone -= 1;
            self.files.uploads.remove(&id.0);
        }
        match self.files.uploads.get(&id.0) {
            None => Err(problem(404, Code::UploadGone)),
            Some((_, bytes)) if bytes.len() as u64 != from => Err(problem(409, Code::OffsetMismatch)),
            Some(_) => self.receive(&id.0, from, content),
        }
    }

    fn receive(&mut self, id: &str, from: u64, content: &dyn Content) -> Served<u64> {
        let cut = self.files.cuts.pop_front();
        let (blob, bytes) = self.files.uploads.get_mut(id).unwrap();
        let (blob, mut at) = (blob.clone(), from);
        let upto = cut.map_or(content.len(), |cut| content.len().min(from + cut as u64));
        while at < upto {
            let mut piece = vec![0; usize::try_from(upto - at).unwrap().min(1000)];
            let read = content.read_at(at, &mut piece).map_err(|_| lost())?;
            assert_ne!(read, 0, "content ends where it says");
            bytes.extend_from_slice(&piece[..read]);
            at += read as u64;
        }
        self.files.arrived.push((blob.hash, from, usize::try_from(at - from).unwrap()));
        if at < blob.len {
            return Err(lost());
        }
        let bytes = self.files.uploads.remove(id).unwrap().1;
        if Hash::of(&bytes) != blob.hash || self.files.mismatches > 0 {
            self.files.mismatches = self.files.mismatches.saturating_sub(1);
            return Err(problem(460, Code::HashMismatch));
        }
        self.files.whole.insert(blob.hash, bytes);
        if !self.files.unlogged {
            self.log_files([&blob]);
        }
        if self.files.lose_replies > 0 {
            self.files.lose_replies -= 1;
            return Err(lost());
        }
        Ok(at)
    }

    /// Says that files have arrived.
    pub(crate) fn log_files<'a>(&mut self, files: impl IntoIterator<Item = &'a BlobRef>) {
        let one = |blob: &BlobRef| (blob.hash.to_string(), json!({ "len": blob.len, "type": blob.media_type }));
        let files: serde_json::Map<_, _> = files.into_iter().map(one).collect();
        let id = self.random_id();
        self.say("blobs.kept", id, json!({ "blobs": files }));
    }

    pub(super) fn missing(&self, user: EntityId) -> Vec<Hash> {
        let promised = self.entities.values().flat_map(|entity| entity.files());
        let promised: BTreeSet<_> = promised.filter(|file| file.by == Some(user)).map(|file| file.hash).collect();
        promised.into_iter().filter(|hash| !self.files.whole.contains_key(hash)).collect()
    }

    pub(super) fn fetch(&mut self, token: &Token, hash: &Hash, most: u64) -> Served<Vec<u8>> {
        self.file_request(token)?;
        self.files.fetched.push(*hash);
        let mut bytes = self.files.whole.get(hash).cloned().ok_or_else(|| problem(404, Code::NotFound))?;
        assert!(bytes.len() as u64 <= most);
        if self.files.spoilt {
            bytes[20] ^= 1;
        }
        Ok(bytes)
    }
}
