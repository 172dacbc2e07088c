//! One byte changed anywhere in a ledger's database: the check finds it, and says where.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use xuncha_server::settings::Settings;
use xuncha_server::store::sqlite::FILE;
use xuncha_tests::harness::{Phone, TestServer, copy_ledger, problems_of, run_behind, square};

/// A stopped ledger with a bit of everything: areas, a conflict, a refusal, a held op.
async fn mixed() -> (TestServer, TempDir) {
    let mut server = TestServer::start().await;
    server.office.area("城北", &square(0.0, 10.0));
    let (a, b) = (Phone::of(&server, "王敏", "inspector").await, Phone::of(&server, "李强", "inspector").await);
    let finding = a.record_at("初稿", 5.0, 5.0);
    a.sync().await;
    b.sync().await;
    a.amend(finding, "甲的说法");
    b.amend(finding, "乙的说法");
    b.notebook.void(finding, "不是我的").unwrap();
    a.sync().await;
    b.sync().await;
    server.office.revoke(&b.notebook.status().unwrap().device);
    b.record("吊销之后");
    drop(b.try_sync().await);
    server.check_all();
    assert_eq!(server.office.outside().len(), 1);
    server.stop().await;
    let copy = tempfile::tempdir().unwrap();
    copy_ledger(server.data(), copy.path());
    (server, copy)
}

/// Changes one byte of one value, in a copy of its own, and gives what the check says.
fn changed(original: &Path, table: &str, column: &str, row: &str, at: i64) -> Vec<xuncha_server::ledger::Problem> {
    let copy = tempfile::tempdir().unwrap();
    copy_ledger(original, copy.path());
    let database = Connection::open(copy.path().join(FILE)).unwrap();
    let find = format!("SELECT typeof({column}), CAST({column} AS BLOB) FROM {table} WHERE {row}");
    let (kind, mut bytes): (String, Vec<u8>) =
        database.query_row(&find, [], |found| Ok((found.get(0)?, found.get(1)?))).unwrap();
    let place = usize::try_from(at).unwrap_or(bytes.len() / 2).min(bytes.len() - 1);
    bytes[place] ^= 1;
    let update = format!("UPDATE {table} SET {column} = CAST(?1 AS {kind}) WHERE {row}");
    assert_eq!(database.execute(&update, [bytes]).unwrap(), 1);
    drop(database);
    problems_of(copy.path())
}

#[tokio::test]
async fn a_changed_byte_of_any_text_verdict_or_proof_is_found_and_named() {
    let (_server, ledger) = mixed().await;
    let database = Connection::open(ledger.path().join(FILE)).unwrap();
    let size: i64 = database.query_row("SELECT count(*) FROM ledger", [], |row| row.get(0)).unwrap();
    drop(database);
    for index in 0..size {
        for column in ["op", "facts", "leaf"] {
            let problems = changed(ledger.path(), "ledger", column, &format!("idx = {index}"), -1);
            let named = problems.iter().any(|problem| problem.index == u64::try_from(index).ok());
            assert!(named, "{column} of {index}: {problems:?}");
        }
    }
}

#[tokio::test]
async fn every_single_byte_of_a_verdict_is_guarded() {
    let (_server, ledger) = mixed().await;
    let database = Connection::open(ledger.path().join(FILE)).unwrap();
    let find = "SELECT idx, facts FROM ledger WHERE facts LIKE '%refused%'";
    let (index, facts): (u64, String) =
        database.query_row(find, [], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))).unwrap();
    drop(database);
    for at in 0..facts.len() {
        let problems = changed(ledger.path(), "ledger", "facts", &format!("idx = {index}"), at as i64);
        assert!(problems.iter().any(|problem| problem.index == Some(index)), "byte {at} of {facts}: {problems:?}");
    }
}

#[tokio::test]
async fn what_follows_from_the_ledger_is_guarded_too() {
    let (_server, ledger) = mixed().await;
    let named = [
        ("node", "hash", "level = 1 AND position = 2"),
        ("entity", "row", "kind = 'finding'"),
        ("entity", "row", "kind = 'area'"),
        (
            "entity",
            "kind",
            "kind = 'unit' OR kind = 'session' AND id = (SELECT max(id) FROM entity WHERE kind = 'session')",
        ),
        ("judged", "same", "idx = 3"),
        ("said", "hash", "seq = 1 AND speaker = 1"),
        ("push", "hashes", "id = 1"),
        ("push", "sig", "id = 1"),
    ];
    for (table, column, row) in named {
        let problems = changed(ledger.path(), table, column, row, -1);
        assert!(!problems.is_empty(), "{table}.{column} where {row}");
        let whole = problems.iter().any(|problem| problem.index.is_some() || problem.what.contains("damaged"));
        assert!(whole, "{table}.{column}: {problems:?}");
    }
    for (table, column, row) in [
        ("head", "checkpoint", "one = 1"),
        ("head", "peaks", "one = 1"),
        ("scope", "sum", "name = 'org'"),
        ("held", "text", "1"),
    ] {
        assert!(!changed(ledger.path(), table, column, row, -1).is_empty(), "{table}.{column}");
    }
}

