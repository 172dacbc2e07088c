//! The law: what becomes of an op, given the state it meets.
//!
//! [`plan`] judges, [`apply`] carries out what was judged, and neither does anything else: no
//! store, no clock, no randomness. The phone and the server call the same two functions; the
//! server's result is the only truth, the phone's is a preview of it. A rebuild of the ledger
//! calls [`apply`] alone, with what was recorded, and never judges again.
//!
//! All rules live here: forms of bodies ([`law_of`]), rights, merging, workflow steps, who sees
//! what ([`scopes_of`], [`project`]).

mod also;
mod answers;
mod apply;
mod area;
mod calendar;
mod casework;
mod claims;
mod epoch;
mod errand;
mod evidence;
mod face;
mod facts;
mod form;
mod items;
mod kind;
mod merge;
mod open;
mod rights;
mod schedule;
mod scope;
mod seed;
mod spot;
mod stamp;
mod table;
#[cfg(test)]
mod tests;
mod whereabouts;

pub use answers::{Misfit, check_value, follows, points, shown, whole};
pub use apply::{apply, changed, fields_of};
pub use area::{Shape, contains};
pub use calendar::{NoCalendar, Office, Span};
pub use casework::{Standing, deduction_id, overdue_field, overdue_id, standing};
pub use epoch::{MAX_ENDED, epochs_ended, floors_of};
pub use errand::{carries_out, place_of_errand};
pub use evidence::files_kept;
pub use face::draft_face;
pub use facts::{Facts, Judged};
pub use items::{Checklist, catalogue_of, file_of, in_force, photos as photos_showing};
pub use kind::{Act, KindLaw, MAX_KEPT, MAX_LINES_BEFORE, is_set, law_of, law_table};
pub use merge::Outcome;
pub use open::Actor;
pub use rights::{SESSION_DAYS, login_lasts, roles_at_login, roles_of};
pub use schedule::{DueTask, falls_on, is_meant, places_on, tasks_on};
pub use scope::{Scope, member_of, project, scopes_of, scopes_of_user};
pub use seed::{RoleSeed, role_seeds};
pub use spot::SPOT_HOURS;
pub use stamp::{Stamp, stamp};
pub use table::hears_appeals;
pub use whereabouts::{EARTH, areas_of, looks_alike, metres_apart, metres_between, point_of, unit_of};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::model::catalogue::Catalogue;
use crate::model::{Code, Entity, EntityId, Hash, LedgerId, Time, Version};
use crate::op::Op;

/// Version of this law; recorded with every verdict.
pub const LAW: u32 = 7;

/// The state that the law may look at.
pub trait View {
    /// The entity called `id`, if this side knows it.
    fn entity(&self, id: EntityId) -> Option<Arc<Entity>>;
    /// Areas whose shape holds the point, in order of their ids.
    fn areas_at(&self, lat: f64, lon: f64) -> Vec<EntityId>;
    /// Ledger index of the entry that says that the file `hash` has arrived; none where it has not,
    /// and on a phone, which learns of it only from the server's rows.
    fn kept(&self, hash: &Hash) -> Option<u64>;
    /// Entities that refer to the file `hash`, in order of their ids; none on a phone.
    fn referring(&self, hash: &Hash) -> Vec<EntityId>;
    /// True when somebody active belongs to the unit; true on a phone, which does not know.
    fn has_members(&self, unit: EntityId) -> bool;
    /// The catalogue whose document has this hash, if this side holds it and can read it.
    fn catalogue(&self, file: &Hash) -> Option<Arc<Catalogue>>;
}

/// What the law needs to know about the moment at which it judges.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The ledger that judges.
    pub ledger: LedgerId,
    /// Its epoch.
    pub epoch: u32,
    /// For each earlier epoch, the size of its last provable checkpoint.
    pub floors: BTreeMap<u32, u64>,
    /// Number of entries before the op. None on a phone, which knows no head.
    pub size: Option<u64>,
    /// When the op was received. None on a phone, which previews: rights and clocks are then not judged.
    pub received: Option<Time>,
}

/// What becomes of an op.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// It counts.
    Accept(Accepted),
    /// It is turned down for good, and recorded so.
    Refuse {
        /// The stable code.
        code: Code,
        /// For people; names the field where there is one.
        detail: String,
    },
    /// It cannot be judged yet; not recorded. What is missing: `entity:<id>`, `kind:<kind>/<v>`,
    /// `document:<hash>`, `device:revoked`.
    Hold(Vec<String>),
}

/// How an op counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accepted {
    /// Per field, every outcome other than "set".
    pub fields: BTreeMap<String, Outcome>,
    /// Fields that the law adds, such as the areas of a place; null takes one away.
    pub adds: BTreeMap<String, Value>,
    /// Entities other than the root that the op changes, in order.
    pub also: Vec<EntityId>,
    /// The task that asks a person to decide, when a field is in conflict.
    pub task: Option<EntityId>,
    /// `ahead` or `behind` when the author's clock cannot be right.
    pub clock: Option<String>,
}

type Ruling<T> = Result<T, Judgement>;

fn refuse<T>(code: Code, detail: impl Into<String>) -> Ruling<T> {
    Err(Judgement::Refuse { code, detail: detail.into() })
}

fn hold<T>(missing: impl Into<String>) -> Ruling<T> {
    Err(Judgement::Hold(vec![missing.into()]))
}

