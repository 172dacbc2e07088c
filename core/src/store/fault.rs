//! What SQLite and the file system report, sorted by what the caller does next.

use rusqlite::ErrorCode;

use super::cipher::ENCRYPTS;
use crate::Error;

/// Names what was tried when it failed.
pub(crate) trait Tried<T> {
    /// Turns a failure into an [`Error`] that says `what` was tried.
    fn tried(self, what: &str) -> crate::Result<T>;
}

impl<T> Tried<T> for rusqlite::Result<T> {
    fn tried(self, what: &str) -> crate::Result<T> {
        self.map_err(|error| of_sqlite(what, error))
    }
}

impl<T> Tried<T> for std::io::Result<T> {
    fn tried(self, what: &str) -> crate::Result<T> {
        self.map_err(|error| of_io(what, error))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        of_sqlite("use the notebook", error)
    }
}

fn of_sqlite(what: &str, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::Full,
        // The journal's index cannot grow, and it only ever grows into free space.
        Some(ErrorCode::SystemIoFailure) if extended(&error) == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => Error::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OperationInterrupted) => Error::Busy,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::Damaged { detail: error.to_string() },
        // SQLCipher at a page that was not written with its key; no statement of ours fails like this otherwise.
        _ if ENCRYPTS && extended(&error) == rusqlite::ffi::SQLITE_ERROR => {
            Error::Damaged { detail: format!("{what}: {error}") }
        }
        _ => Error::Storage { what: format!("{what}: {error}"), source: Box::new(error) },
    }
}

fn extended(error: &rusqlite::Error) -> i32 {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.extended_code,
        _ => 0,
    }
}

fn of_io(what: &str, error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
        _ => Error::Storage { what: format!("{what}: {error}"), source: Box::new(error) },
    }
}

/// A stored text that this version wrote and cannot read back.
pub(crate) fn unreadable(what: &str, error: impl std::fmt::Display) -> Error {
    Error::Damaged { detail: format!("{what}: {error}") }
}
