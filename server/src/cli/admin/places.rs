//! `xuncha admin place`: places that are visited again and again.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Map, Value, json};
use xuncha_core::model::catalogue::Catalogue;
use xuncha_core::model::{EntityId, KnownPlace};

use super::super::Failure;
use super::super::folder::Folder;
use super::super::print::Printer;
use super::{catalogue, list};
use crate::ledger::OwnOp;

#[derive(Debug, Subcommand)]
pub(super) enum Places {
    /// Add a place.
    Add {
        /// Name.
        #[arg(long)]
        name: String,
        /// Kind of place, such as street; its checklist is in the catalogue.
        #[arg(long = "type", value_name = "TYPE")]
        kind: String,
        /// Where it is, in degrees (WGS-84).
        #[arg(long, value_name = "LAT,LON", value_parser = super::super::parse_point, allow_hyphen_values = true)]
        at: Option<(f64, f64)>,
        /// Where it is, in words.
        #[arg(long)]
        words: Option<String>,
        /// The city's own number of it.
        #[arg(long)]
        code: Option<String>,
        /// Length in metres, of a road section or a river.
        #[arg(long)]
        length: Option<f64>,
        /// Id of the unit on whose ground it lies.
        #[arg(long)]
        unit: Option<EntityId>,
        /// An item looked at here besides those of its kind; may be given more than once.
        #[arg(long)]
        item: Vec<String>,
    },
    /// Add the places in a GeoJSON file, one per point; properties name, type, code, length, unit, words.
    Import {
        /// A feature collection of points.
        #[arg(value_name = "FILE")]
        geojson: PathBuf,
    },
    /// List places.
    List,
    /// End the use of a place; what was found there stays.
    Retire {
        /// Name or id.
        place: String,
    },
}

impl Places {
    pub(super) fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        match self {
            Places::Add { name, kind, at, words, code, length, unit, item } => {
                let mut place = Map::new();
                if let Some((lat, lon)) = at {
                    place.extend([("lat".to_owned(), json!(lat)), ("lon".to_owned(), json!(lon))]);
                }
                place.extend(words.map(|words| ("words".to_owned(), json!(words))));
                let mut body = json!({ "name": name, "type": kind, "place": place });
                let given = [("code", json!(code)), ("length", json!(length)), ("unit", json!(unit))];
                for (field, value) in given.into_iter().filter(|(_, value)| !value.is_null()) {
                    body[field] = value;
                }
                if !item.is_empty() {
                    body["items"] =
                        item.iter().map(|item| (item.clone(), Value::Bool(true))).collect::<Map<_, _>>().into();
                }
                add_all(folder, printer, vec![body])
            }
            Places::Import { geojson } => add_all(folder, printer, read_places(&geojson)?),
            Places::List => list(folder, printer, "place", |entity| {
                let place = KnownPlace::from_entity(entity);
                let text = format!("{}  {}  {}  {}", place.id, place.place_type, place.name, place.status);
                (json!(place), text)
            }),
            Places::Retire { place } => {
                let place = folder.find_named("place", &place)?;
                folder.append(&[OwnOp::about(&folder.host, "admin", "place.retire", place.id, json!({}))])?;
                printer.say(&json!({ "id": place.id, "status": "retired" }), format!("{} is retired", place.id));
                Ok(())
            }
        }
    }
}

/// Checks all of them against the catalogue in force, then adds all.
fn add_all(folder: &Folder, printer: &Printer, bodies: Vec<Value>) -> Result<(), Failure> {
    let in_force = catalogue::current_document(folder)?;
    for (number, body) in bodies.iter().enumerate() {
        check(in_force.as_ref(), body)
            .map_err(|what| Failure::new("bad_field", format!("place {}: {what}", number + 1)))?;
    }
    let ops: Vec<_> = bodies.into_iter().map(|body| OwnOp::making(&folder.host, "admin", "place.add", body)).collect();
    folder.append(&ops)?;
    for op in &ops {
        let name = op.body["name"].as_str().unwrap_or_default();
        printer.say(&json!({ "id": op.entity, "name": name }), format!("{}  {name}", op.entity));
    }
    Ok(())
}

fn check(catalogue: Option<&Catalogue>, body: &Value) -> Result<(), String> {
    let Some(catalogue) = catalogue else { return Ok(()) };
    let kind = body["type"].as_str().unwrap_or_default();
    if catalogue.place_type(kind).is_none() {
        let known: Vec<_> = catalogue.place_types.iter().map(|kind| kind.id.as_str()).collect();
        return Err(format!("type: {kind} has no checklist; there are {}", known.join(", ")));
    }
    let items = body["items"].as_object().into_iter().flatten();
    match items.map(|(item, _)| item).find(|item| catalogue.item(item).is_none()) {
        Some(item) => Err(format!("item: {item} is not in catalogue {}", catalogue.version)),
        None => Ok(()),
    }
}

fn read_places(file: &Path) -> Result<Vec<Value>, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::io(file.display(), &error))?;
    let bad = |what: String| Failure::new("bad_field", format!("geojson: {what}"));
    let document: Value = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let features = document["features"].as_array().cloned().unwrap_or_default();
    if features.is_empty() {
        return Err(bad("has no features".into()));
    }
    let place = |(number, feature): (usize, &Value)| {
        let said = |name: &str| feature["properties"].get(name).filter(|value| !value.is_null()).cloned();
        let needed = |name: &str| said(name).ok_or_else(|| bad(format!("feature {}: {name} is missing", number + 1)));
        let point = feature["geometry"]["coordinates"].as_array().filter(|_| feature["geometry"]["type"] == "Point");
        let point = point.ok_or_else(|| bad(format!("feature {}: is not a point", number + 1)))?;
        let mut body = json!({
            "name": needed("name")?, "type": needed("type")?, "place": { "lat": point.get(1), "lon": point.first() },
        });
        if let Some(words) = said("words") {
            body["place"]["words"] = words;
        }
        for field in ["code", "length", "unit"] {
            if let Some(value) = said(field) {
                body[field] = value;
            }
        }
        Ok(body)
    };
    features.iter().enumerate().map(place).collect()
}
