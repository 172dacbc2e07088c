//! Photos: taken in with their record, sent when there is a network, never lost in between.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::json;
use xuncha_core::Error;
use xuncha_core::model::{Code, EntityId, FindingDraft, Hash, OpId, Place};
use xuncha_core::notebook::{FileState, ListPage, PhotoSource, PreviewOptions, SealedPhoto, Shot, Which};
use xuncha_core::sync::{Conditions, Progress, Step, SyncOptions, Synced};

use super::city::City;
use super::machine::{Phone, finding, note};
use super::photo::made::made_font;

/// A picture that no other number gives; noise, so that it has some kilobytes.
pub(crate) fn picture(number: u32) -> Vec<u8> {
    let (width, height) = (400_u16, 300_u16);
    let mut state = u64::from(number) + 1;
    let mut pixels = Vec::new();
    for _ in 0..usize::from(width) * usize::from(height) * 3 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        pixels.push((state >> 56) as u8);
    }
    jpeg(&pixels, width, height)
}

fn jpeg(pixels: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 85).encode(pixels, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

fn grey(width: u16, height: u16) -> Vec<u8> {
    jpeg(&vec![128; usize::from(width) * usize::from(height) * 3], width, height)
}

impl Phone {
    fn seal(&self, bytes: &[u8]) -> SealedPhoto {
        self.seal_photo(&mut &bytes[..], Shot::default()).unwrap()
    }

    /// A finding with these pictures; gives it and the names of its photos.
    fn record_pictures(&self, numbers: &[u32]) -> (EntityId, Vec<String>) {
        let sealed: Vec<_> = numbers.iter().map(|number| self.seal(&picture(*number))).collect();
        let names = sealed.iter().map(|photo| photo.id.clone()).collect();
        (self.record_with_photos(finding("有照片"), sealed).unwrap(), names)
    }

    fn path_of(&self, hash: Hash) -> PathBuf {
        self.folder().join("photos").join(hash.to_hex())
    }

    fn state(&self, finding: EntityId) -> Vec<FileState> {
        self.photos(finding).unwrap().into_iter().map(|photo| photo.original).collect()
    }

    fn previews(&self) -> u64 {
        self.make_previews(&PreviewOptions::default()).unwrap().made
    }

    /// One sync over a network as described, without second attempts.
    async fn synced_over(&self, city: &City, conditions: Conditions) -> Synced {
        let options = SyncOptions { attempts: 1, conditions, ..SyncOptions::default() };
        let synced = self.sync_with(city, &(), &options).await.unwrap();
        self.is_sound();
        synced
    }
}

async fn phone_and_city() -> (Phone, City) {
    let city = City::new(1);
    (Phone::enrolled(2, &city, "王", &["inspector"]).await, city)
}

fn hash(number: u32) -> Hash {
    Hash::of(&picture(number))
}

#[tokio::test]
async fn ten_photos_are_one_record_and_what_is_saved_survives() {
    let (phone, city) = phone_and_city().await;
    let place = Place {
        lat: Some(39.9),
        lon: Some(116.4),
        accuracy: Some(8.0),
        provider: Some("gps".into()),
        words: None,
        ..Place::default()
    };
    let mut sealed: Vec<_> = (0..9).map(|number| phone.seal(&picture(number))).collect();
    let shot = Shot { place: Some(place.clone()), source: PhotoSource::Gallery, ..Shot::default() };
    sealed.push(phone.seal_photo(&mut picture(9).as_slice(), shot).unwrap());
    let last = sealed[9].id.clone();
    let id = phone.record_with_photos(finding("十张"), sealed).unwrap();
    assert_eq!(phone.status().unwrap().pending, 1, "one record");

    let phone = phone.reopened();
    phone.is_sound();
    let shown = phone.finding(id).unwrap();
    assert_eq!(shown.photos.len(), 10);
    let photo = &shown.photos[&last];
    assert_eq!((photo.source.as_deref(), photo.place.as_ref()), (Some("gallery"), Some(&place)));
    assert!(photo.taken.is_some());
    for number in 0..10 {
        assert_eq!(fs::read(phone.path_of(hash(number))).unwrap(), picture(number));
    }
    let status = phone.status().unwrap();
    assert_eq!((status.photos, status.files_waiting, status.files_lost), (10, 10, 0));
    assert!(phone.recovered_photos().unwrap().is_empty());

    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.files_sent, synced.files_waiting, synced.files_offline), (10, 0, false));
    assert!((0..10).all(|number| city.lock().files.whole[&hash(number)] == picture(number)));
    let listed = phone.list(ListPage { after: None, limit: 1 }).unwrap().remove(0);
    assert_eq!((listed.evidence.expected, listed.evidence.originals, listed.evidence.displays), (10, 10, 0));
    assert!(phone.state(id).iter().all(|state| matches!(state, FileState::Kept { .. })));
    let idle = phone.synced(&city).await.unwrap();
    assert_eq!((idle.requests, idle.files_sent), (1, 0), "an idle sync is one request");
}

