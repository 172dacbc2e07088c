//! Kill -9 among several servers on one database, while all of them work.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::task::JoinSet;
use xuncha_server::ledger::KEY_FILE;
use xuncha_server::settings::FILE as SETTINGS;
use xuncha_tests::harness::{Phone, Process, TestServer, cluster, long_run};

const PHONES: usize = 8;
const EACH: usize = 10;

fn rounds() -> usize {
    if long_run() { 100 } else { 8 }
}

/// The folder of a further process on the database of `server`.
fn folder(server: &TestServer, root: &Path, number: usize) -> PathBuf {
    let folder = root.join(number.to_string());
    std::fs::create_dir(&folder).unwrap();
    for name in [SETTINGS, KEY_FILE] {
        std::fs::copy(server.data().join(name), folder.join(name)).unwrap();
    }
    folder
}

/// Records and syncs, each time with another server, one that may just be gone.
async fn work(phone: &mut Phone, number: usize, urls: &Mutex<Vec<String>>, merged: &watch::Sender<u64>) -> u64 {
    let mut failed = 0;
    for round in 0..rounds() {
        for one in 0..EACH {
            phone.record(&format!("{number}-{round}-{one}"));
        }
        let url = urls.lock().unwrap()[(number + round) % 4].clone();
        phone.go_to(&url);
        match phone.try_sync().await {
            Ok(synced) => merged.send_modify(|sum| *sum += synced.accepted),
            Err(error) => {
                assert!(error.is_retryable(), "{error:?}");
                failed += 1;
            }
        }
    }
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn of_four_servers_under_load_two_are_killed_in_turn_and_nothing_is_lost() {
    if cluster().is_none() {
        eprintln!("skipped: XUNCHA_POSTGRES names no cluster");
        return;
    }
    let server = TestServer::start().await;
    let root = tempfile::tempdir().unwrap();
    let folders: Vec<PathBuf> = (0..3).map(|number| folder(&server, root.path(), number)).collect();
    let mut processes: Vec<Process> = folders.iter().map(|folder| Process::serve(folder)).collect();
    let mut all = vec![server.url()];
    all.extend(processes.iter().map(|process| process.url.clone()));
    let (urls, (merged, mut seen)) = (Arc::new(Mutex::new(all)), watch::channel(0));
    let merged = Arc::new(merged);
    let mut working = JoinSet::new();
    for number in 0..PHONES {
        let mut phone = Phone::of(&server, &format!("{number}号"), "inspector").await;
        let (urls, merged) = (urls.clone(), merged.clone());
        working.spawn(async move {
            let failed = work(&mut phone, number, &urls, &merged).await;
            (phone, failed)
        });
    }
    drop(merged);
    let all = (PHONES * EACH * rounds()) as u64;
    for kill in 0..6 {
        // Under load: so much is merged, and more is on its way.
        seen.wait_for(|merged| *merged >= all * (kill + 1) / 10).await.unwrap();
        let number = kill as usize % 2;
        let killed = processes.remove(number);
        killed.kill();
        let again = Process::serve(&folders[number]);
        urls.lock().unwrap()[number + 1].clone_from(&again.url);
        processes.insert(number, again);
    }
    let (mut phones, mut failed) = (Vec::new(), 0);
    for (phone, met) in working.join_all().await {
        phones.push(phone);
        failed += met;
    }
    assert!(failed > 0, "no sync met a kill");
    for phone in &mut phones {
        phone.go_to(&server.url());
        phone.sync().await;
    }
    for phone in &phones {
        phone.sync().await;
        assert_eq!((phone.pending(), phone.findings().len() as u64), (0, all));
        phone.check();
    }
    server.check_all();
}
