//! Who asks, and what is theirs: scopes, verdicts, files that are missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use xuncha_core::model::{Code, Entity, EntityId, Hash, LineId, OpId};
use xuncha_core::op::Op;
use xuncha_core::plan::{Actor, Facts, Scope, project, scopes_of, scopes_of_user};
use xuncha_core::protocol::{Final, MAX_MISSING, OpVerdict};

use super::cache::{Cache, Lens};
use crate::store::{Head, Result, Snapshot, TokenRow};

/// Who asks for something.
pub type Caller = TokenRow;

/// Who asks for a page: a phone, for everybody who is signed in on it.
pub struct Asker<'a> {
    /// Its notebook.
    pub line: Option<LineId>,
    /// Its people; at least one.
    pub users: &'a [EntityId],
}

/// Most ops that one pull may ask the verdicts of.
const MAX_OPEN: usize = 1_000;

/// Scopes that the user may follow now; none once they have left.
///
/// # Errors
/// The store's.
pub(crate) fn granted(snapshot: &dyn Snapshot, head: &Head, user: EntityId) -> Result<Vec<Scope>> {
    let mut cache = Cache::default();
    let lens = Lens::new(snapshot, &mut cache);
    let Some(user) = lens.row(user)? else { return Ok(Vec::new()) };
    let granted = scopes_of_user(&lens, head.ledger, &user.entity);
    lens.failure()?;
    Ok(granted)
}

/// Somebody at a desk as one moment of the ledger knows them.
pub(crate) struct Onlooker {
    /// The user.
    pub(crate) user: Arc<Entity>,
    /// Scopes that they may follow.
    pub(crate) granted: Vec<Scope>,
    /// What they may do.
    pub(crate) actor: Actor,
}

/// Who `user` is now; none once they have left.
///
/// # Errors
/// The store's.
pub(crate) fn onlooker(snapshot: &dyn Snapshot, head: &Head, user: EntityId) -> Result<Option<Onlooker>> {
    let mut cache = Cache::default();
    let lens = Lens::new(snapshot, &mut cache);
    let Some(user) = lens.row(user)?.map(|kept| kept.entity) else { return Ok(None) };
    let granted = scopes_of_user(&lens, head.ledger, &user);
    let actor = Actor::of(&lens, head.ledger, &user);
    lens.failure()?;
    Ok((!granted.is_empty()).then_some(Onlooker { user, granted, actor }))
}

/// What `granted` shows of `entity`: all of it where one of these scopes does; none when it lies in none of them.
pub(crate) fn shown_to(entity: &Entity, granted: &[Scope]) -> Option<Entity> {
    let common: Vec<Scope> = scopes_of(entity).into_iter().filter(|scope| granted.contains(scope)).collect();
    let widest = common.iter().find(|scope| scope.shows_all()).or_else(|| common.first())?;
    Some(project(entity, widest))
}

/// What everybody who asks may follow, together, and who of them has left.
///
/// # Errors
/// The store's.
pub(super) fn granted_together(
    snapshot: &dyn Snapshot,
    head: &Head,
    asker: &Asker<'_>,
) -> Result<(Vec<Scope>, BTreeMap<EntityId, Code>)> {
    let (mut together, mut left) = (BTreeSet::new(), BTreeMap::new());
    for user in asker.users {
        let scopes = granted(snapshot, head, *user)?;
        if scopes.is_empty() {
            left.insert(*user, Code::UserRetired);
        }
        together.extend(scopes);
    }
    Ok((together.into_iter().collect(), left))
}

/// Files that ops of these users promised and that are not here whole, at most [`MAX_MISSING`].
pub(super) fn missing(snapshot: &dyn Snapshot, users: &[EntityId]) -> Result<Vec<Hash>> {
    let mut missing = BTreeSet::new();
    for user in users {
        missing.extend(snapshot.missing(*user, MAX_MISSING)?);
    }
    Ok(missing.into_iter().take(MAX_MISSING as usize).collect())
}

/// Verdicts of the ops that the phone asks about, when this ledger has them from that notebook, whoever of
/// its people said them.
pub(super) fn verdicts(snapshot: &dyn Snapshot, line: Option<LineId>, open: &[OpId]) -> Result<Vec<OpVerdict>> {
    let mut found = Vec::new();
    let open = &open[..open.len().min(MAX_OPEN)];
    let judged = snapshot.judged_of(open)?;
    for op in open {
        for (_, index) in judged.get(op).into_iter().flatten() {
            let Some(entry) = snapshot.entries(*index, 1)?.pop() else { continue };
            let said = Op::parse(&entry.op).ok().and_then(|said| said.chain).filter(|chain| Some(chain.line) == line);
            let facts: Option<Facts> = serde_json::from_str(&entry.facts).ok();
            if let (Some(_), Some(facts)) = (said, facts) {
                found.push(OpVerdict { op: *op, verdict: Final::of(*index, facts.judged) });
            }
        }
    }
    Ok(found)
}
