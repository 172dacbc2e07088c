//! What a store remembers of those who have seen more than it holds, or something else.
//!
//! A ledger that was put back from a backup learns only from others that it is behind: from its guard,
//! and from phones. What they say is kept here until an epoch begins; it is no part of the ledger.

use xuncha_core::model::{DeviceId, Time};
use xuncha_core::op::Seen;

use super::Result;

/// What can be read of those ahead.
pub trait Ahead {
    /// Size at which a backup was last put in place of this ledger; none when it never was since the
    /// present epoch began.
    fn restored(&self) -> Result<Option<u64>>;
    /// Whoever has seen more, the guard first, then devices by their ids.
    fn ahead(&self) -> Result<Vec<AheadRow>>;
    /// What one of them has seen; no device is the guard.
    fn ahead_of(&self, device: Option<&DeviceId>) -> Result<Option<AheadRow>>;
    /// When a device last sent anything that was kept; none before its first push.
    fn heard(&self, device: &DeviceId) -> Result<Option<Time>>;
    /// How many ops of all devices wait for something, and how many fork a chain.
    fn waiting_in_all(&self) -> Result<(u64, u64)>;
}

/// What can be written of those ahead, inside one transaction.
pub trait KeepAhead {
    /// Says at which size a backup was put in place.
    fn put_restored(&mut self, size: Option<u64>) -> Result<()>;
    /// Keeps what somebody has seen, in place of what they had seen before.
    fn put_ahead(&mut self, row: &AheadRow) -> Result<()>;
    /// Forgets what one of them has seen; no device is the guard.
    fn drop_ahead(&mut self, device: Option<&DeviceId>) -> Result<()>;
    /// Forgets all of them: an epoch has begun.
    fn clear_ahead(&mut self) -> Result<()>;
}

/// Somebody has seen a checkpoint that this ledger could not prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AheadRow {
    /// The device; none for the guard.
    pub device: Option<DeviceId>,
    /// The checkpoint.
    pub seen: Seen,
    /// When it was first heard of.
    pub since: Time,
}
