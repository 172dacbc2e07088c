//! What people do with it, told in their words: real phones, a real server, one sentence each.

mod calendar;
mod casework;
mod conflicts;
mod day;
mod disaster;
mod found;
mod identity;
mod journeys;
mod network;
mod photos;
mod shared_phone;
mod sight;
mod whereabouts;

use xuncha_tests::harness::{Phone, TestServer};

/// A city with two inspectors.
async fn two_phones() -> (TestServer, Phone, Phone) {
    let server = TestServer::start().await;
    let a = Phone::of(&server, "王敏", "inspector").await;
    let b = Phone::of(&server, "李强", "inspector").await;
    (server, a, b)
}

/// Everything hangs together: on every phone, and on the server.
fn check(server: &TestServer, phones: &[&Phone]) {
    phones.iter().for_each(|phone| phone.check());
    server.check_all();
}
