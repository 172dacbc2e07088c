//! The walls of the house, as tests: who may import whom, and which rooms stay pure.
//!
//! Reads the sources as text; no compiler is asked. Each rule is also shown a made-up snippet that
//! breaks it, so that a rule which finds nothing any more is noticed.

use std::fs;
use std::path::{Path, PathBuf};

/// A module of core imports only from those before it in this list. The host hands out the salts
/// and ids that the verb is made of, so it stands behind `op`.
const ROOMS: &[&str] = &["model", "op", "host", "plan", "protocol", "proof", "photo", "store", "sync", "notebook"];

/// Rooms that do no I/O, read no clock and draw no random number.
const PURE: &[&str] = &["model", "op", "plan", "protocol", "proof"];

const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::time::SystemTime",
    "std::time::Instant",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "rusqlite",
    "reqwest",
    "tokio",
    "getrandom",
];

const VAGUE: &[&str] = &["util", "utils", "helpers", "common", "manager", "misc"];

const OURS: &[&str] = &["xuncha-core", "xuncha-server", "xuncha-mobile", "xuncha-tests"];

/// A source file: its path below the repository, with `/` between the parts, and its text.
type Source = (String, String);

#[test]
fn a_room_of_core_imports_only_from_those_above_it() {
    let found: Vec<_> = sources("core/src").iter().flat_map(wrong_imports).collect();
    assert!(found.is_empty(), "{found:#?}");

    let breaks = |path: &str, text: &str| !wrong_imports(&snippet(path, text)).is_empty();
    assert!(breaks("core/src/model/id.rs", "use crate::plan::Scope;"));
    assert!(breaks("core/src/op/mod.rs", "fn f() -> crate::protocol::Problem {}"));
    assert!(breaks("core/src/plan/mod.rs", "use crate::{model::Code, sync::Step};"));
    assert!(breaks("core/src/plan/mod.rs", "use crate::Error;"));
    assert!(breaks("core/src/proof/mod.rs", "use crate::{\n    model::Hash,\n    Error,\n};"));
    assert!(breaks("core/src/error.rs", "use crate::store::Fault;"));
    assert!(breaks("core/src/attic/mod.rs", "//! A room that nobody planned."));
    assert!(!breaks("core/src/plan/mod.rs", "use crate::model::{Code, Entity};\nuse crate::op::Op;"));
    assert!(!breaks("core/src/plan/mod.rs", "/// See [`crate::sync`].\nuse crate::plan::Scope;"));
    assert!(!breaks("core/src/sync/mod.rs", "use crate::{Error, Result};\nuse crate::store::{Door, Fault};"));
}

#[test]
fn pure_rooms_touch_no_disk_no_network_and_no_clock() {
    let found: Vec<_> = sources("core/src").iter().flat_map(impurities).collect();
    assert!(found.is_empty(), "{found:#?}");

    let breaks = |path: &str, text: &str| !impurities(&snippet(path, text)).is_empty();
    assert!(breaks("core/src/plan/mod.rs", "let now = std::time::SystemTime::now();"));
    assert!(breaks("core/src/model/time.rs", "use std::time::{Duration, Instant};"));
    assert!(breaks("core/src/proof/tree.rs", "use std::{fmt, fs};"));
    assert!(breaks("core/src/op/key.rs", "getrandom::fill(&mut seed)"));
    assert!(!breaks("core/src/protocol/service.rs", "use std::time::Duration;"));
    assert!(!breaks("core/src/store/mod.rs", "use rusqlite::Connection;"));
}

#[test]
fn in_the_server_only_the_command_line_is_a_phone() {
    let found: Vec<_> = sources("server/src").iter().flat_map(phone_rooms).collect();
    assert!(found.is_empty(), "{found:#?}");

    let breaks = |path: &str, text: &str| !phone_rooms(&snippet(path, text)).is_empty();
    assert!(breaks("server/src/api/mod.rs", "use xuncha_core::notebook::Notebook;"));
    assert!(breaks("server/src/ledger/mod.rs", "use xuncha_core::{model::Code, sync};"));
    assert!(!breaks("server/src/cli/field.rs", "use xuncha_core::notebook::Notebook;"));
    assert!(!breaks("server/src/api/mod.rs", "use xuncha_core::protocol::SyncService;"));
}

