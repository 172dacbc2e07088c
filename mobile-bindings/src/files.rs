//! Files: what is stuck, freeing space, and carrying away by hand.

use std::collections::HashMap;

use xuncha_core::model::Hash;
use xuncha_core::notebook::{Exported, FileFault, Freed};
use xuncha_core::sync::{self, FilePolicy, SyncOptions};

use crate::host::{conditions, path};
use crate::{FieldError, Notebook};

type Result<T> = std::result::Result<T, FieldError>;

/// One request that sends the rest of a file: a PATCH whose body is the bytes of the file at `path` from `offset` on.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct UploadPart {
    /// SHA-256 of the whole file.
    pub hash: Hash,
    /// Length of the whole file in bytes.
    pub len: u64,
    /// What it is: `original`, `display`, `thumbnail`.
    pub role: String,
    /// The notebook's own file; only to be read.
    pub path: String,
    /// First byte to be sent.
    pub offset: u64,
    /// Address of the upload.
    pub url: String,
    /// Headers, with the device's token among them: not to be written down anywhere.
    pub headers: HashMap<String, String>,
}

impl UploadPart {
    fn of(part: sync::UploadPart) -> Result<UploadPart> {
        Ok(UploadPart {
            hash: part.blob.hash,
            len: part.blob.len,
            role: part.blob.role,
            path: crate::photos::text(part.path)?,
            offset: part.offset,
            url: part.url,
            headers: part.headers.into_iter().collect(),
        })
    }
}

#[uniffi::export]
impl Notebook {
    /// Begins uploads of at most `most` files that may be sent now, for the system to send while the app is
    /// suspended, such as by a background URLSession. Any of them may be lost or doubled: the next sync asks the
    /// server where each file stands and goes on there.
    ///
    /// Throws as `sync`.
    #[uniffi::method(default(files = None, most = 20))]
    pub async fn hand_over_uploads(&self, files: Option<FilePolicy>, most: u32) -> Result<Vec<UploadPart>> {
        let (core, server) = (self.core()?, self.server()?);
        let conditions = conditions(self.host.conditions.as_ref())?;
        let options = SyncOptions { conditions, policy: files.unwrap_or_default(), ..SyncOptions::default() };
        let handing = async move {
            let parts = core.hand_over(&server, most as usize, &options).await?;
            parts.into_iter().map(UploadPart::of).collect()
        };
        self.errands.run(handing).await
    }

    /// Files that the server does not take, or that are damaged here.
    pub fn file_faults(&self) -> Result<Vec<FileFault>> {
        Ok(self.core()?.file_faults()?)
    }

    /// Files that are stuck are tried again at the next sync; gives how many.
    pub fn retry_files(&self) -> Result<u64> {
        Ok(self.core()?.retry_files()?)
    }

    /// Deletes originals and display copies that the server keeps and a backup covers; thumbnails stay, and what was
    /// freed can be fetched again.
    pub async fn free_space(&self) -> Result<Freed> {
        let core = self.core()?;
        self.errands.work(move || Ok(core.free_space()?)).await
    }

    /// Writes everything that was not sent yet to a new file at `path`, to be carried to the server's administrator
    /// by hand. Nothing leaves the notebook. The file appears whole and durable or, after a crash, not at all.
    ///
    /// Throws `Invalid` naming `file` when there is one already.
    pub async fn export_bundle(&self, path: String) -> Result<Exported> {
        let core = self.core()?;
        let file = self::path("file", &path)?.to_owned();
        self.errands.work(move || Ok(core.export_bundle(&file)?)).await
    }
}
