//! The first page of a long list, on the phone.

use rusqlite::params;
use uuid::Uuid;
use xuncha_core::notebook::ListPage;
use xuncha_tests::harness::SeededRandom;

use crate::author::Author;
use crate::city::{City, Inspector};
use crate::measure::{median, timed};
use crate::report::{Bound, Row};

const FINDINGS: usize = 1_000_000;

/// Findings that were really pulled; the others are copies of them under other ids and times.
pub(crate) const PULLED: usize = 1_000;

/// Findings on the first page.
const FIRST: u32 = 50;

const ROUNDS: usize = 21;

pub(crate) async fn measure() -> Vec<Row> {
    let city = City::found();
    Author::of(&city, 4).await.say(PULLED, None).await;
    let phone = city.phone_nearby().await;
    phone.sync().await;
    fill(&phone, FINDINGS);
    assert_eq!(phone.findings(), FINDINGS as i64);
    let first = || {
        let listed = phone.notebook.list(ListPage { after: None, limit: FIRST }).unwrap();
        assert_eq!(listed.len(), FIRST as usize);
    };
    // The first time alone reads from the disk; the others are what a person sees when coming back.
    let once = timed(first);
    let again: Vec<_> = (0..ROUNDS).map(|_| timed(first)).collect();
    let what = "first page of the phone's list of 1,000,000";
    vec![Row::plain(what, "ms", once.max(median(&again)), Bound::AtMost(200.0))]
}

/// Copies the pulled findings until there are so many, each with an id and a time of its own.
pub(crate) fn fill(phone: &Inspector, findings: usize) {
    let mut db = phone.database();
    let pulled: Vec<(Vec<u8>, i64, String)> = db
        .prepare("SELECT id, at, row FROM entity WHERE kind = 'finding'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let random = SeededRandom::from_seed(5);
    for copy in 1..findings / PULLED {
        let whole = db.transaction().unwrap();
        let mut insert = whole
            .prepare_cached(
                "INSERT INTO entity (id, \"index\", row, kind, status, item, at, lat, lon, disputed)
                 SELECT ?1, \"index\", ?2, kind, status, item, ?3, lat, lon, disputed FROM entity WHERE id = ?4",
            )
            .unwrap();
        for (id, at, row) in &pulled {
            let (old, new) = (Uuid::from_slice(id).unwrap(), Uuid::from_u64_pair(random.number(), random.number()));
            let text = row.replace(&old.to_string(), &new.to_string());
            insert.execute(params![new.as_bytes(), text, at - copy as i64 * 60_000, id]).unwrap();
        }
        drop(insert);
        whole.commit().unwrap();
    }
}
