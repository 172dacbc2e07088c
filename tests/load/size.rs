//! What a ledger takes on the server's disk.

use std::path::Path;

use tempfile::TempDir;
use xuncha_tests::harness::xuncha;

use crate::author::Author;
use crate::city::City;
use crate::report::{Bound, Row};

const FINDINGS: usize = 20_000;

/// Bytes of the database and of a backup of it for each finding, with one or two photos named and none here.
pub(crate) async fn measure() -> Vec<Row> {
    let city = City::found();
    let before = bytes_in(&city.data());
    Author::of(&city, 1).await.say(FINDINGS, None).await;
    let after = bytes_in(&city.data());
    let target = TempDir::new().unwrap();
    let folders = [city.data().display().to_string(), target.path().display().to_string()];
    assert_eq!(xuncha(["backup", "--data", &folders[0], &folders[1]]).code, 0);
    let each = |bytes: u64| bytes as f64 / FINDINGS as f64 / 1000.0;
    let grown = format!("a ledger of {FINDINGS} findings, each");
    vec![
        Row::plain(&grown, "kB", each(after - before), Bound::AtMost(10.0)),
        Row::plain("a backup of it, each", "kB", each(bytes_in(target.path())), Bound::AtMost(10.0)),
    ]
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let each = |entry: std::fs::DirEntry| {
        let found = entry.metadata().unwrap();
        if found.is_dir() { bytes_in(&entry.path()) } else { found.len() }
    };
    entries.map(each).sum()
}
