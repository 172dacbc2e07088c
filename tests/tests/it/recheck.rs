//! A stranger's script checks an exported ledger, and finds whatever was changed in it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use xuncha_tests::harness::{Phone, TestServer, binary, python};

/// Runs the script; none when this machine has no Python with `cryptography`.
fn recheck(export: &str) -> Option<(bool, Value)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/recheck/recheck.py");
    let mut child = python("cryptography")?.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(export.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let summary = serde_json::from_slice(&output.stdout).unwrap();
    Some((output.status.success(), summary))
}

async fn exported() -> String {
    let server = TestServer::start().await;
    let (a, b) = (Phone::of(&server, "王敏", "inspector").await, Phone::of(&server, "李强", "inspector").await);
    let finding = a.record("占道经营");
    for number in 0..20 {
        b.record(&format!("第{number}处"));
    }
    for phone in [&a, &b] {
        phone.sync().await;
    }
    b.notebook.void(finding, "不是我的").unwrap();
    b.sync().await;
    let output = Command::new(binary()).args(["export", "ledger", "--data"]).arg(server.data()).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_strangers_script_confirms_an_export_and_names_what_was_changed() {
    let export = exported().await;
    let Some((fits, summary)) = recheck(&export) else { return };
    assert!(fits, "{summary}");
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let entries = lines.iter().filter(|line| line["type"] == "entry").count();
    assert_eq!(summary["entries"], entries);

    let victim = lines.iter().find(|line| line["type"] == "entry" && line["op"].as_str().unwrap().contains("第7处"));
    let index = victim.unwrap()["index"].clone();
    let refused = (r#"\"verdict\":\"refused\""#, r#"\"verdict\":\"refusef\""#, None);
    for (from, to, named) in [("第7处", "第8处", Some(&index)), refused] {
        let (fits, summary) = recheck(&export.replacen(from, to, 1)).unwrap();
        assert!(!fits, "{from}");
        let found: Vec<_> = summary["problems"].as_array().unwrap().iter().map(|problem| &problem["index"]).collect();
        assert!(named.is_none_or(|index| found.contains(&index)), "{from}: {summary}");
        assert!(found.iter().any(|index| index.is_u64()), "{from}: {summary}");
    }
    // A push whose list of hashes lost one line no longer carries its device's signature.
    let cut: Vec<String> = lines
        .into_iter()
        .map(|mut line| {
            if line["type"] == "push" {
                line["hashes"].as_array_mut().unwrap().pop();
            }
            line.to_string()
        })
        .collect();
    assert!(!recheck(&cut.join("\n")).unwrap().0);
}
