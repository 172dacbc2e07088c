//! Photos to send and to shrink: drawn ones where Python can draw, otherwise bytes that begin like one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use xuncha_tests::harness::{SeededRandom, binary, photo};

/// How many are sent.
pub(crate) const COUNT: usize = 100;

/// Mean size of the drawn ones.
const BYTES: usize = 2_180_000;

/// The photos of one run.
pub(crate) struct Pictures {
    /// Their bytes, to be sent.
    pub(crate) files: Vec<Vec<u8>>,
    /// Where they lie, when they are pictures that can be shrunk.
    pub(crate) folder: Option<PathBuf>,
    /// For people: what they are.
    pub(crate) words: String,
    _made: Option<TempDir>,
}

impl Pictures {
    /// The photos in `given`, drawn there first when there are none, else in a folder that goes.
    pub(crate) fn get(given: Option<&Path>) -> Pictures {
        let made = if given.is_none() { Some(TempDir::new().unwrap()) } else { None };
        let folder = given.or(made.as_ref().map(TempDir::path)).unwrap().to_owned();
        if jpegs(&folder).len() < COUNT && !draw(&folder) {
            let random = SeededRandom::new();
            let files = (0..COUNT).map(|_| photo(&random, BYTES)).collect();
            let words = "random bytes with the head of a JPEG (no Python with numpy and Pillow)".to_owned();
            return Pictures { files, folder: None, words, _made: made };
        }
        let files: Vec<_> = jpegs(&folder).iter().take(COUNT).map(|path| fs::read(path).unwrap()).collect();
        let words = format!("drawn, 4032 x 3024, {:.2} MB on average", megabytes(&files) / files.len() as f64);
        Pictures { files, folder: Some(folder), words, _made: made }
    }
}

/// Megabytes (of a million) of these files.
pub(crate) fn megabytes(files: &[Vec<u8>]) -> f64 {
    files.iter().map(Vec::len).sum::<usize>() as f64 / 1e6
}

fn jpegs(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths.filter(|path| path.extension().is_some_and(|ending| ending == "jpg")).collect();
    found.sort();
    found
}

fn draw(folder: &Path) -> bool {
    let (Some(python), Some(tool)) = (python(&["numpy", "PIL"]), tool("gen_photos.py")) else { return false };
    println!("drawing {COUNT} photos");
    Command::new(python).arg(tool).arg(folder).arg(COUNT.to_string()).status().unwrap().success()
}

/// A Python that has these modules: `target/load-venv`, which `tests/all` makes, or the machine's.
pub(crate) fn python(modules: &[&str]) -> Option<PathBuf> {
    let venv = binary().ancestors().find(|folder| folder.ends_with("target")).map(|target| target.join("load-venv"));
    let candidates = venv.map(|venv| venv.join("bin/python")).into_iter().chain([PathBuf::from("python3")]);
    let able = |python: &PathBuf| {
        let mut command = Command::new(python);
        command.arg("-c").arg(format!("import {}", modules.join(", "))).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    candidates.into_iter().find(able)
}

/// A program of `shared/tools`, which lies beside the repository where peers are compared.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("shared/tools").join(name)).find(|path| path.exists())
}
