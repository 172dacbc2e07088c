//! The database encrypted by SQLCipher, where the cargo feature `sqlcipher` has built it in.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rusqlite::{Connection, params};
use zeroize::Zeroizing;

use super::fault::Tried;
use super::open::{clear_leftovers, database, journal, new_database, open, put_in_place};
use crate::model::Hash;
use crate::{Error, Result};

/// True where this build encrypts its notebooks. A constant and not a `cfg`, so that every build checks all the code.
pub(crate) const ENCRYPTS: bool = cfg!(feature = "sqlcipher");

/// What an encrypted database begins with, where a plain one has SQLite's name: eight bytes that tell its key from
/// others, and eight that tell these from damage.
///
/// SQLCipher keeps a salt there. It has no other use for one: the key is random and not stretched.
type Mark = [u8; 16];

/// What the database is encrypted with: 32 random bytes that stay the same for its life.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseKey(pub(super) Zeroizing<[u8; 32]>);

impl DatabaseKey {
    fn mark(&self) -> Mark {
        let mut mark = [0; 16];
        mark[..8].copy_from_slice(&Hash::of_parts(&[b"xuncha-database-1\n", self.0.as_slice()]).0[..8]);
        let check = check_of(&mark);
        mark[8..].copy_from_slice(&check);
        mark
    }

    /// Key and salt as SQLCipher takes them unstretched.
    fn words(&self) -> Zeroizing<String> {
        let mut words = Zeroizing::new(String::with_capacity(99));
        words.push_str("x'");
        for byte in self.0.iter().chain(&self.mark()) {
            words.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0')));
        }
        words.push('\'');
        words
    }

    /// To be called before anything else is asked of a connection.
    pub(super) fn unlock(&self, db: &Connection) -> rusqlite::Result<()> {
        db.execute_batch(&Zeroizing::new(format!("PRAGMA key = \"{}\"", *self.words())))
    }
}

fn check_of(mark: &Mark) -> [u8; 8] {
    let mut check = [0; 8];
    check.copy_from_slice(&Hash::of_parts(&[b"xuncha-mark-1\n", &mark[..8]]).0[..8]);
    check
}

/// What the database's file begins with.
#[derive(Debug, PartialEq, Eq)]
enum Cover {
    Plain,
    Encrypted(Mark),
    Damaged,
}

impl Cover {
    fn of(folder: &Path) -> Result<Cover> {
        let mut start = [0; 16];
        let file = File::open(database(folder)).tried("open the notebook")?;
        let len = file.take(16).read(&mut start).tried("read the notebook")?;
        Ok(match start {
            _ if len < 16 => Cover::Damaged,
            _ if start == *b"SQLite format 3\0" => Cover::Plain,
            _ if start[8..] == check_of(&start) => Cover::Encrypted(start),
            _ => Cover::Damaged,
        })
    }
}

/// True when the database in `folder` is encrypted.
pub(super) fn is_encrypted(folder: &Path) -> Result<bool> {
    Ok(matches!(Cover::of(folder)?, Cover::Encrypted(_)))
}

/// The key to open the database in `folder` with, out of what the key store has; none where it is plain.
///
/// # Errors
/// [`Error::DatabaseKeyMissing`], [`Error::DatabaseKeyWrong`], and [`Error::Encrypted`] where this build cannot read it.
pub(super) fn fitting<'a>(folder: &Path, key: Option<&'a DatabaseKey>) -> Result<Option<&'a DatabaseKey>> {
    match (Cover::of(folder)?, key) {
        (Cover::Plain, _) => Ok(None),
        (Cover::Encrypted(_), _) if !ENCRYPTS => Err(Error::Encrypted),
        (Cover::Encrypted(_), None) => Err(Error::DatabaseKeyMissing),
        (Cover::Encrypted(mark), Some(key)) if key.mark() != mark => Err(Error::DatabaseKeyWrong),
        // What is damaged there may be whole behind it.
        (Cover::Encrypted(_) | Cover::Damaged, key) => Ok(key),
    }
}

