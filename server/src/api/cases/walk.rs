//! Walking through a whole list, page by page, for what is written while it is read.

use std::io;

use xuncha_core::model::{Code, Entity};
use xuncha_core::protocol::ServiceError;

use super::query::{Query, behind};
use crate::api::Inner;
use crate::auth::Person;
use crate::ledger::{Onlooker, shown_to};
use crate::problem::refusal;
use crate::store::{Order, Result, Snapshot, StoreError};

/// Lines that are looked at together.
const PAGE: u32 = 500;

/// Whether a walk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    On,
    Stop,
}

impl Inner {
    /// That `person` may walk through the list that `query` asks for.
    pub(super) fn may_walk(&self, person: &Person, query: &Query) -> std::result::Result<(), ServiceError> {
        for (field, said) in [("after", query.after.is_some()), ("limit", query.limit.is_some())] {
            if said {
                return Err(refusal(Code::BadField, format!("{field}: all of the list is given")));
            }
        }
        let now = self.host.clock.wall();
        self.look_for(person, |_, who| Ok(query.wanted("finding", &who.granted, now).map(drop)))
    }

    /// Gives `visit` every page of the findings that `query` asks for and `person` may see, as they see them, with what
    /// `learn` learned beside them. A page is of one moment; what changes meanwhile is seen as it was or as it is, and
    /// rights that end, end the walk. `visit` may wait for a slow reader: by then the snapshot is given back, or four
    /// such readers would leave the server without one.
    pub(super) fn walk<T>(
        &self,
        person: &Person,
        query: &Query,
        mut learn: impl FnMut(&dyn Snapshot, &Onlooker, &[Entity]) -> Result<T>,
        mut visit: impl FnMut(&[Entity], T) -> io::Result<Walk>,
    ) -> io::Result<()> {
        let now = self.host.clock.wall();
        let mut place: Option<Order> = None;
        loop {
            if self.stopping.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(io::Error::other("the server is about to end"));
            }
            let page = self.look_for(person, |snapshot, who| {
                let mut wanted = match query.wanted("finding", &who.granted, now) {
                    Ok(wanted) => wanted,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                (wanted.limit, wanted.order) = (PAGE, place.unwrap_or(wanted.order));
                let found = snapshot.list(&wanted)?;
                let ids: Vec<_> = found.iter().map(|line| line.entity).collect();
                let mut rows = std::collections::HashMap::new();
                for row in snapshot.entities_of(&ids)? {
                    let entity: Entity = serde_json::from_str(&row.row)
                        .map_err(|error| StoreError::Damaged(format!("entity {}: {error}", row.id)))?;
                    rows.extend(shown_to(&entity, &who.granted).map(|seen| (row.id, seen)));
                }
                let seen: Vec<Entity> = ids.iter().filter_map(|id| rows.remove(id)).collect();
                let next = found.last().filter(|_| found.len() >= PAGE as usize);
                let learned = learn(snapshot, who, &seen)?;
                Ok(Ok((seen, learned, next.map(|last| behind(&wanted.order, last)))))
            });
            let (seen, learned, next) = page.map_err(|error| io::Error::other(error.to_string()))?;
            match (visit(&seen, learned)?, next) {
                (Walk::On, Some(next)) => place = Some(next),
                _ => return Ok(()),
            }
        }
    }
}
