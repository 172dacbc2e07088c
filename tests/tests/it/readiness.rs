//! Whether phones are served, as a monitor or a balancer asks: what is in the way has a name, and whoever asks
//! is answered soon.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use xuncha_server::api::Limits;
use xuncha_server::backup::{RestoreOptions, take};
use xuncha_server::blobs::{Bounds, Folder};
use xuncha_tests::harness::{RawPhone, TestServer, bucket, cluster, http_client, put_bytes, run_there};

/// What `/ready` says: its status, and the part and the code of everything in the way. The phones' own `/readyz` agrees.
async fn ready(server: &TestServer) -> (u16, Vec<(String, String)>) {
    let asked = http_client().get(format!("{}/ready", server.monitor())).send();
    let answer = tokio::time::timeout(Duration::from_secs(10), asked).await.expect("an answer in time").unwrap();
    let status = answer.status().as_u16();
    let found: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(found["ready"], json!(status == 200), "{found}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let troubles = found["not_ready"].as_array().unwrap();
    let troubles: Vec<_> = troubles.iter().map(|trouble| (text(&trouble["part"]), text(&trouble["code"]))).collect();
    let plain = http_client().get(format!("{}/readyz", server.url())).send().await.unwrap();
    assert_eq!(plain.status().as_u16(), status);
    if let Some((_, code)) = troubles.first() {
        let problem: Value = serde_json::from_str(&plain.text().await.unwrap()).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(503)));
    }
    (status, troubles)
}

fn not(part: &str, code: &str) -> (u16, Vec<(String, String)>) {
    (503, vec![(part.to_owned(), code.to_owned())])
}

async fn live(server: &TestServer) -> u16 {
    http_client().get(format!("{}/live", server.monitor())).send().await.unwrap().status().as_u16()
}

async fn metrics(server: &TestServer) -> String {
    let asked = http_client().get(format!("{}/metrics", server.monitor())).send();
    let answer = tokio::time::timeout(Duration::from_secs(10), asked).await.expect("an answer in time").unwrap();
    answer.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_ready_while_files_can_be_written_and_says_so_when_they_cannot() {
    if bucket().is_some() {
        eprintln!("skipped: the files do not lie on a disk");
        return;
    }
    let server = TestServer::start().await;
    assert_eq!(ready(&server).await, (200, vec![]));
    let uploads = Folder::of(server.data()).uploads();
    let aside = server.data().join("aside");
    std::fs::rename(&uploads, &aside).unwrap();
    put_bytes(&uploads, "in the way");
    assert_eq!(ready(&server).await, not("files", "files_unwritable"));
    assert!(metrics(&server).await.contains("xuncha_ready{part=\"files\"} 0"));
    assert_eq!(live(&server).await, 200);
    std::fs::remove_file(&uploads).unwrap();
    std::fs::rename(&aside, &uploads).unwrap();
    assert_eq!(ready(&server).await, (200, vec![]));
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 0, "nothing is left of the trial");
}

static FREE: AtomicU64 = AtomicU64::new(u64::MAX);

