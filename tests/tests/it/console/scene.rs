//! A small city for a browser: who works in it, what was found there, and what a journey may ask of it.

use std::time::Duration;

use serde_json::{Value, json};
use xuncha_core::host::Host;
use xuncha_core::model::{EntityId, Finding, FindingDraft, Hash, Place, Severity};
use xuncha_core::notebook::Shot;
use xuncha_server::signin::{self, IDLE};
use xuncha_tests::harness::{Gate, Phone, RawPhone, SeededRandom, TestServer, picture, shared, until};

pub(super) const PASSWORD: &str = "春眠不觉晓处处闻啼鸟";

/// Where everything lies.
const CORNER: (f64, f64) = (31.2304, 121.4737);

/// What somebody may type who means no good, or who writes from right to left.
pub(super) const HOSTILE: &str =
    "<script>document.title='owned'</script><img src=x onerror=alert(1)> مرحبا بالعالم \u{202e}abc";

pub(super) struct Scene {
    pub(super) server: TestServer,
    gate: Gate,
    phone: Phone,
    other: Phone,
    unit: EntityId,
    people: Vec<(&'static str, &'static str, EntityId)>,
    findings: Vec<EntityId>,
    photos: Vec<Vec<u8>>,
    disputed: EntityId,
    partial: EntityId,
}

/// Photos of real cameras where they are, else drawn ones.
fn photos(random: &SeededRandom) -> Vec<Vec<u8>> {
    let drawn = || (0..6).map(|_| picture(random, 1200, 900)).collect();
    let Some(folder) = shared("data/photos") else { return drawn() };
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).filter(|bytes| bytes.len() < 6_000_000).take(6).collect()
}

fn found(item: &str, note: &str, metres_north: f64, severity: Severity) -> FindingDraft {
    let place = Place {
        lat: Some(CORNER.0 + metres_north / 111_000.0),
        lon: Some(CORNER.1),
        accuracy: Some(8.0),
        provider: Some("gps".into()),
        words: Some("柳荫路 12 号门前".into()),
        ..Place::default()
    };
    FindingDraft {
        item: Some(item.into()),
        note: Some(note.into()),
        place: Some(place),
        severity: Some(severity),
        ..FindingDraft::default()
    }
}

impl Scene {
    pub(super) async fn new() -> Scene {
        let server = TestServer::start().await;
        // The browser's own clock goes on; deadlines are counted down by it.
        server.clock.set(Host::system().clock.wall());
        let gate = Gate::before(&server.url());
        let unit = server.office.add("unit.add", json!({ "name": "市容环卫处", "code": "HW01" }));
        server.office.add("unit.add", json!({ "name": "市政养护中心" }));
        let ring = json!([[121.46, 31.22], [121.49, 31.22], [121.49, 31.25], [121.46, 31.25], [121.46, 31.22]]);
        let area = server.office.area("柳荫街道", &json!({ "type": "Polygon", "coordinates": [ring] }));
        let staff = |name, roles: &[&str]| server.office.user(name, roles, &[]);
        let people = vec![
            ("reviewer", "李静", staff("李静", &["acceptor", "dispatcher"])),
            ("second", "周宁", staff("周宁", &["acceptor"])),
            ("supervisor", "陈刚", staff("陈刚", &["supervision", "dispatcher"])),
            ("leader", "赵敏", staff("赵敏", &["leader", "creation_office"])),
            ("office", "吴岚", staff("吴岚", &["creation_office"])),
            ("admin", "何平", staff("何平", &["admin"])),
            ("coordinator", "孙立", server.office.user_of("孙立", "coordinator", unit)),
        ];
        for (_, _, user) in &people {
            let code = signin::link(&*server.office.store, &server.host(), *user).unwrap();
            signin::choose(&*server.office.store, &server.host(), &code, PASSWORD).unwrap();
        }
        let inspectors = server.office.user("王芳", &["inspector"], &[area]);
        let phone = Phone::of_user(&server, inspectors).await;
        let other = Phone::of(&server, "张伟", "inspector").await;
        let photos = photos(&server.random);
        let nil = EntityId(uuid::Uuid::nil());
        let (findings, disputed, partial) = (Vec::new(), nil, nil);
        let mut scene = Scene { server, gate, phone, other, unit, people, findings, photos, disputed, partial };
        scene.fill().await;
        scene
    }

    /// Records a morning's findings.
    async fn fill(&mut self) {
        self.phone.sync().await;
        let of = |take: std::ops::Range<usize>| -> Vec<Vec<u8>> {
            take.map(|at| self.photos[at % self.photos.len()].clone()).collect()
        };
        let plan = [
            (found("SR-1", "占道堆放纸箱", 0.0, Severity::Medium), of(0..2)),
            (found("SR-1", "占道堆放纸箱，与上一条相近", 9.0, Severity::Low), of(2..3)),
            (found("SR-2", "油烟扰民", 160.0, Severity::High), of(3..5)),
            (found("SR-1", "路口堆物", 420.0, Severity::Urgent), of(5..6)),
            (found("SR-1", HOSTILE, 800.0, Severity::Medium), of(1..2)),
        ];
        for (draft, photos) in plan {
            let finding = self.record(draft, &photos);
            self.findings.push(finding);
        }
        self.phone.sync().await;
        self.quarrel().await;
        self.announce_in_vain().await;
        self.settle().await;
    }

