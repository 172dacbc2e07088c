//! What can be listed and searched: rows that follow from the entities, kept so that a page comes fast.

use xuncha_core::model::{EntityId, Hash, Time};

use super::Result;

/// One thing that can be listed.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedRow {
    /// The entity.
    pub entity: EntityId,
    /// Its kind.
    pub kind: String,
    /// When the server received the op that made it; what is kept already stays.
    pub received: Time,
    /// By when somebody has to do something about it.
    pub due: Option<Time>,
    /// Words by which it is found, each at most once, spaces between them.
    pub words: String,
}

/// One line of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its number: what came later has a larger one.
    pub number: u64,
    /// The entity.
    pub entity: EntityId,
    /// By when somebody has to do something about it.
    pub due: Option<Time>,
}

/// In which order a page comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What came last first; goes on below this number.
    Newest {
        /// The number of the last line that is known.
        below: Option<u64>,
    },
    /// What is due first first; only what is due at all. Goes on behind this time and number.
    Due {
        /// The last line that is known.
        after: Option<(Time, u64)>,
    },
}

/// What a page is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Of which kind.
    pub kind: String,
    /// Words that it must have, all of them.
    pub all: Vec<String>,
    /// Beginnings of words, for each of which it must have one.
    pub begins: Vec<String>,
    /// Of each of these, at least one.
    pub any: Vec<Vec<String>>,
    /// Received at this time or later.
    pub from: Option<Time>,
    /// Received before this time.
    pub below: Option<Time>,
    /// Due before this time.
    pub due_below: Option<Time>,
    /// Due at this time or later.
    pub due_from: Option<Time>,
    /// In which order, and from where on.
    pub order: Order,
    /// At most so many.
    pub limit: u32,
}

impl Wanted {
    /// True when it is asked for words.
    pub(super) fn has_words(&self) -> bool {
        !self.all.is_empty() || !self.begins.is_empty() || !self.any.is_empty()
    }
}

/// Who sits at a desk: a token without a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatRow {
    /// The user.
    pub user: EntityId,
    /// Until when it opens anything.
    pub expires: Time,
}

/// Lists, and who may look at them from a desk.
pub trait Listings {
    /// Entries that the lists know of, from the first on.
    fn listed(&self) -> Result<u64>;
    /// One page.
    fn list(&self, wanted: &Wanted) -> Result<Vec<Listed>>;
    /// Everything that is listed, by its number, behind `after` and up to `limit` of it; without its words.
    fn listings(&self, after: u64, limit: u32) -> Result<Vec<(u64, ListedRow)>>;
    /// Tells every word of everything that is listed, with its number: each once, ASCII letters in lower case, in no
    /// order that counts.
    fn listed_words(&self, tell: &mut dyn FnMut(u64, &str)) -> Result<()>;
    /// Up to `limit` indexes from `from` on at which `entity` changed, in order.
    fn trace(&self, entity: EntityId, from: u64, limit: u32) -> Result<Vec<u64>>;
    /// Whose desk a token is.
    fn seat(&self, token: &Hash) -> Result<Option<SeatRow>>;
}

/// Keeping them.
pub trait KeepListings {
    /// The lists know of all entries below `size`.
    fn move_listed(&mut self, size: u64) -> Result<()>;
    /// Lists things in this order, or lists them otherwise; each is named once.
    fn put_listed(&mut self, rows: &[ListedRow]) -> Result<()>;
    /// Notes which entities changed at which indexes; nothing happens where that is noted already.
    fn add_traces(&mut self, traces: &[(EntityId, u64)]) -> Result<()>;
    /// Keeps a token's hash.
    fn add_seat(&mut self, token: &Hash, row: &SeatRow) -> Result<()>;
    /// Takes every desk of a user away; how many there were.
    fn drop_seats(&mut self, user: EntityId) -> Result<u64>;
}
