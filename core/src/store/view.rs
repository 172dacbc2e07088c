//! What is shown: the server's row with the open ops replayed through the law.

use std::cell::RefCell;
use std::sync::Arc;

use rusqlite::{OptionalExtension as _, params};

use super::put::Brief;
use super::{Membership, Shapes, Store, Tried, uint, unreadable};
use crate::model::catalogue::Catalogue;
use crate::model::{Entity, EntityId, Hash, PENDING};
use crate::op::Op;
use crate::plan::{Judgement, Moment, Shape, View, apply, contains, plan};
use crate::{Error, Result};

impl Membership {
    /// The moment at which this phone previews.
    pub(super) fn moment(&self) -> Moment {
        Moment { ledger: self.ledger, epoch: self.epoch, floors: Default::default(), size: None, received: None }
    }
}

/// What the law may look at while it judges ops about one entity.
pub(crate) struct Sight<'a> {
    store: &'a Store,
    id: EntityId,
    root: Option<Arc<Entity>>,
    /// The law cannot be told that a store failed; whoever asked is told afterwards.
    fault: RefCell<Option<Error>>,
}

impl Sight<'_> {
    fn kept<T: Default>(&self, outcome: Result<T>) -> T {
        outcome.unwrap_or_else(|error| {
            self.fault.borrow_mut().get_or_insert(error);
            T::default()
        })
    }
}

impl View for Sight<'_> {
    fn entity(&self, id: EntityId) -> Option<Arc<Entity>> {
        if id == self.id { self.root.clone() } else { self.kept(self.store.entity(id)).map(Arc::new) }
    }

    fn areas_at(&self, lat: f64, lon: f64) -> Vec<EntityId> {
        let areas = self.kept(self.store.areas());
        areas.iter().filter(|(_, shape)| contains(shape, lat, lon)).map(|(id, _)| *id).collect()
    }

    fn kept(&self, _: &Hash) -> Option<u64> {
        None
    }

    fn referring(&self, _: &Hash) -> Vec<EntityId> {
        Vec::new()
    }

    fn has_members(&self, _: EntityId) -> bool {
        true
    }

    fn catalogue(&self, file: &Hash) -> Option<Arc<Catalogue>> {
        self.kept(self.store.catalogue(file))
    }
}

impl Store {
    /// The entity as it is shown.
    pub(crate) fn entity(&self, id: EntityId) -> Result<Option<Entity>> {
        // Neither is there while a page is being stored that takes the entity away.
        let query = "SELECT coalesce(shown, row) FROM entity WHERE id = ?";
        let text: Option<Option<String>> = self.one(query, id)?;
        text.flatten().map(|text| read_entity(&text)).transpose()
    }

    /// The server's row alone.
    pub(crate) fn row(&self, id: EntityId) -> Result<Option<Entity>> {
        let text: Option<Option<String>> = self.one("SELECT row FROM entity WHERE id = ?", id)?;
        text.flatten().map(|text| read_entity(&text)).transpose()
    }

    /// Ledger index of the server's row.
    pub(super) fn row_index(&self, id: EntityId) -> Result<Option<u64>> {
        let index: Option<Option<i64>> = self.one("SELECT \"index\" FROM entity WHERE id = ?", id)?;
        Ok(index.flatten().map(uint))
    }

    pub(super) fn one<T: rusqlite::types::FromSql>(&self, query: &str, id: EntityId) -> Result<Option<T>> {
        self.db.prepare_cached(query)?.query_row([id.0.as_bytes()], |row| row.get(0)).optional().tried("read an entity")
    }

    pub(crate) fn with_sight<T>(
        &self,
        id: EntityId,
        root: Option<Entity>,
        look: impl FnOnce(&mut Sight<'_>) -> T,
    ) -> Result<T> {
        let mut sight = Sight { store: self, id, root: root.map(Arc::new), fault: RefCell::new(None) };
        let seen = look(&mut sight);
        match sight.fault.into_inner() {
            Some(error) => Err(error),
            None => Ok(seen),
        }
    }

    /// What is shown of `id` once its open ops are replayed over `row`; none when nothing is.
    pub(super) fn replayed(&self, id: EntityId, row: Option<Entity>, ops: &[String]) -> Result<Option<Entity>> {
        let Some(membership) = self.account()?.membership else { return Ok(row) };
        let moment = membership.moment();
        let ops = ops.iter().map(|text| Op::parse(text).map_err(|error| unreadable("op", error)));
        let ops = ops.collect::<Result<Vec<_>>>()?;
        self.with_sight(id, row, |sight| {
            for op in &ops {
                // What does not count here may count there; it stays open and is shown as waiting.
                if let Judgement::Accept(accepted) = plan(sight, &moment, op)
                    && let Some(next) = apply(sight.root.as_deref(), op, PENDING, &accepted.fields, &accepted.adds)
                {
                    sight.root = Some(Arc::new(next));
                }
            }
            sight.root.as_deref().cloned()
        })
    }

    /// Texts of the open ops about `id`, in order.
    pub(crate) fn open_ops(&self, id: EntityId) -> Result<Vec<String>> {
        let mut query = self.db.prepare_cached("SELECT text FROM op WHERE entity = ? AND open = 1 ORDER BY n")?;
        let texts = query.query_map([id.0.as_bytes()], |row| row.get(0))?;
        texts.collect::<rusqlite::Result<_>>().tried("read what is pending")
    }

    /// Brings what is shown of `id` up to its row and its open ops.
    pub(super) fn refresh(&self, id: EntityId) -> Result<()> {
        let row: Option<String> = self.one("SELECT row FROM entity WHERE id = ?", id)?.flatten();
        let ops = self.open_ops(id)?;
        let shown = if ops.is_empty() {
            None
        } else {
            self.replayed(id, row.as_deref().map(read_entity).transpose()?, &ops)?.map(|entity| entity.to_text())
        };
        match shown.as_deref().or(row.as_deref()) {
            Some(text) => self.put_shown(id, shown.as_deref(), &Brief::read(text)?),
            None => self.forget(id),
        }
    }

    fn forget(&self, id: EntityId) -> Result<()> {
        self.db.prepare_cached("DELETE FROM entity WHERE id = ?")?.execute(params![id.0.as_bytes()])?;
        Ok(())
    }

    /// Shapes of the areas that are in use.
    fn areas(&self) -> Result<Shapes> {
        if let Some(areas) = self.shapes.borrow().as_ref() {
            return Ok(areas.clone());
        }
        let query = "SELECT coalesce(shown, row) FROM entity WHERE kind = 'area' AND status = 'active' ORDER BY id";
        let mut query = self.db.prepare_cached(query)?;
        let mut areas = Vec::new();
        for text in query.query_map([], |row| row.get::<_, Option<String>>(0))? {
            let Some(text) = text? else { continue };
            let area = read_entity(&text)?;
            areas.extend(area.field("shape").and_then(Shape::from_geojson).map(|shape| (area.id, shape)));
        }
        let areas: Shapes = Arc::new(areas);
        self.shapes.replace(Some(areas.clone()));
        Ok(areas)
    }
}

pub(super) fn read_entity(text: &str) -> Result<Entity> {
    serde_json::from_str(text).map_err(|error| unreadable("entity", error))
}
