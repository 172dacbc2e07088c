//! Found and fixed on the spot.

use std::collections::BTreeMap;

use serde_json::json;

use super::Notebook;
use super::photo::{SealedPhoto, blobs_of, promise};
use super::record::{finding_of, raw};
use crate::Result;
use crate::model::{EntityId, OpId};
use crate::store::Saying;

impl Notebook {
    /// 即查即改: closes one's own finding at once, with photos of the same spot after it was put right; one op says it
    /// all. At most a day after it was recorded.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) naming `photos` when it has none from before or none from after,
    /// `photos/<id>` when that is the same picture as before, `at` when too much time has passed;
    /// [`Error::Refused`](crate::Error::Refused) with `not_allowed` when it is another's, with `state_changed` when it
    /// is no longer just reported. Nothing was recorded.
    pub fn fix_on_the_spot(&self, finding: EntityId, mut after: Vec<SealedPhoto>) -> Result<OpId> {
        for photo in &mut after {
            photo.photo.shows = Some("after".to_owned());
        }
        self.change_with(&after, |store| {
            let status = finding_of(store, finding)?.text("status").map(str::to_owned);
            let mut body = json!({});
            if !after.is_empty() {
                let photos: BTreeMap<_, _> = after.iter().map(|photo| (&photo.id, &photo.photo)).collect();
                body["photos"] = json!(photos);
            }
            let (id, kind, body) = (OpId(self.host().uuid()), "finding.fix", raw(&body)?);
            let blobs = blobs_of(&after);
            store.say(Saying { id, kind, entity: finding, body, from: status, blobs, supersedes: None })?;
            promise(store, finding, id, &after)?;
            Ok(id)
        })
    }
}
