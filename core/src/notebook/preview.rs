//! Display copies and thumbnails: made from originals after the record, or handed in by the app.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use super::Notebook;
use super::handed_in::handed_in;
use super::photo::as_error;
use super::record::{finding_of, raw};
use crate::model::{BlobRef, Entity, EntityId, Finding, Hash, OpId, Photo, Preview, Time};
use crate::photo::{Font, PhotoError, Stamp, Wanted, seal, shrink, sync_folder};
use crate::store::{Author, PhotoWithoutPreview, Saying, Store, Tried};
use crate::{Error, Result};
use serde::{Deserialize as _, Serialize};

/// How previews are made.
#[derive(Debug, Clone)]
pub struct PreviewOptions {
    /// Font for the stamp (time, place, inspector, item); none leaves display copies without one.
    pub font: Option<Arc<Font>>,
    /// Most photos in one call; each takes a moment of the processor.
    pub most: usize,
}

impl Default for PreviewOptions {
    /// No stamp, a hundred photos.
    fn default() -> PreviewOptions {
        PreviewOptions { font: None, most: 100 }
    }
}

/// What became of photos without previews.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PreviewsMade {
    /// Photos that have previews now.
    pub made: u64,
    /// Photos of a kind that this version cannot draw, such as HEIC: hand previews in.
    pub no_preview_yet: u64,
    /// Photos that are damaged or too large; their originals are kept as they are.
    pub failed: u64,
    /// Of those made, display copies that have no stamp though there was a font for it.
    #[serde(skip_serializing_if = "is_none_of_them")]
    pub unstamped: u64,
    /// Letters and digits of their stamps that the font does not know; empty when there was no room for the stamp.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unknown: String,
    /// True when there is more than was asked for: call again.
    pub more: bool,
}

fn is_none_of_them(count: &u64) -> bool {
    *count == 0
}

impl PreviewsMade {
    /// Counts in what a further call made.
    pub fn add(&mut self, made: &PreviewsMade) {
        self.made += made.made;
        self.no_preview_yet += made.no_preview_yet;
        self.failed += made.failed;
        self.unstamped += made.unstamped;
        self.know_not(&made.unknown);
        self.more = made.more;
    }

    fn know_not(&mut self, letters: &str) {
        let new: Vec<char> = letters.chars().filter(|letter| !self.unknown.contains(*letter)).collect();
        self.unknown.extend(new);
    }
}

/// A preview whose files are sealed.
struct Sealed {
    photo: String,
    /// Who took the photo: nobody else may announce what it looks like.
    author: Option<Author>,
    preview: Preview,
    blobs: [BlobRef; 2],
}

