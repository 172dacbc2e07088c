//! Bad days: lost keys, clones, damaged files, newer versions, full disks.

use std::collections::BTreeMap;
use std::fs;

use xuncha_core::Error;
use xuncha_core::model::{EntityId, OpId};
use xuncha_core::notebook::{EnrolAgain, Notebook};

use super::city::City;
use super::machine::{Phone, finding, note};

#[tokio::test]
async fn a_notebook_without_its_key_becomes_a_new_device_that_says_what_was_pending_again() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let judged = phone.record(finding("judged"), vec![]).unwrap();
    phone.synced(&city).await.unwrap();
    let sent = phone.record(finding("sent, no answer"), vec![]).unwrap();
    city.lock().lose_push_replies = 1;
    phone.synced(&city).await.unwrap_err();
    let pending = phone.record(finding("pending"), vec![]).unwrap();
    phone.amend(judged, note("amended"), vec![]).unwrap();
    let (line, device) = (phone.status().unwrap().line, phone.status().unwrap().device);
    let before: Vec<_> = phone.waiting().unwrap().iter().map(|op| (op.op, op.finding)).collect();

    let (folder, keys, host) = phone.close();
    *keys.0.lock().unwrap() = None;
    let bytes = fs::read(folder.path().join("notebook.db")).unwrap();
    let open = || Notebook::open(folder.path(), keys.clone(), host.clone());
    assert!(matches!(open(), Err(Error::KeyMissing)));
    *keys.0.lock().unwrap() = Some(vec![9; 32]);
    assert!(matches!(open(), Err(Error::KeyWrong)), "another key is as good as none");
    assert_eq!(fs::read(folder.path().join("notebook.db")).unwrap(), bytes, "nothing was touched");

    let phone = Notebook::open_as_new_device(folder.path(), keys.clone(), host.clone()).unwrap();
    assert_eq!(phone.check().unwrap(), Vec::<String>::new());
    let status = phone.status().unwrap();
    assert_eq!(status.must_enrol_again, Some(EnrolAgain::NewKey));
    assert_ne!(status.line, line, "the phone that this was copied from may go on");
    assert_ne!(status.device, device);
    let after: Vec<_> = phone.waiting().unwrap().iter().map(|op| (op.op, op.finding)).collect();
    assert_eq!(after, before);
    let meanwhile = phone.record(finding("recorded meanwhile"), vec![]).unwrap();
    assert!(matches!(phone.sync(&city, &()).await, Err(Error::NotEnrolled)));

    let code = city.invite_again(city.user("王"));
    assert!(!phone.enrol(&city, &code).await.unwrap().new_key);
    let synced = phone.sync(&city, &()).await.unwrap();
    assert_eq!((synced.accepted, synced.duplicates, synced.refused), (4, 1, 0));
    for id in [judged, sent, pending, meanwhile] {
        assert!(phone.finding(id).unwrap().index.is_some());
    }
    drop(phone);
    let phone = open().unwrap();
    assert_eq!(phone.check().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_cloned_notebook_forks_stops_and_goes_on_under_a_new_key() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    phone.record(finding("common"), vec![]).unwrap();
    let (folder, keys, host) = phone.close();
    let copy = tempfile::tempdir().unwrap();
    fs::copy(folder.path().join("notebook.db"), copy.path().join("notebook.db")).unwrap();
    let original = Notebook::open(folder.path(), keys.clone(), host.clone()).unwrap();
    let clone = Notebook::open(copy.path(), keys.clone(), host.clone()).unwrap();

    original.record(finding("by the original"), vec![]).unwrap();
    original.sync(&city, &()).await.unwrap();
    let lost = clone.record(finding("by the clone"), vec![]).unwrap();
    let synced = clone.sync(&city, &()).await.unwrap();
    assert_eq!(synced.must_enrol_again, Some(EnrolAgain::Fork));
    assert_eq!(clone.status().unwrap().must_enrol_again, Some(EnrolAgain::Fork));
    assert!(clone.finding(lost).is_ok(), "nothing is lost");
    assert!(matches!(clone.sync(&city, &()).await, Err(Error::NotEnrolled)));

    let code = city.invite_again(city.user("王"));
    assert!(clone.enrol(&city, &code).await.unwrap().new_key);
    assert_eq!(clone.sync(&city, &()).await.unwrap().accepted, 1);
    assert_eq!(clone.check().unwrap(), Vec::<String>::new());
    assert!(clone.finding(lost).unwrap().index.is_some());
}

