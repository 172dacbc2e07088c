//! Kill -9 while a backup is taken or restored: the backup before it still restores, and a data folder
//! is there whole or not at all.

use std::fs;

use serde_json::Value;
use xuncha_tests::harness::check_folder;

use super::kills::{Pace, World, kill, said};
use super::kills_photos::{Album, record, rounds, settle, timed};

const KB: usize = 1000;

/// A running city with some photos in it.
fn city(world: &mut World, findings: usize) -> (super::kills::Killed, Album) {
    let server = world.serve();
    world.enrol("phone");
    let mut album = Album::new();
    for _ in 0..findings {
        record(world, &mut album, 2, 50 * KB..300 * KB);
    }
    settle(world, &album);
    (server, album)
}

fn restore(world: &World, name: &str) -> Value {
    world.run(&["restore", &world.home("backup"), "--data", &world.home(name)]).remove(0)
}

fn size(value: &Value) -> u64 {
    value["size"].as_u64().unwrap()
}

#[test]
fn killing_a_backup_leaves_the_one_before_it() {
    let mut world = World::new();
    let (_server, mut album) = city(&mut world, 6);
    let (data, target) = (world.data(), world.home("backup"));
    let backup = ["backup", "--json", "--data", &data, &target];
    let (taken, usual) = timed(|| world.run(&backup).remove(0));
    let (mut covered, mut pace) = (size(&taken), Pace::of(usual));
    for _ in 0..rounds() {
        record(&world, &mut album, 2, 50 * KB..300 * KB);
        world.run(&["field", "--home", &world.home("phone"), "sync"]);
        let process = world.spawn(&backup);
        pace.wait(&world);
        // What it called taken counts.
        let said = said(&kill(process));
        pace.note(said.is_none());
        if let Some(taken) = said {
            covered = size(&taken);
        }
        let restored = restore(&world, "restored");
        assert!(size(&restored) >= covered, "a backup that counted is gone: {restored}, {covered}");
        assert!(restored.get("lacks").is_none_or(|lacks| lacks == &Value::Array(Vec::new())), "{restored}");
        covered = size(&restored);
        check_folder(&world.path("restored"));
        fs::remove_dir_all(world.path("restored")).unwrap();
    }
    pace.check("a backup under way");
    settle(&mut world, &album);
    world.run(&backup);
    let files: usize = album.values().map(Vec::len).sum();
    assert_eq!(restore(&world, "restored")["files"], files);
    check_folder(&world.path("restored"));
    let halves = fs::read_dir(world.path("backup")).unwrap().map(|entry| entry.unwrap().file_name());
    let halves: Vec<_> = halves.filter(|name| name.to_string_lossy().ends_with(".part")).collect();
    assert!(halves.is_empty(), "{halves:?}");
}

#[test]
fn killing_a_restore_leaves_a_whole_data_folder_or_none() {
    let mut world = World::new();
    let (_server, album) = city(&mut world, 12);
    let (target, restored) = (world.home("backup"), world.path("restored"));
    let taken = world.run(&["backup", "--data", &world.data(), &target]).remove(0);
    let files: usize = album.values().map(Vec::len).sum();
    let (_, usual) = timed(|| restore(&world, "restored"));
    fs::remove_dir_all(&restored).unwrap();
    let mut pace = Pace::of(usual);
    for _ in 0..rounds() {
        let process = world.spawn(&["restore", "--json", &target, "--data", &world.home("restored")]);
        pace.wait(&world);
        let said = said(&kill(process));
        assert!(said.is_none() || restored.exists(), "it was called restored and is not there");
        pace.note(said.is_none());
        if restored.exists() {
            check_folder(&restored);
            let report = world.run(&["verify", "--data", &world.home("restored")]).remove(0);
            assert_eq!(report["entries"].as_u64(), Some(size(&taken)));
            fs::remove_dir_all(&restored).unwrap();
        }
    }
    pace.check("a restore under way");
    let whole = restore(&world, "restored");
    assert_eq!((size(&whole), &whole["files"]), (size(&taken), &files.into()));
    check_folder(&restored);
    assert!(!world.path("restored.restoring").exists());
}
