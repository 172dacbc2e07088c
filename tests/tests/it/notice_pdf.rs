//! Notices as PDF: what a stranger's reader (poppler) finds in them is what the page says.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use xuncha_core::model::EntityId;
use xuncha_server::settings;
use xuncha_tests::harness::{TestServer, put_bytes};

use super::desk::{City, Desk, city};
use super::desk_papers::{draft, file};

pub(super) const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

/// True when this machine has a font and a reader; where all tests run it must.
pub(super) fn can_be_read() -> bool {
    let reader = Command::new("pdftotext").arg("-v").stderr(Stdio::null()).status().is_ok();
    let both = reader && Path::new(FONT).exists();
    assert!(both || std::env::var_os("XUNCHA_ALL").is_none(), "poppler-utils or fonts-noto-cjk are not installed");
    both
}

/// What one of poppler's programs says of a document.
pub(super) fn asked(program: &str, arguments: &[&str], pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notice.pdf");
    put_bytes(&path, pdf);
    let path = path.display().to_string();
    let behind: &[&str] = if program == "pdftotext" { &["-"] } else { &[] };
    let output = Command::new(program).args(arguments).arg(path).args(behind).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{program}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The lines of each page, without the foot, which must be there.
fn pages(pdf: &[u8]) -> Vec<Vec<String>> {
    let text = asked("pdftotext", &["-raw", "-enc", "UTF-8"], pdf);
    let pages: Vec<&str> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
    let count = pages.len();
    let one = |(at, page): (usize, &&str)| {
        let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
        let foot = bare(&format!("第 {} 页　共 {count} 页", at + 1));
        let last = bare(&lines.pop().unwrap());
        assert!(last.ends_with(&foot), "{last}");
        if last == foot {
            lines.pop();
        }
        lines
    };
    pages.iter().enumerate().map(one).collect()
}

/// Without the spaces and breaks that setting changes.
fn bare(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_whitespace()).collect()
}

/// Everything that a page shows, piece by piece.
fn shown(html: &str) -> Vec<String> {
    let body = html.split("</style>").nth(1).unwrap();
    let pieces = body.split('<').filter_map(|piece| piece.split_once('>'));
    let words = pieces.map(|(_, words)| {
        let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        bare(&words.replace("&amp;", "&"))
    });
    words.filter(|words| !words.is_empty()).collect()
}

/// Fails unless every piece of the page stands in the PDF, in the page's order.
fn holds_what_the_page_says(pdf: &[u8], html: &str) {
    let whole = bare(&pages(pdf).concat().concat());
    let mut from = 0;
    for piece in shown(html) {
        match whole[from..].find(&piece) {
            Some(at) => from += at + piece.len(),
            None => panic!("{piece} is not in what is left: {}", &whole[from..]),
        }
    }
}

async fn with_font(server: &mut TestServer) {
    let path = server.data().join(settings::FILE);
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    put_bytes(&path, format!("font = \"{FONT}\"\n{before}"));
    server.restart().await;
}

