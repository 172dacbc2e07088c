//! Where a notebook stands.

use xuncha_core::model::{DeviceId, EntityId, LedgerId, LineId, Time};
use xuncha_core::notebook::EnrolAgain;

use crate::{FieldError, Notebook};

/// Where a notebook stands; everything from one moment.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Status {
    /// The notebook's id, for life.
    pub line: LineId,
    /// The device's id; changes with its key.
    pub device: DeviceId,
    /// True when the database is encrypted: a library with SQLCipher, and no storage too full to encrypt it.
    pub is_encrypted: bool,
    /// Root address of the server, if one was set.
    pub server: Option<String>,
    /// True once it was enrolled; see also `mustEnrolAgain`.
    pub is_enrolled: bool,
    /// Why the device must enrol again before it can sync. Recording goes on.
    pub must_enrol_again: Option<EnrolAgain>,
    /// The ledger it is enrolled in.
    pub ledger: Option<LedgerId>,
    /// Name of the city.
    pub city: Option<String>,
    /// IANA zone of the city.
    pub zone: Option<String>,
    /// Who records now; none while the notebook is locked.
    pub user: Option<EntityId>,
    /// That user's name.
    pub name: Option<String>,
    /// True when it is enrolled and nobody records: switch to somebody, or sign in.
    pub is_locked: bool,
    /// Ops that wait to be judged.
    pub pending: u64,
    /// Those of them for which the server misses something.
    pub held: u64,
    /// Ops that were refused and that nobody has dealt with.
    pub refused: u64,
    /// Findings and inspections with a field in conflict.
    pub conflicts: u64,
    /// Size of the ledger that a backup or replica really covers.
    pub durable_size: u64,
    /// Photos that this notebook took in.
    pub photos: u64,
    /// Files that wait to be sent.
    pub files_waiting: u64,
    /// Their bytes.
    pub bytes_waiting: u64,
    /// Those that the server does not take, or that are damaged here.
    pub file_faults: u64,
    /// Files that were promised and are neither here nor at the server.
    pub files_lost: u64,
    /// Bytes that `freeSpace` would free.
    pub freeable_bytes: u64,
    /// End of the last complete sync, by this phone's clock.
    pub synced: Option<Time>,
    /// Server's clock minus ours in milliseconds, when last measured.
    pub offset_ms: Option<i64>,
}

#[uniffi::export]
impl Notebook {
    /// Where it stands.
    pub fn status(&self) -> Result<Status, FieldError> {
        let status = self.core()?.status()?;
        Ok(Status {
            line: status.line,
            device: status.device,
            is_encrypted: status.encrypted,
            server: status.server,
            is_enrolled: status.enrolled,
            must_enrol_again: status.must_enrol_again,
            ledger: status.ledger,
            city: status.city,
            zone: status.zone,
            user: status.user,
            name: status.name,
            is_locked: status.locked,
            pending: status.pending,
            held: status.held,
            refused: status.refused,
            conflicts: status.conflicts,
            durable_size: status.durable_size,
            photos: status.photos,
            files_waiting: status.files_waiting,
            bytes_waiting: status.bytes_waiting,
            file_faults: status.file_faults,
            files_lost: status.files_lost,
            freeable_bytes: status.freeable_bytes,
            synced: status.synced,
            offset_ms: status.offset_ms,
        })
    }
}
