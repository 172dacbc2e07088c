//! A ledger in PostgreSQL, for any number of server processes.
//!
//! A batch holds one advisory lock from its first statement to its commit, so that the log stays
//! dense whoever writes; a snapshot is one `REPEATABLE READ` transaction. The calling thread waits:
//! these are calls for threads that may block.

mod ahead;
mod arrive;
mod batch;
mod files;
mod line;
mod listing;
mod signin;
mod snapshot;
mod tables;
mod webhook;

use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

pub(crate) use self::arrive::Arriving;
use self::line::Line;
use super::sqlite::SqliteStore;
use super::tables::TABLES;
use super::{Batch, Result, Snapshot, Store, StoreError};
use crate::sockets::Sockets;

/// Newest schema that this version knows.
const SCHEMA: i64 = 9;

/// Statements that bring a database from each schema to the next, from nothing on.
const MIGRATIONS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
    include_str!("schema_8.sql"),
    include_str!("schema_9.sql"),
];

/// Key of the advisory lock that a batch holds: `xuncha` in ASCII.
const LOCK: i64 = 0x78756e636861;

/// How long to wait for another process to finish its batch, and for a connection.
const PATIENCE: Duration = Duration::from_secs(15);

/// Connections of one process; PostgreSQL allows a hundred unless it is told otherwise.
const CONNECTIONS: usize = 12;

/// What every connection is told: how long a statement may take and how long somebody may sit in a
/// transaction, so that a process that hangs does not hold up the others for ever; and that a commit
/// is durable when it returns, whatever the database's default.
const SETTINGS: &str = "-c statement_timeout=60s -c lock_timeout=15s \
                        -c idle_in_transaction_session_timeout=120s -c synchronous_commit=on \
                        -c client_min_messages=warning";

/// The schema that a ledger lies in.
const PLACE: &str = "xuncha";

const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// A ledger in the schema `xuncha` of a database.
pub struct PostgresStore {
    /// Another schema only while a ledger arrives.
    place: &'static str,
    pool: Pool,
    sockets: Sockets,
}

impl PostgresStore {
    /// Opens the store at `url` (`postgres://user:password@host:port/database`, or libpq's
    /// `key=value` form), making it when `create`, and brings its schema up to date. Several processes
    /// may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Address`] when that is no address, [`StoreError::Away`] when nobody answers there,
    /// [`StoreError::Denied`] when the database does not let us in, [`StoreError::Missing`] without a
    /// ledger, [`StoreError::Newer`]. None of them leaves half a schema.
    pub fn open(url: &str, create: bool) -> Result<PostgresStore> {
        let store = PostgresStore::connect(url, PLACE)?;
        store.migrate(create)?;
        Ok(store)
    }

    fn connect(url: &str, place: &'static str) -> Result<PostgresStore> {
        let mut config = Config::from_str(url).map_err(|error| StoreError::Address(error.to_string()))?;
        let given = config.get_options().map(|options| format!("{options} ")).unwrap_or_default();
        config.options(format!("{given}{SETTINGS} -c search_path={place}"));
        config.application_name("xuncha").connect_timeout(PATIENCE).keepalives_idle(Duration::from_secs(30));
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match config.get_ssl_mode() {
            SslMode::Disable => Manager::from_config(config, NoTls, manager),
            _ => Manager::from_config(config, tls()?, manager),
        };
        let built = Pool::builder(manager)
            .max_size(CONNECTIONS)
            // The one that was in use last has its statements prepared.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .build();
        let pool = built.map_err(|error| StoreError::Failed(error.to_string()))?;
        let sockets = Sockets::start("postgres").map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(PostgresStore { place, pool, sockets })
    }

    fn connection(&self) -> Result<Object> {
        Ok(self.sockets.wait(self.pool.get())?)
    }

    fn begin(&self, begin: &'static str) -> Result<Line> {
        Line::begin(self.connection()?, self.sockets.runtime().clone(), begin)
    }

    fn locked(&self) -> Result<Line> {
        let line = self.begin(WRITE)?;
        line.run("SELECT pg_advisory_xact_lock($1)", vec![Box::new(LOCK)])?;
        Ok(line)
    }

