//! Findings as GeoJSON (RFC 7946): points in WGS-84, longitude first.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use xuncha_core::model::Entity;

use super::columns::point;
use super::{COLUMNS, City, Listing};

pub(super) struct GeoJson<W> {
    out: W,
    first: bool,
}

impl<W: Write> GeoJson<W> {
    pub(super) fn begin(mut out: W) -> io::Result<GeoJson<W>> {
        out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
        Ok(GeoJson { out, first: true })
    }
}

impl<W: Write> Listing for GeoJson<W> {
    fn add(&mut self, finding: &Entity, city: &City) -> io::Result<()> {
        // The point is the geometry's.
        let said = COLUMNS.iter().filter(|column| !matches!(column.key, "lat" | "lon"));
        let said = said.map(|column| (column.key.to_owned(), Value::from((column.cell)(finding, city))));
        let properties: Map<String, Value> = said.collect();
        let geometry = point(finding).map(|(lat, lon)| json!({ "type": "Point", "coordinates": [lon, lat] }));
        let feature = json!({ "type": "Feature", "id": finding.id, "geometry": geometry, "properties": properties });
        let between: &[u8] = if std::mem::take(&mut self.first) { b"\n" } else { b",\n" };
        self.out.write_all(between)?;
        serde_json::to_writer(&mut self.out, &feature)?;
        Ok(())
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}