#[tokio::test]
async fn what_is_no_picture_and_a_full_disk_leave_nothing_behind() {
    struct Full(usize);
    impl Read for Full {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => (&picture(1)[..]).read(buffer),
                _ => Err(io::ErrorKind::StorageFull.into()),
            }
        }
    }
    let (phone, _) = phone_and_city().await;
    for bytes in [&b""[..], b"<html>a page</html>"] {
        let sealed = phone.seal_photo(&mut &bytes[..], Shot::default());
        assert!(matches!(sealed, Err(Error::Invalid { field, .. }) if field == "photo"));
    }
    assert!(matches!(phone.seal_photo(&mut Full(0), Shot::default()), Err(Error::Full)));
    assert_eq!(fs::read_dir(phone.folder().join("photos")).unwrap().count(), 0);
    let (id, _) = phone.record_pictures(&[1]);
    assert_eq!(phone.finding(id).unwrap().photos.len(), 1);
    phone.is_sound();
}

#[tokio::test]
async fn a_record_is_refused_when_a_sealed_file_is_gone_or_shorter() {
    let (phone, _) = phone_and_city().await;
    let (kept, gone) = (phone.seal(&picture(1)), phone.seal(&picture(2)));
    let path = phone.path_of(gone.blob.hash);
    let refused = |photos| matches!(phone.record_with_photos(finding("x"), photos), Err(Error::Invalid { field, .. }) if field == "photos");
    fs::File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
    assert!(refused(vec![kept.clone(), gone.clone()]));
    fs::remove_file(&path).unwrap();
    assert!(refused(vec![kept.clone(), gone]));
    assert_eq!((phone.status().unwrap().pending, phone.status().unwrap().photos), (0, 0), "nothing half-done");
    phone.record_with_photos(finding("x"), vec![kept]).unwrap();
    phone.is_sound();
}

#[tokio::test]
async fn photos_of_what_was_refused_are_offered_for_another_step_and_those_that_may_count_are_not() {
    let (phone, city) = phone_and_city().await;
    let (finding_id, _) = phone.record_pictures(&[1]);
    phone.synced(&city).await.unwrap();
    city.lock().say("finding.decline", finding_id, json!({ "reason": "重复" }));
    phone.fix_on_the_spot(finding_id, vec![phone.seal(&picture(2)), phone.seal(&picture(3))]).unwrap();
    assert!(phone.recovered_photos().unwrap().is_empty(), "it may be accepted yet");
    assert_eq!(phone.synced(&city).await.unwrap().refused, 1);
    let phone = phone.reopened();
    let mut offered: Vec<_> = phone.recovered_photos().unwrap().into_iter().map(|one| one.hash).collect();
    offered.sort();
    let mut both = [hash(2), hash(3)];
    both.sort();
    assert_eq!(offered, both);
    let again = phone.recovered_photo(&hash(2), Shot::default()).unwrap();
    let second = phone.record_with_photos(finding("另记一条"), vec![again]).unwrap();
    phone.discard_recovered(&hash(3)).unwrap();
    assert!(!phone.path_of(hash(3)).exists() && phone.recovered_photos().unwrap().is_empty());
    assert!(matches!(phone.discard_recovered(&hash(2)), Err(Error::NotFound { .. })), "it counts again");
    phone.synced(&city).await.unwrap();
    assert!(matches!(phone.state(second)[0], FileState::Kept { .. }));
    assert_eq!(phone.status().unwrap().files_lost, 0);
}

