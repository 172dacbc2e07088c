//! Files in SQLite: which are here, who refers to them, which are on their way.

use rusqlite::{Row, params};
use uuid::Uuid;
use xuncha_core::model::{EntityId, Hash, Time};

use super::super::form::{after_bytes, after_hash, hash, signed, unsigned};
use super::super::{BlobRow, Files, KeepFiles, RefRow, Result, Sender, UploadRow};
use super::batch::SqliteBatch;
use super::snapshot::{SqliteSnapshot, uuid_at};

const BLOB: &str = "SELECT hash, len, type, kept, whole, device FROM blob";
const UPLOAD: &str = "SELECT id, device, hash, len, durable, touched FROM upload";

impl Files for SqliteSnapshot<'_> {
    fn blob(&self, of: &Hash) -> Result<Option<BlobRow>> {
        self.one(&format!("{BLOB} WHERE hash = ?1"), [of.0], read_blob)?.map(blob_row).transpose()
    }

    fn blobs(&self, after: Option<Hash>, limit: u32) -> Result<Vec<BlobRow>> {
        let sql = format!("{BLOB} WHERE hash > ?1 ORDER BY hash LIMIT ?2");
        self.many(&sql, params![after_hash(after), limit], read_blob)?.into_iter().map(blob_row).collect()
    }

    fn unlogged(&self, limit: u32) -> Result<Vec<BlobRow>> {
        let sql = format!("{BLOB} WHERE kept IS NULL AND whole = 1 LIMIT ?1");
        self.many(&sql, [limit], read_blob)?.into_iter().map(blob_row).collect()
    }

    fn referring(&self, of: &Hash) -> Result<Vec<EntityId>> {
        let sql = "SELECT entity FROM ref WHERE hash = ?1 ORDER BY entity";
        self.many(sql, [of.0], |row| Ok(EntityId(uuid_at(row, 0)?)))
    }

    fn refs(&self, after: Option<EntityId>, limit: u32) -> Result<Vec<RefRow>> {
        let sql = "SELECT entity, hash, user FROM ref WHERE entity > ?1 AND entity <= coalesce(
                     (SELECT entity FROM ref WHERE entity > ?1 ORDER BY entity, hash LIMIT 1 OFFSET ?2), x'ffffffffffffffffffffffffffffffff')
                   ORDER BY entity, hash";
        let read = |row: &Row<'_>| {
            let parts: (Uuid, Vec<u8>, Option<[u8; 16]>) = (uuid_at(row, 0)?, row.get(1)?, row.get(2)?);
            Ok(parts)
        };
        let rows = self.many(sql, params![after_bytes(after), limit.saturating_sub(1)], read)?;
        let row = |(entity, of, user): (Uuid, Vec<u8>, Option<[u8; 16]>)| {
            let user = user.map(|bytes| EntityId(Uuid::from_bytes(bytes)));
            Ok(RefRow { entity: EntityId(entity), hash: hash(&of)?, user })
        };
        rows.into_iter().map(row).collect()
    }

    fn missing(&self, user: EntityId, limit: u32) -> Result<Vec<Hash>> {
        let sql = "SELECT DISTINCT hash FROM ref WHERE user = ?1 AND here = 0 LIMIT ?2";
        let found = self.many(sql, params![user.0.as_bytes(), limit], |row| row.get::<_, Vec<u8>>(0))?;
        found.iter().map(|bytes| hash(bytes)).collect()
    }

    fn document(&self, of: &Hash) -> Result<Option<String>> {
        self.one("SELECT text FROM document WHERE hash = ?1", [of.0], |row| row.get(0))
    }

    fn documents(&self) -> Result<Vec<Hash>> {
        let found = self.many("SELECT hash FROM document ORDER BY hash", [], |row| row.get::<_, Vec<u8>>(0))?;
        found.iter().map(|bytes| hash(bytes)).collect()
    }

    fn durable_size(&self) -> Result<u64> {
        let found = self.one("SELECT durable FROM head", [], |row| row.get(0))?;
        found.map_or(Ok(0), unsigned)
    }

    fn previewed(&self) -> Result<u64> {
        let found = self.one("SELECT previewed FROM head", [], |row| row.get(0))?;
        found.map_or(Ok(0), unsigned)
    }

    fn upload(&self, id: &str) -> Result<Option<UploadRow>> {
        self.one(&format!("{UPLOAD} WHERE id = ?1"), [id], read_upload)?.map(upload_row).transpose()
    }

    fn upload_of(&self, sender: &Sender, of: &Hash) -> Result<Option<UploadRow>> {
        let sql = format!("{UPLOAD} WHERE device = ?1 AND hash = ?2");
        self.one(&sql, params![sender.to_string(), of.0], read_upload)?.map(upload_row).transpose()
    }

    fn uploads(&self, after: &str, limit: u32) -> Result<Vec<UploadRow>> {
        let sql = format!("{UPLOAD} WHERE id > ?1 ORDER BY id LIMIT ?2");
        self.many(&sql, params![after, limit], read_upload)?.into_iter().map(upload_row).collect()
    }

    fn abandoned(&self, since: Time, limit: u32) -> Result<Vec<UploadRow>> {
        let sql = format!("{UPLOAD} WHERE touched < ?1 ORDER BY touched LIMIT ?2");
        self.many(&sql, params![since.millis(), limit], read_upload)?.into_iter().map(upload_row).collect()
    }

    fn open_uploads(&self) -> Result<u64> {
        self.one("SELECT count(*) FROM upload WHERE durable < len", [], |row| row.get(0))?.map_or(Ok(0), unsigned)
    }

    fn claimed(&self, sender: &Sender) -> Result<u64> {
        let sql = "SELECT (SELECT coalesce(sum(max(len, 65536)), 0) FROM upload WHERE device = ?1 AND durable < len)
                        + (SELECT coalesce(sum(max(len, 65536)), 0) FROM blob WHERE device = ?1
                            AND NOT EXISTS (SELECT 1 FROM ref WHERE ref.hash = blob.hash))";
        self.one(sql, [sender.to_string()], |row| row.get(0))?.map_or(Ok(0), unsigned)
    }
}

