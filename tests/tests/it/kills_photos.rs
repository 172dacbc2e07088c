//! Kill -9 while photos are taken in and sent, with real processes: no photo of a saved finding is ever
//! lost, and none is anywhere by halves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use xuncha_core::model::Hash;
use xuncha_core::notebook::Shot;
use xuncha_tests::harness::{Shelf, long_run, photo, place, put_bytes, words};

use super::kills::{Killed, Pace, World, finish, said};

/// Kills in each test.
pub(super) fn rounds() -> u32 {
    if long_run() { 200 } else { 25 }
}

/// Photos by the findings that they belong to.
pub(super) type Album = BTreeMap<String, Vec<Hash>>;

const KB: usize = 1000;

#[test]
fn killing_the_server_in_the_middle_of_uploads_loses_no_photo() {
    let mut world = World::new();
    place(&world.path("data"));
    let server = world.serve();
    world.enrol("phone");
    let mut album = Album::new();
    let mut pace = Pace::of(first_sync(&world, &mut album));
    drop(server);
    let mut sealed = BTreeSet::new();
    for _ in 0..rounds() {
        record(&world, &mut album, 1 + world.random.below(3), 200 * KB..3_000 * KB);
        let server = world.serve();
        let phone = world.spawn(&["field", "--home", &world.home("phone"), "sync", "--json"]);
        pace.wait(&world);
        drop(server); // SIGKILL
        let _ = finish(phone);
        note_sealed(&world, &mut sealed);
        pace.note(waiting(&world) > 0);
    }
    pace.check("an upload");
    settle(&mut world, &album);
}

#[test]
fn killing_the_phone_in_the_middle_of_uploads_loses_no_photo() {
    let mut world = World::new();
    let _server = world.serve();
    world.enrol("phone");
    let mut album = Album::new();
    let mut pace = Pace::of(first_sync(&world, &mut album));
    let mut sealed = BTreeSet::new();
    for _ in 0..rounds() {
        record(&world, &mut album, 1 + world.random.below(3), 200 * KB..3_000 * KB);
        let phone = world.spawn(&["field", "--home", &world.home("phone"), "sync", "--json"]);
        pace.wait(&world);
        drop(phone); // SIGKILL
        note_sealed(&world, &mut sealed);
        pace.note(waiting(&world) > 0);
    }
    pace.check("an upload");
    settle(&mut world, &album);
}

#[test]
fn killing_the_phone_while_it_records_keeps_the_photos_of_what_it_called_saved() {
    let mut world = World::new();
    let _server = world.serve();
    world.enrol("phone");
    let (_, usual) = timed(|| spawn_record(&world, "p").1.0.wait().unwrap());
    let mut album = Album::new();
    for (id, _) in world.list("phone") {
        let hashes = hashes_of(&world, &id);
        album.insert(id, hashes);
    }
    assert_eq!(album.len(), 1);
    let (mut pace, mut orphans) = (Pace::of(usual), BTreeSet::new());
    for _ in 0..rounds() {
        let (hashes, phone) = spawn_record(&world, "p");
        pace.wait(&world);
        let (said_saved, was_killed) = end(phone);
        pace.note(was_killed);
        let before: BTreeSet<_> = album.keys().cloned().collect();
        let new: Vec<_> = world.list("phone").into_keys().filter(|id| !before.contains(id)).collect();
        assert!(said_saved.iter().all(|id| new.contains(id)), "{said_saved:?} was called saved and is gone");
        for id in new {
            assert_eq!(hashes_of(&world, &id), hashes, "a finding that was saved has all its photos");
            album.insert(id, hashes.clone());
        }
        orphans.extend(hashes);
        // What is on the phone belongs to a finding or is offered, nothing else is there.
        let offered = recovered(&world);
        let saved: BTreeSet<Hash> = album.values().flatten().copied().collect();
        assert!(offered.is_disjoint(&saved), "a photo of a finding was offered as nobody's");
        assert!(offered.is_subset(&orphans));
        let expected: BTreeSet<String> = offered.iter().chain(&saved).map(|hash| hash.to_hex()).collect();
        assert_eq!(names_in(&world.path("phone").join("photos")), expected);
    }
    pace.check("a phone that was recording");
    let offered: Vec<Hash> = recovered(&world).into_iter().collect();
    if let Some((first, others)) = offered.split_first() {
        let home = world.home("phone");
        let words = ["field", "--home", &home, "record", "--item", "SR-1", "--recovered", &first.to_string()];
        let id = world.run(&words)[0]["finding"].as_str().unwrap().to_owned();
        album.insert(id, vec![*first]);
        for hash in others {
            world.run(&["field", "--home", &home, "recovered", "--discard", &hash.to_string()]);
        }
    }
    assert!(recovered(&world).is_empty());
    settle(&mut world, &album);
}