#[tokio::test]
async fn a_bundle_carries_everything_but_the_photo_that_is_damaged_and_the_one_that_is_gone() {
    let (phone, _) = phone_and_city().await;
    phone.record_pictures(&[1, 2, 3]);
    fs::remove_file(phone.path_of(hash(2))).unwrap();
    let mut damaged = fs::File::options().write(true).open(phone.path_of(hash(3))).unwrap();
    io::Write::write_all(&mut damaged, b"other").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let made = phone.export_bundle(&folder.path().join("out.zip")).unwrap();
    assert_eq!((made.ops, made.files, made.left_out, made.bytes), (1, 1, 2, picture(1).len() as u64));
    assert_eq!(phone.export_bundle(&folder.path().join("again.zip")).unwrap(), made, "said as often as it is asked");
    assert_eq!(phone.file_faults().unwrap().len(), 1);
    assert_eq!(phone.status().unwrap().files_lost, 1);
}

#[tokio::test]
async fn a_photo_sealed_before_a_crash_is_offered_and_can_be_recorded() {
    let (phone, city) = phone_and_city().await;
    phone.seal(&picture(1));
    phone.seal(&picture(2));
    fs::File::create(phone.folder().join("photos/half.part")).unwrap();
    let phone = phone.reopened();
    assert!(!phone.folder().join("photos/half.part").exists());
    let offered = phone.recovered_photos().unwrap();
    assert_eq!(offered.len(), 2);
    assert_eq!(offered.iter().map(|one| one.len).sum::<u64>(), (picture(1).len() + picture(2).len()) as u64);
    assert!(offered.iter().all(|one| one.modified.millis() > 0));

    let sealed = phone.recovered_photo(&hash(1), Shot { source: PhotoSource::Gallery, ..Shot::default() }).unwrap();
    let id = phone.record_with_photos(finding("找回的"), vec![sealed]).unwrap();
    phone.discard_recovered(&hash(2)).unwrap();
    assert!(phone.recovered_photos().unwrap().is_empty());
    for hash in [hash(1), hash(2), hash(3)] {
        assert!(matches!(phone.discard_recovered(&hash), Err(Error::NotFound { .. })), "never a recorded one");
        assert!(matches!(phone.recovered_photo(&hash, Shot::default()), Err(Error::NotFound { .. })));
    }
    phone.synced(&city).await.unwrap();
    assert!(matches!(phone.state(id)[0], FileState::Kept { .. }));
}

#[tokio::test]
async fn a_lost_file_is_reported_and_the_same_bytes_heal_it() {
    let (phone, city) = phone_and_city().await;
    let (id, _) = phone.record_pictures(&[1, 2]);
    fs::remove_file(phone.path_of(hash(1))).unwrap();
    let phone = phone.reopened();
    phone.is_sound();
    assert_eq!(phone.status().unwrap().files_lost, 1);
    assert_eq!(phone.state(id).iter().filter(|state| **state == FileState::Lost).count(), 1);
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.files_sent, phone.status().unwrap().files_lost), (1, 1));

    let again = phone.seal(&picture(1));
    phone.amend_with_photos(id, FindingDraft::default(), vec![again]).unwrap();
    assert_eq!(phone.status().unwrap().files_lost, 0);
    phone.synced(&city).await.unwrap();
    assert_eq!(phone.finding(id).unwrap().evidence.originals, 3, "one file, and evidence twice");
}

#[tokio::test]
async fn the_same_picture_in_two_findings_is_one_file_and_evidence_twice() {
    let (phone, city) = phone_and_city().await;
    let (a, _) = phone.record_pictures(&[1]);
    let (b, _) = phone.record_pictures(&[1]);
    assert_eq!((phone.status().unwrap().photos, phone.status().unwrap().files_waiting), (2, 1));
    assert_eq!(phone.synced(&city).await.unwrap().files_sent, 1);
    assert_eq!(city.lock().files.arrived.len(), 1);
    for id in [a, b] {
        assert_eq!(phone.finding(id).unwrap().evidence.originals, 1);
    }
}

#[tokio::test]
async fn an_upload_that_was_cut_off_goes_on_where_it_stood() {
    let len = picture(1).len();
    for cut in [0, 1, 999, 1000, len / 2, len - 1] {
        let (phone, city) = phone_and_city().await;
        let (id, _) = phone.record_pictures(&[1]);
        city.lock().files.cuts.push_back(cut);
        let synced = phone.synced(&city).await.unwrap();
        assert_eq!((synced.accepted, synced.files_sent, synced.files_waiting, synced.files_offline), (1, 0, 1, true));
        assert_eq!(phone.state(id), [FileState::Waiting]);
        let phone = phone.reopened();
        assert_eq!(phone.synced(&city).await.unwrap().files_sent, 1);
        let arrived = city.lock().files.arrived.clone();
        assert_eq!(arrived, [(hash(1), 0, cut), (hash(1), cut as u64, len - cut)], "no byte twice");
        assert_eq!(phone.finding(id).unwrap().evidence.originals, 1);
    }
}

