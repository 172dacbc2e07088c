//! The city in names: what a console needs to put words to the ids on its pages.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use xuncha_core::model::catalogue::{Catalogue, Limit, Near, Photos, Points, Words};
use xuncha_core::model::{Entity, EntityId, Hash, LedgerId};
use xuncha_core::plan::{Shape, file_of, in_force, roles_of};
use xuncha_core::protocol::{Problem, ServiceError};

use super::wire::{reply, token};
use super::{Inner, Service};
use crate::auth::Person;
use crate::ledger::{Onlooker, shown_to};
use crate::problem::respond;
use crate::settings::Map;
use crate::store::{Result, Snapshot, StoreError};

/// Rows read together.
const PAGE: u32 = 1_000;

/// The city.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CityReply {
    /// The ledger's id.
    #[schema(value_type = String, format = Uuid)]
    pub ledger: LedgerId,
    /// What the city is called.
    pub name: String,
    /// Its time zone, such as `Asia/Shanghai`.
    pub zone: String,
    /// Epoch of the ledger.
    pub epoch: u32,
    /// Entries in the ledger. Not part of the reply's ETag.
    pub size: u64,
    /// Entries that are covered by a backup or a replica; none before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durable_size: Option<u64>,
    /// Where the console has its map from.
    pub map: Map,
    /// True when notices can be had as PDF: it is built in, and the settings name a font.
    pub pdf: bool,
    /// Responsible units.
    pub units: Vec<UnitName>,
    /// Areas.
    pub areas: Vec<AreaName>,
    /// People; to somebody of a unit, those of the unit.
    pub people: Vec<PersonName>,
    /// Actions of the catalogues.
    pub actions: Vec<ActionName>,
    /// Items of all catalogues that were ever in force, in the words of the newest that has them.
    pub items: Vec<ItemName>,
}

/// A responsible unit.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct UnitName {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: EntityId,
    /// What it is called.
    pub name: String,
    /// Its social credit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `active` or `retired`.
    pub status: String,
}

/// An area.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AreaName {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: EntityId,
    /// What it is called.
    pub name: String,
    /// The unit on whose ground it lies.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<EntityId>,
    /// `active` or `retired`.
    pub status: String,
    /// West, south, east and north of its bounds, in degrees of WGS-84.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    pub bounds: Option<[f64; 4]>,
}

/// Somebody.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PersonName {
    /// The user's id.
    #[schema(value_type = String, format = Uuid)]
    pub id: EntityId,
    /// Their name.
    pub name: String,
    /// Their roles.
    pub roles: Vec<String>,
    /// The unit that they belong to.
    #[schema(value_type = Option<String>, format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<EntityId>,
    /// `active` or `retired`.
    pub status: String,
}

/// An action.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ActionName {
    /// Short name, such as `A2`.
    pub id: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// An item, with what a reviewer needs of it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ItemName {
    /// Short name, such as `SR-1`.
    pub id: String,
    /// The action that it belongs to.
    pub action: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// True when the catalogue in force does not have it any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
    /// How it is told from items that look like it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Words>,
    /// How long rectifying may take; the first counts when nobody says another.
    pub limits: Vec<Limit>,
    /// What it costs, in hundredths of a point.
    pub points: Points,
    /// Photos that it takes.
    pub photos: Photos,
    /// When it may be filed (立案条件).
    pub filing: Words,
    /// When it is done (结案条件).
    pub closing: Words,
    /// Within what two findings of it may be one and the same.
    pub near: Near,
    /// What is asked besides yes or no: the members of a finding's `values`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<AskName>,
}

/// Something that is asked.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AskName {
    /// Short name, such as `count`.
    pub name: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// What is counted or measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Words>,
}

