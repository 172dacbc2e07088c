//! What follows from a place: the areas that hold it, the unit on whose ground it lies, and whether
//! two findings may be one and the same.

use serde::Deserialize;
use serde_json::Value;

use super::kind::{Act, KindLaw};
use super::{Accepted, Shape, View};
use crate::model::catalogue::Item;
use crate::model::{Entity, EntityId, Place, Time};
use crate::op::Op;

/// Kinds of entities whose place lies in areas.
const PLACED: &[&str] = &["finding", "inspection", "place", "task"];

/// Adds areas and unit when the op sets a place.
pub(super) fn derive(view: &dyn View, law: &KindLaw, op: &Op, entity: Option<&Entity>, accepted: &mut Accepted) {
    if !PLACED.contains(&law.of) {
        return;
    }
    if !accepted.fields.contains_key("place")
        && let Some(value) = place_set(law, op)
    {
        let place = Place::deserialize(value).unwrap_or_default();
        let areas = areas_of(view, &place);
        if law.of == "finding" {
            add_unit(unit_of(view, &place, &areas), entity, accepted);
        }
        let ids = areas.iter().map(|id| Value::from(id.to_string()));
        accepted.adds.insert("areas".into(), ids.collect());
    }
}

/// The place that the op sets, whether by naming it or by choosing it in a conflict.
fn place_set<'a>(law: &KindLaw, op: &'a Op) -> Option<&'a Value> {
    match law.act {
        Act::Resolve if op.body.get("field").and_then(Value::as_str) != Some("place") => None,
        Act::Resolve => op.body.get("value"),
        _ => op.body.get("place"),
    }
}

fn add_unit(unit: Option<EntityId>, entity: Option<&Entity>, accepted: &mut Accepted) {
    let unit = unit.map_or(Value::Null, |unit| Value::from(unit.to_string()));
    let before = entity.and_then(|entity| entity.field("duty_unit")).unwrap_or(&Value::Null);
    if unit != *before {
        accepted.adds.insert("duty_unit".into(), unit);
    }
}

/// Areas that hold a place, in order of their ids; without a point of its own, those of the known
/// place that it names. A place taken away, or known by words alone, lies in no area.
pub fn areas_of(view: &dyn View, place: &Place) -> Vec<EntityId> {
    if let Some((lat, lon)) = place.lat.zip(place.lon) {
        return view.areas_at(lat, lon);
    }
    let known = known(view, place);
    let areas = known.as_deref().and_then(|known| known.field("areas")).and_then(Value::as_array);
    areas.into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok()).collect()
}

/// The unit on whose ground a place lies: that of the known place it names, otherwise that of the
/// smallest of `areas` that has one.
pub fn unit_of(view: &dyn View, place: &Place, areas: &[EntityId]) -> Option<EntityId> {
    if let Some(unit) = known(view, place).and_then(|known| known.reference("unit")) {
        return Some(unit);
    }
    let mut found: Vec<(f64, EntityId)> = areas
        .iter()
        .filter_map(|id| {
            let area = view.entity(*id)?;
            let unit = area.reference("unit")?;
            Some((area.field("shape").and_then(Shape::from_geojson)?.extent(), unit))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.first().map(|(_, unit)| *unit)
}

/// Where a place is: its own point, otherwise that of the known place that it names.
pub fn point_of(view: &dyn View, place: &Place) -> Option<(f64, f64)> {
    let own = |place: &Place| place.lat.zip(place.lon);
    own(place).or_else(|| own(&Place::deserialize(known(view, place)?.field("place")?).ok()?))
}

/// Metres between two places, as far as it is known where they are. Two that name the same known place are together
/// where one of them says no more than that, and the known place has no point either.
pub fn metres_apart(view: &dyn View, a: &Place, b: &Place) -> Option<f64> {
    match point_of(view, a).zip(point_of(view, b)) {
        Some((a, b)) => Some(metres_between(a, b)),
        None => (a.id.is_some() && a.id == b.id).then_some(0.0),
    }
}

fn known(view: &dyn View, place: &Place) -> Option<std::sync::Arc<Entity>> {
    view.entity(place.id?).filter(|known| known.kind == "place")
}

/// True when a finding recorded now may be one that is there already: of the same item, or of one
/// with the same code, not void, within the item's distance and window. A guess for people.
pub fn looks_alike(item: &Item, other: &Entity, other_item: Option<&Item>, metres: f64, now: Time) -> bool {
    let same = other.text("item") == Some(&item.id)
        || other_item.is_some_and(|other| other.codes.iter().any(|code| item.codes.contains(code)));
    let age = now.millis().saturating_sub(other.at.millis());
    let fresh = age <= i64::from(item.near.days).saturating_mul(DAY);
    let open = other.text("status") != Some("void");
    same && fresh && open && metres <= f64::from(item.near.metres)
}

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Metres between two points, latitude and longitude in degrees. Haversine on a round earth, so up to half a percent off.
pub fn metres_between(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let (dlat, dlon) = ((b.0 - a.0).to_radians(), (b.1 - a.1).to_radians());
    let h = (dlat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (dlon / 2.0).sin().powi(2);
    2.0 * EARTH * h.sqrt().min(1.0).asin()
}

/// Mean radius of the earth in metres.
pub const EARTH: f64 = 6_371_008.8;
