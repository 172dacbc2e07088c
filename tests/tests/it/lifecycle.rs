//! A server's days: stopping, starting, running out of room, sharing its folder with other processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use xuncha_core::host::Host;
use xuncha_core::protocol::{EnrolReply, LedgerInfo, PullRequest, PushReply, Verdict, paths};
use xuncha_server::api::Limits;
use xuncha_tests::harness::{
    Process, RawPhone, TestServer, check_folder, cluster, entries_of_a_new_ledger, place_at, run_there, xuncha,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything() {
    let mut server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let (finding, text) = phone.record("重启之前");
    let index = phone.settle(&text).await;
    let draft = phone.draft("finding.teleport", None, &json!({}));
    let held = phone.say(&draft);
    phone.push_one(&held).await;
    let before = phone.pull(&PullRequest::default()).await;
    server.restart().await;
    phone.url = server.url();
    let after = phone.pull(&PullRequest::default()).await;
    assert_eq!(before.sums, after.sums);
    assert_eq!(before.checkpoint, after.checkpoint);
    assert_eq!(server.office.outside(), [held]);
    let again = phone.push_one(&text).await;
    assert_eq!(again.into_final().unwrap().index(), index);
    let amend = phone.about("finding.amend", finding, Some(index), &json!({ "note": "重启之后" }));
    assert_eq!(phone.settle(&amend).await, index + 1);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_answers_every_push_that_was_let_in() {
    let mut server = TestServer::start().await;
    let mut pushes = tokio::task::JoinSet::new();
    for number in 0..24 {
        let mut phone = RawPhone::new(&server, &format!("巡查员{number}"), &["inspector"]).await;
        let texts: Vec<String> = (0..100).map(|note| phone.record(&format!("{note}")).1).collect();
        pushes.spawn(async move {
            let body = phone.sign(phone.ledger, &texts);
            phone.ask("POST", paths::PUSH, body, &[]).await.ok()
        });
    }
    // Once the first is answered the others are at every stage.
    let first = pushes.join_next().await.unwrap().unwrap();
    assert!(first.is_some());
    server.stop().await;
    let mut accepted = 100;
    while let Some(answer) = pushes.join_next().await {
        match answer.unwrap() {
            Some(answer) if answer.status == 200 => accepted += answer.read::<PushReply>().verdicts.len() as u64,
            Some(answer) => assert_eq!(answer.code(), "unavailable"),
            None => {}
        }
    }
    let setup = entries_of_a_new_ledger() + 3 * 24;
    assert!(server.office.size() >= setup + accepted, "what was answered is there");
    assert_eq!((server.office.size() - setup) % 100, 0, "a push is there whole or not at all");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_its_reply_cannot_keep_a_server_from_stopping() {
    let mut server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let note = "长".repeat(4_000);
    for _ in 0..7 {
        let texts: Vec<String> = (0..70).map(|_| phone.record(&note).1).collect();
        phone.push(&texts).await;
    }
    let body = "{}";
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
        paths::PULL,
        phone.token.secret(),
        body.len()
    );
    // Several replies of 4 MiB in one pipeline: more than the kernel takes off the server's hands.
    let mut deaf = TcpStream::connect(server.address()).await.unwrap();
    for _ in 0..8 {
        deaf.write_all(head.as_bytes()).await.unwrap();
    }
    assert!(deaf.read(&mut [0; 16]).await.unwrap() > 0);
    let stopped = tokio::time::timeout(Duration::from_secs(30), server.stop()).await;
    assert!(stopped.is_ok(), "still running after 30 seconds");
    server.check_all();
}

/// A file system of a few megabytes; taken down when dropped.
struct SmallDisk {
    folder: TempDir,
    /// The cluster and the name of the database that lies on it.
    database: Option<(String, String)>,
}

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        // An empty database of PostgreSQL takes 8 MB.
        let size = if cluster().is_some() { "size=14m" } else { "size=6m" };
        mount.args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(folder.path());
        mount.output().is_ok_and(|done| done.status.success()).then(|| SmallDisk { folder, database: None })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A data folder on it; when PostgreSQL is being tested, with a database on it too.
    fn new_data(&mut self) -> PathBuf {
        let data = self.path().join("data");
        fs::create_dir(&data).unwrap();
        let Some(cluster) = cluster() else { return data };
        let space = self.path().join("space");
        fs::create_dir(&space).unwrap();
        assert!(Command::new("chown").arg("postgres").arg(&space).status().unwrap().success());
        let (name, server) = (format!("t{}", Host::system().uuid().simple()), format!("{cluster}/postgres"));
        run_there(&server, &format!("CREATE TABLESPACE {name} LOCATION '{}'", space.display()));
        self.database = Some((cluster.clone(), name.clone()));
        run_there(&server, &format!("CREATE DATABASE {name} TABLESPACE {name}"));
        place_at(&data, Some(&format!("{cluster}/{name}")), None);
        data
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Some((cluster, name)) = &self.database {
            let server = format!("{cluster}/postgres");
            run_there(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            run_there(&server, &format!("DROP TABLESPACE {name}"));
        }
        drop(Command::new("umount").arg("-l").arg(self.path()).status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_so_leaves_nothing_half_done_and_ends_when_there_is_room() {
    let Some(mut disk) = SmallDisk::mount() else {
        eprintln!("skipped: this machine does not let the test mount a small tmpfs");
        return;
    };
    let data = disk.new_data();
    let server = TestServer::at(TempDir::new().unwrap(), data, Limits::default()).await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let ballast = disk.path().join("ballast");
    let blocks = |count: usize| {
        let mut command = Command::new("dd");
        command.args(["if=/dev/zero", "bs=4096", &format!("count={count}")]).arg(format!("of={}", ballast.display()));
        drop(command.output().unwrap());
    };
    blocks(100_000);
    let note = "满".repeat(2_000);
    let texts: Vec<String> = (0..100).map(|_| phone.record(&note).1).collect();
    let size = server.office.size();
    let answer = phone.try_push(&texts).await;
    assert_eq!((answer.status, &*answer.code()), (507, "storage_full"));
    assert_eq!(server.office.size(), size);
    let page = phone.pull(&PullRequest::default()).await;
    assert_eq!(page.cursor.size, size, "reading goes on");
    fs::remove_file(&ballast).unwrap();
    assert!(phone.push(&texts).await.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })));
    server.check_all();
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_on_a_full_disk_shows_everything_and_says_why_nothing_can_be_saved() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: this machine does not let the test mount a small tmpfs");
        return;
    };
    let server = TestServer::start().await;
    let user = server.office.user("王芳", &["inspector"], &[]);
    let home = disk.path().join("phone");
    let field = |arguments: &[&str]| {
        let home = home.to_str().unwrap();
        xuncha(["field", "--home", home].iter().chain(arguments))
    };
    let url = format!("{}/enrol#{}", server.url(), server.office.invite(user));
    assert_eq!(field(&["enrol", &url]).code, 0);
    assert_eq!(field(&["sync"]).code, 0);
    assert_eq!(field(&["record", "--item", "SR-1", "--note", "满之前"]).code, 0);
    let ballast = disk.path().join("ballast");
    let mut fill = Command::new("dd");
    fill.args(["if=/dev/zero", "bs=4096", "count=100000"]).arg(format!("of={}", ballast.display()));
    drop(fill.output().unwrap());

    // The app starts on a disk without a free byte.
    let listed = field(&["list"]).value();
    assert_eq!(listed["finding"]["note"], "满之前");
    assert_eq!(field(&["status"]).value()["pending"], 1);
    let refused = field(&["record", "--item", "SR-1", "--note", &"满".repeat(3_000)]);
    assert_eq!((refused.code, &refused.lines()[0]["error"]["code"]), (1, &json!("storage_full")));
    let kept = field(&["list"]);
    assert_eq!(kept.lines().len(), 1);
    fs::remove_file(&ballast).unwrap();
    assert_eq!(field(&["record", "--item", "SR-1", "--note", "又有地方了"]).code, 0);
    assert_eq!(field(&["sync"]).value()["accepted"], 2);
}

async fn enrol_by_command_line(url: &str, data: &str, name: &str, host: Host) -> RawPhone {
    assert_eq!(xuncha(["admin", "--data", data, "user", "add", "--name", name, "--role", "inspector"]).code, 0);
    let invited = xuncha(["admin", "--data", data, "device", "invite", "--user", name]).value();
    let (server, code) = invited["url"].as_str().unwrap().split_once("/enrol#").unwrap();
    assert_eq!(server, url);
    let mut phone = RawPhone::blank(url, xuncha_core::model::LedgerId(uuid::Uuid::nil()), host);
    let info: LedgerInfo = phone.ask("GET", paths::LEDGER, Vec::new(), &[]).await.unwrap().read();
    phone.ledger = info.ledger;
    let reply: EnrolReply = phone.enrol(code).await.read();
    phone.signed_in(reply);
    phone
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_works_beside_a_server_that_takes_pushes_and_both_survive_a_kill() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().to_str().unwrap();
    let server = Process::serve(folder.path());
    let mut phone = enrol_by_command_line(&server.url, data, "王芳", Host::system()).await;
    let pushing = tokio::spawn(async move {
        for _ in 0..40 {
            let texts: Vec<String> = (0..5).map(|number| phone.record(&format!("{number}")).1).collect();
            assert!(phone.push(&texts).await.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })));
        }
        phone
    });
    for number in 0..12 {
        let added = xuncha(["admin", "--data", data, "unit", "add", "--name", &format!("单位{number}")]);
        assert_eq!(added.code, 0, "{added:?}");
    }
    let mut phone = pushing.await.unwrap();
    let entries = entries_of_a_new_ledger() + 3 + 200 + 12;
    let report = xuncha(["verify", "--data", data]).value();
    assert_eq!((&report["ok"], &report["entries"]), (&json!(true), &json!(entries)), "{report}");
    server.kill();

    let server = Process::serve(folder.path());
    phone.url = server.url.clone();
    let (_, text) = phone.record("断电之后");
    assert_eq!(phone.settle(&text).await, entries);
    assert_eq!(server.stop(), 0);
    assert_eq!(xuncha(["verify", "--data", data]).value()["entries"], json!(entries + 1));
    check_folder(folder.path());
}
