//! Lists and maps: newest first, nearest first, and who is who.

use serde::{Deserialize, Serialize};

use super::Notebook;
use crate::Result;
use crate::model::{EntityId, Evidence, Finding, Time};
use crate::plan::{EARTH, metres_between};
use crate::store::{Shown, everything};

/// Which part of the list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPage {
    /// Begin behind this finding; none begins with the newest.
    pub after: Option<ListKey>,
    /// Most findings wanted.
    pub limit: u32,
}

/// The place of a finding in the list; stays right while the list grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ListKey {
    /// When it was recorded, as claimed.
    pub at: Time,
    /// Its id.
    pub id: EntityId,
}

/// One finding in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// The finding as it is shown.
    pub finding: Finding,
    /// Some of it is not in the server's row yet.
    pub pending: bool,
    /// How many photos it expects.
    pub photos_expected: usize,
    /// How much of them has arrived in the ledger.
    pub evidence: Evidence,
    /// Its place; the next page begins behind the last one's.
    pub key: ListKey,
}

/// Findings as they were when they were listed, newest first. Nobody looks at all rows of a long list, so a row is made
/// when it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    shown: Vec<Shown>,
}

impl Listing {
    /// How many findings it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// True when it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The places of its findings in the list; the next page begins behind the last one.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = ListKey> {
        self.shown.iter().map(|shown| ListKey { at: shown.entity.at, id: shown.entity.id })
    }

    /// `count` rows from `start` on, fewer at the end and none behind it.
    #[must_use]
    pub fn part(&self, start: usize, count: usize) -> Vec<Listed> {
        self.shown.iter().skip(start).take(count).map(listed).collect()
    }
}

/// A finding and how far away it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Near {
    /// The finding as it is shown.
    pub finding: Finding,
    /// Metres along the ground, on a round earth.
    pub metres: f64,
}

/// A user, for display.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The user.
    pub user: EntityId,
    /// Name.
    pub name: String,
    /// False once the user has left.
    pub active: bool,
}

impl Notebook {
    /// Findings, newest first.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) when they cannot be read.
    pub fn list(&self, page: ListPage) -> Result<Vec<Listed>> {
        Ok(self.listing(page)?.shown.iter().map(listed).collect())
    }

    /// The same findings, whose rows are made when somebody looks at them.
    ///
    /// # Errors
    /// As [`Notebook::list`].
    pub fn listing(&self, page: ListPage) -> Result<Listing> {
        let (at, id) = page.after.map_or_else(everything, |after| (after.at.millis(), after.id));
        Ok(Listing { shown: self.read(|store| store.findings(at, id, page.limit))? })
    }

    /// Findings within `metres` of a point (WGS-84 degrees), nearest first, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) when that is not a point and a distance.
    pub fn near(&self, lat: f64, lon: f64, metres: f64, limit: usize) -> Result<Vec<Near>> {
        check_circle(lat, lon, metres)?;
        self.read(|store| {
            let mut found = Vec::new();
            for (lats, lons) in boxes(lat, lon, metres) {
                found.extend(store.findings_within(lats, lons)?);
            }
            let mut found: Vec<_> = found
                .into_iter()
                .map(|(id, at_lat, at_lon)| (metres_between((lat, lon), (at_lat, at_lon)), id))
                .filter(|(away, _)| *away <= metres)
                .collect();
            found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            found.truncate(limit);
            let near = found.into_iter().filter_map(|(metres, id)| match store.entity(id) {
                Ok(entity) => entity.map(|entity| Ok(Near { finding: Finding::from_entity(&entity), metres })),
                Err(error) => Some(Err(error)),
            });
            near.collect()
        })
    }

    /// Everybody known here, by their ids.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) when they cannot be read.
    pub fn users(&self) -> Result<Vec<Person>> {
        let users = self.read(|store| store.users())?;
        let person = |user: &crate::model::Entity| Person {
            user: user.id,
            name: user.text("name").unwrap_or_default().to_owned(),
            active: user.text("status") == Some("active"),
        };
        Ok(users.iter().map(person).collect())
    }

    /// The name of a user; none when this phone may not know it.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) when it cannot be read.
    pub fn name_of(&self, user: EntityId) -> Result<Option<String>> {
        let user = self.read(|store| store.entity(user))?.filter(|entity| entity.kind == "user");
        Ok(user.and_then(|user| user.text("name").map(str::to_owned)))
    }
}

fn listed(shown: &Shown) -> Listed {
    let finding = Finding::from_entity(&shown.entity);
    let key = ListKey { at: finding.at, id: finding.id };
    Listed { pending: shown.pending, photos_expected: finding.photos.len(), evidence: finding.evidence, key, finding }
}

pub(super) fn check_circle(lat: f64, lon: f64, metres: f64) -> Result<()> {
    for (field, value, most) in [("lat", lat, 90.0), ("lon", lon, 180.0), ("metres", metres, f64::MAX)] {
        if value.is_nan() || value.abs() > most || (field == "metres" && metres < 0.0) {
            let detail = "is out of range".into();
            return Err(crate::Error::Invalid { field: field.into(), detail });
        }
    }
    Ok(())
}

type Range = (f64, f64);

/// Boxes of latitudes and longitudes that hold the circle; two where it crosses the date line.
fn boxes(lat: f64, lon: f64, metres: f64) -> Vec<(Range, Range)> {
    // A little more than the circle, so that rounding loses nothing at its edge.
    let high = (metres / EARTH).to_degrees() * 1.000_001 + 1e-9;
    let lats = (lat - high, lat + high);
    if lats.0 <= -90.0 || lats.1 >= 90.0 {
        return vec![(lats, (-180.0, 180.0))];
    }
    let wide =
        ((metres / EARTH).sin() / lat.to_radians().cos()).clamp(-1.0, 1.0).asin().to_degrees() * 1.000_001 + 1e-9;
    match (lon - wide, lon + wide) {
        (west, east) if west < -180.0 => vec![(lats, (-180.0, east)), (lats, (west + 360.0, 180.0))],
        (west, east) if east > 180.0 => vec![(lats, (west, 180.0)), (lats, (-180.0, east - 360.0))],
        lons => vec![(lats, lons)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boxes_hold_every_point_of_the_circle() {
        for (lat, lon) in [(0.0, 0.0), (39.9, 116.4), (-45.0, 179.999), (10.0, -179.999), (89.9999, 5.0)] {
            for metres in [0.0, 1.0, 500.0, 50_000.0] {
                for bearing in 0..16 {
                    let point = walk((lat, lon), metres * 0.999, f64::from(bearing) * 22.5);
                    let within = |(low, high): Range, x: f64| low <= x && x <= high;
                    let held = boxes(lat, lon, metres).iter().any(|(a, b)| within(*a, point.0) && within(*b, point.1));
                    assert!(held, "{lat} {lon} {metres} {bearing}");
                    assert!((metres_between((lat, lon), point) - metres * 0.999).abs() < 0.01);
                }
            }
        }
    }

    fn walk((lat, lon): (f64, f64), metres: f64, bearing: f64) -> (f64, f64) {
        let (lat, lon, turn, way) = (lat.to_radians(), lon.to_radians(), bearing.to_radians(), metres / EARTH);
        let new_lat = (lat.sin() * way.cos() + lat.cos() * way.sin() * turn.cos()).asin();
        let new_lon = lon + (turn.sin() * way.sin() * lat.cos()).atan2(way.cos() - lat.sin() * new_lat.sin());
        (new_lat.to_degrees(), (new_lon.to_degrees() + 540.0).rem_euclid(360.0) - 180.0)
    }
}
