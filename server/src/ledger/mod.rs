//! The ledger itself: one number for everything that was ever said.
//!
//! [`Sequencer`] judges and appends, [`pull`] reads the feed, [`verify`] checks it all again.
//! Everything here is a plain function over (store, clock, random); nothing waits.

mod asker;
mod cache;
mod draft;
mod epoch;
mod feed;
mod foresee;
mod guard;
mod item;
mod judged;
mod listing;
mod open;
mod pull;
mod run;
mod seen;
mod sequencer;
mod stamp;
mod standing;
mod verify;
mod words;

pub use asker::{Asker, Caller};
pub(crate) use asker::{Onlooker, granted, onlooker, shown_to};
pub(crate) use cache::catalogue_for;
pub use draft::OwnOp;
pub use epoch::{EpochError, EpochPlan, Known, Wanted, begin_epoch, plan_epoch};
pub(crate) use foresee::draft_paper;
pub use foresee::{Foreseen, foresee};
pub use guard::{Guard, GuardError};
pub use item::{Item, PushRecord};
pub(crate) use listing::catch_up;
pub(crate) use open::write_secret;
pub use open::{KEY_FILE, LedgerKey, Opening, catalogue_body, open_or_create};
pub(crate) use pull::collect;
pub use pull::{PullError, pull};
pub use sequencer::{BATCH_OPS, Sequencer};
pub use standing::{ahead, remember, rolled_back, rolled_back_detail, unproven};
pub use verify::{Problem, Report, verify};
pub use words::listed;
pub(crate) use words::{Sought, cells_around, in_scope, stands_for};
