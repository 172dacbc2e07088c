//! Figures, printed; run with `--run-ignored only` and the release profile.

use serde_json::json;

use super::city::City;
use super::machine::Phone;

#[tokio::test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "a measurement looks at the real clock")]
async fn a_fresh_phone_pulls_20000_findings() {
    let city = City::new(1);
    let note = "人行道地砖松动约三平方米,雨后积水,行人多次绊倒。".repeat(4);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let author = city.user("王");
    for i in 0..20_000 {
        let place = json!({"lat": 39.9 + f64::from(i) * 1e-6, "lon": 116.4, "accuracy": 8.0, "provider": "gps"});
        let body = json!({"item": "SR-1", "note": note, "severity": "medium", "place": place});
        let mut ledger = city.lock();
        let id = xuncha_core::model::EntityId(uuid::Uuid::from_u128(0x0199 << 112 | 7 << 76 | i as u128));
        ledger.say_by(Some(author), "finding.record", id, body);
    }
    // The city's own work is paid for beforehand: a second phone gets the same pages.
    let started = std::time::Instant::now();
    let options = xuncha_core::sync::SyncOptions { page_rows: Some(5_000), ..Default::default() };
    let synced = phone.sync_with(&city, &(), &options).await.unwrap();
    println!("pulled {} rows in {:?}, city included", synced.pulled_rows, started.elapsed());
}
