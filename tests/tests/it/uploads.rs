//! Photos on their way up: every byte that came is kept, and nothing is kept that is not what it said.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use xuncha_core::model::{BlobRef, Finding, Hash};
use xuncha_core::protocol::{Content, PullRequest, paths};
use xuncha_server::api::Limits;
use xuncha_server::blobs::{self, Bounds, Folder, Swept};
use xuncha_tests::harness::{
    Answer, Fault, Line, Net, RawPhone, Shelf, TestServer, announced, bucket, depot_of, photo, put_bytes, until,
};

const MIB: usize = 1024 * 1024;

async fn inspector() -> (TestServer, RawPhone) {
    let server = TestServer::start().await;
    let phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    (server, phone)
}

fn is_kept(server: &TestServer, bytes: &[u8]) -> bool {
    let hash = Hash::of(bytes);
    let row = server.office.store.look(|snapshot| snapshot.blob(&hash)).unwrap();
    row.is_some_and(|row| row.whole && row.kept.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_was_sent_is_evidence_on_the_findings_row_after_a_pull() {
    let (server, mut phone) = inspector().await;
    let bytes = photo(&server.random, 3 * MIB + 17);
    let hash = Hash::of(&bytes);
    let (finding, text) = phone.record_with(&[hash]);
    phone.settle(&text).await;
    assert_eq!(phone.pull(&PullRequest::default()).await.missing, [hash]);
    let upload = phone.begin(&bytes).await;
    let first = phone.patch(&upload, 0, &bytes[..2 * MIB]).await;
    assert_eq!((first.status, first.offset()), (204, 2 * MIB));
    let stand = phone.stand(&upload).await;
    assert_eq!(
        (stand.status, stand.offset(), stand.header("upload-length")),
        (200, 2 * MIB, &*bytes.len().to_string())
    );
    assert_eq!((stand.header("cache-control"), stand.header("tus-resumable")), ("no-store", "1.0.0"));
    assert_eq!(stand.header("upload-expires"), "Tue, 01 Dec 2026 03:44:25 GMT");
    let last = phone.patch(&upload, 2 * MIB, &bytes[2 * MIB..]).await;
    assert_eq!((last.status, last.offset()), (204, bytes.len()));
    until(|| is_kept(&server, &bytes)).await;
    let page = phone.pull(&PullRequest::default()).await;
    assert!(page.missing.is_empty());
    let row = page.rows.iter().find(|row| row.id == finding).unwrap().row.as_ref().unwrap();
    let shown = Finding::from_entity(&serde_json::from_str(row.get()).unwrap());
    assert!(shown.evidence.is_sealed() && shown.evidence.originals == 1, "{:?}", shown.evidence);
    let fetched = phone.fetch(&hash, &[]).await;
    assert_eq!((fetched.status, fetched.body), (200, bytes));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_can_bring_a_whole_photo() {
    let (server, phone) = inspector().await;
    for len in [5, 20_000, 2 * MIB, 2 * MIB + 1] {
        let bytes = photo(&server.random, len);
        let sent = phone.send_file(&bytes).await;
        assert_eq!((sent.status, sent.offset()), (201, len), "{sent:?}");
        until(|| is_kept(&server, &bytes)).await;
    }
    server.check_all();
}

async fn within(files: Bounds) -> (TestServer, RawPhone) {
    let server = TestServer::with_limits(Limits { files, ..Limits::default() }).await;
    let phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    (server, phone)
}

fn shelf(server: &TestServer) -> Shelf {
    Shelf::of(server.data())
}

/// True where files lie in a bucket: what a test says of a disk does not hold there.
fn in_bucket() -> bool {
    let there = bucket().is_some();
    if there {
        eprintln!("skipped: the files do not lie on a disk");
    }
    there
}

/// Bytes that the server has durably, without asking it.
fn durable(server: &TestServer, upload: &str) -> usize {
    let id = upload.rsplit('/').next().unwrap();
    let row = server.office.store.look(|snapshot| snapshot.upload(id)).unwrap();
    usize::try_from(row.unwrap().offset).unwrap()
}

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_photo_is_evidence_for_two_findings_and_comes_once() {
    let (server, mut phone) = inspector().await;
    let bytes = photo(&server.random, 50_000);
    let hash = Hash::of(&bytes);
    let (first, text) = phone.record_with(&[hash]);
    phone.settle(&text).await;
    assert_eq!(phone.send_file(&bytes).await.status, 201);
    until(|| is_kept(&server, &bytes)).await;
    let (second, text) = phone.record_with(&[hash]);
    phone.settle(&text).await;
    let mut colleague = RawPhone::new(&server, "李强", &["inspector"]).await;
    let (third, text) = colleague.record_with(&[hash]);
    colleague.settle(&text).await;
    for finding in [first, second, third] {
        assert!(Finding::from_entity(&server.office.entity(finding)).evidence.is_sealed());
    }
    // It is in what the colleague sees, so nothing of it is asked for again.
    let begun = colleague.announce(&bytes).await;
    assert_eq!((begun.status, begun.offset()), (201, bytes.len()));
    assert_eq!(colleague.stand(begun.header("location")).await.offset(), bytes.len());
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_guesses_a_hash_learns_nothing_and_sends_the_bytes_like_anyone() {
    let (server, phone) = inspector().await;
    let other = RawPhone::new(&server, "李强", &["inspector"]).await;
    let bytes = photo(&server.random, 70_000);
    phone.send_file(&bytes).await;
    until(|| is_kept(&server, &bytes)).await;
    let entries = server.office.size();
    let upload = other.begin(&bytes).await;
    let sent = other.patch(&upload, 0, &bytes).await;
    assert_eq!((sent.status, sent.offset()), (204, bytes.len()));
    assert_eq!(other.fetch(&Hash::of(&bytes), &[]).await.code(), "not_found");
    assert_eq!(server.office.size(), entries);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_cut_at_any_byte_nothing_that_came_is_sent_again() {
    // A thousand cuts ask more often than one phone may.
    let server = TestServer::for_a_busy_phone().await;
    let phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let cuts = if xuncha_tests::harness::long_run() { 1_000 } else { 200 };
    let (mut bytes, mut upload) = (Vec::new(), String::new());
    let (mut offset, mut files) = (0, 0);
    for round in 0..cuts {
        if offset == bytes.len() {
            bytes = photo(&server.random, 3 * MIB + 4_321 + files);
            upload = phone.begin(&bytes).await;
            (offset, files) = (0, files + 1);
        }
        let cut = 1 + server.random.below(bytes.len() - offset - 1);
        let mut line = Line::patch(&phone, &upload, offset, bytes.len() - offset).await;
        line.write(&bytes[offset..offset + cut]).await;
        if round % 2 == 0 {
            line.0.shutdown().await.unwrap();
        }
        drop(line);
        until(|| durable(&server, &upload) == offset + cut).await;
        let now = phone.stand(&upload).await.offset();
        assert_eq!(now, offset + cut, "everything that came is kept");
        offset = now;
        // Near the end it is finished and another begun, so that cuts fall everywhere.
        if bytes.len() - now < 1_000 || round + 1 == cuts {
            assert_eq!(phone.patch(&upload, now, &bytes[now..]).await.status, 204, "what came is what was sent");
            until(|| is_kept(&server, &bytes)).await;
            assert!(shelf(&server).read(&Hash::of(&bytes)).as_ref() == Some(&bytes));
            offset = bytes.len();
        }
    }
    assert!(files > 3);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_was_cut_many_times_is_whole_in_the_end() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 2 * MIB + 99);
    let upload = phone.begin(&bytes).await;
    let mut sent = 0;
    loop {
        let offset = phone.stand(&upload).await.offset();
        if offset == bytes.len() {
            break;
        }
        let cut = server.random.below(MIB / 2).min(bytes.len() - offset);
        let mut line = Line::patch(&phone, &upload, offset, bytes.len() - offset).await;
        line.write(&bytes[offset..offset + cut]).await;
        sent += cut;
    }
    assert!(sent <= 4 * bytes.len(), "{sent}");
    until(|| is_kept(&server, &bytes)).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_within_the_head_changes_nothing_and_a_lost_last_reply_costs_nothing() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 40_000);
    let upload = phone.begin(&bytes).await;
    let head = Line::head(&phone, &upload, 0, bytes.len());
    for cut in [1, 40, head.len() - 3, head.len()] {
        let mut line = Line(tokio::net::TcpStream::connect(server.address()).await.unwrap());
        line.write(&head[..cut]).await;
        drop(line);
        assert_eq!(phone.stand(&upload).await.offset(), 0);
    }
    // The connection dies behind the last byte: nobody hears the reply.
    let mut line = Line::patch(&phone, &upload, 0, bytes.len()).await;
    line.write(&bytes).await;
    line.0.shutdown().await.unwrap();
    drop(line);
    until(|| is_kept(&server, &bytes)).await;
    assert_eq!(phone.stand(&upload).await.offset(), bytes.len());
    let again = phone.announce(&bytes).await;
    assert_eq!((again.status, again.offset(), again.header("location")), (201, bytes.len(), &*upload));
    // What is sent behind the end is nothing.
    assert_eq!(phone.patch(&upload, bytes.len(), b"").await.status, 204);
    assert_eq!(outcome(&phone.patch(&upload, bytes.len(), b"x").await), is(413, "too_large"));
    server.check_all();
}

/// Sends a file as a tus client does: it creates the upload, asks where it stands before each piece, and asks again
/// whenever no reply came. Gives the number of replies that did not come.
async fn send_stubbornly(phone: &RawPhone, bytes: &[u8]) -> u64 {
    let (mut upload, mut lost) = (None, 0);
    for _ in 0..20 {
        let Some(address) = &upload else {
            let lines = announced(&Hash::of(bytes), bytes.len());
            let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
            match phone.ask("POST", paths::UPLOADS, Vec::new(), &lines).await {
                Ok(begun) => upload = Some(begun.header("location").to_owned()),
                Err(_) => lost += 1,
            }
            continue;
        };
        let speaks = ("tus-resumable", "1.0.0");
        let Ok(stand) = phone.ask("HEAD", address, Vec::new(), &[speaks]).await else {
            lost += 1;
            continue;
        };
        let offset = stand.offset();
        if offset == bytes.len() {
            return lost;
        }
        let (at, end) = (offset.to_string(), bytes.len().min(offset + bytes.len() / 2 + 1));
        let lines = [speaks, ("upload-offset", &*at), ("content-type", "application/offset+octet-stream")];
        match phone.ask("PATCH", address, bytes[offset..end].to_vec(), &lines).await {
            Ok(sent) => assert_eq!((sent.status, sent.offset()), (204, end)),
            Err(_) => lost += 1,
        }
    }
    panic!("it does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_whole_and_kept_once_wherever_the_reply_to_a_post_a_head_or_a_patch_is_lost() {
    let server = TestServer::for_a_busy_phone().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let net = Net::before(server.address()).await;
    phone.url = net.url();
    let many = 16;
    let cuts = (0..=many).map(Fault::CutReplyLines).chain([1, 9, 14, 70, 131].map(Fault::CutReply));
    let mut sent = Vec::new();
    // Which of its kind: the first HEAD stands at nothing, the second within the file, the third at its end.
    for (request, spared) in [("POST", 0), ("HEAD", 0), ("HEAD", 1), ("HEAD", 2), ("PATCH", 0), ("PATCH", 1)] {
        for cut in cuts.clone() {
            let bytes = photo(&server.random, 30_000 + sent.len());
            let (finding, text) = phone.record_with(&[Hash::of(&bytes)]);
            phone.settle(&text).await;
            let before = net.counts();
            (0..spared).for_each(|_| net.fail_next_of(request, Fault::Delay(Duration::ZERO)));
            net.fail_next_of(request, cut);
            let lost = send_stubbornly(&phone, &bytes).await;
            let (faults, left_whole) =
                (net.counts().faults - before.faults, net.counts().left_whole - before.left_whole);
            assert_eq!(faults, spared + 1, "{request} {spared} {cut:?}");
            // Of the last of these no reply has so many lines. What is asked over a line that is dead by then is lost too.
            assert!(left_whole == 1 || cut != Fault::CutReplyLines(many), "{request} {spared}");
            assert!(lost <= 3 && lost + left_whole > 0, "{request} {spared} {cut:?}: {lost} replies were lost");
            sent.push((finding, bytes));
        }
    }
    until(|| sent.iter().all(|(_, bytes)| is_kept(&server, bytes))).await;
    for (finding, bytes) in &sent {
        let hash = Hash::of(bytes);
        assert_eq!(server.office.said_kept(&hash), 1);
        assert!(shelf(&server).read(&hash).as_ref() == Some(bytes));
        assert!(Finding::from_entity(&server.office.entity(*finding)).evidence.is_sealed());
    }
    assert_eq!(shelf(&server).on_their_way(), Vec::<String>::new());
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_does_not_wait_for_a_dead_patch_and_tells_what_is_durable() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 2 * MIB);
    let upload = phone.begin(&bytes).await;
    let mut stale = Line::patch(&phone, &upload, 0, bytes.len()).await;
    stale.write(&bytes[..100_000]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let stand = tokio::time::timeout(Duration::from_secs(5), phone.stand(&upload)).await.unwrap();
    let offset = stand.offset();
    assert!(offset <= 100_000 && offset == durable(&server, &upload), "{offset}");
    // The stale one is told so, and its later bytes count for nothing.
    let told = stale.read().await;
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("connection: close"), "{told}");
    assert_eq!(phone.patch(&upload, offset, &bytes[offset..]).await.status, 204);
    until(|| is_kept(&server, &bytes)).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_of_several_requests_for_one_upload_has_its_way() {
    let (server, phone) = inspector().await;
    let (bytes, wrong) = (photo(&server.random, MIB), photo(&server.random, MIB));
    let upload = phone.begin(&bytes).await;
    let mut stale = Vec::new();
    for _ in 0..4 {
        let offset = phone.stand(&upload).await.offset();
        let mut line = Line::patch(&phone, &upload, offset, bytes.len() - offset).await;
        line.write(&bytes[offset..offset + 10]).await;
        let mut told = [0; 12];
        // Until it is there for a newer request to take over from.
        loop {
            phone.stand(&upload).await;
            let heard = tokio::time::timeout(Duration::from_millis(100), line.0.read_exact(&mut told)).await;
            if heard.is_ok() {
                break;
            }
        }
        assert_eq!(&told, b"HTTP/1.1 503");
        stale.push(line);
    }
    let again = phone.announce(&bytes).await;
    assert_eq!(again.header("location"), upload);
    let (offset, half) = (again.offset(), MIB / 2);
    let mut newest = Line::patch(&phone, &upload, offset, bytes.len() - offset).await;
    newest.write(&bytes[offset..half]).await;
    // The stale ones go on with other bytes, at the offset that each was begun at; a line that is closed hears nothing.
    for line in &mut stale {
        drop(line.0.write_all(&wrong[..MIB / 4]).await);
    }
    newest.write(&bytes[half..]).await;
    let mut told = [0; 12];
    newest.0.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 204");
    until(|| is_kept(&server, &bytes)).await;
    assert!(shelf(&server).read(&Hash::of(&bytes)).as_ref() == Some(&bytes), "not one of their bytes is in it");
    drop(stale);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn given_up_means_gone_also_while_bytes_come() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, MIB);
    let upload = phone.begin(&bytes).await;
    let mut stale = Line::patch(&phone, &upload, 0, bytes.len()).await;
    stale.write(&bytes[..5_000]).await;
    let gone = phone.ask("DELETE", &upload, Vec::new(), &[("tus-resumable", "1.0.0")]).await.unwrap();
    assert_eq!(gone.status, 204);
    assert_eq!(phone.stand(&upload).await.status, 410);
    assert_eq!(outcome(&phone.patch(&upload, 0, &bytes).await), is(410, "upload_gone"));
    drop(stale);
    until(|| shelf(&server).on_their_way().is_empty()).await;
    assert_ne!(phone.begin(&bytes).await, upload);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_than_announced_are_thrown_away_and_the_next_begins_at_zero() {
    let (server, phone) = inspector().await;
    let (right, wrong) = (photo(&server.random, 90_000), photo(&server.random, 90_000));
    let upload = phone.begin(&right).await;
    assert_eq!(phone.patch(&upload, 0, &right[..50_000]).await.status, 204);
    assert_eq!(outcome(&phone.patch(&upload, 50_000, &wrong[50_000..]).await), is(460, "hash_mismatch"));
    assert_eq!(phone.stand(&upload).await.status, 410);
    let sent = phone.send_file_as(&Hash::of(&right), right.len(), &wrong, &[]).await;
    assert_eq!(outcome(&sent), is(460, "hash_mismatch"));
    phone.begin(&right).await;
    assert!(!is_kept(&server, &right) && !is_kept(&server, &wrong));
    assert_eq!(phone.send_file(&right).await.status, 201);
    until(|| is_kept(&server, &right)).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_that_does_not_fit_costs_its_own_request_only() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 2 * MIB + 500_000);
    let upload = phone.begin(&bytes).await;
    let sum = |bytes: &[u8]| format!("sha256 {}", STANDARD.encode(Hash::of(bytes).0));
    let first = phone.patch_with(&upload, 0, &bytes[..700_000], &[("upload-checksum", &sum(&bytes[..700_000]))]).await;
    assert_eq!((first.status, first.offset()), (204, 700_000));
    let bad = phone.patch_with(&upload, 700_000, &bytes[700_000..], &[("upload-checksum", &sum(b"other"))]).await;
    assert_eq!(outcome(&bad), is(460, "hash_mismatch"));
    assert_eq!(phone.stand(&upload).await.offset(), 700_000);
    let id = upload.rsplit('/').next().unwrap();
    assert_eq!(depot_of(server.data()).gathered(id).unwrap(), 700_000);
    for unknown in ["md5 xyz", "sha256", "sha256 ?", "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk="] {
        // Turned away before it is read, so no more than a line holds: who is still writing may not hear why.
        let some = &bytes[700_000..701_000];
        let answer = phone.patch_with(&upload, 700_000, some, &[("upload-checksum", unknown)]).await;
        assert_eq!(outcome(&answer), is(400, "malformed"), "{unknown}");
    }
    let rest =
        phone.patch_with(&upload, 700_000, &bytes[700_000..], &[("upload-checksum", &sum(&bytes[700_000..]))]).await;
    assert_eq!((rest.status, rest.offset()), (204, bytes.len()));
    until(|| is_kept(&server, &bytes)).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_for_another_offset_are_not_received_and_the_line_is_closed() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 30_000);
    let upload = phone.begin(&bytes).await;
    assert_eq!(phone.patch(&upload, 0, &bytes[..10_000]).await.offset(), 10_000);
    for wrong in [0, 9_999, 10_001, 30_000] {
        let answer = phone.patch(&upload, wrong, &bytes[..100]).await;
        assert_eq!(outcome(&answer), is(409, "offset_mismatch"), "{wrong}");
        assert_eq!(answer.header("connection"), "close");
        assert!(answer.problem().detail.unwrap().contains("10000"));
    }
    // The client goes on talking; nobody listens to 20 kB more.
    let mut line = Line::patch(&phone, &upload, 0, bytes.len()).await;
    line.write(&bytes[..10]).await;
    let told = line.read().await;
    assert!(told.starts_with("HTTP/1.1 409"), "{told}");
    let more = phone.patch(&upload, 10_000, &[&bytes[10_000..], &[1]].concat()).await;
    assert_eq!(outcome(&more), is(413, "too_large"));
    assert_eq!(phone.stand(&upload).await.offset(), 10_000);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_belongs_to_the_device_that_began_it() {
    let (server, phone) = inspector().await;
    let other = RawPhone::of(&server, phone.user).await;
    let bytes = photo(&server.random, 30_000);
    let upload = phone.begin(&bytes).await;
    phone.patch(&upload, 0, &bytes[..10_000]).await;
    assert_eq!(other.stand(&upload).await.status, 410);
    assert_eq!(outcome(&other.patch(&upload, 10_000, &bytes[10_000..]).await), is(410, "upload_gone"));
    let dropped = other.ask("DELETE", &upload, Vec::new(), &[("tus-resumable", "1.0.0")]).await.unwrap();
    assert_eq!(outcome(&dropped), is(410, "upload_gone"));
    for nowhere in ["/v1/uploads/AAAAAAAAAAAAAAAAAAAAAA", "/v1/uploads/..%2f..%2fledger.key", "/v1/uploads/%00"] {
        assert_eq!(phone.stand(nowhere).await.status, 410, "{nowhere}");
    }
    // The same file on another device is another upload.
    assert_ne!(other.begin(&bytes).await, upload);
    assert_eq!(phone.stand(&upload).await.offset(), 10_000);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_cannot_fill_the_server_with_what_nothing_refers_to() {
    let quota = 300_000;
    let (server, mut phone) = within(Bounds { quota, ..Bounds::default() }).await;
    let photos: Vec<_> = (0..4).map(|_| photo(&server.random, 100_000)).collect();
    let first = phone.begin(&photos[0]).await;
    phone.begin(&photos[1]).await;
    phone.send_file(&photos[2]).await;
    assert_eq!(outcome(&phone.announce(&photos[3]).await), is(403, "quota_full"));
    // Asking for what was begun is free, and another device has room of its own.
    assert_eq!(phone.begin(&photos[0]).await, first);
    let other = RawPhone::new(&server, "李强", &["inspector"]).await;
    other.begin(&photos[3]).await;
    // Evidence does not count.
    let (_, text) = phone.record_with(&[Hash::of(&photos[2])]);
    phone.settle(&text).await;
    phone.begin(&photos[3]).await;
    server.check_all();
}

static FREE: AtomicU64 = AtomicU64::new(u64::MAX);

#[tokio::test(flavor = "multi_thread")]
async fn photos_never_take_the_room_that_the_ledger_needs() {
    if in_bucket() {
        return;
    }
    let bounds = Bounds { reserve: 1_000_000, free: |_| Ok(FREE.load(Ordering::SeqCst)), ..Bounds::default() };
    let (server, mut phone) = within(bounds).await;
    let bytes = photo(&server.random, 3 * MIB);
    let upload = phone.begin(&bytes).await;
    FREE.store(1_000_000 + MIB as u64, Ordering::SeqCst);
    assert_eq!(outcome(&phone.announce(&photo(&server.random, 2 * MIB)).await), is(507, "storage_full"));
    FREE.store(1_000_000, Ordering::SeqCst);
    let full = phone.patch(&upload, 0, &bytes[..1_000]).await;
    assert_eq!(outcome(&full), is(507, "storage_full"));
    // What people say is small, and is taken.
    let (_, text) = phone.record("果皮箱满溢");
    phone.settle(&text).await;
    FREE.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(phone.patch(&upload, 0, &bytes).await.status, 204);
    until(|| is_kept(&server, &bytes)).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_nobody_goes_on_with_for_a_week_is_gone() {
    let (server, phone) = inspector().await;
    let (old, young, whole) =
        (photo(&server.random, 30_000), photo(&server.random, 30_000), photo(&server.random, 30_000));
    let abandoned = phone.begin(&old).await;
    phone.patch(&abandoned, 0, &old[..10_000]).await;
    let done = phone.begin(&whole).await;
    phone.patch(&done, 0, &whole).await;
    server.clock.pass_days(6);
    let going = phone.begin(&young).await;
    phone.patch(&going, 0, &young[..10_000]).await;
    let depot = depot_of(server.data());
    let sweep = || blobs::sweep(&*server.office.store, &depot, server.clock.now()).unwrap();
    assert_eq!(sweep(), Swept::default());
    server.clock.pass_days(2);
    // Gone at once, swept or not.
    assert_eq!(phone.stand(&abandoned).await.status, 410);
    assert_eq!(sweep(), Swept { uploads: 2, files: 0 });
    assert_eq!(shelf(&server).on_their_way().len(), 1);
    assert_eq!(phone.stand(&going).await.offset(), 10_000);
    assert_eq!(phone.stand(&done).await.status, 410);
    // What nothing refers to stays: its op may still come.
    assert!(is_kept(&server, &whole));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_crashes_leave_behind_is_mended_or_swept() {
    if in_bucket() {
        return;
    }
    let (mut server, mut phone) = inspector().await;
    let (ahead, lost) = (photo(&server.random, 30_000), photo(&server.random, 30_000));
    let (ahead_upload, lost_upload) = (phone.begin(&ahead).await, phone.begin(&lost).await);
    phone.patch(&ahead_upload, 0, &ahead[..10_000]).await;
    phone.patch(&lost_upload, 0, &lost[..10_000]).await;
    server.stop().await;
    let folder = Folder::of(server.data());
    let file = |upload: &str| folder.upload(upload.rsplit('/').next().unwrap());
    // Bytes that were synced and whose row was not: longer than the row, and no one vouches for them.
    put_bytes(file(&ahead_upload), [&ahead[..10_000], b"half of a block"].concat());
    std::fs::remove_file(file(&lost_upload)).unwrap();
    put_bytes(folder.upload("of-no-row"), b"x");
    server.resume().await;
    phone.url = server.url();
    assert!(!folder.upload("of-no-row").exists());
    assert_eq!(phone.stand(&ahead_upload).await.offset(), 10_000);
    assert_eq!(phone.patch(&ahead_upload, 10_000, &ahead[10_000..]).await.status, 204);
    assert_eq!(phone.stand(&lost_upload).await.status, 410);
    let again = phone.begin(&lost).await;
    // And while the server runs: the bytes of an upload vanish under it.
    phone.patch(&again, 0, &lost[..10_000]).await;
    std::fs::remove_file(file(&again)).unwrap();
    assert_eq!(phone.stand(&again).await.offset(), 0);
    assert_eq!(phone.patch(&again, 0, &lost).await.status, 204);
    until(|| is_kept(&server, &ahead) && is_kept(&server, &lost)).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_a_file_and_its_entry_is_mended_at_the_next_start() {
    let (mut server, _phone) = inspector().await;
    server.stop().await;
    let bytes = photo(&server.random, 1_000);
    let hash = Hash::of(&bytes);
    shelf(&server).put(&hash, &bytes);
    let row = xuncha_server::store::BlobRow {
        hash,
        len: 1_000,
        media_type: "image/jpeg".into(),
        kept: None,
        whole: true,
        sender: None,
    };
    server.office.store.change(|batch| batch.put_blob(&row)).unwrap();
    server.resume().await;
    until(|| is_kept(&server, &bytes)).await;
    assert_eq!(server.office.keep_arrived(), 0);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_keeps_what_has_come() {
    let (mut server, mut phone) = inspector().await;
    let bytes = photo(&server.random, 2 * MIB);
    let upload = phone.begin(&bytes).await;
    let mut line = Line::patch(&phone, &upload, 0, bytes.len()).await;
    line.write(&bytes[..300_000]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop().await;
    assert_eq!(durable(&server, &upload), 300_000);
    server.resume().await;
    phone.url = server.url();
    assert_eq!(phone.patch(&upload, 300_000, &bytes[300_000..]).await.status, 204);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_a_request_and_keeps_its_bytes() {
    let (server, phone) = within(Bounds { idle: Duration::from_millis(300), ..Bounds::default() }).await;
    let bytes = photo(&server.random, 100_000);
    let upload = phone.begin(&bytes).await;
    let mut line = Line::patch(&phone, &upload, 0, bytes.len()).await;
    line.write(&bytes[..40_000]).await;
    let told = line.read().await;
    assert!(told.starts_with("HTTP/1.1 503"), "{told}");
    assert_eq!(durable(&server, &upload), 40_000);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_pause_are_made_durable_while_the_line_stays_open() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 100_000);
    let upload = phone.begin(&bytes).await;
    let mut line = Line::patch(&phone, &upload, 0, bytes.len()).await;
    line.write(&bytes[..40_000]).await;
    until(|| durable(&server, &upload) == 40_000).await;
    line.write(&bytes[40_000..]).await;
    until(|| is_kept(&server, &bytes)).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_bytes_that_keep_coming_three_blocks_at_most_are_not_durable() {
    if in_bucket() {
        return;
    }
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 9 * MIB + 11);
    let upload = phone.begin(&bytes).await;
    let mut line = Line::patch(&phone, &upload, 0, bytes.len()).await;
    let mut written = 0;
    while written < bytes.len() - 1 {
        let more = (1 + server.random.below(MIB)).min(bytes.len() - 1 - written);
        line.write(&bytes[written..written + more]).await;
        written += more;
        // The line never rests for so long that this alone would have it made durable.
        let in_time = async { until(|| durable(&server, &upload) + 3 * MIB >= written).await };
        assert!(tokio::time::timeout(Duration::from_millis(1_500), in_time).await.is_ok(), "{written}");
    }
    line.write(&bytes[written..]).await;
    until(|| is_kept(&server, &bytes)).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_small_photo_on_a_slow_line_each_block_is_made_durable_though_the_line_never_rests() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 2 * MIB + MIB / 2);
    let upload = phone.begin(&bytes).await;
    let mut line = Line::patch(&phone, &upload, 0, bytes.len()).await;
    line.write(&bytes[..10]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.clock.pass(5_000);
    line.write(&bytes[10..MIB + MIB / 8]).await;
    let mut written = MIB + MIB / 8;
    while durable(&server, &upload) < MIB / 2 {
        assert!(written < MIB + MIB / 8 + 30, "nothing is durable");
        line.write(&bytes[written..=written]).await;
        written += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    line.write(&bytes[written..]).await;
    until(|| is_kept(&server, &bytes)).await;
    server.check_all();
}

static LEFT: AtomicU64 = AtomicU64::new(u64::MAX);

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_in_the_middle_of_a_photo_keeps_the_blocks_before() {
    if in_bucket() {
        return;
    }
    let bounds = Bounds { reserve: 1_000_000, free: |_| Ok(LEFT.load(Ordering::SeqCst)), ..Bounds::default() };
    let (server, phone) = within(bounds).await;
    let bytes = photo(&server.random, 2 * MIB + MIB / 2);
    let upload = phone.begin(&bytes).await;
    let mut line = Line::patch(&phone, &upload, 0, bytes.len()).await;
    line.write(&bytes[..MIB + MIB / 2]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    LEFT.store(0, Ordering::SeqCst);
    line.write(&bytes[MIB + MIB / 2..2 * MIB]).await;
    let told = line.read().await;
    assert!(told.starts_with("HTTP/1.1 507"), "{told}");
    until(|| durable(&server, &upload) >= MIB / 2).await;
    let stands = durable(&server, &upload);
    LEFT.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(phone.patch(&upload, stands, &bytes[stands..]).await.status, 204);
    until(|| is_kept(&server, &bytes)).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_uploads_share_little_memory_and_all_arrive() {
    let (server, phone) = within(Bounds { memory: 100_000, ..Bounds::default() }).await;
    let photos: Vec<_> = (0..12).map(|_| Arc::new(photo(&server.random, 600_000))).collect();
    let mut sending = tokio::task::JoinSet::new();
    for bytes in &photos {
        let (phone, bytes) = (phone.clone(), bytes.clone());
        sending.spawn(async move { phone.send_file(&bytes).await.status });
    }
    for status in sending.join_all().await {
        assert_eq!(status, 201);
    }
    until(|| photos.iter().all(|bytes| is_kept(&server, bytes))).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_what_it_can_do_and_speaks_one_version() {
    let (server, phone) = inspector().await;
    let mut stranger = phone.clone();
    stranger.token = xuncha_core::protocol::Token::new(String::new());
    let able = stranger.ask("OPTIONS", paths::UPLOADS, Vec::new(), &[]).await.unwrap();
    assert_eq!((able.status, able.header("tus-version")), (204, "1.0.0"));
    assert_eq!(able.header("tus-extension"), "creation,creation-with-upload,checksum,expiration,termination");
    assert_eq!((able.header("tus-max-size"), able.header("tus-checksum-algorithm")), ("268435456", "sha256"));
    let bytes = photo(&server.random, 1_000);
    let upload = phone.begin(&bytes).await;
    for version in [None, Some("0.2.2"), Some("2.0.0")] {
        let lines: Vec<_> = version.map(|version| ("tus-resumable", version)).into_iter().collect();
        for (method, path) in [("POST", paths::UPLOADS), ("PATCH", &*upload), ("DELETE", &*upload)] {
            let answer = phone.ask(method, path, Vec::new(), &lines).await.unwrap();
            assert_eq!(outcome(&answer), is(412, "bad_version"), "{method} {version:?}");
            assert_eq!((answer.header("tus-version"), answer.header("tus-resumable")), ("1.0.0", "1.0.0"));
        }
        assert_eq!(phone.ask("HEAD", &upload, Vec::new(), &lines).await.unwrap().status, 412);
    }
    let stranger_began = stranger.announce(&bytes).await;
    assert_eq!(outcome(&stranger_began), is(401, "bad_token"));
    assert_eq!(stranger.stand(&upload).await.status, 401);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_that_makes_no_sense_is_malformed() {
    let (server, phone) = inspector().await;
    let hash = Hash::of(b"x");
    let good = announced(&hash, 1_000);
    let with = |name: &'static str, value: Option<&str>| {
        let mut lines: Vec<(&str, String)> = good.iter().filter(|(known, _)| *known != name).cloned().collect();
        lines.extend(value.map(|value| (name, value.to_owned())));
        lines
    };
    let metadata = |key: &str, value: &str| format!("{key} {}", STANDARD.encode(value));
    for lines in [
        with("upload-length", None),
        with("upload-length", Some("-1")),
        with("upload-length", Some("0")),
        with("upload-length", Some("many")),
        with("upload-defer-length", Some("1")),
        with("upload-metadata", None),
        with("upload-metadata", Some("sha256")),
        with("upload-metadata", Some("sha256 ???")),
        with("upload-metadata", Some(&metadata("sha256", &hash.to_hex()))),
        with("upload-metadata", Some(&metadata("hash", &hash.to_string()))),
        with("content-type", Some("image/jpeg")),
    ] {
        let borrowed: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = phone.post(paths::UPLOADS, Vec::new(), &borrowed).await;
        assert_eq!(outcome(&answer), is(400, "malformed"), "{lines:?}");
    }
    let most = usize::try_from(xuncha_core::protocol::MAX_BLOB_BYTES).unwrap();
    assert_eq!(outcome(&phone.announce_as(&hash, most + 1).await), is(413, "too_large"));
    assert_eq!(phone.announce_as(&hash, most).await.status, 201);
    let bytes = photo(&server.random, 1_000);
    let upload = phone.begin(&bytes).await;
    let lines = [("tus-resumable", "1.0.0"), ("upload-offset", "0"), ("content-type", "image/jpeg")];
    for lines in [&lines[..1], &lines[..2], &lines[..], &[lines[0], lines[2]]] {
        let answer = phone.ask("PATCH", &upload, bytes.clone(), lines).await.unwrap();
        assert_eq!(outcome(&answer), is(400, "malformed"), "{lines:?}");
    }
    assert_eq!(outcome(&phone.post(&upload, Vec::new(), &[]).await), is(405, "bad_method"));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_can_be_meant_instead_of_used() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 1_000);
    let upload = phone.begin(&bytes).await;
    let lines = [
        ("tus-resumable", "1.0.0"),
        ("upload-offset", "0"),
        ("content-type", "application/offset+octet-stream"),
        ("x-http-method-override", "PATCH"),
    ];
    let sent = phone.post(&upload, bytes.clone(), &lines).await;
    assert_eq!((sent.status, sent.offset()), (204, 1_000));
    until(|| is_kept(&server, &bytes)).await;
    let dropped = phone.post(&upload, Vec::new(), &[lines[0], ("x-http-method-override", "DELETE")]).await;
    assert_eq!(dropped.status, 204);
    assert_eq!(phone.stand(&upload).await.status, 410);
    assert!(is_kept(&server, &bytes));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pictures_are_kept_and_what_they_are_is_seen_in_their_bytes() {
    let (server, phone) = inspector().await;
    for (head, kind) in [
        (&b"\xFF\xD8\xFF\xE0rest"[..], "image/jpeg"),
        (b"\x89PNG\r\n\x1A\nrest", "image/png"),
        (b"\0\0\0\x18ftypheicrest", "image/heic"),
    ] {
        let sent = phone.send_file(head).await;
        assert_eq!(sent.status, 201, "{kind}");
        let row = server.office.store.look(|snapshot| snapshot.blob(&Hash::of(head))).unwrap().unwrap();
        assert_eq!(row.media_type, kind);
    }
    for other in [&b"<html><script>"[..], b"GIF89a", b"%PDF-1.7", b"\xFF\xD8"] {
        let answer = phone.send_file(other).await;
        assert_eq!(outcome(&answer), is(400, "malformed"));
        assert!(answer.problem().detail.unwrap().starts_with("type:"));
        phone.begin(other).await;
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_allowed_at_the_beginning_must_be_allowed_at_the_end() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 50_000);
    let upload = phone.begin(&bytes).await;
    let mut line = Line::patch(&phone, &upload, 0, bytes.len()).await;
    line.write(&bytes[..20_000]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.office.revoke(&phone.device);
    line.write(&bytes[20_000..]).await;
    let told = line.read().await;
    assert!(told.starts_with("HTTP/1.1 403") && told.contains("device_revoked"), "{told}");
    assert_eq!(outcome(&phone.announce(&bytes).await), is(403, "device_revoked"));
    assert_eq!(phone.stand(&upload).await.status, 403);
    let second = RawPhone::new(&server, "李强", &["inspector"]).await;
    server.office.change("user.retire", second.user, serde_json::json!({}));
    assert_eq!(outcome(&second.announce(&bytes).await), is(403, "user_retired"));
    assert!(server.office.store.look(|snapshot| snapshot.blob(&Hash::of(&bytes))).unwrap().is_none());
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_length_for_the_same_hash_is_another_upload() {
    let (server, phone) = inspector().await;
    let bytes = photo(&server.random, 30_000);
    let wrong = phone.announce_as(&Hash::of(&bytes), 40_000).await.header("location").to_owned();
    phone.patch(&wrong, 0, &bytes[..10_000]).await;
    let right = phone.begin(&bytes).await;
    assert_eq!(phone.stand(&wrong).await.status, 410);
    assert_eq!(phone.patch(&right, 0, &bytes).await.status, 204);
    assert_eq!(shelf(&server).on_their_way(), Vec::<String>::new());
    server.check_all();
}

struct Held(Vec<u8>);

impl Content for Held {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut rest = &self.0[usize::try_from(offset).unwrap().min(self.0.len())..];
        std::io::Read::read(&mut rest, buffer)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_this_process_takes_and_gives_files_by_the_same_rules() {
    use xuncha_core::protocol::SyncService as _;
    let (server, mut phone) = inspector().await;
    let service = server.service();
    let bytes = photo(&server.random, MIB + 5);
    let blob = BlobRef {
        hash: Hash::of(&bytes),
        len: bytes.len() as u64,
        media_type: "image/jpeg".into(),
        role: "original".into(),
    };
    let begun = service.begin_upload(&phone.token, &blob, None).await.unwrap();
    assert_eq!(begun.offset, 0);
    let content: Arc<dyn Content> = Arc::new(Held(bytes.clone()));
    let failed = service.continue_upload(&phone.token, &begun.id, 5, content.clone()).await.unwrap_err();
    assert!(failed.to_string().starts_with("offset_mismatch"), "{failed}");
    assert_eq!(service.continue_upload(&phone.token, &begun.id, 0, content.clone()).await.unwrap(), blob.len);
    let again = service.begin_upload(&phone.token, &blob, Some(content)).await.unwrap();
    assert_eq!((again.id, again.offset), (begun.id, blob.len));
    assert!(service.fetch_blob(&phone.token, &blob.hash, u64::MAX).await.is_err());
    let (_, text) = phone.record_with(&[blob.hash]);
    phone.settle(&text).await;
    assert_eq!(service.fetch_blob(&phone.token, &blob.hash, blob.len).await.unwrap(), bytes);
    let small = service.fetch_blob(&phone.token, &blob.hash, blob.len - 1).await.unwrap_err();
    assert!(small.to_string().starts_with("too_large"), "{small}");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_that_arrived_are_named_in_few_entries() {
    let (mut server, _phone) = inspector().await;
    server.stop().await;
    let size = server.office.size();
    let files: Vec<_> = (0..600_u16).map(|number| photo(&server.random, 10 + usize::from(number % 7))).collect();
    server
        .office
        .store
        .change(|batch| {
            files.iter().try_for_each(|bytes| {
                let (hash, len) = (Hash::of(bytes), bytes.len() as u64);
                let media_type = "image/jpeg".to_owned();
                batch.put_blob(&xuncha_server::store::BlobRow {
                    hash,
                    len,
                    media_type,
                    kept: None,
                    whole: true,
                    sender: None,
                })
            })
        })
        .unwrap();
    assert_eq!(server.office.keep_arrived(), 600);
    assert_eq!(server.office.size(), size + 3);
    let (op, _) = server.office.entry(size);
    assert!(op.len() < 48 * 1024 && op.contains(r#""origin":"blobs""#), "{}", op.len());
}