#[tokio::test]
async fn a_lost_last_reply_costs_a_question_and_no_byte() {
    let (phone, city) = phone_and_city().await;
    phone.record_pictures(&[1]);
    city.lock().files.lose_replies = 1;
    assert_eq!(phone.synced(&city).await.unwrap().files_waiting, 1);
    assert_eq!(phone.synced(&city).await.unwrap().files_sent, 1);
    assert_eq!(city.lock().files.arrived.len(), 1);
    assert_eq!(phone.status().unwrap().files_waiting, 0);
}

#[tokio::test]
async fn an_upload_that_is_gone_is_begun_again() {
    let (phone, city) = phone_and_city().await;
    phone.record_pictures(&[1]);
    city.lock().files.cuts.push_back(500);
    phone.synced(&city).await.unwrap();
    city.lock().files.gone = 1;
    assert_eq!(phone.synced(&city).await.unwrap().files_sent, 1);
    assert_eq!(city.lock().files.arrived.last().unwrap().1, 0);
}

#[tokio::test]
async fn one_stuck_photo_blocks_nothing() {
    let (phone, city) = phone_and_city().await;
    let (id, _) = phone.record_pictures(&[0, 1, 2, 3, 4, 5]);
    for (number, status, code) in [(0, 413, Code::TooLarge), (1, 507, Code::StorageFull), (2, 429, Code::QuotaFull)] {
        city.lock().files.refused.insert(hash(number), (status, code));
    }
    city.lock().files.refused.insert(hash(2), (403, Code::QuotaFull));
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.files_sent, synced.files_waiting, synced.file_faults), (3, 3, 3));
    assert!(!synced.files_offline);
    let faults: Vec<_> = phone.file_faults().unwrap().into_iter().map(|fault| (fault.blob.hash, fault.code)).collect();
    assert_eq!(
        faults,
        [(hash(0), "too_large".into()), (hash(1), "storage_full".into()), (hash(2), "quota_full".into())]
    );
    assert_eq!(phone.state(id).iter().filter(|state| matches!(state, FileState::Stuck { .. })).count(), 3);
    assert_eq!(phone.finding(id).unwrap().evidence.originals, 3);

    city.lock().files.refused.clear();
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.files_sent, synced.files_waiting), (2, 1), "what cannot mend itself waits for a person");
    assert_eq!(phone.retry_files().unwrap(), 1);
    assert_eq!(phone.synced(&city).await.unwrap().files_sent, 1);
    assert_eq!((phone.status().unwrap().file_faults, phone.status().unwrap().files_waiting), (0, 0));
}

#[tokio::test]
async fn without_a_network_for_files_the_ops_are_done_all_the_same() {
    let (phone, city) = phone_and_city().await;
    phone.record_pictures(&(0..20).collect::<Vec<_>>());
    city.lock().files.offline = true;
    let before = city.lock().requests;
    let synced = phone.synced(&city).await.unwrap();
    assert_eq!((synced.accepted, synced.files_sent, synced.files_waiting, synced.files_offline), (1, 0, 20, true));
    assert!(city.lock().requests - before <= 2 + 5, "after three in a row it gives up");
    city.lock().files.offline = false;
    assert_eq!(phone.synced(&city).await.unwrap().files_sent, 20);
}

