//! Where waiting is done: threads of our own, so that no request and no page is worked on by an app's main thread.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};

use crate::FieldError;

/// Two threads: one errand at a time is the rule, and a listener may be slow.
const THREADS: usize = 2;

/// The one runtime of the process; begins with the first errand.
fn runtime() -> Result<&'static Runtime, FieldError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let built = Builder::new_multi_thread().worker_threads(THREADS).thread_name("xuncha").enable_all().build();
    let runtime = built.map_err(|error| FieldError::storage("threads", &error.to_string()))?;
    // Where two threads come here at once, one of the two runtimes has nothing to do and ends.
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// Begins `work` on our own threads.
pub(crate) fn begin<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<JoinHandle<T>, FieldError> {
    Ok(runtime()?.spawn(work))
}

/// What is under way and can be cancelled.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    under_way: Mutex<Vec<AbortHandle>>,
    /// One for each errand that nobody waits for any more; closed once the errand has really ended.
    abandoned: Mutex<Vec<oneshot::Receiver<()>>>,
}

impl Errands {
    /// Runs `work` to its end on our own threads. Dropping the future, as Kotlin does with a cancelled coroutine,
    /// ends the work at its next wait; so does [`Errands::cancel`]. What comes next begins when it has ended.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, FieldError>> + Send + 'static,
    ) -> Result<T, FieldError> {
        let (alive, ended) = oneshot::channel();
        let before = std::mem::take(&mut *lock(&self.abandoned));
        let handle = self.remembered(async move {
            let _alive = alive;
            for ended in before {
                drop(ended.await);
            }
            work.await
        })?;
        let mut errand = Errand { handle, ended: Some(ended), errands: self };
        match (&mut errand.handle).await {
            Ok(done) => done,
            Err(error) if error.is_cancelled() => Err(FieldError::cancelled()),
            Err(error) => Err(FieldError::storage("internal", &error.to_string())),
        }
    }

    /// Runs `work`, which does not wait but takes long, on a thread of its own. It is not cancelled half-way.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, FieldError> + Send + 'static,
    ) -> Result<T, FieldError> {
        match runtime()?.spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => Err(FieldError::storage("internal", &error.to_string())),
        }
    }

    /// Ends what is under way at its next wait.
    pub(crate) fn cancel(&self) {
        lock(&self.under_way).drain(..).for_each(|errand| errand.abort());
    }

    /// Begins `work` with the list in hand: its listener may be told, and the app may cancel, before this thread
    /// runs on, and a cancel that does not find what it is meant for would be lost.
    fn remembered<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, FieldError> {
        let mut errands = lock(&self.under_way);
        errands.retain(|errand| !errand.is_finished());
        let handle = begin(work)?;
        errands.push(handle.abort_handle());
        Ok(handle)
    }
}

/// Work that ends when nobody waits for it any more.
struct Errand<'a, T> {
    handle: JoinHandle<T>,
    ended: Option<oneshot::Receiver<()>>,
    errands: &'a Errands,
}

impl<T> Drop for Errand<'_, T> {
    fn drop(&mut self) {
        self.handle.abort();
        if !self.handle.is_finished() {
            lock(&self.errands.abandoned).extend(self.ended.take());
        }
    }
}

fn lock<T>(guarded: &Mutex<T>) -> MutexGuard<'_, T> {
    guarded.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    /// A listener's thread cancels as soon as the errand begins: an abort that found no errand would leave it hanging.
    #[test]
    fn a_cancel_finds_the_errand_that_has_only_just_begun() {
        let errands = Arc::new(Errands::default());
        for turn in 0..2_000 {
            let inside = errands.clone();
            let work = async move {
                inside.cancel();
                tokio::time::sleep(Duration::from_secs(5)).await;
                Ok(())
            };
            let done = runtime().unwrap().block_on(errands.run(work));
            assert!(
                matches!(&done, Err(FieldError::Later { report, .. }) if report.code == "cancelled"),
                "turn {turn}: {done:?}"
            );
        }
    }
}
