//! What the ledger says of its own accord as time goes by, and what is gathered of cases for people to read. Plain functions over (store, clock).
//!
//! Ids follow from what asked for it, so that two processes, or a process that was killed and
//! started again, say everything once.

mod desk;
mod overdue;
mod paper;
mod tally;
mod tasks;

pub use desk::DeskOp;
pub(crate) use desk::{counts_returns, return_to_charge};
pub use overdue::Deadlines;
pub(crate) use paper::learn_paper;
pub use tally::{By, Stands, Tally};
pub use tasks::{Clerk, day_in_city};
