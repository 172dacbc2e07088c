//! What leaves the ledger for people: tables, maps and papers, written by the built binary beside a server that runs.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use xuncha_core::model::{EntityId, FindingDraft, Place, Severity};
use xuncha_core::notebook::PreviewOptions;
use xuncha_tests::harness::{Outcome, Phone, TestServer, picture, until, xuncha};

use super::notice_pdf::{FONT, asked, can_be_read};

/// A ledger with five findings: two reported, one void, one dispatched, and one with a photo on a notice.
struct Bureau {
    server: TestServer,
    folder: tempfile::TempDir,
    unit: EntityId,
    noticed: EntityId,
}

impl Bureau {
    async fn new() -> Bureau {
        let server = TestServer::start().await;
        let phone = Phone::of(&server, "王敏", "inspector").await;
        let unit = server.office.add("unit.add", json!({ "name": "市容环卫处" }));
        server.office.user_of("孙丽", "coordinator", unit);
        let [acceptor, dispatcher, supervisor] =
            [("赵敏", "acceptor"), ("周杰", "dispatcher"), ("吴刚", "supervision")]
                .map(|(name, role)| server.office.user(name, &[role], &[]));
        phone.sync().await;
        let mut said = Vec::new();
        for note in ["=1+1", "桥下堆物", "路口堆物，<b>三车</b>"] {
            said.push(phone.notebook.record(draft(note), Vec::new()).unwrap());
        }
        phone.notebook.void(phone.record("看错了"), "看错了").unwrap();
        let photos = vec![phone.seal(&picture(&server.random, 60, 40))];
        let noticed = phone.notebook.record_with_photos(draft("巷口\"堆物\""), photos).unwrap();
        phone.notebook.make_previews(&PreviewOptions::default()).unwrap();
        phone.sync().await;
        let here = || {
            let evidence = xuncha_core::model::Finding::from_entity(&server.office.entity(noticed)).evidence;
            evidence.is_sealed() && evidence.is_reviewable()
        };
        until(here).await;
        for finding in [said[1], noticed] {
            server.office.decides(acceptor, "finding.file", finding, json!({}));
        }
        server.office.decides(dispatcher, "finding.dispatch", said[1], json!({ "unit": unit }));
        let more = json!({ "points": { noticed.to_string(): 50 }, "demand": "立即清理 & 上报" });
        let notice = server.office.drafts(supervisor, unit, &[noticed], &more);
        server.office.decides(supervisor, "notice.issue", notice, json!({}));
        server.office.drafts(supervisor, unit, &[said[0]], &json!({}));
        Bureau { server, folder: tempfile::tempdir().unwrap(), unit, noticed }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn export(&self, arguments: &[&str]) -> Outcome {
        let data = self.server.data().display().to_string();
        let (what, more) = arguments.split_first().unwrap();
        xuncha([&["export", *what, "--data", &data], more].concat())
    }

    /// Code and message of an export that cannot be done.
    fn refused(&self, arguments: &[&str]) -> (String, String) {
        let outcome = self.export(arguments);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        let error = outcome.lines()[0]["error"].clone();
        (error["code"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
    }
}

fn draft(note: &str) -> FindingDraft {
    FindingDraft {
        item: Some("SR-1".into()),
        note: Some(note.into()),
        severity: Some(Severity::High),
        why: Some("夜间无法拍照".into()),
        place: Some(Place { lat: Some(31.23), lon: Some(121.47), words: Some("中山路".into()), ..Place::default() }),
        ..FindingDraft::default()
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_leave_as_a_table_a_workbook_and_a_map() {
    let bureau = Bureau::new().await;
    let table = bureau.export(&["findings", "--format", "csv"]);
    assert_eq!(table.code, 0, "{table:?}");
    let text = table.out.strip_prefix('\u{feff}').expect("a byte order mark");
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert!(
        lines[0].starts_with("编号,") && text.contains(",'=1+1,") && text.contains(",\"巷口\"\"堆物\"\"\","),
        "{text}"
    );
    let noticed = lines.iter().find(|line| line.starts_with(&bureau.noticed.to_string())).unwrap();
    for cell in ["SR-1", "已督办", "高", "31.23", "121.47", "市容环卫处", "督〔2026〕第0001号", "0.5"] {
        assert!(noticed.split(',').any(|found| found == cell), "{cell}: {noticed}");
    }
    assert_eq!(bureau.export(&["findings", "--format", "csv", "-"]).out, table.out);

    let map = bureau.export(&["findings", "--format", "geojson", "--unit", "市容环卫处"]);
    let map: Value = serde_json::from_str(&map.out).unwrap();
    let features = map["features"].as_array().unwrap();
    assert_eq!((map["type"].as_str(), features.len()), (Some("FeatureCollection"), 2));
    assert_eq!(features[0]["geometry"]["coordinates"], json!([121.47, 31.23]));
    let void = bureau.export(&["findings", "--format", "geojson", "--status", "void"]);
    let void: Value = serde_json::from_str(&void.out).unwrap();
    assert_eq!((void["features"].as_array().unwrap().len(), &void["features"][0]["geometry"]), (1, &Value::Null));

    let data = bureau.server.data().display().to_string();
    assert_eq!(xuncha(["case", "--data", &data, "list", "finding"]).lines().len(), 5);

    let file = bureau.path("问题.xlsx");
    let unit = bureau.unit.to_string();
    let done =
        bureau.export(&["findings", "--format", "xlsx", "--unit", &unit, "--status", "dispatched", &file]).value();
    assert_eq!((&done["findings"], &done["file"]), (&json!(1), &json!(file)));
    assert!(fs::read(&file).unwrap().starts_with(b"PK"));
    assert_eq!(names_in(bureau.folder.path()), ["问题.xlsx"], "nothing half-done is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_exported_is_said_by_its_field_and_touches_no_file() {
    let bureau = Bureau::new().await;
    let says = |arguments: &[&str], code: &str, words: &str| {
        let (found, message) = bureau.refused(arguments);
        assert!(found == code && message.starts_with(words), "{found}: {message}");
    };
    says(&["findings", "--format", "csv", "--status", "gone"], "bad_field", "status: gone is none of reported, filed,");
    says(&["findings", "--format", "csv", "--unit", "园林处"], "not_found", "unit: ");
    bureau.server.office.add("unit.add", json!({ "name": "市容环卫处" }));
    says(&["findings", "--format", "csv", "--unit", "市容环卫处"], "ambiguous", "unit: 2 are called");
    let (folder, nowhere) = (bureau.path(""), bureau.path("no/where.csv"));
    says(&["findings", "--format", "csv", &folder], "bad_field", "file: ");
    says(&["findings", "--format", "csv", &nowhere], "io", "file: ");
    assert_eq!(bureau.export(&["findings", "--format", "pdf"]).code, 2);
    says(&["notice", "督〔2026〕第0009号"], "not_found", "notice: ");
    says(&["notice", &bureau.unit.to_string()], "not_found", "notice: ");
    let drafts = bureau.server.office.all("notice");
    let draft = drafts.iter().find(|notice| notice.text("status") == Some("draft")).unwrap();
    says(&["notice", &draft.id.to_string()], "bad_field", "notice: ");
    assert!(names_in(bureau.folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_leaves_as_a_page_with_every_line_that_was_issued() {
    let bureau = Bureau::new().await;
    let number = "督〔2026〕第0001号";
    let page = bureau.export(&["notice", number]);
    assert_eq!(page.code, 0, "{page:?}");
    let notices = bureau.server.office.all("notice");
    let notice = notices.iter().find(|notice| notice.text("number") == Some(number)).unwrap();
    let face = notice.field("face").unwrap();
    let lines: Vec<_> = face["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(lines.len() > 8, "{lines:?}");
    for line in lines {
        let shown = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        assert!(page.out.contains(&shown), "{line}");
    }
    assert!(page.out.contains(face["photos"][0].as_str().unwrap()) && !page.out.contains("<img"));
    assert!(page.out.contains("size: A4") && !page.out.contains("<script"));

    // By its id, into a file, with the picture in it.
    let file = bureau.path("notice.html");
    let done = bureau.export(&["notice", &notice.id.to_string(), &file, "--photos"]).value();
    assert_eq!((&done["number"], &done["file"]), (&json!(number), &json!(file)));
    let whole = fs::read_to_string(&file).unwrap();
    assert_eq!(whole.matches("<img src=\"data:image/jpeg;base64,/9j/").count(), 1);
    assert_eq!(names_in(bureau.folder.path()), ["notice.html"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_leaves_as_pdf_with_its_photos_in_it() {
    if !can_be_read() {
        return;
    }
    let bureau = Bureau::new().await;
    let (number, file) = ("督〔2026〕第0001号", bureau.path("notice.pdf"));
    let pdf = ["notice", number, file.as_str(), "--format", "pdf"];
    for (font, what) in [(None, "font: give one"), (Some("/nowhere.ttf"), "font: /nowhere.ttf")] {
        let more = font.map_or_else(Vec::new, |font| vec!["--font", font]);
        let (code, message) = bureau.refused(&[&pdf[..], &more].concat());
        assert!(code == "no_font" && message.starts_with(what), "{code}: {message}");
    }
    assert!(names_in(bureau.folder.path()).is_empty());
    let server = ["--server", "https://xuncha.example.cn"];
    let done = bureau.export(&[&pdf[..], &["--font", FONT, "--photos"], &server].concat()).value();
    assert_eq!((&done["number"], &done["file"]), (&json!(number), &json!(file)));
    let bytes = fs::read(&file).unwrap();
    let images = asked("pdfimages", &["-list"], &bytes);
    let image: Vec<&str> = images.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!((image[2], image[3], image[4], image[8]), ("image", "60", "40", "jpeg"), "{images}");
    let text = asked("pdftotext", &["-raw"], &bytes);
    assert!(text.contains("立即清理 & 上报") && text.contains("https://xuncha.example.cn/notices/"), "{text}");
    let without = bureau.export(&[&pdf[..], &["--font", FONT]].concat());
    assert_eq!((without.code, asked("pdfimages", &["-list"], &fs::read(&file).unwrap()).lines().count()), (0, 2));
}
