//! Bytes arriving: blocks are written and synced while the next ones are received.
//!
//! Whatever ends a request (its end, a broken connection, silence, a newer request), what has come
//! is made durable first. The work outlives the connection that asked for it.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::{Content, ServiceError};

use super::turns::Turn;
use super::writer::Writer;
use super::{Announced, Blobs};
use crate::ledger::Caller;
use crate::problem::refusal;
use crate::store::UploadRow;

/// Most bytes that are written at once. Of one upload a block is in the making, one may wait for its
/// sync, and one is being synced: a server that dies has no more than these sent to it again.
pub(super) const BLOCK: usize = 1024 * 1024;

/// Bytes of [`Content`] read at once.
const PIECE: usize = 256 * 1024;

/// This many bytes are made durable once nothing has come for [`PAUSE`].
const WORTH: usize = 1024;

const PAUSE: Duration = Duration::from_secs(2);

/// A preempted request has no more bytes on the way once none came for this long.
const LULL: Duration = Duration::from_millis(20);

/// Longest that whoever preempts waits for the bytes of a request that is alive.
const LAST: Duration = Duration::from_millis(500);

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

impl Blobs {
    /// Begins the upload of a file, or finds the one that this device began for it before, and
    /// takes the bytes that come along when it is new. `promised` is the digest of these bytes.
    ///
    /// # Errors
    /// Whatever closes the door; what came before is kept.
    pub async fn begin<S: Source>(
        self: &Arc<Self>,
        caller: Caller,
        announced: Announced,
        source: Option<S>,
        promised: Option<Hash>,
    ) -> Result<UploadRow, ServiceError> {
        let asker = caller.clone();
        let row = self.blocking(move |blobs| blobs.find_or_begin(&asker, &announced)).await?;
        let turn = self.turns.take(&row.id).await;
        let asker = caller.clone();
        let row = self.blocking(move |blobs| blobs.standing(&asker, &row.id)).await?;
        match source {
            // Bytes that come along are the file's first ones, and of use to a new upload only.
            Some(source) if row.offset == 0 => self.take_in(caller, row, turn, source, promised).await,
            _ => Ok(row),
        }
    }

    /// Takes bytes behind `offset`. `coming` is how many, when the request says so.
    ///
    /// # Errors
    /// `upload_gone`, `offset_mismatch`, `too_large`, `hash_mismatch`, `storage_full`; `unavailable`
    /// when the connection broke or a newer request came: what came until then is kept.
    pub async fn append<S: Source>(
        self: &Arc<Self>,
        caller: Caller,
        id: String,
        offset: u64,
        coming: Option<u64>,
        source: S,
        promised: Option<Hash>,
    ) -> Result<UploadRow, ServiceError> {
        let (turn, row) = self.reach(&caller, id).await?;
        if row.offset != offset {
            let detail = format!("Upload-Offset: the upload stands at {}", row.offset);
            return Err(refusal(Code::OffsetMismatch, detail));
        }
        if coming.is_some_and(|coming| coming > row.len - row.offset) {
            return Err(more_than_announced());
        }
        if row.offset == row.len {
            return Ok(row);
        }
        self.take_in(caller, row, turn, source, promised).await
    }

    /// How far the upload `id` has come.
    ///
    /// # Errors
    /// `upload_gone`, or a door that is closed.
    pub async fn progress(self: &Arc<Self>, caller: Caller, id: String) -> Result<UploadRow, ServiceError> {
        self.reach(&caller, id).await.map(|(_, row)| row)
    }

    /// Gives the upload `id` up; a file that is whole stays.
    ///
    /// # Errors
    /// `upload_gone`, or a door that is closed.
    pub async fn cancel(self: &Arc<Self>, caller: Caller, id: String) -> Result<(), ServiceError> {
        let (turn, row) = self.reach(&caller, id).await?;
        self.blocking(move |blobs| blobs.give_up(&row)).await?;
        drop(turn);
        Ok(())
    }

