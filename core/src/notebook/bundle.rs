//! What has not been sent, as one file to be carried by hand: for a phone that finds no network for
//! days, or whose owner must hand it in.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use zip::CompressionMethod;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Notebook;
use crate::model::Hash;
use crate::op::{Push, bundle_message};
use crate::photo::verify_file;
use crate::protocol::{
    BUNDLE_FORMAT, BundleManifest, BundlePush, MANIFEST_NAME, MAX_PUSH_OPS, SIGNATURE_NAME, file_name, push_name,
};
use crate::store::{Tried, WaitingFile, sync_folder, unreadable};
use crate::{Error, Result};

/// What an exported bundle holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Ops that were not judged yet.
    pub ops: u64,
    /// Files that were not sent yet.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Files that were to be sent and are not in it: those that are no longer what was sealed, see
    /// [`Notebook::file_faults`], and those that are gone, `files_lost` of [`Notebook::status`].
    pub left_out: u64,
}

impl Notebook {
    /// Writes everything that was not sent yet to `path`, as a bundle that the server's
    /// administrator takes in; see [`protocol`](crate::protocol::BundleManifest). Nothing leaves the
    /// notebook: the next sync learns that the ledger has it already. When nothing waits, no file is
    /// made.
    ///
    /// A photo that is damaged or gone is left out and counted; nothing else stays behind because of it. The file appears whole
    /// and durable or, after a crash, not at all.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`] before the first enrolment; [`Error::Invalid`] naming `file` when there
    /// is one already; [`Error::Full`] and [`Error::Storage`] when it cannot be written.
    pub fn export_bundle(&self, path: &Path) -> Result<Exported> {
        let _alone = self.alone()?;
        if path.exists() {
            return Err(Error::Invalid { field: "file".into(), detail: "exists already".into() });
        }
        let pushes = self.unsent_pushes()?;
        let (files, left_out) = self.whole_files()?;
        let ops = pushes.iter().map(|(_, ops)| ops).sum();
        if pushes.is_empty() && files.is_empty() {
            return Ok(Exported { left_out, ..Exported::default() });
        }
        let half = path.with_added_extension("part");
        let written = self.write_bundle(&half, &pushes, &files).and_then(|()| {
            fs::rename(&half, path).tried("name the bundle")?;
            sync_folder(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
        });
        if let Err(error) = written {
            // Half a bundle is of no use to anyone.
            drop(fs::remove_file(&half));
            return Err(error);
        }
        let bytes = files.iter().map(|file| file.blob.len).sum();
        Ok(Exported { ops, files: files.len() as u64, bytes, left_out })
    }

    /// The files that wait and are what was sealed, and how many others there are; what is wrong with those is kept beside them.
    fn whole_files(&self) -> Result<(Vec<WaitingFile>, u64)> {
        let (mut whole, mut unread) = (Vec::new(), 0);
        for file in self.read(|store| store.files_waiting(false))? {
            let hash = &file.blob.hash;
            let damage = match verify_file(&file.path, hash) {
                Ok(true) => {
                    whole.push(file);
                    continue;
                }
                Ok(false) => Some("its bytes are no longer those that were sealed"),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                // Perhaps only now: what is locked may be read tomorrow.
                Err(_) => {
                    unread += 1;
                    continue;
                }
            };
            unread += u64::from(damage.is_some());
            self.change(|store| match damage {
                Some(detail) => store.file_failed(hash, "damaged", detail),
                None => store.set_file_here(hash, false),
            })?;
        }
        Ok((whole, unread + self.read(|store| store.files_lost())?))
    }

    /// Signed pushes of what waits, as texts, each with the number of its ops.
    fn unsent_pushes(&self) -> Result<Vec<(String, u64)>> {
        let (mut pushes, mut after) = (Vec::new(), 0);
        loop {
            let text = self.shared.door.with(|store| {
                let membership = store.account()?.membership.ok_or(Error::NotEnrolled)?;
                let (batch, texts) = store.next_batch(after, MAX_PUSH_OPS)?;
                after = batch.last;
                let ops = batch.ids.len() as u64;
                if ops == 0 {
                    return Ok(None);
                }
                // Whoever carries the file away may bring it to the server.
                store.mark_sent(&batch)?;
                let push = Push::sign(membership.ledger, store.key(), texts);
                let push = push.map_err(|error| unreadable("op", error))?;
                let text = serde_json::to_string(&push).map_err(|error| unreadable("push", error))?;
                Ok(Some((text, ops)))
            })?;
            match text {
                Some(text) => pushes.push(text),
                None => return Ok(pushes),
            }
        }
    }

    fn write_bundle(&self, half: &Path, pushes: &[(String, u64)], files: &[WaitingFile]) -> Result<()> {
        let made = self.host().clock.wall();
        let of_push = |(text, ops): &(String, u64)| BundlePush {
            hash: Hash::of(text.as_bytes()),
            len: text.len() as u64,
            ops: *ops,
        };
        let (manifest, sig) = self.shared.door.with(|store| {
            let ledger = store.account()?.membership.ok_or(Error::NotEnrolled)?.ledger;
            let device = store.key().public().device();
            let manifest = BundleManifest {
                format: BUNDLE_FORMAT.to_owned(),
                ledger,
                device,
                made,
                pushes: pushes.iter().map(of_push).collect(),
                files: files.iter().map(|file| file.blob.clone()).collect(),
            };
            let manifest = serde_json::to_string(&manifest).map_err(|error| unreadable("manifest", error))?;
            let sig = store.key().sign(&bundle_message(ledger, &device, &Hash::of(manifest.as_bytes())));
            Ok((manifest, sig))
        })?;
        let file = File::create(half).tried("make the bundle")?;
        let mut zip = ZipWriter::new(BufWriter::new(file));
        entry(&mut zip, MANIFEST_NAME, &mut manifest.as_bytes())?;
        entry(&mut zip, SIGNATURE_NAME, &mut sig.to_string().as_bytes())?;
        for (n, (text, _)) in pushes.iter().enumerate() {
            entry(&mut zip, &push_name(n), &mut text.as_bytes())?;
        }
        for file in files {
            let mut bytes = File::open(&file.path).tried("read a photo")?;
            entry(&mut zip, &file_name(&file.blob.hash), &mut bytes)?;
        }
        let file = zip.finish().map_err(io::Error::from).tried("write the bundle")?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error).tried("write the bundle")?;
        file.sync_all().tried("sync the bundle")
    }
}

fn entry<W: Write + io::Seek>(zip: &mut ZipWriter<W>, name: &str, bytes: &mut dyn io::Read) -> Result<()> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file(name, options).map_err(io::Error::from).tried("write the bundle")?;
    io::copy(bytes, zip).tried("write the bundle")?;
    Ok(())
}