#[tokio::test]
async fn a_file_that_was_damaged_on_the_phone_is_named_and_one_damaged_on_the_way_is_sent_again() {
    let (phone, city) = phone_and_city().await;
    let (id, _) = phone.record_pictures(&[1]);
    city.lock().files.mismatches = 1;
    assert_eq!(phone.synced(&city).await.unwrap().files_sent, 1);
    assert_eq!(city.lock().files.arrived.len(), 2);

    phone
        .amend_with_photos(id, FindingDraft::default(), vec![phone.seal(&picture(2)), phone.seal(&picture(3))])
        .unwrap();
    let mut bytes = picture(2);
    bytes[100] ^= 1;
    fs::File::create(phone.path_of(hash(2))).and_then(|mut file| io::Write::write_all(&mut file, &bytes)).unwrap();
    for _ in 0..2 {
        let synced = phone.sync(&city, &()).await.unwrap();
        assert_eq!((synced.files_waiting, synced.file_faults), (1, 1));
    }
    assert_eq!(phone.file_faults().unwrap()[0].code, "damaged");
    assert_eq!(phone.finding(id).unwrap().evidence.originals, 2);
    assert_eq!(phone.check().unwrap().len(), 1, "the check says so too");
    // The same picture from the gallery heals it.
    let healed = phone.seal(&picture(2));
    phone.amend_with_photos(id, FindingDraft::default(), vec![healed]).unwrap();
    assert_eq!(phone.synced(&city).await.unwrap().files_sent, 1);
}

#[tokio::test]
async fn a_device_that_is_revoked_while_it_sends_files_must_enrol_again() {
    for (status, code, why) in [(401, Code::BadToken, "token"), (403, Code::DeviceRevoked, "revoked")] {
        let (phone, city) = phone_and_city().await;
        let (id, _) = phone.record_pictures(&[1]);
        city.lock().files.refused.insert(hash(1), (status, code));
        assert!(matches!(phone.synced(&city).await, Err(Error::Refused { .. })));
        assert_eq!(phone.status().unwrap().must_enrol_again.unwrap().as_str(), why);
        assert_eq!((phone.status().unwrap().pending, phone.state(id)), (0, vec![FileState::Waiting]));
    }
}

#[tokio::test]
async fn files_go_in_order_and_as_the_network_allows() {
    let (phone, city) = phone_and_city().await;
    let (id, names) = phone.record_pictures(&[1, 2]);
    assert_eq!(phone.previews(), 2);
    let road = Conditions { metered: true, wifi: false, charging: false };
    let synced = phone.synced_over(&city, road).await;
    assert_eq!((synced.files_sent, synced.files_waiting), (4, 2), "thumbnails and display copies");
    let evidence = phone.finding(id).unwrap().evidence;
    assert!(evidence.is_reviewable() && !evidence.is_sealed());
    let shown = phone.finding(id).unwrap();
    let preview = |name: &String| &shown.previews[name];
    let arrived: Vec<_> = city.lock().files.arrived.iter().map(|(hash, ..)| *hash).collect();
    assert!(names.iter().all(|name| arrived[..2].contains(&preview(name).thumbnail)), "thumbnails first");
    let synced = phone.synced_over(&city, Conditions { wifi: true, ..road }).await;
    assert_eq!(synced.files_sent, 0, "another phone's hotspot is metered too");
    let synced = phone.synced_over(&city, Conditions { metered: false, wifi: true, charging: false }).await;
    assert_eq!((synced.files_sent, synced.files_waiting), (2, 0));
    assert!(phone.finding(id).unwrap().evidence.is_sealed());
}

#[tokio::test]
async fn what_the_server_misses_is_sent_again() {
    let (phone, city) = phone_and_city().await;
    phone.record_pictures(&[1, 2]);
    phone.synced(&city).await.unwrap();
    city.lock().lose_file(&hash(1));
    assert_eq!(phone.synced(&city).await.unwrap().files_sent, 1);
    assert!(city.lock().files.whole.contains_key(&hash(1)));
    assert_eq!(phone.synced(&city).await.unwrap().requests, 1);
}

