//! What the ledger says of its own accord when a time is over (超期).

use serde_json::{Value, json};

use super::{Case, Standing, bad, standing};
use crate::model::{Code, Entity, EntityId, OpId, Time};
use crate::plan::{Ruling, refuse};

impl Case<'_> {
    /// The time is over, and nothing was done. Said once about a deadline: the op's id follows from it.
    pub(super) fn overdue(&mut self, finding: &Entity) -> Ruling<()> {
        let (Some(deadline), Some(level)) = (self.said_time("deadline"), self.said("level").and_then(Value::as_u64))
        else {
            return Ok(());
        };
        if self.op.id != overdue_id(finding.id, deadline, level) {
            return bad("id", "is not the one that follows from the finding, its deadline and the level");
        }
        let known = finding.text("deadline").unwrap_or("none");
        if known.parse() != Ok(deadline) {
            return refuse(Code::StateChanged, format!("deadline: {known}"));
        }
        if standing(finding, self.now) != Standing::Overdue {
            return refuse(Code::StateChanged, "it is not overdue");
        }
        self.accepted.add(&overdue_field(deadline), json!({ "level": level, "at": self.now }));
        Ok(())
    }
}

/// Id of the op that says that `finding` is past `deadline`: the same for everyone who says it, so that it is said once.
pub fn overdue_id(finding: EntityId, deadline: Time, level: u64) -> OpId {
    OpId(finding.following(&format!("overdue:{deadline}:{level}")).0)
}

/// The field of a finding that keeps that it was said.
pub fn overdue_field(deadline: Time) -> String {
    format!("overdue/{deadline}")
}
