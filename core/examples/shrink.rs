//! Makes previews of photos and says how long each took and how much memory the process has used.
//!
//! `taskset -c 0 cargo run --release -p xuncha-core --example shrink -- [--out DIR] [--font FILE] PHOTO…`
//!
//! With `--font` the display copy is stamped; with `--out` the previews are written there, to be looked at.
#![allow(clippy::print_stdout, reason = "it is there to print")]

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use xuncha_core::photo::{Font, Stamp, Wanted, shrink};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut out, mut font, mut photos) = (None, None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--out" => out = arguments.next().map(PathBuf::from),
            "--font" => font = arguments.next(),
            _ => photos.push(PathBuf::from(argument)),
        }
    }
    let font = font.map(|path| Font::load(Path::new(&path), None)).transpose()?;
    let lines = [
        "2026-11-24 09:15:08  巡查员 王建国",
        "朝阳区建国路 88 号东侧人行道（距路口 30 米）",
        "39.90872, 116.47315 ±4 m",
    ];
    let stamp = Stamp { lines: lines.map(str::to_owned).to_vec() };
    let wanted = Wanted { stamp: Some(&stamp), font: font.as_ref(), ..Wanted::default() };
    for photo in photos {
        let bytes = std::fs::read(&photo)?;
        #[allow(clippy::disallowed_methods, reason = "it measures")]
        let start = std::time::Instant::now();
        let made = shrink(&bytes, &wanted);
        let took = start.elapsed().as_secs_f64() * 1000.0;
        let name = photo.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match made {
            Ok(made) => {
                let (shown, small) = (&made.display, &made.thumbnail);
                println!(
                    "{name}: {took:.0} ms, {} x {} {} bytes, {} x {} {} bytes, stamped {}, peak {}",
                    shown.width,
                    shown.height,
                    shown.jpeg.len(),
                    small.width,
                    small.height,
                    small.jpeg.len(),
                    made.stamped,
                    peak()
                );
                if let Some(out) = &out {
                    File::create(out.join(format!("{name}.display.jpg")))?.write_all(&shown.jpeg)?;
                    File::create(out.join(format!("{name}.thumbnail.jpg")))?.write_all(&small.jpeg)?;
                }
            }
            Err(error) => println!("{name}: {took:.0} ms, {}: {error}, peak {}", error.code(), peak()),
        }
    }
    Ok(())
}

/// The most memory this process has had, as Linux tells it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".to_owned(), |line| line.trim().to_owned())
}
