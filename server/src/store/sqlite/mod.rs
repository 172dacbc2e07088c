//! A ledger in one SQLite file: one writer, a few readers, write-ahead log, synced at every commit but those
//! that nobody has been told of.

mod ahead;
mod batch;
mod files;
mod leave;
mod listing;
mod signin;
mod snapshot;
mod tables;
mod webhook;

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

pub(crate) use leave::Leaving;

use super::{Batch, Result, Snapshot, Store, StoreError};

/// Newest schema that this version knows.
const SCHEMA: u32 = 11;

/// Statements that bring a file from each schema to the next, from nothing on.
const MIGRATIONS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
    include_str!("schema_8.sql"),
    include_str!("schema_9.sql"),
    include_str!("schema_10.sql"),
    include_str!("schema_11.sql"),
];

/// How long to wait for another process (a command line beside a running server) to finish its batch.
const PATIENCE: Duration = Duration::from_secs(15);

const READERS: usize = 4;

/// File name inside the data folder.
pub const FILE: &str = "ledger.sqlite";

/// A ledger in `ledger.sqlite` of a data folder.
pub struct SqliteStore {
    writer: Mutex<Writer>,
    readers: Mutex<Vec<Connection>>,
    freed: Condvar,
}

impl SqliteStore {
    /// Opens the store in `folder`, making it when `create`, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without a file, [`StoreError::Newer`], [`StoreError::Damaged`],
    /// [`StoreError::Moved`]; none of them touches the file. A crash during a migration leaves the schema before it.
    pub fn open(folder: &Path, create: bool) -> Result<SqliteStore> {
        SqliteStore::open_file(&folder.join(FILE), create)
    }

    /// [`SqliteStore::open`] for a file of any name.
    ///
    /// # Errors
    /// The same.
    pub fn open_file(file: &Path, create: bool) -> Result<SqliteStore> {
        if !create && !file.exists() {
            return Err(StoreError::Missing(file.parent().unwrap_or(file).display().to_string()));
        }
        settle(file)?;
        let mut writer = connect(file, false)?;
        migrate(&mut writer)?;
        if let Some(to) = leave::moved_to(&writer)? {
            return Err(StoreError::Moved(to));
        }
        let readers = (0..READERS).map(|_| connect(file, true)).collect::<Result<_>>()?;
        sync_name(file)?;
        let writer = Writer { connection: writer, durable: true };
        Ok(SqliteStore { writer: Mutex::new(writer), readers: Mutex::new(readers), freed: Condvar::new() })
    }

    fn take_reader(&self) -> Reader<'_> {
        let mut readers = lock(&self.readers);
        loop {
            match readers.pop() {
                Some(connection) => return Reader { store: self, connection: Some(connection) },
                None => readers = self.freed.wait(readers).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// Makes what is in the log durable. A server that died between writing a commit and syncing it leaves it for the next one to
/// serve, and the power may still take it: nobody may see a ledger that is shorter tomorrow.
fn settle(file: &Path) -> Result<()> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    match File::open(log).and_then(|log| log.sync_all()) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        synced => synced.map_err(|error| unsynced("log", &error)),
    }
}

fn unsynced(what: &str, error: &std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed(format!("sync the {what} of the ledger: {error}")),
    }
}

/// Makes the names of the file and of its log durable. SQLite syncs the folder as well, but goes on when that
/// fails, as on a full disk: what it then calls committed would be gone with the log's name.
fn sync_name(file: &Path) -> Result<()> {
    let Some(folder) = file.parent().filter(|_| cfg!(unix)) else { return Ok(()) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| unsynced("folder", &error))
}

/// The one connection that writes.
struct Writer {
    connection: Connection,
    /// Commits are durable when they return.
    durable: bool,
}