/// Encrypts the open, plain `db` of `folder` in its place. A crash leaves the plain one or the encrypted one.
///
/// On a full disk it stays plain, because a notebook can be read then too; the next opening tries again.
pub(super) fn encrypt(db: Connection, folder: &Path, key: &DatabaseKey) -> Result<Connection> {
    if let Err(error) = copy(&db, folder, key) {
        clear_leftovers(folder)?;
        return if matches!(error, Error::Full) { Ok(db) } else { Err(error) };
    }
    db.close().map_err(|(_, error)| error).tried("close the plain notebook")?;
    if std::fs::metadata(journal(folder)).is_ok_and(|file| file.len() > 0) {
        // Never beside an encrypted one, which it would be taken for a part of.
        let source = Box::new(std::io::Error::other("it was not written back"));
        return Err(Error::Storage { what: "the plain notebook's journal is still here".into(), source });
    }
    put_in_place(folder)?;
    Ok(open(folder, Some(key), |_| Ok(()))?.0)
}

/// Writes an encrypted copy beside the database, durable and checked.
fn copy(db: &Connection, folder: &Path, key: &DatabaseKey) -> Result<()> {
    let what = "encrypt the notebook";
    clear_leftovers(folder)?;
    let left: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).tried(what)?;
    if left != 0 {
        return Err(Error::Busy);
    }
    let new = new_database(folder);
    // SQLite creates nothing by itself where the first database had to be there.
    File::create(&new).tried(what)?;
    let path = new.to_str().ok_or_else(|| std::io::Error::other("the folder's name is no text")).tried(what)?;
    db.execute("ATTACH ? AS encrypted KEY ?", params![path, key.words().as_str()]).tried(what)?;
    let copied = copy_into_attached(db);
    let detached = db.execute_batch("DETACH encrypted").tried(what);
    copied?;
    detached?;
    File::open(&new).and_then(|file| file.sync_all()).tried(what)
}

fn copy_into_attached(db: &Connection) -> Result<()> {
    let what = "encrypt the notebook";
    db.query_row("SELECT sqlcipher_export('encrypted')", [], |_| Ok(())).tried(what)?;
    for name in ["user_version", "application_id"] {
        let number: i32 = db.pragma_query_value(None, name, |row| row.get(0)).tried(what)?;
        db.pragma_update(Some("encrypted"), name, number).tried(what)?;
    }
    let found: String = db.query_row("PRAGMA encrypted.quick_check(1)", [], |row| row.get(0)).tried(what)?;
    if found == "ok" { Ok(()) } else { Err(Error::Damaged { detail: found }) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn key(byte: u8) -> DatabaseKey {
        DatabaseKey(Zeroizing::new([byte; 32]))
    }

    fn begins_with(start: &[u8]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let bytes = [start, &[0xA5; 8_192]].concat();
        File::create(database(folder.path())).unwrap().write_all(&bytes).unwrap();
        folder
    }

    #[test]
    fn an_encrypted_database_names_its_key_and_only_damage_is_called_damage() {
        let folder = begins_with(&key(1).mark());
        let tried = |key: Option<&DatabaseKey>| fitting(folder.path(), key).map(|key| key.is_some());
        if ENCRYPTS {
            assert!(matches!(tried(Some(&key(1))), Ok(true)));
            assert!(matches!(tried(Some(&key(2))), Err(Error::DatabaseKeyWrong)));
            assert!(matches!(tried(None), Err(Error::DatabaseKeyMissing)));
            let opened = open(folder.path(), Some(&key(1)), |_| Ok(()));
            assert!(matches!(opened, Err(Error::Damaged { .. })), "only its mark is right");
        } else {
            assert!(matches!(tried(None), Err(Error::Encrypted)));
        }
        let mut torn = key(1).mark();
        torn[3] ^= 1;
        assert_eq!(Cover::of(begins_with(&torn).path()).unwrap(), Cover::Damaged);
        assert_eq!(Cover::of(begins_with(b"SQLite format 3\0").path()).unwrap(), Cover::Plain);
    }

    #[test]
    fn a_key_in_words_is_the_key_and_its_mark() {
        let words = key(0xAB).words();
        assert_eq!((words.len(), &words[..66]), (99, format!("x'{}", "ab".repeat(32)).as_str()));
        assert_ne!(key(1).mark(), key(2).mark());
    }
}