type BlobParts = (Vec<u8>, i64, String, Option<i64>, bool, Option<String>);

fn read_blob(row: &Row<'_>) -> rusqlite::Result<BlobParts> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn blob_row((bytes, len, media_type, kept, whole, device): BlobParts) -> Result<BlobRow> {
    let (hash, len, kept) = (hash(&bytes)?, unsigned(len)?, kept.map(unsigned).transpose()?);
    Ok(BlobRow { hash, len, media_type, kept, whole, sender: device.as_deref().map(str::parse).transpose()? })
}

type UploadParts = (String, String, Vec<u8>, i64, i64, i64);

fn read_upload(row: &Row<'_>) -> rusqlite::Result<UploadParts> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn upload_row((id, device, bytes, len, offset, touched): UploadParts) -> Result<UploadRow> {
    let (sender, hash) = (device.parse()?, hash(&bytes)?);
    let (len, offset, touched) = (unsigned(len)?, unsigned(offset)?, Time::from_millis(touched));
    Ok(UploadRow { id, sender, hash, len, offset, touched })
}

impl KeepFiles for SqliteBatch<'_> {
    fn put_blob(&mut self, blob: &BlobRow) -> Result<()> {
        let sql = "INSERT INTO blob (hash, len, type, kept, whole, device) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (hash) DO UPDATE SET len = ?2, type = ?3, whole = ?5";
        let (kept, device) = (blob.kept.map(signed), blob.sender.map(|sender| sender.to_string()));
        self.run(sql, params![blob.hash.0, signed(blob.len), blob.media_type, kept, blob.whole, device])?;
        self.mark_here(&blob.hash)
    }

    fn put_kept(&mut self, hash: &Hash, len: u64, media_type: &str, index: u64) -> Result<()> {
        let sql = "INSERT INTO blob (hash, len, type, kept, whole, device) VALUES (?1, ?2, ?3, ?4, 0, NULL)
                   ON CONFLICT (hash) DO UPDATE SET kept = coalesce(kept, ?4)";
        self.run(sql, params![hash.0, signed(len), media_type, signed(index)]).map(drop)
    }

    fn put_whole(&mut self, hash: &Hash, whole: bool) -> Result<()> {
        self.run("UPDATE blob SET whole = ?2 WHERE hash = ?1", params![hash.0, whole])?;
        self.mark_here(hash)
    }

    fn put_refs(&mut self, entity: EntityId, files: &[(Hash, Option<EntityId>)], before: bool) -> Result<()> {
        if before {
            self.run("DELETE FROM ref WHERE entity = ?1", [entity.0.as_bytes()])?;
        }
        let sql = "INSERT INTO ref (hash, entity, user, here)
                   VALUES (?1, ?2, ?3, EXISTS (SELECT 1 FROM blob WHERE hash = ?1 AND whole = 1))
                   ON CONFLICT DO NOTHING";
        for (hash, user) in files {
            self.run(sql, params![hash.0, entity.0.as_bytes(), user.map(|user| *user.0.as_bytes())])?;
        }
        Ok(())
    }

    fn put_document(&mut self, hash: &Hash, text: &str) -> Result<()> {
        self.run("INSERT INTO document (hash, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![hash.0, text])
            .map(drop)
    }

    fn put_durable_size(&mut self, size: u64) -> Result<()> {
        self.run("UPDATE head SET durable = ?1", [signed(size)]).map(drop)
    }

    fn put_previewed(&mut self, entries: u64) -> Result<()> {
        self.run("UPDATE head SET previewed = ?1", [signed(entries)]).map(drop)
    }

    fn put_upload(&mut self, upload: &UploadRow) -> Result<()> {
        let sql = "INSERT INTO upload (id, device, hash, len, durable, touched) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (id) DO UPDATE SET durable = ?5, touched = ?6";
        let (len, offset, touched) = (signed(upload.len), signed(upload.offset), upload.touched.millis());
        self.run(sql, params![upload.id, upload.sender.to_string(), upload.hash.0, len, offset, touched]).map(drop)
    }

    fn drop_upload(&mut self, id: &str) -> Result<()> {
        self.run("DELETE FROM upload WHERE id = ?1", [id]).map(drop)
    }
}

