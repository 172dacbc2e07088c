//! The web console as browsers get it: one page for every address of its own, files that last, and a strict policy.

use reqwest::{Method, Response};
use xuncha_tests::harness::{TestServer, http_client, put_bytes};

async fn ask(server: &TestServer, method: Method, path: &str, lines: &[(&str, &str)]) -> Response {
    let mut request = http_client().request(method, format!("{}{path}", server.url()));
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

const PAGE: &[(&str, &str)] = &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];

fn line<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_of_the_console_gets_its_page_and_no_other_does() {
    let server = TestServer::start().await;
    let first = ask(&server, Method::GET, "/", PAGE).await;
    assert_eq!((first.status().as_u16(), line(&first, "content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(line(&first, "cache-control"), "no-cache");
    let policy = line(&first, "content-security-policy").to_owned();
    for part in
        ["default-src 'none'", "script-src 'self';", "style-src 'self';", "base-uri 'none'", "frame-ancestors 'self'"]
    {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert_eq!((line(&first, "x-content-type-options"), line(&first, "referrer-policy")), ("nosniff", "no-referrer"));
    let tag = line(&first, "etag").to_owned();
    let page = first.text().await.unwrap();
    for path in ["/review", "/findings/019abc00-0000-7000-8000-000000000001", "/notices/x", "/password", "/v1x"] {
        assert_eq!(ask(&server, Method::GET, path, PAGE).await.text().await.unwrap(), page, "{path}");
    }
    let known = ask(&server, Method::GET, "/review", &[PAGE[0], ("if-none-match", &tag)]).await;
    assert_eq!(known.status().as_u16(), 304);
    let head = ask(&server, Method::HEAD, "/", PAGE).await;
    assert_eq!((head.status().as_u16(), line(&head, "content-length")), (200, page.len().to_string().as_str()));
    for (method, path, lines) in [
        (Method::GET, "/v1/nothing/at/all", PAGE),
        (Method::GET, "/v1", PAGE),
        (Method::GET, "/metrics", PAGE),
        (Method::GET, "/assets/nothing.js", PAGE),
        (Method::POST, "/review", PAGE),
        (Method::GET, "/review", &[("accept", "application/json")]),
    ] {
        let answer = ask(&server, method.clone(), path, lines).await;
        assert_eq!(answer.status().as_u16(), 404, "{method} {path}");
        assert_eq!(line(&answer, "content-type"), "application/problem+json", "{method} {path}");
    }
    let enrol = ask(&server, Method::GET, "/enrol", PAGE).await;
    assert!(line(&enrol, "content-type").starts_with("text/plain"), "an invitation opens the app");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_console_last_and_are_sent_once() {
    let server = TestServer::start().await;
    let page = ask(&server, Method::GET, "/", PAGE).await.text().await.unwrap();
    let scripts: Vec<&str> =
        page.split('"').filter(|part| part.starts_with("/assets/") && part.ends_with(".js")).collect();
    let Some(script) = scripts.first() else {
        assert!(page.contains("XUNCHA_NO_CONSOLE"), "a server without a console says how to get it: {page}");
        return;
    };
    let plain = ask(&server, Method::GET, script, &[]).await;
    assert_eq!((plain.status().as_u16(), line(&plain, "content-type")), (200, "text/javascript; charset=utf-8"));
    assert!(line(&plain, "cache-control").contains("immutable"), "{plain:?}");
    let tag = line(&plain, "etag").to_owned();
    let known = ask(&server, Method::GET, script, &[("if-none-match", &tag)]).await;
    assert_eq!(known.status().as_u16(), 304);
    let length: usize = line(&plain, "content-length").parse().unwrap();
    let small = ask(&server, Method::GET, script, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(line(&small, "content-encoding"), "gzip");
    assert_ne!(line(&small, "etag"), tag, "what is sent in two forms has two tags");
    let small = small.bytes().await.unwrap();
    assert!(small.starts_with(&[0x1f, 0x8b]) && small.len() < length, "{} of {length}", small.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_lets_the_map_of_the_settings_in() {
    let mut server = TestServer::start().await;
    let settings = server.data().join(xuncha_server::settings::FILE);
    let before = std::fs::read_to_string(&settings).unwrap_or_default();
    put_bytes(&settings, format!("{before}\n[map]\ntiles = \"https://tiles.example.cn:8443/{{z}}/{{x}}/{{y}}.png\"\n"));
    server.restart().await;
    let page = ask(&server, Method::GET, "/", PAGE).await;
    let policy = line(&page, "content-security-policy");
    for part in [
        "img-src 'self' data: blob: https://tiles.example.cn:8443;",
        "connect-src 'self' https://tiles.example.cn:8443;",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
}
