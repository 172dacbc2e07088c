//! What an operator has written down beside a ledger: the file `xuncha.toml` in its data folder.
//!
//! Flags and variables of the environment go before it.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

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
/// metrics = "127.0.0.1:9464"
/// tls_certificate = "/etc/xuncha/certificate.pem"
/// tls_key = "/etc/xuncha/key.pem"
/// font = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
///
/// [map]
/// tiles = "https://tiles.example.cn/{z}/{x}/{y}.png"
/// attribution = "审图号 GS(2026)0001"
/// shift = "gcj02"
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
    /// Address of the listener for monitors, see `xuncha serve --metrics`.
    pub metrics: Option<SocketAddr>,
    /// Certificate to speak TLS with, see `xuncha serve --tls-certificate`.
    pub tls_certificate: Option<PathBuf>,
    /// Its key.
    pub tls_key: Option<PathBuf>,
    /// The font that notices are set in as PDF, a file with Chinese in it.
    pub font: Option<PathBuf>,
    /// Where the console has its map from; without it findings are shown on a bare ground.
    #[serde(default)]
    pub map: Map,
}

/// Where the console has its map from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Map {
    /// Address of a MapLibre style; goes before `tiles`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// Address of raster tiles with `{z}`, `{x}` and `{y}` in it, or of a PMTiles archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiles: Option<String>,
    /// Whose map it is, as it must be said on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// How the map is shifted against WGS-84.
    pub shift: Shift,
}

/// How a map is shifted against WGS-84.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// It is not.
    #[default]
    None,
    /// As maps published in China are.
    Gcj02,
}

impl Map {
    /// Origins that the map is fetched from besides this server, such as `https://tiles.example.cn`.
    pub fn origins(&self) -> Vec<String> {
        let addresses = [&self.style, &self.tiles].into_iter().flatten();
        let mut origins: Vec<String> = addresses.filter_map(|address| origin_of(address).ok().flatten()).collect();
        origins.sort();
        origins.dedup();
        origins
    }

    /// What is wrong with it, naming the setting.
    fn misfit(&self) -> Option<String> {
        for (name, address) in [("style", &self.style), ("tiles", &self.tiles)] {
            if let Some(Err(what)) = address.as_deref().map(origin_of) {
                return Some(format!("map.{name}: {what}"));
            }
        }
        let long = self.attribution.as_ref().is_some_and(|words| words.chars().count() > 300);
        long.then(|| "map.attribution: has more than 300 characters".to_owned())
    }
}

/// The origin of an address of the web; none of one that begins with `/` and is on this server.
fn origin_of(address: &str) -> Result<Option<String>, &'static str> {
    const WANTED: &str = "wanted an address that begins with https://, http:// or /";
    if address.starts_with('/') && !address.starts_with("//") {
        return Ok(None);
    }
    let address = address.strip_prefix("pmtiles://").unwrap_or(address);
    let parsed = reqwest::Url::parse(address).map_err(|_| WANTED)?;
    match parsed.scheme() {
        "http" | "https" => Ok(Some(parsed.origin().ascii_serialization())),
        _ => Err(WANTED),
    }
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
        let bad = |what: String| StoreError::Settings(format!("{}: {what}", path.display()));
        let settings: Settings = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
        settings.map.misfit().map_or(Ok(settings), |what| Err(bad(what)))
    }
}

/// Writes down in the settings of `data` where its ledger and its files lie, as far as they were given a place; all
/// else that is written there stays. Readable to its owner alone, for
/// addresses hold passwords. Durable when this returns; a crash leaves the file before it.
///
/// # Errors
/// [`StoreError::Settings`] when it cannot be written, or names another database or place.
pub fn write_places(data: &Path, database: Option<&str>, blobs: Option<&str>) -> store::Result<()> {
    let path = data.join(FILE);
    let known = Settings::of(data)?;
    let mut lines = String::new();
    for (name, known, wanted) in [("blobs", known.blobs, blobs), ("database", known.database, database)] {
        match (known, wanted) {
            (Some(known), Some(wanted)) if known != wanted => {
                let detail = format!("{}: {name} names another place", path.display());
                return Err(StoreError::Settings(detail));
            }
            // A string of JSON's is one of TOML's.
            (None, Some(wanted)) => lines = format!("{name} = {}\n{lines}", serde_json::Value::from(wanted)),
            _ => {}
        }
    }
    let written = || -> io::Result<()> {
        let before = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            before => before?,
        };
        let mut file = tempfile::NamedTempFile::new_in(data)?;
        // Before all else: what follows may be a table of its own.
        file.write_all(format!("{lines}{before}").as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        fs::File::open(data)?.sync_all()
    };
    written().map_err(|error| StoreError::Settings(format!("{}: {error}", path.display())))
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
