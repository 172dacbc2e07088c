//! A stranger's tus client, tus-js-client, which knows nothing of us: it sends photos over a bad
//! network, is killed and goes on, and what it believes to be there is there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use xuncha_core::model::{EntityId, Finding, Hash};
use xuncha_core::protocol::{PullRequest, paths};
use xuncha_tests::harness::{Fault, Net, RawPhone, TestServer, lacking, photo, put_bytes, until};

const KB: usize = 1000;
const MIB: usize = 1024 * 1024;

/// A finding that waits for a photo, and a client that is to send it through a network.
struct Desk {
    server: TestServer,
    net: Net,
    phone: RawPhone,
    finding: EntityId,
    bytes: Vec<u8>,
    folder: TempDir,
}

/// Where the client is installed; none, said aloud, when it is not.
fn client() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tus");
    if folder.join("node_modules/tus-js-client/package.json").is_file() {
        return Some(folder.join("upload.mjs"));
    }
    lacking("no tus-js-client in tests/tus; tests/all installs it with npm ci");
    None
}

impl Desk {
    async fn new(len: usize) -> Desk {
        let server = TestServer::start().await;
        let net = Net::before(server.address()).await;
        let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
        let bytes = photo(&server.random, len);
        let (finding, text) = phone.record_with(&[Hash::of(&bytes)]);
        phone.settle(&text).await;
        let folder = tempfile::tempdir().unwrap();
        put_bytes(folder.path().join("photo.jpg"), &bytes);
        Desk { server, net, phone, finding, bytes, folder }
    }

    /// The client's command line, with options of its own.
    fn command(&self, client: &Path, more: &Value) -> Command {
        let mut errand = json!({
            "file": self.folder.path().join("photo.jpg"),
            "endpoint": format!("{}{}", self.net.url(), paths::UPLOADS),
            "token": self.phone.token.secret(),
            "sha256": Hash::of(&self.bytes),
            "type": "image/jpeg",
        });
        errand.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut command = Command::new("node");
        command.arg(client).arg(errand.to_string()).stdin(Stdio::null());
        command
    }

