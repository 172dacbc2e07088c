//! Who may send files, and who may see which.

use xuncha_core::model::{Code, EntityId, Hash};
use xuncha_core::plan::Scope;
use xuncha_core::protocol::ServiceError;

use crate::auth::Person;
use crate::ledger::granted;
use crate::problem::refusal;
use crate::store::{Result, Snapshot, StoreError};

/// Scopes that the caller may follow now.
///
/// # Errors
/// The store's; inside, `unknown_device`, `device_revoked`, `user_retired`.
pub(super) fn admitted(
    snapshot: &dyn Snapshot,
    caller: &Person,
) -> Result<std::result::Result<Vec<Scope>, ServiceError>> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    if let Some(device) = &caller.device {
        let Some(row) = snapshot.entity(EntityId::of_device(head.ledger, device))? else {
            return Ok(Err(refusal(Code::UnknownDevice, None)));
        };
        let device: xuncha_core::model::Entity =
            serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(error.to_string()))?;
        if device.text("status") != Some("active") {
            return Ok(Err(refusal(Code::DeviceRevoked, None)));
        }
    }
    let scopes = granted(snapshot, &head, caller.user)?;
    Ok(if scopes.is_empty() { Err(refusal(Code::UserRetired, None)) } else { Ok(scopes) })
}

/// True when something that one of `scopes` shows refers to the file.
pub(super) fn is_seen(snapshot: &dyn Snapshot, scopes: &[Scope], hash: &Hash) -> Result<bool> {
    for entity in snapshot.referring(hash)? {
        let places = snapshot.entity(entity)?.map(|row| row.places).unwrap_or_default();
        if places.iter().any(|place| !place.gone && scopes.contains(&place.scope)) {
            return Ok(true);
        }
    }
    Ok(false)
}
