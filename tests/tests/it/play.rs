//! Random play: phones, each in two people's hands, a bad network, kills and restarts under one
//! seed; at the end everybody agrees and nothing that was saved is gone.

use std::collections::BTreeSet;

use xuncha_core::model::{EntityId, FindingDraft, Severity};
use xuncha_tests::harness::{Fault, Net, Phone, SeededRandom, TestServer, long_run};

struct Play {
    server: TestServer,
    net: Net,
    phones: Vec<Phone>,
    /// Who shares each phone; the first one's token is always good.
    people: Vec<[EntityId; 2]>,
    random: SeededRandom,
    saved: BTreeSet<EntityId>,
}

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
        let net = Net::before(server.address()).await;
        let (mut phones, mut people) = (Vec::new(), Vec::new());
        for role in ["inspector", "inspector", "inspector", "acceptor"] {
            let mut phone = Phone::of(&server, role, role).await;
            let first = phone.user();
            phone.notebook.set_pin(PIN).unwrap();
            let second = server.office.user("second", &["inspector"], &[]);
            phone.notebook.sign_in(&phone.service(), &server.office.invite(second)).await.unwrap();
            phone.notebook.set_pin(PIN).unwrap();
            people.push([first, second]);
            phone.go_to(&net.url());
            phones.push(phone);
        }
        Play { server, net, phones, people, random: SeededRandom::new(), saved: BTreeSet::new() }
    }

    async fn step(&mut self) {
        let number = self.random.below(self.phones.len());
        match self.random.below(22) {
            0..=5 => {
                let note = format!("finding {}", self.random.below(10_000));
                self.saved.insert(self.phones[number].record(&note));
            }
            6..=9 => self.amend(number),
            10 => self.void(number),
            11 => self.resolve(number),
            12 => self.phones[number].reopen(),
            13 if self.random.once_in(4) => self.restart().await,
            14 if self.random.once_in(4) => self.forget_token(number),
            15 => self.hand_over(number),
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
        let database = rusqlite::Connection::open(self.server.data().join("ledger.sqlite")).unwrap();
        database.busy_timeout(std::time::Duration::from_secs(15)).unwrap();
        database.execute("DELETE FROM token WHERE user = ?", [self.people[number][1].0.as_bytes()]).unwrap();
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
        phone.notebook.resolve(conflict.finding, &conflict.field, conflict.rivals[0].op).unwrap();
    }

    fn any_finding(&self, number: usize) -> Option<EntityId> {
        let findings = self.phones[number].findings();
        (!findings.is_empty()).then(|| self.random.pick(&findings).id)
    }

    async fn restart(&mut self) {
        self.server.restart().await;
        self.net.lead_to(Some(self.server.address()));
    }

    /// The line is good again: everybody syncs twice, and all is compared with all.
    async fn end(self) {
        self.net.fail_always(None);
        for _ in 0..2 {
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
            for id in &self.saved {
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
