//! Questions an app asks: lists, what is near, what waits, what was refused, drafts.

use rusqlite::{OptionalExtension as _, Row, params};

use super::view::read_entity;
use super::{Store, Tried, entity_id, int, op_id, uint};
use crate::Result;
use crate::model::{Entity, EntityId, OpId, Time};

/// An entity as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub(crate) entity: Entity,
    /// Some of it is not in the server's row yet.
    pub(crate) pending: bool,
}

/// An op of ours and where it stands.
pub(crate) struct OpLine {
    pub(crate) id: OpId,
    pub(crate) entity: EntityId,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) code: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) index: Option<u64>,
    pub(crate) text: String,
}

impl Store {
    /// Findings, newest first, behind (`at`, `id`) in that order.
    pub(crate) fn findings(&self, at: i64, id: EntityId, limit: u32) -> Result<Vec<Shown>> {
        let mut query = self.db.prepare_cached(include_str!("list.sql"))?;
        let mut rows = query.query(params![at, id.0.as_bytes(), limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().tried("list findings")? {
            let text: String = row.get("text")?;
            found.push(Shown { entity: read_entity(&text)?, pending: row.get("pending")? });
        }
        Ok(found)
    }

    /// Findings inside a box of latitudes and longitudes, with their points.
    pub(crate) fn findings_within(&self, lat: (f64, f64), lon: (f64, f64)) -> Result<Vec<(EntityId, f64, f64)>> {
        let mut query = self.db.prepare_cached(include_str!("near.sql"))?;
        let rows = query.query_map(params![lat.0, lat.1, lon.0, lon.1], |row| {
            Ok((entity_id(row.get(0)?), row.get(1)?, row.get(2)?))
        })?;
        rows.collect::<rusqlite::Result<_>>().tried("look for findings nearby")
    }

    /// Findings since `since` that have no point of their own, whether they name a known place or not.
    pub(crate) fn findings_without_fix(&self, since: Time) -> Result<Vec<EntityId>> {
        let mut query = self.db.prepare_cached(include_str!("without_fix.sql"))?;
        let rows = query.query_map([since.millis()], |row| Ok(entity_id(row.get(0)?)))?;
        rows.collect::<rusqlite::Result<_>>().tried("look for findings at known places")
    }

    /// Findings and inspections with a field in conflict.
    pub(crate) fn disputed(&self) -> Result<Vec<Entity>> {
        let query = "SELECT coalesce(shown, row) FROM entity
                      WHERE disputed = 1 AND kind IN ('finding', 'inspection') ORDER BY id";
        self.entities(query)
    }

    /// Users, by their ids.
    pub(crate) fn users(&self) -> Result<Vec<Entity>> {
        self.entities("SELECT coalesce(shown, row) FROM entity WHERE kind = 'user' AND kind <> 'finding' ORDER BY id")
    }

    pub(super) fn entities(&self, query: &str) -> Result<Vec<Entity>> {
        let mut query = self.db.prepare_cached(query)?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|text| read_entity(&text?)).collect()
    }

    /// Whether open ops are replayed over this entity.
    pub(crate) fn is_pending(&self, id: EntityId) -> Result<bool> {
        let query = "SELECT 1 FROM op WHERE entity = ? AND open = 1 LIMIT 1";
        self.db.prepare_cached(query)?.exists([id.0.as_bytes()]).tried("read what is pending")
    }

    /// How many ops were refused or cannot be read, and nobody has dealt with it.
    pub(crate) fn refused_count(&self) -> Result<u64> {
        self.count("SELECT count(*) FROM op WHERE state IN ('refused', 'unreadable')")
    }

    /// How many ops wait for something that the server misses.
    pub(crate) fn held_count(&self) -> Result<u64> {
        self.count("SELECT count(*) FROM op WHERE state IN ('new', 'sent', 'held', 'fork') AND state = 'held'")
    }

    /// How many findings and inspections have a field in conflict.
    pub(crate) fn disputed_count(&self) -> Result<u64> {
        self.count("SELECT count(*) FROM entity WHERE disputed = 1 AND kind IN ('finding', 'inspection')")
    }

    fn count(&self, query: &str) -> Result<u64> {
        self.db.prepare_cached(query)?.query_row([], |row| row.get(0)).map(uint).tried("count")
    }

    /// Ops that were refused or cannot be read, in the order they were said.
    pub(crate) fn refused_ops(&self) -> Result<Vec<OpLine>> {
        self.op_lines("state IN ('refused', 'unreadable') ORDER BY n")
    }

    /// Ops that wait to be judged, in the order they were said.
    pub(crate) fn waiting_ops(&self) -> Result<Vec<OpLine>> {
        self.op_lines("state IN ('new', 'sent', 'held', 'fork') ORDER BY n")
    }

    fn op_lines(&self, which: &str) -> Result<Vec<OpLine>> {
        let mut query = self.db.prepare_cached(&format!("{} AND {which}", include_str!("op_lines.sql")))?;
        let rows = query.query_map([0], op_line)?;
        rows.collect::<rusqlite::Result<_>>().tried("list ops")
    }

    /// The refused or unreadable op `id`.
    pub(crate) fn refused_op(&self, id: OpId) -> Result<Option<OpLine>> {
        let which = "id = ? AND state IN ('refused', 'unreadable')";
        let mut query = self.db.prepare_cached(&format!("{} AND {which}", include_str!("op_lines.sql")))?;
        query.query_row(params![0, id.0.as_bytes()], op_line).optional().tried("read an op")
    }

    /// A person has dealt with a refused op; it is kept, and no longer asked about.
    pub(crate) fn dealt_with(&self, id: OpId, state: &str) -> Result<bool> {
        let update = "UPDATE op SET state = ? WHERE id = ? AND state IN ('refused', 'unreadable')";
        let changed = self.db.prepare_cached(update)?.execute(params![state, id.0.as_bytes()]);
        let changed = changed.map(|changed| changed == 1).tried("put a refused op aside")?;
        if changed && state == "dismissed" {
            self.drop_orphans(id)?;
        }
        Ok(changed)
    }

    /// Ops that wait for a finding whose recording `id` was refused and put aside wait for nothing. Those that were not sent yet
    /// are links of the chain, and follow when they are held: see [`Store::dismiss_orphan`].
    fn drop_orphans(&self, id: OpId) -> Result<()> {
        let mut update = self.db.prepare_cached(include_str!("drop_orphans.sql"))?;
        let ids = update.query_map([id.0.as_bytes()], |row| row.get(0).map(entity_id))?;
        for id in ids.collect::<rusqlite::Result<Vec<_>>>().tried("put aside what waits for it")? {
            self.refresh(id)?;
        }
        Ok(())
    }

    /// Puts the held op `id` aside where it waits for a finding whose recording was refused and put aside.
    pub(super) fn dismiss_orphan(&self, id: OpId) -> Result<()> {
        let update = self.db.prepare_cached(include_str!("dismiss_orphan.sql"))?.execute([id.0.as_bytes()]);
        update.map(drop).tried("put aside what waits for nothing")
    }

    /// Saves a draft over what it was before.
    pub(crate) fn put_draft(&self, id: [u8; 16], text: &str, saved: Time) -> Result<()> {
        let insert = "INSERT OR REPLACE INTO draft (id, text, saved) VALUES (?, ?, ?)";
        self.db.prepare_cached(insert)?.execute(params![id, text, saved.millis()]).tried("save a draft")?;
        Ok(())
    }

    /// Drafts, the one saved last first.
    pub(crate) fn drafts(&self) -> Result<Vec<([u8; 16], String, Time)>> {
        let mut query = self.db.prepare_cached("SELECT id, text, saved FROM draft ORDER BY saved DESC, id DESC")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, Time::from_millis(row.get(2)?))))?;
        rows.collect::<rusqlite::Result<_>>().tried("list drafts")
    }

    /// The text of a draft.
    pub(crate) fn draft(&self, id: [u8; 16]) -> Result<Option<String>> {
        let mut query = self.db.prepare_cached("SELECT text FROM draft WHERE id = ?")?;
        query.query_row([id], |row| row.get(0)).optional().tried("read a draft")
    }

    /// Deletes a draft; false when there was none.
    pub(crate) fn drop_draft(&self, id: [u8; 16]) -> Result<bool> {
        let deleted = self.db.prepare_cached("DELETE FROM draft WHERE id = ?")?.execute([id]);
        deleted.map(|deleted| deleted == 1).tried("delete a draft")
    }
}

fn op_line(row: &Row<'_>) -> rusqlite::Result<OpLine> {
    Ok(OpLine {
        id: op_id(row.get("id")?),
        entity: entity_id(row.get("entity")?),
        kind: row.get("kind")?,
        state: row.get("state")?,
        code: row.get("code")?,
        detail: row.get("detail")?,
        index: row.get::<_, Option<i64>>("index")?.map(uint),
        text: row.get("text")?,
    })
}

/// Behind every finding there is.
pub(crate) fn everything() -> (i64, EntityId) {
    (int(u64::MAX), EntityId(uuid::Uuid::nil()))
}
