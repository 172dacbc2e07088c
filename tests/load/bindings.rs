//! What an app on the bindings pays: crossing, opening, the first page, a record with ten photos, the library's size.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use xuncha_core::host::Host;
use xuncha_core::notebook::{FileKeyStore, ListPage, Notebook};
use xuncha_tests::harness::{SeededRandom, binary, jvm, photo, put_bytes, run, words};

use crate::author::Author;
use crate::city::City;
use crate::list;
use crate::measure::{median, settle_disk, timed};
use crate::raw::Bare;
use crate::report::{Bound, Row};

/// Findings that an app opens.
const FINDINGS: usize = 50_000;

/// Of its own that wait.
const PENDING: usize = 5_000;

/// Times that everything is measured, here and there by turns: machines are not as fast from one second to the next.
const TURNS: usize = 5;

/// Saves with ten photos each, of all turns.
const SAVES: usize = 15;

/// A photo of a phone, shrunk as most apps keep it.
const BYTES: usize = 1_000_000;

pub(crate) async fn measure() -> Vec<Row> {
    if jvm("MeasureKt").is_none() {
        return vec![Row::absent("bindings on a JVM", "<= 1.1 x Rust", "tests/bindings release did not run")];
    }
    let prepared = prepare().await;
    let (photos, raw) = (prepared.photos(), prepared.bare_saves());
    let (mut kotlin, mut rust) = (Vec::new(), vec![prepared.in_rust()]);
    for photos in photos.chunks(photos.len() / TURNS) {
        settle_disk();
        kotlin.push(prepared.in_kotlin(photos));
        rust.push(prepared.in_rust());
    }
    // Each turn is held against Rust right before and after it; the turn in the middle counts.
    let crossing = |what: &str, name: &str| {
        let rust = rust.windows(2).map(|turns| f64::midpoint(turns[0][name], turns[1][name]));
        let mut turns: Vec<_> = kotlin.iter().map(|turn| turn[name]).zip(rust).collect();
        turns.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
        let (ours, raw) = turns[turns.len() / 2];
        Row::against(what, "ms", ours, raw, Bound::AtMost(1.1))
    };
    let record = crossing("record, from Kotlin against Rust", "record");
    let list = crossing("list of 1,000 and 16 of its rows, from Kotlin against Rust", "list");
    let (kotlin, rust) = (middle(&kotlin), middle(&rust));
    let page = kotlin["first page once"].max(kotlin["first page"]);
    vec![
        record,
        list.beside(format!("with all of its rows {:.2} ms", kotlin["list, every row"])),
        Row::plain("open 50,000 findings and 5,000 pending, from Kotlin", "ms", kotlin["open"], Bound::AtMost(300.0))
            .over(rust["open"]),
        Row::plain("first page of 50, from Kotlin", "ms", page, Bound::AtMost(20.0)).over(rust["first page"]),
        Row::plain(
            "record with ten photos of 1 MB, from Kotlin",
            "ms",
            kotlin["record with ten photos"],
            Bound::AtMost((10.0 * raw + 30.0).round()),
        )
        .over(10.0 * raw),
        size(),
    ]
}

/// What each call took in one turn, in milliseconds.
type Turn = BTreeMap<String, f64>;

/// Of each figure the median of all turns.
fn middle(turns: &[Turn]) -> Turn {
    let of = |name: &String| median(&turns.iter().map(|turn| turn[name]).collect::<Vec<_>>());
    turns[0].keys().map(|name| (name.clone(), of(name))).collect()
}

/// A notebook as a busy inspector has it, closed.
struct Prepared {
    folder: PathBuf,
    key: PathBuf,
    pocket: TempDir,
    random: SeededRandom,
}

async fn prepare() -> Prepared {
    let city = City::found();
    Author::of(&city, 4).await.say(list::PULLED, None).await;
    let phone = city.phone_nearby().await;
    phone.sync().await;
    list::fill(&phone, FINDINGS);
    for _ in 0..PENDING {
        phone.notebook.record(words("占道堆物"), Vec::new()).unwrap();
    }
    let pocket = phone.put_away();
    let (folder, key) = (pocket.path().join("notebook"), pocket.path().join("key"));
    Prepared { folder, key, pocket, random: SeededRandom::new() }
}

impl Prepared {
    fn photos(&self) -> Vec<PathBuf> {
        let path = |number: usize| self.pocket.path().join(format!("{number}.jpg"));
        let paths: Vec<_> = (0..SAVES * 10).map(path).collect();
        paths.iter().for_each(|path| put_bytes(path, photo(&self.random, BYTES)));
        paths
    }

    /// A durable write of such a photo and a commit, in milliseconds.
    fn bare_saves(&self) -> f64 {
        let mut bare = Bare::new();
        settle_disk();
        let saves: Vec<_> = (0..SAVES * 10).map(|_| bare.save(&photo(&self.random, BYTES))).collect();
        median(&saves)
    }

    /// The calls from Kotlin.
    fn in_kotlin(&self, photos: &[PathBuf]) -> Turn {
        let mut command = jvm("MeasureKt").unwrap();
        command.arg(&self.folder).arg(&self.key).args(photos);
        let outcome = run(command);
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        let lines = outcome.out.lines().filter_map(|line| line.rsplit_once(' '));
        lines.map(|(name, millis)| (name.to_owned(), millis.parse().unwrap())).collect()
    }

    /// The same calls, without crossing.
    fn in_rust(&self) -> Turn {
        let mut notebook = None;
        let open = timed(|| notebook = Some(open(&self.folder, &self.key)));
        let notebook = notebook.unwrap();
        let page = |limit: u32| {
            let listed = notebook.list(ListPage { after: None, limit }).unwrap();
            assert_eq!(listed.len(), limit as usize);
        };
        let again = |rounds: usize, work: &dyn Fn()| median(&(0..rounds).map(|_| timed(work)).collect::<Vec<_>>());
        let record = || {
            notebook.record(words("占道堆物"), Vec::new()).unwrap();
        };
        let figures = [
            ("open", open),
            ("first page", again(21, &|| page(50))),
            ("list", again(101, &|| page(1_000))),
            ("record", again(201, &record)),
        ];
        figures.map(|(name, millis)| (name.to_owned(), millis)).into()
    }
}

fn open(folder: &Path, key: &Path) -> Notebook {
    Notebook::open(folder, Arc::new(FileKeyStore::new(key)), Host::system()).unwrap()
}

/// The library as an app for one processor carries it: as `mobile-bindings/library` builds it.
fn size() -> Row {
    let what = "stripped release library";
    let target = binary().parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
    match fs::metadata(target.join("mobile/libxuncha_mobile.so")) {
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        Ok(file) => Row::plain(what, "MB", file.len() as f64 / 1e6, Bound::AtMost(8.0)),
        Err(_) => Row::absent(what, "<= 8 MB", "mobile-bindings/library did not run"),
    }
}
