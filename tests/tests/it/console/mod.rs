//! The web console in a real browser, against a real server with real phones and, where they are, real photos: the
//! journeys of `tests/console`, each of which asks for what happens meanwhile in the world outside the page.

mod scene;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use xuncha_tests::harness::{binary, lacking};

use scene::Scene;

/// Where the journeys are, installed; none, said aloud, where they are not.
fn journeys() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
    if !folder.join("node_modules/playwright-core/package.json").is_file() {
        lacking("no playwright-core in tests/console; tests/all installs it with npm ci");
        return None;
    }
    let chromium = std::env::var_os("CHROMIUM").map_or("/usr/bin/chromium".into(), PathBuf::from);
    if !chromium.exists() {
        lacking("no Chromium; tests/all installs Debian's");
        return None;
    }
    Some(folder)
}

/// A journey under way.
struct Journey {
    child: Child,
    answers: ChildStdin,
    asked: UnboundedReceiver<Value>,
}

impl Journey {
    fn begin(folder: &Path, name: &str, scene: &Value) -> Journey {
        let mut command = Command::new("node");
        command.arg(folder.join(format!("{name}.mjs"))).arg(scene.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (answers, said) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (tell, asked) = unbounded_channel();
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                drop(tell.send(serde_json::from_str(&line).unwrap_or(Value::String(line))));
            }
        });
        Journey { child, answers, asked }
    }
}

/// A journey that is broken off leaves no browser behind.
impl Drop for Journey {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Walks a journey to its end, which must be a happy one, and then checks the whole ledger.
async fn walk(name: &str) {
    let Some(folder) = journeys() else { return };
    let mut scene = Scene::new().await;
    let shots = binary().parent().and_then(Path::parent).unwrap().join("console").join(name);
    let mut told = scene.told();
    told["shots"] = json!(shots);
    let mut journey = Journey::begin(&folder, name, &told);
    while let Some(asked) = journey.asked.recv().await {
        let Some(what) = asked["please"].as_str() else { panic!("{name} said {asked}") };
        let answer = scene.please(what, &asked).await;
        writeln!(journey.answers, "{answer}").unwrap();
    }
    let ended = journey.child.wait().unwrap();
    assert!(ended.success(), "{name} failed; pictures are in {}", shots.display());
    scene.server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_works_the_queue_from_the_keyboard() {
    walk("review").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_finds_and_composes_a_notice() {
    walk("supervise").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_answers_the_paper_on_a_phone() {
    walk("unit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_is_heard_by_two_and_the_notice_withdrawn() {
    walk("hearing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_lets_people_and_phones_in() {
    walk("admin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_on_one_finding_are_not_both_right() {
    walk("two").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_typed_is_lost_when_the_session_ends_or_the_server_restarts() {
    walk("interrupted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn script_and_right_to_left_text_are_shown_as_they_were_typed() {
    walk("hostile").await;
}
