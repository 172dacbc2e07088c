//! The scopes this phone follows, their checksums, and why each row is here.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, params};

use super::{Store, Tried, entity_id, int, uint};
use crate::Result;
use crate::model::EntityId;
use crate::plan::Scope;
use crate::protocol::{PullReply, RowPart};

/// All scopes, kept in memory while a page is stored.
pub(super) struct Scopes {
    by_name: BTreeMap<Scope, Followed>,
}

/// One scope as the table has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Followed {
    pub(super) n: i64,
    pub(super) next: Option<u64>,
    pub(super) sum: RowPart,
}

impl Scopes {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Scope, &Followed)> {
        self.by_name.iter()
    }

    /// The scope's number; it is added when it is new.
    pub(super) fn number(&mut self, store: &Store, scope: &Scope) -> Result<i64> {
        if let Some(followed) = self.by_name.get(scope) {
            return Ok(followed.n);
        }
        let insert = "INSERT INTO scope (name, next, sum) VALUES (?, 0, ?)";
        store.db.prepare_cached(insert)?.execute(params![scope.as_str(), RowPart::default().0.to_be_bytes()])?;
        let n = store.db.last_insert_rowid();
        self.by_name.insert(scope.clone(), Followed { n, next: Some(0), sum: RowPart::default() });
        Ok(n)
    }

    pub(super) fn change(&mut self, scope: &Scope, change: impl FnOnce(RowPart) -> RowPart) {
        if let Some(followed) = self.by_name.get_mut(scope) {
            followed.sum = change(followed.sum);
        }
    }

    /// Follows what the page says about the scopes; gives entities that lost a reason.
    pub(super) fn follow(&mut self, store: &Store, reply: &PullReply) -> Result<Vec<EntityId>> {
        let mut left = Vec::new();
        for scope in reply.joined.iter().chain(reply.catching.keys()) {
            self.number(store, scope)?;
        }
        let gone = |scope: &Scope| {
            reply.dropped.contains(scope) || !(reply.joined.contains(scope) || reply.catching.contains_key(scope))
        };
        for scope in self.by_name.keys().filter(|scope| gone(scope)).cloned().collect::<Vec<_>>() {
            left.extend(self.drop(store, &scope)?);
        }
        for (scope, followed) in &mut self.by_name {
            followed.next = if reply.joined.contains(scope) { None } else { reply.catching.get(scope).copied() };
            // Until the last page what was shown before may still come, and stays: a sync may end here.
            if !reply.more && followed.next.is_none() {
                left.extend(store.drop_stale(followed.n)?);
            }
        }
        Ok(left)
    }

    fn drop(&mut self, store: &Store, scope: &Scope) -> Result<Vec<EntityId>> {
        let Some(followed) = self.by_name.remove(scope) else { return Ok(Vec::new()) };
        let delete = "DELETE FROM reason WHERE scope = ? RETURNING entity";
        let left = store.ids(delete, followed.n)?;
        store.db.execute("DELETE FROM scope WHERE n = ?", [followed.n]).tried("drop a scope")?;
        Ok(left)
    }

    /// Scopes whose sum is not the server's. Each is fetched anew from index 0 when `again`; what
    /// it shows stays until then.
    pub(super) fn compare(&mut self, store: &Store, reply: &PullReply, again: bool) -> Result<Vec<Scope>> {
        let mut wrong = Vec::new();
        for (scope, followed) in &mut self.by_name {
            let differs = reply.sums.get(scope).is_some_and(|sum| *sum != followed.sum.to_text());
            if !differs || followed.next.is_some() {
                continue;
            }
            wrong.push(scope.clone());
            if again {
                let update = "UPDATE reason SET part = NULL WHERE scope = ?";
                store.db.execute(update, [followed.n]).tried("fetch a scope anew")?;
                (followed.next, followed.sum) = (Some(0), RowPart::default());
            }
        }
        Ok(wrong)
    }

    pub(super) fn save(&self, store: &Store) -> Result<()> {
        let mut update = store.db.prepare_cached("UPDATE scope SET next = ?, sum = ? WHERE n = ?")?;
        for followed in self.by_name.values() {
            let sum = followed.sum.0.to_be_bytes();
            update.execute(params![followed.next.map(int), sum, followed.n])?;
        }
        Ok(())
    }
}

impl Store {
    pub(super) fn scopes(&self) -> Result<Scopes> {
        let mut query = self.db.prepare_cached("SELECT n, name, next, sum FROM scope ORDER BY n")?;
        let rows = query.query_map([], |row| {
            let sum = RowPart(u128::from_be_bytes(row.get("sum")?));
            let next = row.get::<_, Option<i64>>("next")?.map(uint);
            Ok((Scope::from(row.get::<_, String>("name")?), Followed { n: row.get("n")?, next, sum }))
        })?;
        Ok(Scopes { by_name: rows.collect::<rusqlite::Result<_>>().tried("read the scopes")? })
    }

    /// Ledger indexes below this are shown by rows, in every scope: ops judged there need no replay.
    pub(super) fn bound(&self) -> Result<u64> {
        let query = "SELECT coalesce(min(next, (SELECT min(next) FROM scope)), next) FROM \
                     (SELECT coalesce(cursor, 0) AS next FROM notebook)";
        let bound: i64 = self.db.prepare_cached(query)?.query_row([], |row| row.get(0)).tried("read the cursor")?;
        Ok(uint(bound))
    }

    /// What the row adds to the scope's sum: none when the scope does not show it, and none inside
    /// while the scope is fetched anew and has not come to it.
    pub(super) fn part(&self, id: EntityId, scope: i64) -> Result<Option<Option<RowPart>>> {
        let mut query = self.db.prepare_cached("SELECT part FROM reason WHERE entity = ? AND scope = ?")?;
        let part = query.query_row(params![id.0.as_bytes(), scope], |row| row.get::<_, Option<[u8; 16]>>(0));
        let part = part.optional().tried("read why a row is here")?;
        Ok(part.map(|part| part.map(|bytes| RowPart(u128::from_be_bytes(bytes)))))
    }

    pub(super) fn put_reason(&self, id: EntityId, scope: i64, part: RowPart) -> Result<()> {
        let insert = "INSERT OR REPLACE INTO reason (entity, scope, part) VALUES (?, ?, ?)";
        self.db.prepare_cached(insert)?.execute(params![id.0.as_bytes(), scope, part.0.to_be_bytes()])?;
        Ok(())
    }

    pub(super) fn drop_reason(&self, id: EntityId, scope: i64) -> Result<()> {
        let delete = "DELETE FROM reason WHERE entity = ? AND scope = ?";
        self.db.prepare_cached(delete)?.execute(params![id.0.as_bytes(), scope])?;
        Ok(())
    }

    pub(super) fn has_reason(&self, id: EntityId) -> Result<bool> {
        let query = "SELECT 1 FROM reason WHERE entity = ? LIMIT 1";
        self.db.prepare_cached(query)?.exists([id.0.as_bytes()]).tried("read why a row is here")
    }

    /// Drops what a scope fetched anew no longer shows.
    fn drop_stale(&self, scope: i64) -> Result<Vec<EntityId>> {
        self.ids("DELETE FROM reason WHERE scope = ? AND part IS NULL RETURNING entity", scope)
    }

    fn ids(&self, query: &str, scope: i64) -> Result<Vec<EntityId>> {
        let mut query = self.db.prepare_cached(query)?;
        let ids = query.query_map([scope], |row| row.get(0).map(entity_id))?;
        ids.collect::<rusqlite::Result<_>>().tried("read what a scope shows")
    }
}
