//! The queue in front of the sequencer: many requests wait, one thread writes.
//!
//! What arrives during a commit is the next batch; nothing waits on purpose.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use xuncha_core::protocol::Verdict;

use crate::ledger::{BATCH_OPS, Item, Sequencer};
use crate::store::{Store, StoreError};

/// Most pushes that wait; the next one is told to come back.
const WAITING: usize = 256;

type Answer = Result<Vec<Verdict>, Arc<StoreError>>;

struct Job {
    items: Vec<Item>,
    answer: oneshot::Sender<Answer>,
}

/// The way in for ops. Closing it lets the thread finish what waits.
pub struct Queue {
    jobs: SyncSender<Job>,
}

/// Why a queue gave no verdicts.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Too much waits already, or the server is stopping.
    #[error("the queue is full")]
    Full,
    /// The store failed; nothing of what waited is certain to be stored.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl Queue {
    /// Starts the thread. It ends when the queue is dropped and everything that waited is answered.
    ///
    /// # Errors
    /// When the machine gives no thread.
    pub fn start(store: Arc<dyn Store>, sequencer: Arc<Sequencer>) -> std::io::Result<(Queue, JoinHandle<()>)> {
        let (jobs, waiting) = sync_channel(WAITING);
        let run = move || work(&*store, &sequencer, &waiting);
        let thread = std::thread::Builder::new().name("sequencer".into()).spawn(run)?;
        Ok((Queue { jobs }, thread))
    }

    /// Judges and appends `items`; one verdict per item, and what is final is durable.
    ///
    /// # Errors
    /// [`QueueError`]; the same items may come again.
    pub async fn append(&self, items: Vec<Item>) -> Result<Vec<Verdict>, QueueError> {
        let (answer, verdicts) = oneshot::channel();
        self.jobs.try_send(Job { items, answer }).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => QueueError::Full,
        })?;
        verdicts.await.map_err(|_| QueueError::Full)?.map_err(QueueError::Store)
    }
}

fn work(store: &dyn Store, sequencer: &Sequencer, waiting: &Receiver<Job>) {
    while let Ok(job) = waiting.recv() {
        let mut items = Vec::new();
        let mut answers = Vec::new();
        let mut next = Some(job);
        while let Some(job) = next {
            answers.push((job.items.len(), job.answer));
            items.extend(job.items);
            next = if items.len() < BATCH_OPS { waiting.try_recv().ok() } else { None };
        }
        answer(sequencer.append(store, &items), answers);
    }
}

/// Hands each request its own verdicts. A phone that has gone away is no concern: its ops are
/// durable and it will ask again.
fn answer(outcome: crate::store::Result<Vec<Verdict>>, answers: Vec<(usize, oneshot::Sender<Answer>)>) {
    match outcome {
        Ok(verdicts) => {
            let mut verdicts = verdicts.into_iter();
            for (count, answer) in answers {
                drop(answer.send(Ok(verdicts.by_ref().take(count).collect())));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for (_, answer) in answers {
                drop(answer.send(Err(error.clone())));
            }
        }
    }
}
