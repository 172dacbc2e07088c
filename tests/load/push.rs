//! One phone that comes home with a thousand findings.

use xuncha_tests::harness::Net;

use crate::city::City;
use crate::findings::Findings;
use crate::measure::{median, settle_disk};
use crate::raw::Bare;
use crate::report::{Bound, Row};

const FINDINGS: usize = 1_000;

const ROUNDS: u64 = 7;

/// Ops that the server appends in one transaction.
const BATCH: usize = 256;

/// Findings a second, signed, durable, merged, their verdicts stored; against bare inserts of the
/// same texts in as large transactions.
pub(crate) async fn rate() -> Row {
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let city = City::found();
        let phone = city.phone_nearby().await;
        phone.sync().await;
        phone.write_down_some(&Findings::seeded(round), FINDINGS);
        settle_disk();
        let (millis, ()) = phone.push_timed(|| ()).await;
        ours.push(per_second(millis));
        let texts = city.texts();
        assert_eq!(texts.len(), FINDINGS);
        raw.push(per_second(Bare::new().insert(&texts, BATCH)));
        println!("push: {:.0} findings/s, raw {:.0}", ours[ours.len() - 1], raw[raw.len() - 1]);
    }
    let row = Row::plain("one phone pushes 1,000 findings", "findings/s", median(&ours), Bound::AtLeast(10_000.0));
    row.over(median(&raw)).beside("Anki 24,300, unsigned; Atuin 8,800, unmerged; PouchDB 1,960; ODK 59")
}

/// Bytes of the same on the wire, heads included; against the texts packed as one.
pub(crate) async fn bytes() -> Row {
    let city = City::found();
    let net = Net::before(city.address()).await;
    let phone = city.phone(&net.url()).await;
    phone.sync().await;
    phone.write_down_some(&Findings::seeded(ROUNDS), FINDINGS);
    let before = net.counts().bytes_up;
    let (_, after) = phone.push_timed(|| net.counts().bytes_up).await;
    let texts = city.texts();
    let whole = texts.concat();
    let packed = zstd::bulk::compress(whole.as_bytes(), 3).unwrap();
    println!("bytes: an op has {} bytes on average", whole.len() / texts.len());
    let row = Row::plain("bytes up for 1,000 findings", "kB", (after - before) as f64 / 1000.0, Bound::AtMost(320.0));
    row.over(packed.len() as f64 / 1000.0).beside("Anki 227, unsigned; PouchDB 1,110; Atuin 1,650")
}

fn per_second(millis: f64) -> f64 {
    FINDINGS as f64 * 1000.0 / millis
}
