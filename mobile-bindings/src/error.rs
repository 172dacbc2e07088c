//! What can go wrong, by what the app does next; one table from core's errors.

use std::time::Duration;

use xuncha_core::model::Time;

use crate::words::words;

/// What went wrong, for people and for support.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Report {
    /// The stable code, such as `storage_full` or `bad_field`; the same in logs and at the server.
    pub code: String,
    /// What to show, in Chinese.
    pub zh: String,
    /// What to show, in English.
    pub en: String,
    /// What happened exactly; for support, not for the screen.
    pub details: String,
}

/// Why a notebook is not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum OpenFault {
    /// Another notebook object or another process has the folder: use that one.
    InUse,
    /// It is suspended: call `resume`.
    Suspended,
    /// It was shut: open it again.
    Shut,
    /// The key store has no key: `openAsNewDevice`, then enrol again. Nothing is lost.
    KeyMissing,
    /// The key store cannot be read now, such as before the first unlock: try again later.
    KeyUnavailable,
    /// The key store has another notebook's key. As with a missing one.
    KeyWrong,
    /// The database is encrypted, and the key store has no key for it: nobody can read it without. Keep the folder,
    /// look for what became of the key; to go on meanwhile, open another folder and enrol there.
    DatabaseKeyMissing,
    /// The database is encrypted with another key than the key store has. As with a missing one.
    DatabaseKeyWrong,
    /// The database is damaged: keep the folder and ask for help. Nothing was touched.
    Corrupt,
    /// A newer version of the app wrote it, or one that encrypts and this one does not: update the app. Nothing was
    /// touched.
    Outdated,
}

/// What went wrong, by what the app does next. Whatever was saved before is safe in every case.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum FieldError {
    /// The input is at fault, or names what is not here: correct it and call again. Nothing was saved.
    #[error("{field}: {}", report.details)]
    Invalid {
        /// The field or argument at fault.
        field: String,
        /// For people.
        report: Report,
    },
    /// A person is wanted first: to enrol, to unlock with a PIN, to sign in online. Nothing was saved.
    #[error("{}", report.details)]
    SignIn {
        /// After a wrong PIN, tries that are left.
        left: Option<u32>,
        /// No try of a PIN before then, by this phone's clock.
        until: Option<Time>,
        /// For people.
        report: Report,
    },
    /// The notebook is not open: `fault` says what to do about it.
    #[error("{}", report.details)]
    Unopened {
        /// Why.
        fault: OpenFault,
        /// For people.
        report: Report,
    },
    /// The phone's storage failed: tell the user, keep the folder.
    #[error("{}", report.details)]
    Storage {
        /// True when it is full: have the user free some space, and call again.
        is_full: bool,
        /// For people.
        report: Report,
    },
    /// Not now: no network, another sync under way, cancelled, or the server is busy. Try again later; everything
    /// is kept.
    #[error("{}", report.details)]
    Later {
        /// Not before, when the server said so.
        after: Option<Duration>,
        /// For people.
        report: Report,
    },
    /// The server said no, or showed what cannot be trusted: show it to the user. Everything is kept.
    #[error("{}", report.details)]
    Refused {
        /// For people.
        report: Report,
    },
}

impl FieldError {
    /// What went wrong, for people and for support.
    pub fn report(&self) -> &Report {
        match self {
            FieldError::Invalid { report, .. }
            | FieldError::SignIn { report, .. }
            | FieldError::Unopened { report, .. }
            | FieldError::Storage { report, .. }
            | FieldError::Later { report, .. }
            | FieldError::Refused { report } => report,
        }
    }

    pub(crate) fn invalid(field: &str, details: &str) -> FieldError {
        FieldError::Invalid { field: field.to_owned(), report: report("bad_field", details) }
    }

    pub(crate) fn storage(code: &str, details: &str) -> FieldError {
        FieldError::Storage { is_full: false, report: report(code, details) }
    }

    pub(crate) fn cancelled() -> FieldError {
        FieldError::Later { after: None, report: report("cancelled", "cancelled by the app") }
    }

    pub(crate) fn unopened(fault: OpenFault, details: &str) -> FieldError {
        let code = match fault {
            OpenFault::InUse => "in_use",
            OpenFault::Suspended => "suspended",
            OpenFault::Shut => "shut",
            OpenFault::KeyMissing => "key_missing",
            OpenFault::KeyUnavailable => "key_unavailable",
            OpenFault::KeyWrong => "key_wrong",
            OpenFault::DatabaseKeyMissing => "database_key_missing",
            OpenFault::DatabaseKeyWrong => "database_key_wrong",
            OpenFault::Corrupt => "damaged",
            OpenFault::Outdated => "outdated",
        };
        FieldError::Unopened { fault, report: report(code, details) }
    }

