//! Creating, opening and migrating the database; nothing is touched that cannot be read.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};

use super::cipher::DatabaseKey;
use super::fault::Tried;
use crate::model::LineId;
use crate::op::PublicKey;
use crate::{Error, Result};

/// What a new notebook is made with: the newest schema as a whole. The steps come to the same and take longer: some of them
/// take columns out of tables again.
const WHOLE: &str = include_str!("schema.sql");

/// Schema N is what the first N steps make. A step is never edited once it was shipped.
const STEPS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
];

/// `XNCH`: tells a notebook from any other SQLite file.
const APPLICATION_ID: i32 = 0x584E_4348;

const DATABASE: &str = "notebook.db";

/// Held for as long as this process uses the folder; the system lets go of it when a process dies.
pub(crate) struct FolderLock(#[expect(dead_code, reason = "dropping the file is what unlocks it")] File);

impl FolderLock {
    /// Makes the folder if need be and takes the lock; [`Error::Busy`] when somebody else has it.
    pub(crate) fn take(folder: &Path) -> Result<FolderLock> {
        std::fs::create_dir_all(folder).tried("make the notebook's folder")?;
        let path = folder.join("notebook.lock");
        let file = File::options().create(true).truncate(false).write(true).open(path).tried("open the lock")?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Busy),
            Err(TryLockError::Error(error)) => Err(error).tried("lock the notebook"),
        }
    }
}

/// True when the folder holds a notebook, readable or not.
///
/// # Errors
/// [`Error::Damaged`] when the database is gone and only its journal is left: creating another one
/// beside it would destroy what can still be saved.
pub(crate) fn exists(folder: &Path) -> Result<bool> {
    let database = database(folder);
    let there = |path: &Path| path.try_exists().tried("look for the notebook");
    if !there(&database)? && there(&journal(folder))? {
        return Err(Error::Damaged { detail: "the database is gone, its journal is still here".into() });
    }
    there(&database)
}

/// The database's file.
pub(super) fn database(folder: &Path) -> PathBuf {
    folder.join(DATABASE)
}

/// Its journal.
pub(super) fn journal(folder: &Path) -> PathBuf {
    folder.join(format!("{DATABASE}-wal"))
}

/// A database that is being made, and takes the name of the real one once it is whole.
pub(super) fn new_database(folder: &Path) -> PathBuf {
    folder.join(format!("{DATABASE}.new"))
}

/// Takes away what a crash left of a database that was being made.
pub(super) fn clear_leftovers(folder: &Path) -> Result<()> {
    for leftover in [new_database(folder), folder.join(format!("{DATABASE}.new-journal"))] {
        match std::fs::remove_file(&leftover) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).tried("clear a leftover"),
            _ => {}
        }
    }
    Ok(())
}

/// Gives the new database, which is durable, the name of the real one.
pub(super) fn put_in_place(folder: &Path) -> Result<()> {
    std::fs::rename(new_database(folder), database(folder)).tried("put the database in place")?;
    sync_folder(folder)
}

/// Creates an empty notebook, encrypted where there is a `cipher`. It appears whole or, after a crash, not at all.
pub(crate) fn create(folder: &Path, line: LineId, key: &PublicKey, cipher: Option<&DatabaseKey>) -> Result<()> {
    clear_leftovers(folder)?;
    let new = new_database(folder);
    let mut db = Connection::open(&new).tried("create the notebook")?;
    if let Some(cipher) = cipher {
        cipher.unlock(&db)?;
    }
    // It is synced as a whole, below, before anybody finds it.
    db.pragma_update(None, "synchronous", "off")?;
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    let tx = db.transaction()?;
    tx.execute_batch(WHOLE).tried("create the notebook")?;
    tx.pragma_update(None, "user_version", schema()).tried("create the notebook")?;
    let insert = "INSERT INTO notebook (one, line, n, key, seq) VALUES (1, ?, 0, ?, 0)";
    tx.execute(insert, params![line.to_string(), key.to_string()]).tried("create the notebook")?;
    tx.commit().tried("create the notebook")?;
    db.close().map_err(|(_, error)| error).tried("create the notebook")?;
    File::open(&new).and_then(|file| file.sync_all()).tried("create the notebook")?;
    put_in_place(folder)
}

/// Makes a rename in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    // Other systems than Unix cannot open a folder and need not.
    if cfg!(unix) { File::open(folder).and_then(|file| file.sync_all()).tried("sync the folder") } else { Ok(()) }
}

/// Tells one file from another that takes its name; where the system cannot, all are alike.
pub(super) type Identity = (u64, u64);

/// Which file the database in `folder` is.
///
/// # Errors
/// [`Error::Storage`] when there is none.
pub(super) fn identity(folder: &Path) -> Result<Identity> {
    let found = std::fs::metadata(database(folder)).tried("look for the notebook's database")?;
    #[cfg(unix)]
    let identity = (std::os::unix::fs::MetadataExt::dev(&found), std::os::unix::fs::MetadataExt::ino(&found));
    #[cfg(not(unix))]
    let identity = (0, u64::from(found.is_file()));
    Ok(identity)
}

