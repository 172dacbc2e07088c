//! What phones get to see, page by page, and when they stop seeing it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use xuncha_core::model::{Cursor, EntityId, Hash};
use xuncha_core::op::Seen;
use xuncha_core::plan::{Scope, project};
use xuncha_core::proof::{Checkpoint, verify_consistency};
use xuncha_core::protocol::{LedgerInfo, PullReply, PullRequest, Row, RowPart, paths};
use xuncha_tests::harness::{RawPhone, TestServer, square};

/// What a phone holds: rows by scope, and where it stands.
#[derive(Default)]
struct Notes {
    request: PullRequest,
    rows: BTreeMap<Scope, BTreeMap<EntityId, (u64, String)>>,
    pages: u32,
    /// How often each entity was sent.
    sent: BTreeMap<EntityId, u32>,
    dropped: Vec<Scope>,
}

impl Notes {
    /// Pulls until there is no more, and compares every checksum.
    async fn pull(&mut self, phone: &RawPhone, limit: u32) {
        self.request.limit = Some(limit);
        loop {
            let page = phone.pull(&self.request).await;
            self.pages += 1;
            self.keep(&page);
            if !page.more {
                for (scope, sum) in &page.sums {
                    let rows = self.rows.get(scope).into_iter().flatten();
                    let own =
                        rows.fold(RowPart::default(), |sum, (id, (index, row))| sum.plus(Row::sum(*id, *index, row)));
                    assert_eq!(&own.to_text(), sum, "{scope}");
                }
                assert_eq!(page.sums.keys().collect::<Vec<_>>(), page.joined.iter().collect::<Vec<_>>());
                return;
            }
        }
    }

    fn keep(&mut self, page: &PullReply) {
        for row in &page.rows {
            *self.sent.entry(row.id).or_default() += 1;
            for number in &row.scopes {
                let rows = self.rows.entry(page.scopes[usize::from(*number)].clone()).or_default();
                match &row.row {
                    Some(text) => rows.insert(row.id, (row.index, text.get().to_owned())),
                    None => rows.remove(&row.id),
                };
            }
        }
        for scope in &page.dropped {
            self.rows.remove(scope);
            self.dropped.push(scope.clone());
        }
        self.request.cursor = Some(page.cursor);
        self.request.joined = page.joined.clone();
        self.request.catching = page.catching.clone();
    }

    fn shows(&self, id: EntityId) -> bool {
        self.rows.values().any(|rows| rows.contains_key(&id))
    }
}

fn at(place: f64) -> Value {
    json!({ "item": "SR-1", "place": { "lat": place, "lon": place } })
}

