//! Photos that this notebook took in, and what became of their previews.

use std::path::PathBuf;

use rusqlite::{OptionalExtension as _, params};

use super::files::hash_of;
use super::{Store, Tried, entity_id, int, uint};
use crate::Result;
use crate::model::{EntityId, Hash};

/// A photo whose previews are not made yet, with its original here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PhotoWithoutPreview {
    pub(crate) finding: EntityId,
    pub(crate) photo: String,
    pub(crate) zone: String,
    pub(crate) original: Hash,
    pub(crate) len: u64,
    pub(crate) path: PathBuf,
}

impl Store {
    /// Takes in a photo, whose original is promised beside. To be called inside [`Store::whole`].
    pub(crate) fn put_photo(&self, finding: EntityId, photo: &str, zone: &str) -> Result<()> {
        let insert = "INSERT OR REPLACE INTO photo (finding, id, zone) VALUES (?, ?, ?)";
        let row = params![finding.0.as_bytes(), photo, zone];
        self.db.prepare_cached(insert)?.execute(row).tried("keep a photo")?;
        Ok(())
    }

    /// Photos without previews, at most `most`.
    pub(crate) fn photos_without_preview(&self, most: usize) -> Result<Vec<PhotoWithoutPreview>> {
        let mut query = self.db.prepare_cached(include_str!("without_preview.sql"))?;
        let rows = query.query_map([int(most as u64)], |row| {
            let (hash, role): (String, String) = (row.get("hash")?, row.get("role")?);
            let (finding, photo, zone) = (row.get("finding").map(entity_id)?, row.get("id")?, row.get("zone")?);
            Ok((finding, photo, zone, hash, uint(row.get("len")?), role))
        })?;
        let photos = rows.map(|row| {
            let (finding, photo, zone, hash, len, role) = row.tried("read which photos have no preview")?;
            let original = hash_of(&hash)?;
            let path = self.path_of(&original, &role);
            Ok(PhotoWithoutPreview { finding, photo, zone, original, len, path })
        });
        photos.collect()
    }

    /// Remembers what became of a photo's previews: `made`, `no_preview_yet` or `failed`.
    pub(crate) fn set_preview(&self, finding: EntityId, photo: &str, state: &str, detail: Option<&str>) -> Result<()> {
        let update = "UPDATE photo SET preview = ?, detail = ? WHERE finding = ? AND id = ?";
        let row = params![state, detail, finding.0.as_bytes(), photo];
        self.db.prepare_cached(update)?.execute(row).tried("keep what became of a preview")?;
        Ok(())
    }

    /// What became of a photo's previews, and why; none when this notebook did not take it in.
    pub(crate) fn preview_of(&self, finding: EntityId, photo: &str) -> Result<Option<(String, Option<String>)>> {
        let query = "SELECT preview, detail FROM photo WHERE finding = ? AND id = ?";
        let row = params![finding.0.as_bytes(), photo];
        let row = self.db.prepare_cached(query)?.query_row(row, |row| Ok((row.get(0)?, row.get(1)?)));
        row.optional().tried("read a photo")
    }

    /// How many photos this notebook took in.
    pub(crate) fn photo_count(&self) -> Result<u64> {
        self.db.prepare_cached("SELECT count(*) FROM photo")?.query_row([], |row| row.get(0)).map(uint).tried("count")
    }
}
