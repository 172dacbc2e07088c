//! What a broken connection costs: bytes that a phone sends a second time.

use xuncha_tests::harness::{Fault, Net, SeededRandom};

use crate::city::City;
use crate::pictures::Pictures;
use crate::report::{Bound, Row};

const CUTS: usize = 20;

/// Cuts behind the head, so that some of the photo has come.
const HEAD: usize = 2_000;

pub(crate) async fn measure(pictures: &Pictures) -> Row {
    let city = City::found();
    let net = Net::before(city.address()).await;
    let phone = city.phone(&net.url()).await;
    let random = SeededRandom::new();
    let mut most = 0;
    for photo in pictures.files.iter().take(CUTS) {
        phone.record(std::slice::from_ref(photo));
        phone.sync_on_the_road().await;
        let before = net.counts();
        phone.sync_on_the_road().await;
        let idle = net.counts().requests - before.requests;
        (0..idle).for_each(|_| net.spare_next());
        let cut = HEAD + random.below(photo.len() - HEAD);
        net.fail_next(Fault::CutRequest(cut));
        assert!(phone.sync_at_home(1).await.files_offline, "the cut befell another request");
        let after_cut = net.counts().bytes_up;
        assert_eq!(phone.sync_at_home(1).await.files_sent, 1);
        // Heads and the requests beside count as sent again too: they are some kilobytes.
        most = most.max((net.counts().bytes_up - after_cut + cut as u64).saturating_sub(photo.len() as u64));
    }
    let what = format!("after a cut, sent again (most of {CUTS})");
    Row::plain(&what, "MiB", most as f64 / f64::from(1 << 20), Bound::AtMost(1.0)).beside("tus 0 (at rest), nginx all")
}
