//! TLS from the certificate to the photo: a whole phone over it, renewals, stops, and files that are no good.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use xuncha_core::model::Hash;
use xuncha_core::protocol::PullRequest;
use xuncha_core::sync::{HttpService, SyncOptions};
use xuncha_server::tls::TlsFiles;
use xuncha_tests::harness::{Line, Phone, Process, RawPhone, TestServer, http_client, photo, put_bytes, until, xuncha};

/// A certificate of this machine's own, with its key, in PEM.
struct Certificate {
    certificate: String,
    key: String,
}

impl Certificate {
    fn new() -> Certificate {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        Certificate { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    fn put(&self, files: &TlsFiles) {
        replace(&files.certificate, &self.certificate);
        replace(&files.key, &self.key);
    }

    /// A client that trusts this one and no other.
    fn client(&self) -> reqwest::Client {
        drop(http_client());
        let certificate = reqwest::Certificate::from_pem(self.certificate.as_bytes()).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only([certificate]).build().unwrap()
    }

    /// A bare connection, greeted.
    async fn connect(&self, server: &TestServer) -> TlsStream<TcpStream> {
        drop(http_client());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(server.address()).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await.unwrap()
    }
}

/// In one step, as a renewal does it.
fn replace(path: &Path, text: &str) {
    let half = path.with_extension("half");
    put_bytes(&half, text);
    std::fs::rename(half, path).unwrap();
}

fn files(folder: &TempDir) -> TlsFiles {
    let path = |name: &str| folder.path().join(name);
    TlsFiles { certificate: path("certificate.pem"), key: path("key.pem"), look: Duration::from_millis(10) }
}

/// A server with TLS and its certificate.
async fn secured() -> (TestServer, Certificate, TempDir) {
    let (mut server, own, folder) = (TestServer::start().await, Certificate::new(), TempDir::new().unwrap());
    own.put(&files(&folder));
    server.tls = Some(files(&folder));
    server.restart().await;
    (server, own, folder)
}

async fn raw_phone(server: &TestServer, own: &Certificate) -> RawPhone {
    let code = server.office.invite(server.office.user("王芳", &["inspector"], &[]));
    let mut phone = RawPhone::blank(&server.url(), server.office.ledger, server.host());
    phone.go_by(own.client());
    let reply = phone.enrol(&code).await;
    phone.signed_in(reply.read());
    phone
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_enrols_pushes_pulls_and_sends_photos_over_tls() {
    let (server, own, _folder) = secured().await;
    assert!(server.url().starts_with("https://"));
    let service = HttpService::over(&server.url(), Arc::new(own.client())).unwrap();
    let options = SyncOptions { attempts: 1, ..SyncOptions::default() };
    let mut phones = Vec::new();
    for name in ["王敏", "李强"] {
        let phone = Phone::new(&server, &server.url());
        let code = server.office.invite(server.office.user(name, &["inspector"], &[]));
        phone.notebook.enrol(&service, &code).await.unwrap();
        phones.push(phone);
    }
    let photos = [photo(&server.random, 1_500_000), photo(&server.random, 1_000)];
    let finding = phones[0].record_photos("加密的", &[&photos[0], &photos[1]]);
    let synced = phones[0].notebook.sync_with(&service, &(), &options).await.unwrap();
    assert_eq!((synced.accepted, synced.files_sent), (1, 2));
    until(|| photos.iter().all(|photo| is_kept(&server, &Hash::of(photo)))).await;
    for phone in &phones {
        phone.notebook.sync_with(&service, &(), &options).await.unwrap();
        assert_eq!((phone.note(finding), phone.originals(finding)), ("加密的".to_owned(), 2));
        phone.check();
    }
    let mut hand = raw_phone(&server, &own).await;
    let bytes = photo(&server.random, 3_000_000);
    let (_, text) = hand.record_with(&[Hash::of(&bytes)]);
    hand.settle(&text).await;
    let upload = hand.begin(&bytes).await;
    assert_eq!(hand.patch(&upload, 0, &bytes[..1_000_000]).await.offset(), 1_000_000);
    assert_eq!(hand.patch(&upload, 1_000_000, &bytes[1_000_000..]).await.offset(), bytes.len());
    until(|| is_kept(&server, &Hash::of(&bytes))).await;
    assert_eq!(hand.fetch(&Hash::of(&bytes), &[]).await.body, bytes);
    assert!(hand.pull(&PullRequest::default()).await.rows.len() > 3);
    server.check_all();
}

fn is_kept(server: &TestServer, hash: &Hash) -> bool {
    server.office.store.look(|snapshot| snapshot.blob(hash)).unwrap().is_some_and(|row| row.kept.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_speak_tls_gets_no_reply() {
    let (server, own, _folder) = secured().await;
    let mut plain = TcpStream::connect(server.address()).await.unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let said = Line(plain).read().await;
    assert!(!said.contains("HTTP") && !said.contains("ok"), "{said:?}");
    // Nor does one who trusts somebody else show anything of a request.
    assert!(Certificate::new().client().get(format!("{}/healthz", server.url())).send().await.is_err());
    let answer = own.client().get(format!("{}/healthz", server.url())).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
    // Monitors stay where they are.
    assert_eq!(http_client().get(format!("{}/ready", server.monitor())).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_slow_with_its_greeting_is_let_go() {
    let (server, _own, _folder) = secured().await;
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    // The head of a record that never comes.
    slow.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00]).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(25), slow.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "still open after 25 seconds");
}

async fn loads(server: &TestServer, outcome: &str) -> u64 {
    let text = http_client().get(format!("{}/metrics", server.monitor())).send().await.unwrap().text().await.unwrap();
    let line = format!("xuncha_tls_loads_total{{outcome=\"{outcome}\"}} ");
    text.lines().find_map(|told| told.strip_prefix(&line)).unwrap().parse().unwrap()
}

async fn until_loads(server: &TestServer, outcome: &str, count: u64) {
    let reached = async {
        while loads(server, outcome).await != count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached).await.expect("the files are looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_taken_up_without_a_restart_and_half_a_renewal_is_not() {
    let (server, old, folder) = secured().await;
    let (files, url) = (files(&folder), format!("{}/healthz", server.url()));
    let mut open = old.connect(&server).await;
    assert_eq!(loads(&server, "done").await, 1);
    let new = Certificate::new();
    replace(&files.certificate, &new.certificate);
    until_loads(&server, "failed", 1).await;
    assert_eq!(old.client().get(&url).send().await.unwrap().status(), 200);
    replace(&files.key, &new.key);
    until_loads(&server, "done", 2).await;
    assert_eq!(new.client().get(&url).send().await.unwrap().status(), 200);
    assert!(old.client().get(&url).send().await.is_err(), "the old one is shown to nobody new");
    // Who was there already goes on.
    open.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut said = String::new();
    open.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("ok\n"), "{said}");
    // Both gone: what was read last stays in use.
    std::fs::remove_file(&files.certificate).unwrap();
    until_loads(&server, "failed", 2).await;
    assert_eq!(new.client().get(&url).send().await.unwrap().status(), 200);
    assert_eq!(loads(&server, "done").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_nobody_who_only_holds_a_connection_and_keeps_what_came() {
    let (mut server, own, _folder) = secured().await;
    let phone = raw_phone(&server, &own).await;
    let bytes = photo(&server.random, 2_000_000);
    let upload = phone.begin(&bytes).await;
    let silent = TcpStream::connect(server.address()).await.unwrap();
    let mut idle = own.connect(&server).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 16]).await.unwrap() > 0);
    let mut sending = own.connect(&server).await;
    sending.write_all(&Line::head(&phone, &upload, 0, bytes.len())).await.unwrap();
    sending.write_all(&bytes[..500_000]).await.unwrap();
    sending.flush().await.unwrap();
    let row = |server: &TestServer| {
        let id = upload.rsplit('/').next().unwrap();
        server.office.store.look(|snapshot| snapshot.upload(id)).unwrap().unwrap()
    };
    until(|| row(&server).offset > 0).await;
    // Well within the ten seconds after which connections are cut.
    let stopped = tokio::time::timeout(Duration::from_secs(8), server.stop()).await;
    assert!(stopped.is_ok(), "still running");
    let mut said = Vec::new();
    sending.read_to_end(&mut said).await.unwrap();
    assert!(String::from_utf8_lossy(&said).contains("503"), "a reply and an orderly end");
    idle.read_to_end(&mut said).await.unwrap();
    drop(silent);
    assert_eq!(row(&server).offset, 500_000);
    server.check_all();
}

struct Given {
    folder: TempDir,
}

impl Given {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn put(&self, name: &str, text: &str) -> String {
        put_bytes(self.path(name), text);
        self.path(name)
    }

    /// Code and message of a start that fails.
    fn refused(&self, flags: &[&str]) -> (String, String) {
        let data = self.path("data");
        let always = ["serve", "--data", &data, "--listen", "127.0.0.1:0", "--zone", "Asia/Shanghai"];
        let outcome = xuncha([&always, flags].concat());
        assert_eq!(outcome.code, 1, "{outcome:?}");
        let text = |name: &str| outcome.lines()[0]["error"][name].as_str().unwrap().to_owned();
        (text("code"), text("message"))
    }
}

#[test]
fn files_that_are_no_good_are_said_at_the_start_and_leave_nothing_behind() {
    let given = Given { folder: TempDir::new().unwrap() };
    let own = Certificate::new();
    let (certificate, key) = (given.put("c.pem", &own.certificate), given.put("k.pem", &own.key));
    let (other, empty) = (given.put("other.pem", &Certificate::new().key), given.put("empty.pem", "nothing here\n"));
    let away = given.path("away.pem");
    let torn = given.put("torn.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    let nonsense = given.put("nonsense.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let folder = given.path("");
    for (certificate, key, code, field) in [
        (&away, &key, "tls_file_missing", "tls_certificate"),
        (&certificate, &away, "tls_file_missing", "tls_key"),
        (&empty, &key, "tls_no_certificate", "tls_certificate"),
        (&key, &key, "tls_no_certificate", "tls_certificate"),
        (&certificate, &empty, "tls_no_key", "tls_key"),
        (&certificate, &certificate, "tls_no_key", "tls_key"),
        (&certificate, &other, "tls_wrong_key", "tls_key"),
        (&torn, &key, "tls_file_damaged", "tls_certificate"),
        (&nonsense, &key, "tls_file_damaged", "tls_certificate"),
        (&folder, &key, "io", "tls_certificate"),
    ] {
        let (told, message) = given.refused(&["--tls-certificate", certificate, "--tls-key", key]);
        assert_eq!(told, code, "{message}");
        assert!(message.starts_with(&format!("{field}: /")), "{message}");
    }
    let (code, message) = given.refused(&["--tls-certificate", &certificate]);
    assert_eq!((&*code, message.split(':').next()), ("tls_incomplete", Some("tls_key")), "{message}");
    let (code, message) = given.refused(&["--tls-key", &key]);
    assert_eq!((&*code, message.split(':').next()), ("tls_incomplete", Some("tls_certificate")), "{message}");
    assert!(!PathBuf::from(given.path("data")).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_and_invitations_say_https() {
    let given = Given { folder: TempDir::new().unwrap() };
    let own = Certificate::new();
    let settings = format!(
        "tls_certificate = \"{}\"\ntls_key = \"{}\"\n",
        given.put("c.pem", &own.certificate),
        given.put("k.pem", &own.key)
    );
    let data = given.folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    xuncha_tests::harness::place(&data);
    let path = data.join(xuncha_server::settings::FILE);
    let placed = std::fs::read_to_string(&path).unwrap_or_default();
    put_bytes(path, format!("{placed}{settings}"));
    let server = Process::serve(&data);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let info = own.client().get(format!("{}/v1/ledger", server.url)).send().await.unwrap();
    assert_eq!(info.status(), 200);
    let data = data.display().to_string();
    assert_eq!(xuncha(["admin", "--data", &data, "user", "add", "--name", "王敏", "--role", "inspector"]).code, 0);
    let invited = xuncha(["admin", "--data", &data, "device", "invite", "--user", "王敏"]).value();
    assert!(invited["url"].as_str().unwrap().starts_with(&format!("{}/enrol#", server.url)), "{invited}");
    assert_eq!(server.stop(), 0);
}
