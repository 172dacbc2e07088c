//! Files handed over to a system that sends them while the app is suspended.

use xuncha_core::model::EntityId;
use xuncha_core::sync::{Conditions, SyncOptions, UploadPart};
use xuncha_tests::harness::{Net, Phone, TestServer, http_client, photo};

/// Not the network for originals.
const ON_THE_ROAD: Conditions = Conditions { metered: true, wifi: false, charging: false };

/// A finding with a photo whose op is at the server, and whose original is not.
async fn with_a_photo(server: &TestServer) -> (Phone, EntityId, Vec<u8>) {
    let phone = Phone::of(server, "王敏", "inspector").await;
    let bytes = photo(&server.random, 400_000);
    let finding = phone.record_photos("井盖缺失", &[&bytes]);
    phone.sync_under(ON_THE_ROAD).await;
    (phone, finding, bytes)
}

async fn handed_over(phone: &Phone) -> Vec<UploadPart> {
    phone.notebook.hand_over(&phone.service(), 10, &SyncOptions::default()).await.unwrap()
}

/// Sends a part as the system would; the status of the reply.
async fn send(part: &UploadPart, bytes: &[u8]) -> u16 {
    let mut request = http_client().patch(&part.url).body(bytes.to_vec());
    for (name, value) in &part.headers {
        request = request.header(name, value);
    }
    request.send().await.unwrap().status().as_u16()
}

async fn settle(server: &TestServer, phone: &Phone, finding: EntityId) {
    server.office.keep_arrived();
    phone.sync().await;
    assert_eq!(phone.originals(finding), 1);
    phone.check();
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_system_sent_is_not_sent_again() {
    let server = TestServer::start().await;
    let (mut phone, finding, bytes) = with_a_photo(&server).await;
    let parts = handed_over(&phone).await;
    let [part] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!((part.offset, part.blob.len, part.blob.role.as_str()), (0, 400_000, "original"));
    assert!(!format!("{part:?}").contains("Bearer"), "a token is not for a log");
    assert_eq!(std::fs::read(&part.path).unwrap(), bytes);
    assert_eq!(send(part, &bytes).await, 204);
    assert_ne!(send(part, &bytes).await, 204, "doubled, it is turned away");

    let net = Net::before(server.address()).await;
    phone.go_to(&net.url());
    let synced = phone.sync().await;
    assert_eq!((synced.files_sent, synced.files_waiting), (1, 0));
    assert!(net.counts().bytes_up < 40_000, "{:?}", net.counts());
    settle(&server, &phone, finding).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_system_did_not_send_is_sent_by_the_next_sync() {
    let server = TestServer::start().await;
    let (phone, finding, _) = with_a_photo(&server).await;
    let first = handed_over(&phone).await;
    let again = handed_over(&phone).await;
    assert_eq!((first.len(), again.len()), (1, 1), "nothing was lost by handing it over twice");
    let synced = phone.sync().await;
    assert_eq!((synced.files_sent, synced.bytes_sent), (1, 400_000));
    assert!(handed_over(&phone).await.is_empty(), "there is nothing left");
    settle(&server, &phone, finding).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_holds_back_is_not_handed_over() {
    let server = TestServer::start().await;
    let (phone, ..) = with_a_photo(&server).await;
    let options = SyncOptions { conditions: ON_THE_ROAD, ..SyncOptions::default() };
    let parts = phone.notebook.hand_over(&phone.service(), 10, &options).await.unwrap();
    assert!(parts.is_empty(), "{parts:?}");
}
