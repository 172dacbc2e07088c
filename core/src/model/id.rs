//! Typed ids: a finding's id cannot be passed where a user's is wanted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Hash;

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<$name, uuid::Error> {
                text.parse().map($name)
            }
        }
    )*};
}

uuid_id! {
    /// One city's ledger; the training ledger of the same city has another id.
    LedgerId;
    /// One recorded change; UUIDv7 made where it happened, and its idempotency key.
    OpId;
    /// Anything that ops are about: a finding, a user, a unit, an area, a role, a device, a session.
    EntityId;
    /// One notebook (the database of one app installation); survives a new device key.
    LineId;
}

impl EntityId {
    /// The entity that stands for `device` in the ledger: UUIDv5 in the ledger's own namespace.
    pub fn of_device(ledger: LedgerId, device: &DeviceId) -> EntityId {
        EntityId::named(ledger, &format!("device:{device}"))
    }

    /// The login that the invitation with the code of this hash opens on `device`: whoever has the code can tell whether it
    /// was used there.
    pub fn of_login(ledger: LedgerId, device: &DeviceId, code: &Hash) -> EntityId {
        let device = EntityId::of_device(ledger, device);
        EntityId(Uuid::new_v5(&device.0, format!("session:{code}").as_bytes()))
    }

    /// The entity that stands for the role called `name`.
    pub fn of_role(ledger: LedgerId, name: &str) -> EntityId {
        EntityId::named(ledger, &format!("role:{name}"))
    }

    /// The catalogue whose text has this hash. The same after a restore from a backup that was made
    /// before it was loaded: whoever loads it again gives findings that name it what they name.
    pub fn of_catalogue(ledger: LedgerId, text: &Hash) -> EntityId {
        EntityId::named(ledger, &format!("catalogue:{text}"))
    }

    /// The office's calendar of a year.
    pub fn of_calendar(ledger: LedgerId, year: u64) -> EntityId {
        EntityId::named(ledger, &format!("calendar:{year}"))
    }

    /// The register that notices of a year get their numbers from.
    pub fn of_register(ledger: LedgerId, year: i16) -> EntityId {
        EntityId::named(ledger, &format!("register:{year}"))
    }

    /// A month of the assessment, such as `2026-11`.
    pub fn of_month(ledger: LedgerId, month: &str) -> EntityId {
        EntityId::named(ledger, &format!("month:{month}"))
    }

    /// The finding that stands for the case `case` of the register `system`: taken over twice, it is one.
    pub fn of_source(ledger: LedgerId, system: &str, case: &str) -> EntityId {
        // Neither has a line break in it.
        EntityId::named(ledger, &format!("source:{system}\n{case}"))
    }

    /// What follows from this entity by a rule called `name`, and can follow only once.
    pub fn following(self, name: &str) -> EntityId {
        EntityId(Uuid::new_v5(&self.0, name.as_bytes()))
    }

    /// The task that asks a person to decide the conflict in this entity that
    /// the op `challenger` opened. The same on every machine, so that it is made once.
    pub fn of_task(self, challenger: OpId) -> EntityId {
        EntityId(Uuid::new_v5(&self.0, format!("task:{challenger}").as_bytes()))
    }

    fn named(ledger: LedgerId, name: &str) -> EntityId {
        EntityId(Uuid::new_v5(&ledger.0, name.as_bytes()))
    }
}

impl From<OpId> for EntityId {
    /// What an op brings into being bears the op's own id.
    fn from(op: OpId) -> EntityId {
        EntityId(op.0)
    }
}

/// A device: the fingerprint (SHA-256) of its public key's text form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(pub Hash);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for DeviceId {
    type Err = super::NotAHash;

    fn from_str(text: &str) -> Result<DeviceId, super::NotAHash> {
        text.parse().map(DeviceId)
    }
}
