//! The state that the law looks at while a batch is judged: read once, kept while the head stands.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use xuncha_core::model::catalogue::Catalogue;
use xuncha_core::model::{Entity, EntityId, Hash, Time};
use xuncha_core::plan::{Moment, Shape, View, catalogue_of, contains, floors_of, in_force, member_of};

use crate::store::{EntityRow, Head, Place, Result, Snapshot, StoreError};

/// Entities read or made, and the shapes of areas. Valid only at the head it was read at.
#[derive(Default)]
pub(super) struct Cache {
    entities: HashMap<EntityId, Option<Kept>>,
    areas: Option<Vec<(EntityId, Shape)>>,
    /// Units that an active user belongs to.
    peopled: Option<BTreeSet<EntityId>>,
    /// Documents never change.
    catalogues: HashMap<Hash, Arc<Catalogue>>,
    /// The stamp of the last entry.
    pub(super) stamp: Option<Time>,
}

#[derive(Clone)]
pub(super) struct Kept {
    pub(super) entity: Arc<Entity>,
    pub(super) places: Arc<Vec<Place>>,
}

/// More than this many entities are not carried from one batch to the next.
const CARRIED: usize = 20_000;

/// Areas read at one go.
const PAGE: u32 = 1_000;

impl Cache {
    /// What of it, left at the epoch and size `left`, still holds at `head`. Where another process has
    /// written since, only documents do: they never change.
    pub(super) fn still_at(self, left: Option<(u32, u64)>, head: &Head) -> Cache {
        match left {
            Some((epoch, size)) if epoch == head.epoch && size == head.size => self,
            Some((epoch, size)) if epoch == head.epoch && size < head.size => {
                Cache { catalogues: self.catalogues, ..Cache::default() }
            }
            _ => Cache::default(),
        }
    }

    /// Forgets what a server would not need again soon.
    pub(super) fn trim(&mut self) {
        if self.entities.len() > CARRIED {
            self.entities.clear();
        }
    }

    /// Reads those of `ids` that are not known here at one go: a database may be far away.
    pub(super) fn read_ahead(&mut self, snapshot: &dyn Snapshot, ids: impl Iterator<Item = EntityId>) -> Result<()> {
        let unknown: BTreeSet<EntityId> = ids.filter(|id| !self.entities.contains_key(id)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let unknown: Vec<EntityId> = unknown.into_iter().collect();
        for row in snapshot.entities_of(&unknown)? {
            self.entities.insert(row.id, Some(kept_of(row)?));
        }
        for id in unknown {
            self.entities.entry(id).or_insert(None);
        }
        Ok(())
    }

    pub(super) fn put(&mut self, entity: Arc<Entity>, places: Vec<Place>) {
        match entity.kind.as_str() {
            "area" => self.areas = None,
            "user" => self.peopled = None,
            _ => {}
        }
        self.entities.insert(entity.id, Some(Kept { entity, places: Arc::new(places) }));
    }
}

/// A cache over a snapshot, as the law sees it. A read that fails is remembered and must be asked
/// for with [`Lens::failure`] before anything that the law said is believed.
pub(super) struct Lens<'a> {
    snapshot: &'a dyn Snapshot,
    cache: RefCell<&'a mut Cache>,
    failed: RefCell<Option<StoreError>>,
}

