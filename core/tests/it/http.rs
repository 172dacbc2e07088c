//! The HTTP client between a phone and whatever answers.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use xuncha_core::protocol::{MAX_REPLY_BYTES, PullReply, PullRequest, ServiceError, SyncService, Token};
use xuncha_core::sync::HttpService;

/// Answers one request with these bytes; gives the request.
async fn answered(reply: Vec<u8>, pull: PullRequest) -> (Result<PullReply, ServiceError>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !is_whole(&request) {
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).await.unwrap();
            assert_ne!(read, 0, "the request ends early");
            request.extend_from_slice(&bytes[..read]);
        }
        // The client may hang up in the middle of a reply that it does not like.
        drop(stream.write_all(&reply).await);
        request
    };
    let service = HttpService::new(&address).unwrap();
    tokio::join!(async { service.pull(&Token::new("secret".into()), pull).await }, server)
}

fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    request.len() >= head + 4 + length.trim().parse::<usize>().unwrap()
}

fn http(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut reply = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        reply.push_str(&format!("{name}: {value}\r\n"));
    }
    [reply.as_bytes(), b"\r\n", body].concat()
}

const JSON: (&str, &str) = ("content-type", "application/json");
const PROBLEM: (&str, &str) = ("content-type", "application/problem+json");

fn page() -> Vec<u8> {
    let page = r#"{"scopes":[],"rows":[],"cursor":[1,7],"more":false,"joined":[],"durable_size":0,"time":"2026-11-24T03:44:25.123Z"}"#;
    page.as_bytes().to_vec()
}

async fn reply_to(reply: Vec<u8>) -> Result<PullReply, ServiceError> {
    answered(reply, PullRequest::default()).await.0
}

async fn is_offline(reply: Vec<u8>) -> bool {
    matches!(reply_to(reply).await, Err(ServiceError::Offline { .. }))
}

#[tokio::test]
async fn a_reply_is_read_plain_and_packed() {
    assert_eq!(reply_to(http("200 OK", &[JSON], &page())).await.unwrap().cursor.size, 7);
    let packed = zstd::bulk::compress(&page(), 3).unwrap();
    let packed =
        http("200 OK", &[("content-type", "application/json; charset=utf-8"), ("content-encoding", "zstd")], &packed);
    assert_eq!(reply_to(packed).await.unwrap().cursor.size, 7);
}

#[tokio::test]
async fn requests_are_small_authorised_and_packed_when_large() {
    let (_, request) = answered(http("200 OK", &[JSON], &page()), PullRequest::default()).await;
    let text = String::from_utf8(request).unwrap();
    assert!(text.starts_with("POST /v1/pull HTTP/1.1\r\n"), "{text}");
    assert!(text.contains("authorization: Bearer secret\r\n") && text.contains("accept-encoding: zstd\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n{}") && text.len() < 300, "{text}");

    let op = xuncha_core::model::OpId(uuid::Uuid::nil());
    let large = PullRequest { open: vec![op; 100], ..PullRequest::default() };
    let (_, request) = answered(http("200 OK", &[JSON], &page()), large.clone()).await;
    let head = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert!(String::from_utf8_lossy(&request[..head]).contains("content-encoding: zstd\r\n"));
    let body = zstd::stream::decode_all(&request[head..]).unwrap();
    assert_eq!(serde_json::from_slice::<PullRequest>(&body).unwrap(), large);
}

#[tokio::test]
async fn what_a_captive_portal_says_is_not_a_reply() {
    let html = ("content-type", "text/html; charset=utf-8");
    assert!(is_offline(http("200 OK", &[html], b"<html>log in</html>")).await);
    assert!(is_offline(http("200 OK", &[], &page())).await, "no media type");
    assert!(is_offline(http("200 OK", &[JSON], b"<html>")).await, "not JSON");
    assert!(is_offline(http("200 OK", &[JSON], b"{}")).await, "not our JSON");
    assert!(is_offline(http("302 Found", &[("location", "http://127.0.0.1:1/")], b"")).await);
    assert!(is_offline(http("302 Found", &[("location", "/v1/pull"), JSON], &page())).await);
    assert!(is_offline(http("403 Forbidden", &[html], b"<html>no</html>")).await);
    assert!(is_offline(http("511 Network Authentication Required", &[html], b"")).await);
}

#[tokio::test]
async fn half_a_reply_is_no_reply() {
    let whole = http("200 OK", &[JSON], &page());
    for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
        assert!(is_offline(whole[..cut].to_vec()).await, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_refusal_is_a_problem_with_its_code() {
    let body = br#"{"status":401,"code":"bad_token","title":"the token is not valid"}"#;
    let Err(ServiceError::Problem(problem)) = reply_to(http("401 Unauthorized", &[PROBLEM], body)).await else {
        panic!()
    };
    assert_eq!((problem.status, problem.code.as_str()), (401, "bad_token"));
}

#[tokio::test]
async fn the_server_says_when_to_come_back_with_and_without_a_problem() {
    let wait = ("retry-after", "17");
    let body = br#"{"status":429,"code":"too_many","title":"too many requests"}"#;
    let problem = reply_to(http("429 Too Many Requests", &[PROBLEM, wait], body)).await;
    assert!(matches!(problem, Err(ServiceError::Problem(problem)) if problem.retry_after == Some(17)));
    let plain = reply_to(http("503 Service Unavailable", &[wait], b"")).await;
    let seconds = Duration::from_secs(17);
    assert!(matches!(plain, Err(ServiceError::Offline { retry_after: Some(wait), .. }) if wait == seconds));
}

#[tokio::test]
async fn a_zip_bomb_is_not_unpacked() {
    let bomb = zstd::bulk::compress(&vec![b' '; MAX_REPLY_BYTES * 8], 3).unwrap();
    assert!(bomb.len() < 100_000);
    assert!(is_offline(http("200 OK", &[JSON, ("content-encoding", "zstd")], &bomb)).await);
    assert!(is_offline(http("200 OK", &[JSON, ("content-encoding", "gzip")], &page())).await);
    assert!(is_offline(http("200 OK", &[JSON, ("content-encoding", "zstd")], b"not zstd")).await);
}

#[tokio::test]
async fn nobody_there_is_offline_and_nonsense_is_no_address() {
    let service = HttpService::new("http://127.0.0.1:1").unwrap();
    assert!(matches!(service.ledger().await, Err(ServiceError::Offline { .. })));
    for address in ["", "xuncha.example.cn", "ftp://x", "http://x/?a=b"] {
        assert!(HttpService::new(address).is_err(), "{address}");
    }
    assert!(HttpService::new("https://xuncha.example.cn/training/").is_ok());
}
