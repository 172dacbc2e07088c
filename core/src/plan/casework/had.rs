//! What a unit had of a case that was taken from it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::calendar::Span;
use super::text;
use crate::model::{Entity, EntityId, Time};

/// What a unit had of a finding when it was taken from it, kept under `had/<unit>` for when it is sent it again.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Had {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) begun: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) pauses: Vec<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missed: Option<Time>,
    /// The deadline, where it was set by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exempt: Option<String>,
    /// When it was taken away by somebody else: until it is back, the time is not the unit's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) taken: Option<Time>,
}

impl Had {
    pub(super) fn of(finding: &Entity, unit: EntityId) -> Had {
        let had = finding.field(&format!("had/{unit}"));
        had.and_then(|had| Had::deserialize(had).ok()).unwrap_or_default()
    }

    /// True when the unit missed its deadline, and nobody said that it shall not count.
    pub(super) fn is_late(&self) -> bool {
        self.missed.is_some() && self.exempt.is_none()
    }

    /// With the time in which it was not the unit's counted as a pause.
    pub(super) fn going_on(mut self, now: Time) -> Had {
        if let Some(taken) = self.taken.take().filter(|taken| *taken < now) {
            self.pauses.push((taken, now));
            self.until = self.until.map(|until| until.plus_millis(now.millis() - taken.millis()));
        }
        self
    }

    /// What of it becomes the finding's again, which is sent anew at `now` with `deadline`.
    pub(super) fn members(
        self,
        finding: &Entity,
        deadline: Time,
        now: Time,
    ) -> impl Iterator<Item = (&'static str, Value)> {
        let is_exempt = finding.field("exempt").is_some();
        let members = [
            ("pauses", (!self.pauses.is_empty()).then(|| json!(self.pauses))),
            ("missed", self.missed.map(text)),
            ("extended", (self.until == Some(deadline)).then(|| text(now))),
            ("exempt", self.exempt.filter(|_| !is_exempt).map(Value::from)),
        ];
        members.into_iter().filter_map(|(field, value)| Some((field, value?)))
    }
}
