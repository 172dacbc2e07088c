//! Findings that leave the server as a table: how fast, and with how much memory.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::{Connection, params};
use uuid::Uuid;
use xuncha_server::store::sqlite::FILE;
use xuncha_tests::harness::{SeededRandom, binary, xuncha};

use crate::author::Author;
use crate::city::City;
use crate::measure::{median, peak_memory, timed};
use crate::raw;
use crate::report::{Bound, Row};

/// Findings that were really said; the others are copies of them under other ids.
const SAID: usize = 1_000;

const FEW: usize = 20_000;
const MANY: usize = 200_000;

const ROUNDS: usize = 3;

/// Rows of a second, and the most memory in use, of a small ledger and of one ten times as large.
pub(crate) async fn measure() -> Vec<Row> {
    let city = City::found();
    Author::of(&city, 6).await.say(SAID, None).await;
    fill(&city.data(), FEW);
    let few = memory(&city.data());
    fill(&city.data(), MANY);
    let many = memory(&city.data());
    let file = city.data().join("findings.csv");
    let write = || {
        let (data, file) = (city.data().display().to_string(), file.display().to_string());
        assert_eq!(xuncha(["export", "findings", "--data", &data, "--format", "csv", &file]).code, 0);
    };
    let ours: Vec<_> = (0..ROUNDS).map(|_| timed(write)).collect();
    let bytes = fs::read(&file).unwrap();
    assert_eq!(bytes.windows(2).filter(|pair| pair == b"\r\n").count(), MANY + 1);
    let bytes = [bytes];
    let bare: Vec<_> = (0..ROUNDS).map(|_| raw::write_all(&bytes)).collect();
    let rate = |millis: &[f64]| MANY as f64 * 1000.0 / median(millis);
    let what = format!("a CSV of {MANY} findings");
    vec![
        Row::plain(&what, "rows/s", rate(&ours), Bound::AtLeast(50_000.0)).over(rate(&bare)),
        Row::plain("the same, peak memory", "MB", many, Bound::AtMost(64.0)),
        Row::plain("the same, many against few", "x", many / few, Bound::AtMost(1.2)),
    ]
}

/// Most memory that an export had in use before its last bytes were read, in megabytes.
fn memory(data: &Path) -> f64 {
    let mut command = Command::new(binary());
    command.args(["export", "findings", "--format", "csv", "--data"]).arg(data).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let (mut block, mut most) = (vec![0; 1 << 20], 0);
    // While its output is not read it waits; what it needs at the end it needed before.
    while out.read(&mut block).unwrap() > 0 {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        if status.contains("VmHWM") {
            most = most.max(peak_memory(child.id()));
        }
    }
    assert!(child.wait().unwrap().success() && most > 0);
    most as f64 / 1e6
}

/// Copies the findings that were said until there are so many.
fn fill(data: &Path, findings: usize) {
    let mut db = Connection::open(data.join(FILE)).unwrap();
    let said: Vec<(Vec<u8>, String)> = db
        .prepare("SELECT id, row FROM entity WHERE kind = 'finding'")
        .unwrap()
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let random = SeededRandom::from_seed(findings as u64);
    let whole = db.transaction().unwrap();
    for (id, text) in said.iter().cycle().take(findings - said.len()) {
        let (old, new) = (Uuid::from_slice(id).unwrap(), Uuid::from_u64_pair(random.number(), random.number()));
        let text = text.replace(&old.to_string(), &new.to_string());
        let copy = "INSERT INTO entity (id, kind, idx, row, places) SELECT ?1, kind, idx, ?2, places FROM entity WHERE id = ?3";
        whole.prepare_cached(copy).unwrap().execute(params![new.as_bytes(), text, id]).unwrap();
    }
    whole.commit().unwrap();
}
