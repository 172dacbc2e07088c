//! Registers that a city kept before, taken over on the command line.

mod boston;
mod files;

use std::path::Path;

use serde_json::Value;
use xuncha_core::host::Host;
use xuncha_core::model::Entity;
use xuncha_tests::harness::{Office, Outcome, Process, put_bytes, xuncha};

use super::commands::Desk;

/// A ledger, and somebody who takes a register over into it.
struct Archive {
    desk: Desk,
}

impl Archive {
    fn new() -> Archive {
        let desk = Desk::new();
        // The first start makes the ledger.
        assert_eq!(Process::serve(&desk.folder.path().join("data")).stop(), 0);
        Archive { desk }
    }

    fn data(&self) -> String {
        self.desk.path("data")
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        put_bytes(self.desk.path(name), bytes);
        self.desk.path(name)
    }

    fn import(&self, map: &str, more: &[&str]) -> Outcome {
        let map = self.file("map.toml", map);
        let data = self.data();
        xuncha([&["import", "findings", "--data", &data, "--map", &map], more].concat())
    }

    /// What the import says of itself; it must succeed.
    fn imports(&self, map: &str, more: &[&str]) -> Value {
        let outcome = self.import(map, more);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        outcome.lines().into_iter().find(|line| line.get("rows").is_some()).unwrap()
    }

    /// The code of the import, which must fail, and what it says of rows: row, column, code.
    fn refuses(&self, map: &str, more: &[&str]) -> (String, Vec<String>) {
        let outcome = self.import(map, more);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        let lines = outcome.lines();
        let code = lines.iter().find_map(|line| line["error"]["code"].as_str()).unwrap_or_default();
        (code.to_owned(), faults(&lines))
    }

    fn office(&self) -> Office {
        Office::open(Path::new(&self.data()), Host::system())
    }

    /// Every finding.
    fn findings(&self) -> Vec<Entity> {
        let rows = self.office().store.look(|snapshot| snapshot.all_entities(None, 100_000)).unwrap();
        let findings = rows.iter().filter(|row| row.kind == "finding");
        findings.map(|row| serde_json::from_str(&row.row).unwrap()).collect()
    }

    fn verify(&self) {
        assert_eq!(xuncha(["verify", "--data", &self.data()]).value()["ok"], true);
    }
}

/// What was said of rows: row, column, code.
fn faults(lines: &[Value]) -> Vec<String> {
    let rows = lines.iter().filter(|line| line.get("row").is_some());
    rows.map(|line| {
        let column = line["column"].as_str().unwrap_or("-");
        format!("{} {column} {}", line["row"], line["code"].as_str().unwrap())
    })
    .collect()
}
