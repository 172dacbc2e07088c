//! Making a ledger, and opening one: its key, its first entries.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use uuid::Uuid;
use xuncha_core::host::Host;
use xuncha_core::model::catalogue::{Catalogue, seed_catalogue};
use xuncha_core::model::{Code, Entity, EntityId, Hash, LedgerId, calendar_seeds};
use xuncha_core::op::{DeviceKey, PublicKey};
use xuncha_core::plan::{Judgement, Moment, View, plan, role_seeds};
use xuncha_core::protocol::{Final, Verdict};
use zeroize::Zeroizing;

use super::draft::OwnOp;
use super::item::Item;
use super::sequencer::Sequencer;
use crate::store::{Head, Result, Store, StoreError};

/// File name of the ledger's key inside the data folder.
pub const KEY_FILE: &str = "ledger.key";

/// The key that signs checkpoints: 32 bytes in a file that only its owner may read.
#[derive(Debug, Clone)]
pub struct LedgerKey(DeviceKey);

/// What a new ledger is called.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The city's name.
    pub name: String,
    /// IANA zone of the city.
    pub zone: String,
}

impl LedgerKey {
    /// Reads the key in `folder`, or makes one. A crash leaves no half key: the file gets its name
    /// only when it is whole and synced.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or the file is not a key.
    pub fn load_or_create(folder: &Path, host: &Host) -> io::Result<LedgerKey> {
        let file = folder.join(KEY_FILE);
        if !file.exists() {
            let seed = Zeroizing::new(host.bytes::<32>());
            let half = folder.join(format!("{KEY_FILE}.new"));
            write_secret(&half, &*seed)?;
            fs::rename(&half, &file)?;
            File::open(folder)?.sync_all()?;
        }
        LedgerKey::load(folder)
    }

    /// Reads the key in `folder`.
    ///
    /// # Errors
    /// When there is none, or it is not 32 bytes.
    pub fn load(folder: &Path) -> io::Result<LedgerKey> {
        let mut seed = Zeroizing::new([0; 32]);
        let mut file = File::open(folder.join(KEY_FILE))?;
        file.read_exact(&mut *seed)?;
        if file.read(&mut [0])? != 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the ledger's key is not 32 bytes"));
        }
        Ok(LedgerKey(DeviceKey::from_seed(&seed)))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.0.public()
    }

    pub(super) fn signing_key(&self) -> &ed25519_dalek::SigningKey {
        self.0.signing_key()
    }
}

/// Writes `bytes` to a file that only its owner may read, and syncs it.
#[cfg(unix)]
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl Opening {
    /// Holds what a new ledger would be called against the law, before anything of it is made: an entry that is
    /// turned down later leaves a ledger without a name and without a key, for good.
    ///
    /// # Errors
    /// The stable code, and what is wrong with which field.
    pub fn check(&self, host: &Host) -> std::result::Result<(), (Code, String)> {
        let ledger = LedgerId(Uuid::nil());
        let any_key = DeviceKey::from_seed(&Zeroizing::new([1; 32])).public();
        let item = opening_op(ledger, &any_key, self).write(ledger, host);
        let (epoch, floors, received) = (1, BTreeMap::new(), Some(host.clock.wall()));
        let moment = Moment { ledger, epoch, floors, size: Some(0), received };
        match item.op().map(|op| plan(&Nothing, &moment, op)) {
            Some(Judgement::Accept(_)) => Ok(()),
            Some(Judgement::Refuse { code, detail }) => Err((code, detail)),
            Some(Judgement::Hold(missing)) => Err((Code::NotFound, missing.join(", "))),
            None => Err((Code::BadField, "name: cannot be read again once it is written".to_owned())),
        }
    }
}

/// What a ledger knows before its first entry.
struct Nothing;

impl View for Nothing {
    fn entity(&self, _: EntityId) -> Option<Arc<Entity>> {
        None
    }

