//! A hundred photos from a phone to a server, against writing and syncing the same files.

use crate::city::City;
use crate::measure::{Watch, median, settle_disk};
use crate::pictures::{Pictures, megabytes};
use crate::raw;
use crate::report::{Bound, Row};

/// Photos in flight, and the share of the bare limit that is wanted.
const WAYS: [(usize, f64); 2] = [(1, 0.6), (3, 0.8)];

const PEER: [&str; 2] = ["tus 159, no fsync", "tus 150, no fsync"];

pub(crate) async fn measure(pictures: &Pictures, rounds: usize) -> Vec<Row> {
    let size = megabytes(&pictures.files);
    let (mut ours, mut raw, mut memory) = ([Vec::new(), Vec::new()], Vec::new(), 0);
    for round in 0..rounds {
        for (way, (in_flight, _)) in WAYS.iter().enumerate() {
            settle_disk();
            let bare = size * 1000.0 / raw::write_all(&pictures.files);
            let (sent, used) = send(pictures, *in_flight).await;
            println!("round {}: {in_flight} in flight {:.0} MB/s, raw {bare:.0} MB/s", round + 1, size * 1000.0 / sent);
            raw.push(bare);
            ours[way].push(size * 1000.0 / sent);
            memory = memory.max(used);
        }
    }
    let row = |way: usize| {
        let (in_flight, share) = WAYS[way];
        let what = format!("photos up, {in_flight} in flight");
        Row::against(&what, "MB/s", median(&ours[way]), median(&raw), Bound::AtLeast(share)).beside(PEER[way])
    };
    let server = Row::plain("photos up, peak memory of the server", "MB", memory as f64 / 1e6, Bound::AtMost(256.0));
    vec![row(0), row(1), server.beside("tus 70, ODK 620")]
}

/// Milliseconds, and the most memory that the server had in use.
async fn send(pictures: &Pictures, in_flight: usize) -> (f64, u64) {
    let city = City::found();
    let phone = city.phone_nearby().await;
    phone.record(&pictures.files);
    phone.sync_on_the_road().await;
    settle_disk();
    let watch = Watch::start();
    let synced = phone.sync_at_home(in_flight).await;
    let took = watch.millis();
    assert_eq!((synced.files_sent, synced.files_waiting), (pictures.files.len() as u64, 0), "{synced:?}");
    (took, city.server_memory())
}
