//! Makes the web console, which the server carries within itself. Where Node is not at hand, or npm fails, or
//! `XUNCHA_NO_CONSOLE` is set, a page that says how to get it takes its place: cargo never fails for it.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set to anything, it leaves the console out.
const WITHOUT: &str = "XUNCHA_NO_CONSOLE";

/// What the console is made of, below its folder.
const SOURCES: &[&str] = &[
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
];

/// The page in place of a console that could not be made.
const ABSENT: &str = r#"<!doctype html>
<html lang="zh-Hans">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>巡查</title></head>
<body>
<h1>巡查</h1>
<p>此服务器未包含网页控制台。请安装 Node.js（20.19 或更高版本）和 npm，不设置 XUNCHA_NO_CONSOLE，然后重新编译。手机端和接口（<a href="/openapi.json">/openapi.json</a>）不受影响。</p>
<p lang="en">This server was built without its web console. Install Node.js (20.19 or later) and npm, leave XUNCHA_NO_CONSOLE
unset, and build it again. Phones and the API (<a href="/openapi.json">/openapi.json</a>) work all the same.</p>
</body>
</html>
"#;

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name.to_owned()));
    let console = variable("CARGO_MANIFEST_DIR")?.join("console");
    let out = variable("OUT_DIR")?.join("console");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={WITHOUT}");
    for source in SOURCES.iter().map(|source| console.join(source)).filter(|source| source.exists()) {
        println!("cargo:rerun-if-changed={}", source.display());
    }
    let fresh = || {
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        fs::create_dir_all(&out)
    };
    fresh()?;
    if env::var_os(WITHOUT).is_none() {
        match make(&console, &out) {
            Ok(()) => return Ok(()),
            Err(why) => println!("cargo:warning=the web console is left out: {why}"),
        }
    }
    fresh()?;
    File::create(out.join("index.html"))?.write_all(ABSENT.as_bytes())
}

/// Makes the console in `out`.
fn make(console: &Path, out: &Path) -> Result<(), String> {
    if is_stale(console) {
        // What the console is made with is not part of it.
        npm(console, out, &["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund"])?;
    }
    npm(console, out, &["run", "--silent", "build"])?;
    match out.join("index.html").is_file() {
        true => Ok(()),
        false => Err("npm run build made no index.html".to_owned()),
    }
}

/// True unless the packages are there as the lock wants them: npm leaves a copy of it when it is done.
fn is_stale(console: &Path) -> bool {
    let changed = |path: &str| fs::metadata(console.join(path)).and_then(|found| found.modified()).ok();
    match (changed("package-lock.json"), changed("node_modules/.package-lock.json")) {
        (Some(lock), Some(installed)) => installed < lock,
        _ => true,
    }
}

fn npm(console: &Path, out: &Path, arguments: &[&str]) -> Result<(), String> {
    let name = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let what = format!("npm {}", arguments.join(" "));
    let mut command = Command::new(name);
    command.args(arguments).current_dir(console).env("XUNCHA_CONSOLE_OUT", out).env_remove("NODE_ENV");
    let done = command.output().map_err(|error| format!("{what}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let said = [done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    let lines: Vec<&str> = said.iter().flat_map(|said| said.lines()).filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(5)..].join(" / ");
    Err(format!("{what}: {}: {last}", done.status))
}
