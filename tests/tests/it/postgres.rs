//! What only PostgreSQL can do, or do wrong: several servers on one ledger, and a database that is away.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use xuncha_core::Error;
use xuncha_core::model::Code;
use xuncha_server::store::{self, Store, StoreError};
use xuncha_tests::harness::{Phone, Process, TestServer, cluster, new_database, open_settings, run_there, xuncha};

/// The cluster, or none where these tests are about something else.
fn there() -> Option<String> {
    let cluster = cluster();
    if cluster.is_none() {
        eprintln!("skipped: XUNCHA_POSTGRES names no cluster");
    }
    cluster
}

fn refused(url: &str) -> StoreError {
    store::open("/nowhere".as_ref(), Some(url), true).err().unwrap()
}

#[test]
fn a_database_that_cannot_be_had_is_said_at_the_start() {
    let Some(cluster) = there() else { return };
    assert!(matches!(refused("a database"), StoreError::Address(_)));
    assert!(matches!(refused("postgres://nobody:wrong@127.0.0.1:1/x"), StoreError::Away(_)));
    let database = new_database(&cluster);
    let wrong = database.replacen("://", "://nobody", 1);
    assert!(matches!(refused(&wrong), StoreError::Denied(_)), "{:?}", refused(&wrong));
    let absent = format!("{cluster}/absent");
    assert!(matches!(refused(&absent), StoreError::Denied(_)), "{:?}", refused(&absent));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let outcome = xuncha(["serve", "--data", &data, "--database", &absent]);
    assert_eq!((outcome.code, outcome.lines()[0]["error"]["code"].as_str()), (1, Some("database_denied")));
}

#[test]
fn a_database_without_a_ledger_is_left_as_it_is_unless_one_is_to_be_made() {
    let Some(cluster) = there() else { return };
    let database = new_database(&cluster);
    let opened = store::open("/nowhere".as_ref(), Some(&database), false);
    assert!(matches!(opened.err(), Some(StoreError::Missing(_))));
    // Would fail, were it there.
    run_there(&database, "CREATE SCHEMA xuncha");
}

#[test]
fn a_newer_schema_is_not_touched() {
    let Some(cluster) = there() else { return };
    let database = new_database(&cluster);
    drop(store::open("/nowhere".as_ref(), Some(&database), true).unwrap());
    run_there(&database, "UPDATE xuncha.schema SET version = 99");
    assert!(matches!(refused(&database), StoreError::Newer { found: 99, known } if known < 99));
    assert_eq!(run_there(&database, "UPDATE xuncha.schema SET version = 98 WHERE version = 99"), 1);
}

#[test]
fn many_processes_that_start_at_once_make_one_schema() {
    let Some(cluster) = there() else { return };
    let database = new_database(&cluster);
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let database = database.clone();
            thread::spawn(move || store::open("/nowhere".as_ref(), Some(&database), true).map(drop))
        })
        .collect();
    for one in opening {
        one.join().unwrap().unwrap();
    }
    assert_eq!(run_there(&database, "UPDATE xuncha.schema SET version = 1"), 1, "one row says the version");
}

