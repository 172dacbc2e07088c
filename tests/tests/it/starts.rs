//! Starts of a server that must not be, and what they leave: nothing.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use xuncha_tests::harness::{
    Outcome, Phone, Process, SeededRandom, TestServer, binary, http_client, photo, run, xuncha,
};

fn serve(data: &Path, more: &[&str]) -> Outcome {
    let mut command = Command::new(binary());
    command.args(["--json", "serve", "--zone", "Asia/Shanghai", "--data"]).arg(data).args(more);
    run(command)
}

fn failure(outcome: &Outcome) -> (i32, String, String) {
    let error = outcome.lines().remove(0)["error"].clone();
    let text = |field: &str| error[field].as_str().unwrap().to_owned();
    (outcome.code, text("code"), text("message"))
}

async fn name_at(url: &str) -> String {
    let info = http_client().get(format!("{url}/v1/ledger")).send().await.unwrap();
    let info: Value = serde_json::from_slice(&info.bytes().await.unwrap()).unwrap();
    info["name"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_without_a_name_is_refused_before_anything_of_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let (long, longest) = ("市".repeat(201), "市".repeat(200));
    for name in ["", "   ", "示范\n市", &long] {
        let (code, named, message) = failure(&serve(&data, &["--listen", "127.0.0.1:0", "--name", name]));
        assert_eq!((code, &*named), (1, "bad_field"), "{name}");
        assert!(message.starts_with("name: "), "{message}");
        assert!(!data.exists(), "no folder, no key, no ledger");
    }
    let mut command = Process::command(&data);
    command.args(["--name", &longest]);
    let server = Process::start(command);
    assert_eq!(name_at(&server.url).await, longest);
    assert_eq!(xuncha(["verify".as_ref(), "--data".as_ref(), data.as_os_str()]).value()["ok"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_cannot_listen_makes_no_ledger_so_the_next_may_call_it_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, named, _) = failure(&serve(&data, &["--listen", &address, "--name", "新城"]));
    assert_eq!((code, &*named, data.exists()), (1, "address_taken", false));
    let mut command = Process::command(&data);
    command.args(["--name", "老城"]);
    let server = Process::start(command);
    assert_eq!((&server.said["new"], &*name_at(&server.url).await), (&Value::Bool(true), "老城"));
    assert_eq!(server.stop(), 0);

    // From now on it has its name, and another is said to count for nothing.
    let mut command = Command::new(binary());
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--zone", "Europe/Berlin", "--name", "新城", "--data"])
        .arg(&data);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said: Vec<String> = lines.take(3).map(|line| line.unwrap()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(said[0].starts_with("listening on "), "{said:?}");
    assert_eq!(said[1], "--name 新城 counts only when a ledger is made: this one has 老城");
    assert_eq!(said[2], "--zone Europe/Berlin counts only when a ledger is made: this one has Asia/Shanghai");
}

#[test]
fn one_server_runs_on_a_folder_and_the_next_may_as_soon_as_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let first = Process::serve(&data);
    let address = || std::fs::read_to_string(data.join("address")).unwrap();
    assert_eq!(address(), first.url);
    let (code, named, message) = failure(&serve(&data, &["--listen", "127.0.0.1:0"]));
    assert_eq!((code, &*named), (1, "already_served"));
    assert!(message.starts_with("data: "), "{message}");
    assert_eq!(address(), first.url, "invitations still name the server that runs");
    // A killed server unlocks nothing itself.
    first.kill();
    let second = Process::serve(&data);
    assert_eq!((address(), second.stop()), (address(), 0));
    assert_eq!(Process::serve(&data).stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_with_photos_does_not_start_where_none_have_ever_been() {
    let mut server = TestServer::start().await;
    let phone = Phone::of(&server, "王敏", "inspector").await;
    phone.record_photos("占道堆物", &[&photo(&SeededRandom::new(), 10_000)]);
    assert!(phone.sync().await.files_sent > 0);
    server.stop().await;
    let wrong = server.data().join("wrong");
    let refused = |more: &[&str], place: &Path| {
        let (code, named, message) = failure(&serve(server.data(), &[&["--listen", "127.0.0.1:0"], more].concat()));
        assert_eq!((code, &*named), (1, "no_blobs"), "{message}");
        assert!(message.contains(place.to_str().unwrap()) && message.contains("--blobs"), "{message}");
        assert!(!place.exists(), "a wrong place stays as it is");
    };
    refused(&["--blobs", wrong.to_str().unwrap()], &wrong);
    let files = server.data().join("blobs");
    if files.exists() {
        std::fs::rename(&files, server.data().join("elsewhere")).unwrap();
        refused(&[], &files);
        // Lost for good, and somebody says so.
        std::fs::create_dir(&files).unwrap();
    }
    let again = Process::serve(server.data());
    assert_eq!(again.stop(), 0);
}
