//! The server's machine is lost, its newest backup is hours old, and nothing that anybody saved is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use xuncha_core::model::{EntityId, Hash};
use xuncha_core::notebook::PreviewOptions;
use xuncha_server::backup::{RestoreOptions, take};
use xuncha_tests::harness::{Phone, TestServer, photo, until, xuncha};

use super::check;

const HOUR: i64 = 60 * 60 * 1000;

/// A city that works: its phones, and what each finding and photo must be in the end.
struct City {
    server: TestServer,
    phones: Vec<Phone>,
    notes: BTreeMap<EntityId, String>,
    photos: BTreeSet<Hash>,
}

impl City {
    /// Nine inspectors, each with a finding that everybody has.
    async fn begin() -> City {
        let server = TestServer::start().await;
        let mut city = City { server, phones: Vec::new(), notes: BTreeMap::new(), photos: BTreeSet::new() };
        for number in 0..9 {
            city.phones.push(Phone::of(&city.server, &format!("督查员{number}"), "inspector").await);
            city.record(number, "备份之前");
        }
        city.everybody_syncs().await;
        city
    }

    fn record(&mut self, number: usize, note: &str) -> EntityId {
        let note = format!("{note} {number}");
        let finding = self.phones[number].record(&note);
        self.notes.insert(finding, note);
        finding
    }

    fn record_photo(&mut self, number: usize, note: &str) -> EntityId {
        let (note, bytes) = (format!("{note} {number}"), photo(&self.server.random, 40_000 + number));
        let finding = self.phones[number].record_photos(&note, &[&bytes]);
        self.notes.insert(finding, note);
        self.photos.insert(Hash::of(&bytes));
        finding
    }

    async fn everybody_syncs(&self) {
        for _ in 0..2 {
            for phone in &self.phones {
                phone.sync().await;
            }
        }
    }

    fn hours_pass(&self, hours: i64) {
        self.server.clock.pass(hours * HOUR);
        self.phones.iter().for_each(|phone| phone.clock.pass(hours * HOUR));
    }

    fn kept(&self, hash: &Hash) -> bool {
        let row = self.server.office.store.look(|snapshot| snapshot.blob(hash)).unwrap();
        row.is_some_and(|row| row.whole && row.kept.is_some())
    }

    /// Work after the backup, all of it at the server but for what phone 7 recorded last.
    async fn work_on(&mut self) {
        for number in 0..4 {
            self.record_photo(number, "备份之后的照片");
        }
        let disputed = self.notes.iter().find(|(_, note)| note.ends_with(" 0")).map(|(id, _)| *id).unwrap();
        self.phones[4].amend(disputed, "四号说");
        self.phones[5].amend(disputed, "五号说");
        // 6 said something under a key that it lost then.
        self.record_photo(6, "旧钥匙说的");
        self.phones[6].sync().await;
        let user = self.phones[6].user();
        self.phones[6].lose_key();
        self.phones[6].enrol(&self.server, user).await;
        self.record(6, "新钥匙说的");
        // 9 came after the backup.
        let user = self.server.office.all("user").iter().find(|user| user.text("name") == Some("新来的")).unwrap().id;
        self.phones.push(Phone::of_user(&self.server, user).await);
        self.phones[9].sync().await;
        self.record_photo(9, "备份之后登记的手机");
        let known = self.notes.iter().find(|(_, note)| *note == "备份之前 1").map(|(id, _)| *id).unwrap();
        self.phones[9].amend(known, "备份之后登记的手机改过");
        self.notes.insert(known, "备份之后登记的手机改过".into());
        self.everybody_syncs().await;
        let photos = self.photos.clone();
        until(|| photos.iter().all(|hash| self.kept(hash))).await;
        self.everybody_syncs().await;
        self.record_photo(7, "还没有送的");
        self.notes.remove(&disputed);
    }

    fn epoch(&self, more: &[&str]) -> Value {
        let data = self.server.data().to_str().unwrap();
        xuncha(["admin", "epoch", "--data", data].iter().chain(more)).value()
    }

