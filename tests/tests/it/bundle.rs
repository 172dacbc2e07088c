//! What a phone could not send, carried by hand: taken in once, whole, or refused with nothing taken.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use xuncha_core::model::Hash;
use xuncha_tests::harness::{Outcome, Phone, TestServer, photo, xuncha};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// A phone that has recorded a finding with two photos and one without, and found no network.
async fn cut_off() -> (TestServer, Phone, TempDir, Vec<Vec<u8>>) {
    let server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    let photos = vec![photo(&server.random, 200_000), photo(&server.random, 5_000)];
    phone.record_photos("隧道里", &[&photos[0], &photos[1]]);
    phone.record("没有照片");
    (server, phone, tempfile::tempdir().unwrap(), photos)
}

fn import(server: &TestServer, file: &Path) -> Outcome {
    xuncha(["import", "bundle", file.to_str().unwrap(), "--data", server.data().to_str().unwrap()])
}

fn count(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_brings_everything_that_was_not_sent_and_twice_is_once() {
    let (server, phone, folder, photos) = cut_off().await;
    let file = folder.path().join("phone.zip");
    let made = phone.notebook.export_bundle(&file).unwrap();
    assert_eq!((made.ops, made.files, made.bytes), (2, 2, 205_000));
    assert_eq!(phone.pending(), 2, "nothing has left the phone");
    let taken = import(&server, &file).value();
    assert_eq!((count(&taken, "accepted"), count(&taken, "files"), count(&taken, "duplicates")), (2, 2, 0));
    let again = import(&server, &file).value();
    assert_eq!((count(&again, "accepted"), count(&again, "files"), count(&again, "duplicates")), (0, 0, 2));
    for bytes in &photos {
        let row = server.office.store.look(|snapshot| snapshot.blob(&Hash::of(bytes))).unwrap().unwrap();
        assert!(row.whole && row.kept.is_some());
    }
    let synced = phone.sync().await;
    assert_eq!((synced.duplicates, phone.pending()), (2, 0));
    assert!(phone.findings().iter().all(|finding| finding.evidence.is_sealed()));
    let waiting = phone.notebook.status().unwrap();
    assert_eq!((waiting.pending, waiting.files_waiting), (0, 0));
    assert_eq!(phone.notebook.export_bundle(&folder.path().join("empty.zip")).unwrap().ops, 0);
    assert!(!folder.path().join("empty.zip").exists());
    phone.check();
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_never_replaces_a_file() {
    let (_server, phone, folder, _) = cut_off().await;
    let file = folder.path().join("phone.zip");
    File::create(&file).unwrap();
    assert_eq!(phone.notebook.export_bundle(&file).unwrap_err().code(), "bad_field");
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
}

/// An entry of an archive: its name, its bytes, and how they are kept.
type Part = (String, Vec<u8>, CompressionMethod);

fn parts(file: &Path) -> Vec<Part> {
    let mut zip = ZipArchive::new(File::open(file).unwrap()).unwrap();
    let mut parts = Vec::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        parts.push((entry.name().unwrap().into_owned(), bytes, CompressionMethod::Stored));
    }
    parts
}

fn rewritten(folder: &Path, name: &str, parts: &[Part]) -> PathBuf {
    let file = folder.join(name);
    let mut zip = ZipWriter::new(File::create(&file).unwrap());
    for (name, bytes, method) in parts {
        zip.start_file(name.as_str(), SimpleFileOptions::default().compression_method(*method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_was_touched_is_refused_and_nothing_of_it_is_taken() {
    let (server, phone, folder, _) = cut_off().await;
    let file = folder.path().join("phone.zip");
    phone.notebook.export_bundle(&file).unwrap();
    let whole = parts(&file);
    let at = |prefix: &str| whole.iter().position(|(name, ..)| name.starts_with(prefix)).unwrap();
    let flipped = |prefix: &str| {
        let mut parts = whole.clone();
        let middle = parts[at(prefix)].1.len() / 2;
        parts[at(prefix)].1[middle] ^= 1;
        parts
    };
    let without = |prefix: &str| whole.iter().filter(|(name, ..)| !name.starts_with(prefix)).cloned().collect();
    let with = |name: &str| {
        let mut parts = whole.clone();
        parts.push((name.to_owned(), b"owned".to_vec(), CompressionMethod::Stored));
        parts
    };
    let cases: Vec<(&str, Vec<Part>, &[&str])> = vec![
        ("a file", flipped("files/"), &["hash_mismatch"]),
        ("a push", flipped("push/"), &["hash_mismatch"]),
        ("the manifest", flipped("manifest.json"), &["bad_signature", "malformed"]),
        ("the signature", flipped("manifest.sig"), &["bad_signature"]),
        ("a missing file", without("files/"), &["malformed"]),
        ("a missing push", without("push/"), &["malformed"]),
        ("no manifest", without("manifest.json"), &["malformed"]),
        ("a way out", with("../../etc/cron.d/owned"), &["malformed"]),
        ("an absolute path", with("/tmp/owned"), &["malformed"]),
        ("another one's", with("files/0000"), &["malformed"]),
    ];
    let size = server.office.size();
    for (what, parts, codes) in cases {
        let outcome = import(&server, &rewritten(folder.path(), &what.replace(' ', "-"), &parts));
        assert_eq!(outcome.code, 1, "{what}: {outcome:?}");
        let code = outcome.lines()[0]["error"]["code"].as_str().unwrap().to_owned();
        assert!(codes.contains(&code.as_str()), "{what}: {code}");
        assert_eq!(server.office.size(), size, "{what}: something was taken");
    }
    assert_eq!(server.office.store.look(|snapshot| snapshot.blobs(None, 10)).unwrap(), []);
    let noise = folder.path().join("noise.zip");
    File::create(&noise).unwrap().write_all(&photo(&server.random, 10_000)).unwrap();
    assert_eq!(import(&server, &noise).lines()[0]["error"]["code"], "malformed");
    assert_eq!(count(&import(&server, &file).value(), "accepted"), 2, "the untouched one is good");
    server.check_all();
}

/// A zip bomb made by hand: an entry that says it is deflated and claims a gigabyte.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_would_unpack_to_more_than_it_is_is_refused() {
    let (server, phone, folder, _) = cut_off().await;
    let file = folder.path().join("phone.zip");
    phone.notebook.export_bundle(&file).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let name = b"files/";
    let mut changed = 0;
    for at in 0..bytes.len() - 46 {
        // The method stands 20 bytes before the name in a local header, 36 before it in the directory.
        let local = bytes[at..].starts_with(b"PK\x03\x04") && bytes[at + 30..].starts_with(name);
        let central = bytes[at..].starts_with(b"PK\x01\x02") && bytes[at + 46..].starts_with(name);
        if local {
            bytes[at + 8] = 8;
            bytes[at + 22..at + 26].copy_from_slice(&(1_u32 << 30).to_le_bytes());
            changed += 1;
        }
        if central {
            bytes[at + 10] = 8;
            bytes[at + 24..at + 28].copy_from_slice(&(1_u32 << 30).to_le_bytes());
            changed += 1;
        }
    }
    assert_eq!(changed, 4);
    let bomb = folder.path().join("bomb.zip");
    File::create(&bomb).unwrap().write_all(&bytes).unwrap();
    let outcome = import(&server, &bomb);
    assert_eq!(outcome.lines()[0]["error"]["code"], "malformed", "{outcome:?}");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_for_another_city_or_from_a_stranger_is_refused() {
    let (server, phone, folder, _) = cut_off().await;
    let file = folder.path().join("phone.zip");
    phone.notebook.export_bundle(&file).unwrap();
    let other = TestServer::start().await;
    assert_eq!(import(&other, &file).lines()[0]["error"]["code"], "wrong_ledger");
    let mut phone = phone;
    phone.lose_key();
    let strange = folder.path().join("strange.zip");
    phone.notebook.export_bundle(&strange).unwrap();
    assert_eq!(import(&server, &strange).lines()[0]["error"]["code"], "unknown_device");
}
