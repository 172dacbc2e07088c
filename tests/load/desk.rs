//! First pages of a desk's lists and searches, over HTTP.

use serde_json::{Value, json};
use uuid::Uuid;
use xuncha_core::host::Host;
use xuncha_core::model::{Entity, EntityId, Time};
use xuncha_server::ledger::listed;
use xuncha_server::store::EntityRow;
use xuncha_tests::harness::{SeededRandom, cluster, http_client};

use crate::author::Author;
use crate::city::City;
use crate::measure::{Watch, median};
use crate::report::{Bound, Row};

const FINDINGS: usize = 1_000_000;

/// Findings that were really said; the others are copies of them under other ids.
const SAID: usize = 1_000;

/// Copies written in one transaction.
const TOGETHER: usize = 5_000;

const ROUNDS: usize = 11;

/// What is asked for. Of the two roads each finding lies on one at most: both lists of a hundred thousand are gone through in vain.
const ASKED: &[(&str, &str)] = &[
    ("the newest", "findings"),
    ("in a state, of an item", "findings?status=dispatched&item={item}"),
    ("overdue, by deadline", "findings?standing=overdue&order=due"),
    ("overdue, of an item, by deadline", "findings?standing=overdue&order=due&item={item}"),
    ("overdue, of a word, by deadline", "findings?standing=overdue&order=due&q=解放街 施工便道"),
    ("words that many have", "findings?q=人民路"),
    ("words that a few have", "findings?q=解放街 施工便道"),
    ("words that never meet", "findings?q=解放街 人民路"),
    ("a word that nobody said", "findings?q=鳜"),
];

pub(crate) async fn measure() -> Vec<Row> {
    let mut rows = measure_on("SQLite", true).await;
    if cluster().is_some() {
        rows.extend(measure_on("PostgreSQL", false).await);
    }
    rows
}

async fn measure_on(engine: &str, in_sqlite: bool) -> Vec<Row> {
    let city = City::found_in(in_sqlite);
    Author::of(&city, 7).await.say(SAID, None).await;
    let item = fill(&city, FINDINGS);
    let chief = city.office.user("吴刚", &["supervision", "acceptor"], &[]);
    let (token, http) = (city.office.seat(chief), http_client());
    let mut rows = Vec::new();
    for (what, path) in ASKED {
        let path = path.replace("{item}", &item);
        let mut millis = Vec::new();
        for _ in 0..=ROUNDS {
            let url = format!("{}/v1/{path}", city.url());
            let watch = Watch::start();
            let response = http.get(url).bearer_auth(&token).send().await.unwrap();
            assert_eq!(response.status().as_u16(), 200, "{path}");
            let page: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
            millis.push(watch.millis());
            let empty = matches!(*what, "words that never meet" | "a word that nobody said");
            assert_eq!(page["lines"].as_array().unwrap().is_empty(), empty, "{path}");
        }
        // The first time reads from the disk; the others are what people see who come back.
        let slowest = millis.remove(0).max(median(&millis));
        rows.push(Row::plain(&format!("{engine}, of {FINDINGS}: {what}"), "ms", slowest, Bound::AtMost(200.0)));
    }
    rows
}

/// Copies the findings that were said until there are so many, half of them at work with a deadline; gives the item of
/// some of those.
fn fill(city: &City, findings: usize) -> String {
    let (store, random) = (&city.office.store, SeededRandom::from_seed(7));
    let said = store.look(|snapshot| snapshot.all_entities(None, u32::MAX >> 1)).unwrap();
    let said: Vec<EntityRow> = said.into_iter().filter(|row| row.kind == "finding").collect();
    assert_eq!(said.len(), SAID);
    let now = Host::system().clock.wall();
    let copies: Vec<usize> = (0..findings - SAID).collect();
    for part in copies.chunks(TOGETHER) {
        store
            .change(|batch| {
                let mut lines = Vec::new();
                for number in part {
                    let (row, entity) = copy(&said[number % SAID], *number, now, &random);
                    batch.put_entity(&row)?;
                    lines.extend(listed(&entity, now));
                }
                batch.put_listed(&lines)
            })
            .unwrap();
    }
    let first: Entity = serde_json::from_str(&said[0].row).unwrap();
    first.text("item").unwrap().to_owned()
}

fn copy(of: &EntityRow, number: usize, now: Time, random: &SeededRandom) -> (EntityRow, Entity) {
    let id = EntityId(Uuid::from_u64_pair(random.number(), random.number()));
    let mut entity: Entity = serde_json::from_str(&of.row.replace(&of.id.to_string(), &id.to_string())).unwrap();
    if number.is_multiple_of(2) {
        let deadline = now.plus_millis((number as i64 - FINDINGS as i64 / 2) * 1_000);
        entity.fields.insert("status".into(), json!("dispatched"));
        entity.fields.insert("deadline".into(), json!(deadline));
    }
    (EntityRow { id, row: serde_json::to_string(&entity).unwrap(), ..of.clone() }, entity)
}
