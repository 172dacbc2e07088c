//! Keeping the feed and its checksums in step with an entity's newest state.

use std::collections::BTreeMap;

use xuncha_core::model::Entity;
use xuncha_core::plan::{Scope, project, scopes_of};
use xuncha_core::protocol::{Row, RowPart};

use crate::store::{Batch, Place, Result};

/// Checksums of scopes as a batch moves them; written once at its end.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<Scope, RowPart>);

impl Sums {
    fn change(&mut self, batch: &dyn Batch, scope: &Scope, by: impl FnOnce(RowPart) -> RowPart) -> Result<()> {
        let sum = match self.0.get(scope) {
            Some(sum) => *sum,
            None => batch.sum(scope)?,
        };
        self.0.insert(scope.clone(), by(sum));
        Ok(())
    }

    pub(super) fn write(&self, batch: &mut dyn Batch) -> Result<()> {
        self.0.iter().try_for_each(|(scope, sum)| batch.put_sum(scope, *sum))
    }
}

/// Moves `new` to its index in the feed of every scope that shows it and out of those that no
/// longer do. Returns where it stands now.
pub(super) fn place(
    batch: &mut dyn Batch,
    sums: &mut Sums,
    old: Option<(&Entity, &[Place])>,
    new: &Entity,
    text: &str,
) -> Result<Vec<Place>> {
    let scopes = scopes_of(new);
    let old_places = old.map_or(&[][..], |(_, places)| places);
    let mut places = Vec::with_capacity(scopes.len());
    let whole = Row::sum(new.id, new.index, text);
    for scope in &scopes {
        let before = old_places.iter().find(|place| place.scope == *scope);
        batch.move_feed(scope, new.id, before.map(|place| place.index), new.index, false)?;
        let added = if scope.shows_all() { whole } else { shown_part(new, scope) };
        let taken = old.filter(|_| before.is_some_and(|place| !place.gone)).map(|(old, _)| shown_part(old, scope));
        sums.change(&*batch, scope, |sum| sum.plus(added).minus(taken.unwrap_or_default()))?;
        places.push(Place { scope: scope.clone(), index: new.index, gone: false });
    }
    for place in old_places.iter().filter(|place| !scopes.contains(&place.scope)) {
        if place.gone {
            places.push(place.clone());
            continue;
        }
        batch.move_feed(&place.scope, new.id, Some(place.index), new.index, true)?;
        let taken = old.map(|(old, _)| shown_part(old, &place.scope)).unwrap_or_default();
        sums.change(&*batch, &place.scope, |sum| sum.minus(taken))?;
        places.push(Place { scope: place.scope.clone(), index: new.index, gone: true });
    }
    Ok(places)
}

/// What `entity` adds to the checksum of `scope`.
pub(super) fn shown_part(entity: &Entity, scope: &Scope) -> RowPart {
    Row::sum(entity.id, entity.index, &project(entity, scope).to_text())
}
