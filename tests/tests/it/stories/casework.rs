//! A case, from the shutter to the second notice: inspectors and a unit on their phones, reviewers at their desks.

use serde_json::json;
use xuncha_core::model::{Code, EntityId, FindingDraft, Notice, Time};
use xuncha_core::notebook::PreviewOptions;
use xuncha_core::plan::{Standing, overdue_field, standing};
use xuncha_core::protocol::Verdict;
use xuncha_server::casework::Deadlines;
use xuncha_tests::harness::{Office, Phone, TestServer, picture, until};

use super::check;

/// A bureau at work: three inspectors, the desks, and a unit with a coordinator's phone.
struct Bureau {
    server: TestServer,
    inspectors: Vec<Phone>,
    unit: EntityId,
    coordinator: Phone,
    acceptor: EntityId,
    dispatcher: EntityId,
    supervisor: EntityId,
}

async fn bureau() -> Bureau {
    let server = TestServer::start().await;
    let mut inspectors = Vec::new();
    for name in ["王敏", "李强", "张伟"] {
        inspectors.push(Phone::of(&server, name, "inspector").await);
    }
    let unit = server.office.add("unit.add", json!({ "name": "市容环卫处" }));
    let user = server.office.user_of("孙丽", "coordinator", unit);
    let coordinator = Phone::of_user(&server, user).await;
    let [acceptor, dispatcher, supervisor] = [("赵敏", "acceptor"), ("周杰", "dispatcher"), ("吴刚", "supervision")]
        .map(|(name, role)| server.office.user(name, &[role], &[]));
    for phone in inspectors.iter().chain([&coordinator]) {
        phone.sync().await;
    }
    Bureau { server, inspectors, unit, coordinator, acceptor, dispatcher, supervisor }
}

impl Bureau {
    /// An inspector records a finding with a picture, and everything of it arrives.
    async fn finding(&self, inspector: usize, note: &str) -> EntityId {
        let phone = &self.inspectors[inspector];
        let photos = vec![phone.seal(&picture(&self.server.random, 60, 40))];
        let draft = FindingDraft { item: Some("SR-1".into()), note: Some(note.to_owned()), ..FindingDraft::default() };
        let finding = phone.notebook.record_with_photos(draft, photos).unwrap();
        self.deliver(phone, finding).await;
        finding
    }

    /// Makes previews and syncs until everything of the finding is kept.
    async fn deliver(&self, phone: &Phone, finding: EntityId) {
        phone.notebook.make_previews(&PreviewOptions::default()).unwrap();
        phone.sync().await;
        let here = || {
            let evidence = xuncha_core::model::Finding::from_entity(&self.server.office.entity(finding)).evidence;
            evidence.is_sealed() && evidence.is_reviewable()
        };
        until(here).await;
        phone.sync().await;
    }

    /// The unit rectifies: words and a picture of how it is now.
    fn reply(&self, finding: EntityId) {
        let after = vec![self.coordinator.seal(&picture(&self.server.random, 60, 40))];
        self.coordinator.notebook.reply(finding, "已清理", after).unwrap();
    }

    fn status(&self, id: EntityId) -> String {
        self.server.office.entity(id).text("status").unwrap().to_owned()
    }

    fn time(&self, id: EntityId, field: &str) -> Time {
        self.server.office.entity(id).text(field).unwrap().parse().unwrap()
    }

    fn standing(&self, finding: EntityId) -> Standing {
        standing(&self.server.office.entity(finding), self.server.clock.now())
    }

    fn notice(&self, id: EntityId) -> Notice {
        Notice::from_entity(&self.server.office.entity(id))
    }

    /// The unit appeals against one of the findings of notice `id`; two people agree, and the points come back.
    async fn wins_an_appeal(&self, id: EntityId, second: EntityId) {
        self.coordinator.notebook.appeal(id, "不在我方路段", &[second]).unwrap();
        self.coordinator.sync().await;
        for (name, role) in [("郑爽", "leader"), ("冯涛", "creation_office")] {
            let user = self.server.office.user(name, &[role], &[]);
            let words = json!({ "says": "grant", "because": "查了责任区划" });
            self.server.office.decides(user, "notice.hear", id, words);
        }
        assert_eq!((self.status(second).as_str(), self.notice(id).struck), ("filed", vec![second]));
        self.coordinator.sync().await;
        assert_eq!(self.coordinator.findings().len(), 2, "it left the unit's sight");
    }

