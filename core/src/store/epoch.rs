//! Leaving an epoch that is over.

use rusqlite::params;

use super::{Store, Tried, entity_id, int, uint};
use crate::Result;
use crate::model::EntityId;
use crate::op::Seen;
use crate::protocol::PullReply;

/// The epoch that a restored ledger goes on in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewEpoch {
    /// Its number.
    pub(crate) epoch: u32,
    /// Size of the last provable checkpoint before it: what was judged at or above is not there.
    pub(crate) floor: u64,
}

impl Store {
    /// Enters an epoch with its first page, whole or not at all: ops judged above the floor are
    /// open again, every scope is fetched anew, and what is shown stays until then. Gives the number
    /// of ops to be said again.
    pub(crate) fn enter_epoch(
        &self,
        new: NewEpoch,
        reply: &PullReply,
        seen: Option<&Seen>,
        offset: i64,
    ) -> Result<u64> {
        self.whole(|store| {
            let update =
                "UPDATE notebook SET epoch = ?, cursor = NULL, seen_size = NULL, seen_root = NULL, durable_size = 0";
            store.db.execute(update, [new.epoch]).tried("enter an epoch")?;
            store.db.execute("UPDATE reason SET part = NULL", []).tried("enter an epoch")?;
            // Numbers of the old epoch say nothing about those of the new one: whatever comes is newer.
            store.db.execute("UPDATE entity SET \"index\" = 0 WHERE row IS NOT NULL", []).tried("enter an epoch")?;
            let update = "UPDATE scope SET next = 0, sum = zeroblob(16)";
            store.db.execute(update, []).tried("enter an epoch")?;
            let open = store.open_again(new.floor)?;
            store.offer_files_again(new.floor)?;
            store.take_page_in(reply, seen, offset, false)?;
            store.adopt_words()?;
            open.iter().try_for_each(|id| store.refresh(*id))?;
            Ok(open.len() as u64)
        })
    }

    /// What an older key of this notebook said is said again by the present one: the older cannot sign
    /// any more, and the ledger knows an op by its id and content, whoever signs it.
    fn adopt_words(&self) -> Result<()> {
        let device = self.key().public().device().to_string();
        let query = "SELECT n FROM op WHERE state = 'new' AND device <> ? ORDER BY n";
        let ns = self.db.prepare(query)?.query_map([device], |row| row.get(0).map(uint))?.collect::<Vec<_>>();
        ns.into_iter().try_for_each(|n| self.say_anew(n.tried("say ops again")?, None))
    }

    /// Files that are here, and that no entry below `floor` calls kept, are sent again: beginning again
    /// what the server has after all costs one request.
    fn offer_files_again(&self, floor: u64) -> Result<()> {
        let update = include_str!("offer_again.sql");
        self.db.execute(update, params![int(floor)]).tried("offer files again")?;
        Ok(())
    }

    fn open_again(&self, floor: u64) -> Result<Vec<EntityId>> {
        let mut update = self.db.prepare(include_str!("open_again.sql"))?;
        let ids = update.query_map(params![int(floor)], |row| row.get(0).map(entity_id))?;
        ids.collect::<rusqlite::Result<_>>().tried("say ops again")
    }
}