#[tokio::test(flavor = "multi_thread")]
async fn below_the_floor_that_uploads_need_a_server_is_not_ready() {
    if bucket().is_some() {
        eprintln!("skipped: the files do not lie on a disk");
        return;
    }
    let files = Bounds { free: |_: &Path| Ok(FREE.load(Ordering::SeqCst)), reserve: 1_000, ..Bounds::default() };
    let server = TestServer::with_limits(Limits { files, ..Limits::default() }).await;
    FREE.store(1_000, Ordering::SeqCst);
    assert_eq!(ready(&server).await, (200, vec![]));
    FREE.store(999, Ordering::SeqCst);
    assert_eq!(ready(&server).await, not("files", "storage_full"));
    assert!(metrics(&server).await.contains("xuncha_disk_free_bytes 999\n"));
    // What inspectors say is still taken.
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let (_, text) = phone.record("磁盘快满了");
    phone.settle(&text).await;
    FREE.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(ready(&server).await, (200, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_behind_its_guard_is_not_ready_until_it_goes_on() {
    let mut server = TestServer::start().await;
    let folder = TempDir::new().unwrap();
    server.guard = Some(folder.path().join("guard"));
    server.restart().await;
    let backup = folder.path().join("backup");
    take(server.data(), &backup, false, &server.host(), &mut |_| {}).unwrap();
    server.office.user("张伟", &["inspector"], &[]);
    // The next start moves the guard behind it.
    server.restart().await;
    server.burn_down(&backup, RestoreOptions::default()).await;
    assert_eq!(ready(&server).await, not("ledger", "ledger_rolled_back"));
    let text = metrics(&server).await;
    assert!(
        text.contains("xuncha_ready{part=\"ledger\"} 0") && text.contains("xuncha_ready{part=\"database\"} 1"),
        "{text}"
    );
    assert_eq!(live(&server).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_about_to_end_is_not_ready() {
    let server = TestServer::start().await;
    server.service().begin_stopping();
    assert_eq!(ready(&server).await, not("process", "stopping"));
    assert_eq!(live(&server).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_are_all_answered() {
    let server = TestServer::start().await;
    let service = server.service();
    let asked = (0..200).map(|_| service.readiness());
    assert!(futures_util::future::join_all(asked).await.iter().all(|found| found.ready));
    drop(service);
}

/// The cluster and the ledger's own address, where there is one.
fn database(server: &TestServer) -> Option<(String, String)> {
    let Some(cluster) = cluster() else {
        eprintln!("skipped: XUNCHA_POSTGRES names no cluster");
        return None;
    };
    Some((cluster, xuncha_server::settings::Settings::of(server.data()).unwrap().database.unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_server_is_not_ready_and_then_it_is_again() {
    let server = TestServer::start().await;
    let Some((cluster, url)) = database(&server) else { return };
    assert_eq!(ready(&server).await, (200, vec![]));
    let (_, name) = url.rsplit_once('/').unwrap();
    let admin = format!("{cluster}/postgres");
    run_there(&admin, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    run_there(&admin, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    let (status, troubles) = ready(&server).await;
    assert_eq!((status, troubles.len(), &*troubles[0].0), (503, 1, "database"), "{troubles:?}");
    assert_eq!(troubles[0].1, "database_away");
    let text = metrics(&server).await;
    assert!(!text.contains("xuncha_ledger_entries") && text.contains("xuncha_ready{part=\"ledger\"} 0"), "{text}");
    assert_eq!(live(&server).await, 200);
    run_there(&admin, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    assert_eq!(ready(&server).await, (200, vec![]));
    assert!(metrics(&server).await.contains("xuncha_ledger_entries "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_hangs_no_probe() {
    let server = TestServer::start().await;
    let Some((_, url)) = database(&server) else { return };
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("BEGIN; LOCK TABLE xuncha.head IN ACCESS EXCLUSIVE MODE").await.unwrap();
    // Each within its time, also with those before still waiting for the database.
    for _ in 0..3 {
        assert_eq!(ready(&server).await, not("database", "database_silent"));
        assert!(!metrics(&server).await.contains("xuncha_ledger_entries"));
        assert_eq!(live(&server).await, 200);
    }
    client.batch_execute("COMMIT").await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    assert_eq!(ready(&server).await, (200, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_says_where_monitors_are_served() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    put_settings(&data);
    let server = xuncha_tests::harness::Process::serve(&data);
    let metrics = server.said["metrics"].as_str().unwrap().to_owned();
    let answer = http_client().get(&metrics).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains("xuncha_build_info"));
    assert_eq!(server.stop(), 0);
}

/// Settings with a listener for monitors, and with the database where one is being tested.
fn put_settings(data: &Path) {
    std::fs::create_dir_all(data).unwrap();
    xuncha_tests::harness::place(data);
    let path = data.join(xuncha_server::settings::FILE);
    let placed = std::fs::read_to_string(&path).unwrap_or_default();
    put_bytes(path, format!("{placed}metrics = \"127.0.0.1:0\"\n"));
}