/// A notice with everything on it: long words, a rework, a reply that goes over a page, an appeal that one has heard.
async fn noticed(city: &City) -> EntityId {
    city.server.office.change("unit.amend", city.unit, json!({ "code": "12320000MB0000000X" }));
    let notice = draft(city).await;
    let demand = "立即清理（含桥下、路口），不得反复；No.12 sha256:0123456789abcdef。".repeat(40);
    let done = |reply: super::desk::Reply| assert_eq!(reply.status, 200, "{}", reply.body);
    let body =
        json!({ "demand": demand, "leader": "马局长", "person": "何静", "phone": "0512-5550", "basis": "条例第十条" });
    done(city.desk.step(&json!({ "kind": "notice.amend", "entity": notice, "body": body })).await);
    done(city.desk.step(&json!({ "kind": "notice.issue", "entity": notice })).await);
    let (unit, first) = (Desk::of(&city.server, city.coordinator), city.findings[0]);
    let reply = json!({ "reply": "已组织人员清理；😀请复核。".repeat(250) });
    done(unit.step(&json!({ "kind": "finding.reply", "entity": first, "body": reply })).await);
    let reason = json!({ "reason": "没清完，北侧还有三车" });
    done(city.desk.step(&json!({ "kind": "finding.return", "entity": first, "body": reason })).await);
    let appeal = json!({ "appeal": "不在我方路段", "appeal_of": { city.findings[1].to_string(): true } });
    done(unit.step(&json!({ "kind": "notice.appeal", "entity": notice, "body": appeal })).await);
    let leader = city.server.office.user("郑爽", &["leader"], &[]);
    city.server.office.decides(leader, "notice.hear", notice, json!({ "says": "reject", "because": "查了责任区划" }));
    notice
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_as_pdf_says_what_its_page_says_and_can_be_copied_from() {
    if !can_be_read() {
        return;
    }
    let mut city = city().await;
    let notice = noticed(&city).await;
    let path = format!("notices/{notice}/pdf");
    let without = city.desk.get(&path).await;
    assert_eq!((without.status, &without.body["code"]), (501, &json!("no_font")), "{}", without.body);
    assert_eq!(city.desk.get("city").await.body["pdf"], false);
    with_font(&mut city.server).await;
    let (chief, unit) = (Desk { url: city.server.url(), ..city.desk }, Desk::of(&city.server, city.coordinator));
    assert_eq!(chief.get("city").await.body["pdf"], true);

    for (desk, copy) in [(&chief, ""), (&chief, "?copy=unit"), (&unit, "")] {
        let pdf = file(desk, &format!("{path}{copy}")).await;
        assert_eq!((pdf.status, pdf.kind.as_str()), (200, "application/pdf"));
        let page = file(desk, &format!("notices/{notice}/page{copy}")).await;
        holds_what_the_page_says(&pdf.bytes, &String::from_utf8(page.bytes).unwrap().replace('😀', "[U+1F600]"));
    }
    let pdf = file(&chief, &path).await.bytes;
    assert_eq!(file(&chief, &path).await.bytes, pdf, "the same at the same time");
    let pages = pages(&pdf);
    assert!(pages.len() > 2, "what is long goes on on the next page");
    let whole = bare(&pages.concat().concat());
    for said in [
        "反馈人孙丽",
        "核查人吴刚",
        "核查结论不通过，返工",
        "核查意见没清完",
        "12320000MB0000000X",
        "驳回：查了责任区划",
    ] {
        assert!(whole.contains(said), "{said}: {whole}");
    }
    let wrong = pages.iter().flatten().find(|line| line.starts_with(['，', '。', '；', '）', '、', '】']));
    assert_eq!(wrong, None, "no line begins with what closes");

    let info = asked("pdfinfo", &[], &pdf);
    assert!(info.contains("(A4)") && info.contains("督〔2026〕第0001号"), "{info}");
    let fonts = asked("pdffonts", &[], &pdf);
    let font: Vec<&str> = fonts.lines().nth(2).unwrap().split_whitespace().collect();
    // emb, sub, uni: the font is in the file, only what is used of it, and every sign says which it is.
    assert!(font[0].starts_with("XUNCHA+") && font.windows(3).any(|three| three == ["yes", "yes", "yes"]), "{fonts}");

    assert_eq!(chief.get(&format!("{path}?copy=all")).await.body["code"], "bad_field");
    assert_eq!(chief.get(&format!("notices/{}/pdf", city.unit)).await.status, 404);
    let strange = Desk { token: "no".into(), ..chief };
    assert_eq!(strange.get(&path).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn appeals_that_wait_and_those_that_were_decided_are_two_lists() {
    let city = city().await;
    let notice = noticed(&city).await;
    let lines = |page: Value| page["lines"].as_array().unwrap().clone();
    let waiting = lines(city.desk.get("notices?has=appeal").await.body);
    assert_eq!((waiting.len(), &waiting[0]["id"]), (1, &json!(notice)));
    let line = &waiting[0];
    assert_eq!(line["appeal_of"], json!([city.findings[1]]));
    let vote = &line["votes"][0];
    assert_eq!((&vote["says"], &vote["because"]), (&json!("reject"), &json!("查了责任区划")), "{line}");
    assert!(vote["by"].is_string() && vote["at"].is_string() && line["appealed"].is_string(), "{line}");
    assert!(line.get("heard").is_none() && lines(city.desk.get("notices?has=appealed").await.body).is_empty());
    let unit = Desk::of(&city.server, city.coordinator);
    let theirs = lines(unit.get("notices?has=appeal").await.body).remove(0);
    assert_eq!((theirs.get("votes"), &theirs["appeal_of"]), (None, &line["appeal_of"]), "{theirs}");

    let other = city.server.office.user("冯涛", &["creation_office"], &[]);
    city.server.office.decides(other, "notice.hear", notice, json!({ "says": "reject" , "because": "同上" }));
    assert!(lines(city.desk.get("notices?has=appeal").await.body).is_empty());
    let decided = lines(city.desk.get("notices?has=appealed").await.body).remove(0);
    assert_eq!((&decided["id"], &decided["appeal_result"]), (&json!(notice), &json!("rejected")));
    assert_eq!((decided["votes"].as_array().unwrap().len(), decided["heard"].is_string()), (2, true));
    let neither = city.desk.get("notices?has=appeals").await.body;
    assert!(neither["detail"].as_str().unwrap().contains("has: must be"), "{neither}");
}
