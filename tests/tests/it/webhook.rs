//! Another system is told what happens: signed, in order, until it takes it, whatever fails.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use xuncha_core::model::EntityId;
use xuncha_server::webhook::{Courier, Told, set_webhook, signature, try_again};
use xuncha_tests::harness::{Phone, TestServer, until, xuncha};

/// What came, and what is answered next.
#[derive(Default)]
struct Heard {
    answers: VecDeque<(u16, Option<&'static str>)>,
    messages: Vec<(HeaderMap, String)>,
}

/// A system that is told.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

impl Ear {
    async fn open() -> (Ear, String) {
        let ear = Ear::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/hook", post(hear)).with_state(ear.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (ear, format!("http://{address}/hook"))
    }

    fn answers(&self, answers: impl IntoIterator<Item = (u16, Option<&'static str>)>) {
        self.0.lock().unwrap().answers.extend(answers);
    }

    fn ids(&self) -> Vec<String> {
        let id = |(headers, _): &(HeaderMap, String)| headers["webhook-id"].to_str().unwrap().to_owned();
        self.0.lock().unwrap().messages.iter().map(id).collect()
    }

    /// Kinds of all events, in order.
    fn kinds(&self) -> Vec<String> {
        let heard = self.0.lock().unwrap();
        let events = heard.messages.iter().flat_map(|(_, body)| {
            let body: Value = serde_json::from_str(body).unwrap();
            body["data"]["events"].as_array().unwrap().clone()
        });
        events.map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    }
}

async fn hear(State(ear): State<Ear>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
    let mut heard = ear.0.lock().unwrap();
    heard.messages.push((headers, String::from_utf8(body.to_vec()).unwrap()));
    let (status, wait) = heard.answers.pop_front().unwrap_or((204, None));
    let mut lines = HeaderMap::new();
    if let Some(wait) = wait {
        lines.insert("retry-after", wait.parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap(), lines)
}

/// A city with a finding, told to an ear from its first entry on.
struct Town {
    server: TestServer,
    finding: EntityId,
    chief: EntityId,
    ear: Ear,
    secret: String,
    courier: Arc<Courier>,
}

async fn told() -> Town {
    let mut server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    let finding = phone.record("占道堆物");
    phone.sync().await;
    // A running server would tell of itself.
    server.stop().await;
    let chief = server.office.user("吴刚", &["supervision", "acceptor"], &[]);
    let (ear, url) = Ear::open().await;
    let store = &*server.office.store;
    let secret = set_webhook(store, &server.host(), &url, Some(0)).unwrap().unwrap();
    let courier = Courier::new(server.office.store.clone(), server.host()).unwrap();
    Town { server, finding, chief, ear, secret, courier }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_cases_is_told_once_and_signed() {
    let Town { server, finding, chief, ear, secret, courier } = told().await;
    assert_eq!(courier.tell().await.unwrap(), Told::Taken);
    assert_eq!(courier.tell().await.unwrap(), Told::Nothing);
    let body = json!({ "unseen": "夜间无法拍摄" });
    server.office.hears(chief, "finding.file", finding, body);
    assert_eq!(courier.tell().await.unwrap(), Told::Taken);
    // Users, roles and areas are nobody's business.
    server.office.user("孙丽", &["inspector"], &[]);
    assert_eq!(courier.tell().await.unwrap(), Told::Taken);
    assert_eq!(courier.tell().await.unwrap(), Told::Nothing);
    assert_eq!(ear.kinds(), ["finding.record", "finding.file"]);
    assert_eq!(ear.ids().len(), 2);

    let heard = ear.0.lock().unwrap();
    let (lines, body) = &heard.messages[1];
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let line = |name: &str| lines[name].to_str().unwrap();
    let seconds = line("webhook-timestamp").parse().unwrap();
    assert_eq!(line("webhook-signature"), signature(&key, line("webhook-id"), seconds, body));
    assert_eq!(line("content-type"), "application/json");
    let told: Value = serde_json::from_str(body).unwrap();
    let event = &told["data"]["events"][0];
    assert_eq!((&told["type"], &told["data"]["epoch"]), (&json!("changes"), &json!(1)), "{told}");
    assert_eq!((&event["entity"], &event["by"]), (&json!(finding), &json!(chief)));
    assert_eq!(event["index"], json!(server.office.entity(finding).index));
}

#[test]
fn a_signature_is_what_the_convention_says() {
    // Computed with Python: base64(hmac.new(b"secret", b"id.1700000000.{}", "sha256").digest())
    assert_eq!(signature(b"secret", "id", 1_700_000_000, "{}"), "v1,GBemBzTgbKoVEGKycqyY3615LbdJbhFLE1oQk+zZ+lo=");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_taken_comes_again_unchanged() {
    let Town { server, finding, chief, ear, courier, .. } = told().await;
    ear.answers([(500, None), (503, Some("90")), (302, None)]);
    assert_eq!(courier.tell().await.unwrap(), Told::Failed);
    assert_eq!(courier.tell().await.unwrap(), Told::Nothing, "not before its time");
    // What happens meanwhile is of the next message, not of this one.
    server.office.hears(chief, "finding.file", finding, json!({ "unseen": "夜间无法拍摄" }));
    server.clock.pass(5_000);
    assert_eq!(courier.tell().await.unwrap(), Told::Failed);
    server.clock.pass(60_000);
    assert_eq!(courier.tell().await.unwrap(), Told::Nothing, "as long as it asked for");
    server.clock.pass(30_000);
    // A redirect is no yes, and is not followed.
    assert_eq!(courier.tell().await.unwrap(), Told::Failed);
    // Another process goes on where this one was.
    let other = Courier::new(server.office.store.clone(), server.host()).unwrap();
    server.clock.pass(120_000);
    assert_eq!(other.tell().await.unwrap(), Told::Taken);
    assert_eq!(other.tell().await.unwrap(), Told::Taken);
    let ids = ear.ids();
    assert_eq!(ids.len(), 5);
    assert!(ids[..4].iter().all(|id| *id == ids[0]) && ids[4] != ids[0], "{ids:?}");
    let heard = ear.0.lock().unwrap();
    assert!(heard.messages[..4].iter().all(|(_, body)| *body == heard.messages[0].1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_takes_for_a_day_is_a_dead_letter_and_holds_up_nothing() {
    let Town { server, finding, chief, ear, courier, .. } = told().await;
    ear.answers((0..11).map(|_| (410, None)));
    for attempt in 1..=11 {
        let told = courier.tell().await.unwrap();
        assert_eq!(told, if attempt < 11 { Told::Failed } else { Told::GivenUp }, "attempt {attempt}");
        server.clock.pass(8 * 60 * 60 * 1000);
    }
    server.office.hears(chief, "finding.file", finding, json!({ "unseen": "夜间无法拍摄" }));
    assert_eq!(courier.tell().await.unwrap(), Told::Taken);
    let store = &*server.office.store;
    let letter = store.look(|snapshot| snapshot.dead_letters(false, 9)).unwrap().pop().unwrap();
    assert_eq!((letter.first, letter.attempts, &*letter.fault, letter.due), (0, 11, "it answered 410", false));

    // Tried again and not taken, it stays; taken, it is gone.
    assert_eq!(try_again(store).unwrap(), 1);
    ear.answers([(500, None)]);
    assert_eq!(courier.tell().await.unwrap(), Told::Failed);
    assert_eq!(courier.tell().await.unwrap(), Told::Nothing);
    assert_eq!(try_again(store).unwrap(), 1);
    assert_eq!(courier.tell().await.unwrap(), Told::Taken);
    assert_eq!(try_again(store).unwrap(), 0);
    let ids = ear.ids();
    assert_eq!(ids.last(), ids.first());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_one_tells() {
    let Town { server, ear, courier, .. } = told().await;
    let other = Courier::new(server.office.store.clone(), server.host()).unwrap();
    let (one, two) = tokio::join!(courier.tell(), other.tell());
    let mut told = [one.unwrap(), two.unwrap()];
    told.sort_by_key(|told| *told != Told::Taken);
    // The slower one finds nothing, or what is there is held by the other.
    assert_eq!(told, [Told::Taken, Told::Nothing]);
    assert_eq!(ear.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_where_nobody_listens() {
    let Town { server, courier, .. } = told().await;
    let store = &*server.office.store;
    for wrong in ["", "nowhere", "ftp://example.org/x", "http://a:b@example.org/x"] {
        assert!(set_webhook(store, &server.host(), wrong, None).unwrap().is_err(), "{wrong}");
    }
    // Port 9 of this machine: nothing listens there.
    set_webhook(store, &server.host(), "http://127.0.0.1:9/", Some(0)).unwrap().unwrap();
    assert_eq!(courier.tell().await.unwrap(), Told::Failed);
    let row = store.look(|snapshot| snapshot.webhook()).unwrap().unwrap();
    assert!(row.fault.unwrap().contains("refused"));
    assert_eq!((row.next, row.attempts), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_tells_whoever_is_set_meanwhile() {
    let server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    phone.record("占道堆物");
    phone.sync().await;
    let (ear, url) = Ear::open().await;
    let folder = server.data().to_str().unwrap().to_owned();
    let told = async |words: &[&str]| {
        let words: Vec<_> =
            ["admin", "--data", &folder, "webhook"].iter().chain(words).map(|word| (*word).to_owned()).collect();
        tokio::task::spawn_blocking(move || xuncha(words)).await.unwrap()
    };
    assert_eq!(told(&["show"]).await.out, "{\"url\":null}\n");
    let refused = told(&["set", "nowhere"]).await;
    assert!(refused.code != 0 && refused.out.contains("\"bad_field\""), "{}", refused.out);
    let set: Value = serde_json::from_str(&told(&["set", &url, "--from", "0"]).await.out).unwrap();
    assert!(set["secret"].is_string(), "{set}");
    assert!(set["secret"].as_str().unwrap().starts_with("whsec_"));
    until(|| ear.kinds() == ["finding.record"]).await;
    let size = server.office.size();
    until(|| server.office.store.look(|snapshot| snapshot.webhook()).unwrap().unwrap().next == size).await;
    let shown: Value = serde_json::from_str(&told(&["show"]).await.out).unwrap();
    assert_eq!((&shown["url"], &shown["next"], &shown["dead"]), (&json!(url), &json!(size), &json!([])), "{shown}");
    assert_eq!(told(&["off"]).await.code, 0);
    phone.record("油烟");
    phone.sync().await;
    assert_eq!(told(&["show"]).await.out, "{\"url\":null}\n");
    assert_eq!(ear.ids().len(), 1);
}
