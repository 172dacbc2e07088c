//! Random play: phones, each in two people's hands, a bad network, kills and restarts under one
//! seed; at the end everybody agrees and nothing that was saved is gone.

use std::collections::BTreeSet;

use serde_json::json;
use xuncha_core::model::{Answer, EntityId, FindingDraft, Is, Severity};
use xuncha_tests::harness::{
    Fault, Net, Phone, SeededRandom, TestServer, literal, long_run, photo, run_behind, street_list,
};

struct Play {
    server: TestServer,
    net: Net,
    phones: Vec<Phone>,
    /// Who shares each phone; the first one's token is always good.
    people: Vec<[EntityId; 2]>,
    random: SeededRandom,
    saved: BTreeSet<EntityId>,
    /// A street with a short checklist, and visits of it.
    street: EntityId,
    visits: BTreeSet<EntityId>,
}

const ITEMS: [&str; 3] = ["SR-7", "HW-1", "AD-3"];

const PIN: &str = "8351";

const FAULTS: [Fault; 6] = [
    Fault::Drop,
    Fault::CutRequest(300),
    Fault::CutReply(0),
    Fault::CutReply(90),
    Fault::Duplicate,
    Fault::CaptivePortal,
];

impl Play {
    async fn begin() -> Play {
        let server = TestServer::start().await;
        server.office.load_catalogue(&street_list("play", &ITEMS));
        let street = server.office.place("解放路", "street", (31.23, 121.47));
        let net = Net::before(server.address()).await;
        let (mut phones, mut people) = (Vec::new(), Vec::new());
        for role in ["inspector", "inspector", "inspector", "acceptor"] {
            let mut phone = Phone::of(&server, role, role).await;
            let first = phone.user();
            phone.notebook.set_pin(PIN).unwrap();
            let second = server.office.user("second", &["inspector"], &[]);
            phone.notebook.sign_in(&phone.service(), &server.office.invite(second)).await.unwrap();
            phone.notebook.set_pin(PIN).unwrap();
            phone.sync().await;
            people.push([first, second]);
            phone.go_to(&net.url());
            phones.push(phone);
        }
        let (random, saved, visits) = (SeededRandom::new(), BTreeSet::new(), BTreeSet::new());
        Play { server, net, phones, people, random, saved, street, visits }
    }

    async fn step(&mut self) {
        let number = self.random.below(self.phones.len());
        match self.random.below(32) {
            0..=5 => {
                let note = format!("finding {}", self.random.below(10_000));
                self.saved.insert(self.phones[number].record(&note));
            }
            6..=9 => self.amend(number),
            10 => self.void(number),
            11 => self.resolve(number),
            12 => {
                self.phones[number].reopen();
                self.phones[number].check();
            }
            13 if self.random.once_in(4) => self.restart().await,
            14 if self.random.once_in(4) => self.forget_token(number),
            15 => self.hand_over(number),
            16 if number < 3 => drop(self.visits.insert(self.phones[number].visit(self.street))),
            17..=20 => self.answer(number),
            21..=22 => self.step_visit(number),
            23 => self.fix(number),
            _ => {
                if self.random.once_in(2) {
                    self.net.fail_next(*self.random.pick(&FAULTS));
                }
                drop(self.phones[number].try_sync().await);
            }
        }
    }

    fn hand_over(&self, number: usize) {
        let notebook = &self.phones[number].notebook;
        if self.random.once_in(4) {
            notebook.lock().unwrap();
        }
        notebook.switch_to(*self.random.pick(&self.people[number]), PIN).unwrap();
    }

    /// The server no longer knows the second one's token; they go on recording.
    fn forget_token(&self, number: usize) {
        let whose = literal(self.server.data(), self.people[number][1].0.as_bytes());
        run_behind(self.server.data(), &format!("DELETE FROM token WHERE \"user\" = {whose}"));
    }

    fn amend(&self, number: usize) {
        let Some(finding) = self.any_finding(number) else { return };
        let draft = match self.random.below(3) {
            0 => FindingDraft { severity: Some(Severity::High), ..FindingDraft::default() },
            1 => {
                let tag = format!("tag {}", self.random.below(5));
                let put = self.random.once_in(2).then_some(true);
                FindingDraft { tags: [(tag, put)].into(), ..FindingDraft::default() }
            }
            _ => FindingDraft { note: Some(format!("note {}", self.random.below(10_000))), ..FindingDraft::default() },
        };
        self.phones[number].notebook.amend(finding, draft, Vec::new()).unwrap();
    }

    fn void(&self, number: usize) {
        let Some(finding) = self.any_finding(number) else { return };
        // Void already, it is refused at once; somebody else's, the server will refuse it.
        drop(self.phones[number].notebook.void(finding, "played"));
    }

