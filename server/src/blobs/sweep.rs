//! Uploads that nobody goes on with, and what crashes left behind.

use std::fs;
use std::io;

use xuncha_core::model::Time;

use super::depot::Depot;
use super::local::{DAY, Folder};
use super::s3::{Bucket, STAGED, TAKEN};
use crate::store::{Result, Store, StoreError, UploadRow};

/// How long an upload may be left alone, in milliseconds: seven days.
pub const UPLOAD_LIFE: i64 = 7 * 24 * 60 * 60 * 1000;

/// Rows looked at together.
const PAGE: u32 = 256;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that were left alone too long, or whose bytes are gone.
    pub uploads: usize,
    /// Files, or staged objects, that no upload knows.
    pub files: usize,
}

/// Removes uploads that were left alone for [`UPLOAD_LIFE`], uploads whose bytes are gone, and files
/// on their way that no upload knows. Never one that bytes still come for: their row is young, and
/// a row that goes away under a request ends it.
///
/// # Errors
/// The store's, or the disk's as one of the store's; what was removed before stays so.
pub fn sweep(store: &dyn Store, depot: &Depot, now: Time) -> Result<Swept> {
    let mut swept = Swept::default();
    let since = now.plus_millis(-UPLOAD_LIFE);
    loop {
        let old = store.look(|snapshot| snapshot.abandoned(since, PAGE))?;
        if old.is_empty() {
            break;
        }
        for row in &old {
            swept.uploads += usize::from(drop_if(store, depot, row, |row| row.touched < since)?);
        }
    }
    let mut after = String::new();
    loop {
        let page = store.look(|snapshot| snapshot.uploads(&after, PAGE))?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for row in page.iter().filter(|row| row.offset > 0 && row.offset < row.len) {
            if depot.gathered(&row.id).map_err(|error| disk(&error))? == 0 {
                let same = |now: &UploadRow| now.offset == row.offset;
                swept.uploads += usize::from(drop_if(store, depot, row, same)?);
            }
        }
    }
    let strays = match depot {
        Depot::Folder(folder) => {
            let taken = folder.clear_taken(now);
            taken.and_then(|taken| Ok(stray_files(store, folder)?.map(|strays| strays + taken)))
        }
        Depot::Bucket(bucket) => stray_objects(store, bucket, now),
    };
    swept.files = strays.map_err(|error| disk(&error))??;
    Ok(swept)
}

/// Drops the upload unless it has moved on meanwhile.
fn drop_if(store: &dyn Store, depot: &Depot, row: &UploadRow, still: impl Fn(&UploadRow) -> bool) -> Result<bool> {
    let dropped = store.change(|batch| match batch.upload(&row.id)?.filter(&still) {
        Some(_) => batch.drop_upload(&row.id).map(|()| true),
        None => Ok(false),
    })?;
    if dropped {
        depot.discard(&row.id);
    }
    Ok(dropped)
}

/// An upload's row is there before its file; so a file without a row has lost it for good.
fn stray_files(store: &dyn Store, folder: &Folder) -> io::Result<Result<usize>> {
    let mut removed = 0;
    for file in fs::read_dir(folder.uploads())? {
        let name = file?.file_name().to_string_lossy().into_owned();
        match store.look(|snapshot| snapshot.upload(&name)) {
            Ok(Some(_)) => {}
            Ok(None) => {
                folder.discard(&name);
                removed += 1;
            }
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(removed))
}

/// As for files; and what is staged of an upload that is whole is of no more use.
fn stray_objects(store: &dyn Store, bucket: &Bucket, now: Time) -> io::Result<Result<usize>> {
    let (mut ids, mut strays) = (Vec::<String>::new(), Vec::new());
    // In order, so that what belongs together comes together.
    bucket.list(STAGED, &mut |name, _| {
        let id = name.split('/').nth(1).unwrap_or_default();
        if ids.last().is_none_or(|last| last != id) {
            ids.push(id.to_owned());
        }
        Ok(())
    })?;
    let mut removed = 0;
    for id in ids {
        match store.look(|snapshot| snapshot.upload(&id)) {
            Ok(Some(row)) if row.offset < row.len => {}
            Ok(_) => removed += bucket.clear(&format!("{STAGED}/{id}"))?,
            Err(error) => return Ok(Err(error)),
        }
    }
    bucket.list(TAKEN, &mut |name, meta| {
        strays.extend((meta.last_modified.timestamp_millis() < now.millis() - DAY).then(|| name.to_owned()));
        Ok(())
    })?;
    removed += strays.len();
    bucket.remove(strays)?;
    Ok(Ok(removed))
}

fn disk(error: &io::Error) -> StoreError {
    StoreError::Failed(format!("the place of the files: {error}"))
}
