//! What only files in a bucket, or in a shared folder, can do: several servers on one upload, names that are given once,
//! a restore into a bucket.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use xuncha_core::model::Hash;
use xuncha_server::api::Limits;
use xuncha_server::blobs::Depot;
use xuncha_server::cli::Running;
use xuncha_tests::harness::{
    Line, Outcome, RawPhone, Shelf, TestServer, bucket, check_folder, cluster, depot_of, new_database, new_place,
    photo, place_at, until, xuncha,
};

pub(super) const MIB: usize = 1024 * 1024;

/// The bucket, or none where these tests are about something else.
pub(super) fn there() -> Option<String> {
    let bucket = bucket();
    if bucket.is_none() {
        eprintln!("skipped: XUNCHA_S3 names no bucket");
    }
    bucket
}

pub(super) async fn inspector() -> (TestServer, RawPhone) {
    let server = TestServer::start().await;
    let phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    (server, phone)
}

/// The same phone, speaking to another server.
fn at(phone: &RawPhone, url: &str) -> RawPhone {
    let mut phone = phone.clone();
    url.clone_into(&mut phone.url);
    phone
}

pub(super) fn is_kept(server: &TestServer, bytes: &[u8]) -> bool {
    let row = server.office.store.look(|snapshot| snapshot.blob(&Hash::of(bytes))).unwrap();
    row.is_some_and(|row| row.whole && row.kept.is_some())
}

fn durable(server: &TestServer, upload: &str) -> usize {
    let id = upload.rsplit('/').next().unwrap();
    let row = server.office.store.look(|snapshot| snapshot.upload(id)).unwrap();
    usize::try_from(row.unwrap().offset).unwrap()
}

/// Status of the reply, whether the line stays open or not.
async fn status_of(mut line: Line) -> String {
    let (mut reply, mut byte) = (String::new(), [0]);
    while reply.len() < 12 {
        let read = tokio::time::timeout(Duration::from_secs(30), line.0.read_exact(&mut byte)).await;
        read.expect("the server answers").unwrap();
        reply.push(char::from(byte[0]));
    }
    reply.split(' ').nth(1).unwrap().to_owned()
}

/// True when the server has these very bytes.
pub(super) fn has(shelf: &Shelf, bytes: &[u8]) -> bool {
    shelf.read(&Hash::of(bytes)).is_some_and(|found| found == bytes)
}

/// Whole files in the bucket, by their hashes.
pub(super) fn whole(shelf: &Shelf) -> usize {
    shelf.names().iter().filter(|name| name.len() == 67).count()
}

