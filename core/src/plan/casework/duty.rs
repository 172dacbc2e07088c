//! Separation of duty: who may not decide about what, though a role would let them.

use super::{Code, Entity, EntityId, Op, Ruling, View, refuse};

/// Refuses a step that is another unit's, one's own to be checked by others, or about one's own unit. What the ledger itself says
/// is nobody's own.
pub(super) fn check(view: &dyn View, op: &Op, case: &Entity) -> Ruling<()> {
    let Some(user) = op.user else { return Ok(()) };
    match objection(&op.kind, user, unit_of(view, user), case) {
        Some((code, detail)) => refuse(code, detail),
        None => Ok(()),
    }
}

/// Refuses what is said about the user's own unit.
pub(super) fn check_about(view: &dyn View, op: &Op, unit: Option<EntityId>) -> Ruling<()> {
    match op.user.and_then(|user| unit_of(view, user)) {
        Some(own) if unit == Some(own) => refuse(Code::OwnCase, "it is about the user's own unit"),
        _ => Ok(()),
    }
}

/// Why `user`, who is of the unit `own`, may not take the step `kind` in `case`; none when they may.
pub(in crate::plan) fn objection(
    kind: &str,
    user: EntityId,
    own: Option<EntityId>,
    case: &Entity,
) -> Option<(Code, &'static str)> {
    let unit = case.reference("unit");
    let objection = match kind {
        "finding.assign"
        | "finding.reply"
        | "finding.give_back"
        | "finding.request_extension"
        | "notice.sign"
        | "notice.appeal"
            if own.is_none() || own != unit =>
        {
            (Code::NotAllowed, "unit: is another's")
        }
        "finding.close" | "finding.return" if case.stamps.of("reply").by == Some(user) => {
            (Code::OwnCase, "who replied does not check")
        }
        "finding.close"
        | "finding.return"
        | "finding.extend"
        | "finding.refuse_extension"
        | "finding.suspend"
        | "finding.resume"
        | "finding.exempt"
        | "finding.recall"
        | "finding.void"
        | "notice.issue"
        | "notice.withdraw"
        | "notice.hear"
        | "deduction.return"
            if own.is_some() && own == unit =>
        {
            (Code::OwnCase, "it is about the user's own unit")
        }
        "notice.hear" if case.stamps.of("issued").by == Some(user) => {
            (Code::OwnCase, "who issued it does not hear the appeal")
        }
        "notice.hear" if case.field(&format!("votes/{user}")).is_some() => {
            (Code::OwnCase, "the user has been heard; another must decide too")
        }
        _ => return None,
    };
    Some(objection)
}

/// The unit that a user is of.
pub(super) fn unit_of(view: &dyn View, user: EntityId) -> Option<EntityId> {
    view.entity(user)?.reference("unit")
}