    fn record(&self, draft: FindingDraft, photos: &[Vec<u8>]) -> EntityId {
        let seal = |bytes: &Vec<u8>| self.phone.notebook.seal_photo(&mut bytes.as_slice(), Shot::default()).unwrap();
        let sealed = photos.iter().map(seal).collect();
        self.phone.notebook.record_with_photos(draft, sealed).unwrap()
    }

    /// Two inspectors say different things about one finding.
    async fn quarrel(&mut self) {
        self.disputed = self.findings[3];
        self.other.sync().await;
        let say = |phone: &Phone, severity| {
            let draft = FindingDraft { severity: Some(severity), ..FindingDraft::default() };
            phone.notebook.amend(self.disputed, draft, Vec::new()).unwrap()
        };
        say(&self.phone, Severity::Low);
        say(&self.other, Severity::High);
        self.phone.sync().await;
        self.other.sync().await;
    }

    /// A finding of which one photo of two has come.
    async fn announce_in_vain(&mut self) {
        let mut raw = RawPhone::new(&self.server, "钱进", &["inspector"]).await;
        let (here, away) = (self.photos[0].clone(), picture(&self.server.random, 640, 480));
        let (finding, text) = raw.record_with(&[Hash::of(&here), Hash::of(&away)]);
        raw.settle(&text).await;
        self.partial = finding;
    }

    /// Waits until every photo that came can be looked at; whoever made no previews of his own has them made here.
    async fn settle(&self) {
        self.server.office.make_previews(self.server.data(), Duration::ZERO);
        let ready = |id: &EntityId| {
            let finding = Finding::from_entity(&self.server.office.entity(*id));
            finding.evidence.is_reviewable() && finding.evidence.is_sealed()
        };
        until(|| self.findings.iter().all(ready)).await;
    }

    /// What a journey is told at its beginning.
    pub(super) fn told(&self) -> Value {
        let people: serde_json::Map<_, _> = self
            .people
            .iter()
            .map(|(role, name, id)| ((*role).to_owned(), json!({ "name": name, "id": id })))
            .collect();
        json!({
            "url": self.gate.url(),
            "password": PASSWORD,
            "people": people,
            "unit": self.unit,
            "findings": self.findings,
            "disputed": self.disputed,
            "partial": self.partial,
            "hostile": HOSTILE,
        })
    }

    fn person(&self, role: &str) -> EntityId {
        self.people.iter().find(|(known, ..)| *known == role).map(|(.., id)| *id).unwrap()
    }

    /// Does what a journey asks for, and tells what came of it.
    pub(super) async fn please(&mut self, what: &str, asked: &Value) -> Value {
        match what {
            "record" => {
                let photos = [self.photos[0].clone()];
                let note = asked["note"].as_str().unwrap_or("刚刚发现的堆物");
                let finding = self.record(found("SR-1", note, 1_200.0, Severity::Medium), &photos);
                self.phone.sync().await;
                self.server.office.make_previews(self.server.data(), Duration::ZERO);
                json!({ "id": finding })
            }
            "look" => {
                let id: EntityId = asked["id"].as_str().unwrap().parse().unwrap();
                json!(self.server.office.entity(id))
            }
            "file" => {
                let finding: EntityId = asked["id"].as_str().unwrap().parse().unwrap();
                self.server.office.decides(self.person("reviewer"), "finding.file", finding, json!({}));
                json!({})
            }
            "notice" => self.notice(),
            "want" => {
                let wanted = self.server.clock.now().plus_millis(30 * 24 * 60 * 60 * 1000);
                self.asks("finding.request_extension", asked, json!({ "wanted": wanted, "wanted_because": "设备检修" }))
            }
            "appeal" => self.asks("notice.appeal", asked, json!({ "appeal": "不属于我单位管辖" })),
            "expire" => {
                self.server.clock.pass(IDLE + 60_000);
                json!({})
            }
            "restart" => {
                self.gate.shut();
                self.server.restart().await;
                self.gate.lead_to(&self.server.url());
                self.gate.open();
                json!({})
            }
            "shut" => {
                self.gate.shut();
                json!({})
            }
            "open" => {
                self.gate.open();
                json!({})
            }
            "picture" => {
                let folder = self.server.data().parent().unwrap().join("pictures");
                std::fs::create_dir_all(&folder).unwrap();
                let path = folder.join(format!("{}.jpg", self.server.random.number()));
                let size = asked["size"].as_u64().unwrap_or(800);
                let side = u32::try_from(size).unwrap();
                xuncha_tests::harness::put_bytes(&path, picture(&self.server.random, side, side));
                json!({ "path": path })
            }
            other => panic!("nobody knows how to {other}"),
        }
    }

    /// What the unit wants, said by its coordinator.
    fn asks(&self, kind: &str, asked: &Value, body: Value) -> Value {
        let id: EntityId = asked["id"].as_str().unwrap().parse().unwrap();
        self.server.office.decides(self.person("coordinator"), kind, id, body);
        json!({})
    }

    /// A notice about the first and the third finding, issued to the unit.
    fn notice(&self) -> Value {
        let (chief, reviewer) = (self.person("supervisor"), self.person("reviewer"));
        let about = [self.findings[0], self.findings[2]];
        for finding in about {
            self.server.office.decides(reviewer, "finding.file", finding, json!({}));
        }
        let more = json!({ "demand": "限期清理，恢复原状", "basis": "市容环境卫生管理条例" });
        let notice = self.server.office.drafts(chief, self.unit, &about, &more);
        self.server.office.decides(chief, "notice.issue", notice, json!({}));
        json!({ "id": notice, "findings": about })
    }
}