#[test]
fn packages_depend_downwards_only() {
    for (package, allowed) in [
        ("core", &[][..]),
        ("server", &["xuncha-core"]),
        ("mobile-bindings", &["xuncha-core"]),
        ("tests", &["xuncha-core", "xuncha-server", "xuncha-mobile"]),
    ] {
        let manifest = read(&root().join(package).join("Cargo.toml"));
        let found = wrong_dependencies(&manifest, allowed);
        assert!(found.is_empty(), "{package} depends on {found:?}");
    }

    let breaks = |manifest: &str| !wrong_dependencies(manifest, &["xuncha-core"]).is_empty();
    assert!(breaks("[package]\nname = \"xuncha-server\"\n[dependencies]\nxuncha-mobile.workspace = true"));
    assert!(breaks("[dev-dependencies]\nxuncha-tests = { path = \"../tests\" }"));
    assert!(breaks("[target.'cfg(unix)'.dependencies.xuncha-server]\nworkspace = true"));
    assert!(breaks("[dependencies]\nother = { package = \"xuncha-tests\", path = \"../tests\" }"));
    assert!(!breaks("[package]\nname = \"xuncha-server\"\n[dependencies]\nxuncha-core.workspace = true"));
}

#[test]
fn every_file_says_first_what_it_is() {
    let silent: Vec<_> = sources("").into_iter().filter(is_silent).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "these files do not open with //!: {silent:#?}");

    assert!(is_silent(&snippet("core/src/x.rs", "use std::fmt;\n//! Late.")));
    assert!(is_silent(&snippet("core/src/x.rs", "//!\nuse std::fmt;")));
    assert!(!is_silent(&snippet("core/src/x.rs", "//! What it is.\n")));
}

#[test]
fn nothing_has_a_name_that_says_nothing() {
    let found: Vec<_> = files(&|_| true).into_iter().filter(|path| is_vague(path)).collect();
    assert!(found.is_empty(), "{found:#?}");

    for path in ["core/src/util.rs", "server/src/helpers/mod.rs", "tests/common/mod.rs", "console/Misc.ts"] {
        assert!(is_vague(path), "{path}");
    }
    assert!(!is_vague("core/src/utility_poles.rs"));
}

#[test]
fn the_walk_finds_the_sources() {
    let core = sources("core/src");
    for room in PURE {
        assert!(core.iter().any(|(path, _)| room_of(path) == Some(*room)), "no sources of {room}");
    }
    assert!(sources("server/src").iter().any(|(path, _)| path.starts_with("server/src/cli/")));
    assert!(sources("").iter().any(|(path, _)| path == "core/tests/rooms.rs"));
}

fn wrong_imports((path, text): &Source) -> Vec<String> {
    let Some(room) = room_of(path) else { return Vec::new() };
    let allowed: &[&str] = match room {
        "lib" => return Vec::new(),
        "docs" => &["docs"],
        "error" => &["error", "model", "protocol"],
        _ => match ROOMS.iter().position(|known| *known == room) {
            Some(at) => &ROOMS[..=at],
            None => return vec![format!("{path}: {room} has no place in the house")],
        },
    };
    let may_fail = ["error", "store", "sync", "notebook"].contains(&room);
    let is_error = |name: &str| ["error", "Error", "Result"].contains(&name);
    // A room's own tests may look at any other: they prove rooms against each other.
    paths_below("crate", &code_of(without_tests(text)))
        .into_iter()
        .map(|target| target.split("::").next().unwrap_or_default().to_owned())
        .filter(|name| !(allowed.contains(&name.as_str()) || may_fail && is_error(name)))
        .map(|name| format!("{path}: {room} imports crate::{name}"))
        .collect()
}

fn impurities((path, text): &Source) -> Vec<String> {
    if !room_of(path).is_some_and(|room| PURE.contains(&room)) {
        return Vec::new();
    }
    let code = code_of(without_tests(text));
    let spelled = paths_below("std", &code).into_iter().map(|rest| format!("std::{rest}"));
    let named = IMPURE.iter().filter(|name| has_word(&code, name)).map(|name| (*name).to_owned());
    let below = |name: &str, impure: &str| name.strip_prefix(impure).is_some_and(|rest| rest.starts_with("::"));
    let is_impure = |name: &String| IMPURE.iter().any(|impure| name == impure || below(name, impure));
    spelled.chain(named).filter(is_impure).map(|name| format!("{path}: {name}")).collect()
}

