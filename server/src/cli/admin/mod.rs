//! `xuncha admin`: users, units, areas, devices. Works beside a running server or without one.

mod calendar;
mod catalogue;
mod epoch;
mod places;
mod tasks;
mod webhook;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use xuncha_core::model::{DeviceId, Entity, EntityId};
use xuncha_core::plan::roles_of;

use super::Failure;
use super::folder::{Database, Folder, Place};
use super::print::Printer;
use crate::auth;
use crate::ledger::{OwnOp, unproven};
use crate::signin;

#[derive(Debug, Args)]
pub(super) struct Admin {
    /// Folder of the ledger.
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    #[command(flatten)]
    database: Database,
    #[command(subcommand)]
    about: About,
}

#[derive(Debug, Subcommand)]
enum About {
    /// People.
    #[command(subcommand)]
    User(User),
    /// Responsible units.
    #[command(subcommand)]
    Unit(Unit),
    /// Areas on the map.
    #[command(subcommand)]
    Area(Area),
    /// Phones.
    #[command(subcommand)]
    Device(Device),
    /// Checklists.
    #[command(subcommand)]
    Catalogue(catalogue::Catalogues),
    /// Which days are worked, and when the office is open.
    #[command(subcommand)]
    Calendar(calendar::Calendar),
    /// Places that are visited again and again.
    #[command(subcommand)]
    Place(places::Places),
    /// Visits to be made.
    #[command(subcommand)]
    Task(tasks::Tasks),
    /// Visits that come again.
    #[command(subcommand)]
    Schedule(tasks::Schedules),
    /// Another system that is told what happens.
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    /// Begin a new epoch, after an old backup was put in place of a ledger of which phones have seen
    /// more: they fetch everything anew and say again what is missing. First look with --dry-run.
    Epoch(epoch::Epoch),
}

#[derive(Debug, Subcommand)]
enum User {
    /// Add a user.
    Add {
        /// Name.
        #[arg(long)]
        name: String,
        /// Role; may be given more than once.
        #[arg(long, required = true)]
        role: Vec<String>,
        /// Id of the unit that the user belongs to.
        #[arg(long)]
        unit: Option<EntityId>,
        /// Id of an area that the user sees; may be given more than once; none is the whole city.
        #[arg(long)]
        area: Vec<EntityId>,
        /// The id that the user had in a ledger whose backup does not know them: what they said under
        /// it, which waits for this user, then counts.
        #[arg(long)]
        id: Option<EntityId>,
    },
    /// List users.
    List,
    /// Give out a token with which a user works at a desk, without a phone.
    Token {
        /// Name or id.
        user: String,
        /// How long it is good.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        /// Take back every token that the user had before.
        #[arg(long)]
        only: bool,
    },
    /// Make a code with which a user chooses a password, once, within a day; codes from before are void.
    Link {
        /// Name or id.
        user: String,
    },
    /// End a user's rights; nothing they said is lost.
    Retire {
        /// Name or id.
        user: String,
    },
}

#[derive(Debug, Subcommand)]
enum Unit {
    /// Add a unit.
    Add {
        /// Name.
        #[arg(long)]
        name: String,
        /// Unified social credit code, 18 characters.
        #[arg(long)]
        code: Option<String>,
    },
    /// List units.
    List,
}

#[derive(Debug, Subcommand)]
enum Area {
    /// Add the areas in a GeoJSON file, one per feature.
    Add {
        /// A geometry, a feature or a feature collection; the name of a feature is its property `name`.
        #[arg(long, value_name = "FILE")]
        geojson: PathBuf,
        /// Id of the unit on whose ground they lie.
        #[arg(long)]
        unit: Option<EntityId>,
    },
    /// List areas.
    List,
}