/// Opens an existing notebook with the key that fits it and brings it up to this version's schema, once `may` has looked at it
/// and found nothing to say against it; gives what that found.
///
/// # Errors
/// [`Error::Outdated`], [`Error::Damaged`] and those of `may` leave every byte as it was, the journal's too.
pub(super) fn open<T>(
    folder: &Path,
    cipher: Option<&DatabaseKey>,
    may: impl FnOnce(&Connection) -> Result<T>,
) -> Result<(Connection, T)> {
    // A journal that is still here was not written back: the last user did not stop cleanly.
    let unclean = std::fs::metadata(journal(folder)).is_ok_and(|file| file.len() > 0);
    if unclean {
        settle(folder)?;
    }
    let (mut db, found, mark) = match connect(folder, cipher, false) {
        // A disk without room for the journal's index, which SQLite makes at the first look. Held alone, the notebook
        // has it in memory: all can be read, and what cannot be written is said to be the disk's fault.
        Err(error) if lacks_room(&error) => connect(folder, cipher, true),
        connected => connected,
    }
    .tried("read the schema")?;
    let known = schema();
    if mark != APPLICATION_ID || found == 0 {
        return Err(Error::Damaged { detail: "the file is not a notebook".into() });
    }
    if found > known {
        return Err(Error::Outdated { found, known });
    }
    if unclean {
        quick_check(&db)?;
    }
    let found_by = may(&db)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    configure(&db)?;
    migrate(&mut db, found)?;
    Ok((db, found_by))
}

/// Makes what is in the journal durable. An app that died between writing a commit and syncing it leaves it for the next one to
/// show, and the power may still take it: what is shown as saved must not be gone tomorrow. A disk without room for that is read
/// all the same.
fn settle(folder: &Path) -> Result<()> {
    match File::open(journal(folder)).and_then(|journal| journal.sync_all()) {
        Err(error) if !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            Err(error).tried("sync the journal")
        }
        _ => Ok(()),
    }
}

/// A connection, and the schema and the mark that it reads.
fn connect(folder: &Path, cipher: Option<&DatabaseKey>, alone: bool) -> rusqlite::Result<(Connection, u32, i32)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(database(folder), flags)?;
    // Closed before it was found to be sound and ours, it is left as it is.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if let Some(cipher) = cipher {
        cipher.unlock(&db)?;
    }
    db.busy_timeout(std::time::Duration::from_millis(250))?;
    if alone {
        // Nobody else is kept out by it: the folder's lock is held.
        db.pragma_update(None, "locking_mode", "exclusive")?;
    }
    let found = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let mark = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    Ok((db, found, mark))
}

/// True for what a full disk may be behind.
fn lacks_room(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, DiskFull, SystemIoFailure};
    matches!(error.sqlite_error_code(), Some(SystemIoFailure | CannotOpen | DiskFull))
}

fn quick_check(db: &Connection) -> Result<()> {
    let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).tried("check the notebook")?;
    if found == "ok" { Ok(()) } else { Err(Error::Damaged { detail: found }) }
}

fn configure(db: &Connection) -> Result<()> {
    db.pragma_update(None, "journal_mode", "wal").tried("open the notebook")?;
    // What was saved survives a flat battery; fullfsync is what that takes on Apple's systems.
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "fullfsync", true)?;
    db.pragma_update(None, "checkpoint_fullfsync", true)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "temp_store", "memory")?;
    db.pragma_update(None, "cache_size", -8_000)?;
    // Plans do not look at what is bound: else a statement is planned anew whenever another value is.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(96);
    Ok(())
}

/// Newest schema that this version knows.
fn schema() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// Applies the steps after schema `found`, all of them or none: a notebook is synced once for them.
fn migrate(db: &mut Connection, found: u32) -> Result<()> {
    if found == schema() {
        return Ok(());
    }
    let tx = db.transaction()?;
    for step in STEPS.iter().skip(found as usize) {
        tx.execute_batch(step).tried("upgrade the notebook")?;
    }
    tx.pragma_update(None, "user_version", schema()).tried("upgrade the notebook")?;
    tx.commit().tried("upgrade the notebook")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything in a database, by its name, without comments and spaces.
    fn schema_of(db: &Connection) -> Vec<(String, String)> {
        let bare = |sql: String| -> String {
            let code = sql.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
            code.flat_map(str::split_whitespace).collect()
        };
        let mut all = db.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
        let rows = all.query_map([], |row| Ok((row.get(0)?, bare(row.get(1)?)))).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn a_new_notebook_has_the_schema_that_the_steps_lead_to() {
        let [mut old, new] = [(); 2].map(|()| Connection::open_in_memory().unwrap());
        migrate(&mut old, 0).unwrap();
        new.execute_batch(WHOLE).unwrap();
        let stepped = schema_of(&old);
        assert!(stepped.len() > 20, "{stepped:?}");
        assert_eq!(schema_of(&new), stepped);
    }
}