    fn migrate(&self, create: bool) -> Result<()> {
        let line = self.locked()?;
        let found = match is_there(&line, self.place)? {
            true => line.one("SELECT version FROM schema", &[], |row| Ok(row.try_get(0)?))?,
            false if !create => return line.give_up().and(Err(StoreError::Missing("this database".into()))),
            false => Some(0_i64),
        };
        let found = found.unwrap_or(0);
        if found > SCHEMA {
            let newer = |found| u32::try_from(found).unwrap_or(u32::MAX);
            return Err(StoreError::Newer { found: newer(found), known: newer(SCHEMA) });
        }
        if found == SCHEMA {
            return line.give_up();
        }
        if found == 0 {
            let place = self.place;
            line.all(&format!("CREATE SCHEMA IF NOT EXISTS {place}; CREATE TABLE schema (version bigint NOT NULL)"))?;
            line.run("INSERT INTO schema (version) VALUES (0)", Vec::new())?;
        }
        for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
            line.all(step)?;
        }
        line.run("UPDATE schema SET version = $1", vec![Box::new(SCHEMA)])?;
        line.commit()
    }
}

/// Where `url` leads, without what is secret in it.
///
/// # Errors
/// [`StoreError::Address`].
pub(crate) fn place_of(url: &str) -> Result<String> {
    let config = Config::from_str(url).map_err(|error| StoreError::Address(error.to_string()))?;
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
    Ok(format!("the database {name} at {}", hosts.join(", ")))
}

/// Whether there is a ledger's schema of this name.
fn is_there(line: &Line, place: &str) -> Result<bool> {
    let found = line.one("SELECT to_regclass($1 || '.schema') IS NOT NULL", &[&place], |row| Ok(row.try_get(0)?))?;
    Ok(found.unwrap_or(false))
}

fn tls() -> Result<MakeRustlsConnect> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .and_then(rustls_platform_verifier::BuilderVerifierExt::with_platform_verifier);
    let config = config.map_err(|error| StoreError::Failed(format!("set up TLS: {error}")))?;
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

impl Store for PostgresStore {
    fn write(&self, work: &mut dyn FnMut(&mut dyn Batch) -> Result<()>) -> Result<()> {
        let mut batch = snapshot::Transaction::new(self.locked()?);
        match work(&mut batch) {
            Ok(()) => batch.line.commit(),
            Err(error) => {
                // A write that failed unseen is the reason of what failed after it.
                let reason = batch.line.settle().err().unwrap_or(error);
                drop(batch.line.give_up());
                Err(reason)
            }
        }
    }

    fn read(&self, work: &mut dyn FnMut(&dyn Snapshot) -> Result<()>) -> Result<()> {
        let snapshot = snapshot::Transaction::new(self.begin(READ)?);
        let outcome = work(&snapshot);
        let ended = snapshot.line.give_up();
        outcome.and(ended)
    }

    fn copy_to(&self, path: &Path) -> Result<()> {
        if path.exists() {
            return Err(StoreError::Failed(format!("{} exists", path.display())));
        }
        let file = SqliteStore::open_file(path, true)?;
        let line = self.begin(READ)?;
        for table in TABLES {
            file.fill(table, &mut |put| tables::read(&line, table, put))?;
        }
        line.give_up()
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> StoreError {
        use tokio_postgres::error::SqlState as State;
        let Some(database) = error.as_db_error() else {
            let text = error.to_string();
            let gone = error.is_closed()
                || std::error::Error::source(&error).is_some_and(|source| source.is::<std::io::Error>());
            return if gone { StoreError::Away(cause(&error)) } else { StoreError::Failed(text) };
        };
        let (state, text) = (database.code(), database.message().to_owned());
        match &state.code()[..2] {
            _ if *state == State::DISK_FULL => StoreError::Full,
            _ if *state == State::LOCK_NOT_AVAILABLE || *state == State::QUERY_CANCELED => StoreError::Busy,
            _ if *state == State::TOO_MANY_CONNECTIONS => StoreError::Away(text),
            // Shutting down, starting up, crashed; connections that broke.
            "57" | "08" => StoreError::Away(text),
            "28" | "3D" => StoreError::Denied(text),
            _ if *state == State::INSUFFICIENT_PRIVILEGE => StoreError::Denied(text),
            // Bad data, and data that does not fit what is there.
            "22" | "23" => StoreError::Rejected(text),
            "XX" => StoreError::Damaged(text),
            _ => StoreError::Failed(format!("{}: {text}", state.code())),
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> StoreError {
        match error {
            PoolError::Backend(error) => match StoreError::from(error) {
                StoreError::Failed(text) => StoreError::Away(text),
                other => other,
            },
            PoolError::Timeout(_) => StoreError::Busy,
            other => StoreError::Failed(other.to_string()),
        }
    }
}

/// The innermost reason, which says more than "error connecting to server".
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
