//! Who may say what.
//!
//! Observations are judged by the roles that the user had at login, for at most [`SESSION_DAYS`]:
//! what an inspector saw while still an inspector counts, however late it arrives. Everything
//! else is judged by the roles at its index.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::kind::{Act, KindLaw};
use super::{Moment, Ruling, View, hold, refuse};
use crate::model::{Code, Entity, EntityId, LedgerId, Time};
use crate::op::{Chain, Op};

/// How long the rights of a login last, in days (design, section 3).
pub const SESSION_DAYS: i64 = 30;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A clock this far ahead of the server's is wrong, in milliseconds (five minutes: time zones and
/// drift explain less).
const CLOCK_SLACK: i64 = 5 * 60 * 1000;

pub(super) fn check(view: &dyn View, moment: &Moment, law: &KindLaw, op: &Op, entity: Option<&Entity>) -> Ruling<()> {
    let Some(received) = moment.received else {
        return Ok(());
    };
    if let Some(chain) = &op.chain {
        let device = view.entity(EntityId::of_device(op.ledger, &chain.device));
        if device.is_none_or(|device| device.text("status") != Some("active")) {
            return hold("device:revoked");
        }
    }
    if law.right.is_empty() && (op.chain.is_some() || op.user.is_some()) {
        return refuse(Code::LedgerOnly, law.kind);
    }
    let (user, session) = match (op.user, &op.chain) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return refuse(Code::NoSession, "user: is missing"),
        (Some(user), None) => (user, None),
        (Some(user), Some(chain)) => (user, Some(session_of(view, op, user, chain)?)),
    };
    let Some(user) = view.entity(user) else {
        return hold(format!("entity:{user}"));
    };
    let login = session.filter(|session| law.observation && is_fresh(session, received));
    let roles = match &login {
        Some(session) => roles_of(session),
        None if user.text("status") == Some("active") => roles_of(&user),
        None => return refuse(Code::NotAllowed, "the user has left"),
    };
    let may = |right: &str| roles.iter().any(|role| grants(view, op.ledger, role, right));
    // Whoever may add a photo may show it.
    let shows = law.act == Act::Announce && may("finding.reply");
    if !may(law.right) && !shows {
        return refuse(Code::NotAllowed, law.right);
    }
    let anothers = entity.is_some_and(|entity| entity.by != op.user);
    if matches!(law.kind, "finding.void" | "inspection.cancel") && anothers && !may("finding.void_any") {
        return refuse(Code::NotAllowed, "finding.void_any");
    }
    if law.kind == "task.finish" && entity.is_some_and(|task| !is_for(task, op)) && !may("task.manage") {
        return refuse(Code::NotAllowed, "the task is another user's");
    }
    if law.act == Act::Announce && entity.is_some_and(|finding| !took_them(finding, op)) {
        return refuse(Code::NotAllowed, "previews: the photo is another user's");
    }
    Ok(())
}

/// True when the task is for the op's user, or for nobody in particular.
fn is_for(task: &Entity, op: &Op) -> bool {
    is_to_do(task, op.user)
}

/// True when the task is for `user`, or for nobody in particular.
pub(super) fn is_to_do(task: &Entity, user: Option<EntityId>) -> bool {
    let mut to = task.members("to").map(|(id, _)| id).peekable();
    to.peek().is_none() || user.is_some_and(|user| to.any(|id| id == user.to_string()))
}

/// True when the op's user added every photo that it announces a preview of: nobody shows another's
/// evidence as something else. A photo that is not there is no matter of rights.
fn took_them(finding: &Entity, op: &Op) -> bool {
    let photos = op.body.get("previews").and_then(Value::as_object).into_iter().flatten();
    let mut fields = photos.map(|(photo, _)| format!("photos/{photo}"));
    fields.all(|field| finding.field(&field).is_none() || finding.stamps.of(&field).by == op.user)
}

fn session_of(view: &dyn View, op: &Op, user: EntityId, chain: &Chain) -> Ruling<Arc<Entity>> {
    let Some(id) = op.session else {
        return refuse(Code::NoSession, "session: is missing");
    };
    let Some(session) = view.entity(id) else {
        return hold(format!("entity:{id}"));
    };
    let line = session.text("line").unwrap_or_default();
    let theirs = session.kind == "session" && session.reference("user") == Some(user);
    if !theirs || !speaks_for(view, op, chain, line) {
        return refuse(Code::WrongSession, id.to_string());
    }
    Ok(session)
}

/// True when the notebook that says the op was called `line` when somebody signed in on it: that is its
/// name still, or it had that name under an earlier key of its own.
fn speaks_for(view: &dyn View, op: &Op, chain: &Chain, line: &str) -> bool {
    if line.parse() == Ok(chain.line) {
        return true;
    }
    let device = view.entity(EntityId::of_device(op.ledger, &chain.device));
    device.is_some_and(|device| {
        let now = device.text("line").is_some_and(|now| now.parse() == Ok(chain.line));
        now && device.field(&format!("lines_before/{line}")).is_some()
    })
}

fn is_fresh(session: &Entity, received: Time) -> bool {
    opened(session).is_some_and(|opened| login_lasts(opened, received))
}

/// True while observations are judged by the rights of a login of this time.
pub fn login_lasts(opened: Time, now: Time) -> bool {
    now.millis() - opened.millis() <= SESSION_DAYS * DAY
}

fn opened(session: &Entity) -> Option<Time> {
    session.text("opened").and_then(|text| text.parse().ok())
}

/// Names of the roles that a user has, or had at a login.
pub fn roles_of(entity: &Entity) -> Vec<String> {
    entity.members("roles").map(|(name, _)| name.to_owned()).collect()
}

/// The `roles` member of a `session.open` for `user`, as they are now.
pub fn roles_at_login(user: &Entity) -> Value {
    roles_of(user).into_iter().map(|name| (name, Value::Bool(true))).collect::<serde_json::Map<_, _>>().into()
}

/// Rights that a user has now through their roles, in order; none once they have left.
pub(super) fn rights_of(view: &dyn View, ledger: LedgerId, user: &Entity) -> BTreeSet<String> {
    if user.text("status") != Some("active") {
        return BTreeSet::new();
    }
    let roles = roles_of(user).into_iter().filter_map(|role| view.entity(EntityId::of_role(ledger, &role)));
    roles.flat_map(|role| role.members("may").map(|(right, _)| right.to_owned()).collect::<Vec<_>>()).collect()
}

/// True when the op's user has the right now; the operator and the clock have every one.
pub(super) fn may(view: &dyn View, op: &Op, right: &str) -> bool {
    op.user.is_none_or(|user| view.entity(user).is_some_and(|user| rights_of(view, op.ledger, &user).contains(right)))
}

fn grants(view: &dyn View, ledger: LedgerId, role: &str, right: &str) -> bool {
    view.entity(EntityId::of_role(ledger, role)).is_some_and(|role| role.field(&format!("may/{right}")).is_some())
}

/// `ahead` when the op claims to come from the future; `behind` when it claims to be older than
/// the login it was made under. A guess for people to look at; nothing is refused by the clock.
pub(super) fn clock_doubt(view: &dyn View, op: &Op, received: Time) -> Option<String> {
    let claimed = op.at.wall.plus_millis(op.at.offset.unwrap_or(0));
    if claimed.millis() > received.millis() + CLOCK_SLACK {
        return Some("ahead".into());
    }
    let login = op.session.and_then(|id| view.entity(id))?;
    (claimed.millis() < opened(&login)?.millis() - CLOCK_SLACK).then(|| "behind".into())
}
