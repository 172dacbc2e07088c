//! Bare limits: what the same disk and the same SQLite do when nothing of ours is in the way.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::measure::timed;

/// Bytes written at once.
const PIECE: usize = 256 * 1024;

/// A folder and a database to write to.
pub(crate) struct Bare {
    folder: TempDir,
    rows: Connection,
    written: u64,
}

impl Bare {
    pub(crate) fn new() -> Bare {
        let folder = TempDir::new().unwrap();
        let rows = Connection::open(folder.path().join("rows.db")).unwrap();
        rows.pragma_update(None, "journal_mode", "wal").unwrap();
        rows.pragma_update(None, "synchronous", "full").unwrap();
        rows.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)", ()).unwrap();
        Bare { folder, rows, written: 0 }
    }

    /// Milliseconds to insert these texts, `together` in one transaction.
    pub(crate) fn insert(&mut self, texts: &[String], together: usize) -> f64 {
        timed(|| {
            for batch in texts.chunks(together) {
                let whole = self.rows.transaction().unwrap();
                for text in batch {
                    let mut insert = whole.prepare_cached("INSERT INTO rows (body) VALUES (?1)").unwrap();
                    insert.execute([text]).unwrap();
                }
                whole.commit().unwrap();
            }
        })
    }

    /// Milliseconds for one commit of a row of 1 kB.
    pub(crate) fn commit(&mut self) -> f64 {
        let row = vec![7_u8; 1000];
        timed(|| {
            self.rows.execute("INSERT INTO rows (body) VALUES (?1)", [&row]).unwrap();
        })
    }

    /// Milliseconds for a durable file with a name, and one commit of a row of 1 kB.
    pub(crate) fn save(&mut self, bytes: &[u8]) -> f64 {
        let (half, path) = (self.next_path("part"), self.next_path("jpg"));
        let row = vec![7_u8; 1000];
        timed(|| {
            write(&half, bytes);
            fs::rename(&half, &path).unwrap();
            File::open(self.folder.path()).unwrap().sync_all().unwrap();
            self.rows.execute("INSERT INTO rows (body) VALUES (?1)", [&row]).unwrap();
        })
    }

    fn next_path(&mut self, ending: &str) -> PathBuf {
        self.written += 1;
        self.folder.path().join(format!("{}.{ending}", self.written))
    }
}

/// Milliseconds to write and sync these files, one after the other.
pub(crate) fn write_all(files: &[Vec<u8>]) -> f64 {
    let folder = TempDir::new().unwrap();
    timed(|| {
        for (number, bytes) in files.iter().enumerate() {
            write(&folder.path().join(number.to_string()), bytes);
        }
    })
}

fn write(path: &Path, bytes: &[u8]) {
    let mut file = File::create(path).unwrap();
    // In one piece of megabytes it sometimes takes twice as long, and is no limit.
    bytes.chunks(PIECE).for_each(|piece| file.write_all(piece).unwrap());
    file.sync_all().unwrap();
}
