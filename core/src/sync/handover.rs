//! Files handed over to somebody else to send: what a request is made of, for a system that goes on
//! uploading while the app is suspended.

use std::path::PathBuf;

use reqwest::Method;

use super::http::{HttpService, authorised};
use super::upload::may_be_sent;
use super::{Errand, Synced};
use crate::Result;
use crate::model::BlobRef;
use crate::protocol::{ServiceError, SyncService as _, Token, Upload, paths};
use crate::store::WaitingFile;

/// One request that sends the rest of a file: a PATCH with these headers, whose body is the bytes of
/// `path` from `offset` on. What came of it need not be said: the next sync asks the server.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// The file.
    pub blob: BlobRef,
    /// Where its bytes are; the notebook's own, only to be read.
    pub path: PathBuf,
    /// First byte to be sent.
    pub offset: u64,
    /// Address of the upload.
    pub url: String,
    /// Headers, with the device's token among them: not to be written down anywhere.
    pub headers: Vec<(String, String)>,
}

impl std::fmt::Debug for UploadPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not its headers: there is a token in them.
        f.debug_struct("UploadPart").field("blob", &self.blob).field("offset", &self.offset).finish_non_exhaustive()
    }
}

impl Errand<'_, HttpService> {
    /// Has the server begin uploads of at most `most` files that may be sent now, and says how their
    /// bytes are sent. A file that the server has whole by then is not among them.
    pub(crate) async fn hand_over(&self, most: usize) -> Result<Vec<UploadPart>> {
        let (.., logins) = self.account()?;
        let Some(login) = logins.first() else { return Ok(Vec::new()) };
        let files = self.door.with(|store| store.files_waiting(true))?;
        let may = files.into_iter().filter(|file| may_be_sent(file, self.options));
        let (mut parts, mut synced) = (Vec::new(), Synced::default());
        for file in may.take(most) {
            // Before anything is begun: from now on a sync asks first where the server stands.
            self.door.with(|store| store.file_tried(&file.blob.hash))?;
            let begin = || self.service.begin_upload(&login.token, &file.blob, None);
            let begun = super::ask(self.door.host(), self.options, self.progress, &mut synced.requests, begin).await?;
            match begun.offset < file.blob.len {
                true => parts.push(part(self.service, &login.token, file, &begun)?),
                false => self.door.with(|store| store.file_sent(&file.blob.hash))?,
            }
        }
        Ok(parts)
    }
}

fn part(
    service: &HttpService,
    token: &Token,
    file: WaitingFile,
    upload: &Upload,
) -> std::result::Result<UploadPart, ServiceError> {
    let path = format!("{}/{}", paths::UPLOADS, upload.id);
    let request = authorised(&path, service.request(Method::PATCH, &path), token)?;
    let request = super::tus::rest_of(request, upload.offset).build();
    let request = request.map_err(|error| super::http::offline(&path, error))?;
    let headers = request.headers().iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let (url, headers) = (request.url().to_string(), headers.collect());
    Ok(UploadPart { blob: file.blob, path: file.path, offset: upload.offset, url, headers })
}
