//! What a device keeps to itself, outside its database.

use zeroize::Zeroizing;

use super::cipher::{DatabaseKey, ENCRYPTS};
use crate::host::Host;
use crate::op::DeviceKey;

/// What a device keeps to itself: the seed of the key that it signs with and, where the database is encrypted, the
/// key of that. Wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub struct Secret {
    seed: Zeroizing<[u8; 32]>,
    database: Option<DatabaseKey>,
}

impl Secret {
    /// The secret that [`Secret::to_bytes`] gave; none when these bytes are not one: 32 of the seed, and 32 of the
    /// database's key where there is one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Secret> {
        let (seed, database) = bytes.split_first_chunk::<32>()?;
        let database = match database.len() {
            0 => None,
            _ => Some(DatabaseKey(Zeroizing::new(database.try_into().ok()?))),
        };
        Some(Secret { seed: Zeroizing::new(*seed), database })
    }

    /// What a key store keeps: 32 bytes, or 64.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let database = self.database.as_ref().map(|key| key.0.as_slice());
        Zeroizing::new([self.seed.as_slice(), database.unwrap_or_default()].concat())
    }

    /// A new seed, beside the `database`'s key that there is.
    pub(crate) fn new(host: &Host, database: Option<DatabaseKey>) -> Secret {
        Secret { seed: Zeroizing::new(host.bytes()), database }.with_database_key(host)
    }

    /// The same, with a new key for the database where this build wants one and there is none.
    pub(crate) fn with_database_key(mut self, host: &Host) -> Secret {
        if ENCRYPTS && self.database.is_none() {
            self.database = Some(DatabaseKey(Zeroizing::new(host.bytes())));
        }
        self
    }

    /// The key that the device signs with.
    pub(crate) fn device_key(&self) -> DeviceKey {
        DeviceKey::from_seed(&self.seed)
    }

    /// The key of the database; none in a build that does not encrypt.
    pub(crate) fn database_key(&self) -> Option<&DatabaseKey> {
        self.database.as_ref().filter(|_| ENCRYPTS)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
