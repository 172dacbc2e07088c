//! Where the bytes of a request come from: a connection, or this machine.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use xuncha_core::protocol::Content;

/// Bytes of [`Content`] read at once.
const PIECE: usize = 256 * 1024;

/// Where the bytes of one request come from.
pub trait Source: Send + 'static {
    /// The next bytes; none at the end. A call that is given up loses nothing.
    fn next(&mut self) -> impl Future<Output = io::Result<Option<Bytes>>> + Send;
}

impl Source for Body {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match self.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(io::Error::other(error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => return Ok(Some(data)),
                    // Trailers say nothing that we asked for.
                    Err(_) => {}
                },
            }
        }
    }
}

/// Content of this machine, read piece by piece.
pub struct Pieces {
    content: Arc<dyn Content>,
    at: u64,
}

impl Pieces {
    /// From `at` on.
    pub fn new(content: Arc<dyn Content>, at: u64) -> Pieces {
        Pieces { content, at }
    }
}

impl Source for Pieces {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let (content, at) = (self.content.clone(), self.at);
        let read = tokio::task::spawn_blocking(move || {
            let mut buffer = vec![0; PIECE];
            let read = content.read_at(at, &mut buffer)?;
            buffer.truncate(read);
            Ok::<_, io::Error>(buffer)
        });
        let piece = read.await.map_err(io::Error::other)??;
        self.at += piece.len() as u64;
        Ok((!piece.is_empty()).then(|| Bytes::from(piece)))
    }
}
