//! Photos on the command line, as scripts rely on it: every JSON member, every stable code.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use xuncha_core::model::Hash;
use xuncha_tests::harness::{Process, SeededRandom, binary, photo, put_bytes, run, xuncha};

use super::commands::{Desk, id_of};

/// 400 x 300 pixels that lie on their side, with a place in the EXIF.
const TURNED: &[u8] = include_bytes!("../../fixtures/photos/turned.jpg");

/// A desk with a file on it.
fn put(desk: &Desk, name: &str, bytes: &[u8]) -> String {
    put_bytes(desk.path(name), bytes);
    desk.path(name)
}

fn field(home: &str, arguments: &[&str]) -> Value {
    xuncha(["field", "--home", home].iter().chain(arguments)).value()
}

fn code(home: &str, arguments: &[&str]) -> String {
    let outcome = xuncha(["field", "--home", home].iter().chain(arguments));
    assert_eq!(outcome.code, 1, "{outcome:?}");
    outcome.lines()[0]["error"]["code"].as_str().unwrap().to_owned()
}

/// Members of an object.
fn members(value: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), value[name].clone())).collect::<serde_json::Map<_, _>>().into()
}

/// Syncs until the ledger keeps every original of the phone's only finding.
fn sync_until_sealed(home: &str) {
    for _ in 0..100 {
        field(home, &["sync"]);
        if field(home, &["list"])["evidence"]["originals"] == 1 {
            return;
        }
    }
    panic!("the original was never kept");
}

fn states(shown: &Value) -> [&str; 3] {
    ["original", "display", "thumbnail"].map(|role| shown["files"][0][role]["state"].as_str().unwrap())
}

/// What `sync` says of files.
const FILES: [&str; 5] = ["files_sent", "bytes_sent", "files_waiting", "file_faults", "files_offline"];