#[derive(Debug, Subcommand)]
enum Device {
    /// Make an invitation for one phone, as a URL and a QR code. For three days it also opens the login again on the phone
    /// that used it, for the answer may have been lost: keep it from who is not to sign in there.
    Invite {
        /// Name or id of the user whose phone it is.
        #[arg(long)]
        user: String,
        /// Address at which phones reach the server [default: where it listens].
        #[arg(long, value_name = "URL")]
        server: Option<String>,
    },
    /// List devices.
    List,
    /// Refuse a device from now on; what it says later is held for a person to look at.
    Revoke {
        /// Id.
        id: DeviceId,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
}

impl Admin {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        // Taken before or behind the noun, so the parser itself cannot insist on it.
        let Some(data) = self.data else {
            let missing = clap::error::ErrorKind::MissingRequiredArgument;
            clap::Error::raw(missing, "--data <DIR> is missing\n").exit()
        };
        let folder = Folder::open(&Place { data, database: self.database, ..Place::default() })?;
        match self.about {
            About::User(user) => user.run(&folder, printer)?,
            About::Unit(unit) => unit.run(&folder, printer)?,
            About::Area(area) => area.run(&folder, printer)?,
            About::Device(device) => device.run(&folder, printer)?,
            About::Catalogue(catalogue) => catalogue.run(&folder, printer)?,
            About::Calendar(calendar) => calendar.run(&folder, printer)?,
            About::Place(place) => place.run(&folder, printer)?,
            About::Task(task) => task.run(&folder, printer)?,
            About::Schedule(schedule) => schedule.run(&folder, printer)?,
            About::Webhook(webhook) => webhook.run(&folder, printer)?,
            About::Epoch(epoch) => epoch.run(&folder, printer)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl User {
    fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        match self {
            User::Add { name, role, unit, area, id } => {
                let all = |names: Vec<String>| -> Value {
                    names.into_iter().map(|name| (name, Value::Bool(true))).collect::<serde_json::Map<_, _>>().into()
                };
                let mut body = json!({ "name": name, "roles": all(role) });
                if let Some(unit) = unit {
                    body["unit"] = json!(unit);
                }
                if !area.is_empty() {
                    body["areas"] = all(area.iter().map(EntityId::to_string).collect());
                }
                let op = match id {
                    Some(id) => OwnOp::making_once("admin", "user.add", id, body),
                    None => OwnOp::making(&folder.host, "admin", "user.add", body),
                };
                added(folder, printer, &op, &name)
            }
            User::List => list(folder, printer, "user", |user| {
                let (roles, unit) = (roles_of(user), user.text("unit"));
                let value = json!({
                    "id": user.id, "name": user.text("name"), "roles": roles, "unit": unit, "status": user.text("status"),
                });
                (value, format!("{}  {}  {}", user.id, user.text("name").unwrap_or_default(), roles.join(",")))
            }),
            User::Token { user, days, only } => {
                let user = find_user(folder, &user)?;
                if only {
                    folder.store.change(|batch| batch.drop_seats(user.id))?;
                }
                let token = auth::take_seat(&*folder.store, &folder.host, user.id, days)?;
                printer.say(&json!({ "user": user.id, "token": token.secret(), "days": days }), token.secret());
                Ok(())
            }
            User::Link { user } => {
                let user = find_user(folder, &user)?;
                let code = signin::link(&*folder.store, &folder.host, user.id)?;
                printer.say(&json!({ "user": user.id, "code": code }), &code);
                printer.hint("The code is good once, for a day: whoever has it chooses the password of this user.");
                Ok(())
            }
            User::Retire { user } => {
                let user = find_user(folder, &user)?;
                folder.append(&[OwnOp::about(&folder.host, "admin", "user.retire", user.id, json!({}))])?;
                printer.say(&json!({ "id": user.id, "status": "retired" }), format!("{} has left", user.id));
                Ok(())
            }
        }
    }
}

impl Unit {
    fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        match self {
            Unit::Add { name, code } => {
                let mut body = json!({ "name": name });
                if let Some(code) = code {
                    body["code"] = json!(code);
                }
                add(folder, printer, "unit.add", body, &name)
            }
            Unit::List => list_names(folder, printer, "unit"),
        }
    }
}

impl Area {
    fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        match self {
            Area::Add { geojson, unit } => {
                let areas = read_areas(&geojson)?;
                let ops: Vec<OwnOp> = areas
                    .iter()
                    .map(|(name, shape)| {
                        let mut body = json!({ "name": name, "shape": shape });
                        if let Some(unit) = unit {
                            body["unit"] = json!(unit);
                        }
                        OwnOp::making(&folder.host, "admin", "area.add", body)
                    })
                    .collect();
                folder.append(&ops)?;
                for (op, (name, _)) in ops.iter().zip(&areas) {
                    printer.say(&json!({ "id": op.entity, "name": name }), format!("{}  {name}", op.entity));
                }
                Ok(())
            }
            Area::List => list_names(folder, printer, "area"),
        }
    }
}

impl Device {
    fn run(self, folder: &Folder, printer: &Printer) -> Result<(), Failure> {
        match self {
            Device::Invite { user, server } => invite(folder, printer, &user, server),
            Device::List => list(folder, printer, "device", |device| device_line(folder, device)),
            Device::Revoke { id, reason } => {
                let entity = EntityId::of_device(folder.ledger, &id);
                let body = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
                folder.append(&[OwnOp::about(&folder.host, "admin", "device.revoke", entity, body)])?;
                printer.say(&json!({ "device": id, "status": "revoked" }), format!("{id} is revoked"));
                Ok(())
            }
        }
    }
}

