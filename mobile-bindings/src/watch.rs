//! Being told of changes.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::AbortHandle;

use crate::runtime::begin;
use crate::{ChangeListener, FieldError, Notebook};

/// Keeps a listener told; cancel it when nobody looks any more. Freeing it cancels it too.
#[derive(Debug, uniffi::Object)]
pub struct Subscription {
    task: AbortHandle,
    fault: Arc<Mutex<Option<String>>>,
}

#[uniffi::export]
impl Notebook {
    /// Has `listener` told of every change from now on; first of all once, so that it shows what is there. Ends
    /// with the subscription, or when the notebook is shut.
    pub fn watch(&self, listener: Arc<dyn ChangeListener>) -> Result<Arc<Subscription>, FieldError> {
        let mut changes = self.core()?.changes();
        let fault = Arc::new(Mutex::new(None));
        let kept = fault.clone();
        let task = begin(async move {
            loop {
                let listener = listener.clone();
                // A listener may take its time, or call the notebook: not on a thread that a sync runs on.
                let told = tokio::task::spawn_blocking(move || listener.changed()).await;
                let thrown = match told {
                    Ok(Ok(())) => None,
                    Ok(Err(error)) => Some(error.to_string()),
                    Err(error) => Some(error.to_string()),
                };
                if thrown.is_some() {
                    *kept.lock().unwrap_or_else(PoisonError::into_inner) = thrown;
                    return;
                }
                if !changes.next().await {
                    return;
                }
            }
        })?;
        Ok(Arc::new(Subscription { task: task.abort_handle(), fault }))
    }
}

#[uniffi::export]
impl Subscription {
    /// The listener is not told any more. It may hear a last word that was on its way.
    pub fn cancel(&self) {
        self.task.abort();
    }

    /// What the listener threw; none when it did not.
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.cancel();
    }
}
