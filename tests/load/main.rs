//! Measures what Xuncha promises in figures, each beside the bare limit of the same run.
// Where a step of a measurement fails, the measurement has failed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures and prints")]

mod author;
mod bindings;
mod city;
mod cut;
mod desk;
mod export;
mod fetch;
mod findings;
mod fleet;
mod list;
mod measure;
mod pictures;
mod push;
mod raw;
mod report;
mod save;
mod servers;
mod shrink;
mod size;
mod up;
mod watched;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use report::Row;

#[derive(Debug, Parser)]
#[command(about = "Measures Xuncha and the bare limits of this machine")]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct Options {
    /// Folder of photos; drawn there when there are none [default: drawn anew].
    #[arg(long, value_name = "DIR", global = true)]
    photos: Option<PathBuf>,
    /// Writes the figures there as well.
    #[arg(long, value_name = "FILE", global = true)]
    json: Option<PathBuf>,
    /// How often the photos are sent with each number in flight.
    #[arg(long, default_value_t = 5, global = true)]
    rounds: usize,
    /// Only this row: push, bytes, fleet, scoped, fresh, change, idle, list, desk, size, export, save, up, cut, shrink.
    #[arg(long, value_name = "ROW", global = true)]
    only: Option<String>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Sending, fetching and listing findings.
    Findings,
    /// Saving, sending and shrinking photos.
    Photos,
    /// What an app on the bindings pays; `tests/bindings release` comes first.
    Bindings,
    /// One server process and four; those on PostgreSQL where `XUNCHA_POSTGRES` names a cluster.
    Servers,
    /// Shrinks the photos of a folder and says what it took: a process of its own, to be measured.
    #[command(hide = true)]
    ShrinkPhotos { folder: PathBuf },
}

// More threads than cores: a phone that waits for its disk must not keep another one waiting.
#[tokio::main(worker_threads = 8)]
async fn main() {
    let Arguments { what, options } = Arguments::parse();
    let mut rows = Vec::new();
    match what {
        Some(What::ShrinkPhotos { folder }) => return shrink::run(&folder),
        Some(What::Findings) => rows.extend(findings_rows(&options).await),
        Some(What::Photos) => rows.extend(photo_rows(&options).await),
        Some(What::Bindings) => rows.extend(bindings::measure().await),
        Some(What::Servers) => rows.extend(servers::measure().await),
        None => {
            rows.extend(findings_rows(&options).await);
            rows.extend(photo_rows(&options).await);
        }
    }
    assert!(!rows.is_empty(), "there is no such row");
    report::print(&rows);
    if let Some(path) = &options.json {
        report::write_json(path, &rows);
    }
}

impl Options {
    fn wanted(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == name)
    }
}

async fn findings_rows(options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    println!("findings; {}", measure::busyness());
    if options.wanted("push") {
        rows.push(push::rate().await);
    }
    if options.wanted("bytes") {
        rows.push(push::bytes().await);
    }
    if options.wanted("fleet") {
        rows.push(fleet::together().await);
    }
    if options.wanted("scoped") {
        rows.extend(fleet::scoped().await);
    }
    if options.wanted("fresh") {
        rows.extend(fetch::fresh().await);
    }
    if options.wanted("change") {
        rows.extend(fetch::change().await);
    }
    if options.wanted("idle") {
        rows.extend(fetch::idle().await);
    }
    if options.wanted("list") {
        rows.extend(list::measure().await);
    }
    if options.wanted("desk") {
        rows.extend(desk::measure().await);
    }
    if options.wanted("size") {
        rows.extend(size::measure().await);
    }
    if options.wanted("export") {
        rows.extend(export::measure().await);
    }
    rows
}

async fn photo_rows(options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    if !["save", "up", "cut", "shrink"].iter().any(|name| options.wanted(name)) {
        return rows;
    }
    let pictures = pictures::Pictures::get(options.photos.as_deref());
    println!("photos: {}; {}", pictures.words, measure::busyness());
    if options.wanted("save") {
        rows.push(save::measure().await);
    }
    if options.wanted("up") {
        rows.extend(up::measure(&pictures, options.rounds.max(1)).await);
    }
    if options.wanted("cut") {
        rows.push(cut::measure(&pictures).await);
    }
    if options.wanted("shrink") {
        rows.extend(shrink::measure(&pictures));
    }
    rows
}