    fn resolve(&self, number: usize) {
        let phone = &self.phones[number];
        let Some(conflict) = phone.conflicts().into_iter().next() else { return };
        let chosen = phone.notebook.resolve(conflict.entity, &conflict.field, conflict.rivals[0].op);
        // An answer that is only begun cannot be chosen for a visit that is over.
        assert!(chosen.is_ok() || conflict.kind == "inspection", "{chosen:?}");
    }

    fn any_visit(&self, number: usize) -> Option<EntityId> {
        let visits = self.phones[number].notebook.inspections(!self.random.once_in(8)).unwrap();
        (!visits.is_empty()).then(|| self.random.pick(&visits).id)
    }

    /// An answer that may be complete, begun or wrong, with or without a finding and its photos.
    fn answer(&mut self, number: usize) {
        let Some(visit) = self.any_visit(number) else { return };
        let (phone, item) = (&self.phones[number], *self.random.pick(&ITEMS));
        let is = *self.random.pick(&[None, Some(Is::Yes), Some(Is::No), Some(Is::Na)]);
        let why = self.random.once_in(2).then(|| "天黑".to_owned());
        let count = ("count".to_owned(), json!(1 + self.random.below(9)));
        let values = if item == "SR-7" { [count].into() } else { [].into() };
        let answer = Answer { is, why, values, ..Answer::default() };
        if self.random.once_in(4) {
            let photos = (0..self.random.below(3)).map(|_| phone.seal(&photo(&self.random, 300))).collect();
            let draft = FindingDraft { note: Some("查到的".into()), ..FindingDraft::default() };
            self.saved.extend(phone.notebook.answer_with_finding(visit, item, answer, draft, photos));
        } else {
            drop(phone.notebook.answer(visit, item, answer));
        }
    }

    /// Where the visit is not in the state for it, the phone says so at once.
    fn step_visit(&self, number: usize) {
        let Some(visit) = self.any_visit(number) else { return };
        let notebook = &self.phones[number].notebook;
        match self.random.below(8) {
            0..=1 => drop(notebook.pause_inspection(visit)),
            2..=3 => drop(notebook.resume_inspection(visit)),
            4 => drop(notebook.cancel_inspection(visit, "封路")),
            _ => {
                for item in ITEMS {
                    drop(notebook.answer(visit, item, Answer { is: Some(Is::Na), ..Answer::default() }));
                }
                drop(notebook.finish_inspection(visit));
            }
        }
    }

    /// Found and put right in one visit, mostly by who found it.
    fn fix(&mut self, number: usize) {
        let phone = &self.phones[number];
        let after = vec![phone.seal(&photo(&self.random, 300))];
        let finding = match self.any_finding(number) {
            Some(finding) if self.random.once_in(3) => finding,
            _ => phone.record_photos("当场整改", &[&photo(&self.random, 300)]),
        };
        self.saved.insert(finding);
        drop(phone.notebook.fix_on_the_spot(finding, after));
    }

    fn any_finding(&self, number: usize) -> Option<EntityId> {
        let findings = self.phones[number].findings();
        (!findings.is_empty()).then(|| self.random.pick(&findings).id)
    }

    async fn restart(&mut self) {
        self.server.restart().await;
        self.net.lead_to(Some(self.server.address()));
    }

    /// The line is good again: everybody syncs until nothing new can come, and all is compared with all.
    async fn end(self) {
        self.net.fail_always(None);
        for _ in 0..3 {
            self.server.office.keep_arrived();
            for phone in &self.phones {
                // Faults that were planned and not met yet are met now.
                let mut attempts = 0;
                while let Err(error) = phone.try_sync().await {
                    attempts += 1;
                    assert!(attempts < 500, "{error}");
                }
            }
        }
        for phone in &self.phones {
            phone.check();
            assert_eq!(phone.pending(), 0);
            let shown: BTreeSet<_> = phone.findings().into_iter().map(|finding| finding.id).collect();
            assert_eq!(shown, self.saved, "nothing saved is gone, and nothing else is here");
            let visits: BTreeSet<_> = phone.notebook.inspections(false).unwrap().iter().map(|one| one.id).collect();
            assert_eq!(visits, self.visits);
            for id in self.saved.iter().chain(&self.visits) {
                let entity = phone.notebook.entity(*id).unwrap().unwrap();
                assert_eq!(entity.to_text(), self.server.office.entity(*id).to_text());
            }
        }
        self.server.check_all();
    }
}

#[tokio::test]
async fn four_phones_on_a_bad_line_agree_in_the_end() {
    for _ in 0..if long_run() { 200 } else { 12 } {
        let mut play = Play::begin().await;
        for _ in 0..150 {
            play.step().await;
        }
        play.end().await;
    }
}
