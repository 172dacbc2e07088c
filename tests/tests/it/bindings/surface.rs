//! The surface: what is exported, and that Swift, for which there is no compiler here, gets what Kotlin gets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use xuncha_tests::harness::{bindings, lacking, run};

/// Folder of the bindings in the repository.
fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mobile-bindings")
}

/// A file that `tests/bindings` made; none, said aloud, where it did not run.
fn made(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(bindings().join(name)).ok();
    if text.is_none() {
        lacking(&format!("{name} was not made; tests/bindings does it"));
    }
    text
}

fn read(name: &str) -> String {
    let path = package().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn swift_has_what_kotlin_has_symbol_by_symbol() {
    let Some((kotlin, swift)) = made("kotlin/xuncha/xuncha.kt").zip(made("swift/Xuncha.swift")) else { return };
    let (kotlin, swift) = (surface(&kotlin, KOTLIN), surface(&swift, SWIFT));
    assert!(kotlin.len() > 400, "only {} symbols were found", kotlin.len());
    let difference: Vec<_> = kotlin.symmetric_difference(&swift).collect();
    assert!(difference.is_empty(), "only one of them has {difference:#?}");
    for symbol in ["notebook.record(finding,photos)", "finding.note", "fielderror:unopened", "openfault:keywrong"] {
        assert!(kotlin.contains(symbol), "{symbol} is gone");
    }
}

#[test]
fn what_is_written_by_hand_is_alike_too() {
    let names = |files: &[&str], starts: &[&str]| -> BTreeSet<String> {
        let text = files.iter().map(|file| read(file)).collect::<String>();
        let lines = text.lines().map(str::trim);
        let named = lines.filter_map(|line| starts.iter().find_map(|start| line.strip_prefix(start)));
        named
            .map(|rest| rest.rsplit_once('.').filter(|(head, _)| !head.contains('(')).map_or(rest, |(_, name)| name))
            .map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric()).collect())
            .collect()
    };
    let kotlin: Vec<_> = ["Errors", "Flows", "Rows", "Sync"]
        .map(|name| format!("kotlin/notebook/src/main/kotlin/xuncha/{name}.kt"))
        .into();
    let swift: Vec<_> =
        ["Errors", "Lists", "Rows", "Sync"].map(|name| format!("swift/Sources/Xuncha/{name}.swift")).into();
    let texts = |files: &[String]| files.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(!texts(&kotlin).is_empty() && !texts(&swift).is_empty());
    let kotlin_files: Vec<&str> = kotlin.iter().map(String::as_str).collect();
    let swift_files: Vec<&str> = swift.iter().map(String::as_str).collect();
    let of_kotlin =
        names(&kotlin_files, &["fun Notebook.", "suspend fun Notebook.", "fun <T> Notebook.", "fun FindingList."]);
    let of_swift = names(&swift_files, &["public func "]);
    // Swift's own way of leaving the main thread is a detached task; its words hang on types.
    let mut of_kotlin: BTreeSet<_> = of_kotlin.into_iter().filter(|name| name != "offMain").collect();
    of_kotlin.insert("text".to_owned());
    assert!(of_kotlin.len() > 8, "{of_kotlin:?}");
    let of_swift: BTreeSet<_> =
        of_swift.into_iter().filter(|name| !["changed", "step"].contains(&name.as_str())).collect();
    assert_eq!(of_kotlin, of_swift);
}

#[test]
fn the_header_compiles_and_each_of_its_symbols_is_exported() {
    let Some(header) = made("swift/XunchaFFI.h") else { return };
    let path = bindings().join("swift/XunchaFFI.h");
    let mut clang = Command::new("clang");
    clang.args(["-fsyntax-only", "-Wall", "-Werror", "-x", "c-header"]).arg(&path);
    let outcome = run(clang);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let mut nm = Command::new("nm");
    nm.args(["-D", "--defined-only"]).arg(bindings().join("python/libxuncha_mobile.so"));
    let exported: BTreeSet<String> =
        run(nm).out.lines().filter_map(|line| line.split(' ').nth(2)).map(str::to_owned).collect();
    let of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let declared: BTreeSet<&str> = header
        .split(|letter| !of_word(letter))
        .filter(|word| word.starts_with("uniffi_xuncha_mobile_") || word.starts_with("ffi_xuncha_mobile_"))
        .collect();
    assert!(declared.len() > 200, "only {} symbols are declared", declared.len());
    let missing: Vec<_> = declared.iter().filter(|symbol| !exported.contains(**symbol)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_swift_sources_parse() {
    let Some(_) = made("swift/Xuncha.swift") else { return };
    let parser = Path::new(env!("CARGO_MANIFEST_DIR")).join("kotlin/parse.mjs");
    let mut node = Command::new("node");
    node.arg(&parser).arg(bindings().join("swift")).arg(package().join("swift"));
    let outcome = run(node);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.out, outcome.err);
    assert!(outcome.out.lines().count() > 6, "{}", outcome.out);

    // The check can fail: a function without its end is found.
    let broken = tempfile::tempdir().unwrap();
    let text = read("swift/Sources/Xuncha/Errors.swift").replacen("-> String {", "-> String {{", 1);
    xuncha_tests::harness::put_bytes(broken.path().join("Broken.swift"), text);
    let mut node = Command::new("node");
    node.arg(&parser).arg(broken.path());
    assert_eq!(run(node).code, 1);
}

#[test]
fn no_source_of_the_bindings_is_unsafe_by_hand() {
    for file in std::fs::read_dir(package().join("src")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("unsafe"), "{}", path.display());
    }
}

