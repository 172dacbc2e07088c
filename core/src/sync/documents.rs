//! Fetches catalogues: the one in force, and those of inspections under way.

use super::{Errand, Synced};
use crate::model::Hash;
use crate::model::catalogue::Catalogue;
use crate::protocol::SyncService;
use crate::{Error, Result};

/// Longest document, in bytes.
const MOST: u64 = 4 * 1024 * 1024;

impl<S: SyncService> Errand<'_, S> {
    /// Fetches what is wanted and not here. One that cannot be had holds up nothing: the next sync
    /// asks again.
    pub(super) async fn fetch_documents(&self, synced: &mut Synced) -> Result<()> {
        for hash in self.door.with(|store| store.documents_wanted())? {
            synced.requests += 1;
            let bytes = match self.fetch(&hash, MOST).await {
                Ok(bytes) => bytes,
                Err(Error::Offline { .. } | Error::Refused { .. }) => continue,
                Err(error) => return Err(error),
            };
            if let Some(text) = checked(&hash, bytes) {
                self.door.with(|store| store.whole(|store| store.put_document(&hash, &text)))?;
                synced.documents += 1;
            }
        }
        Ok(())
    }
}

/// The text, when it is what was asked for and this version can read it.
fn checked(hash: &Hash, bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok().filter(|text| Hash::of(text.as_bytes()) == *hash)?;
    Catalogue::read(&text).is_ok().then_some(text)
}