/// Judges `op` against the state `view` at `moment`.
pub fn plan(view: &dyn View, moment: &Moment, op: &Op) -> Judgement {
    judge(view, moment, op).unwrap_or_else(|other| other)
}

fn judge(view: &dyn View, moment: &Moment, op: &Op) -> Ruling<Judgement> {
    if op.ledger != moment.ledger {
        return refuse(Code::WrongLedger, op.ledger.to_string());
    }
    let Some(law) = law_of(&op.kind).filter(|law| op.v <= law.v) else {
        return hold(format!("kind:{}/{}", op.kind, op.v));
    };
    if let (Some(base), Some(size)) = (op.base, moment.size)
        && base.epoch == moment.epoch
        && base.index >= size
    {
        return refuse(Code::BadField, "base: lies beyond the end of the ledger");
    }
    let entity = root(view, law, op)?;
    rights::check(view, moment, law, op, entity.as_deref())?;
    let fields = form::check(view, law, op)?;
    if law.kind == "ledger.epoch" {
        epoch::check(moment, op)?;
    }
    if law.of == "schedule" {
        schedule::check(op, entity.as_deref())?;
    }
    let mut accepted = match (&entity, law.act) {
        (None, _) => Accepted::default(),
        (Some(_), Act::Make) => Accepted { fields: all_same(&fields), ..Accepted::default() },
        (Some(entity), Act::Change) => {
            let settled = law.kind == "finding.amend"
                && moment.received.is_some()
                && merge::is_decided(entity)
                && !rights::may(view, op, "finding.review");
            merge::change(entity, op, base_index(moment, op), &fields, settled)
        }
        (Some(entity), Act::Step { .. }) => merge::step(entity, law, op, base_index(moment, op), &fields)?,
        (Some(entity), Act::Resolve) => merge::resolve(entity, op)?,
        (Some(entity), Act::Announce) => merge::announce(entity, op, &fields),
        (Some(_), Act::Keep) => return refuse(Code::Internal, "files have no root"),
    };
    if law.act == Act::Keep {
        accepted.also = evidence::touched(view, op);
    }
    if !is_replay(entity.as_deref(), law, op) {
        items::check(view, moment, law, op, entity.as_deref())?;
    }
    evidence::derive(view, law, op, entity.as_deref(), &mut accepted);
    whereabouts::derive(view, law, op, entity.as_deref(), &mut accepted);
    derive(view, moment, law, op, entity.as_deref(), &mut accepted);
    if !is_replay(entity.as_deref(), law, op) {
        casework::judge(view, moment, law, op, entity.as_deref(), &mut accepted)?;
    }
    Ok(Judgement::Accept(accepted))
}

/// The root entity: absent for an op that makes it, present for every other.
fn root(view: &dyn View, law: &KindLaw, op: &Op) -> Ruling<Option<Arc<Entity>>> {
    match (view.entity(op.entity), law.act) {
        (_, Act::Keep) | (None, Act::Make) => Ok(None),
        (None, _) => hold(format!("entity:{}", op.entity)),
        (Some(entity), _) if entity.kind != law.of => {
            refuse(Code::WrongKind, format!("{} is a {}", op.entity, entity.kind))
        }
        // The phone replays its own op over the row that the op has already made.
        (Some(entity), Act::Make) if entity.stamps.first.op == op.id => Ok(Some(entity)),
        (Some(_), Act::Make) => refuse(Code::Exists, op.entity.to_string()),
        (Some(entity), _) => Ok(Some(entity)),
    }
}

fn all_same(fields: &BTreeMap<String, Value>) -> BTreeMap<String, Outcome> {
    fields.keys().map(|name| (name.clone(), Outcome::Same)).collect()
}

/// The largest index whose content the author had seen.
///
/// Above the last provable checkpoint of an old epoch nothing that was read there is known to be
/// so here, and a `base` of that epoch counts as that checkpoint. An op of the ledger itself
/// without a base was made looking at the head.
fn base_index(moment: &Moment, op: &Op) -> Option<u64> {
    match op.base {
        Some(Version { epoch, index }) if epoch == moment.epoch => Some(index),
        Some(Version { epoch, index }) => {
            moment.floors.get(&epoch).and_then(|size| size.checked_sub(1)).map(|last| index.min(last))
        }
        None if op.chain.is_none() => Some(u64::MAX),
        None => None,
    }
}

/// True when a phone replays a step over a row that the step has made already.
fn is_replay(entity: Option<&Entity>, law: &KindLaw, op: &Op) -> bool {
    matches!(law.act, Act::Step { .. }) && entity.is_some_and(|entity| entity.stamps.of("status").op == op.id)
}

/// What the law adds of its own: the opening time of a login, what an inspection comes to, doubts
/// about the clock.
fn derive(view: &dyn View, moment: &Moment, law: &KindLaw, op: &Op, entity: Option<&Entity>, accepted: &mut Accepted) {
    if matches!(law.kind, "inspection.finish" | "inspection.resolve")
        && accepted.fields.is_empty()
        && let Some(points) = entity.and_then(|entity| items::points_after(view, op, entity))
    {
        accepted.adds.insert("points".into(), Value::from(points));
    }
    let Some(received) = moment.received else { return };
    if law.kind == "session.open" {
        accepted.adds.insert("opened".into(), Value::from(received.to_string()));
    }
    accepted.clock = rights::clock_doubt(view, op, received);
}