#[tokio::test]
async fn nothing_is_freed_that_no_backup_covers() {
    let (phone, city) = phone_and_city().await;
    let (id, names) = phone.record_pictures(&[1]);
    phone.previews();
    city.lock().files.unlogged = true;
    phone.synced(&city).await.unwrap();
    let bytes: Vec<_> = phone.photos(id).unwrap();
    assert_eq!((&bytes[0].original, &bytes[0].display), (&FileState::Sent, &FileState::Sent));
    assert_eq!(phone.free_space().unwrap().not_yet.as_deref(), Some("the server has no backup yet"));
    city.lock().durable_size = 10_000;
    phone.synced(&city).await.unwrap();
    assert_eq!(phone.free_space().unwrap().files, 0, "sent is not kept");

    city.lock().files.unlogged = false;
    let blobs: Vec<_> = {
        let shown = phone.finding(id).unwrap();
        let preview = &shown.previews[&names[0]];
        let blob = |hash: Hash| xuncha_core::model::BlobRef {
            hash,
            len: 1,
            media_type: "image/jpeg".into(),
            role: String::new(),
        };
        vec![blob(hash(1)), blob(preview.display), blob(preview.thumbnail)]
    };
    let before = city.lock().head();
    city.lock().log_files(&blobs);
    city.lock().durable_size = before;
    phone.synced(&city).await.unwrap();
    let FileState::Kept { index } = phone.photos(id).unwrap()[0].original else { panic!() };
    assert_eq!(index, before);
    assert_eq!(phone.free_space().unwrap(), Default::default(), "kept, and not covered yet");
    assert!(phone.path_of(hash(1)).exists());

    city.lock().durable_size = before + 1;
    phone.synced(&city).await.unwrap();
    assert!(phone.status().unwrap().freeable_bytes > picture(1).len() as u64);
    let freed = phone.free_space().unwrap();
    assert_eq!((freed.files, phone.status().unwrap().freeable_bytes, phone.status().unwrap().files_lost), (2, 0, 0));
    assert!(!phone.path_of(hash(1)).exists());
    assert!(phone.thumbnail(id, &names[0]).unwrap().is_some(), "thumbnails stay");
    assert_eq!(phone.display(id, &names[0]).unwrap(), None);
    phone.is_sound();
    let phone = phone.reopened();
    assert_eq!(phone.status().unwrap().files_lost, 0);
    let path = phone.fetch_preview(&city, id, &names[0], Which::Original).await.unwrap();
    assert_eq!(fs::read(path).unwrap(), picture(1));

    // A crash between the mark and the removal: the file is simply here again.
    fs::copy(phone.original(id, &names[0]).unwrap().unwrap(), phone.path_of(hash(1))).unwrap();
    let phone = phone.reopened();
    assert!(phone.recovered_photos().unwrap().is_empty());
    assert_eq!(phone.free_space().unwrap().files, 1);
    // The server lost what it kept, and nobody has it: that is said.
    city.lock().lose_file(&hash(1));
    phone.synced(&city).await.unwrap();
    assert_eq!(phone.status().unwrap().files_waiting, 0);
}

#[tokio::test]
async fn others_look_at_photos_lazily_and_believe_only_the_right_bytes() {
    let (phone, city) = phone_and_city().await;
    let (id, names) = phone.record_pictures(&[1]);
    phone.previews();
    phone.synced(&city).await.unwrap();
    let other = Phone::enrolled(3, &city, "李", &["inspector"]).await;
    other.synced(&city).await.unwrap();
    assert!(city.lock().files.fetched.is_empty(), "nothing is fetched during a sync");
    assert_eq!(other.thumbnail(id, &names[0]).unwrap(), None);
    assert!(matches!(other.state(id)[0], FileState::Kept { .. }));

    city.lock().files.spoilt = true;
    let fetched = other.fetch_preview(&city, id, &names[0], Which::Thumbnail).await;
    assert!(matches!(fetched, Err(Error::Offline { .. })));
    assert_eq!(other.thumbnail(id, &names[0]).unwrap(), None);
    city.lock().files.spoilt = false;
    let path = other.fetch_preview(&city, id, &names[0], Which::Thumbnail).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(phone.thumbnail(id, &names[0]).unwrap().unwrap()).unwrap());
    assert_eq!(other.fetch_preview(&city, id, &names[0], Which::Thumbnail).await.unwrap(), path);
    assert_eq!(city.lock().files.fetched.len(), 2);
    assert_eq!(other.thumbnail(id, &names[0]).unwrap(), Some(path));
    assert!(matches!(other.thumbnail(id, "no such photo"), Err(Error::NotFound { .. })));
    other.is_sound();
}