/// A server with a phone, another one on the same ledger, and the same phone at that one.
async fn two_servers() -> (TestServer, RawPhone, Running, RawPhone) {
    let (server, phone) = inspector().await;
    let beside = server.another(server.host()).await;
    let other = at(&phone, &format!("http://{}", beside.address));
    (server, phone, beside, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_go_on_with_each_others_uploads_byte_by_byte() {
    if there().is_none() || cluster().is_none() {
        return;
    }
    let (server, phone, beside, other) = two_servers().await;
    // Short, of several pieces, and put together from both servers' bytes.
    for len in [300_000, 20 * MIB + 12_345] {
        let bytes = photo(&server.random, len);
        let upload = phone.begin(&bytes).await;
        let (mut offset, mut turn) = (0, 0);
        while offset < len {
            let (now, next) = if turn % 2 == 0 { (&phone, &other) } else { (&other, &phone) };
            let end = (offset + len / 5 + 1).min(len);
            let sent = now.patch(&upload, offset, &bytes[offset..end]).await;
            assert_eq!((sent.status, sent.offset()), (204, end), "{sent:?}");
            assert_eq!(next.stand(&upload).await.offset(), end, "durable is what any server can read");
            (offset, turn) = (end, turn + 1);
        }
        until(|| is_kept(&server, &bytes)).await;
        assert!(has(&Shelf::of(server.data()), &bytes));
    }
    assert_eq!(Shelf::of(server.data()).on_their_way(), Vec::<String>::new());
    beside.stop().await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_that_receive_one_upload_at_once_one_counts_and_no_byte_is_mixed() {
    if there().is_none() || cluster().is_none() {
        return;
    }
    let (server, phone, beside, other) = two_servers().await;
    let bytes = photo(&server.random, 12 * MIB);
    for round in 0..6 {
        let bytes = [&bytes[..], &[round]].concat();
        let upload = phone.begin(&bytes).await;
        // Both are in the middle of the same bytes; another place each time.
        let (first, second) = (MIB + usize::from(round) * 700_000, 2 * MIB);
        let mut lines = [Line::patch(&phone, &upload, 0, first).await, Line::patch(&other, &upload, 0, second).await];
        lines[0].write(&bytes[..first / 2]).await;
        lines[1].write(&bytes[..second / 2]).await;
        let [one, two] = lines;
        let end = |mut line: Line, from: usize, to: usize| {
            let rest = bytes[from..to].to_vec();
            async move {
                line.write(&rest).await;
                status_of(line).await
            }
        };
        let told = tokio::join!(end(one, first / 2, first), end(two, second / 2, second));
        let both = [told.0.as_str(), told.1.as_str()];
        assert!(both.contains(&"204"), "{both:?}");
        assert!(both.iter().all(|status| ["204", "409"].contains(status)), "{both:?}");
        let offset = other.stand(&upload).await.offset();
        assert!([first, second].contains(&offset), "{offset}");
        let sent = other.patch(&upload, offset, &bytes[offset..]).await;
        assert_eq!((sent.status, sent.offset()), (204, bytes.len()), "{sent:?}");
        until(|| is_kept(&server, &bytes)).await;
        assert!(has(&Shelf::of(server.data()), &bytes));
    }
    assert_eq!(Shelf::of(server.data()).on_their_way(), Vec::<String>::new());
    beside.stop().await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_there_is_never_written_again() {
    if there().is_none() {
        return;
    }
    let (server, phone) = inspector().await;
    let other = RawPhone::new(&server, "李强", &["inspector"]).await;
    let shelf = Shelf::of(server.data());
    for len in [30_000, 9 * MIB] {
        let bytes = photo(&server.random, len);
        let hash = Hash::of(&bytes);
        let name = format!("{}/{}", &hash.to_hex()[..2], hash.to_hex());
        assert_eq!(phone.send_file(&bytes).await.status, 201);
        let written = shelf.tag_and_date(&name);
        // Dates count seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(other.send_file(&bytes).await.status, 201);
        assert_eq!(shelf.tag_and_date(&name), written);
    }
    assert_eq!(shelf.on_their_way(), Vec::<String>::new());
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_with_a_digest_count_when_it_fits_however_many_they_are() {
    if there().is_none() {
        return;
    }
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 20 * MIB);
    let sum = |bytes: &[u8]| format!("sha256 {}", STANDARD.encode(Hash::of(bytes).0));
    let upload = phone.begin(&bytes).await;
    let part = &bytes[..18 * MIB];
    let bad = phone.patch_with(&upload, 0, part, &[("upload-checksum", &sum(b"other"))]).await;
    assert_eq!((bad.status, durable(&server, &upload)), (460, 0));
    assert_eq!(Shelf::of(server.data()).on_their_way(), Vec::<String>::new());
    let good = phone.patch_with(&upload, 0, part, &[("upload-checksum", &sum(part))]).await;
    assert_eq!((good.status, good.offset()), (204, 18 * MIB));
    let rest = &bytes[18 * MIB..];
    let last = phone.patch_with(&upload, 18 * MIB, rest, &[("upload-checksum", &sum(rest))]).await;
    assert_eq!((last.status, last.offset()), (204, bytes.len()));
    assert!(has(&Shelf::of(server.data()), &bytes));
    assert_eq!(Shelf::of(server.data()).on_their_way(), Vec::<String>::new());
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_takes_objects_as_it_takes_files_and_a_restore_puts_them_where_it_is_told() {
    let Some(bucket) = there() else { return };
    let (server, mut phone) = inspector().await;
    let photos = [photo(&server.random, 40_000), photo(&server.random, 9 * MIB), photo(&server.random, 300)];
    for bytes in &photos {
        let (_, text) = phone.record_with(&[Hash::of(bytes)]);
        phone.settle(&text).await;
        assert_eq!(phone.send_file(bytes).await.status, 201);
        until(|| is_kept(&server, bytes)).await;
    }
    let places = TempDir::new().unwrap();
    let (target, again) = (places.path().join("backup"), places.path().join("again"));
    let back_up = || xuncha(["backup", "--data", server.data().to_str().unwrap(), target.to_str().unwrap()]);
    let taken = |outcome: &Outcome| {
        let number = |name: &str| outcome.lines()[0][name].as_u64().unwrap();
        (outcome.code, number("copied"), number("present"))
    };
    assert_eq!(taken(&back_up()), (0, 3, 0));
    assert_eq!(taken(&back_up()), (0, 0, 3));
    let extra = photo(&server.random, 500);
    let (_, text) = phone.record_with(&[Hash::of(&extra)]);
    phone.settle(&text).await;
    phone.send_file(&extra).await;
    until(|| is_kept(&server, &extra)).await;
    Shelf::of(server.data()).put(&Hash::of(&extra), b"altered");
    let lacking = back_up();
    assert_eq!(taken(&lacking), (1, 0, 3));
    assert_eq!(lacking.lines()[0]["lacks"][0]["state"], "altered");
    Shelf::of(server.data()).put(&Hash::of(&extra), &extra);
    assert_eq!(taken(&back_up()), (0, 1, 3));
    // Into an empty place, into one that has some of it already, and into a folder.
    let place = new_place(&bucket);
    let shelf = Shelf::at(&place);
    for round in 0..2 {
        let restored =
            xuncha(["restore", target.to_str().unwrap(), "--data", again.to_str().unwrap(), "--blobs", &place]);
        assert_eq!(restored.value()["files"].as_u64(), Some(4), "{round}");
        check_folder(&again);
        assert_eq!((whole(&shelf), shelf.on_their_way().len()), (4, 0));
        shelf.remove(&Hash::of(&photos[0]));
        shelf.put(&Hash::of(&photos[1]), b"altered");
        std::fs::remove_dir_all(&again).unwrap();
    }
    let restored = xuncha(["restore", target.to_str().unwrap(), "--data", again.to_str().unwrap()]);
    assert_eq!(restored.value()["files"].as_u64(), Some(4));
    check_folder(&again);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_share_a_folder_go_on_with_each_others_uploads() {
    if cluster().is_none() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (data, shared) = (folder.path().join("data"), folder.path().join("shared"));
    let database = new_database(&cluster().unwrap());
    place_at(&data, Some(&database), shared.to_str());
    let server = TestServer::at(folder, data, Limits::default()).await;
    let phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let beside = server.another(server.host()).await;
    let other = at(&phone, &format!("http://{}", beside.address));
    let bytes = photo(&server.random, 5 * MIB);
    let upload = phone.begin(&bytes).await;
    assert_eq!(phone.patch(&upload, 0, &bytes[..MIB]).await.offset(), MIB);
    assert_eq!(other.stand(&upload).await.offset(), MIB);
    // While one writes the other is told to wait, and nothing is mixed.
    let mut line = Line::patch(&phone, &upload, MIB, 2 * MIB).await;
    line.write(&bytes[MIB..2 * MIB + 5]).await;
    until(|| durable(&server, &upload) > MIB).await;
    let offset = other.stand(&upload).await.offset();
    let told = other.patch(&upload, offset, &bytes[offset..]).await;
    assert_eq!((told.status, &*told.code()), (503, "unavailable"));
    line.write(&bytes[2 * MIB + 5..3 * MIB]).await;
    assert_eq!(status_of(line).await, "204");
    assert_eq!(other.patch(&upload, 3 * MIB, &bytes[3 * MIB..]).await.status, 204);
    until(|| is_kept(&server, &bytes)).await;
    assert!(has(&Shelf::of(server.data()), &bytes));
    assert!(matches!(depot_of(server.data()), Depot::Folder(_)));
    beside.stop().await;
    server.check_all();
}
