//! A finding as people read it: the typed view over an entity of kind `finding`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Entity, EntityId, Hash, Time};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 低: can wait for the next round.
    Low,
    /// 中: the ordinary case.
    Medium,
    /// 高: should be dealt with today.
    High,
    /// 紧急: danger to people or traffic.
    Urgent,
}

/// Where it is. WGS-84 degrees; accuracy in metres (68 % radius as phones report it).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Place {
    /// Latitude in degrees, -90 to 90; absent when there was no fix and no pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude in degrees, -180 to 180; present exactly when `lat` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Accuracy in metres, as the provider claimed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Where the fix came from: `gps`, `network`, `pin`, `typed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The place in words: road, number, landmark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The known place that this is, or lies in; see [`KnownPlace`](super::KnownPlace).
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Uuid))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EntityId>,
}

/// A file that an op refers to, by the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobRef {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Length in bytes.
    pub len: u64,
    /// Media type, such as `image/jpeg`.
    #[serde(rename = "type")]
    pub media_type: String,
    /// What it is to the op: `original`, `display`, `thumbnail`.
    pub role: String,
}

/// A photo that a finding expects, by the hash of its original.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Photo {
    /// SHA-256 of the sealed original.
    pub original: Hash,
    /// When the shutter closed, as the phone's clock claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Time>,
    /// `camera` or `gallery`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where the phone was at the shutter, as the app handed it in; never read back from EXIF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What it shows: `wide`, `close`, `reference`, `after`; none is before and from anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<String>,
}

/// Smaller pictures made from a photo's original, announced by `photo.preview`; never evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// SHA-256 of the original they were made from.
    pub original: Hash,
    /// SHA-256 of the display copy: a JPEG of at most 2048 px, upright, without metadata.
    pub display: Hash,
    /// SHA-256 of the thumbnail: a JPEG of at most 320 px, upright, without metadata.
    pub thumbnail: Hash,
    /// Width of the display copy in pixels.
    pub width: u32,
    /// Height of the display copy in pixels.
    pub height: u32,
    /// True when time, place and inspector are written into the display copy.
    pub stamped: bool,
}

/// How much of what a finding's photos promise has arrived in the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Photos that the finding expects.
    pub expected: usize,
    /// Photos whose original is kept by the ledger.
    pub originals: usize,
    /// Photos whose display copy is.
    pub displays: usize,
    /// Photos whose thumbnail is.
    pub thumbnails: usize,
}

impl Evidence {
    /// True when every photo can be looked at: filing and issuing need it.
    pub fn is_reviewable(&self) -> bool {
        self.displays == self.expected
    }

    /// True when every original is kept: closing needs it.
    pub fn is_sealed(&self) -> bool {
        self.originals == self.expected
    }
}

/// What an inspector writes down; the fields of `finding.record` and `finding.amend`.
///
/// `None` leaves a field alone. Lengths and ranges are the law's
/// ([`plan`](crate::plan)), not this type's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FindingDraft {
    /// Catalogue item, such as `SR-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What was seen, in the inspector's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How bad it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Photos to add, by photo id; null takes one out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub photos: BTreeMap<String, Option<Photo>>,
    /// Tags to add (true) or take out (null).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Option<bool>>,
    /// The catalogue that `item` is of; a notebook that has one fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<EntityId>,
    /// What the item asks besides, by the name of the ask: counts, metres, plates, permits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// The inspection in which it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<EntityId>,
    /// Why it has fewer photos than its item takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// For changes: the [`index`](Finding::index) that the finding had when its author looked at it. What somebody else wrote
    /// since is then disputed and not overwritten, also when it has come to this phone meanwhile. `None`: what is here now
    /// was seen. No part of what is said or of a saved draft.
    #[serde(skip)]
    pub seen: Option<u64>,
    /// Fields that this version does not know; carried as they are.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// A finding as people read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Its id.
    pub id: EntityId,
    /// Ledger index of the last op that changed it; absent while only pending ops know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Who recorded it, unless hidden.
    pub by: Option<EntityId>,
    /// When, as the phone's clock claimed.
    pub at: Time,
    /// `reported`, `fixed_on_the_spot`, `void`, and from casework on the states of a case.
    pub status: String,
    /// Why it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Catalogue item.
    pub item: Option<String>,
    /// Where.
    pub place: Option<Place>,
    /// What was seen.
    pub note: Option<String>,
    /// How bad.
    pub severity: Option<Severity>,
    /// Photos it expects, by photo id.
    pub photos: BTreeMap<String, Photo>,
    /// Previews announced for them, by photo id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub previews: BTreeMap<String, Preview>,
    /// How much of them the ledger keeps.
    pub evidence: Evidence,
    /// Tags.
    pub tags: Vec<String>,
    /// Areas that hold its place, as the server derived them.
    pub areas: Vec<EntityId>,
    /// The unit on whose ground it lies, as the map says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duty_unit: Option<EntityId>,
    /// The catalogue that its item is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<EntityId>,
    /// Answers to what its item asks.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// The inspection in which it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection: Option<EntityId>,
    /// Why it has fewer photos than its item takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Fields whose value is disputed.
    pub conflicts: Vec<String>,
}

impl Finding {
    /// Reads `entity` as a finding; a value this version cannot read is left out, never an error.
    pub fn from_entity(entity: &Entity) -> Finding {
        Finding {
            id: entity.id,
            index: (entity.index != super::PENDING).then_some(entity.index),
            by: entity.by,
            at: entity.at,
            status: entity.text("status").unwrap_or("reported").to_owned(),
            reason: entity.text("reason").map(str::to_owned),
            item: entity.text("item").map(str::to_owned),
            place: read(entity.field("place")),
            note: entity.text("note").map(str::to_owned),
            severity: read(entity.field("severity")),
            photos: entity
                .members("photos")
                .filter_map(|(id, value)| Some((id.to_owned(), read(Some(value))?)))
                .collect(),
            previews: entity
                .members("photos")
                .filter_map(|(id, _)| Some((id.to_owned(), read(entity.preview(id))?)))
                .collect(),
            evidence: evidence(entity),
            tags: entity.members("tags").map(|(tag, _)| tag.to_owned()).collect(),
            areas: read(entity.field("areas")).unwrap_or_default(),
            duty_unit: entity.reference("duty_unit"),
            catalogue: entity.reference("catalogue"),
            values: members(entity, "values"),
            inspection: entity.reference("inspection"),
            why: entity.text("why").map(str::to_owned),
            conflicts: entity.rivals.keys().cloned().collect(),
        }
    }
}

fn evidence(entity: &Entity) -> Evidence {
    let arrived = |role: &str| {
        let kept = |(id, _): &(&str, &Value)| entity.kept(id, role).is_some();
        entity.members("photos").filter(kept).count()
    };
    Evidence {
        expected: entity.members("photos").count(),
        originals: arrived("original"),
        displays: arrived("display"),
        thumbnails: arrived("thumbnail"),
    }
}

pub(super) fn members<T: for<'a> Deserialize<'a>>(entity: &Entity, set: &str) -> BTreeMap<String, T> {
    let read = |(name, value): (&str, &Value)| Some((name.to_owned(), read(Some(value))?));
    entity.members(set).filter_map(read).collect()
}

pub(super) fn read<T: for<'a> Deserialize<'a>>(value: Option<&Value>) -> Option<T> {
    T::deserialize(value?).ok()
}
