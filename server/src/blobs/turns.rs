//! Who is at work on which upload: one request at a time, and the newest goes first.
//!
//! A phone whose connection died asks again while the server still waits for the dead one. So
//! whoever comes tells those before to make durable what they have and let go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedMutexGuard, watch};

#[derive(Default)]
pub(super) struct Turns {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    desks: HashMap<String, Arc<Desk>>,
    stopped: bool,
}

/// One upload that requests are about.
struct Desk {
    newest: watch::Sender<u64>,
    floor: Arc<tokio::sync::Mutex<()>>,
}

/// The right to work on one upload, until it is dropped.
pub(super) struct Turn {
    id: String,
    number: u64,
    newest: watch::Receiver<u64>,
    state: Arc<Mutex<State>>,
    desk: Option<Arc<Desk>>,
    floor: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Tells everyone before to let go, and waits until they have.
    pub(super) async fn take(&self, id: &str) -> Turn {
        let mut turn = self.queue(id);
        if let Some(desk) = &turn.desk {
            turn.floor = Some(desk.floor.clone().lock_owned().await);
        }
        turn
    }

    fn queue(&self, id: &str) -> Turn {
        let mut state = lock(&self.state);
        let new = || Arc::new(Desk { newest: watch::Sender::new(0), floor: Arc::default() });
        let desk = state.desks.entry(id.to_owned()).or_insert_with(new).clone();
        let number = *desk.newest.borrow() + 1;
        // Once the server stops nobody gets further than what is decided at once.
        desk.newest.send_replace(if state.stopped { number + 1 } else { number });
        let (id, newest) = (id.to_owned(), desk.newest.subscribe());
        Turn { id, number, newest, state: self.state.clone(), desk: Some(desk), floor: None }
    }

    /// Tells everyone to let go, now and from now on.
    pub(super) fn stop(&self) {
        let mut state = lock(&self.state);
        state.stopped = true;
        state.desks.values().for_each(|desk| desk.newest.send_modify(|newest| *newest += 1));
    }
}

impl Turn {
    /// Ready once somebody newer has come.
    pub(super) async fn preempted(&mut self) {
        let number = self.number;
        // The desk outlives its turns, so the sender is there.
        drop(self.newest.wait_for(|newest| *newest > number).await);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.floor = None;
        let mut state = lock(&self.state);
        self.desk = None;
        if state.desks.get(&self.id).is_some_and(|desk| Arc::strong_count(desk) == 1) {
            state.desks.remove(&self.id);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
