//! How people sign in, in SQLite.

use rusqlite::params;
use xuncha_core::model::{EntityId, Hash, Time};

use super::super::{EntityRow, KeepSignIns, LinkRow, PasswordRow, Result, SessionRow, SignIns};
use super::batch::SqliteBatch;
use super::snapshot::{SqliteSnapshot, entity_row, read_entity, uuid_at};

impl SignIns for SqliteSnapshot<'_> {
    fn users_called(&self, name: &str) -> Result<Vec<EntityRow>> {
        // Word for word the expression of the index.
        let sql = "SELECT id, kind, idx, row, places FROM entity
                   WHERE kind = 'user' AND json_extract(row, '$.fields.name') = ?1 ORDER BY id";
        self.many(sql, [name], read_entity)?.into_iter().map(entity_row).collect()
    }

    fn password(&self, user: EntityId) -> Result<Option<PasswordRow>> {
        self.one("SELECT hash, since FROM password WHERE user = ?1", [user.0.as_bytes()], |row| {
            Ok(PasswordRow { user, hash: row.get(0)?, since: Time::from_millis(row.get(1)?) })
        })
    }

    fn link(&self, code: &Hash) -> Result<Option<LinkRow>> {
        self.one("SELECT user, expires FROM link WHERE code = ?1", [code.0], |row| {
            Ok(LinkRow { user: EntityId(uuid_at(row, 0)?), expires: Time::from_millis(row.get(1)?) })
        })
    }

    fn session(&self, secret: &Hash) -> Result<Option<SessionRow>> {
        self.one("SELECT user, begun, seen FROM session WHERE secret = ?1", [secret.0], |row| {
            let (begun, seen) = (Time::from_millis(row.get(1)?), Time::from_millis(row.get(2)?));
            Ok(SessionRow { user: EntityId(uuid_at(row, 0)?), begun, seen })
        })
    }
}

/// A batch reads what it has written.
impl SignIns for SqliteBatch<'_> {
    fn users_called(&self, name: &str) -> Result<Vec<EntityRow>> {
        self.snapshot.users_called(name)
    }

    fn password(&self, user: EntityId) -> Result<Option<PasswordRow>> {
        self.snapshot.password(user)
    }

    fn link(&self, code: &Hash) -> Result<Option<LinkRow>> {
        self.snapshot.link(code)
    }

    fn session(&self, secret: &Hash) -> Result<Option<SessionRow>> {
        self.snapshot.session(secret)
    }
}

impl KeepSignIns for SqliteBatch<'_> {
    fn put_password(&mut self, row: &PasswordRow) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO password (user, hash, since) VALUES (?1, ?2, ?3)";
        self.run(sql, params![row.user.0.as_bytes(), row.hash, row.since.millis()]).map(drop)
    }

    fn put_link(&mut self, code: &Hash, row: &LinkRow) -> Result<()> {
        self.drop_links(row.user)?;
        let sql = "INSERT INTO link (code, user, expires) VALUES (?1, ?2, ?3)";
        self.run(sql, params![code.0, row.user.0.as_bytes(), row.expires.millis()]).map(drop)
    }

    fn drop_links(&mut self, user: EntityId) -> Result<()> {
        self.run("DELETE FROM link WHERE user = ?1", [user.0.as_bytes()]).map(drop)
    }

    fn drop_links_before(&mut self, user: EntityId, expires: Time) -> Result<()> {
        let sql = "DELETE FROM link WHERE user = ?1 AND expires < ?2";
        self.run(sql, params![user.0.as_bytes(), expires.millis()]).map(drop)
    }

    fn put_session(&mut self, secret: &Hash, row: &SessionRow) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO session (secret, user, begun, seen) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, params![secret.0, row.user.0.as_bytes(), row.begun.millis(), row.seen.millis()]).map(drop)
    }

    fn drop_session(&mut self, secret: &Hash) -> Result<()> {
        self.run("DELETE FROM session WHERE secret = ?1", [secret.0]).map(drop)
    }

    fn drop_sessions(&mut self, user: EntityId) -> Result<()> {
        self.run("DELETE FROM session WHERE user = ?1", [user.0.as_bytes()]).map(drop)
    }

    fn sweep_sessions(&mut self, begun: Time, seen: Time) -> Result<()> {
        let sql = "DELETE FROM session WHERE begun < ?1 OR seen < ?2";
        self.run(sql, [begun.millis(), seen.millis()]).map(drop)
    }
}
