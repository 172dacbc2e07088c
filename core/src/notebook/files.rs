//! The files of photos: where each stands, looking at it, and freeing what the server keeps.

use std::fs;
use std::path::{Path, PathBuf};

use super::Notebook;
use super::record::finding_of;
use super::recovered::modified;
use crate::model::{BlobRef, Entity, EntityId, Hash, Photo, Preview};
use crate::photo::seal;
use crate::protocol::{MAX_BLOB_BYTES, SyncService};
use crate::store::{Store, Tried};
use crate::sync::{Errand, HttpService, SyncOptions, UploadPart};
use crate::{Error, Result};
use serde::{Deserialize as _, Serialize};

/// Which picture of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// 320 px, for lists.
    Thumbnail,
    /// 2048 px, to look at.
    Display,
    /// The evidence itself.
    Original,
}

impl Which {
    fn role(self) -> &'static str {
        match self {
            Which::Thumbnail => "thumbnail",
            Which::Display => "display",
            Which::Original => "original",
        }
    }

    /// Longest file of this kind that is fetched.
    fn most(self) -> u64 {
        match self {
            Which::Thumbnail => 1024 * 1024,
            Which::Display => 16 * 1024 * 1024,
            Which::Original => MAX_BLOB_BYTES,
        }
    }
}

/// Where one file of a photo stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum FileState {
    /// Nobody has announced it: there is no such picture yet.
    Absent,
    /// Somebody else promised it, and the ledger does not have it yet.
    Expected,
    /// It is here and waits to be sent.
    Waiting,
    /// It is here, and could not be sent when it was tried last.
    Stuck {
        /// Why: a stable code.
        code: String,
        /// For people.
        detail: String,
    },
    /// The server has it whole, its entry in the ledger has not been seen yet.
    Sent,
    /// The ledger keeps it.
    Kept {
        /// By the entry at this index.
        index: u64,
    },
    /// This notebook promised it and has it no longer, and the ledger does not have it.
    Lost,
}

/// A photo of a finding and where its files stand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhotoOf {
    /// Its id in the finding.
    pub id: String,
    /// What the finding says of it.
    pub photo: Photo,
    /// The previews announced for it.
    pub preview: Option<Preview>,
    /// For a photo of this notebook without previews: why, such as `no_preview_yet` for HEIC.
    pub no_preview: Option<String>,
    /// Its original.
    pub original: FileState,
    /// Its display copy.
    pub display: FileState,
    /// Its thumbnail.
    pub thumbnail: FileState,
}

/// A file that the server does not take, or that is damaged here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFault {
    /// The file.
    pub blob: BlobRef,
    /// Why: the stable code of the server, or `damaged`.
    pub code: String,
    /// For people.
    pub detail: String,
}

impl Notebook {
    /// The photos of a finding, and where their files stand.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the finding is not shown here.
    pub fn photos(&self, finding: EntityId) -> Result<Vec<PhotoOf>> {
        self.read(|store| {
            let entity = finding_of(store, finding)?;
            let row = store.row(finding)?;
            let photos = entity.members("photos").filter_map(|(id, value)| Some((id, Photo::deserialize(value).ok()?)));
            photos
                .map(|(id, photo)| {
                    let preview = entity.preview(id).and_then(|value| Preview::deserialize(value).ok());
                    let state = |which: Which| file_state(store, &entity, row.as_ref(), id, which);
                    let made = store.preview_of(finding, id)?;
                    Ok(PhotoOf {
                        no_preview: made.filter(|_| preview.is_none()).and_then(|(state, detail)| {
                            match state.as_str() {
                                "none" | "made" => None,
                                _ => Some(detail.unwrap_or(state)),
                            }
                        }),
                        original: state(Which::Original)?,
                        display: state(Which::Display)?,
                        thumbnail: state(Which::Thumbnail)?,
                        id: id.to_owned(),
                        photo,
                        preview,
                    })
                })
                .collect()
        })
    }

    /// The thumbnail's file, when it is on this phone: made here or fetched.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the finding has no such photo.
    pub fn thumbnail(&self, finding: EntityId, photo: &str) -> Result<Option<PathBuf>> {
        self.local(finding, photo, Which::Thumbnail)
    }

    /// The display copy's file, when it is on this phone.
    ///
    /// # Errors
    /// As [`Notebook::thumbnail`].
    pub fn display(&self, finding: EntityId, photo: &str) -> Result<Option<PathBuf>> {
        self.local(finding, photo, Which::Display)
    }

    /// The original's file, when it is on this phone.
    ///
    /// # Errors
    /// As [`Notebook::thumbnail`].
    pub fn original(&self, finding: EntityId, photo: &str) -> Result<Option<PathBuf>> {
        self.local(finding, photo, Which::Original)
    }

    fn local(&self, finding: EntityId, photo: &str, which: Which) -> Result<Option<PathBuf>> {
        self.read(|store| match hash_in(&finding_of(store, finding)?, photo, which)? {
            Some(hash) => local(store, &hash),
            None => Ok(None),
        })
    }

