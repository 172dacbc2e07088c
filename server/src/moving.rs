//! Moving a ledger from SQLite into PostgreSQL.
//!
//! Nobody writes to the ledger meanwhile: a server that still runs answers that it cannot, and phones
//! keep what they have. What is copied is compared with what was there, row by row, and then checked
//! as [`verify`](crate::ledger::verify) checks any ledger. Only then the old one ends, for good, and
//! the new one begins. A crash leaves the old one as it was, or ended and the new one as good as
//! there: the same call goes on in both cases.

use std::path::Path;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use xuncha_core::model::Hash;

use crate::ledger::{LedgerKey, verify};
use crate::settings::{Settings, write_database};
use crate::store::postgres::{Arriving, PostgresStore, place_of};
use crate::store::sqlite::Leaving;
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
}

/// Why a ledger was not moved. It is then where it was.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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

/// Moves the ledger in the folder `data` into the database at `to`, and writes down in the folder's
/// `xuncha.toml` that it lies there. Files and the key stay in the folder. `progress` hears how many rows
/// are done, and of how many.
///
/// # Errors
/// [`MoveError`]: `no_ledger`, `bad_settings` when the folder's settings name a database already,
/// `exists` when there is another ledger at `to`, `damaged` when the ledger does not hold, and what
/// stores fail with. The ledger is then where it was; what was copied is gone on with by the next call,
/// unless the ledger has changed since.
pub fn move_ledger(data: &Path, to: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<Moved> {
    let known = Settings::of(data)?.database;
    let leaving = match (Leaving::begin(data), &known) {
        (Err(StoreError::Missing(_)), Some(_)) => return elsewhere(),
        (leaving, _) => leaving?,
    };
    let Some(head) = leaving.head()? else {
        return Err(StoreError::Missing(data.display().to_string()).into());
    };
    if known.as_ref().is_some_and(|known| known != to || !leaving.is_moved()) {
        return elsewhere();
    }
    let key = LedgerKey::load(data)
        .map_err(|error| MoveError::Unfit { code: "key_missing", detail: format!("read the ledger's key: {error}") })?;
    let arriving = match Arriving::begin(to) {
        Ok(arriving) => arriving,
        // The last steps of a move that was cut short.
        Err(StoreError::Exists) if leaving.is_moved() && is_ledger_at(to, &head)? => {
            write_database(data, to)?;
            return Ok(Moved { size: head.size, epoch: head.epoch, rows: 0, resumed: 0 });
        }
        Err(error) => return Err(error.into()),
    };
    let (rows, resumed) = copy_all(&leaving, &arriving, &head, progress)?;
    let mut report = None;
    arriving.look(&mut |snapshot| {
        report = Some(verify(snapshot, Some(key.public()), &mut |_| {})?);
        Ok(())
    })?;
    if let Some(first) = report.and_then(|report| report.problems.into_iter().next()) {
        return unfit("damaged", format!("the ledger does not hold: {}", first.what));
    }
    leaving.end(&place_of(to)?)?;
    arriving.end()?;
    write_database(data, to)?;
    Ok(Moved { size: head.size, epoch: head.epoch, rows, resumed })
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