    /// Every phone shows the same, the server has it, and nobody waits for anything.
    fn check_everything(&self) {
        for (finding, note) in &self.notes {
            assert_eq!(self.server.office.entity(*finding).text("note"), Some(&**note));
        }
        self.photos.iter().for_each(|hash| assert!(self.kept(hash), "{hash}"));
        let shown = |phone: &Phone| {
            let findings = phone.findings().into_iter();
            findings.map(|shown| (shown.id, shown.note, shown.evidence.originals)).collect::<Vec<_>>()
        };
        for phone in &self.phones {
            assert_eq!(shown(phone), shown(&self.phones[0]));
            assert_eq!((phone.pending(), phone.refused().len(), phone.conflicts().len()), (0, 0, 1));
        }
        assert_eq!(shown(&self.phones[0]).len(), self.notes.len() + 1);
        check(&self.server, &self.phones.iter().collect::<Vec<_>>());
    }
}

/// 8 frees what the backup covers, and nothing of what came after it.
async fn free_what_is_covered(city: &mut City, target: &Path) {
    let finding = city.record_photo(8, "备份之前的照片");
    city.everybody_syncs().await;
    let photos = city.photos.clone();
    until(|| photos.iter().all(|hash| city.kept(hash))).await;
    city.phones[8].notebook.make_previews(&PreviewOptions::default()).unwrap();
    city.everybody_syncs().await;
    assert_eq!(city.phones[8].originals(finding), 1);
    take(city.server.data(), target, false, &city.server.host(), &mut |_| {}).unwrap();
    city.everybody_syncs().await;
    assert_eq!(city.phones[8].notebook.free_space().unwrap().files, 1, "the photo that the backup covers");
    city.record_photo(8, "备份没有的照片");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_phones_bring_back_what_a_backup_of_hours_ago_lacks() {
    let mut city = City::begin().await;
    city.server.office.user("新来的", &["inspector"], &[]);
    let target = tempfile::tempdir().unwrap();
    free_what_is_covered(&mut city, target.path()).await;
    city.hours_pass(5);
    city.work_on().await;
    let freed = city.phones[8].notebook.free_space().unwrap();
    assert_eq!(freed.files, 0, "what came after the backup stays: {freed:?}");
    let lost = city.server.office.size();

    let restored = city.server.burn_down(target.path(), RestoreOptions::default()).await;
    let size = city.server.office.size();
    assert_eq!(restored.size, size);
    assert!(size < lost);
    let url = city.server.url();
    city.phones.iter_mut().for_each(|phone| phone.go_to(&url));
    let waiting: Vec<_> = city.phones.iter().map(Phone::pending).collect();
    for _ in 0..2 {
        for (number, phone) in city.phones.iter().enumerate() {
            let code = phone.try_sync().await.unwrap_err().code().to_owned();
            let known = if [6, 9].contains(&number) { "bad_token" } else { "ledger_rolled_back" };
            assert!(code == known || code == "not_enrolled", "{number}: {code}");
        }
    }
    assert_eq!(city.server.office.size(), size, "nothing was taken in");
    assert_eq!(city.server.office.outside(), Vec::<String>::new());
    assert_eq!(city.phones.iter().map(Phone::pending).collect::<Vec<_>>(), waiting, "nothing was lost");
    city.phones.iter().for_each(Phone::check);
    assert_eq!(city.server.service().worries().await.len(), 1);

    let foreseen = city.epoch(&["--dry-run"]);
    let devices = foreseen["known"].as_array().unwrap();
    assert_eq!((&foreseen["begun"], &foreseen["floor"], &foreseen["next"]), (&false.into(), &size.into(), &2.into()));
    assert_eq!((devices.len(), &foreseen["void"]["1"]), (8, &lost.into()));
    assert!(devices.iter().all(|known| known["user"].as_str().is_some_and(|name| name.starts_with("督查员"))));
    assert_eq!(city.server.office.size(), size, "a dry run changes nothing");
    let begun = city.epoch(&[]);
    assert_eq!((&begun["begun"], &begun["floor"]), (&true.into(), &foreseen["floor"]));
    city.server.check_all();

    for number in [6, 9] {
        let user = city.phones[number].user();
        city.phones[number].enrol(&city.server, user).await;
    }
    city.everybody_syncs().await;
    let photos = city.photos.clone();
    until(|| photos.iter().all(|hash| city.kept(hash))).await;
    city.everybody_syncs().await;
    assert!(city.server.service().worries().await.is_empty());
    assert_eq!(city.server.office.outside(), Vec::<String>::new(), "nothing stays held");
    city.check_everything();
}