    /// The file of a picture, fetched when it is not on this phone. What was fetched is held against
    /// its hash, kept below 64 MiB altogether, and the oldest is dropped first: use it at once.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such photo or picture; [`Error::Offline`];
    /// [`Error::Refused`] with `not_found` while the server does not have it.
    pub async fn fetch_preview<S: SyncService>(
        &self,
        service: &S,
        finding: EntityId,
        photo: &str,
        which: Which,
    ) -> Result<PathBuf> {
        let (hash, here) = self.read(|store| {
            let hash = hash_in(&finding_of(store, finding)?, photo, which)?;
            let what = || Error::NotFound { what: format!("the {} of photo {photo}", which.role()) };
            let hash = hash.ok_or_else(what)?;
            Ok((hash, local(store, &hash)?))
        })?;
        if let Some(path) = here {
            return Ok(path);
        }
        let options = SyncOptions::default();
        let errand = Errand { door: &self.shared.door, service, options: &options, progress: &() };
        let bytes = errand.fetch(&hash, which.most()).await?;
        let folder = self.read(|store| Ok(store.fetched_folder()))?;
        let _sealing = self.sealing();
        let sealed = seal(&folder, &self.host().uuid().to_string(), &mut bytes.as_slice())
            .map_err(|error| super::photo::as_error("photo", error))?;
        drop_oldest(&folder, &sealed.path)?;
        Ok(sealed.path)
    }

    /// Begins uploads of at most `most` files that may be sent now, for the system to send while the
    /// app is suspended: what each request is made of. Any number of them may be lost or doubled; the
    /// next sync asks the server where each file stands and goes on there.
    ///
    /// # Errors
    /// As [`Notebook::sync`]; [`Error::Busy`] while one is under way.
    pub async fn hand_over(
        &self,
        service: &HttpService,
        most: usize,
        options: &SyncOptions,
    ) -> Result<Vec<UploadPart>> {
        let _alone = self.alone()?;
        Errand { door: &self.shared.door, service, options, progress: &() }.hand_over(most).await
    }

    /// Files that the server does not take, or that are damaged here.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn file_faults(&self) -> Result<Vec<FileFault>> {
        let faults = self.read(|store| store.files_at_fault())?;
        Ok(faults.into_iter().map(|(blob, code, detail)| FileFault { blob, code, detail }).collect())
    }

    /// Files that are stuck are tried again at the next sync; gives how many.
    ///
    /// # Errors
    /// [`Error::Storage`] when that cannot be saved.
    pub fn retry_files(&self) -> Result<u64> {
        self.change(|store| store.retry_files())
    }
}

/// What the finding says the picture's hash is; none when no picture was announced.
fn hash_in(finding: &Entity, photo: &str, which: Which) -> Result<Option<Hash>> {
    if finding.field(&format!("photos/{photo}")).is_none() {
        return Err(Error::NotFound { what: format!("photo {photo}") });
    }
    let files = finding.files();
    Ok(files.iter().find(|file| file.photo == photo && file.role == which.role()).map(|file| file.hash))
}

fn local(store: &Store, hash: &Hash) -> Result<Option<PathBuf>> {
    let own = store.file(hash)?.filter(|file| file.here).map(|file| store.path_of(hash, &file.role));
    let fetched = store.fetched_folder().join(hash.to_hex());
    Ok(own.or(Some(fetched)).filter(|path| path.is_file()))
}

fn file_state(store: &Store, shown: &Entity, row: Option<&Entity>, photo: &str, which: Which) -> Result<FileState> {
    let Some(hash) = hash_in(shown, photo, which)? else { return Ok(FileState::Absent) };
    let kept = row.filter(|row| hash_in(row, photo, which).is_ok_and(|in_row| in_row == Some(hash)));
    let kept = kept.and_then(|row| row.kept(photo, which.role()));
    let file = store.file(&hash)?;
    Ok(match (kept, file) {
        // A server that misses what it kept is told so by the next sync; until then it waits.
        (Some(index), file) if file.as_ref().is_none_or(|file| file.sent || !file.here) => FileState::Kept { index },
        (_, Some(file)) if file.sent => FileState::Sent,
        (_, Some(file)) if !file.here => FileState::Lost,
        (_, Some(file)) => match file.code {
            Some(code) => FileState::Stuck { code, detail: file.detail.unwrap_or_default() },
            None => FileState::Waiting,
        },
        (_, None) => FileState::Expected,
    })
}

/// Keeps the folder of what was fetched below its bound; `newest` stays in any case.
fn drop_oldest(folder: &Path, newest: &Path) -> Result<()> {
    let mut files = Vec::new();
    for (_, path) in crate::photo::leftovers(folder).tried("look at what was fetched")?.files {
        // Another fetch may drop it at the same moment.
        let Ok(file) = path.metadata() else { continue };
        files.push((path == newest, modified(&file), file.len(), path));
    }
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, _, len, _)| len).sum();
    for (is_newest, _, len, path) in files {
        if bytes <= FETCHED || is_newest {
            break;
        }
        drop(fs::remove_file(path));
        bytes -= len;
    }
    Ok(())
}

/// Most bytes of fetched files that stay, unless one alone is larger.
const FETCHED: u64 = 64 * 1024 * 1024;
