//! Moving a ledger from SQLite into PostgreSQL.
//!
//! Nobody writes to the ledger meanwhile: a server that still runs answers that it cannot, and phones
//! keep what they have. What is copied is compared with what was there, row by row, and then checked
//! as [`verify`] checks any ledger. Only then the old one ends, for good, and
//! the new one begins. A crash leaves the old one as it was, or ended and the new one as good as
//! there: the same call goes on in both cases.

mod files;

use std::path::Path;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use xuncha_core::host::Host;
use xuncha_core::model::Hash;

use self::files::FileMove;
use crate::backup::Lack;
use crate::blobs::{Depot, DepotError};
use crate::ledger::{LedgerKey, verify};
use crate::settings::{Settings, find_files, write_places};
use crate::store::postgres::{Arriving, PostgresStore, place_of};
use crate::store::sqlite::{Leaving, SqliteStore};
use crate::store::tables::{Sum, TABLES, Table, Value};
use crate::store::{Head, Store, StoreError};

/// Rows that are put in place at a time; at most about 20 MB.
const PAGE: usize = 5_000;

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Number of ledger entries.
    pub size: u64,
    /// The epoch that it goes on in.
    pub epoch: u32,
    /// Rows in all tables.
    pub rows: u64,
    /// Rows among them that an earlier call had put in place.
    pub resumed: u64,
    /// Files at the new place, when they were to be moved too.
    pub files: u64,
    /// Files that are not what they should be, and stayed behind.
    pub lacks: Vec<Lack>,
}

/// Where a ledger goes.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// Address of the database.
    pub database: &'a str,
    /// Place of its files, `s3://bucket/prefix` or the whole path of a folder; none: they stay where they are.
    pub blobs: Option<&'a str>,
}

/// Why a ledger was not moved. It is then where it was.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place of the files cannot be had.
    #[error(transparent)]
    Depot(#[from] DepotError),
    /// It cannot be moved so.
    #[error("{detail}")]
    Unfit {
        /// Stable code.
        code: &'static str,
        /// What is in the way.
        detail: String,
    },
}

type Result<T> = std::result::Result<T, MoveError>;

fn unfit<T>(code: &'static str, detail: impl Into<String>) -> Result<T> {
    Err(MoveError::Unfit { code, detail: detail.into() })
}

/// Moves the ledger in the folder `data`, and writes down in the folder's `xuncha.toml` where it lies
/// now. The key stays in the folder, and so do files, unless they are given a place. `progress` hears how many rows
/// are done, and of how many; before that, how many files.
///
/// Files are copied first, while others may write; those that came meanwhile follow once nobody does. An upload
/// that is under way begins again at the new place.
///
/// # Errors
/// [`MoveError`]: `no_ledger`, `bad_settings` when the folder's settings name a database already,
/// `exists` when there is another ledger at the new place, `damaged` when the ledger does not hold, and what
/// stores and places of files fail with. The ledger is then where it was; what was copied is gone on with by the
/// next call, unless the ledger has changed since.
pub fn move_ledger(data: &Path, to: Destination<'_>, host: &Host, progress: &mut dyn FnMut(u64, u64)) -> Result<Moved> {
    let known = Settings::of(data)?;
    if let Some(database) = &known.database {
        return is_done(data, database, known.blobs.as_deref(), to);
    }
    let from = find_files(data, None)?;
    let place = to.blobs.map(|blobs| Depot::at(data, Some(blobs))).transpose()?;
    let mut files = place.as_ref().map(|place| FileMove::new(&from, place, host));
    if let Some(files) = &mut files {
        take_early(data, files, progress)?;
    }
    let leaving = Leaving::begin(data)?;
    let head = head_of(&leaving, data)?;
    let key = LedgerKey::load(data)
        .map_err(|error| MoveError::Unfit { code: "key_missing", detail: format!("read the ledger's key: {error}") })?;
    let arriving = match Arriving::begin(to.database) {
        Ok(arriving) => Some(arriving),
        // The last step of a move that was cut short.
        Err(StoreError::Exists) if leaving.is_moved() && is_ledger_at(to.database, &head)? => None,
        Err(error) => return Err(error.into()),
    };
    let (rows, resumed) = match &arriving {
        Some(arriving) => {
            let copied = copy_all(&leaving, arriving, &head, progress)?;
            check(arriving, &key)?;
            copied
        }
        None => (0, 0),
    };
    if let Some(files) = &mut files {
        files.take_all(head.ledger, |after, limit| leaving.blobs(after, limit), progress)?;
    }
    leaving.end(&place_of(to.database)?)?;
    arriving.map_or(Ok(()), Arriving::end)?;
    write_places(data, Some(to.database), to.blobs)?;
    let (files, lacks) = files.map(|files| (files.files, files.lacks)).unwrap_or_default();
    Ok(Moved { size: head.size, epoch: head.epoch, rows, resumed, files, lacks })
}

