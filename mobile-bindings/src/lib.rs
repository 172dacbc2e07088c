//! The core of Xuncha spoken in Kotlin, Swift and Python. No rules of its own.
//!
//! What an app holds is a [`Notebook`]. Everything here is handed through to `xuncha_core::notebook`; what may be
//! recorded, what merges and what is refused is decided there. This package gives it the shapes of the other
//! languages: records with defaults, errors with a text to show ([`FieldError`]), suspending functions where work
//! waits, and interfaces that the app implements ([`KeyStore`], [`Conditions`], [`ProgressListener`],
//! [`ChangeListener`]).
//!
//! A panic is a bug of ours; it reaches the app as an exception of uniffi's own and leaves the notebook as after a
//! failed call.
#![warn(missing_docs)]

mod casework;
mod catalogue;
mod conflicts;
mod drafts;
mod enrol;
mod error;
mod files;
mod findings;
mod host;
mod id;
mod inspections;
mod item_nouns;
mod list;
mod notebook;
mod nouns;
mod people;
mod photo_nouns;
mod photos;
mod refused;
mod runtime;
mod status;
mod sync;
mod value;
mod watch;
mod words;

pub use casework::Notice;
pub use catalogue::Catalogue;
pub use conflicts::{Claim, Conflict};
pub use drafts::SavedDraft;
pub use error::{FieldError, OpenFault, Report};
pub use files::UploadPart;
pub use findings::{Evidence, Finding, FindingDraft, Near};
pub use host::{ChangeListener, Conditions, HostError, KeyStore, ProgressListener, file_key_store};
pub use inspections::{Answer, Inspection, Line, Visit};
pub use list::{FindingList, ListKey, Listed};
pub use notebook::Notebook;
pub use photos::{SealedPhoto, Shot};
pub use refused::RefusedOp;
pub use status::Status;
pub use sync::{Step, Synced};
pub use value::Value;
pub use watch::Subscription;

uniffi::setup_scaffolding!("xuncha");
