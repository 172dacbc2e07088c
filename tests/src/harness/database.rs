//! The engines under the servers of the tests: SQLite and a folder, or PostgreSQL where `XUNCHA_POSTGRES` names a
//! cluster, and S3 where `XUNCHA_S3` names a bucket, that are there for the tests alone (`tests/all` starts them).

use std::path::Path;
use std::sync::Arc;

use tokio_postgres::NoTls;
use xuncha_core::host::Host;
use xuncha_server::settings::{self, Settings};
use xuncha_server::store::Store;
use xuncha_server::store::sqlite::FILE;

use super::{bucket, new_place};

/// The cluster, such as `postgres://user:password@127.0.0.1:5432`.
pub fn cluster() -> Option<String> {
    std::env::var("XUNCHA_POSTGRES").ok()
}

/// Makes an empty database and gives its address.
pub fn new_database(cluster: &str) -> String {
    let name = format!("t{}", Host::system().uuid().simple());
    run_there(&format!("{cluster}/postgres"), &format!("CREATE DATABASE {name}"));
    format!("{cluster}/{name}")
}

/// Ends the database at `url`, whoever is connected to it.
pub fn drop_database(url: &str) {
    let (cluster, name) = url.rsplit_once('/').unwrap();
    run_there(&format!("{cluster}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)"));
}

/// The store of the ledger in `data`.
pub fn open_settings(data: &Path) -> Arc<dyn Store> {
    settings::open_store(data, None, false).unwrap()
}

/// Gives a new ledger in `data` a database of its own when PostgreSQL is what is being tested, and a place of its own
/// in the bucket when S3 is.
pub fn place(data: &Path) {
    if data.join(FILE).exists() || data.join(settings::FILE).exists() {
        return;
    }
    let database = cluster().map(|cluster| new_database(&cluster));
    place_at(data, database.as_deref(), bucket().map(|bucket| new_place(&bucket)).as_deref());
}

/// Writes down that the ledger in `data` lies in the database at `database`, and its files at `blobs`; none: in the
/// folder.
#[expect(clippy::disallowed_methods, reason = "nothing here outlives the test")]
pub fn place_at(data: &Path, database: Option<&str>, blobs: Option<&str>) {
    let line = |name, place: Option<&str>| place.map(|place| format!("{name} = \"{place}\"\n")).unwrap_or_default();
    let text = [line("database", database), line("blobs", blobs)].concat();
    if !text.is_empty() {
        std::fs::create_dir_all(data).unwrap();
        std::fs::write(data.join(settings::FILE), text).unwrap();
    }
}

/// Runs one statement behind the server's back on the ledger in `data`; gives the number of rows.
pub fn run_behind(data: &Path, statement: &str) -> u64 {
    match Settings::of(data).unwrap().database {
        Some(url) => run_there(&url, statement),
        None => {
            let database = rusqlite::Connection::open(data.join(FILE)).unwrap();
            database.busy_timeout(std::time::Duration::from_secs(15)).unwrap();
            database.execute(statement, []).unwrap() as u64
        }
    }
}

/// An id or a hash as both engines write it.
pub fn literal(data: &Path, bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match Settings::of(data).unwrap().database {
        Some(_) => format!("'\\x{hex}'"),
        None => format!("x'{hex}'"),
    }
}

/// Runs one statement in the database at `url`; gives the number of rows.
pub fn run_there(url: &str, statement: &str) -> u64 {
    let (url, statement) = (url.to_owned(), statement.to_owned());
    // A thread of its own: the test may be within a runtime.
    let done = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            client.batch_execute("SET search_path = xuncha").await.unwrap();
            let changed = client.execute(statement.as_str(), &[]).await.unwrap();
            drop(client);
            connection.await.unwrap().unwrap();
            changed
        })
    });
    done.join().unwrap()
}