fn len(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

#[test]
fn people_read_how_many_of_the_photos_are_at_the_server() {
    let desk = Desk::new();
    let _server = Process::serve(&desk.folder.path().join("data"));
    let home = desk.enrolled("王敏");
    let random = SeededRandom::new();
    let photos: Vec<Vec<u8>> = (0..3).map(|_| photo(&random, 20_000)).collect();
    let files: Vec<String> = (0..3).map(|number| put(&desk, &format!("{number}.jpg"), &photos[number])).collect();
    let mut record = vec!["record", "--item", "SR-1"];
    files.iter().for_each(|file| record.extend(["--photo", file]));
    field(&home, &record);
    let read = || {
        let mut command = Command::new(binary());
        command.args(["field", "--home", &home, "list"]);
        run(command).out
    };
    assert!(read().contains("photos 0 of 3 at the server"), "{}", read());
    // One is gone from the phone: the others go all the same.
    fs::remove_file(Path::new(&home).join("photos").join(Hash::of(&photos[1]).to_hex())).unwrap();
    let here = |_| {
        field(&home, &["sync"]);
        field(&home, &["list"])["evidence"]["originals"] == 2
    };
    assert!((0..100).any(here), "{}", read());
    assert!(read().contains("photos 2 of 3 at the server"), "{}", read());
}

#[test]
fn a_photo_goes_its_way_on_the_command_line() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let (a, b) = (desk.enrolled("王敏"), desk.enrolled("李强"));
    let file = put(&desk, "turned.jpg", TURNED);
    let recorded = field(&a, &["record", "--item", "SR-1", "--note", "占道堆物", "--photo", &file, "--camera"]);
    let finding = id_of(&recorded);
    assert_eq!(recorded, json!({ "finding": finding, "alike": [] }));
    fs::remove_file(&file).unwrap();

    let shown = field(&a, &["show", &finding]);
    assert_eq!(states(&shown), ["waiting", "absent", "absent"]);
    let made = json!({ "made": 1, "no_preview_yet": 0, "failed": 0, "more": false });
    assert_eq!(field(&a, &["previews"]), made);
    assert_eq!(field(&a, &["previews"]), json!({ "made": 0, "no_preview_yet": 0, "failed": 0, "more": false }));
    let listed = field(&a, &["list"]);
    let none_yet = json!({ "expected": 1, "originals": 0, "displays": 0, "thumbnails": 0 });
    let wanted = json!({ "pending": true, "photos_expected": 1, "evidence": none_yet });
    assert_eq!(members(&listed, &["pending", "photos_expected", "evidence"]), wanted);
    let shown = field(&a, &["show", &finding]);
    assert_eq!(states(&shown), ["waiting", "waiting", "waiting"]);
    let (one, hash) = (&shown["files"][0], Hash::of(TURNED).to_string());
    assert_eq!((&one["photo"]["original"], &one["photo"]["source"]), (&json!(hash), &json!("camera")));
    let preview = members(&one["preview"], &["original", "width", "height", "stamped"]);
    assert_eq!(preview, json!({ "original": hash, "width": 300, "height": 400, "stamped": false }));
    assert_eq!(one["no_preview"], Value::Null);

    // On the road the originals wait.
    let synced = members(&field(&a, &["sync", "--metered", "--no-wifi"]), &FILES);
    let previews = fs::read_dir(desk.folder.path().join("王敏/previews")).unwrap();
    let bytes: u64 = previews.map(|entry| len(&entry.unwrap().path())).sum();
    let sent =
        json!({ "files_sent": 2, "bytes_sent": bytes, "files_waiting": 1, "file_faults": 0, "files_offline": false });
    assert_eq!(synced, sent);
    let synced = members(&field(&a, &["sync"]), &FILES);
    let (sent, bytes) = (1, TURNED.len());
    let wanted = json!({ "files_sent": sent, "bytes_sent": bytes, "files_waiting": 0, "file_faults": 0, "files_offline": false });
    assert_eq!(synced, wanted);
    sync_until_sealed(&a);
    let shown = field(&a, &["show", &finding]);
    assert_eq!(states(&shown), ["kept", "kept", "kept"]);
    assert!(shown["files"][0]["original"]["index"].is_u64());

    sync_until_sealed(&b);
    let photo = field(&b, &["show", &finding])["files"][0]["id"].as_str().unwrap().to_owned();
    for (which, bound) in [(None, 320), (Some("--display"), 2048), (Some("--original"), 0)] {
        let out = desk.path("out.jpg");
        let mut arguments = vec!["photo", &finding, &photo, "--out", &out];
        arguments.extend(which);
        let written = field(&b, &arguments);
        assert_eq!(written, json!({ "out": out, "bytes": len(Path::new(&out)) }));
        assert_eq!(fs::read(&out).unwrap() == TURNED, bound == 0, "{which:?}");
    }
    let both = ["field", "--home", &b, "photo", &finding, &photo, "--display", "--original", "--out", "x"];
    assert_eq!(xuncha(both).code, 2, "not a command line");
    assert_eq!(xuncha(["verify", "--data", &desk.path("data")]).value()["ok"], true);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_phone_frees_what_a_backup_covers_and_fetches_it_again() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let home = desk.enrolled("王敏");
    let file = put(&desk, "turned.jpg", TURNED);
    let finding = id_of(&field(&home, &["record", "--item", "SR-1", "--photo", &file]));
    sync_until_sealed(&home);
    let not_yet = json!({ "files": 0, "bytes": 0, "not_yet": "the server has no backup yet" });
    assert_eq!(field(&home, &["free"]), not_yet);
    xuncha(["backup", "--data", &desk.path("data"), &desk.path("backup")]).value();
    field(&home, &["sync"]);
    let shown = field(&home, &["show", &finding]);
    let photo = shown["files"][0]["id"].as_str().unwrap();
    let display: Hash = shown["files"][0]["preview"]["display"].as_str().unwrap().parse().unwrap();
    let display = len(&desk.folder.path().join("王敏/previews").join(display.to_hex()));
    let freed = json!({ "files": 2, "bytes": TURNED.len() as u64 + display, "not_yet": null });
    assert_eq!(field(&home, &["free"]), freed);
    assert_eq!(field(&home, &["free"]), json!({ "files": 0, "bytes": 0, "not_yet": null }));
    assert_eq!(states(&field(&home, &["show", &finding])), ["kept", "kept", "kept"]);
    let out = desk.path("out.jpg");
    assert_eq!(field(&home, &["photo", &finding, photo, "--original", "--out", &out])["bytes"], TURNED.len());
    assert!(fs::read(&out).unwrap() == TURNED);
    server.stop();
    field(&home, &["photo", &finding, photo, "--out", &out]);
    assert_eq!(code(&home, &["photo", &finding, photo, "--display", "--out", &out]), "offline");
}

#[test]
fn what_is_no_photo_is_refused_and_leaves_nothing() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let home = desk.enrolled("王敏");
    server.stop();
    let text = put(&desk, "text.txt", "占道堆物\n".as_bytes());
    let pdf = put(&desk, "paper.jpg", b"%PDF-1.7\n");
    let (empty, folder) = (put(&desk, "empty.jpg", b""), desk.path("王敏"));
    for (file, expected) in [
        (desk.path("nowhere.jpg"), "io"),
        (text, "bad_field"),
        (pdf, "bad_field"),
        (empty, "bad_field"),
        (folder, "io"),
    ] {
        let arguments = ["record", "--item", "SR-1", "--photo", &file];
        let outcome = xuncha(["field", "--home", &home].iter().chain(&arguments));
        let error = &outcome.lines()[0]["error"];
        assert_eq!((outcome.code, error["code"].as_str()), (1, Some(expected)), "{file}: {outcome:?}");
        assert!(error["message"].as_str().unwrap().contains(&file), "which photo it is: {error}");
    }
    assert_eq!(xuncha(["field", "--home", &home, "list"]).out, "");
    assert_eq!(xuncha(["field", "--home", &home, "recovered"]).out, "");
    let left = fs::read_dir(desk.folder.path().join("王敏/photos")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "half a file was left");
}