#[tokio::test]
async fn a_revoked_device_keeps_its_ops_and_enrols_with_a_new_key() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let id = phone.record(finding("x"), vec![]).unwrap();
    let device = phone.status().unwrap();
    let device = EntityId::of_device(device.ledger.unwrap(), &device.device);
    city.lock().say("device.revoke", device, serde_json::json!({}));
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.held, synced.must_enrol_again), (1, Some(EnrolAgain::Revoked)));
    let code = city.invite_again(city.user("王"));
    assert!(phone.enrol(&city, &code).await.unwrap().new_key);
    assert_eq!(phone.synced(&city).await.unwrap().accepted, 1);
    assert!(phone.finding(id).unwrap().index.is_some());
}

#[tokio::test]
async fn enrolment_refuses_a_wrong_code_and_another_city() {
    let (city, other) = (City::new(1), City::new(9));
    let phone = Phone::new(2);
    let wrong = phone.enrol(&city, "no such code").await;
    assert!(matches!(wrong, Err(Error::Refused { code, .. }) if code.as_str() == "bad_code"));
    assert!(!phone.status().unwrap().enrolled);
    phone.enrol(&city, &city.invite("王", &["inspector"])).await.unwrap();
    let code = other.invite("王", &["inspector"]);
    let elsewhere = phone.enrol(&other, &code).await;
    assert!(matches!(elsewhere, Err(Error::Refused { code, .. }) if code.as_str() == "wrong_ledger"));
    phone.synced(&city).await.unwrap();
}

#[test]
fn a_newer_notebook_is_not_touched() {
    let phone = Phone::new(1);
    let database = phone.database();
    let (folder, keys, host) = phone.close();
    let db = rusqlite::Connection::open(&database).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let bytes = fs::read(&database).unwrap();
    let opened = Notebook::open(folder.path(), keys, host);
    assert!(matches!(opened, Err(Error::Outdated { found: 99, known: 6 })), "{opened:?}");
    assert_eq!(fs::read(&database).unwrap(), bytes);
}

#[tokio::test]
async fn a_notebook_without_its_key_keeps_what_only_its_journal_has() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let id = phone.record(finding("only in the journal"), vec![]).unwrap();
    // As after a kill: nothing was written back.
    let killed = tempfile::tempdir().unwrap();
    for name in ["notebook.db", "notebook.db-wal"] {
        fs::copy(phone.database().with_file_name(name), killed.path().join(name)).unwrap();
    }
    let left = || ["notebook.db", "notebook.db-wal"].map(|name| fs::read(killed.path().join(name)).unwrap());
    let (_folder, keys, host) = phone.close();
    let (before, key) = (left(), keys.0.lock().unwrap().take());
    assert!(matches!(Notebook::open(killed.path(), keys.clone(), host.clone()), Err(Error::KeyMissing)));
    assert!(left() == before, "not a byte was touched");
    *keys.0.lock().unwrap() = key;
    let phone = Notebook::open(killed.path(), keys, host).unwrap();
    assert_eq!(phone.finding(id).unwrap().note.as_deref(), Some("only in the journal"));
}

