//! Photos on their way down: only to who may see them, and only while they are what was sealed.

use std::time::Duration;

use xuncha_core::model::{EntityId, Finding, Hash};
use xuncha_core::protocol::PullRequest;
use xuncha_server::api::Limits;
use xuncha_server::blobs::{self, Bounds};
use xuncha_tests::harness::{
    RawPhone, Shelf, TestServer, check_folder, depot_of, photo, picture, problems_of, square, until, xuncha,
};

/// A server, an inspector's phone, and a photo of a finding that the server keeps.
async fn kept(len: usize) -> (TestServer, RawPhone, Vec<u8>) {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let bytes = photo(&server.random, len);
    keep(&server, &mut phone, &bytes).await;
    (server, phone, bytes)
}

async fn keep(server: &TestServer, phone: &mut RawPhone, bytes: &[u8]) -> EntityId {
    let (finding, text) = phone.record_with(&[Hash::of(bytes)]);
    phone.settle(&text).await;
    assert_eq!(phone.send_file(bytes).await.status, 201);
    let hash = Hash::of(bytes);
    let here = || server.office.store.look(|snapshot| snapshot.blob(&hash)).unwrap();
    until(|| here().is_some_and(|row| row.kept.is_some())).await;
    finding
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_comes_with_all_that_a_browser_needs_to_show_and_keep_it() {
    let (server, phone, bytes) = kept(100_000).await;
    let hash = Hash::of(&bytes);
    let answer = phone.fetch(&hash, &[]).await;
    assert_eq!((answer.status, answer.body.len()), (200, bytes.len()));
    let tag = format!("\"{hash}\"");
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("content-length", "100000"),
        ("etag", &*tag),
        ("cache-control", "private, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
        ("content-disposition", &*format!("inline; filename=\"{}.jpg\"", &hash.to_hex()[..16])),
    ] {
        assert_eq!(answer.header(name), value);
    }
    let head = phone.ask("HEAD", &format!("/v1/blobs/{hash}"), Vec::new(), &[]).await.unwrap();
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "100000", 0));
    for known in [&*tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*"] {
        let answer = phone.fetch(&hash, &[("if-none-match", known)]).await;
        assert_eq!((answer.status, answer.body.len(), answer.header("etag")), (304, 0, &*tag), "{known}");
    }
    assert_eq!(phone.fetch(&hash, &[("if-none-match", "\"x\"")]).await.status, 200);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_photo_can_be_asked_for() {
    let (server, phone, bytes) = kept(100_000).await;
    let hash = Hash::of(&bytes);
    for (line, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=99999-", 99_999, 100_000),
        ("bytes=-10", 99_990, 100_000),
        ("bytes=5-999999", 5, 100_000),
    ] {
        let answer = phone.fetch(&hash, &[("range", line)]).await;
        assert_eq!((answer.status, &*answer.body), (206, &bytes[from..to]), "{line}");
        assert_eq!(answer.header("content-range"), format!("bytes {from}-{}/100000", to - 1));
        assert_eq!(answer.header("content-length"), (to - from).to_string());
    }
    for line in ["bytes=100000-", "bytes=-0"] {
        let answer = phone.fetch(&hash, &[("range", line)]).await;
        assert_eq!(
            (answer.status, &*answer.code(), answer.header("content-range")),
            (416, "bad_range", "bytes */100000")
        );
    }
    for line in ["bytes=0-1,5-6", "lines=1-2", "bytes=9-5"] {
        assert_eq!(phone.fetch(&hash, &[("range", line)]).await.status, 200, "{line}");
    }
    let tag = format!("\"{hash}\"");
    let part = async |known: &str| phone.fetch(&hash, &[("range", "bytes=0-9"), ("if-range", known)]).await.status;
    assert_eq!((part(&tag).await, part("\"x\"").await, part(&format!("W/{tag}")).await), (206, 200, 200));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_photo_is_streamed_and_so_is_any_when_memory_is_short() {
    let (server, phone, bytes) = kept(9 * 1024 * 1024 + 1).await;
    let hash = Hash::of(&bytes);
    assert!(phone.fetch(&hash, &[]).await.body == bytes);
    let part = phone.fetch(&hash, &[("range", "bytes=9000000-9000999")]).await;
    assert_eq!(&*part.body, &bytes[9_000_000..9_001_000]);
    server.check_all();
    let files = Bounds { memory: 10_000, ..Bounds::default() };
    let server = TestServer::with_limits(Limits { files, ..Limits::default() }).await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let bytes = photo(&server.random, 200_000);
    keep(&server, &mut phone, &bytes).await;
    assert!(phone.fetch(&Hash::of(&bytes), &[]).await.body == bytes);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_there_for_those_who_see_its_finding_and_for_nobody_else() {
    let (server, phone, bytes) = kept(10_000).await;
    let hash = Hash::of(&bytes);
    let area = server.office.area("东区", &square(1.0, 2.0));
    let elsewhere = server.office.user("李强", &["inspector"], &[area]);
    let elsewhere = RawPhone::of(&server, elsewhere).await;
    let unit = server.office.add("unit.add", serde_json::json!({ "name": "环卫公司" }));
    let handler = server
        .office
        .add("user.add", serde_json::json!({ "name": "赵六", "roles": { "handler": true }, "unit": unit.to_string() }));
    let handler = RawPhone::of(&server, handler).await;
    let nothing = Hash::of(b"nobody ever sent this");
    for other in [&elsewhere, &handler] {
        let (hidden, absent) = (other.fetch(&hash, &[]).await, other.fetch(&nothing, &[]).await);
        assert_eq!((hidden.status, &*hidden.code()), (404, "not_found"));
        assert_eq!((hidden.body, hidden.headers.len()), (absent.body, absent.headers.len()));
    }
    assert_eq!(phone.fetch(&nothing, &[]).await.code(), "not_found");
    let mut supervisor = RawPhone::new(&server, "钱七", &["supervision"]).await;
    assert_eq!(supervisor.fetch(&hash, &[]).await.status, 200);
    for wrong in ["/v1/blobs/x", "/v1/blobs/sha256:..%2f..%2fledger.key", &format!("/v1/blobs/{}", hash.to_hex())] {
        assert_eq!(phone.ask("GET", wrong, Vec::new(), &[]).await.unwrap().code(), "not_found", "{wrong}");
    }
    // Who named it sees it wherever it lies; who was revoked sees nothing.
    server.office.revoke(&supervisor.device);
    assert_eq!(supervisor.fetch(&hash, &[]).await.code(), "device_revoked");
    supervisor.token = xuncha_core::protocol::Token::new("nonsense".into());
    assert_eq!(supervisor.fetch(&hash, &[]).await.code(), "bad_token");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_photo_is_never_shown_and_heals_when_it_comes_again() {
    for len in [50_000, 9 * 1024 * 1024] {
        let (server, phone, bytes) = kept(len).await;
        let (hash, shelf) = (Hash::of(&bytes), Shelf::of(server.data()));
        let mut altered = bytes.clone();
        altered[len / 2] ^= 1;
        for damage in [Some(altered), Some(bytes[..len - 1].to_vec()), None] {
            match &damage {
                Some(other) => shelf.put(&hash, other),
                None => shelf.remove(&hash),
            }
            for lines in [&[][..], &[("range", "bytes=0-9")], &[]] {
                let answer = phone.fetch(&hash, lines).await;
                assert_eq!((answer.status, &*answer.code()), (500, "blob_damaged"));
            }
            let found = problems_of(server.data());
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].index.is_some() && found[0].what.contains(&hash.to_string()), "{found:?}");
            assert_eq!(phone.pull(&PullRequest::default()).await.missing, [hash]);
            let size = server.office.size();
            // The device's own finished upload does not count any more.
            let upload = phone.begin(&bytes).await;
            assert_eq!(phone.patch(&upload, 0, &bytes).await.status, 204);
            assert!(phone.fetch(&hash, &[]).await.body == bytes);
            assert!(phone.pull(&PullRequest::default()).await.missing.is_empty());
            assert_eq!(server.office.size(), size, "the ledger called it kept already");
            check_folder(server.data());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_was_put_back_is_shown_again() {
    for len in [50_000, 9 * 1024 * 1024] {
        let (mut server, mut phone, bytes) = kept(len).await;
        let (hash, shelf) = (Hash::of(&bytes), Shelf::of(server.data()));
        for damage in [None, Some(&bytes[..len - 1])] {
            match damage {
                Some(other) => shelf.put(&hash, other),
                None => shelf.remove(&hash),
            }
            assert_eq!(phone.fetch(&hash, &[]).await.code(), "blob_damaged");
            assert_eq!(phone.pull(&PullRequest::default()).await.missing, [hash]);
            // By hand, from a backup, or its disk was only away.
            shelf.put(&hash, &bytes);
            assert!(phone.fetch(&hash, &[]).await.body == bytes);
            assert!(phone.pull(&PullRequest::default()).await.missing.is_empty());
        }
        // Nobody need ask for it: a check finds it back as well.
        shelf.remove(&hash);
        assert_eq!(phone.fetch(&hash, &[]).await.code(), "blob_damaged");
        shelf.put(&hash, &bytes);
        assert_eq!(xuncha(["verify".as_ref(), "--data".as_ref(), server.data().as_os_str()]).code, 0);
        assert!(phone.pull(&PullRequest::default()).await.missing.is_empty());
        server.restart().await;
        phone.url = server.url();
        assert!(phone.fetch(&hash, &[]).await.body == bytes);
        server.check_all();
    }
}

/// Bytes that this process, the server within it, has read from files so far.
#[cfg(target_os = "linux")]
fn bytes_read() -> usize {
    let told = std::fs::read_to_string("/proc/self/io").unwrap();
    told.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_a_long_or_an_altered_photo_again_and_again_does_not_have_it_hashed_each_time() {
    if xuncha_tests::harness::bucket().is_some() {
        eprintln!("skipped: the files do not lie on a disk");
        return;
    }
    let len = 9 * 1024 * 1024;
    let (server, phone, bytes) = kept(len).await;
    let (hash, shelf) = (Hash::of(&bytes), Shelf::of(server.data()));
    let a_byte = async || {
        let before = bytes_read();
        let asked = (0..20).map(|_| phone.fetch(&hash, &[("range", "bytes=0-0")]));
        let answers = futures_util::future::join_all(asked).await;
        (answers, bytes_read() - before)
    };
    let (answers, read) = a_byte().await;
    assert!(answers.iter().all(|answer| answer.status == 206));
    assert!((len..2 * len).contains(&read), "{read}");
    let mut altered = bytes.clone();
    altered[len / 2] ^= 1;
    shelf.put(&hash, &altered);
    let (answers, read) = a_byte().await;
    assert!(answers.iter().all(|answer| answer.code() == "blob_damaged"), "altered: seen at the next request");
    // Once to find it altered, and once more where some already find it noted as such.
    assert!((len..3 * len).contains(&read), "{read}");
    let (answers, read) = a_byte().await;
    assert!(answers.iter().all(|answer| answer.code() == "blob_damaged"));
    assert!(read < len, "{read}");
    // What was found counts for a minute; then it is looked at anew.
    server.clock.pass(61_000);
    assert!((len..2 * len).contains(&a_byte().await.1));
    shelf.put(&hash, &bytes);
    let (answers, _) = a_byte().await;
    assert!(answers.iter().all(|answer| answer.status == 206), "put back: shown at the next request");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_everything_reads_every_photo() {
    let (mut server, mut phone, bytes) = kept(40_000).await;
    let other = photo(&server.random, 40_000);
    keep(&server, &mut phone, &other).await;
    server.stop().await;
    let verify = || xuncha(["verify".as_ref(), "--data".as_ref(), server.data().as_os_str()]);
    assert_eq!(verify().code, 0);
    // A leftover that is what its name says is harmless; another is worth a note.
    let stray = photo(&server.random, 100);
    let shelf = Shelf::of(server.data());
    shelf.put(&Hash::of(&stray), &stray);
    assert_eq!(verify().value().get("notes"), None);
    shelf.put(&Hash::of(&stray), b"something else");
    assert!(verify().value()["notes"][0].as_str().unwrap().contains(&Hash::of(&stray).to_hex()));
    shelf.put(&Hash::of(&bytes), &other);
    shelf.remove(&Hash::of(&other));
    let outcome = verify();
    assert_eq!(outcome.code, 1);
    let report = &outcome.lines()[0];
    let said: Vec<_> = report["problems"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    for (bytes, what) in [(&bytes, "altered"), (&other, "missing")] {
        let hash = Hash::of(bytes).to_string();
        assert!(said.iter().any(|said| said.contains(&hash) && said.contains(what)), "{said:?}");
    }
    let store = &*server.office.store;
    let checked = blobs::check(store, &depot_of(server.data()), &mut |_| {}).unwrap();
    assert_eq!((checked.files, checked.problems.len(), checked.notes.len()), (0, 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_nobody_made_previews_of_gets_them_from_the_server() {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let files = Bounds { preview_after: minutes(1_000_000), ..Bounds::default() };
    let server = TestServer::with_limits(Limits { files, ..Limits::default() }).await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let drawn = picture(&server.random, 900, 600);
    let finding = keep(&server, &mut phone, &drawn).await;
    // Sent before anything refers to it.
    let early = picture(&server.random, 100, 80);
    assert_eq!(phone.send_file(&early).await.status, 201);
    let (late, text) = phone.record_with(&[Hash::of(&early)]);
    phone.settle(&text).await;
    // What cannot be drawn, and what its phone drew itself.
    let heic = keep(&server, &mut phone, b"\0\0\0\x18ftypheicrest").await;
    let broken = keep(&server, &mut phone, &photo(&server.random, 5_000)).await;
    let own = picture(&server.random, 300, 200);
    let drawn_by_phone = keep(&server, &mut phone, &own).await;
    let preview = serde_json::json!({
        "original": Hash::of(&own), "display": Hash::of(b"d"), "thumbnail": Hash::of(b"t"),
        "width": 300, "height": 200, "stamped": true,
    });
    let body = serde_json::json!({ "previews": { "p1": preview } });
    let said = phone.about("photo.preview", drawn_by_phone, None, &body);
    phone.settle(&said).await;

    let make = || server.office.make_previews(server.data(), minutes(10));
    server.clock.pass(9 * 60 * 1000);
    assert_eq!(make(), 0);
    server.clock.pass(2 * 60 * 1000);
    assert_eq!(make(), 2);
    let size = server.office.size();
    assert_eq!((make(), server.office.size()), (0, size), "every photo is tried once");
    for (id, width, height) in [(finding, 900, 600), (late, 100, 80)] {
        let shown = Finding::from_entity(&server.office.entity(id));
        assert!(shown.evidence.is_reviewable() && shown.evidence.thumbnails == 1, "{:?}", shown.evidence);
        let preview = &shown.previews["p1"];
        assert_eq!((preview.width, preview.height, preview.stamped), (width, height, false));
        for hash in [preview.display, preview.thumbnail] {
            let answer = phone.fetch(&hash, &[]).await;
            assert_eq!((answer.status, &*answer.content_type, Hash::of(&answer.body)), (200, "image/jpeg", hash));
        }
    }
    for id in [heic, broken] {
        assert!(Finding::from_entity(&server.office.entity(id)).previews.is_empty());
    }
    let theirs = Finding::from_entity(&server.office.entity(drawn_by_phone));
    assert_eq!(theirs.previews["p1"].display, Hash::of(b"d"));
    server.check_all();
}