#[test]
fn a_photo_that_a_crash_left_is_offered_and_can_be_taken_or_thrown_away() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let home = desk.enrolled("王敏");
    server.stop();
    // As it lies there when the app died between sealing and recording.
    let left = |bytes: &[u8]| {
        put_bytes(format!("{home}/photos/{}", Hash::of(bytes).to_hex()), bytes);
        Hash::of(bytes).to_string()
    };
    std::fs::create_dir_all(format!("{home}/photos")).unwrap();
    let hash = left(TURNED);
    let offered = field(&home, &["recovered"]);
    assert_eq!((&offered["hash"], &offered["len"]), (&json!(hash), &json!(TURNED.len())));
    // Neither the same picture again nor a command that fails takes it away.
    let (good, bad) = (put(&desk, "good.jpg", TURNED), put(&desk, "bad.jpg", b"nothing"));
    let both = ["record", "--item", "SR-1", "--photo", &good, "--photo", &bad];
    assert_eq!(code(&home, &both), "bad_field");
    assert_eq!(xuncha(["field", "--home", &home, "list"]).out, "");
    assert_eq!(field(&home, &["recovered"])["hash"], hash);
    let finding = id_of(&field(&home, &["record", "--item", "SR-1", "--recovered", &hash]));
    assert_eq!(field(&home, &["show", &finding])["files"][0]["photo"]["original"], hash);
    assert_eq!(xuncha(["field", "--home", &home, "recovered"]).out, "");
    assert_eq!(code(&home, &["recovered", "--discard", &hash]), "not_found");
    let other = put(&desk, "other.jpg", &[TURNED, b"more"].concat());
    assert_eq!(code(&home, &["amend", &finding, "--photo", &other, "--photo", &bad]), "bad_field");
    assert_eq!(xuncha(["field", "--home", &home, "recovered"]).out, "", "what was refused leaves nothing behind");
    let hash = left(b"\xFF\xD8\xFFanother");
    assert_eq!(field(&home, &["recovered", "--discard", &hash]), json!({ "discarded": hash }));
    assert_eq!(xuncha(["field", "--home", &home, "recovered"]).out, "");
}

#[test]
fn a_photo_that_cannot_be_drawn_is_evidence_all_the_same() {
    let desk = Desk::new();
    let server = Process::serve(&desk.folder.path().join("data"));
    let home = desk.enrolled("王敏");
    let damaged = put(&desk, "damaged.jpg", &TURNED[..TURNED.len() / 4]);
    let heic = put(&desk, "new.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic and more");
    let finding = id_of(&field(&home, &["record", "--item", "SR-1", "--photo", &damaged, "--photo", &heic]));
    assert_eq!(field(&home, &["previews"]), json!({ "made": 0, "no_preview_yet": 1, "failed": 1, "more": false }));
    let shown = field(&home, &["show", &finding]);
    let photos = shown["files"].as_array().unwrap();
    let why = |photo: &Value| photo["no_preview"].as_str().unwrap().split(':').next().unwrap().to_owned();
    let mut whys: Vec<_> = photos.iter().map(why).collect();
    whys.sort();
    assert_eq!(whys, ["damaged", "no_preview_yet"]);
    let synced = field(&home, &["sync"]);
    assert_eq!((&synced["files_sent"], &synced["files_waiting"]), (&json!(2), &json!(0)));
    let out = desk.path("out.jpg");
    for photo in photos {
        let id = photo["id"].as_str().unwrap();
        assert_eq!(code(&home, &["photo", &finding, id, "--out", &out]), "not_found", "there is no thumbnail");
        let hash: Hash = photo["photo"]["original"].as_str().unwrap().parse().unwrap();
        field(&home, &["photo", &finding, id, "--original", "--out", &out]);
        assert_eq!(Hash::of(&fs::read(&out).unwrap()), hash);
        let nowhere = desk.path("no/such/folder.jpg");
        assert_eq!(code(&home, &["photo", &finding, id, "--original", "--out", &nowhere]), "io");
    }
    assert_eq!(code(&home, &["photo", &finding, "p9", "--out", &out]), "not_found");
    let nobody = "01976b2e-7c00-7000-8000-000000000001";
    assert_eq!(code(&home, &["photo", nobody, "p1", "--out", &out]), "not_found");
    assert_eq!(server.stop(), 0);
    assert_eq!(xuncha(["verify", "--data", &desk.path("data")]).value()["ok"], true);
}