    /// Runs the client to its end, which must be a happy one.
    async fn send(&self, client: &Path, more: &Value) -> Vec<Value> {
        let mut command = self.command(client, more);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let happy = output.status.success() && text.contains(r#""event":"done""#);
        assert!(happy, "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Kills the client when this many requests have come to the network, of which the last stays there.
    async fn send_and_kill(&self, client: &Path, more: &Value, requests: u64) {
        (1..requests).for_each(|_| self.net.spare_next());
        self.net.fail_next(Fault::Delay(Duration::from_secs(600)));
        let before = self.net.counts().requests;
        let mut child = self.command(client, more).stdout(Stdio::null()).spawn().unwrap();
        until(|| self.net.counts().requests == before + requests).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The photo is evidence on the finding's row, and can be fetched as it was.
    async fn is_evidence(&self) {
        let hash = Hash::of(&self.bytes);
        let kept = || self.server.office.store.look(|snapshot| snapshot.blob(&hash)).unwrap();
        until(|| kept().is_some_and(|row| row.whole && row.kept.is_some())).await;
        let page = self.phone.pull(&PullRequest::default()).await;
        assert!(page.missing.is_empty());
        let row = page.rows.iter().find(|row| row.id == self.finding).unwrap().row.as_ref().unwrap();
        let shown = Finding::from_entity(&serde_json::from_str(row.get()).unwrap());
        assert!(shown.evidence.is_sealed() && shown.evidence.originals == 1, "{:?}", shown.evidence);
        let fetched = self.phone.fetch(&hash, &[]).await;
        assert!((fetched.status, &fetched.body) == (200, &self.bytes), "another file came back");
        self.server.check_all();
    }
}

/// `METHOD offset` of every request that the client made.
fn requests(events: &[Value]) -> Vec<String> {
    let requests = events.iter().filter(|said| said["event"] == "request");
    requests
        .map(|said| match said.get("offset") {
            Some(offset) => format!("{} {offset}", said["method"].as_str().unwrap()),
            None => said["method"].as_str().unwrap().to_owned(),
        })
        .collect()
}

/// Offsets of the PATCH requests.
fn offsets(events: &[Value]) -> Vec<u64> {
    let patches = events.iter().filter(|said| said["event"] == "request" && said["method"] == "PATCH");
    patches.map(|said| said["offset"].as_u64().unwrap()).collect()
}

fn count(events: &[Value], event: &str) -> usize {
    events.iter().filter(|said| said["event"] == event).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_client_sends_a_whole_photo() {
    let Some(client) = client() else { return };
    let desk = Desk::new(3 * MIB + 17).await;
    let events = desk.send(&client, &json!({})).await;
    assert_eq!(requests(&events), ["POST", "PATCH 0"]);
    desk.is_evidence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_client_may_send_bytes_with_the_first_request() {
    let Some(client) = client() else { return };
    let desk = Desk::new(500 * KB).await;
    let events = desk.send(&client, &json!({ "uploadDataDuringCreation": true })).await;
    assert_eq!(requests(&events), ["POST"]);
    desk.is_evidence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_client_sends_a_photo_in_chunks() {
    let Some(client) = client() else { return };
    let desk = Desk::new(1_000 * KB).await;
    let events = desk.send(&client, &json!({ "chunkSize": 300 * KB })).await;
    assert_eq!(requests(&events), ["POST", "PATCH 0", "PATCH 300000", "PATCH 600000", "PATCH 900000"]);
    desk.is_evidence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_client_goes_on_where_the_connection_was_cut() {
    let Some(client) = client() else { return };
    let desk = Desk::new(5 * MIB).await;
    // Every PATCH but the fifth is cut after 1.2 MB; what asks how far it came goes through.
    desk.net.spare_next();
    for _ in 0..4 {
        desk.net.fail_next(Fault::CutRequest(1_200 * KB));
        desk.net.spare_next();
    }
    let events = desk.send(&client, &json!({ "retryDelays": [10, 20, 40, 80, 160, 320] })).await;
    assert!(count(&events, "retry") >= 4, "{events:?}");
    let asked: Vec<_> = requests(&events).into_iter().filter(|request| request == "HEAD").collect();
    assert!(asked.len() >= 4, "{events:?}");
    let offsets = offsets(&events);
    assert!(offsets.len() >= 5 && offsets.is_sorted(), "what the server had was sent again: {offsets:?}");
    assert!(offsets.last().is_some_and(|last| *last > 4 * 1_000_000), "all that came was kept: {offsets:?}");
    desk.is_evidence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_client_that_was_killed_goes_on_as_another_process() {
    let Some(client) = client() else { return };
    let desk = Desk::new(1_500 * KB).await;
    let more = json!({ "chunkSize": 300 * KB, "storage": desk.folder.path().join("uploads.json") });
    // The creation and two chunks go through; the third is on its way when the client dies.
    desk.send_and_kill(&client, &more, 4).await;
    let events = desk.send(&client, &more).await;
    assert_eq!(count(&events, "found"), 1, "{events:?}");
    assert_eq!(requests(&events), ["HEAD", "PATCH 600000", "PATCH 900000", "PATCH 1200000"]);
    desk.is_evidence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_client_that_has_forgotten_begins_again_and_finds_its_upload() {
    let Some(client) = client() else { return };
    let desk = Desk::new(1_500 * KB).await;
    let more = json!({ "chunkSize": 300 * KB });
    desk.send_and_kill(&client, &more, 4).await;
    // tus has no way to say at creation that bytes are here already: the client asks for none, sends
    // from the beginning, hears 409, asks, and goes on.
    let events = desk.send(&client, &json!({ "chunkSize": 300 * KB, "retryDelays": [10, 20, 40] })).await;
    assert_eq!(offsets(&events).last(), Some(&1_200_000), "{events:?}");
    desk.is_evidence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_client_whose_last_reply_was_lost_learns_that_all_is_there() {
    let Some(client) = client() else { return };
    let desk = Desk::new(700 * KB).await;
    (0..3).for_each(|_| desk.net.spare_next());
    desk.net.fail_next(Fault::CutReply(0));
    let events = desk.send(&client, &json!({ "chunkSize": 300 * KB, "retryDelays": [10, 20, 40] })).await;
    assert_eq!(requests(&events), ["POST", "PATCH 0", "PATCH 300000", "PATCH 600000", "HEAD"]);
    desk.is_evidence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_client_that_sends_other_bytes_than_it_announced_is_told_so() {
    let Some(client) = client() else { return };
    let desk = Desk::new(200 * KB).await;
    let other = json!({ "sha256": Hash::of(b"another file"), "retryDelays": [10, 20] });
    let mut command = desk.command(&client, &other);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "error");
    assert!(last["message"].as_str().unwrap().contains("hash_mismatch"), "{last}");
    assert!(!text.contains("retry"), "it is no use trying again: {text}");
}