    /// The upload as it stands once everybody before has let go of it.
    async fn reach(self: &Arc<Self>, caller: &Caller, id: String) -> Result<(Turn, UploadRow), ServiceError> {
        let (asker, name) = (caller.clone(), id.clone());
        // Asked first: nobody may disturb an upload of another device.
        self.blocking(move |blobs| blobs.standing(&asker, &name)).await?;
        let turn = self.turns.take(&id).await;
        let asker = caller.clone();
        let row = self.blocking(move |blobs| blobs.standing(&asker, &id)).await?;
        Ok((turn, row))
    }

    async fn take_in<S: Source>(
        self: &Arc<Self>,
        caller: Caller,
        row: UploadRow,
        turn: Turn,
        source: S,
        promised: Option<Hash>,
    ) -> Result<UploadRow, ServiceError> {
        let blobs = self.clone();
        // A task of its own: when the connection dies its request is dropped, and what has come
        // must be made durable all the same.
        let work = tokio::spawn(async move {
            let opener = blobs.clone();
            let opened = blobs.blocking(move |_| Writer::open(opener, caller, row, promised)).await?;
            let (left, memory, most) = (opened.left(), blobs.coming.clone(), blobs.bounds.memory);
            let (block, held, desk) = (Vec::new(), None, Desk::Free(Box::new(opened)));
            let intake = Intake { left, memory, most, block, held, desk };
            intake.run(source, turn, blobs.bounds.idle).await
        });
        work.await.unwrap_or_else(|_| Err(refusal(Code::Internal, None)))
    }
}

fn more_than_announced() -> ServiceError {
    refusal(Code::TooLarge, "Upload-Length: more bytes came than were announced".to_owned())
}

/// The writer, or the block that it is busy with.
enum Desk {
    Free(Box<Writer>),
    Busy(JoinHandle<(Box<Writer>, Result<(), ServiceError>)>),
    Lost,
}

/// One request while its bytes come in.
struct Intake {
    /// Bytes that the upload still lacks, those in `block` not counted.
    left: u64,
    memory: Arc<Semaphore>,
    /// All there is of `memory`.
    most: usize,
    block: Vec<u8>,
    /// Room in memory for what `block` holds.
    held: Option<OwnedSemaphorePermit>,
    desk: Desk,
}

/// Why no more bytes come.
enum End {
    /// The file is complete.
    Whole,
    /// The request is at its end.
    Request,
    /// The connection broke, or nothing came for too long.
    Broken,
    /// Somebody newer is here, or the server stops.
    Preempted,
    /// More came than was announced.
    TooMuch,
}

impl Intake {
    async fn run<S: Source>(mut self, source: S, mut turn: Turn, idle: Duration) -> Result<UploadRow, ServiceError> {
        let end = self.receive(source, &mut turn, idle).await?;
        self.flush().await?;
        let writer = self.writer().await?;
        let settled = tokio::task::spawn_blocking(move || match end {
            End::Whole => writer.finish(),
            End::Request => writer.pause(true),
            End::TooMuch => writer.pause(false).and(Err(more_than_announced())),
            End::Broken => writer.pause(false).and(Err(refusal(Code::Unavailable, "the bytes broke off".to_owned()))),
            End::Preempted => {
                let why = "a newer request for this upload came, or the server stops".to_owned();
                writer.pause(false).and(Err(refusal(Code::Unavailable, why)))
            }
        });
        let settled = settled.await.unwrap_or_else(|_| Err(refusal(Code::Internal, None)));
        drop(turn);
        settled
    }

