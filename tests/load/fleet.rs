//! Many phones at once: fifty that see everything, five hundred that each see their part.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use xuncha_core::model::EntityId;

use crate::city::{City, Inspector, square};
use crate::findings::Findings;
use crate::measure::{Watch, median, p99, settle_disk};
use crate::raw::Bare;
use crate::report::{Bound, Row};

const WHOLE: usize = 50;
const EACH: usize = 100;

const SCOPED: usize = 500;
const SCOPED_EACH: usize = 20;
const AREAS: usize = 100;

/// Fifty phones with a hundred findings each push at once; when the last one has, all pull the rest.
/// Against bare inserts of as many rows as server and phones store, on two threads.
pub(crate) async fn together() -> Row {
    let city = City::found();
    let mut phones = Vec::new();
    for number in 0..WHOLE {
        let phone = city.phone_nearby().await;
        phone.sync().await;
        phone.write_down_some(&Findings::seeded(number as u64), EACH);
        phones.push(Arc::new(phone));
    }
    settle_disk();
    let (all_have, watch) = (Arc::new(Barrier::new(WHOLE)), Watch::start());
    let mut running = JoinSet::new();
    for phone in &phones {
        let (phone, all_have) = (phone.clone(), all_have.clone());
        running.spawn(async move {
            phone.sync().await;
            all_have.wait().await;
            phone.sync().await;
        });
    }
    running.join_all().await;
    let took = watch.millis() / 1000.0;
    for phone in &phones {
        assert_eq!(phone.findings(), (WHOLE * EACH) as i64);
    }
    println!("fleet: {took:.2} s, server {:.0} MB", city.server_memory() as f64 / 1e6);
    let what = "50 phones x 100 findings, all end with 5,000";
    let peers = "PouchDB 68, Kinto 15; ODK, TaskChampion: half fail";
    Row::plain(what, "s", took, Bound::AtMost(8.0)).over(bare(&city.rows()) / 1000.0).beside(peers)
}

/// Milliseconds for bare inserts of these rows into one database for each phone and one for the server.
fn bare(rows: &[String]) -> f64 {
    let watch = Watch::start();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..WHOLE.div_ceil(2) {
                    Bare::new().insert(rows, rows.len());
                }
            });
        }
    });
    watch.millis()
}

/// Five hundred phones in a hundred areas, each with twenty findings in its own, all at once.
pub(crate) async fn scoped() -> Vec<Row> {
    let city = City::found();
    let areas: Vec<EntityId> =
        (0..AREAS).map(|number| city.office.area(&format!("街道{number}"), &square(number).0)).collect();
    let mut phones = Vec::new();
    for number in 0..SCOPED {
        phones.push(Arc::new(in_area(&city, &areas, number).await));
    }
    settle_disk();
    let watch = Watch::start();
    let mut running = JoinSet::new();
    for phone in &phones {
        let phone = phone.clone();
        running.spawn(async move {
            let watch = Watch::start();
            phone.sync().await;
            watch.millis() / 1000.0
        });
    }
    let times = running.join_all().await;
    let (all, memory) = (watch.millis() / 1000.0, city.server_memory() as f64 / 1e6);
    assert_eq!(city.texts().len(), SCOPED * SCOPED_EACH);
    println!("scoped: all done after {all:.2} s, half after {:.2} s", median(&times));
    let what = "500 phones x 20 findings in 100 areas, p99 of a sync";
    vec![
        Row::plain(what, "s", p99(&times), Bound::AtMost(10.0)).beside("ODK: 22 of 50 fail"),
        Row::plain("the same, peak memory of the server", "MB", memory, Bound::AtMost(256.0)).beside("ODK 620"),
    ]
}

async fn in_area(city: &City, areas: &[EntityId], number: usize) -> Inspector {
    let area = number % AREAS;
    let phone = city.phone_of(city.url(), &format!("巡查员{number}"), &[areas[area]]).await;
    phone.sync().await;
    let (findings, (lat, lon)) = (Findings::seeded(number as u64), square(area).1);
    phone.write_down((0..SCOPED_EACH).map(|_| findings.with_photos(findings.plain_at(lat, lon))));
    phone
}