#[tokio::test]
async fn previews_are_made_once_upright_small_and_stamped_when_there_is_a_font() {
    let (phone, city) = phone_and_city().await;
    let plain = phone.record_with_photos(finding("x"), vec![phone.seal(&grey(3000, 1500))]).unwrap();
    let made = phone.make_previews(&PreviewOptions::default()).unwrap();
    assert_eq!((made.made, made.more), (1, false));
    let shown = phone.finding(plain).unwrap();
    let preview = shown.previews.values().next().unwrap();
    assert_eq!((preview.width, preview.height, preview.stamped), (2048, 1024, false));
    assert_eq!(phone.status().unwrap().pending, 2);

    let font = Arc::new(made_font(&[' '..='~', '一'..='龥']));
    let pictures = vec![phone.seal(&grey(1200, 900)), phone.seal(&grey(900, 1200))];
    let stamped = phone.record_with_photos(finding("y"), pictures).unwrap();
    let options = PreviewOptions { font: Some(font), most: 1 };
    let first = phone.make_previews(&options).unwrap();
    assert_eq!((first.made, first.more), (1, true));
    let rest = phone.make_previews(&options).unwrap();
    assert_eq!((rest.made, rest.more), (1, false));
    assert!(phone.finding(stamped).unwrap().previews.values().all(|preview| preview.stamped));
    assert_eq!(phone.make_previews(&options).unwrap(), Default::default());
    phone.synced(&city).await.unwrap();
    assert!(phone.finding(stamped).unwrap().evidence.is_reviewable());
    phone.reopened().is_sound();
}

#[tokio::test]
async fn a_font_that_does_not_know_the_inspectors_name_stamps_nothing_and_it_is_said() {
    let (phone, _) = phone_and_city().await;
    let names: Vec<_> = phone.people().unwrap().into_iter().map(|person| person.name).collect();
    let pictures = vec![phone.seal(&grey(1200, 900)), phone.seal(&grey(900, 1200))];
    let id = phone.record_with_photos(finding("x"), pictures).unwrap();
    let options = PreviewOptions { font: Some(Arc::new(made_font(&[' '..='~']))), ..PreviewOptions::default() };
    let made = phone.make_previews(&options).unwrap();
    assert_eq!((made.made, made.unstamped, &*made.unknown), (2, 2, &*names[0]), "each letter once");
    assert!(phone.finding(id).unwrap().previews.values().all(|preview| !preview.stamped));
}

#[tokio::test]
async fn a_heic_waits_for_previews_of_the_app_and_a_damaged_picture_for_nobody() {
    let (phone, city) = phone_and_city().await;
    let heic = [&[0, 0, 0, 24][..], b"ftypheic", &[0; 100]].concat();
    let damaged = picture(1)[..picture(1).len() / 2].to_vec();
    let sealed = vec![phone.seal(&heic), phone.seal(&damaged), phone.seal(&picture(2))];
    let names: Vec<_> = sealed.iter().map(|photo| photo.id.clone()).collect();
    let id = phone.record_with_photos(finding("x"), sealed).unwrap();
    let made = phone.make_previews(&PreviewOptions::default()).unwrap();
    assert_eq!((made.made, made.no_preview_yet, made.failed), (1, 1, 1));
    assert_eq!(phone.make_previews(&PreviewOptions::default()).unwrap(), Default::default(), "never tried again");
    let why: Vec<_> = phone.photos(id).unwrap().into_iter().map(|photo| (photo.id, photo.no_preview)).collect();
    let why = |name: &String| why.iter().find(|(id, _)| id == name).unwrap().1.clone();
    assert!(why(&names[0]).unwrap().starts_with("no_preview_yet") && why(&names[1]).unwrap().starts_with("damaged"));
    assert_eq!(why(&names[2]), None);

    let field = |display: &[u8], thumbnail: &[u8]| match phone.add_preview(id, &names[0], display, thumbnail) {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let (display, thumbnail) = (grey(1600, 1200), grey(320, 240));
    assert_eq!(field(&grey(2050, 100), &thumbnail), "display");
    assert_eq!(field(&display, &grey(400, 100)), "thumbnail");
    assert_eq!(field(b"no picture", &thumbnail), "display");
    assert_eq!(field(&display[..display.len() / 2], &thumbnail), "display");
    let exif = [&display[..2], &[0xFF, 0xE1, 0, 10], b"Exif\0\0..", &display[2..]].concat();
    assert_eq!(field(&exif, &thumbnail), "display");
    assert!(matches!(phone.add_preview(id, "other", &display, &thumbnail), Err(Error::NotFound { .. })));
    phone.is_sound();
    phone.add_preview(id, &names[0], &display, &thumbnail).unwrap();
    phone.synced(&city).await.unwrap();
    let evidence = phone.finding(id).unwrap().evidence;
    assert_eq!((evidence.expected, evidence.originals, evidence.displays, evidence.thumbnails), (3, 3, 2, 2));
}

#[tokio::test]
async fn leftovers_of_previews_are_made_anew_and_never_offered_as_photos() {
    let (phone, _) = phone_and_city().await;
    let leftover = phone.folder().join("previews").join(hash(9).to_hex());
    fs::create_dir_all(leftover.parent().unwrap()).unwrap();
    fs::copy(file_of(&picture(9)).path(), &leftover).unwrap();
    let phone = phone.reopened();
    assert!(!leftover.exists());
    assert!(phone.recovered_photos().unwrap().is_empty());
}

fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    io::Write::write_all(&mut file, bytes).unwrap();
    file
}