/// A ledger whose settings name a database: moved already, with nothing left to do, or not one to be moved.
fn is_done(data: &Path, database: &str, blobs: Option<&str>, to: Destination<'_>) -> Result<Moved> {
    let leaving = match Leaving::begin(data) {
        Err(StoreError::Missing(_)) => return elsewhere(),
        leaving => leaving?,
    };
    let head = head_of(&leaving, data)?;
    if database != to.database || !leaving.is_moved() || !is_ledger_at(to.database, &head)? {
        return elsewhere();
    }
    if to.blobs.is_some() && to.blobs != blobs {
        // Its server may have taken in files since.
        return unfit(
            "bad_settings",
            "blobs: this ledger was moved without its files: move them by backup and restore",
        );
    }
    Ok(Moved { size: head.size, epoch: head.epoch, rows: 0, resumed: 0, files: 0, lacks: Vec::new() })
}

fn head_of(leaving: &Leaving, data: &Path) -> Result<Head> {
    Ok(leaving.head()?.ok_or_else(|| StoreError::Missing(data.display().to_string()))?)
}

/// Copies the files that are known now, while others may write.
fn take_early(data: &Path, files: &mut FileMove<'_>, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    let store: Box<dyn Store> = match SqliteStore::open(data, false) {
        Ok(store) => Box::new(store),
        // Nothing changes there any more: all of them follow.
        Err(StoreError::Moved(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let head = store.look(|snapshot| snapshot.head())?;
    let head = head.ok_or_else(|| StoreError::Missing(data.display().to_string()))?;
    files.take_all(head.ledger, |after, limit| store.look(|snapshot| snapshot.blobs(after, limit)), progress)
}

/// Fails unless what arrived holds as any ledger must.
fn check(arriving: &Arriving, key: &LedgerKey) -> Result<()> {
    let mut problems = Vec::new();
    arriving.look(&mut |snapshot| {
        problems = verify(snapshot, Some(key.public()), &mut |_| {})?.problems;
        Ok(())
    })?;
    match problems.first() {
        None => Ok(()),
        Some(first) => unfit("damaged", format!("the ledger does not hold: {}", first.what)),
    }
}

fn elsewhere<T>() -> Result<T> {
    unfit("bad_settings", "database: xuncha.toml says that this ledger lies in a database")
}

/// Whether what lies at `to` is this ledger, there or further on.
fn is_ledger_at(to: &str, head: &Head) -> Result<bool> {
    let store: Box<dyn Store> = Box::new(PostgresStore::open(to, false)?);
    let there = store.look(|snapshot| snapshot.head())?;
    Ok(there.is_some_and(|there| there.ledger == head.ledger && there.size >= head.size))
}

/// Copies every table, and compares what is there afterwards. Gives the number of rows, and how many of
/// them were there before.
fn copy_all(
    leaving: &Leaving,
    arriving: &Arriving,
    head: &Head,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(u64, u64)> {
    let counts = TABLES.iter().map(|table| leaving.count(table)).collect::<std::result::Result<Vec<_>, _>>()?;
    let total = counts.iter().sum();
    loop {
        let begun = arriving.go_on(&stand(head, &counts))?;
        let resumed = begun.iter().sum();
        let mut done = resumed;
        for (table, begun) in TABLES.iter().zip(&begun) {
            copy(leaving, arriving, table, *begun, &mut |rows| {
                done += rows;
                progress(done, total);
            })?;
        }
        let mut different = None;
        for table in TABLES {
            if !is_same(leaving, arriving, table)? {
                different = Some(table.name);
                break;
            }
        }
        match different {
            None => return Ok((total, resumed)),
            Some(name) if resumed == 0 => {
                return unfit("damaged", format!("what was copied of {name} is not what was there"));
            }
            // Some row was changed since the call before, and nothing added.
            Some(_) => arriving.throw_away()?,
        }
    }
}

fn copy(
    leaving: &Leaving,
    arriving: &Arriving,
    table: &Table,
    begun: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<()> {
    let (mut page, mut there) = (Vec::with_capacity(PAGE), begun);
    let mut hand_over = |page: &mut Vec<Vec<Value>>| {
        there += page.len() as u64;
        arriving.put(table, page, there)?;
        progress(page.len() as u64);
        page.clear();
        Ok::<_, StoreError>(())
    };
    leaving.rows(table, begun, &mut |row| {
        page.push(row);
        if page.len() < PAGE { Ok(()) } else { hand_over(&mut page) }
    })?;
    if !page.is_empty() {
        hand_over(&mut page)?;
    }
    Ok(())
}

fn is_same(leaving: &Leaving, arriving: &Arriving, table: &Table) -> Result<bool> {
    let (mut before, mut after) = (Sum::default(), Sum::default());
    leaving.rows(table, 0, &mut |row| {
        before.add(&row);
        Ok(())
    })?;
    arriving.rows(table, &mut |row| {
        after.add(&row);
        Ok(())
    })?;
    Ok(before.end() == after.end())
}

/// Digest of where the ledger stands: another when anything was written since.
fn stand(head: &Head, counts: &[u64]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(head.checkpoint.as_bytes());
    counts.iter().for_each(|count| hasher.update(count.to_be_bytes()));
    Hash(hasher.finalize().into())
}