#[tokio::test]
async fn a_damaged_notebook_is_reported_and_not_touched() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    for i in 0..50 {
        phone.record(finding(&format!("{i}")), vec![]).unwrap();
    }
    let database = phone.database();
    let (folder, keys, host) = phone.close();
    let whole = fs::read(&database).unwrap();
    let mut middle = whole.clone();
    middle[4096 * 2..4096 * 6].fill(0xA5);
    let no_database = |bytes: &[u8]| [b"garbage ".repeat(1000).as_slice(), bytes].concat();
    for (what, bytes) in [("empty", vec![]), ("garbage", no_database(b"")), ("middle", middle)] {
        fs::File::create(&database).and_then(|mut file| std::io::Write::write_all(&mut file, &bytes)).unwrap();
        // A journal that was not written back says that the last stop was not clean.
        let journal = folder.path().join("notebook.db-wal");
        fs::File::create(&journal).and_then(|mut file| std::io::Write::write_all(&mut file, &[0; 32])).unwrap();
        let opened = Notebook::open(folder.path(), keys.clone(), host.clone());
        assert!(matches!(opened, Err(Error::Damaged { .. })), "{what}: {opened:?}");
        assert_eq!(fs::read(&database).unwrap(), bytes, "{what}");
    }
    fs::remove_file(&database).unwrap();
    let journal = folder.path().join("notebook.db-wal");
    fs::File::create(&journal).unwrap();
    assert!(matches!(Notebook::open(folder.path(), keys.clone(), host.clone()), Err(Error::Damaged { .. })));
    fs::remove_file(&journal).unwrap();
    fs::File::create(&database).and_then(|mut file| std::io::Write::write_all(&mut file, &whole)).unwrap();
    assert_eq!(Notebook::open(folder.path(), keys, host).unwrap().status().unwrap().pending, 50);
}

#[tokio::test]
async fn a_killed_app_loses_nothing_that_was_saved() {
    let city = City::new(1);
    let phone = Phone::enrolled(2, &city, "王", &["inspector"]).await;
    let id = phone.record(finding("x"), vec![]).unwrap();
    // A copy of the files as they lie while the app runs is what a kill leaves.
    let copy = tempfile::tempdir().unwrap();
    for name in ["notebook.db", "notebook.db-wal"] {
        fs::copy(phone.folder().join(name), copy.path().join(name)).unwrap();
    }
    let revived = Notebook::open(copy.path(), phone.keys.clone(), phone.host.clone()).unwrap();
    assert_eq!(revived.finding(id).unwrap(), phone.finding(id).unwrap());
    assert_eq!(revived.check().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_mixed_week_ends_equal_on_every_phone() {
    let city = City::new(1);
    let mut phones = Vec::new();
    for seed in 0..3 {
        phones.push(Phone::enrolled(10 + seed, &city, &format!("user {seed}"), &["inspector"]).await);
    }
    let mut ids: Vec<EntityId> = Vec::new();
    for round in 0..30_usize {
        let phone = &phones[round % 3];
        let known: Vec<_> = ids.iter().filter(|id| phone.finding(**id).is_ok()).copied().collect();
        match (round % 5, known.get(round * 7 % known.len().max(1))) {
            (0 | 1, _) | (_, None) => ids.push(phone.record(finding(&format!("{round}")), vec![]).unwrap()),
            (2 | 3, Some(id)) => drop(phone.amend(*id, note(&format!("amended {round}")), vec![]).unwrap()),
            (_, Some(id)) => drop(phone.void(*id, "twice").ok()),
        }
        if round % 4 == 0 {
            city.lock().lose_push_replies = u32::from(round % 8 == 0);
            drop(phone.synced(&city).await);
        }
    }
    city.lock().lose_push_replies = 0;
    for _ in 0..2 {
        for phone in &phones {
            phone.synced(&city).await.unwrap();
        }
    }
    let shown = |phone: &Phone| -> BTreeMap<_, _> {
        ids.iter().map(|id| (OpId(id.0), phone.entity(*id).unwrap().map(|entity| entity.to_text()))).collect()
    };
    assert_eq!(shown(&phones[0]), shown(&phones[1]));
    assert_eq!(shown(&phones[1]), shown(&phones[2]));
    assert!(phones.iter().all(|phone| phone.status().unwrap().pending == 0));
}
