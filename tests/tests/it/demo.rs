//! The demo: one command, and every number that it tells is what the server says.

use serde_json::Value;
use xuncha_tests::harness::xuncha;

/// Lines of JSON that a story prints.
fn told(seed: &str) -> Vec<Value> {
    let outcome = xuncha(["demo", "--headless", "--seed", seed]);
    assert_eq!(outcome.code, 0, "seed {seed}: {}\n{}", outcome.err, outcome.out);
    outcome.lines()
}

fn counts(lines: &[Value]) -> Vec<(&str, u64)> {
    let counts = lines.iter().filter(|line| line.get("count").is_some());
    let count = |line: &'_ Value| {
        assert_eq!(line["told"], line["server"], "{line}");
        line["told"].as_u64().unwrap()
    };
    counts.map(|line| (line["count"].as_str().unwrap(), count(line))).collect()
}

#[test]
fn every_number_of_the_story_is_what_the_server_says_and_another_seed_tells_another() {
    let (first, second) = (told("1"), told("2"));
    let (one, two) = (counts(&first), counts(&second));
    assert_eq!((one.len(), two.len()), (11, 11));
    assert_ne!(one, two);
    for (name, count) in one.iter().chain(&two) {
        assert!(*count > 0, "nothing to show for {name}");
    }
    assert_eq!(first.iter().filter(|line| line.get("chapter").is_some()).count(), 8);
    assert_eq!(first.last().unwrap()["ok"], true);
}

#[test]
fn a_folder_with_a_ledger_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let first = xuncha(["demo", "--headless", "--data", data]);
    assert_eq!(first.code, 0, "{first:?}");
    let again = xuncha(["demo", "--headless", "--data", data]);
    assert_eq!((again.code, &again.lines()[0]["error"]["code"]), (1, &Value::from("exists")));
    let city = folder.path().join("city");
    assert_eq!(xuncha(["verify", "--data", city.to_str().unwrap()]).value()["ok"], true);
}