#[tokio::test]
async fn a_catalogue_that_was_changed_or_taken_away_is_found_and_named() {
    let (_server, ledger) = mixed().await;
    let changed = changed(ledger.path(), "document", "text", "1", -1);
    let named = |problem: &&xuncha_server::ledger::Problem| problem.what.starts_with("document sha256:");
    assert!(changed.iter().find(named).unwrap().what.ends_with("was changed"), "{changed:?}");
    for statement in ["DELETE FROM document", "UPDATE document SET hash = zeroblob(length(hash))"] {
        let copy = tempfile::tempdir().unwrap();
        copy_ledger(ledger.path(), copy.path());
        let database = Connection::open(copy.path().join(FILE)).unwrap();
        assert!(database.execute(statement, []).unwrap() > 0);
        drop(database);
        assert!(!problems_of(copy.path()).is_empty(), "{statement}");
    }
    let copy = tempfile::tempdir().unwrap();
    copy_ledger(ledger.path(), copy.path());
    Connection::open(copy.path().join(FILE)).unwrap().execute("DELETE FROM document", []).unwrap();
    let missing = problems_of(copy.path());
    let missing = missing.iter().find(|problem| problem.what.contains("is missing")).unwrap();
    let loaded = missing.index.unwrap();
    let database = Connection::open(ledger.path().join(FILE)).unwrap();
    let find = "SELECT op FROM ledger WHERE idx = ?";
    let op: String = database.query_row(find, [i64::try_from(loaded).unwrap()], |row| row.get(0)).unwrap();
    assert!(op.contains("catalogue.load"), "{op}");
}

#[tokio::test]
async fn an_entry_taken_out_or_put_in_is_found() {
    let (_server, ledger) = mixed().await;
    let statements = [
        "DELETE FROM ledger WHERE idx = 12",
        "DELETE FROM ledger WHERE idx = (SELECT max(idx) FROM ledger)",
        "DELETE FROM entity WHERE kind = 'finding'",
        "DELETE FROM feed WHERE idx = (SELECT max(idx) FROM feed)",
        "DELETE FROM push WHERE id = 1",
        "INSERT INTO ledger SELECT idx + 1, op, facts, leaf, push FROM ledger WHERE idx = (SELECT max(idx) FROM ledger)",
    ];
    for statement in statements {
        let copy = tempfile::tempdir().unwrap();
        copy_ledger(ledger.path(), copy.path());
        let database = Connection::open(copy.path().join(FILE)).unwrap();
        assert!(database.execute(statement, []).unwrap() > 0);
        drop(database);
        assert!(!problems_of(copy.path()).is_empty(), "{statement}");
    }
}

#[tokio::test]
async fn lists_that_say_other_than_the_ledger_are_found() {
    let mut server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    phone.record_at("桥下堆物 No.12", 5.0, 5.0);
    phone.sync().await;
    server.stop().await;
    let data = server.data();
    assert!(problems_of(data).is_empty());
    let is_found = |statement: &str, what: &str| {
        assert_eq!(run_behind(data, statement), 1, "{statement}");
        let problems = problems_of(data);
        assert!(problems.iter().any(|problem| problem.what.contains(what)), "{statement}: {problems:?}");
    };
    is_found("UPDATE listing SET due = 5", "listed otherwise");
    assert_eq!(run_behind(data, "UPDATE listing SET due = NULL, received = received + 1"), 1);
    is_found("UPDATE listing SET kind = 'notice'", "listed otherwise");
    assert_eq!(run_behind(data, "UPDATE listing SET kind = 'finding', received = received - 1"), 1);
    assert!(problems_of(data).is_empty(), "all is as it was");
    is_found("UPDATE trace SET idx = idx + 1", "where");
    assert_eq!(run_behind(data, "UPDATE trace SET idx = idx - 1"), 1);
    let words = if Settings::of(data).unwrap().database.is_some() {
        "UPDATE listing SET words = words || array_to_tsvector(ARRAY['路']::text[])"
    } else {
        "INSERT OR REPLACE INTO listing_words (rowid, words) VALUES (1, '桥 路')"
    };
    is_found(words, "other words");
    is_found("DELETE FROM listing", "not listed");
}
