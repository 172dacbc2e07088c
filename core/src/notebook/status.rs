//! Where a notebook stands.

use super::{EnrolAgain, Notebook};
use crate::Result;
use crate::model::{Cursor, DeviceId, EntityId, LedgerId, LineId, Time};
use crate::op::{PublicKey, Seen};
use serde::Serialize;

/// Where a notebook stands; everything from one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The notebook's id, for life.
    pub line: LineId,
    /// The device's id; changes with its key.
    pub device: DeviceId,
    /// True when the database is encrypted: the feature `sqlcipher`, and no disk too full to encrypt it.
    pub encrypted: bool,
    /// The device's public key.
    pub key: PublicKey,
    /// Root address of the server, if one was set.
    pub server: Option<String>,
    /// True once it was enrolled; see also `must_enrol_again`.
    pub enrolled: bool,
    /// Why the device must enrol again before it can sync. Recording goes on.
    pub must_enrol_again: Option<EnrolAgain>,
    /// The ledger it is enrolled in.
    pub ledger: Option<LedgerId>,
    /// Name of the city.
    pub city: Option<String>,
    /// IANA zone of the city.
    pub zone: Option<String>,
    /// Who records now; none while the notebook is locked, see [`Notebook::people`].
    pub user: Option<EntityId>,
    /// That user's name.
    pub name: Option<String>,
    /// The login.
    pub session: Option<EntityId>,
    /// True when it is enrolled and nobody records: switch to somebody, or sign in.
    pub locked: bool,
    /// How many people are signed in.
    pub people: u64,
    /// How far it has come; none before the first pull.
    pub cursor: Option<Cursor>,
    /// Largest checkpoint verified.
    pub seen: Option<Seen>,
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
    /// Those that the server does not take, or that are damaged here; see [`Notebook::file_faults`].
    pub file_faults: u64,
    /// Files that were promised and are neither here nor at the server.
    pub files_lost: u64,
    /// Bytes that [`Notebook::free_space`] would free.
    pub freeable_bytes: u64,
    /// End of the last complete sync, by this phone's clock.
    pub synced: Option<Time>,
    /// Server's clock minus ours in milliseconds, when last measured.
    pub offset_ms: Option<i64>,
}

impl Notebook {
    /// Where it stands.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) when it cannot be read.
    pub fn status(&self) -> Result<Status> {
        self.read(|store| {
            let account = store.account()?;
            let (waiting, durable_size) = (store.files_waiting_count()?, account.durable_size);
            let membership = account.membership;
            let logins = store.logins()?;
            let current = logins.iter().find(|login| login.current);
            Ok(Status {
                line: account.line,
                device: account.key.device(),
                encrypted: store.is_encrypted()?,
                key: account.key,
                server: account.server,
                enrolled: membership.is_some(),
                must_enrol_again: account.again,
                ledger: membership.as_ref().map(|membership| membership.ledger),
                city: membership.as_ref().map(|membership| membership.city.clone()),
                zone: membership.as_ref().map(|membership| membership.zone.clone()),
                user: current.map(|login| login.user),
                name: current.map(|login| login.name.clone()),
                session: current.map(|login| login.session),
                locked: membership.is_some() && current.is_none(),
                people: logins.len() as u64,
                cursor: account.cursor,
                seen: account.seen,
                pending: store.waiting()?,
                held: store.held_count()?,
                refused: store.refused_count()?,
                conflicts: store.disputed_count()?,
                durable_size,
                photos: store.photo_count()?,
                files_waiting: waiting.files,
                bytes_waiting: waiting.bytes,
                file_faults: store.files_at_fault()?.len() as u64,
                files_lost: store.files_lost()?,
                freeable_bytes: match durable_size {
                    0 => 0,
                    size => store.files_freeable(size, u32::MAX)?.iter().map(|file| file.len).sum(),
                },
                synced: account.synced,
                offset_ms: account.offset,
            })
        })
    }

    /// Remembers the server's root address, such as `https://xuncha.example.cn`.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) when it cannot be saved.
    pub fn set_server(&self, address: &str) -> Result<()> {
        self.read(|store| store.set_server(address))
    }

    /// The server's root address, if one was set.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) when it cannot be read.
    pub fn server(&self) -> Result<Option<String>> {
        self.read(|store| Ok(store.account()?.server))
    }
}