    async fn receive<S: Source>(
        &mut self,
        mut source: S,
        turn: &mut Turn,
        idle: Duration,
    ) -> Result<End, ServiceError> {
        let mut silent = Duration::ZERO;
        while self.left > 0 {
            let restless = self.block.len() >= WORTH && silent < PAUSE;
            let wait = if restless { PAUSE.min(idle) } else { idle.saturating_sub(silent) };
            let next = tokio::select! {
                biased;
                () = turn.preempted() => return self.last_of(source, turn).await,
                next = timeout(wait, source.next()) => next,
            };
            match next {
                Ok(Ok(Some(bytes))) if bytes.len() as u64 > self.left => return Ok(End::TooMuch),
                Ok(Ok(Some(bytes))) => {
                    silent = Duration::ZERO;
                    if !self.take(bytes, turn).await? {
                        return Ok(End::Preempted);
                    }
                }
                Ok(Ok(None)) => return Ok(End::Request),
                Ok(Err(_)) => return Ok(End::Broken),
                Err(_) => {
                    silent += wait;
                    if silent >= idle {
                        return Ok(End::Broken);
                    }
                    self.flush().await?;
                }
            }
        }
        Ok(End::Whole)
    }

    /// Takes what has come already and lies between the network and us: of a dead connection that
    /// is all there ever will be, and whoever preempts would only have to send it again.
    async fn last_of<S: Source>(&mut self, mut source: S, turn: &mut Turn) -> Result<End, ServiceError> {
        let last = async {
            while let Ok(Ok(Some(bytes))) = timeout(LULL, source.next()).await {
                if bytes.len() as u64 > self.left || !self.take(bytes, turn).await? {
                    break;
                }
            }
            Ok(())
        };
        timeout(LAST, last).await.unwrap_or(Ok(()))?;
        Ok(if self.left == 0 { End::Whole } else { End::Preempted })
    }

    /// Adds bytes to the block. False when somebody newer came while there was no memory for them.
    async fn take(&mut self, bytes: Bytes, turn: &mut Turn) -> Result<bool, ServiceError> {
        if self.block.len() + bytes.len() > BLOCK {
            self.flush().await?;
        }
        let count = u32::try_from(bytes.len().min(self.most)).unwrap_or(u32::MAX);
        let room = match self.memory.clone().try_acquire_many_owned(count) {
            Ok(room) => room,
            Err(_) => {
                // Whoever waits for memory must hold none, or all would wait for each other.
                self.flush().await?;
                let writer = self.writer().await?;
                self.desk = Desk::Free(writer);
                tokio::select! {
                    biased;
                    () = turn.preempted() => return Ok(false),
                    room = self.memory.clone().acquire_many_owned(count) => {
                        room.map_err(|_| refusal(Code::Unavailable, None))?
                    }
                }
            }
        };
        match &mut self.held {
            Some(held) => held.merge(room),
            None => self.held = Some(room),
        }
        self.add(&bytes);
        Ok(true)
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.block.capacity() == 0 {
            self.block.reserve_exact(BLOCK.min(usize::try_from(self.left).unwrap_or(BLOCK)));
        }
        self.left -= bytes.len() as u64;
        self.block.extend_from_slice(bytes);
    }

    /// Hands the block to the writer once that is free, and does not wait until it is written.
    async fn flush(&mut self) -> Result<(), ServiceError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let mut writer = self.writer().await?;
        let (block, held) = (std::mem::take(&mut self.block), self.held.take());
        self.desk = Desk::Busy(tokio::task::spawn_blocking(move || {
            let done = writer.put(&block);
            drop(held);
            (writer, done)
        }));
        Ok(())
    }

    /// The writer, once it is free; fails with what befell the block before.
    async fn writer(&mut self) -> Result<Box<Writer>, ServiceError> {
        if let Desk::Busy(busy) = &mut self.desk {
            let (writer, done) = busy.await.map_err(|_| refusal(Code::Internal, None))?;
            self.desk = Desk::Free(writer);
            done?;
        }
        match std::mem::replace(&mut self.desk, Desk::Lost) {
            Desk::Free(writer) => Ok(writer),
            _ => Err(refusal(Code::Internal, None)),
        }
    }
}
