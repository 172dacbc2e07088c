//! Saving a finding with a photo, against a bare durable write and one commit.

use xuncha_tests::harness::{SeededRandom, photo};

use crate::city::City;
use crate::measure::{median, settle_disk, timed};
use crate::raw::Bare;
use crate::report::{Bound, Row};

/// Saves of each kind; they take turns.
const SAVES: usize = 41;

const BYTES: usize = 3_000_000;

pub(crate) async fn measure() -> Row {
    let city = City::found();
    let phone = city.phone_nearby().await;
    let (mut bare, random) = (Bare::new(), SeededRandom::new());
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    settle_disk();
    for number in 0..SAVES {
        let (one, other) = (photo(&random, BYTES), photo(&random, BYTES));
        if number % 2 == 0 {
            raw.push(bare.save(&other));
        }
        ours.push(timed(|| phone.record(&[one])));
        if number % 2 == 1 {
            raw.push(bare.save(&other));
        }
    }
    Row::against("save a finding with a 3 MB photo", "ms", median(&ours), median(&raw), Bound::AtMost(1.25))
}
