//! Files in PostgreSQL: which are here, who refers to them, which are on their way.

use tokio_postgres::Row;
use xuncha_core::model::{EntityId, Hash, Time};

use super::super::form::{after_bytes, after_hash, signed, unsigned};
use super::super::{BlobRow, Files, KeepFiles, RefRow, Result, Sender, UploadRow};
use super::batch::sent;
use super::snapshot::{Transaction, bytes, hash_at, id, number};

const BLOB: &str = "SELECT hash, len, type, kept, whole, device FROM blob";
const UPLOAD: &str = "SELECT id, device, hash, len, durable, touched FROM upload";

impl Files for Transaction {
    fn blob(&self, of: &Hash) -> Result<Option<BlobRow>> {
        self.line.one(&format!("{BLOB} WHERE hash = $1"), &[&&of.0[..]], blob)
    }

    fn blobs(&self, after: Option<Hash>, limit: u32) -> Result<Vec<BlobRow>> {
        let sql = format!("{BLOB} WHERE hash > $1 ORDER BY hash LIMIT $2");
        self.line.many(&sql, &[&after_hash(after), &i64::from(limit)], blob)
    }

    fn unlogged(&self, limit: u32) -> Result<Vec<BlobRow>> {
        self.line.many(&format!("{BLOB} WHERE kept IS NULL AND whole LIMIT $1"), &[&i64::from(limit)], blob)
    }

    fn referring(&self, of: &Hash) -> Result<Vec<EntityId>> {
        self.line.many("SELECT entity FROM ref WHERE hash = $1 ORDER BY entity", &[&&of.0[..]], |row| id(row, 0))
    }

    fn refs(&self, after: Option<EntityId>, limit: u32) -> Result<Vec<RefRow>> {
        let last = "SELECT entity FROM ref WHERE entity > $1 ORDER BY entity, hash LIMIT 1 OFFSET $2";
        let (after, skipped) = (after_bytes(after), i64::from(limit.saturating_sub(1)));
        let last = self.line.one(last, &[&after, &skipped], |row| Ok(row.try_get::<_, Vec<u8>>(0)?))?;
        let last = last.unwrap_or_else(|| vec![0xff; 17]);
        let sql = r#"SELECT entity, hash, "user" FROM ref WHERE entity > $1 AND entity <= $2 ORDER BY entity, hash"#;
        self.line.many(sql, &[&after, &last], |row| {
            let user = row.try_get::<_, Option<&[u8]>>(2)?.map(|_| id(row, 2)).transpose()?;
            Ok(RefRow { entity: id(row, 0)?, hash: hash_at(row, 1)?, user })
        })
    }

    fn missing(&self, user: EntityId, limit: u32) -> Result<Vec<Hash>> {
        let sql = r#"SELECT DISTINCT hash FROM ref WHERE "user" = $1 AND NOT here LIMIT $2"#;
        self.line.many(sql, &[&bytes(user), &i64::from(limit)], |row| hash_at(row, 0))
    }

    fn document(&self, of: &Hash) -> Result<Option<String>> {
        self.line.one("SELECT text FROM document WHERE hash = $1", &[&&of.0[..]], |row| Ok(row.try_get(0)?))
    }

    fn documents(&self) -> Result<Vec<Hash>> {
        self.line.many("SELECT hash FROM document ORDER BY hash", &[], |row| hash_at(row, 0))
    }

    fn durable_size(&self) -> Result<u64> {
        Ok(self.line.one("SELECT durable FROM head", &[], |row| number(row, 0))?.unwrap_or(0))
    }

    fn previewed(&self) -> Result<u64> {
        Ok(self.line.one("SELECT previewed FROM head", &[], |row| number(row, 0))?.unwrap_or(0))
    }

    fn upload(&self, id: &str) -> Result<Option<UploadRow>> {
        // Callers name what they like, and no text of PostgreSQL's holds a NUL.
        if id.contains('\0') {
            return Ok(None);
        }
        self.line.one(&format!("{UPLOAD} WHERE id = $1"), &[&id], upload)
    }

    fn upload_of(&self, sender: &Sender, of: &Hash) -> Result<Option<UploadRow>> {
        let sql = format!("{UPLOAD} WHERE device = $1 AND hash = $2");
        self.line.one(&sql, &[&sender.to_string(), &&of.0[..]], upload)
    }

    fn uploads(&self, after: &str, limit: u32) -> Result<Vec<UploadRow>> {
        let sql = format!("{UPLOAD} WHERE id > $1 ORDER BY id LIMIT $2");
        self.line.many(&sql, &[&after, &i64::from(limit)], upload)
    }

    fn abandoned(&self, since: Time, limit: u32) -> Result<Vec<UploadRow>> {
        let sql = format!("{UPLOAD} WHERE touched < $1 ORDER BY touched LIMIT $2");
        self.line.many(&sql, &[&since.millis(), &i64::from(limit)], upload)
    }

    fn open_uploads(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM upload WHERE durable < len";
        Ok(self.line.one(sql, &[], |row| number(row, 0))?.unwrap_or(0))
    }

