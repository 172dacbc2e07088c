//! Ops on their way into the ledger, and the pushes that they came in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xuncha_core::op::{Op, Unreadable};

use crate::store::PushRow;

/// Ops of one push from which a second thread reads half of them.
const WORTH_A_THREAD: usize = 100;

/// One op on its way into the ledger.
#[derive(Debug, Clone)]
pub struct Item {
    pub(super) text: String,
    pub(super) op: std::result::Result<Op, Unreadable>,
    pub(super) push: Option<Arc<PushRecord>>,
}

/// The push that an op came in; its signature was checked before.
#[derive(Debug)]
pub struct PushRecord {
    /// What is kept of it.
    pub row: PushRow,
    /// Its id, once a committed batch has kept it.
    kept: Mutex<Option<u64>>,
}

impl PushRecord {
    /// A push whose signature fits.
    pub fn new(row: PushRow) -> Arc<PushRecord> {
        Arc::new(PushRecord { row, kept: Mutex::new(None) })
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Option<u64>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    /// The op in `text`; readable or not is judged with the rest.
    pub fn new(text: String, push: Option<Arc<PushRecord>>) -> Item {
        let op = Op::parse(&text).and_then(|op| match (&op.chain, &push) {
            (None, None) => Ok(op),
            (Some(chain), Some(push)) if chain.device == push.row.device => Ok(op),
            (Some(_), Some(_)) => Err(Unreadable::new("wrong_device", "another device signed this push")),
            _ => Err(Unreadable::new(
                "bad_chain",
                "a device's op has device, seq, line and n, the ledger's own has none",
            )),
        });
        Item { text, op, push }
    }

    /// The op, if it can be read.
    pub(crate) fn op(&self) -> Option<&Op> {
        self.op.as_ref().ok()
    }

    /// The ops of one push. The second half of a long one is read on another thread.
    pub fn read_all(texts: Vec<String>, push: &Arc<PushRecord>) -> Vec<Item> {
        let read = |texts: Vec<String>| texts.into_iter().map(|text| Item::new(text, Some(push.clone()))).collect();
        if texts.len() < WORTH_A_THREAD {
            return read(texts);
        }
        let mut first = texts;
        let second = first.split_off(first.len() / 2);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| read(second));
            let mut items: Vec<Item> = read(first);
            // Reading does not panic; were it to, the request that brought the ops ends with it.
            items.extend(second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            items
        })
    }
}