/// Tells what ids stand for: units, areas, people, items, and where maps come from. Its ETag changes with all of it but
/// `size`.
#[utoipa::path(get, path = "/v1/city", security(("token" = [])),
    responses((status = 200, body = CityReply), (status = 304),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn city(State(service): State<Service>, headers: HeaderMap) -> Response {
    let found = async {
        let person = service.person(&token(&headers)?).await?;
        service.blocking(move |inner| inner.city(&person)).await
    };
    let city = match found.await {
        Ok(city) => city,
        Err(error) => return respond(error),
    };
    let mut lasting = city.clone();
    lasting.size = 0;
    let digest = Hash::of(&serde_json::to_vec(&lasting).unwrap_or_default());
    let tag = format!("W/\"{}\"", &digest.to_hex()[..32]);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = match known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => reply(&headers, Ok(city)),
    };
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

impl Inner {
    fn city(&self, person: &Person) -> std::result::Result<CityReply, ServiceError> {
        let info = self.info()?;
        self.look_for(person, |snapshot, who| {
            let (size, durable) = (snapshot.head()?.map_or(0, |head| head.size), snapshot.durable_size()?);
            let (mut units, mut areas, mut people) = (Vec::new(), Vec::new(), Vec::new());
            each(snapshot, who, "unit", |unit| units.push(unit_name(unit)))?;
            each(snapshot, who, "area", |area| areas.push(area_name(area)))?;
            each(snapshot, who, "user", |user| people.push(person_name(user)))?;
            let (actions, items) = known_items(snapshot, who)?;
            Ok(Ok(CityReply {
                ledger: info.ledger,
                name: info.name.clone(),
                zone: info.zone.clone(),
                epoch: info.epoch,
                size,
                durable_size: (durable > 0).then_some(durable),
                map: self.around.map.clone(),
                pdf: cfg!(feature = "pdf") && self.around.font.is_some(),
                units,
                areas,
                people,
                actions,
                items,
            }))
        })
    }
}

/// Looks at everything of a kind that `who` may see; who manages people sees all of them.
fn each(snapshot: &dyn Snapshot, who: &Onlooker, kind: &str, mut look: impl FnMut(&Entity)) -> Result<()> {
    let (mut after, all) = (None, kind == "user" && who.actor.may("user.manage"));
    loop {
        let page = snapshot.entities(kind, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for row in &page {
            let entity: Entity = serde_json::from_str(&row.row)
                .map_err(|error| StoreError::Damaged(format!("entity {}: {error}", row.id)))?;
            match shown_to(&entity, &who.granted) {
                Some(seen) => look(&seen),
                None if all => look(&entity),
                None => {}
            }
        }
    }
}

fn text(entity: &Entity, field: &str) -> String {
    entity.text(field).unwrap_or_default().to_owned()
}

fn unit_name(unit: &Entity) -> UnitName {
    let (id, code) = (unit.id, unit.text("code").map(str::to_owned));
    UnitName { id, name: text(unit, "name"), code, status: text(unit, "status") }
}

fn area_name(area: &Entity) -> AreaName {
    let bounds = area.field("shape").and_then(Shape::from_geojson).map(|shape| shape.bounds());
    let unit = area.reference("unit");
    AreaName { id: area.id, name: text(area, "name"), unit, status: text(area, "status"), bounds }
}

fn person_name(user: &Entity) -> PersonName {
    let (id, unit) = (user.id, user.reference("unit"));
    PersonName { id, name: text(user, "name"), roles: roles_of(user), unit, status: text(user, "status") }
}

/// Actions and items of all catalogues, the newest first, each in the words of the newest that has it.
fn known_items(snapshot: &dyn Snapshot, who: &Onlooker) -> Result<(Vec<ActionName>, Vec<ItemName>)> {
    let mut versions = Vec::new();
    each(snapshot, who, "catalogue", |catalogue| versions.push(catalogue.clone()))?;
    let current = in_force(versions.iter()).map(|catalogue| catalogue.id);
    // The one in force goes first, whatever was loaded and retired since.
    versions.sort_by_key(|version| (Some(version.id) != current, std::cmp::Reverse(version.stamps.first.index)));
    let (mut actions, mut items) = (BTreeMap::new(), Vec::new());
    let mut known = BTreeSet::new();
    for version in &versions {
        let Some(text) = file_of(version).map(|file| snapshot.document(&file)).transpose()?.flatten() else { continue };
        // One that this version cannot read leaves its items without names.
        let Ok(catalogue) = Catalogue::read(&text) else { continue };
        for action in catalogue.actions {
            let Words { zh, en } = action.name;
            actions.entry(action.id.clone()).or_insert(ActionName { id: action.id.clone(), zh, en });
            for item in action.items {
                if known.insert(item.id.clone()) {
                    items.push(item_name(item, &action.id, Some(version.id) != current));
                }
            }
        }
    }
    Ok((actions.into_values().collect(), items))
}

fn item_name(item: xuncha_core::model::catalogue::Item, action: &str, retired: bool) -> ItemName {
    let Words { zh, en } = item.name;
    let asks =
        item.asks.into_iter().map(|ask| AskName { name: ask.name, zh: ask.label.zh, en: ask.label.en, unit: ask.unit });
    ItemName {
        id: item.id,
        action: action.to_owned(),
        zh,
        en,
        retired,
        hint: item.hint,
        limits: item.limits,
        points: item.points,
        photos: item.photos,
        filing: item.filing,
        closing: item.closing,
        near: item.near,
        asks: asks.collect(),
    }
}
