//! Kill -9 in the middle of everything, with real processes: nothing acknowledged is ever lost.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use xuncha_core::host::Host;
use xuncha_core::notebook::{FileKeyStore, Notebook};
use xuncha_tests::harness::{SeededRandom, binary, words};

/// Kills in each test.
const ROUNDS: u32 = 50;

#[test]
fn killing_the_server_in_the_middle_of_a_sync_loses_no_acknowledged_op() {
    let mut world = World::new();
    let server = world.serve();
    world.enrol("phone");
    drop(server);
    let mut saved = 0;
    for _ in 0..ROUNDS {
        saved += world.record_many("phone", 12);
        let server = world.serve();
        let phone = world.spawn(&["field", "--home", &world.home("phone"), "sync", "--json"]);
        world.pause();
        drop(server); // SIGKILL
        let _ = finish(phone);
        world.note_acknowledged("phone");
    }
    world.settle("phone", saved);
}

#[test]
fn killing_the_phone_in_the_middle_of_a_sync_loses_nothing() {
    let mut world = World::new();
    let _server = world.serve();
    world.enrol("phone");
    let mut saved = 0;
    for _ in 0..ROUNDS {
        saved += world.record_many("phone", 12);
        let phone = world.spawn(&["field", "--home", &world.home("phone"), "sync", "--json"]);
        world.pause();
        drop(phone); // SIGKILL
        world.note_acknowledged("phone");
    }
    world.settle("phone", saved);
}

#[test]
fn killing_the_phone_while_it_records_keeps_everything_it_called_saved() {
    let mut world = World::new();
    let _server = world.serve();
    world.enrol("phone");
    let mut said_saved = Vec::new();
    for number in 0..ROUNDS {
        let home = world.home("phone");
        let note = format!("第{number}号");
        let arguments = ["field", "--home", &home, "--json", "record", "--item", "SR-1", "--note", &note];
        let phone = world.spawn(&arguments);
        world.pause();
        if let Some(id) = said(&kill(phone)).and_then(|said| Some(said.get("finding")?.as_str()?.to_owned())) {
            said_saved.push(id);
        }
    }
    let listed = world.list("phone");
    for id in &said_saved {
        assert!(listed.contains_key(id), "{id} was called saved and is gone");
    }
    world.settle("phone", listed.len());
}

/// A server, phones and a seed, all in one temporary folder.
pub(super) struct World {
    folder: tempfile::TempDir,
    pub(super) random: SeededRandom,
    listen: String,
    acknowledged: BTreeMap<String, u64>,
}

