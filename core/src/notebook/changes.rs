//! Waiting for the next change, so that what is shown can be read again.

use tokio::sync::watch;

use super::Notebook;

/// Hears of changes to one notebook: edits, pages of a sync, files that were sent. What happened while nobody was
/// waiting is told at once, and once.
#[derive(Debug)]
pub struct Changes(watch::Receiver<u64>);

impl Changes {
    /// Waits for a change since the last call, or since [`Notebook::changes`]. False once the notebook is gone.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

impl Notebook {
    /// Hears of every change from now on. What changed is not said: read again what is shown, a page of it. Some
    /// changes alter nothing that is shown, such as an op that was marked as sent.
    pub fn changes(&self) -> Changes {
        Changes(self.shared.door.written())
    }
}
