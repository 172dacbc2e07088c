//! The administrator's side of a ledger, with the test's clock and chance: what `xuncha admin` does.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use xuncha_core::host::Host;
use xuncha_core::model::catalogue::{Catalogue, seed_catalogue};
use xuncha_core::model::{DeviceId, Entity, EntityId, Hash, LedgerId};
use xuncha_core::protocol::{Final, Verdict};
use xuncha_server::auth;
use xuncha_server::blobs::{keep_arrived, make_previews};
use xuncha_server::casework::{Clerk, Deadlines, DeskOp};
use xuncha_server::ledger::{LedgerKey, OwnOp, Sequencer, catalogue_body};
use xuncha_server::settings::open_store;
use xuncha_server::store::Store;

/// A second hand on the ledger, beside its server.
pub struct Office {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Which ledger it is.
    pub ledger: LedgerId,
    host: Host,
    sequencer: Sequencer,
}

impl Office {
    /// Opens the ledger in `data`.
    pub fn open(data: &Path, host: Host) -> Office {
        let store = open_store(data, None, false).unwrap();
        let ledger = store.look(|snapshot| snapshot.head()).unwrap().unwrap().ledger;
        let sequencer = Sequencer::new(host.clone(), LedgerKey::load(data).unwrap());
        Office { store, ledger, host, sequencer }
    }

    /// Says something in the ledger's own name and gives the verdict.
    pub fn say(&self, op: &OwnOp) -> Verdict {
        self.sequencer.append(&*self.store, &[op.write(self.ledger, &self.host)]).unwrap().remove(0)
    }

    /// Makes something; it must be accepted.
    pub fn add(&self, kind: &'static str, body: Value) -> EntityId {
        let op = OwnOp::making(&self.host, "admin", kind, body);
        let verdict = self.say(&op).into_final();
        assert!(matches!(verdict, Some(Final::Accepted { .. })), "{kind}: {verdict:?}");
        op.entity
    }

    /// Changes something; it must count.
    pub fn change(&self, kind: &'static str, entity: EntityId, body: Value) {
        let verdict = self.say(&OwnOp::about(&self.host, "admin", kind, entity, body)).into_final();
        assert!(matches!(verdict, Some(Final::Accepted { .. })), "{kind}: {verdict:?}");
    }

    /// Somebody says something about a case at a desk; the verdict.
    pub fn hears(&self, user: EntityId, kind: &str, entity: EntityId, body: Value) -> Verdict {
        let item = DeskOp::about(&self.host, user, kind, entity, body).write(self.ledger, &self.host);
        self.sequencer.append(&*self.store, &[item]).unwrap().remove(0)
    }

    /// Somebody decides something about a case at a desk; it must be accepted.
    pub fn decides(&self, user: EntityId, kind: &str, entity: EntityId, body: Value) {
        let verdict = self.hears(user, kind, entity, body);
        assert!(matches!(verdict, Verdict::Accepted { .. }), "{kind}: {verdict:?}");
    }

