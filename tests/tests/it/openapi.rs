//! The description of the API that the console's client is made from.

use std::path::Path;

use xuncha_tests::harness::put_bytes;

/// Says so when the test shall write the file anew.
const RENEW: &str = "XUNCHA_RENEW";

#[test]
fn the_console_is_written_against_what_the_server_gives() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/console/openapi.json");
    let given = serde_json::to_string_pretty(&xuncha_server::api::document()).unwrap() + "\n";
    if std::env::var_os(RENEW).is_some() {
        put_bytes(&path, &given);
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        kept == given,
        "server/console/openapi.json is not what the server gives. Renew it with\n\
         {RENEW}=1 cargo nextest run --cargo-profile ci --workspace -E 'test(the_console_is_written_against)'"
    );
}
