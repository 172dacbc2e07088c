//! Taking photos in: the bytes are sealed first, then one record refers to all of them.

use std::io::Read;
use std::path::PathBuf;

use super::Notebook;
use super::draft::{DraftId, saved_draft};
use super::record::{body_of, finding_of, name_catalogue};
use crate::model::{BlobRef, EntityId, FindingDraft, OpId, Photo, Place, Time};
use crate::photo::{PhotoError, Sealed, seal, sync_folder};
use crate::store::{Saying, Store, Tried};
use crate::{Error, Result};

/// What was so when the shutter closed, as the app knows it; nothing is read back from EXIF.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shot {
    /// When; none is now.
    pub taken: Option<Time>,
    /// Where the phone was, with accuracy and provider.
    pub place: Option<Place>,
    /// Where the picture comes from.
    pub source: PhotoSource,
    /// What it shows, where that matters.
    pub shows: Option<Shows>,
}

/// What a photo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl Shows {
    /// The stable name: `wide`, `close`, `reference`, `after`.
    pub fn as_str(self) -> &'static str {
        match self {
            Shows::Wide => "wide",
            Shows::Close => "close",
            Shows::Reference => "reference",
            Shows::After => "after",
        }
    }
}

/// Where a picture comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PhotoSource {
    /// Taken by this app.
    #[default]
    Camera,
    /// Chosen from the phone's pictures.
    Gallery,
}

/// A photo whose bytes are sealed, for one record. Until a record refers to it, it is nobody's: after
/// a crash it is offered by [`Notebook::recovered_photos`].
#[derive(Debug, Clone, PartialEq)]
pub struct SealedPhoto {
    /// The id it will have in the finding.
    pub id: String,
    /// Hash, length and media type.
    pub blob: BlobRef,
    /// What the finding will say of it.
    pub photo: Photo,
    /// IANA zone of the phone at that moment, for the stamp.
    pub(super) zone: String,
}

impl Notebook {
    /// Copies the bytes of a photo into the notebook, under their hash. They are synced when this
    /// returns; their name is, once a record refers to them. Needs no network and no enrolment.
    ///
    /// A crash leaves half a file, which the next opening removes, or a whole one, which it offers
    /// as recovered.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `photo` when the bytes are none, no JPEG, PNG or HEIC, or more than
    /// 256 MiB; [`Error::Full`] when the disk is; [`Error::Storage`] when `source` cannot be read.
    /// Nothing is left behind.
    pub fn seal_photo(&self, source: &mut dyn Read, shot: Shot) -> Result<SealedPhoto> {
        let folder = self.read(|store| Ok(store.photos_folder()))?;
        let _sealing = self.sealing();
        let sealed =
            seal(&folder, &self.host().uuid().to_string(), source).map_err(|error| as_error("photo", error))?;
        Ok(self.sealed(sealed, shot))
    }

    pub(super) fn sealed(&self, sealed: Sealed, shot: Shot) -> SealedPhoto {
        let clock = &self.host().clock;
        let source = match shot.source {
            PhotoSource::Camera => "camera",
            PhotoSource::Gallery => "gallery",
        };
        let photo = Photo {
            original: sealed.blob.hash,
            taken: Some(shot.taken.unwrap_or_else(|| clock.wall())),
            source: Some(source.to_owned()),
            place: shot.place,
            shows: shot.shows.map(|shows| shows.as_str().to_owned()),
        };
        SealedPhoto { id: self.host().uuid().to_string(), blob: sealed.blob, photo, zone: clock.zone() }
    }

    /// Records a finding with its photos, all or nothing, and gives its id. When this returns, the
    /// record and every byte of its photos are durable. Needs no network and waits for no preview.
    ///
    /// # Errors
    /// As [`Notebook::record`]; [`Error::Invalid`] naming `photos` when a sealed file is no longer
    /// there whole.
    pub fn record_with_photos(&self, draft: FindingDraft, photos: Vec<SealedPhoto>) -> Result<EntityId> {
        self.change_with(&photos, |store| self.record_photos_in(store, draft, &photos))
    }

    /// Changes what `draft` sets and adds the photos, all or nothing.
    ///
    /// # Errors
    /// As [`Notebook::amend`] and [`Notebook::record_with_photos`].
    pub fn amend_with_photos(
        &self,
        finding: EntityId,
        mut draft: FindingDraft,
        photos: Vec<SealedPhoto>,
    ) -> Result<OpId> {
        self.change_with(&photos, |store| self.amend_photos_in(store, finding, &mut draft, &photos))
    }

