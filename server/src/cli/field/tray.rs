//! Photos of one command: sealed before the record that refers to them, and thrown away when there is none.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use xuncha_core::model::Hash;
use xuncha_core::notebook::{Notebook, SealedPhoto, Shot};

use super::Failure;

/// What was sealed so far. What somebody had left here before, such as after a crash, is not touched.
pub(super) struct Tray<'a> {
    phone: &'a Notebook,
    before: BTreeSet<Hash>,
    sealed: Vec<SealedPhoto>,
}

/// Seals these files and has `record` refer to them. When one cannot be sealed or nothing comes of the record, no
/// photo is left behind: the files are still where they were.
pub(super) fn with_photos<T>(
    phone: &Notebook,
    files: &[PathBuf],
    recovered: &[Hash],
    shot: &Shot,
    record: impl FnOnce(Vec<SealedPhoto>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let before = match files {
        [] => BTreeSet::new(),
        _ => phone.recovered_photos()?.into_iter().map(|photo| photo.hash).collect(),
    };
    let mut tray = Tray { phone, before, sealed: Vec::new() };
    let done = tray.fill(files, recovered, shot).and_then(|()| record(tray.sealed.clone()));
    if done.is_err() {
        tray.clear();
    }
    done
}

impl Tray<'_> {
    fn fill(&mut self, files: &[PathBuf], recovered: &[Hash], shot: &Shot) -> Result<(), Failure> {
        for hash in recovered {
            self.sealed.push(self.phone.recovered_photo(hash, shot.clone())?);
        }
        for file in files {
            self.sealed.push(seal(self.phone, file, shot.clone())?);
        }
        Ok(())
    }

    fn clear(self) {
        let own = self.sealed.iter().map(|photo| photo.blob.hash).filter(|hash| !self.before.contains(hash));
        for hash in own.collect::<BTreeSet<_>>() {
            // One that a record refers to stays, and what cannot be removed now is offered as recovered.
            drop(self.phone.discard_recovered(&hash));
        }
    }
}

fn seal(phone: &Notebook, file: &Path, shot: Shot) -> Result<SealedPhoto, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("photo: {}: {error}", file.display());
    let unreadable = |error: io::Error| Failure::io(format!("photo: {}", file.display()), &error);
    let mut source = File::open(file).map_err(unreadable)?;
    // A folder can be opened and only then not be read; that is no fault of the notebook's disk.
    if source.metadata().map_err(unreadable)?.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    phone.seal_photo(&mut source, shot).map_err(|error| match error {
        xuncha_core::Error::Invalid { detail, .. } => Failure::new("bad_field", named(&detail)),
        other => Failure::new(other.code(), named(&other)),
    })
}