fn add(folder: &Folder, printer: &Printer, kind: &'static str, body: Value, name: &str) -> Result<(), Failure> {
    added(folder, printer, &OwnOp::making(&folder.host, "admin", kind, body), name)
}

fn added(folder: &Folder, printer: &Printer, op: &OwnOp, name: &str) -> Result<(), Failure> {
    folder.append(std::slice::from_ref(op))?;
    printer.say(&json!({ "id": op.entity, "name": name }), format!("{}  {name}", op.entity));
    Ok(())
}

fn invite(folder: &Folder, printer: &Printer, user: &str, server: Option<String>) -> Result<(), Failure> {
    let user = find_user(folder, user)?;
    let server = server.unwrap_or_else(|| folder.address());
    let code = auth::invite(&*folder.store, &folder.host, user.id)?;
    // The code stands behind #, which no client sends to a server and no proxy writes into its log.
    let url = format!("{}/enrol#{code}", server.trim_end_matches('/'));
    printer.say(&json!({ "user": user.id, "url": url }), &url);
    let drawn = qrcode::QrCode::new(&url).map_err(|error| Failure::new("internal", error))?;
    printer.hint(drawn.render::<qrcode::render::unicode::Dense1x2>().build());
    printer.hint(
        "The invitation is good for one phone and three days. On that phone it opens the login again until then.",
    );
    Ok(())
}

fn device_line(folder: &Folder, device: &Entity) -> (Value, String) {
    let key: Option<xuncha_core::op::PublicKey> = device.text("key").and_then(|key| key.parse().ok());
    let id = key.map(|key| key.device());
    let status = device.text("status").unwrap_or_default();
    let said = id.and_then(|id| {
        let found = folder
            .store
            .look(|snapshot| Ok((snapshot.said_summary(&id)?, snapshot.waiting(&id)?, unproven(snapshot, &id, &[])?)));
        found.ok()
    });
    let ((last, missing), (held, forked), ahead) = said.unwrap_or_default();
    let name = id.map_or_else(|| device.id.to_string(), |id| id.to_string());
    let value = json!({
        "device": id, "user": device.text("user"), "status": status,
        "said": last, "missing": missing, "held": held, "forked": forked, "ahead": ahead,
    });
    let refused = ahead.map(|seen| format!(", refused: has seen {}/{}", seen.epoch, seen.size)).unwrap_or_default();
    (value, format!("{name}  {status}  said {last}, missing {missing}, held {held}, forked {forked}{refused}"))
}

fn list_names(folder: &Folder, printer: &Printer, kind: &str) -> Result<(), Failure> {
    list(folder, printer, kind, |entity| {
        let name = entity.text("name").unwrap_or_default();
        let value = json!({ "id": entity.id, "name": name, "status": entity.text("status") });
        (value, format!("{}  {name}", entity.id))
    })
}

fn list(
    folder: &Folder,
    printer: &Printer,
    kind: &str,
    show: impl Fn(&Entity) -> (Value, String),
) -> Result<(), Failure> {
    folder.each(kind, |entity| {
        let (value, text) = show(entity);
        printer.say(&value, text);
    })
}

/// The one active user with this name or id.
fn find_user(folder: &Folder, name: &str) -> Result<Entity, Failure> {
    folder.find_named("user", name)
}

fn read_areas(file: &Path) -> Result<Vec<(String, Value)>, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::io(file.display(), &error))?;
    let bad = |what: String| Failure::new("bad_field", format!("geojson: {what}"));
    let document: Value = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let features = match document.get("type").and_then(Value::as_str) {
        Some("FeatureCollection") => document.get("features").and_then(Value::as_array).cloned().unwrap_or_default(),
        Some("Feature") => vec![document],
        _ => vec![json!({ "properties": {}, "geometry": document })],
    };
    if features.is_empty() {
        return Err(bad("has no features".into()));
    }
    let several = features.len() > 1;
    let name = |number: usize, feature: &Value| match feature.pointer("/properties/name").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None if several => format!("{stem} {}", number + 1),
        None => stem.clone(),
    };
    let geometry = |feature: &Value| feature.get("geometry").cloned().unwrap_or(Value::Null);
    Ok(features.iter().enumerate().map(|(number, feature)| (name(number, feature), geometry(feature))).collect())
}
