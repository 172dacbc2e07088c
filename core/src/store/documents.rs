//! Texts that entities name by their hash: catalogues.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{OptionalExtension as _, params};

use super::view::read_entity;
use super::{Store, Tried};
use crate::Result;
use crate::model::catalogue::Catalogue;
use crate::model::{Entity, EntityId, Hash};
use crate::plan::{file_of, in_force};

impl Store {
    /// The catalogue whose document has this hash; none when it is not here or cannot be read by
    /// this version.
    pub(crate) fn catalogue(&self, file: &Hash) -> Result<Option<Arc<Catalogue>>> {
        if let Some(known) = self.catalogues.borrow().get(file) {
            return Ok(Some(known.clone()));
        }
        let mut query = self.db.prepare_cached("SELECT text FROM document WHERE hash = ?")?;
        let text: Option<String> =
            query.query_row([file.to_string()], |row| row.get(0)).optional().tried("read a catalogue")?;
        let read = text.and_then(|text| Catalogue::read(&text).ok()).map(Arc::new);
        if let Some(catalogue) = &read {
            self.catalogues.borrow_mut().insert(*file, catalogue.clone());
        }
        Ok(read)
    }

    /// The catalogue in force, and what stands for it in the ledger.
    pub(crate) fn catalogue_in_force(&self) -> Result<Option<(Entity, Option<Arc<Catalogue>>)>> {
        let all = self.of_kind("catalogue")?;
        let Some(entity) = in_force(all.iter()) else { return Ok(None) };
        let catalogue = file_of(entity).map(|file| self.catalogue(&file)).transpose()?.flatten();
        Ok(Some((entity.clone(), catalogue)))
    }

    /// Documents that this phone needs and does not have: the catalogue in force and those of
    /// inspections that are under way.
    pub(crate) fn documents_wanted(&self) -> Result<Vec<Hash>> {
        let all = self.of_kind("catalogue")?;
        let mut wanted: BTreeSet<EntityId> = in_force(all.iter()).map(|entity| entity.id).into_iter().collect();
        let query =
            "SELECT coalesce(shown, row) FROM entity WHERE kind = 'inspection' AND status IN ('started', 'paused')";
        wanted.extend(self.entities(query)?.iter().filter_map(|inspection| inspection.reference("catalogue")));
        let files: BTreeSet<Hash> =
            all.iter().filter(|entity| wanted.contains(&entity.id)).filter_map(file_of).collect();
        let mut here = self.db.prepare_cached("SELECT 1 FROM document WHERE hash = ?")?;
        let mut missing = Vec::new();
        for file in files {
            if !here.exists([file.to_string()]).tried("look for a document")? {
                missing.push(file);
            }
        }
        Ok(missing)
    }

    /// Keeps a document whose hash was checked; what is pending is previewed with it from now on.
    pub(crate) fn put_document(&self, hash: &Hash, text: &str) -> Result<()> {
        let insert = "INSERT OR IGNORE INTO document (hash, text) VALUES (?, ?)";
        self.db.prepare_cached(insert)?.execute(params![hash.to_string(), text]).tried("keep a document")?;
        for id in self.entities_open()? {
            self.refresh(id)?;
        }
        Ok(())
    }

    /// Everything of a kind that is shown, in order of the ids. Not for findings: there are too many.
    pub(crate) fn of_kind(&self, kind: &str) -> Result<Vec<Entity>> {
        let query = "SELECT coalesce(shown, row) FROM entity WHERE kind = ? AND kind <> 'finding' ORDER BY id";
        let mut query = self.db.prepare_cached(query)?;
        let rows = query.query_map([kind], |row| row.get::<_, String>(0))?;
        rows.map(|text| read_entity(&text?)).collect()
    }

    /// Inspections with open ops: whether one can be finished follows from its findings too.
    pub(super) fn inspections_pending(&self) -> Result<Vec<EntityId>> {
        let query = "SELECT id FROM entity WHERE kind = 'inspection'
                        AND id IN (SELECT entity FROM op WHERE open = 1)";
        let mut query = self.db.prepare_cached(query)?;
        let ids = query.query_map([], |row| row.get(0).map(super::entity_id))?;
        ids.collect::<rusqlite::Result<_>>().tried("read what is pending")
    }

    /// Inspections, the one started last first.
    pub(crate) fn inspections(&self, open: bool) -> Result<Vec<Entity>> {
        let which = if open { "AND status IN ('started', 'paused')" } else { "" };
        self.entities(&format!(
            "SELECT coalesce(shown, row) FROM entity WHERE kind = 'inspection' {which} ORDER BY at DESC, id DESC"
        ))
    }

    /// Notices, the one drafted last first.
    pub(crate) fn notices(&self) -> Result<Vec<Entity>> {
        self.entities("SELECT coalesce(shown, row) FROM entity WHERE kind = 'notice' ORDER BY at DESC, id DESC")
    }
}