/// Looks again and again whether an index below the head is missing, until nobody else holds the store.
fn watch(store: Arc<dyn Store>) -> thread::JoinHandle<u64> {
    thread::spawn(move || {
        let mut looks = 0;
        while Arc::strong_count(&store) > 1 {
            store
                .look(|snapshot| {
                    let size = snapshot.head()?.unwrap().size;
                    let from = size.saturating_sub(20);
                    let seen: Vec<u64> = snapshot.entries(from, 100)?.iter().map(|entry| entry.index).collect();
                    assert_eq!(seen, (from..size).collect::<Vec<_>>());
                    Ok(())
                })
                .unwrap();
            looks += 1;
        }
        looks
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_ledger_leave_no_gap_and_lose_nothing() {
    if there().is_none() {
        return;
    }
    let server = TestServer::start().await;
    let beside = server.another(server.host()).await;
    let urls = [server.url(), beside.url.clone()];
    let mut phones = Vec::new();
    for number in 0..6 {
        let mut phone = Phone::of(&server, &format!("{number}号"), "inspector").await;
        phone.go_to(&urls[number % 2]);
        phones.push(phone);
    }
    let store = open_settings(server.data());
    let watching = watch(store.clone());
    for round in 0..8 {
        for phone in &phones {
            for number in 0..20 {
                phone.record(&format!("{round}-{number}"));
            }
        }
        let syncs = phones.iter().map(|phone| phone.sync());
        let pushed: u64 = futures_util::future::join_all(syncs).await.iter().map(|synced| synced.accepted).sum();
        assert_eq!(pushed, 120);
    }
    drop(store);
    assert!(watching.join().unwrap() > 0);
    // Whatever was said at one of them is known at the other.
    for (number, phone) in phones.iter_mut().enumerate() {
        phone.go_to(&urls[(number + 1) % 2]);
        phone.sync().await;
        assert_eq!(phone.findings().len(), 960);
        phone.check();
    }
    beside.stop().await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_phones_keep_everything_and_it_comes_back_by_itself() {
    let Some(cluster) = there() else { return };
    let server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    phone.sync().await;
    let finding = phone.record("数据库不在时记的");
    let url = xuncha_server::settings::Settings::of(server.data()).unwrap().database.unwrap();
    let (_, name) = url.rsplit_once('/').unwrap();
    let admin = format!("{cluster}/postgres");
    run_there(&admin, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    run_there(&admin, &end);
    for _ in 0..3 {
        let away = phone.try_sync().await.unwrap_err();
        assert!(matches!(&away, Error::Refused { code: Code::Unavailable, .. }), "{away:?}");
        assert!(away.is_retryable());
    }
    let answer = reqwest::Client::new().get(format!("{}/v1/ledger", server.url())).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(phone.note(finding), "数据库不在时记的");
    run_there(&admin, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    assert_eq!(phone.sync().await.accepted, 1);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_of_a_batch_holds_up_nobody_and_loses_nothing() {
    if there().is_none() {
        return;
    }
    let server = TestServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    for name in [xuncha_server::settings::FILE, xuncha_server::ledger::KEY_FILE] {
        std::fs::copy(server.data().join(name), folder.path().join(name)).unwrap();
    }
    let mut phone = Phone::of(&server, "王敏", "inspector").await;
    phone.sync().await;
    let (mut saved, mut cut) = (0, 0);
    for round in 0..12 {
        let dying = Process::serve(folder.path());
        for number in 0..60 {
            phone.record(&format!("{round}-{number}"));
        }
        saved += 60;
        phone.go_to(&dying.url);
        // Somewhere in the middle, another place each time.
        let until = Duration::from_millis(10 + 9 * round);
        cut += u64::from(tokio::time::timeout(until, phone.try_sync()).await.is_err());
        dying.kill();
        phone.go_to(&server.url());
        phone.sync().await;
    }
    assert!(cut > 0, "no sync was cut off");
    assert_eq!((phone.pending(), phone.findings().len()), (0, saved));
    phone.check();
    server.check_all();
}

#[test]
fn two_administrators_who_change_one_thing_at_once_are_told_of_each_other() {
    if there().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Process::serve(&data);
    let data = data.display().to_string();
    let id = xuncha(["admin", "--data", &data, "user", "add", "--name", "王敏", "--role", "inspector"]).value()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let retiring: Vec<_> = (0..2)
        .map(|_| {
            let (data, id) = (data.clone(), id.clone());
            thread::spawn(move || xuncha(["admin", "--data", &data, "user", "retire", &id]))
        })
        .collect();
    let outcomes: Vec<_> = retiring.into_iter().map(|one| one.join().unwrap()).collect();
    let done = outcomes.iter().filter(|outcome| outcome.code == 0).count();
    assert_eq!(done, 1, "{outcomes:?}");
    let code =
        |outcome: &xuncha_tests::harness::Outcome| outcome.lines()[0]["error"]["code"].as_str().map(str::to_owned);
    let other = outcomes.iter().find(|outcome| outcome.code != 0).and_then(code);
    assert!(
        [Some(Code::StateChanged.as_str()), Some("not_found")].contains(&other.as_deref()),
        "either it saw the other's change, or the change came before its own: {outcomes:?}"
    );
    assert_eq!(server.stop(), 0);
}