    /// The rework of `first` on notice `id` is not done in time: a second notice, and what it costs.
    async fn is_told_again(&mut self, id: EntityId, first: EntityId) {
        self.server.clock.pass_days(5);
        assert_eq!(self.standing(first), Standing::Overdue);
        let more = json!({ "level": 2, "before": id, "points": { first.to_string(): 150 } });
        let again = self.server.office.drafts(self.supervisor, self.unit, &[first], &more);
        self.server.office.decides(self.supervisor, "notice.issue", again, json!({}));
        assert_eq!(self.notice(again).number.as_deref(), Some("督〔2026〕第0002号"));
        assert_eq!(self.status(id), "repeated");
        self.coordinator.sync().await;
        self.reply(first);
        self.deliver(&self.coordinator, first).await;
        self.server.office.decides(self.supervisor, "finding.close", first, json!({}));
        assert_eq!((self.status(first).as_str(), self.status(again).as_str()), ("closed", "closed"));
        let rows = self.server.office.all("deduction");
        let sum: i64 = rows.iter().map(|row| row.field("points").unwrap().as_i64().unwrap()).sum();
        assert_eq!((rows.len(), sum), (4, 200), "50 and 20, 20 given back, 150");
    }

    fn check(&self) {
        let phones: Vec<_> = self.inspectors.iter().chain([&self.coordinator]).collect();
        check(&self.server, &phones);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_its_whole_way_from_three_phones_to_a_second_notice() {
    let mut bureau = bureau().await;
    let (sent, first, second) =
        (bureau.finding(0, "路口堆物").await, bureau.finding(1, "桥下堆物").await, bureau.finding(2, "巷口堆物").await);
    for finding in [sent, first, second] {
        bureau.server.office.decides(bureau.acceptor, "finding.file", finding, json!({ "condition": "占用人行道" }));
    }
    bureau.coordinator.sync().await;
    assert!(bureau.coordinator.findings().is_empty(), "what was sent to nobody is not the unit's to see");

    // One is dispatched, two go on a notice.
    bureau.server.office.decides(bureau.dispatcher, "finding.dispatch", sent, json!({ "unit": bureau.unit }));
    let points = json!({ "points": { first.to_string(): 50, second.to_string(): 20 }, "demand": "立即清理" });
    let id = bureau.server.office.drafts(bureau.supervisor, bureau.unit, &[first, second], &points);
    bureau.server.office.decides(bureau.supervisor, "notice.issue", id, json!({}));
    assert_eq!(bureau.notice(id).number.as_deref(), Some("督〔2026〕第0001号"));
    bureau.coordinator.sync().await;
    let shown = bureau.coordinator.finding(first);
    assert_eq!((shown.status.as_str(), shown.by), ("noticed", None), "the unit learns no inspector's name");
    assert_eq!(bureau.coordinator.findings().len(), 3);
    assert_eq!(bureau.coordinator.notebook.notices().unwrap()[0].id, id);

    // Without a network the unit signs, rectifies and replies.
    bureau.server.stop().await;
    bureau.coordinator.notebook.sign_for(id).unwrap();
    bureau.reply(sent);
    bureau.reply(first);
    assert_eq!(bureau.coordinator.finding(first).status, "replied");
    bureau.server.resume().await;
    let url = bureau.server.url();
    bureau.coordinator.go_to(&url);
    bureau.inspectors.iter_mut().for_each(|phone| phone.go_to(&url));
    bureau.deliver(&bureau.coordinator, sent).await;
    bureau.deliver(&bureau.coordinator, first).await;
    assert_eq!((bureau.status(sent).as_str(), bureau.status(id).as_str()), ("replied", "signed_for"));

    // An inspector re-checks on the spot: one is done, one comes back.
    bureau.inspectors[0].sync().await;
    bureau.inspectors[0].notebook.close_finding(sent, Some("现场复核合格"), Vec::new()).unwrap();
    bureau.inspectors[0].notebook.return_finding(first, "没清完", Vec::new()).unwrap();
    bureau.inspectors[0].sync().await;
    assert_eq!((bureau.status(sent).as_str(), bureau.standing(sent)), ("closed", Standing::OnTime));
    assert_eq!((bureau.status(first).as_str(), bureau.status(id).as_str()), ("returned", "returned"));

    // The unit asks for time for the other and gets it.
    bureau.coordinator.sync().await;
    let until = bureau.server.clock.now().plus_millis(3 * 24 * 60 * 60 * 1000);
    bureau.coordinator.notebook.request_extension(second, until, "吊车在修").unwrap();
    bureau.coordinator.sync().await;
    assert_eq!(bureau.time(second, "wanted"), until);
    bureau.server.office.decides(bureau.dispatcher, "finding.extend", second, json!({ "deadline": until }));
    assert_eq!(bureau.time(second, "deadline"), until);

    bureau.wins_an_appeal(id, second).await;
    bureau.is_told_again(id, first).await;
    for phone in bureau.inspectors.iter().chain([&bureau.coordinator]) {
        phone.sync().await;
    }
    bureau.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_comes_too_late_is_refused_with_the_state_that_is_and_blocks_nothing() {
    let bureau = bureau().await;
    let (one, other) = (bureau.finding(0, "路口堆物").await, bureau.finding(0, "桥下堆物").await);
    for finding in [one, other] {
        bureau.server.office.decides(bureau.acceptor, "finding.file", finding, json!({}));
        bureau.server.office.decides(bureau.dispatcher, "finding.dispatch", finding, json!({ "unit": bureau.unit }));
    }
    bureau.coordinator.sync().await;
    bureau.reply(one);
    bureau.reply(other);
    // Meanwhile a colleague gives one back.
    let colleague = bureau.server.office.user_of("何静", "coordinator", bureau.unit);
    bureau.server.office.decides(colleague, "finding.give_back", one, json!({ "reason": "不归我" }));
    bureau.deliver(&bureau.coordinator, other).await;
    assert_eq!(bureau.status(other), "replied");
    let refused = bureau.coordinator.refused();
    assert_eq!((refused.len(), refused[0].code.clone()), (1, Code::StateChanged));
    bureau.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_supervisors_at_once_and_a_phone_of_another_unit() {
    let bureau = bureau().await;
    let finding = bureau.finding(0, "路口堆物").await;
    bureau.server.office.decides(bureau.acceptor, "finding.file", finding, json!({}));
    let other = bureau.server.office.user("钱进", &["supervision"], &[]);
    let a = bureau.server.office.drafts(bureau.supervisor, bureau.unit, &[finding], &json!({}));
    let b = bureau.server.office.drafts(other, bureau.unit, &[finding], &json!({}));
    bureau.server.office.decides(other, "notice.issue", b, json!({}));
    let late = bureau.server.office.hears(bureau.supervisor, "notice.issue", a, json!({}));
    assert!(matches!(late, Verdict::Refused { code: Code::StateChanged, .. }), "{late:?}");
    assert_eq!(bureau.status(a), "draft");

    let garden = bureau.server.office.add("unit.add", json!({ "name": "园林处" }));
    let gardener = bureau.server.office.user_of("林木", "coordinator", garden);
    let phone = Phone::of_user(&bureau.server, gardener).await;
    phone.sync().await;
    assert!(phone.notebook.notices().unwrap().is_empty());
    let stolen = bureau.server.office.hears(gardener, "notice.sign", b, json!({}));
    assert!(matches!(stolen, Verdict::Refused { code: Code::NotAllowed, .. }), "{stolen:?}");
    bureau.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_case_is_overdue_is_said_once_whoever_notices_it() {
    let mut bureau = bureau().await;
    let (late, done) = (bureau.finding(0, "路口堆物").await, bureau.finding(0, "桥下堆物").await);
    for finding in [late, done] {
        bureau.server.office.decides(bureau.acceptor, "finding.file", finding, json!({}));
        bureau.server.office.decides(bureau.dispatcher, "finding.dispatch", finding, json!({ "unit": bureau.unit }));
    }
    bureau.coordinator.sync().await;
    bureau.reply(done);
    bureau.deliver(&bureau.coordinator, done).await;
    bureau.server.stop().await;
    let (office, clock) = (&bureau.server.office, &bureau.server.clock);
    let mut deadlines = Deadlines::default();
    assert_eq!(office.say_overdue(&mut deadlines), 0);

    clock.pass_days(10);
    let said: usize = std::thread::scope(|scope| {
        let work = || Office::open(bureau.server.data(), bureau.server.host()).say_overdue(&mut Deadlines::default());
        let hands = [scope.spawn(work), scope.spawn(work)];
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    assert_eq!(said, 1, "not what was replied, and not twice");
    assert_eq!(office.say_overdue(&mut deadlines), 0, "another said it");
    assert_eq!(office.say_overdue(&mut Deadlines::default()), 0, "also after a start");

    // With more time it is another deadline, of which whoever follows the ledger learns.
    let until = clock.now().plus_millis(3 * 24 * 60 * 60 * 1000);
    office.decides(bureau.dispatcher, "finding.extend", late, json!({ "deadline": until }));
    assert_eq!(office.say_overdue(&mut deadlines), 0);
    clock.pass_days(5);
    assert_eq!(office.say_overdue(&mut deadlines), 1);
    assert_eq!(office.entity(late).members("overdue").count(), 2);
    assert_eq!(office.entity(done).members("overdue").count(), 0);
    bureau.server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_overruns_a_second_notice_is_told_so_at_its_level() {
    let mut bureau = bureau().await;
    let finding = bureau.finding(0, "路口堆物").await;
    bureau.server.stop().await;
    let (office, clock) = (&bureau.server.office, &bureau.server.clock);
    office.decides(bureau.acceptor, "finding.file", finding, json!({}));
    let mut deadlines = Deadlines::default();
    let mut before = None;
    for level in 1..=3 {
        let mut more = json!({ "level": level });
        if let Some(before) = before {
            more["before"] = json!(before);
        }
        let notice = office.drafts(bureau.supervisor, bureau.unit, &[finding], &more);
        office.decides(bureau.supervisor, "notice.issue", notice, json!({}));
        let deadline = bureau.time(finding, "deadline");
        assert_eq!(office.say_overdue(&mut deadlines), 0);
        clock.pass_days(10);
        assert_eq!(office.say_overdue(&mut deadlines), 1, "level {level}");
        let said = office.entity(finding).field(&overdue_field(deadline)).unwrap()["level"].clone();
        assert_eq!(said, json!(level));
        before = Some(notice);
    }
    bureau.server.check_all();
}
