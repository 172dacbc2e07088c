//! Shapes of areas: which of them hold a point.

use serde_json::Value;

/// A GeoJSON Polygon or MultiPolygon (RFC 7946: WGS-84, longitude first, rings closed), with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    polygons: Vec<Vec<Vec<(f64, f64)>>>,
    bounds: [f64; 4],
}

impl Shape {
    /// Reads a geometry; none when it is not a Polygon or MultiPolygon with closed rings of at
    /// least four positions on the globe.
    pub fn from_geojson(geometry: &Value) -> Option<Shape> {
        let coordinates = geometry.get("coordinates")?;
        let polygons: Vec<Vec<Vec<(f64, f64)>>> = match geometry.get("type")?.as_str()? {
            "Polygon" => vec![rings(coordinates)?],
            "MultiPolygon" => coordinates.as_array()?.iter().map(rings).collect::<Option<_>>()?,
            _ => return None,
        };
        if polygons.is_empty() {
            return None;
        }
        let mut bounds = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        for (lon, lat) in polygons.iter().flatten().flatten() {
            bounds = [bounds[0].min(*lon), bounds[1].min(*lat), bounds[2].max(*lon), bounds[3].max(*lat)];
        }
        Some(Shape { polygons, bounds })
    }

    /// West, south, east and north of it, in degrees.
    pub fn bounds(&self) -> [f64; 4] {
        self.bounds
    }

    /// How large it is, in square degrees: good for telling which of two at one place is the smaller.
    pub(super) fn extent(&self) -> f64 {
        let ring = |ring: &Vec<(f64, f64)>| {
            let doubled: f64 = ring.windows(2).map(|pair| pair[0].0 * pair[1].1 - pair[1].0 * pair[0].1).sum();
            doubled.abs() / 2.0
        };
        let polygon = |rings: &Vec<Vec<(f64, f64)>>| {
            rings.first().map_or(0.0, ring) - rings.iter().skip(1).map(ring).sum::<f64>()
        };
        self.polygons.iter().map(polygon).sum()
    }
}

fn rings(value: &Value) -> Option<Vec<Vec<(f64, f64)>>> {
    let rings: Vec<_> = value.as_array()?.iter().map(ring).collect::<Option<_>>()?;
    (!rings.is_empty()).then_some(rings)
}

fn ring(value: &Value) -> Option<Vec<(f64, f64)>> {
    let ring: Vec<_> = value.as_array()?.iter().map(position).collect::<Option<_>>()?;
    (ring.len() >= 4 && ring.first() == ring.last()).then_some(ring)
}

fn position(value: &Value) -> Option<(f64, f64)> {
    let (lon, lat) = (value.get(0)?.as_f64()?, value.get(1)?.as_f64()?);
    (lon.abs() <= 180.0 && lat.abs() <= 90.0).then_some((lon, lat))
}

/// True when `shape` holds the point: inside an outer ring and in none of its holes (even-odd rule).
pub fn contains(shape: &Shape, lat: f64, lon: f64) -> bool {
    let [west, south, east, north] = shape.bounds;
    let near = (west..=east).contains(&lon) && (south..=north).contains(&lat);
    near && shape.polygons.iter().any(|rings| rings.iter().filter(|ring| crosses_odd(ring, lat, lon)).count() % 2 == 1)
}

fn crosses_odd(ring: &[(f64, f64)], lat: f64, lon: f64) -> bool {
    let crossing = |pair: &&[(f64, f64)]| {
        let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
        (y1 > lat) != (y2 > lat) && lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1
    };
    ring.windows(2).filter(crossing).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hole_is_outside_and_a_second_part_is_inside() {
        let square = |a: f64, b: f64| json!([[a, a], [b, a], [b, b], [a, b], [a, a]]);
        let shape = Shape::from_geojson(&json!({
            "type": "MultiPolygon",
            "coordinates": [[square(0.0, 10.0), square(4.0, 6.0)], [square(20.0, 21.0)]],
        }))
        .unwrap();
        assert_eq!(shape.bounds(), [0.0, 0.0, 21.0, 21.0]);
        for (point, inside) in [(1.0, true), (5.0, false), (9.9, true), (11.0, false), (20.5, true), (-1.0, false)] {
            assert_eq!(contains(&shape, point, point), inside, "{point}");
        }
    }

    #[test]
    fn a_slanting_side_parts_inside_from_outside_wherever_it_lies() {
        let triangle = json!({"type": "Polygon", "coordinates": [[[20, 10], [30, 10], [20, 40], [20, 10]]]});
        let shape = Shape::from_geojson(&triangle).unwrap();
        // The slanting side is at 26.67 degrees east where it is at 20 north, and at 21.67 where it is at 35.
        for (lat, lon, inside) in [(20.0, 26.6, true), (20.0, 26.7, false), (35.0, 21.6, true), (35.0, 21.7, false)] {
            assert_eq!(contains(&shape, lat, lon), inside, "{lat} {lon}");
        }
    }

    #[test]
    fn an_open_ring_or_another_geometry_is_no_shape() {
        let open = json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]});
        let point = json!({"type": "Point", "coordinates": [0, 0]});
        let off = json!({"type": "Polygon", "coordinates": [[[0, 0], [200, 0], [1, 1], [0, 0]]]});
        for geometry in [open, point, off, json!({}), json!(null)] {
            assert_eq!(Shape::from_geojson(&geometry), None, "{geometry}");
        }
    }
}
