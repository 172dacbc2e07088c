//! What is looked for, and where: the catalogue in force, known places, tasks.

use xuncha_core::model::catalogue::{Action, Item, PlaceType, Standard, Words};
use xuncha_core::model::{EntityId, KnownPlace, Place, Task as InspectionTask};
use xuncha_core::notebook::{InForce, PlaceNear, Whereabouts};

use crate::{FieldError, Notebook};

type Result<T> = std::result::Result<T, FieldError>;

/// A text in Chinese and English.
#[uniffi::remote(Record)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A whole catalogue.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Catalogue {
    /// Its entity; findings name it.
    pub id: EntityId,
    /// Name of this version, such as `2026.1`.
    pub version: String,
    /// What it is called.
    pub name: Words,
    /// Code lists that its items refer to.
    pub standards: Vec<Standard>,
    /// Kinds of places, each with its checklist.
    pub place_types: Vec<PlaceType>,
    /// Actions, each with its items.
    pub actions: Vec<Action>,
}

/// A code list.
#[uniffi::remote(Record)]
pub struct Standard {
    /// What items call it, such as `GB/T 30428.2-2013`.
    pub id: String,
    /// What it is called.
    pub name: Words,
}

/// A kind of place and what is looked at there.
#[uniffi::remote(Record)]
pub struct PlaceType {
    /// Short name, such as `street`.
    pub id: String,
    /// What it is called.
    pub name: Words,
    /// Ids of the items of its checklist, in order.
    pub items: Vec<String>,
}

/// One of the ten actions (专项行动).
#[uniffi::remote(Record)]
pub struct Action {
    /// Short name, such as `A2`.
    pub id: String,
    /// What it is called.
    pub name: Words,
    /// Who organises its assessment.
    pub organiser: Words,
    /// Its items, in order.
    pub items: Vec<Item>,
}

#[uniffi::export]
impl Notebook {
    /// The catalogue in force, as of the last sync; none before the first one.
    pub fn catalogue(&self) -> Result<Option<Catalogue>> {
        let crossed = |found: InForce| {
            let catalogue = std::sync::Arc::unwrap_or_clone(found.catalogue);
            Catalogue {
                id: found.id,
                version: catalogue.version,
                name: catalogue.name,
                standards: catalogue.standards,
                place_types: catalogue.place_types,
                actions: catalogue.actions,
            }
        };
        Ok(self.core()?.catalogue()?.map(crossed))
    }

    /// Known places that are in use, by their names.
    pub fn places(&self) -> Result<Vec<KnownPlace>> {
        Ok(self.core()?.places()?)
    }

    /// A known place.
    pub fn place(&self, id: EntityId) -> Result<KnownPlace> {
        Ok(self.core()?.place(id)?)
    }

    /// Known places within `metres` of a point (WGS-84 degrees), nearest first.
    pub fn places_near(&self, lat: f64, lon: f64, metres: f64) -> Result<Vec<PlaceNear>> {
        Ok(self.core()?.places_near(lat, lon, metres)?)
    }

    /// The areas that hold a place and the unit on whose ground it lies.
    pub fn whereabouts(&self, place: Place) -> Result<Whereabouts> {
        Ok(self.core()?.whereabouts(&place)?)
    }

    /// Tasks that this phone knows, the one due first first; with `open`, only what is to be done.
    #[uniffi::method(default(open = true))]
    pub fn tasks(&self, open: bool) -> Result<Vec<InspectionTask>> {
        Ok(self.core()?.tasks(open)?)
    }
}
