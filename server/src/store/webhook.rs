//! Whom the ledger tells of what changes, how far it has come, and what could not be told.

use xuncha_core::model::Time;

use super::Result;

/// The way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    /// Where it is told.
    pub url: String,
    /// What messages are signed with.
    pub secret: Vec<u8>,
    /// Entries before this one are told, or given up.
    pub next: u64,
    /// Where the message ends that was begun; none between two.
    pub end: Option<u64>,
    /// Attempts at it that failed.
    pub attempts: u32,
    /// Not before this time is it tried again.
    pub again: Time,
    /// What went wrong last; none once it went well.
    pub fault: Option<String>,
    /// The process that is at it.
    pub holder: Option<String>,
    /// Until when nobody else is.
    pub held: Time,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterRow {
    /// The epoch in which it was begun.
    pub epoch: u32,
    /// Its first entry.
    pub first: u64,
    /// The entry behind its last.
    pub end: u64,
    /// Attempts at it that failed.
    pub attempts: u32,
    /// What went wrong last.
    pub fault: String,
    /// When it was given up.
    pub at: Time,
    /// True once somebody wants it tried again.
    pub due: bool,
}

/// What can be read of it.
pub trait Webhooks {
    /// The way out, if there is one.
    fn webhook(&self) -> Result<Option<WebhookRow>>;
    /// Up to `limit` messages that were given up, oldest first; only those to be tried again when `due`.
    fn dead_letters(&self, due: bool, limit: u32) -> Result<Vec<DeadLetterRow>>;
}

/// Keeping it.
pub trait KeepWebhooks {
    /// Keeps the way out, in place of the one before.
    fn put_webhook(&mut self, row: &WebhookRow) -> Result<()>;
    /// Forgets the way out and what was given up.
    fn drop_webhook(&mut self) -> Result<()>;
    /// Keeps a message that was given up, or what became of it.
    fn put_dead_letter(&mut self, row: &DeadLetterRow) -> Result<()>;
    /// Forgets one.
    fn drop_dead_letter(&mut self, epoch: u32, first: u64) -> Result<()>;
}
