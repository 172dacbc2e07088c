//! One server process and four, on SQLite and on PostgreSQL.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinSet;
use xuncha_core::host::Host;
use xuncha_core::model::Code;
use xuncha_core::protocol::paths;
use xuncha_server::ledger::KEY_FILE;
use xuncha_server::settings::FILE as SETTINGS;
use xuncha_tests::harness::{Office, Process, RawPhone, cluster};

use crate::findings::Findings;
use crate::measure::{Watch, median, p99, settle_disk};
use crate::report::{Bound, Row};

/// Devices that push at the same time.
const DEVICES: usize = 16;

/// Pushes of each, and findings in each of them, when as much is sent as goes.
const PUSHES: usize = 12;
const IN_PUSH: usize = 50;

const ROUNDS: u64 = 3;

/// The steady stream: findings a second, findings in a push, seconds.
const STREAM: usize = 500;
const IN_DROP: usize = 5;
const SECONDS: usize = 20;

/// A ledger with several servers.
struct Servers {
    processes: Vec<Process>,
    office: Office,
    _folder: TempDir,
}

impl Servers {
    /// Of a new ledger, in SQLite or where `XUNCHA_POSTGRES` says.
    fn found(count: usize, in_sqlite: bool) -> Servers {
        let folder = TempDir::new().unwrap();
        let first = folder.path().join("0");
        if in_sqlite {
            // Settings that say nothing.
            std::fs::create_dir(&first).unwrap();
            std::fs::File::create(first.join(SETTINGS)).unwrap();
        }
        let mut processes = vec![Process::serve(&first)];
        processes.extend((1..count).map(|number| Process::serve(&beside(&first, number))));
        Servers { processes, office: Office::open(&first, Host::system()), _folder: folder }
    }

