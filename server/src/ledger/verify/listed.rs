//! What the lists say of the entities: by which words each is found, when it is due, and where it changed.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher as _};

use xuncha_core::model::Time;

use super::super::words::{LISTED, listed};
use super::*;

/// Where an entity changed, in few bytes: how often, and a sum over the indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trace {
    /// When the server received what made it.
    made: Time,
    times: u64,
    sum: u64,
}

impl Check {
    /// `entity` changed at `index`, received then.
    pub(super) fn trace(&mut self, entity: &Entity, index: u64, received: Time) {
        if !LISTED.contains(&entity.kind.as_str()) {
            return;
        }
        let trace = self.traces.entry(entity.id).or_insert(Trace { made: received, times: 0, sum: 0 });
        trace.times += 1;
        trace.sum = trace.sum.wrapping_add(of(&index));
    }

    /// Lists that know of all entries say of each entity what follows from it. Those that are behind are caught up with
    /// before anybody looks at them.
    pub(super) fn lists(&mut self, snapshot: &dyn Snapshot, head: &Head) -> Result<()> {
        if snapshot.listed()? != head.size {
            return Ok(());
        }
        let mut words = self.lines(snapshot)?;
        let mut strange = 0_u64;
        snapshot.listed_words(&mut |number, word| match words.get_mut(&number) {
            Some((_, sum)) => *sum = sum.wrapping_sub(of(word)),
            None => strange += 1,
        })?;
        if strange > 0 {
            self.problem(None, format!("{strange} words lead to what is not listed"));
        }
        for (id, sum) in words.into_values() {
            if sum != 0 {
                self.problem(None, format!("{id} is found by other words than it has"));
            }
        }
        Ok(())
    }

    /// Holds the lines of the lists against the entities; gives the sum of the words that each must be found by.
    fn lines(&mut self, snapshot: &dyn Snapshot) -> Result<HashMap<u64, (EntityId, u64)>> {
        let (mut words, mut after) = (HashMap::new(), 0);
        loop {
            let page = snapshot.listings(after, PAGE)?;
            let Some((number, _)) = page.last() else { break };
            after = *number;
            for (number, row) in page {
                let trace = self.traces.remove(&row.entity);
                let entity = self.state.entity(row.entity);
                let Some((trace, line)) = trace.zip(entity.and_then(|entity| listed(&entity, row.received))) else {
                    self.problem(None, format!("{} is listed, and follows from no entry", row.entity));
                    continue;
                };
                let fits = (&row.kind, row.received, row.due) == (&line.kind, trace.made, line.due);
                if !fits {
                    self.problem(None, format!("{} is listed otherwise than its entries say", row.entity));
                }
                let indexes = snapshot.trace(row.entity, 0, u32::MAX)?;
                let sum = indexes.iter().fold(0_u64, |sum, index| sum.wrapping_add(of(index)));
                if (indexes.len() as u64, sum) != (trace.times, trace.sum) {
                    self.problem(None, format!("where {} changed is listed otherwise", row.entity));
                }
                let folded: BTreeSet<String> = line.words.split(' ').map(str::to_ascii_lowercase).collect();
                let sum = folded.iter().fold(0_u64, |sum, word| sum.wrapping_add(of(word.as_str())));
                words.insert(number, (row.entity, sum));
            }
        }
        if let Some(id) = self.traces.keys().next() {
            self.problem(None, format!("{} of the ledger are not listed, such as {id}", self.traces.len()));
        }
        Ok(words)
    }
}

/// A number that stands for a value in a sum.
fn of<T: std::hash::Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
