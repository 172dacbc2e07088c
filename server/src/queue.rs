//! The queue in front of the sequencer: many requests wait, one thread writes.
//!
//! What arrives during a commit is the next batch; nothing waits on purpose. Files that arrived are
//! named in the batch that comes next, all in one entry.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use xuncha_core::host::Host;
use xuncha_core::plan::MAX_KEPT;
use xuncha_core::protocol::{MAX_PUSH_OPS, Verdict};

use crate::blobs;
use crate::ledger::{BATCH_OPS, Item, Sequencer};
use crate::store::{Store, StoreError};

/// Most ops that wait, as many as 256 full pushes bring; who comes then is told to come back. Ops are counted and
/// not pushes, so that a city of phones with a few ops each is not sent away while hardly anything waits.
const WAITING: usize = 256 * MAX_PUSH_OPS;

type Answer = Result<Vec<Verdict>, Arc<StoreError>>;

enum Job {
    Append {
        items: Vec<Item>,
        answer: oneshot::Sender<Answer>,
    },
    /// Nothing but a reason to look whether files arrived.
    Wake,
}

/// The way in for ops. Closing every handle lets the thread finish what waits.
#[derive(Clone)]
pub struct Queue {
    jobs: Sender<Job>,
    waiting: Arc<AtomicUsize>,
    arrived: Arc<AtomicBool>,
    /// Whether what arrived may wait for the next append.
    patient: bool,
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
    pub fn start(
        store: Arc<dyn Store>,
        sequencer: Arc<Sequencer>,
        host: Host,
    ) -> std::io::Result<(Queue, JoinHandle<()>)> {
        let (jobs, next) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        // Looked at once at the start: a crash may have come between a file and its entry.
        let arrived = Arc::new(AtomicBool::new(true));
        let worker = Worker { store, sequencer, host, waiting: waiting.clone(), arrived: arrived.clone() };
        let run = move || worker.run(&next);
        let thread = std::thread::Builder::new().name("sequencer".into()).spawn(run)?;
        Ok((Queue { jobs, waiting, arrived, patient: false }, thread))
    }

    /// Judges and appends `items`; one verdict per item, and what is final is durable.
    ///
    /// # Errors
    /// [`QueueError`]; the same items may come again.
    pub async fn append(&self, items: Vec<Item>) -> Result<Vec<Verdict>, QueueError> {
        let (answer, verdicts) = oneshot::channel();
        let weight = weight(&items);
        if self.waiting.fetch_add(weight, Ordering::SeqCst) + weight > WAITING {
            self.waiting.fetch_sub(weight, Ordering::SeqCst);
            return Err(QueueError::Full);
        }
        self.jobs.send(Job::Append { items, answer }).map_err(|_| QueueError::Full)?;
        verdicts.await.map_err(|_| QueueError::Full)?.map_err(QueueError::Store)
    }

    /// A file arrived: the ledger hears of it soon.
    pub fn wake(&self) {
        self.arrived.store(true, Ordering::SeqCst);
        if !self.patient {
            // A server that is stopping looks again when it starts.
            drop(self.jobs.send(Job::Wake));
        }
    }

    /// Ops that wait to be written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A handle whose [`Queue::wake`] leaves word only: the next append has what arrived named. For a
    /// simulation, in which nothing may happen at the same time as something else.
    #[must_use]
    pub fn patient(&self) -> Queue {
        Queue { patient: true, ..self.clone() }
    }
}

/// What a push counts for while it waits; one without ops takes its place too.
fn weight(items: &[Item]) -> usize {
    items.len().max(1)
}

struct Worker {
    store: Arc<dyn Store>,
    sequencer: Arc<Sequencer>,
    host: Host,
    waiting: Arc<AtomicUsize>,
    arrived: Arc<AtomicBool>,
}

impl Worker {
    fn run(&self, jobs: &Receiver<Job>) {
        while self.round(Vec::new(), Vec::new()) {}
        while let Ok(job) = jobs.recv() {
            let mut items = Vec::new();
            let mut answers = Vec::new();
            let mut next = Some(job);
            while let Some(job) = next {
                if let Job::Append { items: more, answer } = job {
                    self.waiting.fetch_sub(weight(&more), Ordering::SeqCst);
                    answers.push((more.len(), answer));
                    items.extend(more);
                }
                next = if items.len() < BATCH_OPS { jobs.try_recv().ok() } else { None };
            }
            let mut more = self.round(items, answers);
            while more {
                more = self.round(Vec::new(), Vec::new());
            }
        }
    }

    /// Appends what waits, and names what arrived. True when more arrived than one entry names.
    fn round(&self, mut items: Vec<Item>, answers: Vec<(usize, oneshot::Sender<Answer>)>) -> bool {
        let kept = self.arrived();
        let count = kept.as_ref().map_or(0, |(_, count)| *count);
        items.extend(kept.map(|(item, _)| item));
        if items.is_empty() && answers.is_empty() {
            return false;
        }
        let mut outcome = self.sequencer.append(&*self.store, &items);
        let mut more = false;
        match &mut outcome {
            Ok(verdicts) if count > 0 => {
                let said = verdicts.pop().is_some_and(|verdict| blobs::is_kept(&verdict));
                more = said && count == MAX_KEPT;
                self.arrived.fetch_or(more, Ordering::SeqCst);
            }
            Ok(_) => {}
            Err(_) => self.arrived.store(true, Ordering::SeqCst),
        }
        answer(outcome, answers);
        more
    }

    /// The op that names what arrived, when somebody said that there may be something.
    fn arrived(&self) -> Option<(Item, usize)> {
        if !self.arrived.swap(false, Ordering::SeqCst) {
            return None;
        }
        blobs::arrived(&*self.store, &self.host).unwrap_or_else(|error| {
            tracing::error!(%error, "what arrived cannot be looked up");
            self.arrived.store(true, Ordering::SeqCst);
            None
        })
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