impl SqliteBatch<'_> {
    fn mark_here(&self, hash: &Hash) -> Result<()> {
        let sql = "UPDATE ref SET here = EXISTS (SELECT 1 FROM blob WHERE hash = ?1 AND whole = 1) WHERE hash = ?1";
        self.run(sql, [hash.0]).map(drop)
    }
}

/// A batch reads what it has written.
impl Files for SqliteBatch<'_> {
    fn blob(&self, hash: &Hash) -> Result<Option<BlobRow>> {
        self.snapshot.blob(hash)
    }

    fn blobs(&self, after: Option<Hash>, limit: u32) -> Result<Vec<BlobRow>> {
        self.snapshot.blobs(after, limit)
    }

    fn unlogged(&self, limit: u32) -> Result<Vec<BlobRow>> {
        self.snapshot.unlogged(limit)
    }

    fn referring(&self, hash: &Hash) -> Result<Vec<EntityId>> {
        self.snapshot.referring(hash)
    }

    fn refs(&self, after: Option<EntityId>, limit: u32) -> Result<Vec<RefRow>> {
        self.snapshot.refs(after, limit)
    }

    fn missing(&self, user: EntityId, limit: u32) -> Result<Vec<Hash>> {
        self.snapshot.missing(user, limit)
    }

    fn document(&self, hash: &Hash) -> Result<Option<String>> {
        self.snapshot.document(hash)
    }

    fn documents(&self) -> Result<Vec<Hash>> {
        self.snapshot.documents()
    }

    fn durable_size(&self) -> Result<u64> {
        self.snapshot.durable_size()
    }

    fn previewed(&self) -> Result<u64> {
        self.snapshot.previewed()
    }

    fn upload(&self, id: &str) -> Result<Option<UploadRow>> {
        self.snapshot.upload(id)
    }

    fn upload_of(&self, sender: &Sender, hash: &Hash) -> Result<Option<UploadRow>> {
        self.snapshot.upload_of(sender, hash)
    }

    fn uploads(&self, after: &str, limit: u32) -> Result<Vec<UploadRow>> {
        self.snapshot.uploads(after, limit)
    }

    fn abandoned(&self, since: Time, limit: u32) -> Result<Vec<UploadRow>> {
        self.snapshot.abandoned(since, limit)
    }

    fn open_uploads(&self) -> Result<u64> {
        self.snapshot.open_uploads()
    }

    fn claimed(&self, sender: &Sender) -> Result<u64> {
        self.snapshot.claimed(sender)
    }
}
