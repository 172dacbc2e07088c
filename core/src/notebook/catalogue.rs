//! What is looked for, and where: the catalogue in force, known places, tasks, what is alike nearby.

use std::sync::Arc;

use serde::Serialize;

use super::{Near, Notebook};
use crate::model::catalogue::Catalogue;
use crate::model::{EntityId, Finding, KnownPlace, Place, Task};
use crate::plan::{View as _, areas_of, catalogue_of, looks_alike, metres_apart, metres_between, point_of, unit_of};
use crate::{Error, Result};

/// Nothing is judged: what is looked at is what is shown.
const NOBODY: EntityId = EntityId(uuid::Uuid::nil());

/// A catalogue and what stands for it in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// Its entity; ops name it.
    pub id: EntityId,
    /// What is in it.
    pub catalogue: Arc<Catalogue>,
}

/// A known place and how far away it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceNear {
    /// The place.
    pub place: KnownPlace,
    /// Metres along the ground.
    pub metres: f64,
}

/// What follows from a place, as far as this phone knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Whereabouts {
    /// Areas that hold it.
    pub areas: Vec<EntityId>,
    /// The unit on whose ground it lies.
    pub unit: Option<EntityId>,
}

impl Notebook {
    /// The catalogue in force, as of the last sync; none before the first one.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read.
    pub fn catalogue(&self) -> Result<Option<InForce>> {
        let found = self.read(|store| store.catalogue_in_force())?;
        Ok(found.and_then(|(entity, document)| Some(InForce { id: entity.id, catalogue: document? })))
    }

    /// The catalogue that the entity `id` stands for.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not on this phone.
    pub fn catalogue_called(&self, id: EntityId) -> Result<Arc<Catalogue>> {
        let found = self.read(|store| store.with_sight(id, store.entity(id)?, |sight| catalogue_of(sight, id)))?;
        found.ok_or_else(|| Error::NotFound { what: format!("catalogue {id}") })
    }

    /// Known places that are in use, by their names.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn places(&self) -> Result<Vec<KnownPlace>> {
        let places = self.read(|store| store.of_kind("place"))?;
        let mut places: Vec<_> = places.iter().map(KnownPlace::from_entity).collect();
        places.retain(|place| place.status == "active");
        places.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        Ok(places)
    }

    /// A known place.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not on this phone.
    pub fn place(&self, id: EntityId) -> Result<KnownPlace> {
        let found = self.read(|store| store.entity(id))?.filter(|entity| entity.kind == "place");
        found
            .map(|entity| KnownPlace::from_entity(&entity))
            .ok_or_else(|| Error::NotFound { what: format!("place {id}") })
    }

    /// Known places within `metres` of a point (WGS-84 degrees), nearest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] when that is not a point and a distance.
    pub fn places_near(&self, lat: f64, lon: f64, metres: f64) -> Result<Vec<PlaceNear>> {
        super::list::check_circle(lat, lon, metres)?;
        let near = |place: KnownPlace| {
            let at = place.place.as_ref().and_then(|at| at.lat.zip(at.lon))?;
            let metres = metres_between((lat, lon), at);
            Some(PlaceNear { place, metres })
        };
        let mut found: Vec<_> = self.places()?.into_iter().filter_map(near).collect();
        found.retain(|near| near.metres <= metres);
        found.sort_by(|a, b| a.metres.total_cmp(&b.metres));
        Ok(found)
    }

    /// The areas that hold a place and the unit on whose ground it lies.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn whereabouts(&self, place: &Place) -> Result<Whereabouts> {
        self.read(|store| {
            store.with_sight(NOBODY, None, |sight| {
                let areas = areas_of(sight, place);
                let unit = unit_of(sight, place, &areas);
                Whereabouts { areas, unit }
            })
        })
    }

    /// Tasks that this phone knows, the one due first first; with `open`, only what is to be done.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn tasks(&self, open: bool) -> Result<Vec<Task>> {
        let tasks = self.read(|store| store.of_kind("task"))?;
        let mut tasks: Vec<_> = tasks.iter().map(Task::from_entity).collect();
        tasks.retain(|task| !open || task.status == "open");
        tasks.sort_by_key(|task| (task.due.map_or(i64::MAX, crate::model::Time::millis), task.id));
        Ok(tasks)
    }

    /// Findings that may be the same as one of `item` at this place, nearest first, at most 50: to be shown before a
    /// new one is recorded. Where there is no fix, here or there, the known place that was named counts; of a place in
    /// words alone nothing is near. Needs no network; knows what the last sync knew.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the place has something else than a point.
    pub fn look_alikes(&self, item: &str, place: &Place) -> Result<Vec<Near>> {
        let Some(catalogue) = self.catalogue()?.map(|in_force| in_force.catalogue) else { return Ok(Vec::new()) };
        let Some(item) = catalogue.item(item) else { return Ok(Vec::new()) };
        let now = self.host().clock.wall();
        let here = self.read(|store| store.with_sight(NOBODY, None, |sight| point_of(sight, place)))?;
        // All that is there, however much: what is alike may lie behind much that is not.
        let near = match here {
            Some((lat, lon)) => self.near(lat, lon, f64::from(item.near.metres), usize::MAX)?,
            None => Vec::new(),
        };
        let since = now.plus_millis(-24 * 60 * 60 * 1000 * i64::from(item.near.days));
        self.read(|store| {
            let at_points = near.into_iter().map(|near| near.finding.id);
            let others: Vec<EntityId> = at_points.chain(store.findings_without_fix(since)?).collect();
            store.with_sight(NOBODY, None, |sight| {
                let (sight, mut alike) = (&*sight, Vec::new());
                for other in others.into_iter().filter_map(|id| sight.entity(id)) {
                    let finding = Finding::from_entity(&other);
                    let there = finding.place.clone().unwrap_or_default();
                    let other_item = other.text("item").and_then(|id| catalogue.item(id));
                    if let Some(metres) = metres_apart(sight, place, &there)
                        && looks_alike(item, &other, other_item, metres, now)
                    {
                        alike.push(Near { finding, metres });
                    }
                }
                alike.sort_by(|a, b| a.metres.total_cmp(&b.metres).then(a.finding.id.cmp(&b.finding.id)));
                alike.truncate(50);
                alike
            })
        })
    }
}
