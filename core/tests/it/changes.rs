//! Waiting for changes: edits and pages are heard of, looking is not.

use std::time::Duration;

use futures_util::FutureExt as _;
use xuncha_core::notebook::ListPage;

use super::city::City;
use super::machine::{Phone, finding, note};

#[tokio::test]
async fn an_edit_and_a_page_are_heard_of_and_a_look_is_not() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let mut changes = phone.changes();
    phone.list(ListPage { after: None, limit: 10 }).unwrap();
    assert!(changes.next().now_or_never().is_none(), "nothing was written");

    let id = phone.record(finding("井盖缺失"), vec![]).unwrap();
    phone.amend(id, note("已围挡"), vec![]).unwrap();
    assert_eq!(changes.next().now_or_never(), Some(true));
    assert!(changes.next().now_or_never().is_none(), "two edits in a row are told once");

    phone.synced(&city).await.unwrap();
    assert_eq!(changes.next().now_or_never(), Some(true));

    phone.suspend(Duration::from_secs(5)).unwrap();
    assert!(changes.next().now_or_never().is_none());
    phone.resume().unwrap();
    assert_eq!(changes.next().now_or_never(), Some(true), "nobody could look meanwhile");
}

#[tokio::test]
async fn waiting_ends_with_the_notebook() {
    let phone = Phone::new(1);
    let mut changes = phone.changes();
    drop(phone);
    assert!(!changes.next().await);
}
