//! Why a command failed, as a stable code and a sentence.

use std::fmt;

use serde::Serialize;
use xuncha_core::Error;
use xuncha_core::model::Code;

use crate::blobs::DepotError;
use crate::queue::QueueError;
use crate::store::StoreError;

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Stable snake_case code.
    pub code: String,
    /// What went wrong, in plain words.
    pub message: String,
}

impl Failure {
    /// A failure with this code.
    pub fn new(code: impl Into<String>, message: impl fmt::Display) -> Failure {
        Failure { code: code.into(), message: message.to_string() }
    }

    /// A failure while doing `what`.
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Failure {
        let code = match error.kind() {
            std::io::ErrorKind::StorageFull => "storage_full",
            std::io::ErrorKind::HostUnreachable => "blobs_away",
            _ => "io",
        };
        Failure::new(code, format!("{what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Failure {}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::new(error.code(), error)
    }
}

impl From<DepotError> for Failure {
    fn from(error: DepotError) -> Failure {
        let code = match error {
            DepotError::Address(what) => return Failure::new("bad_field", format!("blobs: {what}")),
            DepotError::Settings(error) => return error.into(),
            DepotError::Disk { place, source } => return Failure::io(place, &source),
            DepotError::Away { .. } => "blobs_away",
            DepotError::Denied { .. } => "blobs_denied",
            DepotError::Foreign(_) => "wrong_ledger",
            DepotError::Nobodys(_) | DepotError::Strange(_) => "no_blobs",
        };
        Failure::new(code, error)
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Failure {
        Failure::new("unavailable", error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match &error {
            // The detail is the state that is.
            Error::Refused { code: Code::StateChanged, detail } => {
                Failure::new(error.code(), format!("its state is {detail} by now"))
            }
            // The code is said behind it.
            Error::Refused { detail, .. } => Failure::new(error.code(), detail),
            _ => Failure::new(error.code(), &error),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        Failure::new("internal", error)
    }
}