/// How a language spells its declarations.
#[derive(Clone, Copy)]
struct Spelling {
    record: &'static str,
    field: &'static [&'static str],
    choice: &'static [&'static str],
    interface: &'static str,
    method: &'static [&'static str],
}

const KOTLIN: Spelling = Spelling {
    record: "data class ",
    field: &["var ", "val "],
    choice: &["enum class ", "sealed class "],
    interface: "public interface ",
    method: &["fun ", "suspend fun "],
};

const SWIFT: Spelling = Spelling {
    record: "public struct ",
    field: &["public var ", "public let "],
    choice: &["public enum ", "enum "],
    interface: "public protocol ",
    method: &["func "],
};

/// Every record with its fields, every choice with its cases, every interface with its methods and their arguments,
/// in small letters.
fn surface(text: &str, spelling: Spelling) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut within: Option<(char, String)> = None;
    for line in text.lines() {
        let code = line.trim_end();
        let starts = |words: &[&str]| words.iter().find_map(|word| code.strip_prefix(word)).map(name);
        // Declarations stand at the beginning of a line.
        if let Some(declared) = starts(&[spelling.record]) {
            within = Some(('.', declared));
        } else if let Some(declared) = starts(spelling.choice) {
            within = Some((':', declared));
        } else if let Some(declared) = starts(&[spelling.interface]) {
            within = Some(('(', declared));
        } else if matches!(code, "}" | ") : Disposable {" | "){" | ") {") {
            within = None;
        }
        let Some((kind, of)) = within.as_ref().filter(|(_, of)| !of.starts_with("fficonverter")) else { continue };
        let inner = code.trim_start();
        let after = |words: &[&str]| words.iter().find_map(|word| inner.strip_prefix(word)).map(str::to_owned);
        let of = of.replace("exception", "error");
        match kind {
            '.' => found.extend(after(spelling.field).map(|rest| format!("{of}.{}", name(&rest)))),
            '(' => found.extend(after(spelling.method).map(|rest| format!("{}.{}", bare(&of), signature(&rest)))),
            _ => found.extend(case(inner).map(|case| format!("{of}:{case}"))),
        }
    }
    found
}

/// `Notebook` is `NotebookInterface` in Kotlin and `NotebookProtocol` in Swift.
fn bare(of: &str) -> &str {
    of.trim_end_matches("interface").trim_end_matches("protocol")
}

/// The name that `text` begins with, in small letters and without what languages put around it.
fn name(text: &str) -> String {
    let text = text.trim_start_matches('`');
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect::<String>().to_lowercase()
}

/// `record(finding,photos)`.
fn signature(text: &str) -> String {
    let inside = text.split_once('(').map_or("", |(_, rest)| rest);
    let mut depth = 0;
    let ended = inside.find(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        depth < 0
    });
    let inside = &inside[..ended.unwrap_or(inside.len())];
    let named = inside.split(',').filter_map(|argument| Some(name(argument.trim().split_once(':')?.0)));
    format!("{}({})", name(text), named.collect::<Vec<_>>().join(","))
}

/// A case of a choice, in any of the ways that it is spelled.
fn case(line: &str) -> Option<String> {
    let swift = line.strip_prefix("case ").filter(|rest| !rest.starts_with(['.', '"']));
    let kotlin = ["data class ", "class ", "object ", "data object "].iter().find_map(|word| line.strip_prefix(word));
    let shouted = line.trim_end_matches([',', ';']);
    let is_shouted = !shouted.is_empty() && shouted.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
    let named = swift.or(kotlin).or(Some(shouted).filter(|_| is_shouted))?;
    Some(name(named).replace('_', ""))
}
