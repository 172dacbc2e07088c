//! How values look in a store, the same in every engine.

use std::fmt::Display;

use xuncha_core::model::{DeviceId, EntityId, Hash};
use xuncha_core::plan::Scope;

use super::{Place, Result, StoreError};

/// The text form of places: scope=index, with - before an index where it has left; by spaces.
pub(super) fn places_text(places: &[Place]) -> String {
    let one = |place: &Place| format!("{}={}{}", place.scope, if place.gone { "-" } else { "" }, place.index);
    places.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// What [`places_text`] wrote about the entity `id`.
pub(super) fn places_of(text: &str, id: EntityId) -> Result<Vec<Place>> {
    let places = text.split_whitespace().map(place).collect::<Option<_>>();
    places.ok_or_else(|| damaged("the places of entity", &id))
}

fn place(text: &str) -> Option<Place> {
    let (scope, index) = text.rsplit_once('=')?;
    let (gone, index) = index.strip_prefix('-').map_or((false, index), |index| (true, index));
    Some(Place { scope: Scope::from(scope.to_owned()), index: index.parse().ok()?, gone })
}

/// Sorts before every id when there is none.
pub(super) fn after_bytes(after: Option<EntityId>) -> Vec<u8> {
    after.map(|id| id.0.as_bytes().to_vec()).unwrap_or_default()
}

/// Sorts before every hash when there is none.
pub(super) fn after_hash(after: Option<Hash>) -> Vec<u8> {
    after.map(|hash| hash.0.to_vec()).unwrap_or_default()
}

pub(super) fn device_of(text: &str) -> Result<DeviceId> {
    text.parse().map_err(|_| damaged("a device id", &text))
}

pub(super) fn hash(bytes: &[u8]) -> Result<Hash> {
    bytes.try_into().map(Hash).map_err(|_| damaged("a hash of length", &bytes.len()))
}

/// Hashes one after the other, 32 bytes each.
pub(super) fn hashes(bytes: &[u8]) -> Result<Vec<Hash>> {
    if !bytes.len().is_multiple_of(32) {
        return Err(damaged("a list of hashes of length", &bytes.len()));
    }
    bytes.chunks_exact(32).map(hash).collect()
}

/// What [`hashes`] reads.
pub(super) fn hashes_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

pub(super) fn damaged(what: &str, which: &dyn Display) -> StoreError {
    StoreError::Damaged(format!("{what} {which}"))
}

pub(super) fn unsigned(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| damaged("a negative number", &value))
}

/// Integers of the engines are signed; nothing of ours reaches 2^63 but "no upper bound".
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