impl<'a> Lens<'a> {
    pub(super) fn new(snapshot: &'a dyn Snapshot, cache: &'a mut Cache) -> Lens<'a> {
        Lens { snapshot, cache: RefCell::new(cache), failed: RefCell::new(None) }
    }

    /// The read that failed, if one did.
    pub(super) fn failure(&self) -> Result<()> {
        self.failed.borrow_mut().take().map_or(Ok(()), Err)
    }

    /// The moment at which what comes to `head` is judged.
    pub(super) fn moment(&self, head: &Head, received: Time) -> Result<Moment> {
        let ledger = self.row(EntityId(head.ledger.0))?;
        Ok(Moment {
            ledger: head.ledger,
            epoch: head.epoch,
            floors: ledger.map(|ledger| floors_of(&ledger.entity)).unwrap_or_default(),
            size: Some(head.size),
            received: Some(received),
        })
    }

    pub(super) fn row(&self, id: EntityId) -> Result<Option<Kept>> {
        if let Some(found) = self.cache.borrow().entities.get(&id) {
            return Ok(found.clone());
        }
        let kept = self.snapshot.entity(id)?.map(kept_of).transpose()?;
        self.cache.borrow_mut().entities.insert(id, kept.clone());
        Ok(kept)
    }

    fn load_areas(&self) -> Result<()> {
        if self.cache.borrow().areas.is_some() {
            return Ok(());
        }
        let mut areas = Vec::new();
        self.each("area", |area| {
            let shape = area.field("shape").and_then(Shape::from_geojson);
            areas.extend(shape.filter(|_| area.text("status") == Some("active")).map(|shape| (area.id, shape)));
        })?;
        self.cache.borrow_mut().areas = Some(areas);
        Ok(())
    }

    fn load_peopled(&self) -> Result<()> {
        if self.cache.borrow().peopled.is_some() {
            return Ok(());
        }
        let mut peopled = BTreeSet::new();
        self.each("user", |user| peopled.extend(member_of(user)))?;
        self.cache.borrow_mut().peopled = Some(peopled);
        Ok(())
    }

    /// Looks at every entity of a kind.
    fn each(&self, kind: &str, mut look: impl FnMut(&Entity)) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.snapshot.entities(kind, after, PAGE)?;
            after = page.last().map(|last| last.id);
            for row in &page {
                look(&entity_of(row)?);
            }
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    fn load_catalogue(&self, file: &Hash) -> Result<Option<Arc<Catalogue>>> {
        if let Some(known) = self.cache.borrow().catalogues.get(file) {
            return Ok(Some(known.clone()));
        }
        let read = self.snapshot.document(file)?.and_then(|text| Catalogue::read(&text).ok()).map(Arc::new);
        if let Some(catalogue) = &read {
            self.cache.borrow_mut().catalogues.insert(*file, catalogue.clone());
        }
        Ok(read)
    }

    fn note(&self, error: StoreError) {
        self.failed.borrow_mut().get_or_insert(error);
    }
}

impl View for Lens<'_> {
    fn entity(&self, id: EntityId) -> Option<Arc<Entity>> {
        match self.row(id) {
            Ok(kept) => kept.map(|kept| kept.entity),
            Err(error) => {
                self.note(error);
                None
            }
        }
    }

    fn areas_at(&self, lat: f64, lon: f64) -> Vec<EntityId> {
        if let Err(error) = self.load_areas() {
            self.note(error);
        }
        let cache = self.cache.borrow();
        let areas = cache.areas.iter().flatten();
        areas.filter(|(_, shape)| contains(shape, lat, lon)).map(|(id, _)| *id).collect()
    }

    fn kept(&self, hash: &Hash) -> Option<u64> {
        let found = self.snapshot.blob(hash).unwrap_or_else(|error| {
            self.note(error);
            None
        });
        found.and_then(|blob| blob.kept)
    }

    fn referring(&self, hash: &Hash) -> Vec<EntityId> {
        self.snapshot.referring(hash).unwrap_or_else(|error| {
            self.note(error);
            Vec::new()
        })
    }

    fn has_members(&self, unit: EntityId) -> bool {
        if let Err(error) = self.load_peopled() {
            self.note(error);
        }
        self.cache.borrow().peopled.as_ref().is_some_and(|peopled| peopled.contains(&unit))
    }

    fn catalogue(&self, file: &Hash) -> Option<Arc<Catalogue>> {
        self.load_catalogue(file).unwrap_or_else(|error| {
            self.note(error);
            None
        })
    }
}

/// What the catalogue `named` says, or the one in force when none is; none when it is not here or cannot be read.
///
/// # Errors
/// The store's.
pub(crate) fn catalogue_for(snapshot: &dyn Snapshot, named: Option<EntityId>) -> Result<Option<Arc<Catalogue>>> {
    let mut cache = Cache::default();
    let lens = Lens::new(snapshot, &mut cache);
    let mut known = Vec::new();
    if named.is_none() {
        lens.each("catalogue", |catalogue| known.push(catalogue.clone()))?;
    }
    let id = named.or_else(|| in_force(known.iter()).map(|catalogue| catalogue.id));
    let found = id.and_then(|id| catalogue_of(&lens, id));
    lens.failure()?;
    Ok(found)
}

fn kept_of(row: EntityRow) -> Result<Kept> {
    Ok(Kept { entity: Arc::new(entity_of(&row)?), places: Arc::new(row.places) })
}

/// The state in a stored row.
pub(super) fn entity_of(row: &EntityRow) -> Result<Entity> {
    serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(format!("entity {}: {error}", row.id)))
}