    /// Somebody drafts a notice to a unit about findings, with what else `more` says.
    pub fn drafts(&self, user: EntityId, unit: EntityId, findings: &[EntityId], more: &Value) -> EntityId {
        let mut body = json!({ "unit": unit, "findings": flags(findings), "source": "special_inspection" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let op = DeskOp::making(&self.host, user, "notice.draft", body);
        let verdict = self.sequencer.append(&*self.store, &[op.write(self.ledger, &self.host)]).unwrap().remove(0);
        assert!(matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
        op.entity
    }

    /// Adds a user of a responsible unit.
    pub fn user_of(&self, name: &str, role: &str, unit: EntityId) -> EntityId {
        self.add("user.add", json!({ "name": name, "roles": flags(&[role]), "unit": unit }))
    }

    /// Adds a user with these roles who sees these areas; none is the whole city.
    pub fn user(&self, name: &str, roles: &[&str], areas: &[EntityId]) -> EntityId {
        let mut body = json!({ "name": name, "roles": flags(roles) });
        if !areas.is_empty() {
            body["areas"] = flags(areas);
        }
        self.add("user.add", body)
    }

    /// Adds an area.
    pub fn area(&self, name: &str, shape: &Value) -> EntityId {
        self.add("area.add", json!({ "name": name, "shape": shape }))
    }

    /// Puts a catalogue in force.
    pub fn load_catalogue(&self, catalogue: &Catalogue) -> EntityId {
        self.put_document(catalogue);
        let entity = EntityId::of_catalogue(self.ledger, &Hash::of(catalogue.to_text().as_bytes()));
        let op = OwnOp::making_once("admin", "catalogue.load", entity, catalogue_body(catalogue));
        let verdict = self.say(&op).into_final();
        assert!(matches!(verdict, Some(Final::Accepted { .. })), "{verdict:?}");
        entity
    }

    /// Keeps the text of a catalogue, and puts it nowhere in force.
    pub fn put_document(&self, catalogue: &Catalogue) {
        let text = catalogue.to_text();
        self.store.change(|batch| batch.put_document(&Hash::of(text.as_bytes()), &text)).unwrap();
    }

    /// Adds a known place of this kind at a point.
    pub fn place(&self, name: &str, kind: &str, (lat, lon): (f64, f64)) -> EntityId {
        self.add("place.add", json!({ "name": name, "type": kind, "place": { "lat": lat, "lon": lon } }))
    }

    /// Gives a visit of a known place to these users; nobody: whoever sees it.
    pub fn task(&self, name: &str, place: EntityId, to: &[EntityId]) -> EntityId {
        let mut body = json!({ "name": name, "place": { "id": place } });
        if !to.is_empty() {
            body["to"] = flags(to);
        }
        self.add("task.add", body)
    }

    /// Has `clerk` make the tasks that are due by now; their number.
    pub fn make_due(&self, clerk: &mut Clerk) -> usize {
        clerk.make_due(&*self.store, &self.sequencer, &self.host).unwrap()
    }

    /// Has `deadlines` say which cases are overdue by now; their number.
    pub fn say_overdue(&self, deadlines: &mut Deadlines) -> usize {
        deadlines.say_overdue(&*self.store, &self.sequencer, &self.host).unwrap()
    }

    /// Everything of a kind.
    pub fn all(&self, kind: &str) -> Vec<Entity> {
        let rows = self.store.look(|snapshot| snapshot.entities(kind, None, 10_000)).unwrap();
        rows.iter().map(|row| serde_json::from_str(&row.row).unwrap()).collect()
    }

    /// A token for a desk, good for thirty days.
    pub fn seat(&self, user: EntityId) -> String {
        auth::take_seat(&*self.store, &self.host, user, 30).unwrap().secret().to_owned()
    }

    /// Makes an enrolment code.
    pub fn invite(&self, user: EntityId) -> String {
        auth::invite(&*self.store, &self.host, user).unwrap()
    }

    /// Revokes a device.
    pub fn revoke(&self, device: &DeviceId) {
        self.change("device.revoke", EntityId::of_device(self.ledger, device), json!({}));
    }

    /// Makes previews of photos in `data` that have had none for `grace`, and says that they are kept.
    pub fn make_previews(&self, data: &Path, grace: Duration) -> usize {
        let made = make_previews(&*self.store, &super::depot_of(data), &self.sequencer, &self.host, grace).unwrap();
        self.keep_arrived();
        made
    }

    /// Says of files that have arrived that they are kept; their number.
    pub fn keep_arrived(&self) -> usize {
        keep_arrived(&*self.store, &self.sequencer, &self.host).unwrap()
    }

    /// An entity as the ledger has it.
    pub fn entity(&self, id: EntityId) -> Entity {
        let row = self.store.look(|snapshot| snapshot.entity(id)).unwrap();
        serde_json::from_str(&row.unwrap_or_else(|| panic!("{id} is not here")).row).unwrap()
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.store.look(|snapshot| snapshot.head()).unwrap().unwrap().size
    }

    /// Op text and facts of the entry at `index`.
    pub fn entry(&self, index: u64) -> (String, Value) {
        let entry = self.store.look(|snapshot| snapshot.entries(index, 1)).unwrap().remove(0);
        assert_eq!(entry.index, index);
        (entry.op, serde_json::from_str(&entry.facts).unwrap())
    }

    /// How many entries of the ledger say that the file `hash` is kept.
    pub fn said_kept(&self, hash: &Hash) -> usize {
        let entries = self.store.look(|snapshot| snapshot.entries(0, u32::MAX)).unwrap();
        let says = |op: &str| op.contains("\"blobs.kept\"") && op.contains(&hash.to_string());
        entries.iter().filter(|entry| says(&entry.op)).count()
    }

    /// Texts of the ops that are kept outside the ledger: held, and forked.
    pub fn outside(&self) -> Vec<String> {
        let rows = self.store.look(|snapshot| snapshot.outside(None, 10_000)).unwrap();
        rows.into_iter().map(|row| row.text).collect()
    }

    /// Number of ops of `device` that are held, and that fork its chain.
    pub fn waiting(&self, device: &DeviceId) -> (u64, u64) {
        self.store.look(|snapshot| snapshot.waiting(device)).unwrap()
    }
}

/// The built-in catalogue under another name, with `items` for the checklist of a street.
pub fn street_list(version: &str, items: &[&str]) -> Catalogue {
    let mut catalogue = Catalogue::clone(&seed_catalogue());
    catalogue.version = version.to_owned();
    let street = catalogue.place_types.iter_mut().find(|kind| kind.id == "street").unwrap();
    street.items = items.iter().map(|item| (*item).to_owned()).collect();
    catalogue
}

fn flags<T: ToString>(names: &[T]) -> Value {
    names.iter().map(|name| (name.to_string(), Value::Bool(true))).collect::<Map<_, _>>().into()
}

/// Entries that a ledger begins with: its name, its roles, the years of its calendar, its catalogue.
pub fn entries_of_a_new_ledger() -> u64 {
    let seeds = xuncha_core::plan::role_seeds().len() + xuncha_core::model::calendar_seeds().len();
    u64::try_from(seeds).unwrap() + 2
}