    fn areas_at(&self, _: f64, _: f64) -> Vec<EntityId> {
        Vec::new()
    }

    fn kept(&self, _: &Hash) -> Option<u64> {
        None
    }

    fn referring(&self, _: &Hash) -> Vec<EntityId> {
        Vec::new()
    }

    fn has_members(&self, _: EntityId) -> bool {
        false
    }

    fn catalogue(&self, _: &Hash) -> Option<Arc<Catalogue>> {
        None
    }
}

/// The head of the ledger in `store`, made first when there is none: an entry that names it, then
/// one for each role, for each year of the office's calendar and for the built-in catalogue. A crash in between is mended at the next start: the first entries have fixed
/// ids and happen once.
///
/// # Errors
/// The store's; [`StoreError::Rejected`] when a first entry is turned down.
pub fn open_or_create(
    store: &dyn Store,
    sequencer: &Sequencer,
    key: &LedgerKey,
    opening: &Opening,
    host: &Host,
) -> Result<Head> {
    let head = store.change(|batch| {
        if batch.head()?.is_none() {
            batch.open_ledger(LedgerId(host.uuid()))?;
        }
        batch.head()
    })?;
    let head = head.ok_or_else(|| StoreError::Damaged("the head is missing".into()))?;
    let first = first_items(head.ledger, key, opening, host);
    if head.size < first.len() as u64 {
        let text = seed_catalogue().to_text();
        store.change(|batch| batch.put_document(&Hash::of(text.as_bytes()), &text))?;
        let verdicts = sequencer.append(store, &first)?;
        if let Some(refused) = verdicts.iter().find(|verdict| !taken(verdict)) {
            return Err(StoreError::Rejected(format!("a first entry of the ledger: {refused:?}")));
        }
    }
    store.look(|snapshot| snapshot.head())?.ok_or_else(|| StoreError::Damaged("the head is missing".into()))
}

/// The body of the `catalogue.load` that puts a catalogue in force.
pub fn catalogue_body(catalogue: &Catalogue) -> Value {
    let text = catalogue.to_text();
    json!({ "version": catalogue.version, "file": { "hash": Hash::of(text.as_bytes()), "len": text.len() } })
}

fn taken(verdict: &Verdict) -> bool {
    let before = |original: &Final| matches!(original, Final::Accepted { .. });
    match verdict {
        Verdict::Accepted { .. } => true,
        Verdict::Duplicate { original } => before(original),
        _ => false,
    }
}

fn once(kind: &'static str, entity: EntityId, body: Value) -> OwnOp {
    OwnOp::making_once("genesis", kind, entity, body)
}

fn opening_op(ledger: LedgerId, key: &PublicKey, opening: &Opening) -> OwnOp {
    let body = json!({ "name": opening.name, "zone": opening.zone, "key": key.to_string() });
    once("ledger.open", EntityId(ledger.0), body)
}

fn first_items(ledger: LedgerId, key: &LedgerKey, opening: &Opening, host: &Host) -> Vec<Item> {
    let mut items = vec![opening_op(ledger, &key.public(), opening).write(ledger, host)];
    for role in role_seeds() {
        let may: Map<String, Value> = role.may.iter().map(|right| ((*right).to_owned(), Value::Bool(true))).collect();
        let body = json!({ "name": role.name, "sees": role.sees, "may": may });
        items.push(once("role.add", EntityId::of_role(ledger, role.name), body).write(ledger, host));
    }
    for calendar in calendar_seeds() {
        let year = calendar.get("year").and_then(Value::as_u64).unwrap_or_default();
        items.push(once("calendar.add", EntityId::of_calendar(ledger, year), calendar).write(ledger, host));
    }
    let catalogue = seed_catalogue();
    let entity = EntityId(Uuid::new_v5(&ledger.0, format!("catalogue:{}", catalogue.version).as_bytes()));
    items.push(once("catalogue.load", entity, catalogue_body(&catalogue)).write(ledger, host));
    items
}
