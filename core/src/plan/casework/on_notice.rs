//! A notice follows the findings on it: its state is what theirs come to.

use super::{Case, text};
use crate::model::{Entity, EntityId, Notice};

impl Case<'_> {
    /// The notice that `finding` stands on, if it does, once the finding has moved to `state`.
    pub(super) fn notice_follows(&mut self, finding: &Entity, state: &str) {
        let Some(entity) = finding.reference("notice").and_then(|id| self.view.entity(id)) else { return };
        let notice = Notice::from_entity(&entity);
        // Who replies has the notice in hand, and has signed for it by that.
        let signed = notice.signed.is_some() || state == "replied";
        if signed && notice.signed.is_none() {
            self.accepted.tell(notice.id, "signed", text(self.now));
        }
        let states = self.states(&notice, |id| id == finding.id, Some(state));
        let next = state_of(&states, signed);
        if next != notice.status {
            self.accepted.tell(notice.id, "status", next);
            if next == "closed" {
                self.accepted.tell(notice.id, "closed", text(self.now));
            }
        }
    }

    /// States of what stands on the notice; of what `moved` says, `state`, or left out where there is none.
    pub(super) fn states(&self, notice: &Notice, moved: impl Fn(EntityId) -> bool, state: Option<&str>) -> Vec<String> {
        let one = |id| {
            if moved(id) {
                return state.map(str::to_owned);
            }
            Some(self.view.entity(id)?.text("status").unwrap_or_default().to_owned())
        };
        notice.open_findings().filter_map(one).collect()
    }
}

/// What a notice is when the findings on it are in these states.
pub(super) fn state_of(states: &[String], signed: bool) -> &'static str {
    let all = |wanted: &[&str]| states.iter().all(|state| wanted.contains(&state.as_str()));
    match states {
        [] => "withdrawn",
        _ if all(&["closed"]) => "closed",
        _ if states.iter().any(|state| state == "returned") => "returned",
        _ if all(&["replied", "closed"]) => "replied",
        _ if signed => "signed_for",
        _ => "issued",
    }
}
