//! Photos that real cameras took, through a real phone: sealed as they were, and previews that another
//! reader calls upright.

use std::path::{Path, PathBuf};

use serde_json::Value;
use xuncha_core::model::{EntityId, Hash};
use xuncha_core::notebook::{PhotoOf, PreviewOptions, Which};
use xuncha_tests::harness::{Phone, RawPhone, TestServer, python, run, shared, until};

/// A photo and the finding that it was recorded with.
struct Taken {
    name: String,
    path: PathBuf,
    bytes: Vec<u8>,
    finding: EntityId,
}

fn take_all(phone: &Phone, folder: &Path) -> Vec<Taken> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    paths.sort();
    let take = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&path).unwrap();
        let finding = phone.record_photos(&name, &[&bytes]);
        Taken { name, path, bytes, finding }
    };
    paths.into_iter().map(take).collect()
}

fn is_kept(server: &TestServer, hash: &Hash) -> bool {
    let row = server.office.store.look(|snapshot| snapshot.blob(hash)).unwrap();
    row.is_some_and(|row| row.whole && row.kept.is_some())
}

fn photo_of(phone: &Phone, finding: EntityId) -> PhotoOf {
    let mut photos = phone.notebook.photos(finding).unwrap();
    assert_eq!(photos.len(), 1);
    photos.remove(0)
}

/// What Pillow says of the previews of an original; none when there is no Pillow.
fn judge(original: &Path, display: &Path, thumbnail: &Path) -> Option<Value> {
    let mut command = python("PIL")?;
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/recheck/upright.py"));
    command.arg(original).arg(display).arg(thumbnail);
    let outcome = run(command);
    assert!(outcome.code <= 1 && outcome.err.is_empty(), "{outcome:?}");
    Some(serde_json::from_str(&outcome.out).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_real_photo_is_sealed_as_it_was_and_shown_upright_on_another_phone() {
    let Some(folder) = shared("data/photos") else { return };
    let server = TestServer::start().await;
    let (mine, other) = (Phone::of(&server, "王敏", "inspector").await, Phone::of(&server, "李强", "inspector").await);
    let stranger = RawPhone::new(&server, "赵琳", &["inspector"]).await;
    let taken = take_all(&mine, &folder);
    assert!(taken.len() >= 11, "photos are lacking in {}", folder.display());
    let made = mine.notebook.make_previews(&PreviewOptions::default()).unwrap();
    assert_eq!((made.made, made.no_preview_yet, made.failed, made.more), (taken.len() as u64 - 1, 0, 1, false));
    mine.sync().await;
    let hashes: Vec<_> = taken.iter().map(|one| Hash::of(&one.bytes)).collect();
    until(|| hashes.iter().all(|hash| is_kept(&server, hash))).await;
    other.sync().await;
    for one in &taken {
        let fetched = stranger.fetch(&Hash::of(&one.bytes), &[]).await;
        assert_eq!(fetched.status, 200, "{}", one.name);
        assert!(fetched.body == one.bytes, "{} is not what the camera wrote", one.name);
        let shown = photo_of(&other, one.finding);
        if one.name == "corrupted.jpg" {
            assert!(shown.preview.is_none(), "{shown:?}");
            let why = photo_of(&mine, one.finding).no_preview.unwrap();
            assert!(why.starts_with("damaged"), "{why}");
            continue;
        }
        let look = async |which| {
            let fetched = other.notebook.fetch_preview(&other.service(), one.finding, &shown.id, which).await;
            fetched.unwrap_or_else(|error| panic!("{}: {error}", one.name))
        };
        let (display, thumbnail) = (look(Which::Display).await, look(Which::Thumbnail).await);
        if let Some(summary) = judge(&one.path, &display, &thumbnail) {
            assert_eq!(summary["problems"], serde_json::json!([]), "{}: {summary}", one.name);
            let preview = shown.preview.unwrap();
            assert_eq!(summary["display"]["size"], serde_json::json!([preview.width, preview.height]), "{}", one.name);
        }
    }
    mine.sync().await;
    assert!(taken.iter().all(|one| mine.finding(one.finding).evidence.is_sealed()));
    mine.check();
    server.check_all();
}

/// The script is worth something only if it can say no.
#[test]
fn the_judge_of_previews_notices_a_picture_that_lies_wrong_or_tells_too_much() {
    let Some(folder) = shared("data/photos") else { return };
    let (turned, plain) = (folder.join("portrait_6.jpg"), folder.join("DSCN0010.jpg"));
    // An original is no preview of itself: it has EXIF, and this one lies on its side.
    let Some(summary) = judge(&turned, &turned, &turned) else { return };
    let said = summary["problems"].to_string();
    for word in ["carries", "stretched", "differs", "rotate"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let said = judge(&plain, &turned, &plain).unwrap()["problems"].to_string();
    assert!(said.contains("display: differs") && said.contains("thumbnail: (640, 480)"), "{said}");
}
