//! What only files in a bucket can do wrong: a store that is away, objects that are altered or gone, places that are not
//! ours.

use std::sync::Arc;

use tempfile::TempDir;
use xuncha_core::host::Host;
use xuncha_core::model::Hash;
use xuncha_core::protocol::PullRequest;
use xuncha_server::blobs::{self, Blobs, Bounds, Depot, Swept};
use xuncha_server::ledger::{LedgerKey, Sequencer};
use xuncha_server::queue::Queue;
use xuncha_tests::harness::{
    Gate, Office, Outcome, Process, RawPhone, SeededRandom, Shelf, StrictStore, binary, check_folder, depot_of,
    new_place, photo, place_at, run, until, xuncha,
};

use super::s3::{MIB, has, inspector, is_kept, there, whole};

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_phones_keep_everything_and_it_goes_on_by_itself() {
    let Some(bucket) = there() else { return };
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let gate = Gate::before(&std::env::var("AWS_ENDPOINT_URL").unwrap());
    let place = new_place(&bucket);
    place_at(&data, None, Some(&place));
    let mut command = Process::command(&data);
    command.env("AWS_ENDPOINT_URL", gate.url());
    let process = Process::start(command);
    let (host, random) = (Host::system(), SeededRandom::new());
    let office = Office::open(&data, host.clone());
    let mut phone = RawPhone::blank(&process.url, office.ledger, host);
    let reply = phone.enrol(&office.invite(office.user("王芳", &["inspector"], &[]))).await;
    phone.signed_in(reply.read());
    let (bytes, kept) = (photo(&random, 18 * MIB), photo(&random, 40_000));
    let (_, text) = phone.record_with(&[Hash::of(&kept)]);
    phone.settle(&text).await;
    assert_eq!(phone.send_file(&kept).await.status, 201);
    let upload = phone.begin(&bytes).await;
    assert_eq!(phone.patch(&upload, 0, &bytes[..9 * MIB]).await.offset(), 9 * MIB);
    gate.shut();
    for (from, to) in [(9 * MIB, 18 * MIB), (9 * MIB, 10 * MIB)] {
        let away = phone.patch(&upload, from, &bytes[from..to]).await;
        assert_eq!((away.status, &*away.code()), (503, "unavailable"));
        assert!(away.retry_after.is_some());
    }
    let small = phone.send_file(&photo(&random, 5_000)).await;
    assert_eq!((small.status, &*small.code()), (503, "unavailable"));
    let shown = phone.fetch(&Hash::of(&kept), &[]).await;
    assert_eq!((shown.status, &*shown.code()), (503, "unavailable"));
    // What was durable is known, and nothing is called damaged because nobody answers.
    assert_eq!(phone.stand(&upload).await.offset(), 9 * MIB);
    assert_eq!(xuncha(["verify", "--data", data.to_str().unwrap()]).code, 0);
    gate.open();
    let sent = phone.patch(&upload, 9 * MIB, &bytes[9 * MIB..]).await;
    assert_eq!((sent.status, sent.offset()), (204, bytes.len()), "{sent:?}");
    let shelf = Shelf::at(&place);
    assert!(has(&shelf, &bytes) && whole(&shelf) == 2);
    assert!(phone.fetch(&Hash::of(&kept), &[]).await.body == kept);
    assert_eq!(process.stop(), 0);
    check_folder(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_altered_or_gone_is_never_shown_and_a_store_that_is_gone_alters_nothing() {
    if there().is_none() {
        return;
    }
    let (server, mut phone) = inspector().await;
    let shelf = Shelf::of(server.data());
    for len in [30_000, 9 * MIB] {
        let bytes = photo(&server.random, len);
        let hash = Hash::of(&bytes);
        let (_, text) = phone.record_with(&[hash]);
        phone.settle(&text).await;
        assert_eq!(phone.send_file(&bytes).await.status, 201);
        until(|| is_kept(&server, &bytes)).await;
        let part = phone.fetch(&hash, &[("range", "bytes=100-199")]).await;
        assert_eq!((part.status, &part.body[..]), (206, &bytes[100..200]));
        // "Not found" is not believed while even our own mark is not found.
        let mark = shelf.object("GET", "ledger", Vec::new()).unwrap();
        shelf.object("DELETE", "ledger", Vec::new()).unwrap();
        shelf.remove(&hash);
        assert_eq!(phone.fetch(&hash, &[]).await.code(), "unavailable");
        assert!(phone.pull(&PullRequest::default()).await.missing.is_empty());
        shelf.object("PUT", "ledger", mark).unwrap();
        assert_eq!(phone.fetch(&hash, &[]).await.code(), "blob_damaged");
        assert_eq!(phone.pull(&PullRequest::default()).await.missing, [hash]);
        // It heals when it comes again, whether its name is free or borne by something else.
        shelf.put(&hash, b"something else");
        assert_eq!(phone.send_file(&bytes).await.status, 201);
        assert!(phone.fetch(&hash, &[]).await.body == bytes);
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_in_the_bucket_are_mended_or_swept() {
    if there().is_none() {
        return;
    }
    let (server, phone) = inspector().await;
    let (shelf, depot) = (Shelf::of(server.data()), depot_of(server.data()));
    let sweep = || blobs::sweep(&*server.office.store, &depot, server.clock.now()).unwrap();
    let (lost, going, done) =
        (photo(&server.random, 50_000), photo(&server.random, 50_000), photo(&server.random, 50_000));
    let [lost_upload, going_upload, done_upload] =
        [phone.begin(&lost).await, phone.begin(&going).await, phone.begin(&done).await];
    for (upload, bytes) in [(&lost_upload, &lost), (&going_upload, &going), (&done_upload, &done)] {
        assert_eq!(phone.patch(upload, 0, &bytes[..20_000]).await.offset(), 20_000);
    }
    assert_eq!(phone.patch(&done_upload, 20_000, &done[20_000..]).await.status, 204);
    // A process that died behind its object, before its row; one that died between the last row and the tidying; and one
    // in the middle of a bundle, just now.
    let id = |upload: &str| upload.rsplit('/').next().unwrap().to_owned();
    for name in [
        format!("staged/{}/000000000000-7-x", id(&going_upload)),
        format!("staged/{}/promised-000000000000-7-x", id(&going_upload)),
        format!("staged/{}/000000000000-7-x", id(&done_upload)),
        "staged/of-no-row/000000000000-7-x".to_owned(),
        "taken/x".to_owned(),
    ] {
        shelf.object("PUT", &name, b"1234567".to_vec()).unwrap();
    }
    shelf.lose(&lost_upload);
    // Found out at the end: it begins again, and arrives.
    let told = phone.patch(&lost_upload, 20_000, &lost[20_000..]).await;
    assert_eq!((told.status, &*told.code()), (409, "offset_mismatch"));
    assert_eq!(phone.stand(&lost_upload).await.offset(), 0);
    assert_eq!(phone.patch(&lost_upload, 0, &lost).await.status, 204);
    assert_eq!(sweep(), Swept { uploads: 0, files: 2 });
    let left = shelf.on_their_way();
    assert_eq!(left.len(), 4, "{left:?}");
    // The stranger's bytes at the same place are shorter than those that count.
    assert_eq!(phone.patch(&going_upload, 20_000, &going[20_000..]).await.status, 204);
    until(|| is_kept(&server, &going) && is_kept(&server, &lost) && is_kept(&server, &done)).await;
    server.clock.pass_days(8);
    sweep();
    assert_eq!(shelf.on_their_way(), Vec::<String>::new());
    server.check_all();
}

#[test]
fn a_place_that_cannot_be_had_is_said_at_the_start_and_nothing_is_made() {
    let Some(bucket) = there() else { return };
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let serve = |place: &str, variables: &[(&str, &str)]| {
        let mut command = std::process::Command::new(binary());
        command.args(["--json", "serve", "--listen", "127.0.0.1:0", "--blobs", place, "--data"]).arg(&data);
        command.envs(variables.iter().copied());
        run(command)
    };
    let nobody = "http://127.0.0.1:1";
    for (place, variables, code) in [
        ("s3://no-such-bucket/x", &[][..], "blobs_denied"),
        (&*new_place(&bucket), &[("AWS_ENDPOINT_URL", nobody)], "blobs_away"),
        ("s3://", &[], "bad_field"),
        ("s3://Großer Eimer", &[], "bad_field"),
        ("ftp://tests", &[], "bad_field"),
        ("some/folder", &[], "bad_field"),
        (&*new_place(&bucket), &[("AWS_ALLOW_HTTP", "false")], "blobs_away"),
    ] {
        let outcome = serve(place, variables);
        assert_eq!((outcome.code, code_of(&outcome).as_deref()), (1, Some(code)), "{place} {outcome:?}");
        assert!(!data.exists(), "{place}");
    }
    // The files of another ledger.
    let theirs = folder.path().join("theirs");
    let place = new_place(&bucket);
    place_at(&theirs, None, Some(&place));
    assert_eq!(Process::start(Process::command(&theirs)).stop(), 0);
    let outcome = serve(&place, &[]);
    assert_eq!((outcome.code, code_of(&outcome).as_deref()), (1, Some("wrong_ledger")));
    assert_eq!(Shelf::at(&place).names(), ["ledger"]);
    // Where no ledger's files are, files are not missing: the place is wrong.
    let wrong = new_place(&bucket);
    let outcome = xuncha(["verify", "--data", theirs.to_str().unwrap(), "--blobs", &wrong]);
    assert_eq!((outcome.code, code_of(&outcome).as_deref()), (1, Some("no_blobs")));
    assert_eq!(Shelf::at(&wrong).names(), Vec::<String>::new());
}

#[test]
fn keys_that_the_store_does_not_know_are_said_at_the_start() {
    if there().is_none() {
        return;
    }
    // A program of its own that asks for keys from its first request on: it knows none.
    let Some(strict) = StrictStore::start() else { return };
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mut command = std::process::Command::new(binary());
    command.args(["--json", "serve", "--listen", "127.0.0.1:0", "--blobs", "s3://tests/x", "--data"]).arg(&data);
    command.env("AWS_ENDPOINT_URL", strict.url());
    let outcome = run(command);
    assert_eq!((outcome.code, code_of(&outcome).as_deref()), (1, Some("blobs_denied")), "{outcome:?}");
    assert!(!data.exists());
}

fn code_of(outcome: &Outcome) -> Option<String> {
    outcome.lines()[0]["error"]["code"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_the_place_of_the_files_answers_can_be_asked() {
    let (server, _phone) = inspector().await;
    let (store, key) = (server.office.store.clone(), LedgerKey::load(server.data()).unwrap());
    let sequencer = Arc::new(Sequencer::new(server.host(), key));
    let (queue, _writer) = Queue::start(store.clone(), sequencer, server.host()).unwrap();
    let answers = async |depot| {
        Blobs::new(depot, store.clone(), queue.clone(), server.host(), Bounds::default()).reachable().await.is_ok()
    };
    assert!(answers(depot_of(server.data())).await);
    let at = |place| Depot::at(server.data(), Some(place)).unwrap();
    assert!(!answers(at("/nowhere/at/all")).await);
    if there().is_some() {
        assert!(!answers(at("s3://no-such-bucket/x")).await);
    }
}
