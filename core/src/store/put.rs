//! One entity into the table `entity`, with the columns that lists and maps read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rusqlite::params;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Store, int, unreadable};
use crate::Result;
use crate::model::{EntityId, Place, Time};

/// What the columns need of an entity's text; cheaper than reading all of it, 20,000 times.
#[derive(Deserialize)]
pub(super) struct Brief<'a> {
    pub(super) id: EntityId,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    at: Time,
    #[serde(borrow)]
    fields: BriefFields<'a>,
    #[serde(borrow, default)]
    rivals: BTreeMap<Cow<'a, str>, IgnoredAny>,
}

/// Raw, because a newer server may give these names another form in a kind unknown here.
#[derive(Deserialize)]
struct BriefFields<'a> {
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    place: Option<&'a RawValue>,
}

impl<'a> Brief<'a> {
    pub(super) fn read(text: &'a str) -> Result<Brief<'a>> {
        serde_json::from_str(text).map_err(|error| unreadable("entity", error))
    }

    fn point(&self) -> Option<(f64, f64)> {
        let place: Place = serde_json::from_str(self.fields.place?.get()).ok()?;
        place.lat.zip(place.lon)
    }
}

fn text<'a>(raw: Option<&'a RawValue>) -> Option<Cow<'a, str>> {
    // Cow alone would always copy; most values have no escapes and can be borrowed.
    let raw = raw?.get();
    let plain = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|text| !text.contains('\\'));
    plain.map(Cow::Borrowed).or_else(|| serde_json::from_str(raw).ok().map(Cow::Owned))
}

impl Store {
    /// Stores a row of the server's that was not here; false when the entity was here already.
    pub(super) fn put_new_row(&self, index: u64, row: &str, brief: &Brief<'_>) -> Result<bool> {
        let point = brief.point();
        let changed = self.db.prepare_cached(include_str!("put_row.sql"))?.execute(params![
            brief.id.0.as_bytes(),
            int(index),
            row,
            brief.kind,
            text(brief.fields.status),
            text(brief.fields.item),
            brief.at.millis(),
            point.map(|(lat, _)| lat),
            point.map(|(_, lon)| lon),
            !brief.rivals.is_empty(),
        ])?;
        Ok(changed == 1)
    }

    /// Stores what is shown; `shown` none: the row is shown as it is.
    pub(super) fn put_shown(&self, id: EntityId, shown: Option<&str>, brief: &Brief<'_>) -> Result<()> {
        let point = brief.point();
        self.db.prepare_cached(include_str!("put_shown.sql"))?.execute(params![
            id.0.as_bytes(),
            shown,
            brief.kind,
            text(brief.fields.status),
            text(brief.fields.item),
            brief.at.millis(),
            point.map(|(lat, _)| lat),
            point.map(|(_, lon)| lon),
            !brief.rivals.is_empty(),
        ])?;
        Ok(())
    }

    /// Replaces the server's row; what is shown is for [`Store::refresh`].
    pub(super) fn put_row(&self, id: EntityId, row: Option<(u64, &str)>) -> Result<()> {
        let (index, text) = row.unzip();
        let update = "UPDATE entity SET \"index\" = ?, row = ? WHERE id = ?";
        self.db.prepare_cached(update)?.execute(params![index.map(int), text, id.0.as_bytes()])?;
        Ok(())
    }
}
