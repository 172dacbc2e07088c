//! Bytes arriving: parts are written, hashed and synced while the next ones are received.
//!
//! Whatever ends a request (its end, a broken connection, silence, a newer request), what has come
//! is made durable first.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use xuncha_core::model::Code;
use xuncha_core::protocol::ServiceError;

use super::source::Source;
use super::turns::Turn;
use super::writer::Writer;
use crate::problem::refusal;
use crate::store::UploadRow;

/// Most bytes that come before a sync of them begins. Of one upload two blocks at most are written and not
/// durable, and less than another is between the connection and the disk: a server that dies has no
/// more than three sent to it again.
pub(super) const BLOCK: usize = 1024 * 1024;

/// Most bytes that are written at once: the smaller, the less is left to do when the last ones have come.
pub(super) const PART: usize = 256 * 1024;

/// This many bytes are made durable once nothing has come for [`PAUSE`].
const WORTH: usize = 1024;

const PAUSE: Duration = Duration::from_secs(2);

/// A preempted request has no more bytes on the way once none came for this long.
const LULL: Duration = Duration::from_millis(20);

/// Longest that whoever preempts waits for the bytes of a request that is alive.
const LAST: Duration = Duration::from_millis(500);

pub(super) fn more_than_announced() -> ServiceError {
    refusal(Code::TooLarge, "Upload-Length: more bytes came than were announced".to_owned())
}

/// The writer, or the block that it is busy with.
enum Desk {
    Free(Box<Writer>),
    Busy(JoinHandle<(Box<Writer>, Result<(), ServiceError>)>),
    Lost,
}

/// One request while its bytes come in.
pub(super) struct Intake {
    /// Bytes that the upload still lacks, those in `block` not counted.
    left: u64,
    memory: Arc<Semaphore>,
    /// All there is of `memory`.
    most: usize,
    block: Vec<u8>,
    /// Room in memory for what `block` holds.
    held: Option<OwnedSemaphorePermit>,
    /// Bytes that the writer has got since the line was at rest: not all of them need be durable.
    loose: usize,
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
    /// Bytes for `writer`, of which at most `most` in all requests are held in `memory`.
    pub(super) fn new(writer: Writer, memory: Arc<Semaphore>, most: usize) -> Intake {
        let (left, block, desk) = (writer.left(), Vec::new(), Desk::Free(Box::new(writer)));
        Intake { left, memory, most, block, held: None, loose: 0, desk }
    }

    /// Receives until the source ends, breaks, falls silent for `idle`, or `turn` is over. What came
    /// is durable then, and the file is kept if it is complete.
    pub(super) async fn run<S: Source>(
        mut self,
        source: S,
        mut turn: Turn,
        idle: Duration,
    ) -> Result<UploadRow, ServiceError> {
        let received = self.receive_all(source, &mut turn, idle).await;
        let settled = tokio::task::spawn_blocking(move || match received {
            Ok((writer, end)) => settle(*writer, end),
            Err(error) => {
                // What the writer still does is done before anybody else has a turn.
                drop(self);
                Err(error)
            }
        });
        let settled = settled.await.unwrap_or_else(|_| Err(refusal(Code::Internal, None)));
        drop(turn);
        settled
    }

    async fn receive_all<S: Source>(
        &mut self,
        source: S,
        turn: &mut Turn,
        idle: Duration,
    ) -> Result<(Box<Writer>, End), ServiceError> {
        let end = self.receive(source, turn, idle).await?;
        self.flush(false).await?;
        Ok((self.writer().await?, end))
    }

    async fn receive<S: Source>(
        &mut self,
        mut source: S,
        turn: &mut Turn,
        idle: Duration,
    ) -> Result<End, ServiceError> {
        let mut silent = Duration::ZERO;
        while self.left > 0 {
            let restless = self.block.len() + self.loose >= WORTH && silent < PAUSE;
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
                    self.flush(true).await?;
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
        if self.block.len() + bytes.len() > PART {
            self.flush(false).await?;
        }
        let count = u32::try_from(bytes.len().min(self.most)).unwrap_or(u32::MAX);
        let room = match self.memory.clone().try_acquire_many_owned(count) {
            Ok(room) => room,
            Err(_) => {
                // Whoever waits for memory must hold none, or all would wait for each other.
                self.flush(false).await?;
                let mut writer = self.writer().await?;
                self.desk = Desk::Busy(tokio::task::spawn_blocking(move || {
                    let done = writer.let_go();
                    (writer, done)
                }));
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
        self.add(bytes).await?;
        Ok(true)
    }

    /// Large parts go to the writer as they came, small ones together.
    async fn add(&mut self, mut bytes: Bytes) -> Result<(), ServiceError> {
        while self.block.is_empty() && bytes.len() > PART / 2 {
            let part = bytes.split_to(bytes.len().min(PART));
            let held = if bytes.is_empty() { self.held.take() } else { None };
            let count = part.len() as u64;
            self.hand_over(part, held, false).await?;
            self.left -= count;
        }
        if self.block.capacity() == 0 && !bytes.is_empty() {
            self.block.reserve_exact(PART.min(usize::try_from(self.left).unwrap_or(PART)));
        }
        self.left -= bytes.len() as u64;
        self.block.extend_from_slice(&bytes);
        Ok(())
    }

    /// Hands what there is to the writer once that is free, and does not wait until it is written. At
    /// `rest` all that has come is made durable.
    async fn flush(&mut self, rest: bool) -> Result<(), ServiceError> {
        if self.block.is_empty() && !rest {
            return Ok(());
        }
        // Before the block is taken: whoever gives up waiting must find it where it was.
        let writer = self.writer().await?;
        self.desk = Desk::Free(writer);
        let (block, held) = (std::mem::take(&mut self.block), self.held.take());
        self.hand_over(block.into(), held, rest).await
    }

    async fn hand_over(
        &mut self,
        part: Bytes,
        held: Option<OwnedSemaphorePermit>,
        rest: bool,
    ) -> Result<(), ServiceError> {
        let mut writer = self.writer().await?;
        self.loose = if rest { 0 } else { self.loose + part.len() };
        self.desk = Desk::Busy(tokio::task::spawn_blocking(move || {
            let done = writer.put(part, held, rest);
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

/// Makes durable what came, and keeps the file if it is complete.
fn settle(writer: Writer, end: End) -> Result<UploadRow, ServiceError> {
    match end {
        End::Whole => writer.finish(),
        End::Request => writer.pause(true),
        End::TooMuch => writer.pause(false).and(Err(more_than_announced())),
        End::Broken => writer.pause(false).and(Err(refusal(Code::Unavailable, "the bytes broke off".to_owned()))),
        End::Preempted => {
            let why = "a newer request for this upload came, or the server stops".to_owned();
            writer.pause(false).and(Err(refusal(Code::Unavailable, why)))
        }
    }
}
