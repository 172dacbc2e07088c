//! When devices were met since this server started, and how their clocks stood. Lost with the process: nothing rests on
//! it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use xuncha_core::model::{DeviceId, Time};

/// What was noticed of enrolled devices; as many rows as there are devices.
#[derive(Debug, Default)]
pub(in crate::api) struct Sightings {
    met: Mutex<HashMap<DeviceId, (Time, Option<i64>)>>,
}

impl Sightings {
    /// A device that showed its token was here at `now`; `offset`, when it said one, is how its clock stood.
    pub(in crate::api) fn note(&self, device: DeviceId, now: Time, offset: Option<i64>) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, known) = met.entry(device).or_insert((now, None));
        *seen = now;
        *known = offset.or(*known);
    }

    /// When the device was last here, and how its clock stood.
    pub(super) fn of(&self, device: &DeviceId) -> (Option<Time>, Option<i64>) {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.get(device).map_or((None, None), |(seen, offset)| (Some(*seen), *offset))
    }
}
