//! Photos on their way up: every byte that came is kept, and nothing is kept that is not what it said.

use xuncha_core::model::{Finding, Hash};
use xuncha_core::protocol::PullRequest;
use xuncha_tests::harness::{RawPhone, TestServer, photo, until};

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
