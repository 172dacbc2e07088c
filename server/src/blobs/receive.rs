//! Requests about uploads, as they come: found or begun, taken in turn, filled with bytes.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::ServiceError;

use super::intake::{Intake, more_than_announced};
use super::source::Source;
use super::turns::Turn;
use super::writer::Writer;
use super::{Announced, Blobs, stands_at};
use crate::auth::Person;
use crate::problem::refusal;
use crate::store::UploadRow;

/// Bytes that are received though they are of no use.
const FEW: usize = 1024 * 1024;

const SOON: Duration = Duration::from_secs(2);

impl Blobs {
    /// Begins the upload of a file, or finds the one that this device began for it before, and
    /// takes the bytes that come along when it is new. `promised` is the digest of these bytes.
    ///
    /// # Errors
    /// Whatever closes the door; what came before is kept.
    pub async fn begin<S: Source>(
        self: &Arc<Self>,
        caller: Person,
        announced: Announced,
        source: Option<S>,
        promised: Option<Hash>,
    ) -> Result<UploadRow, ServiceError> {
        let blobs = self.clone();
        apart(async move {
            let bytes = source.is_some();
            let row = blobs.blocking(move |blobs| blobs.find_or_begin(&caller, &announced, bytes)).await?;
            let turn = blobs.turns.take(&row.id).await;
            let row = blobs.blocking(move |blobs| blobs.standing(&caller, &row.id)).await?;
            match source {
                // Bytes that come along are the file's first ones, and of use to a new upload only.
                Some(source) if row.offset == 0 => blobs.take_in(caller, row, turn, source, promised).await,
                Some(source) => {
                    pass_over(source).await;
                    Ok(row)
                }
                None => Ok(row),
            }
        })
        .await
    }

    /// Takes bytes behind `offset`. `coming` is how many, when the request says so.
    ///
    /// # Errors
    /// `upload_gone`, `offset_mismatch`, `too_large`, `hash_mismatch`, `storage_full`; `unavailable`
    /// when the connection broke or a newer request came: what came until then is kept.
    pub async fn append<S: Source>(
        self: &Arc<Self>,
        caller: Person,
        id: String,
        offset: u64,
        coming: Option<u64>,
        source: S,
        promised: Option<Hash>,
    ) -> Result<UploadRow, ServiceError> {
        let blobs = self.clone();
        apart(async move {
            let (turn, row) = blobs.reach(caller, id).await?;
            if row.offset != offset {
                return Err(stands_at(row.offset));
            }
            if coming.is_some_and(|coming| coming > row.len - row.offset) {
                return Err(more_than_announced());
            }
            if row.offset == row.len {
                return Ok(row);
            }
            blobs.take_in(caller, row, turn, source, promised).await
        })
        .await
    }

    /// How far the upload `id` has come.
    ///
    /// # Errors
    /// `upload_gone`, or a door that is closed.
    pub async fn progress(self: &Arc<Self>, caller: Person, id: String) -> Result<UploadRow, ServiceError> {
        self.reach(caller, id).await.map(|(_, row)| row)
    }

    /// Gives the upload `id` up; a file that is whole stays.
    ///
    /// # Errors
    /// `upload_gone`, or a door that is closed.
    pub async fn cancel(self: &Arc<Self>, caller: Person, id: String) -> Result<(), ServiceError> {
        let (turn, row) = self.reach(caller, id).await?;
        self.blocking(move |blobs| blobs.give_up(&row)).await?;
        drop(turn);
        Ok(())
    }

    /// The upload as it stands once everybody before has let go of it.
    async fn reach(self: &Arc<Self>, caller: Person, id: String) -> Result<(Turn, UploadRow), ServiceError> {
        let name = id.clone();
        // Asked first: nobody may disturb an upload of somebody else.
        self.blocking(move |blobs| blobs.owns(&caller, &name)).await?;
        let turn = self.turns.take(&id).await;
        let row = self.blocking(move |blobs| blobs.standing(&caller, &id)).await?;
        Ok((turn, row))
    }

    async fn take_in<S: Source>(
        self: &Arc<Self>,
        caller: Person,
        row: UploadRow,
        turn: Turn,
        source: S,
        promised: Option<Hash>,
    ) -> Result<UploadRow, ServiceError> {
        let opener = self.clone();
        let opened = self.blocking(move |_| Writer::open(opener, caller, row, promised)).await?;
        let intake = Intake::new(opened, self.coming.clone(), self.bounds.memory);
        intake.run(source, turn, self.bounds.idle).await
    }
}

/// Does it in a task of its own: when the connection dies its request is dropped, and what has come
/// must be made durable all the same. From the first step on, or a phone whose line dies behind each of
/// its last bytes would never come to an end.
async fn apart(
    work: impl Future<Output = Result<UploadRow, ServiceError>> + Send + 'static,
) -> Result<UploadRow, ServiceError> {
    tokio::spawn(work).await.unwrap_or_else(|_| Err(refusal(Code::Internal, None)))
}

/// Receives bytes that are of no use, when there are few: a connection that is closed over them may
/// take the reply with it.
async fn pass_over<S: Source>(mut source: S) {
    let few = async {
        let mut passed = 0;
        while let Ok(Some(bytes)) = source.next().await {
            passed += bytes.len();
            if passed > FEW {
                break;
            }
        }
    };
    // Longer than that nobody waits for bytes that nobody wants.
    drop(timeout(SOON, few).await);
}
