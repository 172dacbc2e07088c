//! Small things that several stories need: checking a folder, copying it, shapes on the map.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use xuncha_server::blobs;
use xuncha_server::ledger::{LedgerKey, Problem, verify};
use xuncha_server::settings::open_store;
use xuncha_server::store::sqlite::FILE;

/// True when `tests/all --long` asked for the longer loops.
pub fn long_run() -> bool {
    std::env::var_os("XUNCHA_LONG").is_some()
}

/// What a check of the whole ledger in `data` and of its files finds; a store that cannot be read is a finding too.
pub fn problems_of(data: &Path) -> Vec<Problem> {
    let key = LedgerKey::load(data).ok().map(|key| key.public());
    let checked = open_store(data, None, false).and_then(|store| {
        let report = store.look(|snapshot| verify(snapshot, key, &mut |_| {}))?;
        Ok((report, blobs::check(&*store, &super::depot_of(data), &mut |_| {})?))
    });
    match checked {
        Ok((report, files)) => {
            assert_eq!(report.ok, report.problems.is_empty());
            report.problems.into_iter().chain(files.problems).collect()
        }
        Err(error) => vec![Problem { index: None, what: error.to_string() }],
    }
}

/// Fails unless everything in `data` follows from its entries and hangs together.
pub fn check_folder(data: &Path) {
    let problems = problems_of(data);
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Copies a ledger into a folder, as SQLite.
pub fn copy_ledger(from: &Path, to: &Path) {
    open_store(from, None, false).unwrap().copy_to(&to.join(FILE)).unwrap();
    fs::copy(from.join("ledger.key"), to.join("ledger.key")).unwrap();
}

/// A square between two corners (longitude and latitude alike), as GeoJSON.
pub fn square(low: f64, high: f64) -> Value {
    json!({ "type": "Polygon", "coordinates": [[[low, low], [high, low], [high, high], [low, high], [low, low]]] })
}
