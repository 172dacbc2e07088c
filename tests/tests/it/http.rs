//! Requests that are wrong as a whole: a problem document with a stable code, and nothing done.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use xuncha_core::model::LedgerId;
use xuncha_core::protocol::{LedgerInfo, MAX_BODY_BYTES, MAX_PUSH_OPS, PushReply, Token, Verdict, paths};
use xuncha_server::api::Limits;
use xuncha_tests::harness::{RawPhone, TestServer};

async fn inspector() -> (TestServer, RawPhone) {
    let server = TestServer::start().await;
    let phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    (server, phone)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_what_the_address_takes_is_malformed() {
    let (server, mut phone) = inspector().await;
    let (_, text) = phone.record("好的");
    let good = String::from_utf8(phone.sign(phone.ledger, &[text])).unwrap();
    let size = server.office.size();
    let bad: [Vec<u8>; 9] = [
        Vec::new(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        good.as_bytes()[..good.len() - 1].to_vec(),
        good.replace(r#""device""#, r#""gadget""#).into_bytes(),
        good.replace("ed25519:", "rsa:").into_bytes(),
        good.replace("好的", "\0").into_bytes(),
        [good.as_bytes(), b"\xff"].concat(),
    ];
    for body in bad {
        let answer = phone.post(paths::PUSH, body.clone(), &[]).await;
        assert_eq!((answer.status, &*answer.code()), (400, "malformed"), "{}", String::from_utf8_lossy(&body));
    }
    let coded = phone.post(paths::PUSH, good.clone().into_bytes(), &[("content-encoding", "br")]).await;
    assert_eq!(coded.code(), "malformed");
    let not_zstd = phone.post(paths::PUSH, good.clone().into_bytes(), &[("content-encoding", "zstd")]).await;
    assert_eq!(not_zstd.code(), "malformed");
    assert_eq!(phone.post(paths::PULL, b"{\"limit\":-1}".to_vec(), &[]).await.code(), "malformed");
    assert_eq!(phone.post(paths::ENROL, b"{}".to_vec(), &[]).await.code(), "malformed");
    assert_eq!(server.office.size(), size);
    let reply: PushReply = phone.post(paths::PUSH, good.into_bytes(), &[]).await.read();
    assert!(matches!(reply.verdicts[0], Verdict::Accepted { .. }));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_its_device_did_not_sign_for_this_ledger_is_not_looked_into() {
    let (server, mut phone) = inspector().await;
    let other = RawPhone::new(&server, "李强", &["inspector"]).await;
    let (_, text) = phone.record("好的");
    let size = server.office.size();
    let elsewhere = phone.sign(LedgerId(uuid::Uuid::from_u128(3)), std::slice::from_ref(&text));
    let foreign = other.sign(other.ledger, std::slice::from_ref(&text));
    let signed = String::from_utf8(phone.sign(phone.ledger, std::slice::from_ref(&text))).unwrap();
    let changed = signed.replace("好的", "坏的").into_bytes();
    let spaced = signed.replace(r#""v":1"#, r#""v": 1"#).into_bytes();
    let more = signed.replace(r#"],"sig""#, r#",{}],"sig""#).into_bytes();
    for body in [elsewhere, foreign, changed, spaced, more] {
        let answer = phone.post(paths::PUSH, body, &[]).await;
        assert_eq!((answer.status, &*answer.code()), (403, "bad_signature"));
    }
    assert_eq!(server.office.size(), size);
    phone.settle(&text).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_unknown_token_opens_nothing() {
    let (server, mut phone) = inspector().await;
    let (_, text) = phone.record("好的");
    let right = phone.token.clone();
    for secret in ["", "nonsense", "中文"] {
        phone.token = Token::new(secret.into());
        for path in [paths::PUSH, paths::PULL] {
            let body = if path == paths::PUSH {
                phone.sign(phone.ledger, std::slice::from_ref(&text))
            } else {
                b"{}".to_vec()
            };
            let answer = phone.post(path, body, &[]).await;
            assert_eq!((answer.status, &*answer.code()), (401, "bad_token"), "{secret} {path}");
        }
    }
    phone.token = right;
    phone.settle(&text).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_or_method_gets_a_problem_document_too() {
    let (server, phone) = inspector().await;
    let ask = async |method: &str, path: &str| phone.ask(method, path, Vec::new(), &[]).await.unwrap();
    for (method, path) in [("GET", "/"), ("GET", "/v1"), ("POST", "/v2/push"), ("GET", "/v1/ledger/x")] {
        let answer = ask(method, path).await;
        assert_eq!((answer.status, &*answer.code()), (404, "not_found"), "{method} {path}");
    }
    for (method, path) in [("GET", paths::PUSH), ("DELETE", paths::LEDGER), ("PUT", paths::PULL), ("POST", "/healthz")]
    {
        let answer = ask(method, path).await;
        assert_eq!((answer.status, &*answer.code()), (405, "bad_method"), "{method} {path}");
    }
    let info: LedgerInfo = ask("GET", paths::LEDGER).await.read();
    assert_eq!((&*info.name, info.epoch), ("测试市", 1));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_too_many_ops_is_turned_away_whole_and_fits_in_two() {
    let (server, mut phone) = inspector().await;
    let texts: Vec<String> = (0..=MAX_PUSH_OPS).map(|number| phone.record(&format!("{number}")).1).collect();
    let size = server.office.size();
    let answer = phone.try_push(&texts).await;
    assert_eq!((answer.status, &*answer.code()), (413, "too_large"));
    assert!(answer.problem().detail.unwrap().starts_with("ops: 501"), "{answer:?}");
    assert_eq!(server.office.size(), size);
    assert!(phone.push(&texts[..MAX_PUSH_OPS]).await.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })));
    phone.settle(&texts[MAX_PUSH_OPS]).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_too_large_plain_or_as_a_bomb() {
    let (server, phone) = inspector().await;
    let body = |bytes: usize| format!(r#"{{"open":[],"more":"{}"}}"#, "x".repeat(bytes)).into_bytes();
    let zstd = [("content-encoding", "zstd")];
    let plain = phone.post(paths::PULL, body(MAX_BODY_BYTES), &[]).await;
    assert_eq!((plain.status, &*plain.code()), (413, "too_large"));
    let bomb = zstd::bulk::compress(&body(256 * 1024 * 1024), 3).unwrap();
    assert!(bomb.len() < MAX_BODY_BYTES, "{} bytes", bomb.len());
    let answer = phone.post(paths::PULL, bomb, &zstd).await;
    assert_eq!((answer.status, &*answer.code()), (413, "too_large"));
    let small = zstd::bulk::compress(&body(MAX_BODY_BYTES / 2), 3).unwrap();
    assert_eq!(phone.post(paths::PULL, small, &zstd).await.status, 200);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_much_is_told_when_to_come_back() {
    let one = NonZeroU32::MIN;
    let limits = Limits { requests: one, burst: NonZeroU32::new(5).unwrap(), strangers: one, ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let mut stranger = RawPhone::blank(&server.url(), phone.ledger, server.host());
    for asker in [&phone, &stranger] {
        let mut turned_away = None;
        for _ in 0..8 {
            let answer = asker.ask("GET", paths::LEDGER, Vec::new(), &[]).await.unwrap();
            turned_away = turned_away.or((answer.status != 200).then_some(answer));
        }
        let answer = turned_away.expect("eight requests at once are more than five");
        assert_eq!((answer.status, &*answer.code()), (429, "too_many"));
        let seconds: u64 = answer.retry_after.as_ref().unwrap().parse().unwrap();
        assert!((1..=3).contains(&seconds));
        assert_eq!(answer.problem().retry_after, Some(seconds));
    }
    // A made-up token must not open a bucket of its own: enrolment codes could be guessed that way.
    let mut admitted = 0;
    for number in 0..8 {
        stranger.token = Token::new(format!("made-up-{number}"));
        admitted += u32::from(stranger.enrol("guess").await.status != 429);
    }
    assert!(admitted <= 2, "{admitted} of 8 guesses were let in");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_a_connection_waits_until_another_one_ends() {
    let server = TestServer::with_limits(Limits { connections: 2, ..Limits::default() }).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(request).await.unwrap();
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
        open.push(stream);
    }
    let mut third = TcpStream::connect(server.address()).await.unwrap();
    third.write_all(request).await.unwrap();
    let mut reply = [0; 512];
    let waited = tokio::time::timeout(Duration::from_millis(200), third.read(&mut reply)).await;
    assert!(waited.is_err(), "the third connection was served beside two others");
    drop(open.pop());
    let read = tokio::time::timeout(Duration::from_secs(10), third.read(&mut reply)).await.unwrap().unwrap();
    assert!(reply[..read].starts_with(b"HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_slow_with_its_head_is_let_go() {
    let server = TestServer::start().await;
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nho").await.unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(25), slow.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "still open after 25 seconds");
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_more_than_64_kib_is_refused_however_large_a_body_may_be_read_at_once() {
    let server = TestServer::start().await;
    for (filling, status) in [(50_000, "HTTP/1.1 200"), (70_000, "HTTP/1.1 431"), (5_000_000, "HTTP/1.1 431")] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-filling: {}\r\n\r\n", "x".repeat(filling));
        // The server may close before all of it is written, and then a write fails.
        let wrote = stream.write_all(head.as_bytes()).await;
        let mut reply = [0; 512];
        match stream.read(&mut reply).await {
            Ok(read) if read > 0 => assert!(reply[..read].starts_with(status.as_bytes()), "{filling}"),
            _ => assert!(filling > 1_000_000, "{wrote:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_slow_with_its_body_is_told_that_it_took_too_long() {
    let server = TestServer::with_limits(Limits { patience: Duration::from_millis(300), ..Limits::default() }).await;
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    slow.write_all(b"POST /v1/pull HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    let mut reply = vec![0; 2048];
    let read = tokio::time::timeout(Duration::from_secs(10), slow.read(&mut reply)).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&reply[..read]).into_owned();
    assert!(text.starts_with("HTTP/1.1 408") && text.contains(r#""code":"timeout""#), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_in_the_openapi_document() {
    let (_server, phone) = inspector().await;
    let document: Value = phone.ask("GET", "/openapi.json", Vec::new(), &[]).await.unwrap().read();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let page = include_str!("../../../server/src/routes.rs");
    let mut routes = 0;
    for (_, rest) in page.match_indices(".route(").map(|(at, found)| (found, &page[at + found.len()..])) {
        let (name, rest) = rest.split_once(',').unwrap();
        let path = match name {
            "paths::LEDGER" => paths::LEDGER,
            "paths::ENROL" => paths::ENROL,
            "paths::PUSH" => paths::PUSH,
            "paths::PULL" => paths::PULL,
            "paths::UPLOADS" => paths::UPLOADS,
            "paths::UPLOAD" => paths::UPLOAD,
            "paths::BLOB" => paths::BLOB,
            literal => literal.trim_matches('"'),
        };
        let method = rest.trim_start().split('(').next().unwrap();
        assert!(document["paths"][path][method].is_object(), "{method} {path} is not described");
        routes += 1;
    }
    assert_eq!(routes, document["paths"].as_object().unwrap().len());
    // Every schema that is named is there.
    let text = document.to_string();
    for (at, found) in text.match_indices("#/components/schemas/") {
        let name = text[at + found.len()..].split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not described");
    }
}
