//! Photos: sealing them, looking at them, previews.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use xuncha_core::model::{EntityId, Hash, OpId, Photo, Place, Time};
use xuncha_core::notebook::{
    self, Notebook as Core, PhotoOf, PhotoSource, PreviewOptions, PreviewsMade, RecoveredPhoto, Shows, Which,
};
use xuncha_core::photo::Font;

use crate::host::path;
use crate::{FieldError, Notebook};

type Result<T> = std::result::Result<T, FieldError>;

/// What was so when the shutter closed, as the app knows it; nothing is read back from EXIF.
#[derive(Debug, Clone, Default, PartialEq, uniffi::Record)]
pub struct Shot {
    /// When; none is now.
    #[uniffi(default)]
    pub taken: Option<Time>,
    /// Where the phone was, with accuracy and provider.
    #[uniffi(default)]
    pub place: Option<Place>,
    /// Where the picture comes from; none is the camera.
    #[uniffi(default)]
    pub source: Option<PhotoSource>,
    /// What it shows, where that matters.
    #[uniffi(default)]
    pub shows: Option<Shows>,
}

impl Shot {
    fn into_core(self) -> notebook::Shot {
        let source = self.source.unwrap_or_default();
        notebook::Shot { taken: self.taken, place: self.place, source, shows: self.shows }
    }
}

/// A photo whose bytes are durable, for one record. Until a record refers to it, it is nobody's: after a crash it
/// is offered by `recoveredPhotos`.
#[derive(Debug, uniffi::Object)]
pub struct SealedPhoto(notebook::SealedPhoto);

impl SealedPhoto {
    pub(crate) fn all(photos: &[Arc<SealedPhoto>]) -> Vec<notebook::SealedPhoto> {
        photos.iter().map(|photo| photo.0.clone()).collect()
    }
}

#[uniffi::export]
impl SealedPhoto {
    /// The id that it will have in the finding.
    pub fn id(&self) -> String {
        self.0.id.clone()
    }

    /// SHA-256 of its bytes.
    pub fn hash(&self) -> Hash {
        self.0.blob.hash
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.0.blob.len
    }

    /// What the finding will say of it.
    pub fn photo(&self) -> Photo {
        self.0.photo.clone()
    }
}

#[uniffi::export]
impl Notebook {
    /// Copies the photo in the file at `path` into the notebook; its bytes are durable when this returns. The file
    /// may be deleted then. Needs no network and no enrolment.
    ///
    /// Throws `Invalid` naming `photo` when it is no JPEG, PNG or HEIC of at most 256 MiB, `Storage` when the
    /// storage is full or the file cannot be read. Nothing is left behind then; a crash leaves a photo that is
    /// offered as recovered, or nothing.
    #[uniffi::method(default(shot = None))]
    pub fn seal_photo(&self, path: String, shot: Option<Shot>) -> Result<Arc<SealedPhoto>> {
        let core = self.core()?;
        let invalid = |detail: &dyn std::fmt::Display| FieldError::invalid("photo", &format!("{path}: {detail}"));
        let place = crate::host::path("photo", &path)?;
        let mut file = File::open(place).map_err(|error| invalid(&error))?;
        if !file.metadata().is_ok_and(|file| file.is_file()) {
            return Err(invalid(&"is no file"));
        }
        let sealed = core.seal_photo(&mut file, shot.unwrap_or_default().into_core())?;
        Ok(Arc::new(SealedPhoto(sealed)))
    }

    /// The same for a photo whose bytes are in memory.
    #[uniffi::method(default(shot = None))]
    pub fn seal_photo_bytes(&self, bytes: Vec<u8>, shot: Option<Shot>) -> Result<Arc<SealedPhoto>> {
        let sealed = self.core()?.seal_photo(&mut bytes.as_slice(), shot.unwrap_or_default().into_core())?;
        Ok(Arc::new(SealedPhoto(sealed)))
    }

    /// Photos that were sealed and that no record refers to, such as after a crash; also those sealed a moment ago.
    pub fn recovered_photos(&self) -> Result<Vec<RecoveredPhoto>> {
        Ok(self.core()?.recovered_photos()?)
    }

    /// Takes a recovered photo in hand, for a record; `shot` says what the user remembers.
    #[uniffi::method(default(shot = None))]
    pub fn recovered_photo(&self, hash: Hash, shot: Option<Shot>) -> Result<Arc<SealedPhoto>> {
        let sealed = self.core()?.recovered_photo(&hash, shot.unwrap_or_default().into_core())?;
        Ok(Arc::new(SealedPhoto(sealed)))
    }

    /// Throws a recovered photo away. One that a record refers to is never thrown away.
    pub fn discard_recovered(&self, hash: Hash) -> Result<()> {
        Ok(self.core()?.discard_recovered(&hash)?)
    }

    /// The photos of a finding, and where their files stand.
    pub fn photos(&self, finding: EntityId) -> Result<Vec<PhotoOf>> {
        Ok(self.core()?.photos(finding)?)
    }

    /// Path of a picture of a photo, when it is on this phone; see `fetchPreview`.
    pub fn picture(&self, finding: EntityId, photo: String, which: Which) -> Result<Option<String>> {
        let core = self.core()?;
        let here = match which {
            Which::Thumbnail => core.thumbnail(finding, &photo)?,
            Which::Display => core.display(finding, &photo)?,
            Which::Original => core.original(finding, &photo)?,
        };
        here.map(text).transpose()
    }

    /// Path of a picture of a photo, fetched when it is not on this phone. Use it at once: what was fetched is kept
    /// below 64 MiB altogether.
    pub async fn fetch_preview(&self, finding: EntityId, photo: String, which: Which) -> Result<String> {
        let (core, server) = (self.core()?, self.server()?);
        let fetching = async move { text(core.fetch_preview(&server, finding, &photo, which).await?) };
        self.errands.run(fetching).await
    }

    /// Makes the display copies and thumbnails of at most `most` photos that have none, and announces them; with
    /// `font`, path of a TrueType or OpenType file, stamped with time, place and inspector. Needs no network. What
    /// cannot be drawn, such as HEIC, is counted: hand previews in with `addPreview`.
    #[uniffi::method(default(font = None, most = 100))]
    pub async fn make_previews(&self, font: Option<String>, most: u32) -> Result<PreviewsMade> {
        let core = self.core()?;
        self.errands.work(move || previews(&core, font.as_deref(), most)).await
    }

    /// Takes previews that the app has made of one of its own photos: JPEGs of at most 2048 and 320 pixels, upright
    /// and without metadata.
    pub fn add_preview(&self, finding: EntityId, photo: String, display: Vec<u8>, thumbnail: Vec<u8>) -> Result<OpId> {
        Ok(self.core()?.add_preview(finding, &photo, &display, &thumbnail)?)
    }
}

fn previews(core: &Core, font: Option<&str>, most: u32) -> Result<PreviewsMade> {
    let load = |file: &str| {
        let font = Font::load(path("font", file)?, None);
        font.map(Arc::new).map_err(|error| FieldError::invalid("font", &error.to_string()))
    };
    let font = font.map(load).transpose()?;
    Ok(core.make_previews(&PreviewOptions { font, most: most as usize })?)
}

/// A path of the notebook's own: the folder's name came in as text, so it goes out as text.
pub(crate) fn text(path: PathBuf) -> Result<String> {
    path.into_os_string().into_string().map_err(|_| FieldError::storage("storage", "the folder's name is no text"))
}
