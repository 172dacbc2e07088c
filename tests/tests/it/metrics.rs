//! What a monitor is told, and that the documents name exactly that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;
use xuncha_core::model::Hash;
use xuncha_core::protocol::{PullRequest, Verdict};
use xuncha_server::backup::take;
use xuncha_server::settings::{Map, Settings, Shift};
use xuncha_tests::harness::{RawPhone, TestServer, http_client, photo, put_bytes, until, xuncha};

/// Values by the text before them, such as `xuncha_ready{part="files"}`.
struct Told {
    text: String,
    values: BTreeMap<String, f64>,
}

impl Told {
    async fn by(server: &TestServer) -> Told {
        let answer = http_client().get(format!("{}/metrics", server.monitor())).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let text = answer.text().await.unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let value = |line: &str| line.rsplit_once(' ').map(|(name, value)| (name.to_owned(), value.parse().unwrap()));
        let values = lines.map(|line| value(line).unwrap_or_else(|| panic!("{line}"))).collect();
        Told { text, values }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    fn count(&self, name: &str) -> u64 {
        *self.values.get(name).unwrap_or_else(|| panic!("no {name} in\n{}", self.text)) as u64
    }

    fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Every name with its kind.
    fn kinds(&self) -> BTreeSet<(String, String)> {
        let kinds = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        kinds.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn backup(server: &TestServer, target: &Path) {
    take(server.data(), target, false, &server.host(), &mut |_| {}).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_in_the_documents_names_exactly_what_is_told() {
    let mut server = TestServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    server.guard = Some(folder.path().join("guard"));
    server.restart().await;
    backup(&server, &folder.path().join("backup"));
    let told = Told::by(&server).await;
    let document = read("server/README.md");
    let section = |name: &str| document.split(&format!("### {name}\n")).nth(1).unwrap().split("\n##").next().unwrap();
    let table = section("What monitors are told");
    let rows = table.lines().filter(|line| line.starts_with("| `xuncha_"));
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    let written = rows.map(cells).map(|cells| (cells[1].clone(), cells[2].clone())).collect();
    assert_eq!(told.kinds(), written);
    for (name, kind) in &written {
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        assert!(told.text.contains(&format!("# HELP {name} ")), "{name}");
        assert_eq!(table.matches(&format!("| `{name}` |")).count(), 1, "{name}");
    }
    // Whatever an alert looks at is there.
    let watched = section("What to watch");
    let named = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_owned).collect();
    let words: BTreeSet<String> = named(watched);
    for word in words.iter().filter(|word| word.starts_with("xuncha_")) {
        let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|ending| word.strip_suffix(ending));
        let known = |name: &str| written.iter().any(|(known, _)| known == name);
        assert!(known(word) || histogram.is_some_and(known), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_phones_do_is_counted_where_it_happens() {
    let server = TestServer::start().await;
    let other = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let before = Told::by(&server).await;
    let bytes = photo(&server.random, 300_000);
    let (finding, text) = phone.record_with(&[Hash::of(&bytes)]);
    phone.settle(&text).await;
    phone.push_one(&text).await;
    let bad = phone.about("finding.amend", finding, None, &json!({ "note": 7 }));
    assert!(matches!(phone.push_one(&bad).await, Verdict::Refused { .. }));
    phone.pull(&PullRequest::default()).await;
    let stranger = RawPhone::blank(&server.url(), phone.ledger, server.host());
    assert_eq!(stranger.try_pull(&PullRequest::default()).await.status, 401);
    assert_eq!(phone.send_file(&bytes).await.status, 201);
    let is_kept = || server.office.store.look(|snapshot| snapshot.blob(&Hash::of(&bytes))).unwrap().unwrap().kept;
    until(|| is_kept().is_some()).await;
    assert_eq!(phone.fetch(&Hash::of(&bytes), &[("range", "bytes=0-99999")]).await.body.len(), 100_000);
    phone.begin(&photo(&server.random, 5_000)).await;

    let told = Told::by(&server).await;
    let more = |name: &str| told.count(name) - before.count(name);
    assert_eq!(more("xuncha_push_duration_seconds_count{outcome=\"done\"}"), 3);
    assert_eq!(more("xuncha_pull_duration_seconds_count{outcome=\"done\"}"), 1);
    assert_eq!(more("xuncha_pull_duration_seconds_count{outcome=\"refused\"}"), 1);
    assert_eq!(more("xuncha_requests_total{status=\"4xx\"}"), 1);
    assert_eq!(more("xuncha_requests_total{status=\"2xx\"}"), 7);
    // The finding, and that its photo is kept.
    assert_eq!(more("xuncha_ops_judged_total{verdict=\"accepted\"}"), 2);
    assert_eq!(more("xuncha_ops_judged_total{verdict=\"duplicate\"}"), 1);
    assert_eq!(more("xuncha_ops_judged_total{verdict=\"refused\"}"), 1);
    assert!((2..=4).contains(&more("xuncha_batch_ops_count")));
    assert_eq!(more("xuncha_batch_ops_sum"), 4);
    assert_eq!(more("xuncha_blob_received_bytes_total"), 300_000);
    assert_eq!(more("xuncha_blob_sent_bytes_total"), 100_000);
    assert_eq!((told.count("xuncha_uploads_open"), told.count("xuncha_queue_ops")), (1, 0));
    assert_eq!(told.count("xuncha_ledger_entries"), server.office.size());
    assert_eq!(told.count("xuncha_ledger_epoch"), 1);
    assert!(told.count("xuncha_disk_free_bytes") > 0);
    assert_eq!(told.count("xuncha_disk_reserve_bytes"), 256 << 20);
    for part in ["process", "database", "ledger", "files"] {
        assert_eq!(told.count(&format!("xuncha_ready{{part=\"{part}\"}}")), 1);
    }
    assert!(told.text.contains(&format!("xuncha_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))));
    // Another server in the same process counts for itself.
    let quiet = Told::by(&other).await;
    assert_eq!(quiet.count("xuncha_requests_total{status=\"2xx\"}"), 0);
    assert_eq!(quiet.count("xuncha_blob_received_bytes_total"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_and_how_old_the_backup_is_can_be_seen() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let told = Told::by(&server).await;
    let entries = server.office.size();
    assert_eq!(told.count("xuncha_ledger_durable_lag_entries"), entries);
    assert!(!told.knows("xuncha_backup_last_timestamp_seconds"), "nobody knows of a backup");
    assert!(!told.knows("xuncha_guard_failing"), "there is no guard");
    let target = tempfile::tempdir().unwrap();
    backup(&server, target.path());
    let taken = server.clock.now().millis() / 1000;
    server.clock.pass(60_000);
    let (_, text) = phone.record("备份之后");
    phone.settle(&text).await;
    let told = Told::by(&server).await;
    assert_eq!(told.count("xuncha_ledger_durable_entries"), entries);
    assert_eq!(told.count("xuncha_ledger_durable_lag_entries"), 1);
    assert_eq!(i64::try_from(told.count("xuncha_backup_last_timestamp_seconds")).unwrap(), taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn monitors_and_phones_are_kept_apart() {
    let server = TestServer::start().await;
    let ask = async |root: &str, path: &str| http_client().get(format!("{root}{path}")).send().await.unwrap();
    for path in ["/metrics", "/live", "/ready"] {
        assert_eq!(ask(&server.url(), path).await.status(), 404, "{path}");
        assert_eq!(ask(&server.monitor(), path).await.status(), 200, "{path}");
    }
    let away = ask(&server.monitor(), "/v1/ledger").await;
    assert_eq!(
        (away.status().as_u16(), &away.headers()["content-type"]),
        (404, &"application/problem+json".parse().unwrap())
    );
    let wrong = http_client().post(format!("{}/metrics", server.monitor())).send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    let live = ask(&server.monitor(), "/live").await.text().await.unwrap();
    assert_eq!(live, r#"{"live":true}"#);
}

#[test]
fn an_address_that_cannot_be_had_is_said_with_the_setting_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let serve = |more: &[&str]| xuncha([&["serve", "--data", &data, "--zone", "Asia/Shanghai"], more].concat());
    for (field, flags) in [
        ("metrics", ["--listen", "127.0.0.1:0", "--metrics", &taken]),
        ("listen", ["--metrics", "127.0.0.1:0", "--listen", &taken]),
    ] {
        let outcome = serve(&flags);
        let error = &outcome.lines()[0]["error"];
        assert_eq!((outcome.code, &error["code"]), (1, &json!("address_taken")), "{outcome:?}");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{field}: ")) && message.contains(&taken), "{message}");
    }
    assert_eq!(serve(&["--metrics", "9464"]).code, 2, "an address has a host and a port");
    // Starts that cannot listen have made nothing.
    std::fs::create_dir(&data).unwrap();
    put_bytes(folder.path().join("data").join("xuncha.toml"), "metrics = \"9464\"\n");
    let outcome = serve(&["--listen", "127.0.0.1:0"]);
    let error = &outcome.lines()[0]["error"];
    assert_eq!((outcome.code, &error["code"]), (1, &json!("bad_settings")), "{outcome:?}");
    assert!(error["message"].as_str().unwrap().contains("metrics = \"9464\""), "{error}");
}

#[test]
fn the_example_of_settings_says_nothing_until_it_is_changed_and_names_every_setting() {
    let example = read("server/deploy/xuncha.toml");
    let folder = tempfile::tempdir().unwrap();
    let settings = |text: &str| {
        put_bytes(folder.path().join("xuncha.toml"), text);
        Settings::of(folder.path()).unwrap()
    };
    assert_eq!(settings(&example), Settings::default());
    let is_setting =
        |line: &str| line == "[map]" || line.split_once(" = ").is_some_and(|(name, _)| !name.contains(' '));
    let shown: Vec<&str> =
        example.lines().filter_map(|line| line.strip_prefix('#')).filter(|line| is_setting(line)).collect();
    let Settings { database, blobs, guard, metrics, tls_certificate, tls_key, font, map } = settings(&shown.join("\n"));
    assert!(database.is_some() && blobs.is_some() && guard.is_some() && metrics.is_some());
    assert!(tls_certificate.is_some() && tls_key.is_some() && font.is_some());
    let Map { style, tiles, attribution, shift } = map;
    assert!(style.is_some() && tiles.is_some() && attribution.is_some() && shift == Shift::Gcj02);
}
