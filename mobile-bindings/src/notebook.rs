//! The notebook that an app holds: opening, suspending, shutting.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use xuncha_core::host::Host;
use xuncha_core::notebook::Notebook as Core;
use xuncha_core::sync::HttpService;

use crate::host::{Conditions, KeyStore, Keys, path};
use crate::runtime::Errands;
use crate::{FieldError, OpenFault};

type Result<T> = std::result::Result<T, FieldError>;

/// One phone's half of a city's ledger, in one folder. Open one for a folder and keep it as long as the app runs.
///
/// Every call is durable when it returns, and whole or not at all. None but the suspending ones wait for a network.
/// All may be made from any thread, also while a sync is running. Those that do not suspend take some milliseconds
/// of the storage: call them off the main thread.
#[derive(Debug, uniffi::Object)]
pub struct Notebook {
    state: RwLock<State>,
    /// What is under way.
    pub(crate) errands: Errands,
    pub(crate) host: App,
    /// The server that was asked last, so that its connections are used again.
    server: RwLock<Option<(String, HttpService)>>,
}

/// What the app handed in besides its keys.
pub(crate) struct App {
    pub(crate) conditions: Option<Arc<dyn Conditions>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

#[derive(Debug)]
enum State {
    Open(Core),
    Suspended(Core),
    Shut,
}

#[uniffi::export]
impl Notebook {
    /// Opens the notebook in `folder`, or creates it where there is none. The folder must not be part of a backup:
    /// a notebook that is restored beside its twin would speak with two mouths.
    ///
    /// Without `conditions` every network is taken for an unmetered Wi-Fi.
    ///
    /// Throws `Unopened` with what to do about it; nothing was touched then. A crash leaves nothing, or a whole
    /// notebook.
    #[uniffi::constructor(default(conditions = None))]
    pub fn open(
        folder: String,
        keys: Arc<dyn KeyStore>,
        conditions: Option<Arc<dyn Conditions>>,
    ) -> Result<Arc<Notebook>> {
        let opened = Core::open(path("folder", &folder)?, Arc::new(Keys(keys)), Host::system());
        Ok(Notebook::around(opened.map_err(FieldError::of_opening)?, conditions))
    }

    /// Opens a notebook whose key is missing or wrong, with a new key: what was not judged yet is said again.
    /// Recording goes on; enrol again before the next sync. One whose key is here is simply opened.
    #[uniffi::constructor(default(conditions = None))]
    pub fn open_as_new_device(
        folder: String,
        keys: Arc<dyn KeyStore>,
        conditions: Option<Arc<dyn Conditions>>,
    ) -> Result<Arc<Notebook>> {
        let opened = Core::open_as_new_device(path("folder", &folder)?, Arc::new(Keys(keys)), Host::system());
        Ok(Notebook::around(opened.map_err(FieldError::of_opening)?, conditions))
    }

    /// Cancels what is under way, writes everything back and closes the database, so that the system may suspend
    /// or kill the app. Until `resume`, calls give `Unopened` with `Suspended`.
    ///
    /// Throws `Later` when the work in hand did not end within `deadline`: call again. Nothing is lost either way,
    /// also by a kill in between.
    pub fn suspend(&self, deadline: Duration) -> Result<()> {
        self.errands.cancel();
        let core = {
            let mut state = self.write();
            let (State::Open(core) | State::Suspended(core)) = &*state else { return Err(shut()) };
            let core = core.clone();
            *state = State::Suspended(core.clone());
            core
        };
        Ok(core.suspend(deadline.min(LONGEST))?)
    }

    /// Opens the database again after `suspend`. Nothing happens when it is open.
    pub fn resume(&self) -> Result<()> {
        let mut state = self.write();
        let core = match &*state {
            State::Open(_) => return Ok(()),
            State::Suspended(core) => core.clone(),
            State::Shut => return Err(shut()),
        };
        core.resume().map_err(FieldError::of_opening)?;
        *state = State::Open(core);
        Ok(())
    }

    /// Cancels what is under way and closes for good; the folder may be opened again. Later calls give `Unopened`
    /// with `Shut`. Shutting twice is once.
    pub fn shut(&self) {
        self.errands.cancel();
        let before = std::mem::replace(&mut *self.write(), State::Shut);
        if let State::Open(core) | State::Suspended(core) = before {
            // Where some work holds on longer than this, it closes the database when it ends.
            drop(core.suspend(LONGEST));
        }
    }

    /// Cancels every sync, enrolment and fetch that is under way; each gives `Later`. What it has done stays.
    pub fn cancel(&self) {
        self.errands.cancel();
    }

    /// What is wrong with this notebook, a line each; empty when nothing is. For tests and support: reads all of it.
    pub fn check(&self) -> Result<Vec<String>> {
        Ok(self.core()?.check()?)
    }
}

impl Notebook {
    fn around(core: Core, conditions: Option<Arc<dyn Conditions>>) -> Arc<Notebook> {
        Arc::new(Notebook {
            state: RwLock::new(State::Open(core)),
            errands: Errands::default(),
            host: App { conditions },
            server: RwLock::new(None),
        })
    }

    /// The notebook, if it is open.
    pub(crate) fn core(&self) -> Result<Core> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(core) => Ok(core.clone()),
            State::Suspended(_) => Err(FieldError::unopened(OpenFault::Suspended, "the notebook is suspended")),
            State::Shut => Err(shut()),
        }
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way to the server at `address`.
    pub(crate) fn way_to(&self, address: &str) -> Result<HttpService> {
        let mut server = self.server.write().unwrap_or_else(PoisonError::into_inner);
        match &*server {
            Some((known, service)) if known == address => Ok(service.clone()),
            _ => {
                let service = HttpService::new(address)?;
                *server = Some((address.to_owned(), service.clone()));
                Ok(service)
            }
        }
    }

    /// The server that this notebook is enrolled at.
    pub(crate) fn server(&self) -> Result<HttpService> {
        let address = self.core()?.server()?.ok_or(xuncha_core::Error::NotEnrolled)?;
        self.way_to(&address)
    }
}

impl Drop for Notebook {
    fn drop(&mut self) {
        self.shut();
    }
}

fn shut() -> FieldError {
    FieldError::unopened(OpenFault::Shut, "the notebook was shut")
}

/// No system waits longer for an app that is being suspended.
const LONGEST: Duration = Duration::from_secs(10);
