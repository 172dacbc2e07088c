//! Signing in at a desk: passwords, links, sessions, and pages of other sites.

use reqwest::Method;
use serde_json::{Value, json};
use xuncha_core::model::EntityId;
use xuncha_server::signin::{self, IDLE, LONGEST};
use xuncha_tests::harness::{TestServer, http_client, xuncha};

const PASSWORD: &str = "春眠不觉晓处处闻啼鸟";

/// A browser, as far as it matters here.
#[derive(Clone)]
struct Browser {
    http: reqwest::Client,
    url: String,
    cookie: Option<String>,
}

struct Reply {
    status: u16,
    cookie: Option<String>,
    wait: Option<String>,
    body: Value,
}

impl Browser {
    fn at(server: &TestServer) -> Browser {
        Browser { http: http_client(), url: server.url(), cookie: None }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>, lines: &[(&str, &str)]) -> Reply {
        let mut request = self.http.request(method, format!("{}/v1/{path}", self.url));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("other=1; {cookie}"));
        }
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let response = request.body(body.map(Value::to_string).unwrap_or_default()).send().await.unwrap();
        let line = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, cookie, wait) = (response.status().as_u16(), line("set-cookie"), line("retry-after"));
        Reply {
            status,
            cookie,
            wait,
            body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default(),
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask(Method::POST, path, Some(body), &[("sec-fetch-site", "same-origin")]).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path, None, &[]).await
    }

    /// Signs in; what came of it, and the browser afterwards.
    async fn signs_in(&self, name: &str, password: &str) -> (Reply, Browser) {
        let reply = self.post("session", &json!({ "name": name, "password": password })).await;
        let cookie = reply.cookie.as_ref().map(|line| line.split(';').next().unwrap().to_owned());
        (reply, Browser { cookie, ..self.clone() })
    }
}

