//! How people sign in, in PostgreSQL.

use tokio_postgres::Row;
use xuncha_core::model::{EntityId, Hash, Time};

use super::super::{EntityRow, KeepSignIns, LinkRow, PasswordRow, Result, SessionRow, SignIns};
use super::batch::sent;
use super::snapshot::{ENTITY, Transaction, bytes, entity, id};

impl SignIns for Transaction {
    fn users_called(&self, name: &str) -> Result<Vec<EntityRow>> {
        // Word for word the expression of the index.
        let sql = format!(r#"{ENTITY} WHERE kind = 'user' AND "row"::json #>> '{{fields,name}}' = $1 ORDER BY id"#);
        self.line.many(&sql, &[&name], entity)
    }

    fn password(&self, user: EntityId) -> Result<Option<PasswordRow>> {
        let sql = r#"SELECT hash, since FROM password WHERE "user" = $1"#;
        self.line.one(sql, &[&bytes(user)], |row: &Row| {
            Ok(PasswordRow { user, hash: row.try_get(0)?, since: Time::from_millis(row.try_get(1)?) })
        })
    }

    fn link(&self, code: &Hash) -> Result<Option<LinkRow>> {
        self.line.one(r#"SELECT "user", expires FROM link WHERE code = $1"#, &[&&code.0[..]], |row: &Row| {
            Ok(LinkRow { user: id(row, 0)?, expires: Time::from_millis(row.try_get(1)?) })
        })
    }

    fn session(&self, secret: &Hash) -> Result<Option<SessionRow>> {
        let sql = r#"SELECT "user", begun, seen FROM session WHERE secret = $1"#;
        self.line.one(sql, &[&&secret.0[..]], |row: &Row| {
            let (begun, seen) = (Time::from_millis(row.try_get(1)?), Time::from_millis(row.try_get(2)?));
            Ok(SessionRow { user: id(row, 0)?, begun, seen })
        })
    }
}

impl KeepSignIns for Transaction {
    fn put_password(&mut self, row: &PasswordRow) -> Result<()> {
        let sql = r#"INSERT INTO password ("user", hash, since) VALUES ($1, $2, $3)
                     ON CONFLICT ("user") DO UPDATE SET hash = $2, since = $3"#;
        let (hash, since) = (row.hash.clone(), row.since.millis());
        self.line.run(sql, vec![sent(bytes(row.user)), sent(hash), sent(since)])
    }

    fn put_link(&mut self, code: &Hash, row: &LinkRow) -> Result<()> {
        self.drop_links(row.user)?;
        let sql = r#"INSERT INTO link (code, "user", expires) VALUES ($1, $2, $3)"#;
        self.line.run(sql, vec![sent(code.0.to_vec()), sent(bytes(row.user)), sent(row.expires.millis())])
    }

    fn drop_links(&mut self, user: EntityId) -> Result<()> {
        self.line.run(r#"DELETE FROM link WHERE "user" = $1"#, vec![sent(bytes(user))])
    }

    fn drop_links_before(&mut self, user: EntityId, expires: Time) -> Result<()> {
        let sql = r#"DELETE FROM link WHERE "user" = $1 AND expires < $2"#;
        self.line.run(sql, vec![sent(bytes(user)), sent(expires.millis())])
    }

    fn put_session(&mut self, secret: &Hash, row: &SessionRow) -> Result<()> {
        let sql = r#"INSERT INTO session (secret, "user", begun, seen) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (secret) DO UPDATE SET seen = $4"#;
        let (secret, begun, seen) = (secret.0.to_vec(), row.begun.millis(), row.seen.millis());
        self.line.run(sql, vec![sent(secret), sent(bytes(row.user)), sent(begun), sent(seen)])
    }

    fn drop_session(&mut self, secret: &Hash) -> Result<()> {
        self.line.run("DELETE FROM session WHERE secret = $1", vec![sent(secret.0.to_vec())])
    }

    fn drop_sessions(&mut self, user: EntityId) -> Result<()> {
        self.line.run(r#"DELETE FROM session WHERE "user" = $1"#, vec![sent(bytes(user))])
    }

    fn sweep_sessions(&mut self, begun: Time, seen: Time) -> Result<()> {
        let sql = "DELETE FROM session WHERE begun < $1 OR seen < $2";
        self.line.run(sql, vec![sent(begun.millis()), sent(seen.millis())])
    }
}