    fn claimed(&self, sender: &Sender) -> Result<u64> {
        let sql = "SELECT ((SELECT coalesce(sum(greatest(len, 65536)), 0) FROM upload
                             WHERE device = $1 AND durable < len)
                         + (SELECT coalesce(sum(greatest(len, 65536)), 0) FROM blob WHERE device = $1
                             AND NOT EXISTS (SELECT 1 FROM ref WHERE ref.hash = blob.hash)))::bigint";
        Ok(self.line.one(sql, &[&sender.to_string()], |row| number(row, 0))?.unwrap_or(0))
    }
}

fn blob(row: &Row) -> Result<BlobRow> {
    let (kept, device): (Option<i64>, Option<&str>) = (row.try_get(3)?, row.try_get(5)?);
    Ok(BlobRow {
        hash: hash_at(row, 0)?,
        len: number(row, 1)?,
        media_type: row.try_get(2)?,
        kept: kept.map(unsigned).transpose()?,
        whole: row.try_get(4)?,
        sender: device.map(str::parse).transpose()?,
    })
}

fn upload(row: &Row) -> Result<UploadRow> {
    Ok(UploadRow {
        id: row.try_get(0)?,
        sender: row.try_get::<_, &str>(1)?.parse()?,
        hash: hash_at(row, 2)?,
        len: number(row, 3)?,
        offset: number(row, 4)?,
        touched: Time::from_millis(row.try_get(5)?),
    })
}

impl KeepFiles for Transaction {
    fn put_blob(&mut self, blob: &BlobRow) -> Result<()> {
        let sql = "INSERT INTO blob (hash, len, type, kept, whole, device) VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (hash) DO UPDATE SET len = $2, type = $3, whole = $5";
        let (kept, device) = (blob.kept.map(signed), blob.sender.map(|sender| sender.to_string()));
        let (hash, len, media_type) = (blob.hash.0.to_vec(), signed(blob.len), blob.media_type.clone());
        let parts = vec![sent(hash), sent(len), sent(media_type), sent(kept), sent(blob.whole), sent(device)];
        self.line.run(sql, parts)?;
        self.mark_here(&blob.hash)
    }

    fn put_kept(&mut self, hash: &Hash, len: u64, media_type: &str, index: u64) -> Result<()> {
        let sql = "INSERT INTO blob (hash, len, type, kept, whole, device) VALUES ($1, $2, $3, $4, false, NULL)
                   ON CONFLICT (hash) DO UPDATE SET kept = coalesce(blob.kept, $4)";
        let (len, index) = (signed(len), signed(index));
        self.line.run(sql, vec![sent(hash.0.to_vec()), sent(len), sent(media_type.to_owned()), sent(index)])
    }

    fn put_whole(&mut self, hash: &Hash, whole: bool) -> Result<()> {
        let sql = "UPDATE blob SET whole = $2 WHERE hash = $1";
        self.line.run(sql, vec![sent(hash.0.to_vec()), sent(whole)])?;
        self.mark_here(hash)
    }

    fn put_refs(&mut self, entity: EntityId, files: &[(Hash, Option<EntityId>)], before: bool) -> Result<()> {
        if before {
            self.line.run("DELETE FROM ref WHERE entity = $1", vec![sent(bytes(entity))])?;
        }
        let sql = r#"INSERT INTO ref (hash, entity, "user", here)
                     VALUES ($1, $2, $3, EXISTS (SELECT 1 FROM blob WHERE hash = $1 AND whole))
                     ON CONFLICT DO NOTHING"#;
        for (hash, user) in files {
            self.line.run(sql, vec![sent(hash.0.to_vec()), sent(bytes(entity)), sent(user.map(bytes))])?;
        }
        Ok(())
    }

    fn put_document(&mut self, hash: &Hash, text: &str) -> Result<()> {
        let sql = "INSERT INTO document (hash, text) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.line.run(sql, vec![sent(hash.0.to_vec()), sent(text.to_owned())])
    }

    fn put_durable_size(&mut self, size: u64) -> Result<()> {
        self.line.run("UPDATE head SET durable = $1", vec![sent(signed(size))])
    }

    fn put_previewed(&mut self, entries: u64) -> Result<()> {
        self.line.run("UPDATE head SET previewed = $1", vec![sent(signed(entries))])
    }

    fn put_upload(&mut self, upload: &UploadRow) -> Result<()> {
        let sql = "INSERT INTO upload (id, device, hash, len, durable, touched) VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (id) DO UPDATE SET durable = $5, touched = $6";
        let (id, device, hash) = (upload.id.clone(), upload.sender.to_string(), upload.hash.0.to_vec());
        let (len, offset, touched) = (signed(upload.len), signed(upload.offset), upload.touched.millis());
        self.line.run(sql, vec![sent(id), sent(device), sent(hash), sent(len), sent(offset), sent(touched)])
    }

    fn drop_upload(&mut self, id: &str) -> Result<()> {
        self.line.run("DELETE FROM upload WHERE id = $1", vec![sent(id.to_owned())])
    }
}

impl Transaction {
    fn mark_here(&self, hash: &Hash) -> Result<()> {
        let sql = "UPDATE ref SET here = EXISTS (SELECT 1 FROM blob WHERE hash = $1 AND whole) WHERE hash = $1";
        self.line.run(sql, vec![sent(hash.0.to_vec())])
    }
}
