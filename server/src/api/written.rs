//! Bodies that are written while they are read: as much is held as goes out at once, however long the whole is.

use std::io::{self, Write};

use axum::body::{Body, Bytes};
use http_body_util::channel::{Channel, Sender};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use xuncha_core::model::Code;
use xuncha_core::protocol::ServiceError;

use super::blobs::{PIECE, STALLED};
use super::{Inner, Service};
use crate::problem::refusal;

/// Bodies that are written at the same time: each takes a thread.
pub(super) const AT_ONCE: usize = 4;

/// The way to one reader.
struct Way {
    sender: Sender<Bytes, io::Error>,
    runtime: Handle,
    gathered: Vec<u8>,
}

impl Way {
    /// Waits until the connection takes what was gathered, but not for ever.
    fn give(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE)));
        let sent = self.runtime.block_on(async { timeout(STALLED, self.sender.send_data(piece)).await });
        match sent {
            Ok(Ok(())) => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads any more")),
        }
    }
}

impl Write for Way {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE {
            self.give()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Service {
    /// Room for one more body that is written while it is read.
    ///
    /// # Errors
    /// `too_many`.
    pub(super) fn writing_room(&self) -> Result<OwnedSemaphorePermit, ServiceError> {
        let busy = |_| refusal(Code::TooMany, format!("{AT_ONCE} downloads are under way; try again soon"));
        self.inner.writing.clone().try_acquire_owned().map_err(busy)
    }

    /// A body that `work` writes. When it fails, the reader sees a body that is cut short.
    pub(super) fn written(
        &self,
        room: OwnedSemaphorePermit,
        work: impl FnOnce(&Inner, &mut (dyn Write + Send)) -> io::Result<()> + Send + 'static,
    ) -> Body {
        let (sender, body) = Channel::<Bytes, io::Error>::new(1);
        let inner = self.inner.clone();
        let mut way = Way { sender, runtime: Handle::current(), gathered: Vec::with_capacity(PIECE) };
        tokio::task::spawn_blocking(move || {
            if let Err(error) = work(&inner, &mut way).and_then(|()| way.give()) {
                if error.kind() != io::ErrorKind::BrokenPipe {
                    tracing::error!(%error, "a download was broken off");
                }
                way.sender.abort(error);
            }
            drop(room);
        });
        Body::new(body)
    }
}