    /// A device of a new inspector, at one of the servers.
    async fn device(&self, number: usize) -> RawPhone {
        let user = self.office.user(&format!("巡查员{number}"), &["inspector"], &[]);
        let url = &self.processes[number % self.processes.len()].url;
        loop {
            let mut phone = RawPhone::blank(url, self.office.ledger, Host::system());
            let answer = phone.enrol(&self.office.invite(user)).await;
            if answer.status == 200 {
                phone.signed_in(answer.read());
                return phone;
            }
            // Strangers are told to come back later; nobody measures that.
            assert_eq!(answer.code(), Code::TooMany.as_str(), "{answer:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn devices(&self) -> Vec<RawPhone> {
        let mut devices = Vec::new();
        for number in 0..DEVICES {
            devices.push(self.device(number).await);
        }
        devices
    }

    /// Most memory that any of them has had in use, in MB.
    fn memory(&self) -> f64 {
        let each = self.processes.iter().map(|process| crate::measure::peak_memory(process.id()));
        each.max().unwrap_or_default() as f64 / 1e6
    }
}

/// Folder of a further process on the same database.
fn beside(first: &Path, number: usize) -> PathBuf {
    let folder = first.with_file_name(number.to_string());
    std::fs::create_dir(&folder).unwrap();
    for name in [SETTINGS, KEY_FILE] {
        std::fs::copy(first.join(name), folder.join(name)).unwrap();
    }
    folder
}

/// Pushes, written and signed before anything is measured.
fn written(phone: &mut RawPhone, findings: &Findings, pushes: usize, in_push: usize) -> Vec<Vec<u8>> {
    let mut one = || {
        let body = serde_json::to_value(findings.plain()).unwrap();
        let draft = phone.draft("finding.record", None, &body);
        phone.say(&draft)
    };
    let texts: Vec<Vec<String>> = (0..pushes).map(|_| (0..in_push).map(|_| one()).collect()).collect();
    texts.iter().map(|texts| phone.sign(phone.ledger, texts)).collect()
}

async fn send(phone: &RawPhone, push: Vec<u8>) {
    let answer = phone.post(paths::PUSH, push, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Findings merged a second when sixteen devices send as much as goes.
async fn merged(count: usize, in_sqlite: bool) -> f64 {
    let mut rates = Vec::new();
    for round in 0..ROUNDS {
        let servers = Servers::found(count, in_sqlite);
        let (devices, mut work) = (servers.devices().await, Vec::new());
        let before = servers.office.size();
        for (number, mut phone) in devices.into_iter().enumerate() {
            let findings = Findings::seeded(round << 8 | number as u64);
            let pushes = written(&mut phone, &findings, PUSHES, IN_PUSH);
            work.push((phone, pushes));
        }
        settle_disk();
        let (mut running, watch) = (JoinSet::new(), Watch::start());
        for (phone, pushes) in work {
            running.spawn(async move {
                for push in pushes {
                    send(&phone, push).await;
                }
            });
        }
        running.join_all().await;
        let seconds = watch.millis() / 1000.0;
        let sent = DEVICES * PUSHES * IN_PUSH;
        assert_eq!(servers.office.size() - before, sent as u64);
        rates.push(sent as f64 / seconds);
        println!("servers: {count} on {}: {:.0} findings/s", engine(in_sqlite), sent as f64 / seconds);
    }
    median(&rates)
}

/// Milliseconds from when a push was due until its reply was there, when five hundred findings come in
/// each second whatever becomes of the ones before.
async fn waits(count: usize, in_sqlite: bool) -> (Vec<f64>, f64) {
    let servers = Servers::found(count, in_sqlite);
    let each = STREAM * SECONDS / DEVICES / IN_DROP;
    let mut work = Vec::new();
    for (number, mut phone) in servers.devices().await.into_iter().enumerate() {
        let pushes = written(&mut phone, &Findings::seeded(number as u64), each, IN_DROP);
        work.push((phone, pushes));
    }
    settle_disk();
    let (mut running, watch) = (JoinSet::new(), Arc::new(Watch::start()));
    let between = Duration::from_secs_f64(SECONDS as f64 / each as f64);
    for (number, (phone, pushes)) in work.into_iter().enumerate() {
        let watch = watch.clone();
        running.spawn(async move {
            let mut waits = Vec::new();
            let first = between.mul_f64(number as f64 / DEVICES as f64);
            for (at, push) in pushes.into_iter().enumerate() {
                let due = (first + between * u32::try_from(at).unwrap()).as_secs_f64() * 1000.0;
                let early = (due - watch.millis()).max(0.0);
                tokio::time::sleep(Duration::from_secs_f64(early / 1000.0)).await;
                send(&phone, push).await;
                waits.push(watch.millis() - due);
            }
            waits
        });
    }
    let waits: Vec<f64> = running.join_all().await.into_iter().flatten().collect();
    println!("servers: {count} on {}: half answered within {:.1} ms", engine(in_sqlite), median(&waits));
    (waits, servers.memory())
}

fn engine(in_sqlite: bool) -> &'static str {
    if in_sqlite { "SQLite" } else { "PostgreSQL" }
}

/// All rows; those of PostgreSQL only where `XUNCHA_POSTGRES` names a cluster.
pub(crate) async fn measure() -> Vec<Row> {
    let mut rows = vec![rate("16 devices push at once, one process, SQLite", merged(1, true).await)];
    rows.push(answered("500 findings/s, p99 until answered, SQLite", waits(1, true).await.0));
    if cluster().is_none() {
        println!("servers: XUNCHA_POSTGRES names no cluster");
        return rows;
    }
    let (one, four) = (merged(1, false).await, merged(4, false).await);
    rows.push(rate("16 devices push at once, one process, PostgreSQL", one));
    let what = "the same, four processes, against one";
    rows.push(Row::against(what, "findings/s", four, one, Bound::AtLeast(0.9)));
    rows.push(answered("500 findings/s, p99 until answered, PostgreSQL", waits(1, false).await.0));
    let (waits, memory) = waits(4, false).await;
    rows.push(answered("the same, four processes", waits));
    let what = "the same, peak memory of a process";
    rows.push(Row::plain(what, "MB", memory, Bound::AtMost(256.0)));
    rows
}

fn rate(what: &str, figure: f64) -> Row {
    Row::plain(what, "findings/s", figure, Bound::AtLeast(2_000.0))
}

fn answered(what: &str, waits: Vec<f64>) -> Row {
    Row::plain(what, "ms", p99(&waits), Bound::AtMost(500.0))
}
