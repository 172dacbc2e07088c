//! Files over HTTP: what the client says, and what it believes.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use xuncha_core::model::{BlobRef, Hash};
use xuncha_core::protocol::{Content, ServiceError, SyncService, Token, Upload, UploadId};
use xuncha_core::sync::HttpService;

struct Bytes(Vec<u8>);

impl Content for Bytes {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        // Never as much as was asked for.
        let rest = &self.0[usize::try_from(offset).unwrap()..];
        let read = rest.len().min(buffer.len()).min(70_000);
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }
}

/// A content that ends before its length.
struct Short;

impl Content for Short {
    fn len(&self) -> u64 {
        1_000_000
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(if offset < 300_000 { buffer.len().min(1000) } else { 0 })
    }
}

fn token() -> Token {
    Token::new("secret".into())
}

fn bytes() -> Vec<u8> {
    (0..700_000_u32).map(|number| (number % 251) as u8).collect()
}

fn blob() -> BlobRef {
    let bytes = bytes();
    BlobRef {
        hash: Hash::of(&bytes),
        len: bytes.len() as u64,
        media_type: "image/jpeg".into(),
        role: "original".into(),
    }
}

fn reply(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut reply = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        reply.push_str(header);
        reply.push_str("\r\n");
    }
    [reply.as_bytes(), b"\r\n", body].concat()
}

/// Does `ask` with a server that answers one request with `reply`; gives head and body of the request.
async fn answered<T>(reply: Vec<u8>, ask: impl AsyncFnOnce(HttpService) -> T) -> (T, String, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = HttpService::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        let (head, len) = loop {
            let mut piece = [0; 65536];
            let read = stream.read(&mut piece).await.unwrap_or(0);
            request.extend_from_slice(&piece[..read]);
            if read == 0 {
                break (String::new(), 0);
            }
            if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
                let len = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
                let len: usize = len.parse().unwrap();
                if request.len() >= end + 4 + len {
                    break (String::from_utf8_lossy(&request[..end]).into_owned(), end + 4);
                }
            }
        };
        drop(stream.write_all(&reply).await);
        (head, request.split_off(len))
    };
    let (outcome, (head, body)) = tokio::join!(ask(service), server);
    (outcome, head, body)
}

const TUS: &str = "tus-resumable: 1.0.0";

async fn begun(reply: Vec<u8>) -> Result<Upload, ServiceError> {
    answered(reply, async |service| service.begin_upload(&token(), &blob(), None).await).await.0
}

async fn gone_on(reply: Vec<u8>) -> Result<u64, ServiceError> {
    let content = Arc::new(Bytes(bytes()));
    let ask =
        async |service: HttpService| service.continue_upload(&token(), &UploadId("u1".into()), 699_000, content).await;
    answered(reply, ask).await.0
}

async fn fetched(reply: Vec<u8>) -> Result<Vec<u8>, ServiceError> {
    let hash = Hash::of(b"x");
    answered(reply, async |service| service.fetch_blob(&token(), &hash, 1000).await).await.0
}

fn offline<T>(outcome: &Result<T, ServiceError>) -> bool {
    matches!(outcome, Err(ServiceError::Offline { .. }))
}

#[tokio::test]
async fn an_upload_is_one_request_with_a_length_and_all_bytes() {
    let created = reply("201 Created", &[TUS, "location: https://x.cn/v1/uploads/aB-9_", "upload-offset: 700000"], b"");
    let content = Arc::new(Bytes(bytes()));
    let ask = async |service: HttpService| service.begin_upload(&token(), &blob(), Some(content)).await;
    let (upload, head, body) = answered(created, ask).await;
    assert_eq!(upload.unwrap(), Upload { id: UploadId("aB-9_".into()), offset: 700_000 });
    assert_eq!(body, bytes());
    let hash = STANDARD.encode(blob().hash.to_string());
    for line in [
        "POST /v1/uploads HTTP/1.1",
        "authorization: Bearer secret",
        "tus-resumable: 1.0.0",
        "upload-length: 700000",
        "content-length: 700000",
        "content-type: application/offset+octet-stream",
        &format!("upload-metadata: sha256 {hash},type aW1hZ2UvanBlZw=="),
    ] {
        assert!(head.lines().any(|said| said == line), "{line}\n{head}");
    }
    assert!(!head.contains("transfer-encoding"), "{head}");
}