/// Somebody with a password.
async fn somebody(server: &TestServer, name: &str) -> EntityId {
    let user = server.office.user(name, &["supervision", "acceptor"], &[]);
    let code = signin::link(&*server.office.store, &server.host(), user).unwrap();
    let chosen = Browser::at(server).post("session/link", &json!({ "code": code, "password": PASSWORD })).await;
    assert_eq!(chosen.status, 200, "{}", chosen.body);
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_and_a_password_open_a_session_that_ends() {
    let server = TestServer::start().await;
    let user = somebody(&server, "吴刚").await;
    let stranger = Browser::at(&server);
    let (reply, browser) = stranger.signs_in(" 吴刚 ", PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let mut who = json!({ "user": user, "name": "吴刚", "roles": ["acceptor", "supervision"], "idle": 1_800 });
    let rights = ["finding.review", "notice.issue"].map(Value::from);
    assert!(rights.iter().all(|right| reply.body["rights"].as_array().unwrap().contains(right)), "{}", reply.body);
    who["rights"] = reply.body["rights"].clone();
    assert_eq!(reply.body, who);
    let cookie = reply.cookie.unwrap();
    assert!(
        cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict") && cookie.contains("; Path=/"),
        "{cookie}"
    );
    assert_eq!(browser.get("session").await.body, who);
    assert_eq!(browser.get("findings").await.status, 200);
    assert_eq!(stranger.get("findings").await.status, 401);
    assert_eq!(stranger.get("session").await.status, 401);

    // Used again and again it lives, but not for ever.
    for _ in 0..LONGEST / (IDLE - 60_000) {
        server.clock.pass(IDLE - 60_000);
        assert_eq!(browser.get("session").await.status, 200);
    }
    server.clock.pass(IDLE - 60_000);
    assert_eq!((browser.get("session").await.status, browser.get("findings").await.status), (401, 401));
    // Not used it ends much earlier.
    let (_, browser) = stranger.signs_in(&user.to_string(), PASSWORD).await;
    server.clock.pass(IDLE);
    assert_eq!(browser.get("session").await.status, 401);

    // Signed out, the secret opens nothing any more.
    let (_, browser) = stranger.signs_in("吴刚", PASSWORD).await;
    let gone = browser.ask(Method::DELETE, "session", None, &[("sec-fetch-site", "same-origin")]).await;
    assert!(gone.status == 204 && gone.cookie.unwrap().contains("Max-Age=0"));
    assert_eq!(browser.get("session").await.status, 401);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_told_no_longer_than_the_session_lasts() {
    let server = TestServer::start().await;
    somebody(&server, "吴刚").await;
    let stranger = Browser::at(&server);
    for signs_out in [true, false] {
        let (_, browser) = stranger.signs_in("吴刚", PASSWORD).await;
        let cookie = browser.cookie.as_deref().unwrap();
        let stream = browser.http.get(format!("{}/v1/events", browser.url)).header("cookie", cookie).send();
        let mut stream = stream.await.unwrap();
        assert_eq!(stream.status().as_u16(), 200);
        if signs_out {
            browser.ask(Method::DELETE, "session", None, &[("sec-fetch-site", "same-origin")]).await;
        } else {
            // What comes by itself keeps nobody signed in.
            server.clock.pass(IDLE);
        }
        while let Ok(Some(_)) = stream.chunk().await {}
        assert_eq!(browser.get("session").await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_not_told_and_whoever_guesses_waits() {
    let server = TestServer::start().await;
    let user = somebody(&server, "吴刚").await;
    let browser = Browser::at(&server);
    for name in ["吴刚", "没有这个人"] {
        for _ in 0..5 {
            let (reply, _) = browser.signs_in(name, "床前明月光疑是地上霜").await;
            assert_eq!((reply.status, &reply.body["code"], reply.cookie), (401, &json!("wrong_password"), None));
        }
        let (reply, _) = browser.signs_in(name, PASSWORD).await;
        assert_eq!((reply.status, &reply.body["code"]), (429, &json!("too_many")), "{name}");
        let wait: u64 = reply.wait.unwrap().parse().unwrap();
        assert!((1..=31).contains(&wait), "{wait}");
    }
    let refused = browser.post("session", &json!({ "name": "吴刚" })).await;
    assert_eq!((refused.status, &refused.body["code"]), (400, &json!("malformed")));

    // Who has left is nobody.
    let (_, browser) = browser.signs_in(&user.to_string(), PASSWORD).await;
    assert_eq!(browser.get("session").await.status, 200);
    server.office.change("user.retire", user, json!({}));
    assert_eq!(browser.get("session").await.body["code"], "user_retired");
    assert_eq!(browser.get("findings").await.body["code"], "user_retired");
    let (reply, _) = browser.signs_in(&user.to_string(), PASSWORD).await;
    assert_eq!(reply.body["code"], "wrong_password");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knows_the_password_may_sign_in_as_often_as_the_day_brings() {
    let server = TestServer::start().await;
    somebody(&server, "吴刚").await;
    let browser = Browser::at(&server);
    for _ in 0..12 {
        assert_eq!(browser.signs_in("吴刚", PASSWORD).await.0.status, 200);
    }
    // Guesses are counted all the same, also those between.
    let mut wrong = 0;
    while browser.signs_in("吴刚", "床前明月光疑是地上霜").await.0.status == 401 {
        wrong += 1;
    }
    assert_eq!(wrong, 5);
    assert_eq!(browser.signs_in("吴刚", PASSWORD).await.0.status, 429);

    // A new password that will not do is no guess either: who types it has the right code.
    let user = server.office.user("郑云", &["acceptor"], &[]);
    let code = signin::link(&*server.office.store, &server.host(), user).unwrap();
    for _ in 0..8 {
        let reply = browser.post("session/link", &json!({ "code": code, "password": "short" })).await;
        assert_eq!(reply.body["code"], "bad_field");
    }
    let chosen = browser.post("session/link", &json!({ "code": code, "password": PASSWORD })).await;
    assert_eq!(chosen.status, 200, "{}", chosen.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_is_found_by_name_or_id_among_many() {
    let server = TestServer::start().await;
    // Two of one name, and one who has left; names that a careless query would stumble over.
    let (one, _) = (somebody(&server, "吴刚").await, somebody(&server, "吴刚").await);
    let odd = somebody(&server, "O'Neil \"巡\" {a,b} %_").await;
    for number in 0..30 {
        server.office.user(&format!("督查员{number}"), &["inspector"], &[]);
    }
    let browser = Browser::at(&server);
    for (name, user) in [("O'Neil \"巡\" {a,b} %_", odd), (&*odd.to_string(), odd), (&*one.to_string(), one)] {
        let (reply, _) = browser.signs_in(name, PASSWORD).await;
        assert_eq!((reply.status, &reply.body["user"]), (200, &json!(user)), "{name}");
    }
    assert_eq!(browser.signs_in("吴刚", PASSWORD).await.0.status, 200);
    server.office.change("user.amend", one, json!({ "name": "吴强" }));
    let (reply, _) = browser.signs_in("吴强", PASSWORD).await;
    assert_eq!(reply.body["user"], json!(one), "by the name of now");
    server.office.change("user.retire", one, json!({}));
    for nobody in ["吴强", "督查员7", "O_Neil%", "", &*server.office.ledger.to_string()] {
        assert_eq!(browser.signs_in(nobody, PASSWORD).await.0.body["code"], "wrong_password", "{nobody}");
    }
    let called = |name: &str| server.office.store.look(|snapshot| snapshot.users_called(name)).unwrap().len();
    assert_eq!([called("吴刚"), called("吴强"), called("吴")], [1, 1, 0], "retired ones too");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_leaves_no_older_link_behind_that_opens_the_door() {
    let server = TestServer::start().await;
    let user = somebody(&server, "吴刚").await;
    let browser = Browser::at(&server);
    let link = || {
        server.clock.pass(1_000);
        let code = signin::link(&*server.office.store, &server.host(), user).unwrap();
        server.clock.pass(1_000);
        code
    };
    let sign_out = async |browser: &Browser| {
        let gone = browser.ask(Method::DELETE, "session", None, &[("sec-fetch-site", "same-origin")]).await;
        assert_eq!(gone.status, 204);
    };
    let choose = async |code: &str| {
        let body = json!({ "code": code, "password": "白日依山尽黄河入海流" });
        browser.post("session/link", &body).await.status
    };
    // Asked for, and not needed in the end: the old password came back to mind.
    let older = link();
    let (_, session) = browser.signs_in("吴刚", PASSWORD).await;
    sign_out(&session).await;
    assert_eq!(choose(&older).await, 403, "bad_code");
    // Asked for while signed in, in order to use it afterwards.
    let (_, session) = browser.signs_in("吴刚", PASSWORD).await;
    let newer = link();
    sign_out(&session).await;
    // Whoever has an old cookie ends nothing with it.
    sign_out(&session).await;
    assert_eq!(choose(&newer).await, 200);
    // A link of somebody else is none of this session's business.
    let other = server.office.user("郑云", &["acceptor"], &[]);
    let theirs = signin::link(&*server.office.store, &server.host(), other).unwrap();
    server.clock.pass(1_000);
    let (_, session) = browser.signs_in("吴刚", "白日依山尽黄河入海流").await;
    sign_out(&session).await;
    assert_eq!(choose(&theirs).await, 200);
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_chosen_once_and_changed_by_whoever_knows_it() {
    let server = TestServer::start().await;
    let user = server.office.user("吴刚", &["supervision"], &[]);
    let data = server.data().to_str().unwrap().to_owned();
    let link = || {
        let words = ["admin", "--data", &data, "user", "link", "吴刚"].map(str::to_owned);
        tokio::task::spawn_blocking(move || xuncha(words).value()["code"].as_str().unwrap().to_owned())
    };
    let (first, code) = (link().await.unwrap(), link().await.unwrap());
    let browser = Browser::at(&server);
    let choose = async |code: &str, password: &str| {
        browser.post("session/link", &json!({ "code": code, "password": password })).await
    };
    assert_eq!(choose(&first, PASSWORD).await.body["code"], "bad_code", "the later one counts");
    assert_eq!(choose("nonsense", PASSWORD).await.body["code"], "bad_code");
    for bad in ["short", "aaaaaaaaaaaaaaa", "吴刚的密码是很长的一句话"] {
        let reply = choose(&code, bad).await;
        assert_eq!((reply.status, &reply.body["code"]), (400, &json!("bad_field")), "{bad}");
        assert!(reply.body["detail"].as_str().unwrap().starts_with("password: "));
    }
    assert_eq!(choose(&code, PASSWORD).await.status, 200);
    assert_eq!(choose(&code, PASSWORD).await.body["code"], "bad_code", "once");
    // By the clock of the server, which is not that of the command.
    let late = signin::link(&*server.office.store, &server.host(), user).unwrap();
    server.clock.pass_days(1);
    assert_eq!(choose(&late, PASSWORD).await.body["code"], "bad_code");

    let ((_, one), (_, two)) = (browser.signs_in("吴刚", PASSWORD).await, browser.signs_in("吴刚", PASSWORD).await);
    let new = "白日依山尽黄河入海流";
    let refused = one.post("session/password", &json!({ "old": "不是这个密码", "new": new })).await;
    assert_eq!((refused.status, &refused.body["code"]), (401, &json!("wrong_password")));
    let changed = one.post("session/password", &json!({ "old": PASSWORD, "new": new })).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    // Everybody else who was signed in as this person is not any more.
    assert_eq!((one.get("session").await.status, two.get("session").await.status), (401, 401));
    let cookie = changed.cookie.unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(Browser { cookie: Some(cookie), ..one }.get("session").await.status, 200);
    assert_eq!(browser.signs_in("吴刚", PASSWORD).await.0.status, 401);
    assert_eq!(browser.signs_in("吴刚", new).await.0.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_another_site_speaks_in_somebodys_name() {
    let server = TestServer::start().await;
    somebody(&server, "吴刚").await;
    let (_, browser) = Browser::at(&server).signs_in("吴刚", PASSWORD).await;
    let step = json!({ "kind": "notice.draft" });
    let host = server.url().strip_prefix("http://").unwrap().to_owned();
    let (ours, theirs) = (format!("http://{host}"), "https://example.org".to_owned());
    let foreign: [&[(&str, &str)]; 5] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", &theirs)],
        &[("origin", "null")],
    ];
    for lines in foreign {
        for (method, path) in [(Method::POST, "steps"), (Method::DELETE, "session"), (Method::POST, "session")] {
            let reply = browser.ask(method, path, Some(&step), lines).await;
            assert_eq!((reply.status, &reply.body["code"]), (403, &json!("cross_site")), "{path} {lines:?}");
        }
        assert_eq!(browser.ask(Method::GET, "session", None, lines).await.status, 200, "looking is no harm");
    }
    for lines in [&[("sec-fetch-site", "same-origin")][..], &[("origin", &ours)], &[]] {
        let reply = browser.ask(Method::POST, "steps", Some(&step), lines).await;
        assert_eq!(reply.body["code"], "bad_field", "heard, and not right: {}", reply.body);
    }
    // Behind a proxy that speaks TLS the cookie is bound to this host.
    let body = json!({ "name": "吴刚", "password": PASSWORD });
    let reply = browser.ask(Method::POST, "session", Some(&body), &[("x-forwarded-proto", "https")]).await;
    let cookie = reply.cookie.unwrap();
    assert!(cookie.starts_with("__Host-xuncha_session=") && cookie.contains("; Secure"), "{cookie}");
    // One that a neighbour of this host may have set goes behind it.
    let bound = cookie.split(';').next().unwrap();
    let both = Browser { cookie: Some(format!("xuncha_session=planted; {bound}")), ..browser };
    assert_eq!(both.get("session").await.status, 200);
}
