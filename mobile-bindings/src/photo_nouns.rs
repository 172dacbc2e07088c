//! The nouns of photos and their files that cross as they are.

use xuncha_core::model::{BlobRef, Hash, Photo, Place, Preview as PhotoPreview, Time};
use xuncha_core::notebook::{
    Exported, FileFault, FileState, Freed, PhotoOf, PhotoSource, PreviewsMade, RecoveredPhoto, Shows, Which,
};

/// A file, by the hash of its bytes.
#[uniffi::remote(Record)]
pub struct BlobRef {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Length in bytes.
    pub len: u64,
    /// Media type, such as `image/jpeg`.
    pub media_type: String,
    /// What it is: `original`, `display`, `thumbnail`.
    pub role: String,
}

/// A photo that a finding expects, by the hash of its original.
#[uniffi::remote(Record)]
pub struct Photo {
    /// SHA-256 of the sealed original.
    pub original: Hash,
    /// When the shutter closed, as the phone's clock claimed.
    pub taken: Option<Time>,
    /// `camera` or `gallery`.
    pub source: Option<String>,
    /// Where the phone was at the shutter.
    pub place: Option<Place>,
    /// What it shows: `wide`, `close`, `reference`, `after`; none is before and from anywhere.
    pub shows: Option<String>,
}

/// Smaller pictures made from a photo's original; never evidence.
#[uniffi::remote(Record)]
pub struct PhotoPreview {
    /// SHA-256 of the original they were made from.
    pub original: Hash,
    /// SHA-256 of the display copy: a JPEG of at most 2048 px, upright, without metadata.
    pub display: Hash,
    /// SHA-256 of the thumbnail: a JPEG of at most 320 px, upright, without metadata.
    pub thumbnail: Hash,
    /// Width of the display copy in pixels.
    pub width: u32,
    /// Height of the display copy in pixels.
    pub height: u32,
    /// True when time, place and inspector are written into the display copy.
    pub stamped: bool,
}

/// Where a picture comes from.
#[uniffi::remote(Enum)]
pub enum PhotoSource {
    /// Taken by this app.
    Camera,
    /// Chosen from the phone's pictures.
    Gallery,
}

/// What a photo shows.
#[uniffi::remote(Enum)]
pub enum Shows {
    /// It, with what is around it.
    Wide,
    /// It from near.
    Close,
    /// Its size, beside something known.
    Reference,
    /// The same spot, once it is rectified.
    After,
}

/// Which picture of a photo.
#[uniffi::remote(Enum)]
pub enum Which {
    /// 320 px, for lists.
    Thumbnail,
    /// 2048 px, to look at.
    Display,
    /// The evidence itself.
    Original,
}

/// Where one file of a photo stands.
#[uniffi::remote(Enum)]
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
#[uniffi::remote(Record)]
pub struct PhotoOf {
    /// Its id in the finding.
    pub id: String,
    /// What the finding says of it.
    pub photo: Photo,
    /// The previews announced for it.
    pub preview: Option<PhotoPreview>,
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
#[uniffi::remote(Record)]
pub struct FileFault {
    /// The file.
    pub blob: BlobRef,
    /// Why: the stable code of the server, or `damaged`.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// What became of photos without previews.
#[uniffi::remote(Record)]
pub struct PreviewsMade {
    /// Photos that have previews now.
    pub made: u64,
    /// Photos of a kind that this version cannot draw, such as HEIC: hand previews in.
    pub no_preview_yet: u64,
    /// Photos that are damaged or too large; their originals are kept as they are.
    pub failed: u64,
    /// Of those made, display copies that have no stamp though there was a font for it.
    pub unstamped: u64,
    /// Letters and digits of their stamps that the font does not know; empty when there was no room for the stamp.
    pub unknown: String,
    /// True when there is more than was asked for: call again.
    pub more: bool,
}

/// A photo that was sealed and that no record refers to, such as after a crash.
#[uniffi::remote(Record)]
pub struct RecoveredPhoto {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Length in bytes.
    pub len: u64,
    /// When the file was written, by the phone's clock of then.
    pub modified: Time,
}

/// What freeing space did.
#[uniffi::remote(Record)]
pub struct Freed {
    /// Files removed from this phone.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Why nothing may be freed at all, for people.
    pub not_yet: Option<String>,
}

/// What an exported bundle holds.
#[uniffi::remote(Record)]
pub struct Exported {
    /// Ops that were not judged yet.
    pub ops: u64,
    /// Files that were not sent yet.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Files that were to be sent and are not in it: they are gone, or are no longer what was sealed.
    pub left_out: u64,
}
