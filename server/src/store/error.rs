//! What can go wrong in a store, by what the caller does next.

/// A store's accident.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No room: nothing was stored; make room, then the same call works.
    #[error("the disk is full")]
    Full,
    /// Another process holds the store longer than we wait; the same call may work later.
    #[error("the store is busy")]
    Busy,
    /// Written by a newer version; nothing was touched.
    #[error("the store has schema {found}, this version knows {known}")]
    Newer {
        /// Schema found.
        found: u32,
        /// Newest schema that this version knows.
        known: u32,
    },
    /// There is no ledger in this place.
    #[error("there is no ledger in {0}")]
    Missing(String),
    /// What is stored cannot be what was written.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The content of this write cannot be stored; another write can.
    #[error("{0}")]
    Rejected(String),
    /// This ledger is behind what its guard has seen: nothing is written until an epoch begins.
    #[error("{0}")]
    RolledBack(String),
    /// The database does not answer; what was written before is safe, the same call may work later.
    #[error("the database is away: {0}")]
    Away(String),
    /// The database does not let us in, or not do this.
    #[error("the database refuses: {0}")]
    Denied(String),
    /// This is no address of a database.
    #[error("not the address of a database: {0}")]
    Address(String),
    /// What the operator wrote down cannot be understood.
    #[error("{0}")]
    Settings(String),
    /// There is a ledger already where one was to be made.
    #[error("there is a ledger in this database already")]
    Exists,
    /// This ledger was moved to another place and goes on there; nothing is written here any more.
    #[error("this ledger was moved to {0}")]
    Moved(String),
    /// The store failed.
    #[error("{0}")]
    Failed(String),
}

/// Result with [`StoreError`].
pub type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    /// What it is called where failures have stable codes.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Full => "storage_full",
            StoreError::Busy => "busy",
            StoreError::Newer { .. } => "outdated",
            StoreError::Missing(_) => "no_ledger",
            StoreError::Damaged(_) => "damaged",
            StoreError::RolledBack(_) => "ledger_rolled_back",
            StoreError::Away(_) => "database_away",
            StoreError::Denied(_) => "database_denied",
            StoreError::Address(_) => "bad_field",
            StoreError::Settings(_) => "bad_settings",
            StoreError::Exists => "exists",
            StoreError::Moved(_) => "moved",
            StoreError::Rejected(_) | StoreError::Failed(_) => "storage",
        }
    }

    /// True when only what was to be written is at fault, not the store.
    pub fn blames_content(&self) -> bool {
        matches!(self, StoreError::Rejected(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode as Code;
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => StoreError::Full,
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => StoreError::Busy,
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => StoreError::Damaged(text),
            Some(Code::ConstraintViolation) if code_of(&error) == rusqlite::ffi::SQLITE_CONSTRAINT_TRIGGER => {
                // The only triggers are those of a ledger that has left.
                StoreError::Moved(text)
            }
            Some(Code::ConstraintViolation | Code::TooBig | Code::TypeMismatch) => StoreError::Rejected(text),
            _ => StoreError::Failed(text),
        }
    }
}

fn code_of(error: &rusqlite::Error) -> i32 {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.extended_code,
        _ => 0,
    }
}
