//! Measures what Xuncha promises in figures, each beside the bare limit of the same run.
// Where a step of a measurement fails, the measurement has failed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures and prints")]

mod city;
mod cut;
mod measure;
mod pictures;
mod raw;
mod report;
mod save;
mod shrink;
mod up;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "Measures Xuncha and the bare limits of this machine")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Saving, sending and shrinking photos.
    Photos {
        /// Folder of photos; drawn there when there are none [default: drawn anew].
        #[arg(long, value_name = "DIR")]
        photos: Option<PathBuf>,
        /// Writes the figures there as well.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// How often the photos are sent with each number in flight.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Only the rows whose name begins like this: save, up, cut or shrink.
        #[arg(long)]
        only: Option<String>,
    },
    /// Shrinks the photos of a folder and says what it took: a process of its own, to be measured.
    #[command(hide = true)]
    ShrinkPhotos { folder: PathBuf },
}

#[tokio::main]
async fn main() {
    match Arguments::parse().what {
        What::ShrinkPhotos { folder } => shrink::run(&folder),
        What::Photos { photos, json, rounds, only } => {
            let pictures = pictures::Pictures::get(photos.as_deref());
            println!("photos: {}; {}", pictures.words, measure::busyness());
            let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
            let mut rows = Vec::new();
            if wanted("save") {
                rows.push(save::measure().await);
            }
            if wanted("up") {
                rows.extend(up::measure(&pictures, rounds.max(1)).await);
            }
            if wanted("cut") {
                rows.push(cut::measure(&pictures).await);
            }
            if wanted("shrink") {
                rows.extend(shrink::measure(&pictures));
            }
            report::print(&rows);
            if let Some(path) = json {
                report::write_json(&path, &rows);
            }
        }
    }
}
