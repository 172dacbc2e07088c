//! Who sees what: the scopes of an entity, the scopes of a user, and what a scope shows.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{View, roles_of};
use crate::model::{Entity, EntityId, LedgerId, Stamp};

/// One stream of the feed: `org`, `staff`, `user:<id>`, `area:<id>`, `area:*`, `unit:<id>`.
///
/// `org` is for everyone, `staff` for everyone who is not of a responsible unit; `area:*` is the
/// whole city.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(String);

impl Scope {
    /// What everyone sees: the ledger, roles, units, areas.
    pub fn org() -> Scope {
        Scope("org".into())
    }

    /// What the city's own people see: the names of users.
    pub fn staff() -> Scope {
        Scope("staff".into())
    }

    /// What one user sees wherever it lies: their own devices, logins and findings.
    pub fn user(id: EntityId) -> Scope {
        Scope(format!("user:{id}"))
    }

    /// Findings in one area.
    pub fn area(id: EntityId) -> Scope {
        Scope(format!("area:{id}"))
    }

    /// Findings in the whole city, also those in no area.
    pub fn whole_city() -> Scope {
        Scope("area:*".into())
    }

    /// What one responsible unit sees.
    pub fn unit(id: EntityId) -> Scope {
        Scope(format!("unit:{id}"))
    }

    /// The name as it stands in JSON and SQL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn hides_inspectors(&self) -> bool {
        self.0.starts_with("unit:")
    }
}

impl From<String> for Scope {
    fn from(name: String) -> Scope {
        Scope(name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Scopes in which `entity` is seen, in order.
pub fn scopes_of(entity: &Entity) -> Vec<Scope> {
    let mut scopes = match entity.kind.as_str() {
        "user" => {
            let unit = entity.reference("unit").map(Scope::unit);
            [Scope::staff(), Scope::user(entity.id)].into_iter().chain(unit).collect()
        }
        "device" | "session" => entity.reference("user").map(Scope::user).into_iter().collect(),
        "finding" => scopes_of_visit(entity).into_iter().chain(unit_of(entity)).collect(),
        "inspection" => scopes_of_visit(entity),
        // A draft is nobody's business outside; what was never issued never is.
        "notice" if matches!(entity.text("status"), Some("draft" | "void")) => vec![Scope::staff()],
        "notice" | "deduction" => [Scope::staff()].into_iter().chain(unit_of(entity)).collect(),
        "register" => vec![Scope::staff()],
        "place" => vec![Scope::staff()],
        "task" => scopes_of_task(entity),
        // Who reads a schedule with a draw knows the draw.
        "schedule" if entity.field("unannounced").is_some() => entity.by.map(Scope::user).into_iter().collect(),
        "schedule" => vec![Scope::staff()],
        _ => vec![Scope::org()],
    };
    scopes.sort();
    scopes.dedup();
    scopes
}

/// The unit that an active user belongs to; none for anything else.
pub fn member_of(user: &Entity) -> Option<EntityId> {
    if user.kind != "user" || user.text("status") != Some("active") {
        return None;
    }
    user.reference("unit")
}

/// The unit that something was sent to.
fn unit_of(entity: &Entity) -> Option<Scope> {
    entity.reference("unit").map(Scope::unit)
}

/// A finding or an inspection.
fn scopes_of_visit(visit: &Entity) -> Vec<Scope> {
    areas(visit).chain(visit.by.map(Scope::user)).chain([Scope::whole_city()]).collect()
}

/// Those who are to do it and who gave it; an unannounced visit is told to nobody else.
fn scopes_of_task(task: &Entity) -> Vec<Scope> {
    let to: Vec<_> = task.members("to").filter_map(|(id, _)| id.parse().ok()).map(Scope::user).collect();
    let told = to.into_iter().chain(task.by.map(Scope::user));
    if task.field("unannounced").is_some() {
        told.collect()
    } else {
        told.chain(areas(task)).chain([Scope::whole_city()]).collect()
    }
}

fn areas(entity: &Entity) -> impl Iterator<Item = Scope> {
    let areas = entity.field("areas").and_then(|areas| areas.as_array()).into_iter().flatten();
    areas.filter_map(|id| id.as_str()?.parse().ok()).map(Scope::area)
}

/// Scopes that `user` may follow, in order; none once the user has left.
///
/// A role that `sees` areas shows the areas the user was given, or the whole city when none were;
/// one that `sees` its unit shows what was sent to that unit.
pub fn scopes_of_user(view: &dyn View, ledger: LedgerId, user: &Entity) -> Vec<Scope> {
    if user.text("status") != Some("active") {
        return Vec::new();
    }
    let roles = roles_of(user);
    let role = |name: &String| view.entity(EntityId::of_role(ledger, name));
    let sees = |what: &str| roles.iter().filter_map(role).any(|role| role.text("sees") == Some(what));
    let mut scopes = vec![Scope::org(), Scope::user(user.id)];
    if sees("area") {
        scopes.push(Scope::staff());
        let areas: Vec<_> = user.members("areas").filter_map(|(id, _)| id.parse().ok()).map(Scope::area).collect();
        if areas.is_empty() {
            scopes.push(Scope::whole_city());
        }
        scopes.extend(areas);
    }
    if sees("unit") {
        scopes.extend(user.reference("unit").map(Scope::unit));
    }
    scopes.sort();
    scopes.dedup();
    scopes
}

/// What `scope` shows of `entity`. A unit never learns who of the city's people wrote what, nor
/// from which notebook: unannounced inspections depend on it (暗访). What reviewers say among themselves is not for it
/// either.
pub fn project(entity: &Entity, scope: &Scope) -> Entity {
    let mut shown = entity.clone();
    if scope.hides_inspectors() && matches!(entity.kind.as_str(), "finding" | "notice" | "deduction") {
        let internal =
            |field: &str| INTERNAL.contains(&field) || INTERNAL_SETS.iter().any(|set| field.starts_with(set));
        shown.fields.retain(|field, _| !internal(field));
        shown.stamps.later.retain(|field, _| !internal(field));
        shown.rivals.retain(|field, _| !internal(field));
        let hide = |stamp: &mut Stamp| (stamp.by, stamp.line, stamp.n) = (None, None, 0);
        shown.by = None;
        hide(&mut shown.stamps.first);
        shown.stamps.later.values_mut().for_each(hide);
        shown.rivals.values_mut().flatten().for_each(|rival| hide(&mut rival.stamp));
    }
    shown
}

/// Fields that a unit is not shown.
const INTERNAL: &[&str] = &["asked", "inspection", "why"];
const INTERNAL_SETS: &[&str] = &["notes/", "votes/", "had/", "reworked/"];

impl Scope {
    /// True when [`project`] changes nothing for this scope, so that stores may ship what they keep.
    pub fn shows_all(&self) -> bool {
        !self.hides_inspectors()
    }
}
