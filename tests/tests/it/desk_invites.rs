//! Invitations made at a desk: a phone signs in with one, and a link chooses a password.

use serde_json::{Value, json};
use xuncha_tests::harness::{RawPhone, TestServer};

use super::desk::{Desk, Reply};

async fn post(desk: &Desk, path: &str, body: &Value, lines: &[(&str, &str)]) -> Reply {
    let mut request = desk.http.post(format!("{}/v1/{path}", desk.url)).bearer_auth(&desk.token);
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    Desk::send(request.body(body.to_string())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_signs_in_with_an_invitation_from_a_desk() {
    let server = TestServer::start().await;
    let admin = Desk::of(&server, server.office.user("管理员", &["admin"], &[]));
    let inspector = server.office.user("王敏", &["inspector"], &[]);
    let made = post(&admin, "invites", &json!({ "user": inspector }), &[]).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let code = made.body["code"].as_str().unwrap();
    assert_eq!(made.body["url"], json!(format!("{}/enrol#{code}", server.url())));
    let qr = made.body["qr"].as_str().unwrap();
    assert!(qr.starts_with("<svg") && qr.trim_end().ends_with("</svg>"), "{qr}");
    assert_eq!(made.body["expires"], json!(server.clock.now().plus_millis(3 * 24 * 60 * 60 * 1000)));
    let mut phone = RawPhone::blank(&server.url(), server.office.ledger, server.host());
    let reply = phone.enrol(code).await;
    phone.signed_in(reply.read());
    assert_eq!(phone.user, inspector);
    // Behind a proxy that speaks TLS the address is that of the proxy.
    let lines = [("x-forwarded-proto", "https"), ("host", "xuncha.example.cn")];
    let made = post(&admin, "invites", &json!({ "user": inspector }), &lines).await;
    assert!(made.body["url"].as_str().unwrap().starts_with("https://xuncha.example.cn/enrol#"), "{}", made.body);

    let theirs = Desk::of(&server, inspector);
    let refused = post(&theirs, "invites", &json!({ "user": inspector }), &[]).await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("not_allowed")));
    assert_eq!(refused.body["detail"], "device.manage");
    let unit = server.office.add("unit.add", json!({ "name": "市容环卫处" }));
    let nobody = post(&admin, "invites", &json!({ "user": unit }), &[]).await;
    assert_eq!((nobody.status, &nobody.body["code"]), (404, &json!("not_found")));
    server.office.change("user.retire", inspector, json!({}));
    let left = post(&admin, "invites", &json!({ "user": inspector }), &[]).await;
    assert_eq!(left.body["code"], "user_retired");
    assert_eq!(post(&admin, "invites", &json!({ "who": inspector }), &[]).await.body["code"], "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_from_a_desk_chooses_a_password_once() {
    let server = TestServer::start().await;
    let admin = Desk::of(&server, server.office.user("管理员", &["admin"], &[]));
    let chief = server.office.user("吴刚", &["supervision"], &[]);
    let made = post(&admin, &format!("users/{chief}/link"), &Value::Null, &[]).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let code = made.body["code"].as_str().unwrap().to_owned();
    assert_eq!(made.body["url"], json!(format!("{}/password#{code}", server.url())));
    assert!(made.body["qr"].as_str().unwrap().starts_with("<svg"));
    let choose = json!({ "code": code, "password": "春眠不觉晓处处闻啼鸟" });
    assert_eq!(post(&admin, "session/link", &choose, &[]).await.status, 200);
    assert_eq!(post(&admin, "session/link", &choose, &[]).await.body["code"], "bad_code", "once");
    let refused = post(&Desk::of(&server, chief), &format!("users/{chief}/link"), &Value::Null, &[]).await;
    assert_eq!((refused.status, &refused.body["detail"]), (403, &json!("user.manage")));
    assert_eq!(post(&admin, "users/nonsense/link", &Value::Null, &[]).await.status, 404);
}