fn phone_rooms((path, text): &Source) -> Vec<String> {
    if path.starts_with("server/src/cli/") {
        return Vec::new();
    }
    let used = paths_below("xuncha_core", &code_of(text));
    let of_phone = |path: &String| matches!(path.split("::").next(), Some("store" | "sync" | "notebook"));
    used.into_iter().filter(of_phone).map(|used| format!("{path}: xuncha_core::{used}")).collect()
}

/// Packages of ours that a manifest names as dependencies without being allowed to.
fn wrong_dependencies(manifest: &str, allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut section = "";
    for line in manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') {
            section = line;
        }
        let names = OURS.iter().filter(|name| !allowed.contains(name) && has_word(line, name));
        if section.contains("dependencies") {
            found.extend(names.map(|name| (*name).to_owned()));
        }
    }
    found
}

fn is_silent((_, text): &Source) -> bool {
    text.lines().next().and_then(|line| line.strip_prefix("//! ")).is_none_or(|said| said.trim().is_empty())
}

fn is_vague(path: &str) -> bool {
    path.split('/').any(|part| {
        let stem = part.split('.').next().unwrap_or_default();
        VAGUE.iter().any(|vague| stem.eq_ignore_ascii_case(vague))
    })
}

/// `core/src/plan/mod.rs` and `core/src/plan.rs` are both of the room `plan`.
fn room_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("core/src/")?;
    Some(inside.split('/').next()?.trim_end_matches(".rs"))
}

/// Every path that the code spells behind `head::`, with `head::{a, b::{c, d}}` taken apart.
fn paths_below(head: &str, code: &str) -> Vec<String> {
    let start = format!("{head}::");
    let mut found = Vec::new();
    for (at, _) in code.match_indices(&start) {
        let is_head = !code[..at].ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before));
        if is_head {
            unfold("", &code[at + start.len()..], &mut found);
        }
    }
    found
}

/// Adds the paths of the use tree that `rest` begins with, and gives the number of bytes it takes.
fn unfold(prefix: &str, rest: &str, found: &mut Vec<String>) -> usize {
    if !rest.starts_with('{') {
        let of_path = |c: char| c.is_alphanumeric() || "_:*".contains(c);
        let length = rest.find(|c| !of_path(c)).unwrap_or(rest.len());
        let path = format!("{prefix}{}", &rest[..length]);
        if path.ends_with("::") && rest[length..].starts_with('{') {
            return length + unfold(&path, &rest[length..], found);
        }
        found.push(path.trim_end_matches(':').to_owned());
        return length;
    }
    let mut at = 1;
    while let Some(c) = rest[at..].chars().next().filter(|c| *c != '}') {
        at += if c.is_alphanumeric() || c == '_' { unfold(prefix, &rest[at..], found) } else { c.len_utf8() };
    }
    (at + 1).min(rest.len())
}

/// Without comments, so that a link in a doc comment is no import.
fn code_of(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// A file's own tests come last.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default()
}

fn has_word(text: &str, word: &str) -> bool {
    let of_word = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let mut found = text.match_indices(word);
    found.any(|(at, _)| !text[..at].ends_with(of_word) && !text[at + word.len()..].starts_with(of_word))
}

fn snippet(path: &str, text: &str) -> Source {
    (path.to_owned(), text.to_owned())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("core lies in the repository").to_owned()
}

fn sources(below: &str) -> Vec<Source> {
    let is_rust = |path: &str| path.ends_with(".rs") && path.starts_with(below);
    files(&is_rust).into_iter().map(|path| (path.clone(), read(&root().join(&path)))).collect()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Files of the repository that `wanted` takes, by their paths below its root. Hidden folders and
/// what a build leaves behind are not of it.
fn files(wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("the repository can be read") {
            let path = entry.expect("the repository can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') || ["target", "node_modules", "build"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let below = path.strip_prefix(&root).expect("below the root").iter();
            let below = below.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
            if wanted(&below) {
                found.push(below);
            }
        }
    }
    found.sort();
    found
}