/// Records a finding with new photos of these sizes, in this process.
pub(super) fn record(world: &World, album: &mut Album, count: usize, len: std::ops::Range<usize>) {
    let phone = world.open("phone");
    let mut hashes = Vec::new();
    let mut seal = || {
        let bytes = photo(&world.random, len.start + world.random.below(len.len()));
        hashes.push(Hash::of(&bytes));
        phone.seal_photo(&mut &bytes[..], Shot::default()).unwrap()
    };
    let sealed = (0..count).map(|_| seal()).collect();
    let id = phone.record_with_photos(words("果皮箱满溢"), sealed).unwrap();
    hashes.sort();
    album.insert(id.to_string(), hashes);
}

/// A sync that nobody disturbs: how long it takes decides when later ones are killed.
fn first_sync(world: &World, album: &mut Album) -> Duration {
    record(world, album, 2, 1_500 * KB..1_501 * KB);
    timed(|| world.run(&["field", "--home", &world.home("phone"), "sync"])).1
}

#[expect(clippy::disallowed_methods, reason = "how long a command takes decides when it is killed")]
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed())
}

/// A phone that records a finding with three new photos, and what they are.
fn spawn_record(world: &World, name: &str) -> (Vec<Hash>, Killed) {
    let (mut hashes, mut paths) = (Vec::new(), Vec::new());
    for number in 0..3 {
        let bytes = photo(&world.random, 200 * KB + world.random.below(2_800 * KB));
        hashes.push(Hash::of(&bytes));
        let path = world.path(&format!("{name}{number}.jpg"));
        put_bytes(&path, &bytes);
        paths.push(path.display().to_string());
    }
    hashes.sort();
    let home = world.home("phone");
    let mut arguments = vec!["field", "--home", &home, "--json", "record", "--item", "SR-1", "--note", "占道堆物"];
    for path in &paths {
        arguments.extend(["--photo", path]);
    }
    (hashes, world.spawn(&arguments))
}

/// Kills a phone; the finding that it called saved, and whether it was still at work.
fn end(mut phone: Killed) -> (Option<String>, bool) {
    use std::io::Read as _;
    drop(phone.0.kill());
    let status = phone.0.wait().unwrap();
    let mut text = String::new();
    phone.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let saved = said(&text).and_then(|said| Some(said.get("finding")?.as_str()?.to_owned()));
    (saved, status.signal().is_some())
}

fn hash_in(value: &Value) -> Hash {
    value.as_str().unwrap().parse().unwrap()
}

/// Originals of a finding, as the phone shows it.
fn hashes_of(world: &World, id: &str) -> Vec<Hash> {
    let shown = world.run(&["field", "--home", &world.home("phone"), "show", id]).remove(0);
    let photos = shown["files"].as_array().unwrap();
    let mut hashes: Vec<Hash> = photos.iter().map(|photo| hash_in(&photo["photo"]["original"])).collect();
    hashes.sort();
    hashes
}

fn recovered(world: &World) -> BTreeSet<Hash> {
    let offered = world.run(&["field", "--home", &world.home("phone"), "recovered"]);
    offered.iter().map(|photo| hash_in(&photo["hash"])).collect()
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn is_sealed(one: &Value) -> bool {
    one["evidence"]["originals"] == one["evidence"]["expected"]
}

/// Remembers what the phone calls sealed; what it once called so it must go on calling so.
fn note_sealed(world: &World, sealed: &mut BTreeSet<String>) {
    let now: BTreeSet<_> =
        world.list("phone").into_iter().filter(|(_, one)| is_sealed(one)).map(|(id, _)| id).collect();
    let gone: Vec<_> = sealed.difference(&now).collect();
    assert!(gone.is_empty(), "{gone:?} were sealed and are not any more");
    *sealed = now;
}

/// Files that the phone has not sent yet.
fn waiting(world: &World) -> u64 {
    world.open("phone").status().unwrap().files_waiting
}

/// After the last kill: one quiet sync, and every photo is where it belongs.
pub(super) fn settle(world: &mut World, album: &Album) {
    let _server = (!world.answers()).then(|| world.serve());
    let synced = world.run(&["field", "--home", &world.home("phone"), "sync"]).remove(0);
    assert_eq!((&synced["files_waiting"], &synced["file_faults"]), (&0.into(), &0.into()), "{synced}");
    // The ledger calls a file kept just behind its last byte; the phone learns of it when it asks again.
    let all_sealed = |world: &World| world.list("phone").values().all(is_sealed);
    for _ in 0..50 {
        if all_sealed(world) {
            break;
        }
        world.run(&["field", "--home", &world.home("phone"), "sync"]);
    }
    assert!(all_sealed(world));
    let listed = world.list("phone");
    assert!(listed.keys().eq(album.keys()), "findings were lost or came from nowhere");
    for (id, hashes) in album {
        assert_eq!(listed[id]["evidence"]["originals"], hashes.len());
        assert_eq!(&hashes_of(world, id), hashes);
    }
    for hash in album.values().flatten() {
        let bytes = Shelf::of(&world.path("data")).read(hash).unwrap();
        assert_eq!(Hash::of(&bytes), *hash, "the server has other bytes");
    }
    assert_eq!(world.open("phone").check().unwrap(), Vec::<String>::new());
    world.settle("phone", album.len());
}