    pub(super) fn amend_photos_in(
        &self,
        store: &Store,
        finding: EntityId,
        draft: &mut FindingDraft,
        photos: &[SealedPhoto],
    ) -> Result<OpId> {
        name_catalogue(store, draft, Some(&finding_of(store, finding)?))?;
        let (id, kind) = (OpId(self.host().uuid()), "finding.amend");
        let (body, blobs) = (body_of(with_photos(draft, photos))?, blobs_of(photos));
        let saying = Saying { id, kind, entity: finding, body, from: None, blobs, supersedes: None };
        store.say_on(saying, draft.seen)?;
        promise(store, finding, id, photos)?;
        Ok(id)
    }

    /// Records the finding that a draft describes, with its photos, and deletes the draft; all or
    /// nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such draft, otherwise as
    /// [`Notebook::record_with_photos`]; the draft is kept.
    pub fn record_draft_with_photos(&self, id: DraftId, photos: Vec<SealedPhoto>) -> Result<EntityId> {
        self.change_with(&photos, |store| {
            let finding = self.record_photos_in(store, saved_draft(store, id)?, &photos)?;
            store.drop_draft(*id.0.as_bytes())?;
            Ok(finding)
        })
    }

    pub(super) fn record_photos_in(
        &self,
        store: &Store,
        mut draft: FindingDraft,
        photos: &[SealedPhoto],
    ) -> Result<EntityId> {
        let finding = self.record_in(store, with_photos(&mut draft, photos), blobs_of(photos))?;
        promise(store, finding, OpId(finding.0), photos)?;
        Ok(finding)
    }

    /// One sync of the folder for all photos, then `work` in one transaction, if all files are there.
    pub(super) fn change_with<T>(&self, photos: &[SealedPhoto], work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        if !photos.is_empty() {
            let folder = self.read(|store| Ok(store.photos_folder()))?;
            sync_folder(&folder).tried("sync the photos")?;
        }
        self.change(|store| {
            photos.iter().try_for_each(|photo| is_there(store, photo))?;
            work(store)
        })
    }
}

/// Called with the store locked: nothing is freed or discarded between this look and the record.
fn is_there(store: &Store, photo: &SealedPhoto) -> Result<()> {
    let path: PathBuf = store.path_of(&photo.blob.hash, "original");
    let wrong = |what: String| {
        let detail = format!("{} ({}): {what}", photo.id, photo.blob.hash);
        Err(Error::Invalid { field: "photos".into(), detail })
    };
    match path.metadata() {
        Ok(found) if found.len() == photo.blob.len => Ok(()),
        Ok(found) => wrong(format!("the sealed file has {} bytes instead of {}", found.len(), photo.blob.len)),
        Err(error) => wrong(format!("the sealed file cannot be found: {error}")),
    }
}

/// The draft with the photos in it.
pub(super) fn with_photos<'a>(draft: &'a mut FindingDraft, photos: &[SealedPhoto]) -> &'a FindingDraft {
    draft.photos.extend(photos.iter().map(|photo| (photo.id.clone(), Some(photo.photo.clone()))));
    draft
}

/// Each file once, also when it is two photos.
pub(super) fn blobs_of(photos: &[SealedPhoto]) -> Vec<BlobRef> {
    let mut blobs: Vec<BlobRef> = Vec::new();
    for photo in photos {
        if !blobs.contains(&photo.blob) {
            blobs.push(photo.blob.clone());
        }
    }
    blobs
}

pub(super) fn promise(store: &Store, finding: EntityId, op: OpId, photos: &[SealedPhoto]) -> Result<()> {
    photos.iter().try_for_each(|photo| {
        store.promise(finding, &photo.id, &photo.blob, op)?;
        store.put_photo(finding, &photo.id, &photo.zone)
    })
}

/// What the caller does next about a photo that could not be taken in.
pub(super) fn as_error(field: &str, error: PhotoError) -> Error {
    match error {
        PhotoError::DiskFull(_) => Error::Full,
        PhotoError::Io(error) => {
            Error::Storage { what: format!("take the photo in: {error}"), source: Box::new(error) }
        }
        other => Error::Invalid { field: field.to_owned(), detail: other.to_string() },
    }
}