/// A process that is killed with SIGKILL when it goes out of scope.
pub(super) struct Killed(pub(super) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// When to kill: after a random while within what the work takes, which other work on the machine
/// changes all the time.
pub(super) struct Pace {
    most: Duration,
    kills: u32,
    met: u32,
}

impl Pace {
    /// Begins with how long it took when nobody disturbed it.
    pub(super) fn of(most: Duration) -> Pace {
        Pace { most, kills: 0, met: 0 }
    }

    pub(super) fn wait(&self, world: &World) {
        world.pause_within(self.most);
    }

    /// After a kill that met the work under way, later ones may come later; else they come sooner.
    pub(super) fn note(&mut self, met: bool) {
        self.kills += 1;
        self.met += u32::from(met);
        self.most = self.most * if met { 5 } else { 3 } / 4;
    }

    /// Fails when hardly a kill met what it was to meet.
    pub(super) fn check(&self, what: &str) {
        assert!(self.met > self.kills / 4, "only {} of {} kills met {what}", self.met, self.kills);
    }
}

impl World {
    pub(super) fn new() -> World {
        let (folder, random) = (tempfile::tempdir().unwrap(), SeededRandom::new());
        World { folder, random, listen: "127.0.0.1:0".into(), acknowledged: BTreeMap::new() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn data(&self) -> String {
        self.path("data").display().to_string()
    }

    pub(super) fn home(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(super) fn spawn(&self, arguments: &[&str]) -> Killed {
        let mut command = Command::new(binary());
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Killed(command.spawn().unwrap())
    }

    /// Starts the server and waits until it says that it listens; the port stays the same.
    pub(super) fn serve(&mut self) -> Killed {
        let mut server = self.spawn(&["serve", "--json", "--data", &self.data(), "--listen", &self.listen]);
        let mut line = String::new();
        BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        self.listen = said["listening"].as_str().unwrap().trim_start_matches("http://").to_owned();
        server
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Vec<Value> {
        let output = Command::new(binary()).arg("--json").args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(super) fn enrol(&self, name: &str) {
        self.run(&["admin", "--data", &self.data(), "user", "add", "--name", name, "--role", "inspector"]);
        let invited = self.run(&["admin", "--data", &self.data(), "device", "invite", "--user", name]);
        self.run(&["field", "--home", &self.home(name), "enrol", invited[0]["url"].as_str().unwrap()]);
    }

    /// Opens a phone in this process; its folder is free again when it is dropped.
    pub(super) fn open(&self, name: &str) -> Notebook {
        let home = self.path(name);
        Notebook::open(&home, Arc::new(FileKeyStore::new(home.join("device.key"))), Host::system()).unwrap()
    }

    /// Findings saved by a phone.
    fn record_many(&self, name: &str, count: usize) -> usize {
        let phone = self.open(name);
        for number in 0..count {
            phone.record(words(&format!("占道堆物 {number}")), Vec::new()).unwrap();
        }
        count
    }

    /// A random while of up to 40 ms, in which the process that is about to be killed gets somewhere.
    fn pause(&self) {
        self.pause_within(Duration::from_millis(40));
    }

    /// A random while of up to `most`.
    fn pause_within(&self, most: Duration) {
        let most = usize::try_from(most.as_micros()).unwrap().max(1);
        std::thread::sleep(Duration::from_micros(self.random.below(most) as u64));
    }

    pub(super) fn list(&self, name: &str) -> BTreeMap<String, Value> {
        let listed = self.run(&["field", "--home", &self.home(name), "list"]);
        listed.into_iter().map(|one| (one["finding"]["id"].as_str().unwrap().to_owned(), one)).collect()
    }

    /// Remembers every finding that the phone believes to be in the ledger, and where.
    fn note_acknowledged(&mut self, name: &str) {
        for (id, one) in self.list(name) {
            if let Some(index) = one["finding"]["index"].as_u64() {
                let first = *self.acknowledged.entry(id.clone()).or_insert(index);
                assert_eq!(first, index, "{id} moved in the ledger");
            }
        }
    }

    /// After the last kill: one quiet sync, and everything is where it was said to be.
    pub(super) fn settle(&mut self, name: &str, saved: usize) {
        let _server = (!self.answers()).then(|| self.serve());
        self.run(&["field", "--home", &self.home(name), "sync"]);
        let listed = self.list(name);
        assert_eq!(listed.len(), saved);
        assert!(listed.values().all(|one| one["pending"] == false));
        let ledger = Command::new(binary()).args(["export", "ledger", "--data", &self.data()]).output().unwrap();
        let places = findings_of(&ledger);
        assert_eq!(places.len(), saved);
        for (id, index) in &self.acknowledged {
            assert_eq!(places.get(id), Some(index), "{id} was acknowledged at {index}");
        }
        let report = self.run(&["verify", "--data", &self.data()]);
        assert_eq!(report[0]["ok"], true, "{report:?}");
    }

    pub(super) fn answers(&self) -> bool {
        std::net::TcpStream::connect(&self.listen).is_ok()
    }
}

pub(super) fn finish(process: Killed) -> Option<()> {
    let mut process = process;
    process.0.wait().ok().map(drop)
}

pub(super) fn kill(mut process: Killed) -> String {
    drop(process.0.kill());
    let mut text = String::new();
    let out = process.0.stdout.take().unwrap();
    drop(BufReader::new(out).read_line(&mut text));
    text
}

pub(super) fn said(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok()
}

/// Where each finding was recorded, by the ledger's own export.
fn findings_of(export: &Output) -> BTreeMap<String, u64> {
    let text = std::str::from_utf8(&export.stdout).unwrap();
    let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let entries = entries.filter(|entry| entry["type"] == "entry");
    let findings = entries.filter_map(|entry| {
        let op: Value = serde_json::from_str(entry["op"].as_str()?).ok()?;
        (op["kind"] == "finding.record")
            .then(|| (op["id"].as_str().unwrap().to_owned(), entry["index"].as_u64().unwrap()))
    });
    findings.collect()
}
