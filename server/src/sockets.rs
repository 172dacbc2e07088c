//! A thread that reads from and writes to sockets, for callers that wait where they may block.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::unconstrained;

/// Drives what others wait for; ends when it is dropped.
pub(crate) struct Sockets {
    runtime: Handle,
    /// Ends the thread when it is dropped.
    _stop: oneshot::Sender<()>,
}

impl Sockets {
    /// Starts the thread `name`.
    pub(crate) fn start(name: &str) -> io::Result<Sockets> {
        let sockets = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (runtime, (stop, stopped)) = (sockets.handle().clone(), oneshot::channel::<()>());
        thread::Builder::new().name(name.to_owned()).spawn(move || drop(sockets.block_on(stopped)))?;
        Ok(Sockets { runtime, _stop: stop })
    }

    /// What [`wait`] needs.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Waits here for `work`, whose sockets are driven there.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        wait(&self.runtime, work)
    }
}

/// Waits here for `work`, whose sockets are driven by the thread of `runtime`.
pub(crate) fn wait<T>(runtime: &Handle, work: impl Future<Output = T>) -> T {
    let _entered = runtime.enter();
    // Unconstrained: a caller within a task of tokio's would be told to yield, and cannot.
    futures_executor::block_on(unconstrained(work))
}