#[tokio::test]
async fn going_on_sends_the_rest() {
    let done = reply("204 No Content", &[TUS, "upload-offset: 700000"], b"");
    let content = Arc::new(Bytes(bytes()));
    let ask =
        async |service: HttpService| service.continue_upload(&token(), &UploadId("u1".into()), 300_000, content).await;
    let (offset, head, body) = answered(done, ask).await;
    assert_eq!(offset.unwrap(), 700_000);
    assert_eq!(body, bytes()[300_000..]);
    assert!(head.starts_with("PATCH /v1/uploads/u1 HTTP/1.1") && head.contains("upload-offset: 300000"), "{head}");

    let service = HttpService::new("http://127.0.0.1:1").unwrap();
    let odd = UploadId("../../pull".into());
    assert!(offline(&service.continue_upload(&token(), &odd, 0, Arc::new(Bytes(bytes()))).await));
}

#[tokio::test]
async fn asking_where_an_upload_stands_sends_no_byte() {
    let stands = reply("201 Created", &[TUS, "location: /v1/uploads/u1", "upload-offset: 4096"], b"");
    let (upload, head, body) =
        answered(stands, async |service| service.begin_upload(&token(), &blob(), None).await).await;
    assert_eq!(upload.unwrap().offset, 4096);
    assert!(body.is_empty() && head.contains("content-length: 0"), "{head}");
}

#[tokio::test]
async fn only_a_tus_reply_is_a_reply() {
    let (place, offset) = ("location: /v1/uploads/u1", "upload-offset: 0");
    assert!(begun(reply("201 Created", &[TUS, place, offset], b"")).await.is_ok());
    let html = "content-type: text/html";
    assert!(offline(&begun(reply("200 OK", &[html], b"<html>log in</html>")).await));
    assert!(offline(&begun(reply("201 Created", &[place, offset], b"")).await), "speaks no tus");
    assert!(offline(&begun(reply("201 Created", &[TUS, offset], b"")).await), "no place");
    assert!(offline(&begun(reply("201 Created", &[TUS, place], b"")).await), "no offset");
    assert!(offline(&begun(reply("201 Created", &[TUS, place, "upload-offset: 700001"], b"")).await));
    assert!(offline(&begun(reply("201 Created", &[TUS, "location: /v1/uploads/", offset], b"")).await));
    assert!(offline(&begun(reply("201 Created", &[TUS, "location: /v1/a%2fb", offset], b"")).await));
    assert!(offline(&begun(reply("302 Found", &[TUS, place, offset], b"")).await));
    assert!(offline(&gone_on(reply("200 OK", &[TUS, "upload-offset: 700000"], b"")).await), "a 200 is no 204");
    assert!(offline(&gone_on(reply("204 No Content", &["upload-offset: 700000"], b"")).await));
    assert!(offline(&gone_on(b"HTTP/1.1 204 No".to_vec()).await));
    let problem = br#"{"status":409,"code":"offset_mismatch","title":"the upload stands elsewhere"}"#;
    let said = gone_on(reply("409 Conflict", &[TUS, "content-type: application/problem+json"], problem)).await;
    assert!(matches!(said, Err(ServiceError::Problem(problem)) if problem.code.as_str() == "offset_mismatch"));
}

#[tokio::test]
async fn a_file_that_ends_too_soon_is_not_sent_as_if_it_were_whole() {
    let done = reply("201 Created", &[TUS, "location: /v1/uploads/u1", "upload-offset: 700000"], b"");
    let ask = async |service: HttpService| service.begin_upload(&token(), &blob(), Some(Arc::new(Short))).await;
    let (outcome, _, sent) = answered(done, ask).await;
    assert!(offline(&outcome), "{outcome:?}");
    assert!(sent.len() < 1_000_000);
}

#[tokio::test]
async fn a_fetched_file_is_bounded_and_a_page_is_no_file() {
    let image = "content-type: image/jpeg";
    assert_eq!(fetched(reply("200 OK", &[image], b"bytes")).await.unwrap(), b"bytes");
    assert!(offline(&fetched(reply("200 OK", &[image], &[1; 1001])).await));
    let endless = [b"HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\n\r\n".as_slice(), &[1; 5000]].concat();
    assert!(offline(&fetched(endless).await));
    assert!(offline(&fetched(reply("200 OK", &["content-type: text/html"], b"<html>")).await));
    assert!(offline(&fetched(reply("200 OK", &[image, "content-encoding: gzip"], b"zz")).await));
    assert!(offline(&fetched(reply("200 OK", &[image], b"bytes")[..60].to_vec()).await), "half a file");
    let problem = br#"{"status":404,"code":"not_found","title":"nothing"}"#;
    let said = fetched(reply("404 Not Found", &["content-type: application/problem+json"], problem)).await;
    assert!(matches!(said, Err(ServiceError::Problem(problem)) if problem.status == 404));
}
