//! Photos that real cameras took.

use std::path::{Path, PathBuf};

use xuncha_core::photo::{Wanted, seal, shrink, verify_file};

use super::made::opened;

/// Where data lies that is too large for the repository: `XUNCHA_SHARED`, else beside the repository.
fn photos() -> Option<Vec<PathBuf>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("XUNCHA_SHARED").map_or(beside, PathBuf::from);
    let Ok(entries) = std::fs::read_dir(shared.join("data/photos")) else {
        eprintln!("skipped: no photos in {} (set XUNCHA_SHARED)", shared.display());
        return None;
    };
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    found.sort();
    Some(found)
}

#[test]
fn every_real_photo_is_sealed_and_every_sound_one_has_previews() {
    let folder = tempfile::tempdir().unwrap();
    for path in photos().into_iter().flatten() {
        let bytes = std::fs::read(&path).unwrap();
        let sealed = seal(folder.path(), "a", &mut &bytes[..]).unwrap();
        assert!(verify_file(&sealed.path, &sealed.blob.hash).unwrap());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match shrink(&bytes, &Wanted::default()) {
            Ok(made) => {
                assert_ne!(name, "corrupted.jpg");
                let (shown, small) = (opened(&made.display.jpeg), opened(&made.thumbnail.jpeg));
                assert!(shown.width.max(shown.height) <= 2048 && small.width.max(small.height) == 320);
                assert_eq!(shown.width < shown.height, name == "portrait_6.jpg", "{name}");
            }
            Err(error) => assert_eq!((name.as_str(), error.code()), ("corrupted.jpg", "damaged"), "{error}"),
        }
    }
}
