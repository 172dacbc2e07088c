//! The invented city of the demo: its units, areas, places, people, and what is to be done today.

use serde_json::{Map, Value, json};
use xuncha_core::model::EntityId;

use crate::auth;
use crate::cli::Failure;
use crate::cli::folder::Folder;
use crate::ledger::OwnOp;
use crate::signin;

/// Name of the city; there is none.
pub(super) const CITY: &str = "望溪市（演示）";

/// Degrees of latitude and longitude of its corner.
const CORNER: (f64, f64) = (30.2, 120.6);

/// A known place of the demo.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) id: EntityId,
    pub(super) name: &'static str,
    pub(super) at: (f64, f64),
}

/// The city once it is made.
pub(super) struct City {
    pub(super) spots: Vec<Spot>,
    pub(super) zhang: EntityId,
    pub(super) wang: EntityId,
    pub(super) li: EntityId,
    pub(super) zhao: EntityId,
    pub(super) fang: EntityId,
    pub(super) chen: EntityId,
    pub(super) sun: EntityId,
    pub(super) he: EntityId,
    /// The unit that answers the notice.
    pub(super) sanitation: EntityId,
    pub(super) tasks: usize,
}

const UNITS: &[&str] = &["望溪街道办事处", "东河街道办事处", "市容环卫管理所", "河道管理处"];

/// Name, kind, and how far north and east of the corner in thousandths of a degree.
const SPOTS: &[(&str, &str, f64, f64)] = &[
    ("柳荫路北段", "street", 4.0, 6.0),
    ("柳荫路南段", "street", 12.0, 8.0),
    ("望溪农贸市场", "market", 8.0, 14.0),
    ("云台花园工地", "construction_site", 16.0, 12.0),
    ("东河大街", "street", 6.0, 26.0),
    ("东河公园", "square_park", 14.0, 30.0),
    ("桂花巷", "back_street", 10.0, 34.0),
    ("东河滨水段", "river", 18.0, 28.0),
];

pub(super) fn make(folder: &Folder) -> Result<City, Failure> {
    let mut city = Making { folder, ops: Vec::new() };
    let units: Vec<EntityId> = UNITS.iter().map(|name| city.add("unit.add", json!({ "name": name }))).collect();
    let west = city.area("望溪片区", units[0], 0.0);
    let east = city.area("东河片区", units[1], 20.0);
    let zhang = city.user("张伟", &["inspector"], &[west]);
    let wang = city.user("王芳", &["inspector"], &[]);
    let li = city.user("李静", &["acceptor", "dispatcher"], &[]);
    let zhao = city.user("赵敏", &["leader"], &[east]);
    let chen = city.user("陈刚", &["supervision"], &[]);
    let fang = city.user("方宁", &["creation_office"], &[]);
    let he = city.user("何平", &["admin"], &[]);
    let sanitation = units[2];
    let sun = city.member("孙立", "coordinator", sanitation);
    let spots: Vec<Spot> = SPOTS.iter().map(|spot| city.spot(spot)).collect();
    let tasks = [(zhang, 0), (zhang, 2), (wang, 4), (wang, 5)];
    for (user, spot) in tasks {
        let spot = &spots[spot];
        let body = json!({
            "name": format!("检查 {}", spot.name), "place": { "id": spot.id }, "to": { user.to_string(): true },
        });
        city.add("task.add", body);
    }
    folder.append(&city.ops)?;
    Ok(City { spots, zhang, wang, li, zhao, fang, chen, sun, he, sanitation, tasks: tasks.len() })
}

/// An invitation for one of its people.
pub(super) fn invite(folder: &Folder, user: EntityId) -> Result<String, Failure> {
    Ok(auth::invite(&*folder.store, &folder.host, user)?)
}

/// Gives everybody who works at a desk one new password, and says it with their names.
pub(super) fn let_in(folder: &Folder, city: &City) -> Result<(String, Vec<&'static str>), Failure> {
    let password = auth::secret(&folder.host);
    let desks = [
        (city.li, "李静 (reviews)"),
        (city.chen, "陈刚 (supervises)"),
        (city.sun, "孙立 (answers for a unit)"),
        (city.he, "何平 (administers)"),
    ];
    for (user, _) in desks {
        let code = signin::link(&*folder.store, &folder.host, user)?;
        let chosen = signin::choose(&*folder.store, &folder.host, &code, &password);
        chosen.map_err(|error| Failure::new("internal", error))?;
    }
    Ok((password, desks.iter().map(|(_, name)| *name).collect()))
}

struct Making<'a> {
    folder: &'a Folder,
    ops: Vec<OwnOp>,
}

impl Making<'_> {
    fn add(&mut self, kind: &'static str, body: Value) -> EntityId {
        let op = OwnOp::making(&self.folder.host, "demo", kind, body);
        let entity = op.entity;
        self.ops.push(op);
        entity
    }

    /// A square of two hundredths of a degree.
    fn area(&mut self, name: &str, unit: EntityId, east: f64) -> EntityId {
        let (south, west) = (CORNER.0, CORNER.1 + east / 1_000.0);
        let (north, far) = (south + 0.02, west + 0.02);
        let ring = [[west, south], [far, south], [far, north], [west, north], [west, south]];
        let shape = json!({ "type": "Polygon", "coordinates": [ring] });
        self.add("area.add", json!({ "name": name, "shape": shape, "unit": unit }))
    }

    fn user(&mut self, name: &str, roles: &[&str], areas: &[EntityId]) -> EntityId {
        let mut body = json!({ "name": name, "roles": flags(roles) });
        if !areas.is_empty() {
            body["areas"] = flags(areas);
        }
        self.add("user.add", body)
    }

    fn member(&mut self, name: &str, role: &str, unit: EntityId) -> EntityId {
        self.add("user.add", json!({ "name": name, "roles": flags(&[role]), "unit": unit }))
    }

    fn spot(&mut self, (name, kind, north, east): &(&'static str, &str, f64, f64)) -> Spot {
        let at = (CORNER.0 + north / 1_000.0, CORNER.1 + east / 1_000.0);
        let body = json!({ "name": name, "type": kind, "place": { "lat": at.0, "lon": at.1 } });
        Spot { id: self.add("place.add", body), name, at }
    }
}

/// A set as ops carry it.
pub(super) fn flags<T: ToString>(names: &[T]) -> Value {
    names.iter().map(|name| (name.to_string(), Value::Bool(true))).collect::<Map<_, _>>().into()
}
