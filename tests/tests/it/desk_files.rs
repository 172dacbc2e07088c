//! Files handed in at a desk: a unit's photos of what it did, the scan of a sealed notice.

use reqwest::Method;
use serde_json::{Value, json};
use xuncha_core::model::Hash;
use xuncha_core::protocol::paths;
use xuncha_core::sync::Conditions;
use xuncha_server::api::Limits;
use xuncha_server::blobs::Bounds;
use xuncha_tests::harness::{Phone, TestServer, announced, photo, picture};

use super::desk::{City, Desk, city};

/// What came of a request about an upload.
struct Upload {
    status: u16,
    place: Option<String>,
    offset: Option<usize>,
    code: Value,
}

impl Desk {
    async fn about(&self, method: Method, path: &str, lines: &[(&str, String)], bytes: &[u8]) -> Upload {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        for (name, value) in lines {
            request = request.header(*name, value);
        }
        let response = request.body(bytes.to_vec()).send().await.unwrap();
        let line = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, place, offset) = (response.status().as_u16(), line("location"), line("upload-offset"));
        let body = response.bytes().await.unwrap();
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        Upload { status, place, offset: offset.and_then(|text| text.parse().ok()), code: problem["code"].clone() }
    }

    async fn begin(&self, bytes: &[u8]) -> Upload {
        self.about(Method::POST, paths::UPLOADS, &announced(&Hash::of(bytes), bytes.len()), &[]).await
    }

    async fn go_on(&self, place: &str, offset: usize, bytes: &[u8]) -> Upload {
        let lines = [
            ("tus-resumable", "1.0.0".to_owned()),
            ("upload-offset", offset.to_string()),
            ("content-type", "application/offset+octet-stream".to_owned()),
        ];
        self.about(Method::PATCH, place, &lines, bytes).await
    }

    async fn stand(&self, place: &str) -> Upload {
        self.about(Method::HEAD, place, &[("tus-resumable", "1.0.0".to_owned())], &[]).await
    }

    async fn takes(&self, step: &Value) {
        let done = self.step(step).await;
        assert_eq!(done.status, 200, "{step}: {}", done.body);
    }

    async fn fetches(&self, hash: &Hash) -> u16 {
        self.about(Method::GET, &format!("/v1/blobs/{hash}"), &[], &[]).await.status
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_replies_from_a_desk_with_a_photo_that_was_cut_and_resumed() {
    let City { server, unit, coordinator, findings, desk, .. } = city().await;
    let finding = findings[0];
    desk.takes(&json!({ "kind": "finding.file", "entity": finding, "body": { "unseen": "夜间无法拍摄" } })).await;
    desk.takes(&json!({ "kind": "finding.dispatch", "entity": finding, "body": { "unit": unit } })).await;

    let of_unit = Desk::of(&server, coordinator);
    let bytes = picture(&server.random, 640, 480);
    let hash = Hash::of(&bytes);
    let begun = of_unit.begin(&bytes).await;
    assert_eq!((begun.status, begun.offset), (201, Some(0)), "{:?}", begun.code);
    let place = begun.place.unwrap();
    let half = bytes.len() / 2;
    let sent = of_unit.go_on(&place, 0, &bytes[..half]).await;
    assert_eq!((sent.status, sent.offset), (204, Some(half)));

    // Another desk of hers goes on with it; nobody else hears that there is such a thing.
    let elsewhere = Desk::of(&server, coordinator);
    assert_eq!(desk.stand(&place).await.status, 410);
    assert_eq!(desk.go_on(&place, half, &bytes[half..]).await.code, "upload_gone");
    let again = elsewhere.begin(&bytes).await;
    assert_eq!((again.place.as_ref(), again.offset), (Some(&place), Some(half)));
    let done = elsewhere.go_on(&place, half, &bytes[half..]).await;
    assert_eq!((done.status, done.offset), (204, Some(bytes.len())));

    // Nobody sees it before something that they see names it.
    assert_eq!(desk.fetches(&hash).await, 404);
    let reply = json!({
        "kind": "finding.reply", "entity": finding,
        "body": { "reply": "已清理", "photos": { "p1": { "original": hash, "source": "gallery", "shows": "after" } } },
    });
    of_unit.takes(&reply).await;
    server.office.keep_arrived();
    assert_eq!(desk.fetches(&hash).await, 200);
    let case = desk.get(&format!("findings/{finding}")).await.body;
    assert_eq!(case["status"], "replied");
    assert_eq!((&case["evidence"]["expected"], &case["evidence"]["originals"]), (&json!(1), &json!(1)), "{case}");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scan_of_a_sealed_notice_is_attached_to_it() {
    let City { server, unit, coordinator, findings, desk, .. } = city().await;
    let finding = findings[0];
    desk.takes(&json!({ "kind": "finding.file", "entity": finding, "body": { "unseen": "夜间无法拍摄" } })).await;
    let draft = json!({
        "kind": "notice.draft",
        "body": { "unit": unit, "findings": { finding.to_string(): true }, "source": "on_site", "demand": "限期清理" },
    });
    let drafted = desk.step(&draft).await;
    assert_eq!(drafted.status, 200, "{}", drafted.body);
    let notice = drafted.body["now"]["id"].as_str().unwrap().to_owned();
    desk.takes(&json!({ "kind": "notice.issue", "entity": notice })).await;

    let scan = picture(&server.random, 1240, 1754);
    let hash = Hash::of(&scan);
    let attach = json!({
        "kind": "notice.attach", "entity": notice,
        "body": { "photos": { "sealed": { "original": hash, "source": "gallery" } } },
    });
    desk.takes(&attach).await;
    let begun = desk.begin(&scan).await;
    assert_eq!(desk.go_on(&begun.place.unwrap(), 0, &scan).await.status, 204);
    server.office.keep_arrived();
    let of_unit = Desk::of(&server, coordinator);
    assert_eq!(of_unit.fetches(&hash).await, 200, "the unit sees what was sealed");
    let shown = of_unit.get(&format!("notices/{notice}")).await.body;
    assert_eq!(shown["photos"]["sealed"]["original"], json!(hash), "{shown}");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_images_of_people_who_are_known_are_taken_at_a_desk() {
    let City { server, coordinator, desk, .. } = city().await;
    let bytes = picture(&server.random, 64, 64);
    let strange = Desk { token: "no".into(), ..Desk::of(&server, coordinator) };
    let refused = strange.begin(&bytes).await;
    assert_eq!((refused.status, &refused.code), (401, &json!("bad_token")));
    let text = b"no image at all".repeat(100);
    let begun = desk.begin(&text).await;
    assert_eq!(desk.go_on(&begun.place.unwrap(), 0, &text).await.code, "malformed");
    let of_unit = Desk::of(&server, coordinator);
    let begun = of_unit.begin(&bytes).await;
    server.office.change("user.retire", coordinator, json!({}));
    let gone = of_unit.go_on(&begun.place.unwrap(), 0, &bytes).await;
    assert_eq!((gone.status, &gone.code), (403, &json!("user_retired")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_and_a_phone_of_one_person_have_a_share_each() {
    let files = Bounds { quota: 200_000, ..Bounds::default() };
    let server = TestServer::with_limits(Limits { files, ..Limits::default() }).await;
    let chief = server.office.user("吴刚", &["supervision", "inspector"], &[]);
    let desk = Desk::of(&server, chief);
    let photos: Vec<_> = (0..3).map(|_| photo(&server.random, 90_000)).collect();
    assert_eq!(desk.begin(&photos[0]).await.status, 201);
    assert_eq!(desk.begin(&photos[1]).await.status, 201);
    let full = desk.begin(&photos[2]).await;
    assert_eq!((full.status, &full.code), (403, &json!("quota_full")));
    let phone = Phone::of_user(&server, chief).await;
    let finding = phone.record_photos("占道", &[&photos[2]]);
    let wifi = Conditions { wifi: true, ..Conditions::default() };
    phone.sync_under(wifi).await;
    server.office.keep_arrived();
    phone.sync_under(wifi).await;
    assert_eq!(phone.originals(finding), 1);
}