/// Why a photo has no preview: a stable code, and the same for people.
type NoPreview = (&'static str, String);

impl Notebook {
    /// Makes the display copy and the thumbnail of photos that have none and whose original is here,
    /// and announces them, one op for each finding. Needs no network. What cannot be drawn is
    /// remembered and not tried again.
    ///
    /// The store is not locked while a picture is drawn. A crash leaves files that the next opening
    /// removes.
    ///
    /// # Errors
    /// [`Error::Full`] when the disk is; [`Error::Busy`] when the notebook is suspended meanwhile.
    /// What was announced before stays.
    pub fn make_previews(&self, options: &PreviewOptions) -> Result<PreviewsMade> {
        let mut photos = self.read(|store| store.photos_without_preview(options.most.saturating_add(1)))?;
        let mut done = PreviewsMade { more: photos.len() > options.most, ..PreviewsMade::default() };
        photos.truncate(options.most);
        let _sealing = self.sealing();
        for photos in photos.chunk_by(|a, b| a.finding == b.finding) {
            self.make_for(photos, options.font.as_deref(), &mut done)?;
        }
        Ok(done)
    }

    /// Photos of one finding.
    fn make_for(&self, photos: &[PhotoWithoutPreview], font: Option<&Font>, done: &mut PreviewsMade) -> Result<()> {
        let Some(finding) = photos.first().map(|photo| photo.finding) else { return Ok(()) };
        let entity = self.read(|store| finding_of(store, finding))?;
        let mut made = Vec::new();
        for photo in photos {
            let (author, inspector) = self.read(|store| author(store, &entity, &photo.photo))?;
            if entity.preview(&photo.photo).is_some() {
                self.remember(photo, "made", "announced by somebody else")?;
                continue;
            }
            let stamp = self.read(|store| stamp(store, &entity, photo, &inspector))?;
            match self.draw(photo, &stamp, font)? {
                Ok(sealed) => {
                    if let Some(font) = font.filter(|_| !sealed.preview.stamped) {
                        done.unstamped += 1;
                        done.know_not(&stamp.unknown_to(font));
                    }
                    made.push(Sealed { author, ..sealed });
                }
                Err((state @ "no_preview_yet", detail)) => {
                    done.no_preview_yet += 1;
                    self.remember(photo, state, &detail)?;
                }
                Err((_, detail)) => {
                    done.failed += 1;
                    self.remember(photo, "failed", &detail)?;
                }
            }
        }
        done.made += made.len() as u64;
        made.sort_by_key(|one| one.author);
        made.chunk_by(|a, b| a.author == b.author).try_for_each(|made| self.announce(finding, made).map(drop))
    }

    fn remember(&self, photo: &PhotoWithoutPreview, state: &str, detail: &str) -> Result<()> {
        self.change(|store| store.set_preview(photo.finding, &photo.photo, state, Some(detail)))
    }

    /// Draws and seals; inside, why that cannot be done for this photo.
    fn draw(
        &self,
        photo: &PhotoWithoutPreview,
        stamp: &Stamp,
        font: Option<&Font>,
    ) -> Result<std::result::Result<Sealed, NoPreview>> {
        if photo.len > MOST_TO_DRAW {
            return Ok(Err(("failed", format!("too_many_bytes: more than {MOST_TO_DRAW} bytes"))));
        }
        let bytes = fs::read(&photo.path).tried("read a photo")?;
        if Hash::of(&bytes) != photo.original {
            let detail = "its bytes are no longer those that were sealed";
            self.change(|store| store.file_failed(&photo.original, "damaged", detail))?;
            return Ok(Err(("failed", format!("damaged: {detail}"))));
        }
        let drawn = match shrink(&bytes, &Wanted { stamp: Some(stamp), font, ..Wanted::default() }) {
            Ok(drawn) => drawn,
            Err(PhotoError::DiskFull(_)) => return Err(Error::Full),
            Err(error) => return Ok(Err((error.code(), format!("{}: {error}", error.code())))),
        };
        let (width, height) = (drawn.display.width, drawn.display.height);
        let blobs = [("display", &drawn.display.jpeg), ("thumbnail", &drawn.thumbnail.jpeg)];
        let blobs = self.seal_previews(blobs.map(|(role, jpeg)| (role, jpeg.as_slice())))?;
        let [display, thumbnail] = [blobs[0].hash, blobs[1].hash];
        let stamped = drawn.stamped;
        let preview = Preview { original: photo.original, display, thumbnail, width, height, stamped };
        Ok(Ok(Sealed { photo: photo.photo.clone(), author: None, preview, blobs }))
    }

    fn seal_previews(&self, files: [(&str, &[u8]); 2]) -> Result<[BlobRef; 2]> {
        let folder = self.read(|store| Ok(store.previews_folder()))?;
        let one = |(role, mut bytes): (&str, &[u8])| {
            let sealed = seal(&folder, &self.host().uuid().to_string(), &mut bytes);
            sealed.map(|sealed| BlobRef { role: role.to_owned(), ..sealed.blob }).map_err(|error| as_error(role, error))
        };
        let [display, thumbnail] = files;
        Ok([one(display)?, one(thumbnail)?])
    }

    /// One sync of the folder, then one transaction: the op, the files, the photos. All are of one
    /// author.
    fn announce(&self, finding: EntityId, made: &[Sealed]) -> Result<Option<OpId>> {
        let Some(author) = made.first().map(|one| one.author) else { return Ok(None) };
        let folder = self.read(|store| Ok(store.previews_folder()))?;
        sync_folder(&folder).tried("sync the previews")?;
        let previews: BTreeMap<_, _> = made.iter().map(|one| (&one.photo, &one.preview)).collect();
        let body = raw(&serde_json::json!({ "previews": previews }))?;
        let mut blobs: Vec<BlobRef> = Vec::new();
        for blob in made.iter().flat_map(|one| &one.blobs) {
            // A picture of at most 320 px may be its own thumbnail.
            if !blobs.iter().any(|known| known.hash == blob.hash) {
                blobs.push(blob.clone());
            }
        }
        self.change(|store| {
            let id = OpId(self.host().uuid());
            let kind = "photo.preview";
            let saying = Saying { id, kind, entity: finding, body, from: None, blobs, supersedes: None };
            match author {
                Some(author) => store.say_as(author, saying)?,
                None => store.say(saying)?,
            };
            for one in made {
                one.blobs.iter().try_for_each(|blob| store.promise(finding, &one.photo, blob, id))?;
                store.set_preview(finding, &one.photo, "made", None)?;
            }
            Ok(Some(id))
        })
    }

    /// Takes previews that the app has made of one of its own photos, such as of a HEIC: JPEGs of at
    /// most 2048 and 320 pixels, upright and without metadata. Announces them.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `display` or `thumbnail` when it is not such a picture;
    /// [`Error::NotFound`] when the photo was not taken in here; [`Error::Full`]. Nothing changed.
    pub fn add_preview(&self, finding: EntityId, photo: &str, display: &[u8], thumbnail: &[u8]) -> Result<OpId> {
        let (original, author) = self.read(|store| {
            let not_here = || Error::NotFound { what: format!("photo {photo} among those taken in here") };
            store.preview_of(finding, photo)?.ok_or_else(not_here)?;
            let entity = finding_of(store, finding)?;
            let value = entity.field(&format!("photos/{photo}")).cloned();
            let named = value.and_then(|value| Photo::deserialize(value).ok()).ok_or_else(not_here)?;
            Ok((named.original, author(store, &entity, photo)?.0))
        })?;
        let (width, height) = handed_in("display", display, 2048)?;
        handed_in("thumbnail", thumbnail, 320)?;
        let _sealing = self.sealing();
        let blobs = self.seal_previews([("display", display), ("thumbnail", thumbnail)])?;
        let [display, thumbnail] = [blobs[0].hash, blobs[1].hash];
        let preview = Preview { original, display, thumbnail, width, height, stamped: false };
        let said = self.announce(finding, &[Sealed { photo: photo.to_owned(), author, preview, blobs }])?;
        said.ok_or_else(|| Error::NotFound { what: format!("photo {photo}") })
    }
}

/// Who took the photo in, when that was said in this notebook, and their name.
fn author(store: &Store, finding: &Entity, photo: &str) -> Result<(Option<Author>, String)> {
    let author = store.author_of(finding.stamps.of(&format!("photos/{photo}")).op)?;
    let user = author.map(|author| author.user);
    let logins = store.logins()?;
    let login = logins.iter().find(|login| user.map_or(login.current, |user| user == login.user));
    let name = match (login, user) {
        (Some(login), _) => Some(login.name.clone()),
        // Signed out since; their row may still be here.
        (None, Some(user)) => store.entity(user)?.and_then(|user| user.text("name").map(str::to_owned)),
        (None, None) => None,
    };
    Ok((author, name.unwrap_or_default()))
}

/// What is written on the display copy: time, place, inspector and item, a line each.
fn stamp(store: &Store, entity: &Entity, photo: &PhotoWithoutPreview, inspector: &str) -> Result<Stamp> {
    let finding = Finding::from_entity(entity);
    let shot = finding.photos.get(&photo.photo);
    let taken = shot.and_then(|shot| shot.taken).unwrap_or(finding.at);
    let place = shot.and_then(|shot| shot.place.as_ref()).or(finding.place.as_ref());
    let known = place.and_then(|place| place.id).map(|id| store.entity(id)).transpose()?.flatten();
    let place = place.and_then(|place| {
        let point = || Some(format!("{:.5}, {:.5}", place.lat?, place.lon?));
        let name = || known.as_ref().and_then(|known| known.text("name")).map(str::to_owned);
        place.words.clone().or_else(point).or_else(name)
    });
    let lines = [Some(local_time(taken, &photo.zone)), place, Some(inspector.to_owned()), finding.item];
    Ok(Stamp { lines: lines.into_iter().flatten().filter(|line| !line.is_empty()).collect() })
}

/// `2026-11-24 11:44:25 +08:00`, in the zone of the capture; UTC when that is no zone known here.
fn local_time(time: Time, zone: &str) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    match jiff::Timestamp::from_millisecond(time.millis()) {
        Ok(instant) => instant.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
        Err(_) => time.to_string(),
    }
}

/// Most bytes of an original that is drawn: all of it is in memory then.
const MOST_TO_DRAW: u64 = 64 * 1024 * 1024;