async fn record_at(phone: &mut RawPhone, place: f64) -> (EntityId, u64) {
    let draft = phone.draft("finding.record", None, &at(place));
    let text = phone.say(&draft);
    (draft.entity, phone.settle(&text).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_phone_gets_everything_once_however_small_its_pages() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let mut findings = Vec::new();
    for number in 0..12 {
        findings.push(record_at(&mut phone, f64::from(number)).await);
    }
    // Changed since: still sent once, in its newest state.
    let (changed, base) = findings[3];
    let amend = phone.about("finding.amend", changed, Some(base), &json!({ "note": "后来" }));
    phone.settle(&amend).await;
    for limit in [1, 2, 7, 5_000] {
        let mut notes = Notes::default();
        notes.pull(&phone, limit).await;
        assert!(notes.sent.values().all(|times| *times == 1), "limit {limit}: {:?}", notes.sent);
        assert!(findings.iter().all(|(id, _)| notes.shows(*id)));
        let quiet = notes.pages;
        notes.pull(&phone, limit).await;
        assert_eq!(notes.pages, quiet + 1, "an idle pull is one request");
        assert!(notes.sent.values().all(|times| *times == 1));
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_has_seen_more_or_something_else_is_told_that_the_ledger_was_rolled_back() {
    let server = TestServer::start().await;
    let phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let size = server.office.size();
    let ask = async |cursor: Option<(u32, u64)>, seen: Option<Seen>| {
        let cursor = cursor.map(|(epoch, size)| Cursor { epoch, size });
        let answer = phone.try_pull(&PullRequest { cursor, seen, ..PullRequest::default() }).await;
        (answer.status, answer.code())
    };
    let root = Hash::of(b"another ledger");
    let rolled_back = (409, "ledger_rolled_back".to_owned());
    assert_eq!(ask(Some((1, size + 1)), None).await, rolled_back);
    assert_eq!(ask(Some((2, 1)), None).await, rolled_back);
    for seen in [(1, size), (1, size - 1), (1, size + 1), (2, size), (1, 0), (1, u64::MAX)] {
        assert_eq!(ask(None, Some(Seen { epoch: seen.0, size: seen.1, root })).await, rolled_back, "{seen:?}");
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_proves_that_the_ledger_only_grew() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let info: LedgerInfo = phone.ask("GET", paths::LEDGER, Vec::new(), &[]).await.unwrap().read();
    let mut request = PullRequest::default();
    for round in 0..9 {
        let page = phone.pull(&request).await;
        let note = page.checkpoint.unwrap();
        let new = Checkpoint::open(&note, &info.key.0, info.ledger.0).unwrap();
        if let Some(old) = &request.seen {
            verify_consistency(old.size, &old.root, new.size, &new.root, &page.consistency).unwrap();
        }
        request.seen = Some(Seen { epoch: 1, size: new.size, root: new.root });
        assert_eq!(phone.pull(&request).await.checkpoint, None, "nothing grew");
        for number in 0..=round {
            record_at(&mut phone, f64::from(number)).await;
        }
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_area_granted_later_is_caught_up_before_it_joins_and_dropped_when_revoked() {
    let server = TestServer::start().await;
    let east = server.office.area("东区", &square(10.0, 20.0));
    let west = server.office.area("西区", &square(30.0, 40.0));
    let mut recorder = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let mut in_west = BTreeSet::new();
    for number in 0..5 {
        record_at(&mut recorder, 11.0 + f64::from(number)).await;
        in_west.insert(record_at(&mut recorder, 31.0 + f64::from(number)).await.0);
    }
    let user = server.office.user("李强", &["inspector"], &[east]);
    let phone = RawPhone::of(&server, user).await;
    let mut notes = Notes::default();
    notes.pull(&phone, 3).await;
    assert!(in_west.iter().all(|id| !notes.shows(*id)));

    server.office.change("user.amend", user, json!({ "areas": { west.to_string(): true } }));
    in_west.insert(record_at(&mut recorder, 39.0).await.0);
    let page = phone.pull(&PullRequest { limit: Some(2), ..notes.request.clone() }).await;
    notes.keep(&page);
    assert!(page.more && !page.joined.contains(&Scope::area(west)) && page.catching.contains_key(&Scope::area(west)));
    notes.pull(&phone, 2).await;
    assert!(notes.request.joined.contains(&Scope::area(west)));
    assert!(in_west.iter().all(|id| notes.shows(*id)));

    server.office.change("user.amend", user, json!({ "areas": { west.to_string(): null } }));
    notes.pull(&phone, 3).await;
    assert_eq!(notes.dropped, [Scope::area(west)]);
    assert!(in_west.iter().all(|id| !notes.shows(*id)));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_that_moves_to_another_area_leaves_the_first_and_may_come_back() {
    let server = TestServer::start().await;
    let east = server.office.area("东区", &square(10.0, 20.0));
    server.office.area("西区", &square(30.0, 40.0));
    let mut recorder = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let (finding, _) = record_at(&mut recorder, 15.0).await;
    let user = server.office.user("李强", &["inspector"], &[east]);
    let phone = RawPhone::of(&server, user).await;
    let mut notes = Notes::default();
    notes.pull(&phone, 100).await;
    assert!(notes.shows(finding));
    for (place, shown) in [(35.0, false), (36.0, false), (12.0, true), (1.0, false), (11.0, true)] {
        let amend = recorder.about("finding.amend", finding, None, &json!({ "place": { "lat": place, "lon": place } }));
        recorder.settle(&amend).await;
        notes.pull(&phone, 100).await;
        assert_eq!(notes.shows(finding), shown, "{place}");
        server.check_all();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_sees_neither_findings_of_others_nor_who_wrote_what() {
    let server = TestServer::start().await;
    let mut recorder = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let (finding, _) = record_at(&mut recorder, 15.0).await;
    let unit = server.office.add("unit.add", json!({ "name": "某路环卫" }));
    let body = json!({ "name": "联络员", "roles": { "coordinator": true }, "unit": unit });
    let user = server.office.add("user.add", body);
    let phone = RawPhone::of(&server, user).await;
    let mut notes = Notes::default();
    notes.pull(&phone, 2).await;
    assert_eq!(notes.request.joined, [Scope::org(), Scope::unit(unit), Scope::user(user)]);
    assert!(!notes.shows(finding) && !notes.shows(recorder.user), "of the city's people and findings it sees none");

    let shown = project(&server.office.entity(finding), &Scope::unit(unit)).to_text();
    for secret in [recorder.user.to_string(), recorder.line.to_string()] {
        assert!(server.office.entity(finding).to_text().contains(&secret));
        assert!(!shown.contains(&secret), "{shown}");
    }
    server.check_all();
}
