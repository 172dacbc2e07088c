//! What can go wrong, by what the caller does next.

use crate::model::{Code, Time};
use crate::protocol::ServiceError;

/// An accident, sorted by what the caller does next. Expected outcomes are values, not errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Correct the input and call again; nothing was recorded.
    #[error("{field}: {detail}")]
    Invalid {
        /// The field at fault.
        field: String,
        /// What is wrong with it.
        detail: String,
    },
    /// There is no such thing here.
    #[error("{what} is not in this notebook")]
    NotFound {
        /// What was looked for, with its id.
        what: String,
    },
    /// Enrol this notebook first; nothing was recorded.
    #[error("this notebook is not enrolled")]
    NotEnrolled,
    /// Nobody records now: switch to somebody who is signed in, or sign in. Nothing was recorded.
    #[error("the notebook is locked: nobody is recording")]
    Locked,
    /// That is not the PIN; nobody was switched to.
    #[error("that is not the PIN; {left} more tries before only signing in online helps")]
    WrongPin {
        /// Wrong tries that are left before only signing in online helps.
        left: u32,
        /// No try before then, by this phone's clock.
        until: Option<Time>,
    },
    /// Too many wrong PINs: wait until then, by this phone's clock, or sign in online.
    #[error("too many wrong PINs: no try before {until}")]
    PinLocked {
        /// When the next try may be made.
        until: Time,
    },
    /// No PIN opens this login: none was set, or too many were wrong. Sign in online.
    #[error("sign in online: {why}")]
    SignInNeeded {
        /// Why, for people.
        why: &'static str,
    },
    /// The notebook was written by a newer version: update the app. Nothing was touched.
    #[error("the notebook has schema {found}, this version knows {known}")]
    Outdated {
        /// Schema found.
        found: u32,
        /// Newest schema that this version knows.
        known: u32,
    },
    /// The database is damaged: keep the folder and ask for help. Nothing was touched.
    #[error("the notebook's database is damaged: {detail}")]
    Damaged {
        /// What SQLite found.
        detail: String,
    },
    /// The device key is gone: reopen as a new device, enrol again, and everything pending is said again.
    #[error("the device key of this notebook is missing")]
    KeyMissing,
    /// The key that is here is another notebook's; to be dealt with as one that is missing.
    #[error("the device key is not the one of this notebook")]
    KeyWrong,
    /// The key cannot be read or kept now, which is not the same as missing: try again later. Nothing was touched.
    #[error("the device key cannot be reached now: {detail}")]
    KeyUnavailable {
        /// What the key store said.
        detail: String,
    },
    /// The database is encrypted, and the key store has no key for it. Nobody can read it without; nothing was touched.
    #[error("the database is encrypted, and its key is missing")]
    DatabaseKeyMissing,
    /// The database is encrypted with another key than the one that is here. Nobody can read it without the right one;
    /// nothing was touched.
    #[error("the database is encrypted with another key")]
    DatabaseKeyWrong,
    /// The database is encrypted, and this build cannot read such: open it with one that has the feature `sqlcipher`.
    #[error("the database is encrypted, and this build was made without SQLCipher")]
    Encrypted,
    /// The disk is full: free some space and call again. What was saved before is safe.
    #[error("the disk is full")]
    Full,
    /// Somebody else is using the notebook (another process, another sync) or it is suspended: call
    /// again later.
    #[error("this notebook is in use elsewhere, or suspended")]
    Busy,
    /// The store failed: tell the user, keep the data. What was saved before is safe.
    #[error("{what}")]
    Storage {
        /// What was tried.
        what: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No believable reply: try again later, everything is kept.
    #[error("no reply: {what}")]
    Offline {
        /// What was tried and what came instead.
        what: String,
        /// When the server asked to be left alone for a while.
        retry_after: Option<std::time::Duration>,
    },
    /// The server said no: `code` says why; everything is kept.
    #[error("{code}: {detail}")]
    Refused {
        /// The stable code.
        code: Code,
        /// In plain words.
        detail: String,
    },
    /// The server showed a ledger that does not continue the one seen before: nothing of it was taken.
    #[error("the ledger does not continue what this notebook has seen: {detail}")]
    Untrusted {
        /// What does not fit.
        detail: String,
    },
}

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The stable snake_case code of this error.
    pub fn code(&self) -> &str {
        match self {
            Error::Invalid { .. } => "bad_field",
            Error::NotFound { .. } => "not_found",
            Error::NotEnrolled => "not_enrolled",
            Error::Locked => "locked",
            Error::WrongPin { .. } => "wrong_pin",
            Error::PinLocked { .. } => "pin_locked",
            Error::SignInNeeded { .. } => "sign_in_needed",
            Error::Outdated { .. } => "outdated",
            Error::Damaged { .. } => "damaged",
            Error::KeyMissing => "key_missing",
            Error::KeyWrong => "key_wrong",
            Error::KeyUnavailable { .. } => "key_unavailable",
            Error::DatabaseKeyMissing => "database_key_missing",
            Error::DatabaseKeyWrong => "database_key_wrong",
            Error::Encrypted => "encrypted",
            Error::Full => "storage_full",
            Error::Busy => "busy",
            Error::Storage { .. } => "storage",
            Error::Offline { .. } => "offline",
            Error::Refused { code, .. } => code.as_str(),
            Error::Untrusted { .. } => "untrusted",
        }
    }

    /// True when the same call may succeed later without anyone doing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Offline { .. } | Error::Busy => true,
            Error::Refused { code, .. } => {
                matches!(code, Code::TooMany | Code::Unavailable | Code::StorageFull | Code::Timeout)
            }
            _ => false,
        }
    }
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Error {
        match error {
            ServiceError::Offline { what, retry_after } => Error::Offline { what, retry_after },
            ServiceError::Problem(problem) => {
                Error::Refused { code: problem.code, detail: problem.detail.unwrap_or(problem.title) }
            }
        }
    }
}
