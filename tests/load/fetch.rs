//! What a phone fetches: everything when it is new, one change, nothing.

use xuncha_tests::harness::{Net, http_client};

use crate::author::Author;
use crate::city::{City, Inspector, square};
use crate::measure::{Watch, median, settle_disk};
use crate::raw::Bare;
use crate::report::{Bound, Row};

const FRESH: usize = 20_000;
const FRESH_ROUNDS: usize = 5;

/// Rows of one page.
const PAGE: usize = 5_000;

const SIZES: [usize; 2] = [1_000, 100_000];
const CHANGES: usize = 101;

/// A fresh phone pulls everything into its SQLite; against bare inserts of the same rows.
pub(crate) async fn fresh() -> Vec<Row> {
    let city = City::found();
    Author::of(&city, 1).await.say(FRESH, None).await;
    let net = Net::before(city.address()).await;
    let (mut ours, mut raw, mut bytes) = (Vec::new(), Vec::new(), 0);
    let rows = city.rows();
    for _ in 0..FRESH_ROUNDS {
        let phone = city.phone_nearby().await;
        settle_disk();
        let watch = Watch::start();
        let synced = phone.sync().await;
        ours.push(watch.millis() / 1000.0);
        assert_eq!((phone.findings(), synced.documents), (FRESH as i64, 1));
        settle_disk();
        raw.push(Bare::new().insert(&rows, PAGE) / 1000.0);
        println!("fresh: {:.2} s, raw {:.2} s", ours[ours.len() - 1], raw[raw.len() - 1]);
    }
    let phone = city.phone(&net.url()).await;
    let before = net.counts().bytes_down;
    phone.sync().await;
    bytes += net.counts().bytes_down - before;
    let time = Row::plain("a fresh phone pulls 20,000 findings", "s", median(&ours), Bound::AtMost(1.2));
    let size = Row::plain("the same, bytes down", "MB", bytes as f64 / 1e6, Bound::AtMost(6.0));
    let texts = rows.concat();
    let packed = zstd::bulk::compress(texts.as_bytes(), 3).unwrap().len() as f64 / 1e6;
    vec![
        time.over(median(&raw)).beside("Anki 0.72, copies a file; PouchDB 8.6; TaskChampion 12.9"),
        size.over(packed).beside("Anki 5.7, PouchDB 5.7, Atuin 33"),
    ]
}

/// A phone that has everything pulls one change, on top of few and of many; against a bare HTTP
/// request and one commit.
pub(crate) async fn change() -> Vec<Row> {
    let (mut times, mut rows) = (Vec::new(), Vec::new());
    let peers = ["Atuin 1.2, Anki 3.5, PouchDB 25", "Atuin 14, Anki 8, PouchDB 27"];
    for (size, peer) in SIZES.into_iter().zip(peers) {
        let (ours, raw) = one_change(size).await;
        times.push(ours);
        let what = format!("pull of one change on top of {size}");
        rows.push(Row::plain(&what, "ms", ours, Bound::AtMost(3.0)).over(raw).beside(peer));
    }
    let flat = Row::plain("the same, many against few", "x", times[1] / times[0], Bound::AtMost(1.2));
    rows.push(flat.beside("Atuin 12, Anki 2.3, PouchDB 1.1"));
    rows
}

async fn one_change(size: usize) -> (f64, f64) {
    let city = City::found();
    let mut author = Author::of(&city, 2).await;
    author.say(size, None).await;
    let phone = city.phone_nearby().await;
    phone.sync().await;
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    let (mut bare, http) = (Bare::new(), http_client());
    settle_disk();
    for _ in 0..CHANGES {
        author.say(1, None).await;
        let watch = Watch::start();
        let synced = phone.sync().await;
        ours.push(watch.millis());
        assert_eq!((synced.pulled_rows, synced.requests), (1, 1), "{synced:?}");
        let watch = Watch::start();
        let reply = http.get(format!("{}/healthz", city.url())).send().await.unwrap();
        assert_eq!(reply.bytes().await.unwrap(), "ok\n");
        bare.commit();
        raw.push(watch.millis());
        // Not more than a device may ask for in a second, over the whole row.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    println!("change: {size} findings, {:.2} ms, raw {:.2} ms", median(&ours), median(&raw));
    (median(&ours), median(&raw))
}

/// A sync with nothing to do: requests and bytes, also when the ledger grew elsewhere.
pub(crate) async fn idle() -> Vec<Row> {
    let city = City::found();
    let (here, there) = (square(0), square(1));
    let area = city.office.area("街道", &here.0);
    city.office.area("别处", &there.0);
    let mut author = Author::of(&city, 3).await;
    author.say(1_000, Some(there.1)).await;
    let net = Net::before(city.address()).await;
    let phone = city.phone_of(&net.url(), "王敏", &[area]).await;
    phone.sync().await;
    let (requests, still) = cost(&phone, &net).await;
    author.say(1_000, Some(there.1)).await;
    let (more, grown) = cost(&phone, &net).await;
    vec![
        Row::plain("idle sync, requests", "", requests.max(more) as f64, Bound::AtMost(1.0)).beside("Anki 8"),
        Row::plain("idle sync, bytes both ways", "B", still as f64, Bound::AtMost(1_000.0)).beside("Anki 4,800"),
        Row::plain("idle sync after the log grew", "B", grown as f64, Bound::AtMost(2_000.0)),
    ]
}

async fn cost(phone: &Inspector, net: &Net) -> (u64, u64) {
    let before = net.counts();
    let synced = phone.sync().await;
    let after = net.counts();
    assert_eq!(synced.pulled_rows, 0);
    (after.requests - before.requests, after.bytes_up + after.bytes_down - before.bytes_up - before.bytes_down)
}
