//! The catalogue: what inspectors look for, item by item, as one document.
//!
//! A catalogue is a JSON text named by its hash. The ledger says which one is in force; an
//! inspection keeps the one that it was started with. Unknown members are kept out of the way, so
//! that an older app reads a newer catalogue.

mod check;
mod deductions;
mod item;
mod load;
mod seed;
mod slips;

pub use deductions::DeductionRules;
pub use item::{
    Ask, AskKind, Clock, Code as ItemCode, Every, Item, Limit, Near, Photos, Points, Required, Share, Tag, Target, Told,
};
pub use load::{CatalogueFault, load};
pub use seed::seed_catalogue;

use serde::{Deserialize, Serialize};

/// A text in Chinese and English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A whole catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Version of the form; 1.
    pub format: u32,
    /// Name of this version, such as `2026.1`.
    pub version: String,
    /// What it is called.
    pub name: Words,
    /// Code lists that its items refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standards: Vec<Standard>,
    /// Kinds of places, each with its checklist.
    pub place_types: Vec<PlaceType>,
    /// Actions, each with its items.
    pub actions: Vec<Action>,
    /// What follows when a finding is not rectified, comes again or comes back.
    #[serde(default)]
    pub deductions: DeductionRules,
}

/// A code list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standard {
    /// What items call it, such as `GB/T 30428.2-2013`.
    pub id: String,
    /// What it is called.
    pub name: Words,
}

/// A kind of place and what is looked at there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceType {
    /// Short name, such as `street`.
    pub id: String,
    /// What it is called.
    pub name: Words,
    /// Ids of the items of its checklist, in order.
    pub items: Vec<String>,
}

/// One of the ten actions (专项行动): a campaign with one organiser who may score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

impl Catalogue {
    /// Reads a catalogue as it travels: what this version does not know is left out.
    ///
    /// # Errors
    /// When the text is not a catalogue of a form that this version reads.
    pub fn read(text: &str) -> Result<Catalogue, CatalogueFault> {
        load::read(text)
    }

    /// The item called `id`.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items().find(|item| item.id == id)
    }

    /// All items, action by action.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.actions.iter().flat_map(|action| &action.items)
    }

    /// The action that `item` belongs to.
    pub fn action_of(&self, item: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.items.iter().any(|one| one.id == item))
    }

    /// The kind of place called `id`.
    pub fn place_type(&self, id: &str) -> Option<&PlaceType> {
        self.place_types.iter().find(|kind| kind.id == id)
    }

    /// The checklist of a kind of place; items that the catalogue does not have are left out.
    pub fn checklist(&self, place_type: &str) -> Vec<&Item> {
        let kind = self.place_type(place_type);
        kind.into_iter().flat_map(|kind| &kind.items).filter_map(|id| self.item(id)).collect()
    }

    /// The text that is kept, hashed and sent.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a catalogue has string keys and finite numbers only")
    }
}
