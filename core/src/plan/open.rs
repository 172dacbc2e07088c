//! Which steps are open to somebody: what a desk offers before anything is said.
//!
//! An answer from rights, state and separation of duty alone. [`plan`](super::plan) may still refuse what is then said:
//! for its body, for what else must hold, and because the state is another by then.

use std::collections::BTreeSet;

use super::View;
use super::casework::objection;
use super::kind::{Act, KindLaw, law_table};
use super::merge::is_decided;
use super::rights::{is_to_do, rights_of};
use crate::model::{Entity, EntityId, LedgerId};

/// Somebody as the law sees them now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    user: EntityId,
    unit: Option<EntityId>,
    rights: BTreeSet<String>,
}

impl Actor {
    /// `user` with the rights of their roles; without any once they have left.
    pub fn of(view: &dyn View, ledger: LedgerId, user: &Entity) -> Actor {
        Actor { user: user.id, unit: user.reference("unit"), rights: rights_of(view, ledger, user) }
    }

    /// Their rights, in order.
    pub fn rights(&self) -> impl Iterator<Item = &str> {
        self.rights.iter().map(String::as_str)
    }

    /// True when they have the right.
    pub fn may(&self, right: &str) -> bool {
        self.rights.contains(right)
    }

    /// Kinds of ops about `entity` that are open to them, in order. `entity` is the whole of it, not what a scope
    /// shows.
    pub fn open_in(&self, entity: &Entity) -> Vec<&'static str> {
        let about = law_table().iter().filter(|law| law.of == entity.kind && self.is_open(law, entity));
        about.map(|law| law.kind).collect()
    }

    fn is_open(&self, law: &KindLaw, entity: &Entity) -> bool {
        let status = entity.text("status").unwrap_or_default();
        let leads = match law.act {
            Act::Step { to, from } => status != to && (from.is_empty() || from.contains(&status)),
            Act::Change => law.kind != "notice.amend" || status == "draft",
            Act::Resolve => !entity.rivals.is_empty(),
            // A row that sets another off is made, and is about that other.
            Act::Make => law.kind == "deduction.return" && entity.text("rule") != Some("return"),
            Act::Announce | Act::Keep => false,
        };
        leads
            && self.has_right(law, entity)
            && objection(law.kind, self.user, self.unit, entity).is_none()
            && fits(law.kind, entity)
    }

    fn has_right(&self, law: &KindLaw, entity: &Entity) -> bool {
        // What only the ledger itself says takes a right that nobody has.
        let own = entity.by == Some(self.user);
        let enough = match law.kind {
            "finding.void" => (own && !is_decided(entity)) || self.may("finding.void_any"),
            "inspection.cancel" => own || self.may("finding.void_any"),
            "finding.fix" => own,
            "task.finish" => is_to_do(entity, Some(self.user)) || self.may("task.manage"),
            _ => true,
        };
        enough && self.may(law.right)
    }
}

/// True unless something on the case itself closes the step, whatever would be said.
fn fits(kind: &str, case: &Entity) -> bool {
    let has = |field: &str| case.field(field).is_some();
    match kind {
        "finding.void" | "finding.recall" => !has("notice"),
        "finding.suspend" => !has("stopped"),
        "finding.resume" => has("stopped"),
        "finding.refuse_extension" => has("wanted"),
        "notice.appeal" => !has("appealed"),
        "notice.hear" => has("appealed") && !has("appeal_result"),
        _ => true,
    }
}
