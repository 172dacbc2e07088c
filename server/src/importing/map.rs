//! The map: which column of a register is what.

use std::collections::BTreeMap;

use serde::Deserialize;
use xuncha_core::model::Time;

use super::encoding::Said;
use super::time::{End, Times};

/// Which column of a register is what, as a TOML file says it; `server/README.md` shows one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Name of the register. With the number of a case it says which case it is, so it must not change.
    pub system: String,
    /// IANA zone of its times.
    pub zone: String,
    /// Forms of its times, as of strftime; none: the usual ones.
    #[serde(default)]
    times: Vec<String>,
    /// As of when its open cases are to be judged.
    as_of: Option<String>,
    #[serde(default)]
    pub(super) encoding: Said,
    /// What stands between the cells of a text file.
    #[serde(default = "comma")]
    pub(super) separator: char,
    /// The sheet of a workbook; none is the first.
    pub(super) sheet: Option<String>,
    /// Version of the catalogue that the items are of; none: they are taken as they are.
    pub catalogue: Option<String>,
    pub(super) columns: Columns,
    /// Further columns whose words are kept, by the name under which they are.
    #[serde(default)]
    pub(super) says: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) fixed: Fixed,
    /// Items by what stands in the item's column; `*` is everything else. None: it is the item itself.
    #[serde(default)]
    pub(super) items: BTreeMap<String, String>,
    /// Names of this city's units by what stands in the department's column.
    #[serde(default)]
    pub units: BTreeMap<String, String>,
    #[serde(skip)]
    reader: Option<Times>,
}

/// Titles of columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    case: String,
    opened: String,
    target: Option<String>,
    closed: Option<String>,
    department: Option<String>,
    status: Option<String>,
    outcome: Option<String>,
    item: Option<String>,
    note: Option<String>,
    address: Option<String>,
    lat: Option<String>,
    lon: Option<String>,
}

/// What is the same in every row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixed {
    pub(super) item: Option<String>,
    pub(super) department: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
}

/// A map that cannot be used; names the member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("map: {0}")]
pub struct MapError(pub String);

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Map, MapError> {
        let mut map: Map = toml::from_str(text).map_err(|error| MapError(error.to_string().trim().to_owned()))?;
        let bad = |member: &str, what: &str| Err(MapError(format!("{member}: {what}")));
        let times = Times::new(&map.zone, &map.times);
        map.reader = Some(times.map_err(|(member, what)| MapError(format!("{member}: {what}")))?);
        if map.system.trim().is_empty() {
            return bad("system", "is missing");
        }
        if map.columns.item.is_none() && map.fixed.item.is_none() {
            return bad("columns.item", "is missing, and there is no fixed.item");
        }
        if map.columns.lat.is_some() != map.columns.lon.is_some() {
            return bad("columns.lat", "and lon go together");
        }
        if !map.separator.is_ascii() {
            return bad("separator", "must be one ASCII character");
        }
        if !map.units.is_empty() && map.columns.department.is_none() && map.fixed.department.is_none() {
            return bad("units", "there is no column of departments");
        }
        map.as_of()?;
        Ok(map)
    }

    /// As of when open cases are to be judged, if it says so.
    ///
    /// # Errors
    /// When it is no time.
    pub fn as_of(&self) -> Result<Option<Time>, MapError> {
        let (Some(text), Some(times)) = (&self.as_of, &self.reader) else { return Ok(None) };
        times.read(text, End::Last).map(Some).map_err(|what| MapError(format!("as_of: {what}")))
    }

    pub(super) fn times(&self) -> Option<&Times> {
        self.reader.as_ref()
    }

    /// Titles of all columns that it names, each with the name that it has here.
    pub(super) fn titles(&self) -> Vec<(String, &str)> {
        let columns = &self.columns;
        let named = [
            ("case", Some(&columns.case)),
            ("opened", Some(&columns.opened)),
            ("target", columns.target.as_ref()),
            ("closed", columns.closed.as_ref()),
            ("department", columns.department.as_ref()),
            ("status", columns.status.as_ref()),
            ("outcome", columns.outcome.as_ref()),
            ("item", columns.item.as_ref()),
            ("note", columns.note.as_ref()),
            ("address", columns.address.as_ref()),
            ("lat", columns.lat.as_ref()),
            ("lon", columns.lon.as_ref()),
        ];
        let named = named.into_iter().filter_map(|(name, title)| Some((name.to_owned(), title?.as_str())));
        named.chain(self.says.iter().map(|(name, title)| (format!("says.{name}"), title.as_str()))).collect()
    }
}

fn comma() -> char {
    ','
}
