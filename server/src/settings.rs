//! What an operator has written down beside a ledger: the file `xuncha.toml` in its data folder.
//!
//! Flags and variables of the environment go before it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::blobs::{Depot, DepotError};
use crate::store::{self, Store, StoreError};

/// Name of the file.
pub const FILE: &str = "xuncha.toml";

/// What the file may say; all of it may be absent, and so may the file.
///
/// ```toml
/// database = "postgres://xuncha:secret@db.example.cn/xuncha"
/// blobs = "s3://bucket/prefix"
/// guard = "/mnt/other/xuncha.guard"
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address of the PostgreSQL database that the ledger lies in, instead of SQLite in the folder.
    pub database: Option<String>,
    /// Where the files of photos lie, instead of in the folder: `s3://bucket/prefix`, or the whole path of a
    /// folder.
    pub blobs: Option<String>,
    /// File of the guard, see `xuncha serve --guard`.
    pub guard: Option<PathBuf>,
}

impl Settings {
    /// Reads the file in `data`.
    ///
    /// # Errors
    /// [`StoreError::Settings`] when it cannot be read or says something else.
    pub fn of(data: &Path) -> store::Result<Settings> {
        let path = data.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
            Err(error) => return Err(StoreError::Settings(format!("{}: {error}", path.display()))),
        };
        toml::from_str(&text).map_err(|error| StoreError::Settings(format!("{}: {error}", path.display())))
    }
}

/// Opens the store of the ledger in `data`: at `database` when it is given, else where the settings
/// say, else in the folder itself.
///
/// # Errors
/// As [`Settings::of`] and [`store::open`].
pub fn open_store(data: &Path, database: Option<&str>, create: bool) -> store::Result<Arc<dyn Store>> {
    let settings = Settings::of(data)?;
    store::open(data, database.or(settings.database.as_deref()), create)
}

/// The place of the files of the ledger in `data`: at `blobs` when it is given, else where the settings say, else in
/// the folder itself. Looks at nothing but the settings.
///
/// # Errors
/// As [`Settings::of`] and [`Depot::at`].
pub fn find_files(data: &Path, blobs: Option<&str>) -> Result<Depot, DepotError> {
    let settings = Settings::of(data)?;
    Depot::at(data, blobs.or(settings.blobs.as_deref()))
}

/// Writes down in `data`, a new folder, where the files of its ledger lie. The caller syncs the folder.
pub(crate) fn write_settings(data: &Path, blobs: &str) -> io::Result<()> {
    // A JSON text is a TOML text.
    let line = format!("blobs = {}\n", serde_json::to_string(blobs)?);
    let mut file = fs::File::create(data.join(FILE))?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}