#[tokio::test]
async fn a_new_device_says_everything_again_and_keeps_its_files() {
    let (phone, city) = phone_and_city().await;
    let (id, _) = phone.record_pictures(&[1, 2]);
    phone.previews();
    city.lock().files.cuts.extend([100, 100, 100]);
    city.lock().lose_push_replies = 1;
    phone.synced(&city).await.unwrap_err();
    let (folder, keys, host) = phone.close();
    *keys.0.lock().unwrap() = None;
    let phone = xuncha_core::notebook::Notebook::open_as_new_device(folder.path(), keys, host).unwrap();
    assert_eq!(phone.check().unwrap(), Vec::<String>::new());
    phone.enrol(&city, &city.invite_again(city.user("王"))).await.unwrap();
    phone.sync(&city, &()).await.unwrap();
    let synced = phone.sync(&city, &()).await.unwrap();
    assert_eq!((synced.files_waiting, phone.status().unwrap().files_waiting), (0, 0));
    let evidence = phone.finding(id).unwrap().evidence;
    assert!(evidence.is_sealed() && evidence.is_reviewable());
    assert_eq!(phone.check().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn photos_of_a_refused_finding_wait_for_its_correction() {
    let city = City::new(1);
    let leader = Phone::enrolled(2, &city, "陈", &["leader"]).await;
    let (id, _) = leader.record_pictures(&[1]);
    let synced = leader.synced(&city).await.unwrap();
    assert_eq!((synced.refused, synced.files_sent, synced.files_waiting), (1, 0, 0), "nobody refers to it");
    assert!(leader.path_of(hash(1)).exists());
    let more = leader.seal(&picture(2));
    leader.correct_with_photos(OpId(id.0), note("再说一次"), vec![more]).unwrap();
    assert_eq!(leader.finding(id).unwrap().photos.len(), 2);
    assert_eq!(leader.status().unwrap().files_waiting, 2);
    leader.is_sound();
}

#[tokio::test]
async fn a_draft_is_recorded_with_its_photos_or_kept() {
    let (phone, _) = phone_and_city().await;
    let draft = phone.save_draft(None, &note("还没有检查项")).unwrap();
    let sealed = vec![phone.seal(&picture(1))];
    assert!(
        matches!(phone.record_draft_with_photos(draft, sealed.clone()), Err(Error::Invalid { field, .. }) if field == "item")
    );
    assert_eq!(phone.status().unwrap().photos, 0);
    phone.save_draft(Some(draft), &finding("有了")).unwrap();
    let id = phone.record_draft_with_photos(draft, sealed).unwrap();
    assert_eq!((phone.finding(id).unwrap().photos.len(), phone.drafts().unwrap().len()), (1, 0));
    phone.is_sound();
}

#[tokio::test]
async fn progress_is_told_in_bytes_and_ends_at_all_of_them() {
    #[derive(Default)]
    struct Bytes(Mutex<Vec<(u64, u64, u64)>>);
    impl Progress for Bytes {
        fn step(&self, step: Step) {
            if let Step::Uploading { bytes, total, files } = step {
                self.0.lock().unwrap().push((bytes, total, files));
            }
        }
    }
    let (phone, city) = phone_and_city().await;
    phone.record_pictures(&[1, 2, 3, 4]);
    let bytes = Bytes::default();
    phone.sync(&city, &bytes).await.unwrap();
    let told = bytes.0.into_inner().unwrap();
    let total: u64 = (1..5).map(|number| picture(number).len() as u64).sum();
    assert_eq!(told.last(), Some(&(total, total, 4)));
    assert!(told.is_sorted_by_key(|(bytes, ..)| *bytes));
}