    /// An error of opening: what keeps a folder busy then is somebody else, not a sync.
    pub(crate) fn of_opening(error: xuncha_core::Error) -> FieldError {
        match error {
            xuncha_core::Error::Busy => FieldError::unopened(OpenFault::InUse, &error.to_string()),
            other => other.into(),
        }
    }
}

/// The one table.
impl From<xuncha_core::Error> for FieldError {
    fn from(error: xuncha_core::Error) -> FieldError {
        use xuncha_core::Error;
        let report = report(error.code(), &told(&error));
        let retryable = error.is_retryable();
        let unopened = |fault| FieldError::Unopened { fault, report: report.clone() };
        match error {
            Error::Invalid { field, .. } => FieldError::Invalid { field, report },
            Error::NotFound { .. } => FieldError::Invalid { field: "id".to_owned(), report },
            Error::NotEnrolled | Error::Locked | Error::SignInNeeded { .. } => {
                FieldError::SignIn { left: None, until: None, report }
            }
            Error::WrongPin { left, until } => FieldError::SignIn { left: Some(left), until, report },
            Error::PinLocked { until } => FieldError::SignIn { left: None, until: Some(until), report },
            Error::Outdated { .. } | Error::Encrypted => unopened(OpenFault::Outdated),
            Error::Damaged { .. } => unopened(OpenFault::Corrupt),
            Error::KeyMissing => unopened(OpenFault::KeyMissing),
            Error::KeyWrong => unopened(OpenFault::KeyWrong),
            Error::KeyUnavailable { .. } => unopened(OpenFault::KeyUnavailable),
            Error::DatabaseKeyMissing => unopened(OpenFault::DatabaseKeyMissing),
            Error::DatabaseKeyWrong => unopened(OpenFault::DatabaseKeyWrong),
            Error::Full => FieldError::Storage { is_full: true, report },
            Error::Offline { retry_after, .. } => FieldError::Later { after: retry_after, report },
            _ if retryable => FieldError::Later { after: None, report },
            Error::Refused { .. } | Error::Untrusted { .. } => FieldError::Refused { report },
            // `Storage`, and whatever a later core may add: keep the data and tell the user.
            _ => FieldError::Storage { is_full: false, report },
        }
    }
}

fn report(code: &str, details: &str) -> Report {
    let (zh, en) = words(code);
    Report { code: code.to_owned(), zh, en, details: details.to_owned() }
}

/// The error with its causes, in one line.
fn told(error: &xuncha_core::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), std::error::Error::source(error));
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use xuncha_core::Error;
    use xuncha_core::model::Code;

    use super::*;

    #[test]
    fn each_error_says_what_the_app_does_next() {
        let kind = |error: Error| match FieldError::from(error) {
            FieldError::Invalid { field, .. } => format!("invalid {field}"),
            FieldError::SignIn { left, .. } => format!("sign in {left:?}"),
            FieldError::Unopened { fault, .. } => format!("unopened {fault:?}"),
            FieldError::Storage { is_full, .. } => format!("storage {is_full}"),
            FieldError::Later { after, .. } => format!("later {after:?}"),
            FieldError::Refused { report } => format!("refused {}", report.code),
        };
        let refused = |code| Error::Refused { code, detail: String::new() };
        let wait = Some(Duration::from_secs(7));
        for (error, wanted) in [
            (Error::Invalid { field: "note".into(), detail: "is empty".into() }, "invalid note"),
            (Error::NotFound { what: "finding".into() }, "invalid id"),
            (Error::NotEnrolled, "sign in None"),
            (Error::Locked, "sign in None"),
            (Error::WrongPin { left: 3, until: None }, "sign in Some(3)"),
            (Error::SignInNeeded { why: "no PIN was set" }, "sign in None"),
            (Error::Outdated { found: 9, known: 5 }, "unopened Outdated"),
            (Error::Damaged { detail: String::new() }, "unopened Corrupt"),
            (Error::KeyMissing, "unopened KeyMissing"),
            (Error::KeyWrong, "unopened KeyWrong"),
            (Error::KeyUnavailable { detail: String::new() }, "unopened KeyUnavailable"),
            (Error::DatabaseKeyMissing, "unopened DatabaseKeyMissing"),
            (Error::DatabaseKeyWrong, "unopened DatabaseKeyWrong"),
            (Error::Encrypted, "unopened Outdated"),
            (Error::Full, "storage true"),
            (Error::Busy, "later None"),
            (Error::Offline { what: String::new(), retry_after: wait }, "later Some(7s)"),
            (refused(Code::Unavailable), "later None"),
            (refused(Code::StateChanged), "refused state_changed"),
            (Error::Untrusted { detail: String::new() }, "refused untrusted"),
        ] {
            assert_eq!(kind(error), wanted);
        }
    }

    #[test]
    fn the_details_hold_the_cause() {
        let source = Box::new(std::io::Error::other("no such device"));
        let error = FieldError::from(Error::Storage { what: "save".into(), source });
        assert_eq!(error.report().details, "save: no such device");
    }
}
