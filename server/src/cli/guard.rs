//! The guard as a server meets it: compared at the start, and moved on while it runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use xuncha_core::host::Host;

use super::Failure;
use super::serve::ServeOptions;
use crate::ledger::{Guard, GuardError, remember, rolled_back};
use crate::settings::open_store;
use crate::store::{Head, Store, StoreError};

/// Time between two looks at what commands beside the server have written.
const LOOK: Duration = Duration::from_secs(10);

/// Fails unless the guard lies outside the data folder, in a folder that exists. Touches nothing.
pub(super) fn fits(path: &Path, data: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = |folder: &Path| folder.canonicalize().map_err(|error| Failure::io(folder.display(), &error));
    if whole(folder)?.starts_with(whole(data)?) {
        let detail = format!("{} lies in the data folder: what goes with the data guards nothing", path.display());
        return Err(Failure::new("guard_inside", detail));
    }
    Ok(())
}

/// Opens the store; makes one only where no guard says that there is a ledger, and then touches nothing.
pub(super) fn open_guarded(options: &ServeOptions) -> Result<Arc<dyn Store>, Failure> {
    let Some(guard) = options.guard.as_deref().filter(|guard| Guard::is_there(guard)) else {
        return Ok(open_store(&options.data, options.database.as_deref(), true)?);
    };
    match open_store(&options.data, options.database.as_deref(), false) {
        Ok(store) if store.look(|snapshot| snapshot.head())?.is_some() => Ok(store),
        Ok(_) | Err(StoreError::Missing(_)) => {
            let (guard, data) = (guard.display(), options.data.display());
            let detail =
                format!("{guard} guards a ledger, and there is none in {data}: restore it, or give another guard");
            Err(Failure::new("wrong_guard", detail))
        }
        Err(error) => Err(error.into()),
    }
}

/// Compares the ledger with its guard, before anything is written. A ledger that is behind stays so until
/// an epoch begins; one that is not is free again.
pub(super) fn compare(guard: &Guard, store: &dyn Store, host: &Host, head: &Head) -> Result<(), Failure> {
    let Some(seen) = guard.read(head)? else { return Ok(()) };
    remember(store, host, None, &seen)?;
    if is_rolled_back(store)? {
        // What is here now is what was put in place, whoever did it: nothing was written since.
        store.change(|batch| {
            let parted = batch.restored()?.map_or(head.size, |earlier| earlier.min(head.size));
            batch.put_restored(Some(parted))
        })?;
        return Ok(());
    }
    store.change(|batch| batch.drop_ahead(None))?;
    Ok(())
}

/// True while nothing may be written.
pub(super) fn is_rolled_back(store: &dyn Store) -> Result<bool, Failure> {
    let found = store.look(|snapshot| match snapshot.head()? {
        Some(head) => Ok(rolled_back(snapshot, &head)?.is_some()),
        None => Ok(false),
    });
    Ok(found?)
}

/// Moves the guard to where the ledger is at the start.
pub(super) fn follow(guard: &Guard, store: &dyn Store, host: &Host) -> Result<(), Failure> {
    match guard.follow(store) {
        Ok(()) => Ok(()),
        Err(GuardError::Ahead(seen)) => {
            remember(store, host, None, &seen)?;
            tracing::error!(
                epoch = seen.epoch,
                size = seen.size,
                "READ-ONLY: the guard has seen more than this ledger holds, an older backup was put in place. \
                 Restore a newer backup, or see `xuncha admin epoch --dry-run` and begin a new epoch"
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Moves the guard with what commands beside the server write, and with a new epoch.
pub(super) async fn watch(guard: Option<Arc<Guard>>, store: Arc<dyn Store>, host: Host) {
    let Some(guard) = guard else { return };
    loop {
        tokio::time::sleep(LOOK).await;
        let (guard, store, host) = (guard.clone(), store.clone(), host.clone());
        let work = move || match guard.follow(&*store) {
            Ok(()) => {}
            Err(GuardError::Ahead(seen)) => drop(remember(&*store, &host, None, &seen)),
            Err(error) => tracing::error!(%error, "the guard cannot be moved"),
        };
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!(%error, "the guard cannot be moved");
        }
    }
}

impl From<GuardError> for Failure {
    fn from(error: GuardError) -> Failure {
        match error {
            GuardError::Ahead(_) => Failure::new("ledger_rolled_back", error),
            GuardError::Foreign(_) => Failure::new("wrong_guard", error),
            GuardError::Disk { path, source } => Failure::io(path, &source),
            GuardError::Store(error) => StoreError::into(error),
        }
    }
}