impl Writer {
    fn write(&mut self, durable: bool, work: &mut dyn FnMut(&mut dyn Batch) -> Result<()>) -> Result<()> {
        if self.durable != durable {
            // FULL syncs the log at a commit, with all that NORMAL has left in it. NORMAL syncs it only before
            // pages go to the database, so that a power loss takes the last commits and nothing else.
            let synchronous = if durable { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", synchronous)?;
            self.durable = durable;
        }
        // Immediate: the lock is taken before anything is read, so what is read stays true.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        work(&mut batch::SqliteBatch::new(&transaction))?;
        transaction.commit()?;
        Ok(())
    }
}

/// A reader connection on loan; goes back when dropped, also after a panic.
struct Reader<'a> {
    store: &'a SqliteStore,
    connection: Option<Connection>,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            lock(&self.store.readers).push(connection);
            self.store.freed.notify_one();
        }
    }
}

impl Store for SqliteStore {
    fn write(&self, work: &mut dyn FnMut(&mut dyn Batch) -> Result<()>) -> Result<()> {
        lock(&self.writer).write(true, work)
    }

    fn write_soon(&self, work: &mut dyn FnMut(&mut dyn Batch) -> Result<()>) -> Result<()> {
        lock(&self.writer).write(false, work)
    }

    fn read(&self, work: &mut dyn FnMut(&dyn Snapshot) -> Result<()>) -> Result<()> {
        let mut reader = self.take_reader();
        let Some(connection) = reader.connection.as_mut() else {
            return Err(StoreError::Failed("no reader".into()));
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        work(&snapshot::SqliteSnapshot::new(&transaction))
    }

    fn copy_to(&self, path: &Path) -> Result<()> {
        let reader = self.take_reader();
        let Some(connection) = reader.connection.as_ref() else {
            return Err(StoreError::Failed("no reader".into()));
        };
        let path = path.to_str().ok_or_else(|| StoreError::Failed("the path is not UTF-8".into()))?;
        // A reader may write nothing, also not another file; it is one again afterwards.
        connection.pragma_update(None, "query_only", false)?;
        let copied = connection.execute("VACUUM INTO ?1", [path]);
        connection.pragma_update(None, "query_only", true)?;
        copied.map(drop).map_err(StoreError::from)
    }
}

/// A panic in one piece of work rolled its transaction back; the connection itself is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(file: &Path, read_only: bool) -> Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if !read_only {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(PathBuf::from(file), flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Plans do not look at what is bound: else a statement is planned anew whenever another value is.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: NORMAL may lose a committed batch at power loss.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    // 16 MB: pages that change at every commit are written back once in many.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "query_only", read_only)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let found = schema_of(connection)?;
    if found > SCHEMA {
        return Err(StoreError::Newer { found, known: SCHEMA });
    }
    if found == SCHEMA {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again: another process may have migrated while we waited for the lock.
    let found = schema_of(&transaction)?;
    for step in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()?;
    Ok(())
}

fn schema_of(connection: &Connection) -> Result<u32> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use xuncha_core::model::{DeviceId, Hash, Time};

    use super::*;
    use crate::store::{Sender, UploadRow};

    #[test]
    fn what_is_written_soon_is_there_and_the_next_write_is_durable_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), true).unwrap();
        let row = |id: &str| UploadRow {
            id: id.to_owned(),
            sender: Sender::Device(DeviceId(Hash([1; 32]))),
            hash: Hash::of(id.as_bytes()),
            len: 7,
            offset: 0,
            touched: Time::from_millis(1),
        };
        let synchronous = || -> i64 {
            let writer = lock(&store.writer);
            writer.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
        };
        let (full, normal) = (2, 1);
        store.write_soon(&mut |batch| batch.put_upload(&row("soon"))).unwrap();
        assert_eq!(synchronous(), normal);
        store.write(&mut |batch| batch.put_upload(&row("now"))).unwrap();
        assert_eq!(synchronous(), full);
        // One that fails changes nothing of that.
        store.write_soon(&mut |_| Err(StoreError::Failed("no".into()))).unwrap_err();
        store.write(&mut |batch| batch.put_upload(&row("last"))).unwrap();
        assert_eq!(synchronous(), full);
        drop(store);
        let again: Box<dyn Store> = Box::new(SqliteStore::open(folder.path(), false).unwrap());
        for id in ["soon", "now", "last"] {
            assert_eq!(again.look(|snapshot| snapshot.upload(id)).unwrap(), Some(row(id)));
        }
    }
}
