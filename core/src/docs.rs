//! The pages of `core/docs`, as part of this documentation: their links are checked and their
//! examples run. Code imports nothing from here.

/// What the words mean.
#[doc = include_str!("../docs/glossary.md")]
pub mod glossary {}

/// How a phone and a server speak to each other.
#[doc = include_str!("../docs/sync-protocol.md")]
pub mod sync_protocol {}

/// What becomes of an op when it meets a state that its author did not see.
#[doc = include_str!("../docs/merge-rules.md")]
pub mod merge_rules {}

/// Photos, from the shutter to the ledger.
#[doc = include_str!("../docs/photos.md")]
pub mod photos {}

/// What follows a finding.
#[doc = include_str!("../docs/casework.md")]
pub mod casework {}

/// What goes wrong when many record offline, and the test that keeps each from happening here.
#[doc = include_str!("../docs/hazards.md")]
pub mod hazards {}

/// What was decided while building, and why.
pub mod decisions {
    #[doc = include_str!("../docs/decisions/0001-digests-in-base64url.md")]
    pub mod d0001 {}
    #[doc = include_str!("../docs/decisions/0002-a-finding-is-named-by-its-op.md")]
    pub mod d0002 {}
    #[doc = include_str!("../docs/decisions/0003-one-shape-of-entity.md")]
    pub mod d0003 {}
    #[doc = include_str!("../docs/decisions/0004-plan-judges-apply-carries-out.md")]
    pub mod d0004 {}
    #[doc = include_str!("../docs/decisions/0005-staff-and-the-whole-city.md")]
    pub mod d0005 {}
    #[doc = include_str!("../docs/decisions/0006-a-cursor-is-a-size.md")]
    pub mod d0006 {}
    #[doc = include_str!("../docs/decisions/0007-a-revoked-device-is-held.md")]
    pub mod d0007 {}
    #[doc = include_str!("../docs/decisions/0008-our-own-thin-sqlite-layer.md")]
    pub mod d0008 {}
    #[doc = include_str!("../docs/decisions/0009-the-ledger-as-an-author.md")]
    pub mod d0009 {}
    #[doc = include_str!("../docs/decisions/0010-areas-do-not-reach-back.md")]
    pub mod d0010 {}
    #[doc = include_str!("../docs/decisions/0011-a-checkpoint-names-its-epoch.md")]
    pub mod d0011 {}
    #[doc = include_str!("../docs/decisions/0012-sets-are-fields.md")]
    pub mod d0012 {}
    #[doc = include_str!("../docs/decisions/0013-a-notebook-has-one-user.md")]
    pub mod d0013 {}
    #[doc = include_str!("../docs/decisions/0015-evidence-stands-in-the-finding.md")]
    pub mod d0015 {}
    #[doc = include_str!("../docs/decisions/0016-an-upload-is-found-by-its-file.md")]
    pub mod d0016 {}
    #[doc = include_str!("../docs/decisions/0017-a-bundle-is-stored-not-compressed.md")]
    pub mod d0017 {}
    #[doc = include_str!("../docs/decisions/0018-a-restore-may-begin-an-epoch.md")]
    pub mod d0018 {}
    #[doc = include_str!("../docs/decisions/0019-kept-is-said-after-the-reply.md")]
    pub mod d0019 {}
    #[doc = include_str!("../docs/decisions/0020-several-people-one-notebook.md")]
    pub mod d0020 {}
    #[doc = include_str!("../docs/decisions/0021-a-catalogue-is-a-document.md")]
    pub mod d0021 {}
    #[doc = include_str!("../docs/decisions/0022-a-place-may-name-a-known-place.md")]
    pub mod d0022 {}
    #[doc = include_str!("../docs/decisions/0023-a-draw-can-be-drawn-again.md")]
    pub mod d0023 {}
    #[doc = include_str!("../docs/decisions/0024-the-simulated-disk-stands-before-libc.md")]
    pub mod d0024 {}
    #[doc = include_str!("../docs/decisions/0025-who-may-say-that-a-ledger-is-behind.md")]
    pub mod d0025 {}
    #[doc = include_str!("../docs/decisions/0026-an-op-outlives-its-login.md")]
    pub mod d0026 {}
    #[doc = include_str!("../docs/decisions/0027-a-notebook-that-may-have-a-twin-takes-a-new-line.md")]
    pub mod d0027 {}
    #[doc = include_str!("../docs/decisions/0028-a-bucket-holds-files-and-the-row-decides.md")]
    pub mod d0028 {}
    #[doc = include_str!("../docs/decisions/0029-a-stamp-does-not-run-backwards.md")]
    pub mod d0029 {}
    #[doc = include_str!("../docs/decisions/0030-a-ledger-moves-as-rows-and-its-old-file-ends.md")]
    pub mod d0030 {}
    #[doc = include_str!("../docs/decisions/0031-deadlines-are-counted-as-an-office-counts.md")]
    pub mod d0031 {}
    #[doc = include_str!("../docs/decisions/0032-what-else-an-op-changes-is-in-its-facts.md")]
    pub mod d0032 {}
    #[doc = include_str!("../docs/decisions/0033-each-finding-has-its-own-way.md")]
    pub mod d0033 {}
    #[doc = include_str!("../docs/decisions/0034-what-another-register-says-is-a-claim.md")]
    pub mod d0034 {}
    #[doc = include_str!("../docs/decisions/0040-on-the-spot-is-within-a-day.md")]
    pub mod d0040 {}
    #[doc = include_str!("../docs/decisions/0041-a-task-is-done-where-it-is.md")]
    pub mod d0041 {}
    #[doc = include_str!("../docs/decisions/0042-lists-are-found-by-words.md")]
    pub mod d0042 {}
    #[doc = include_str!("../docs/decisions/0043-another-system-is-told-page-by-page.md")]
    pub mod d0043 {}
    #[doc = include_str!("../docs/decisions/0050-documents-are-written-one-finding-at-a-time.md")]
    pub mod d0050 {}
    #[doc = include_str!("../docs/decisions/0051-the-console-is-carried-within.md")]
    pub mod d0051 {}
    #[doc = include_str!("../docs/decisions/0052-a-notice-is-set-as-pdf-where-that-is-built-in.md")]
    pub mod d0052 {}
    #[doc = include_str!("../docs/decisions/0053-an-encrypted-notebook-names-its-key.md")]
    pub mod d0053 {}
    #[doc = include_str!("../docs/decisions/0054-what-was-decided-on-stays.md")]
    pub mod d0054 {}
    #[doc = include_str!("../docs/decisions/0055-rows-cross-when-they-are-looked-at.md")]
    pub mod d0055 {}
    #[doc = include_str!("../docs/decisions/0056-steps-take-nothing-away.md")]
    pub mod d0056 {}
    #[doc = include_str!("../docs/decisions/0014-previews-in-planes.md")]
    pub mod d0014 {}
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use crate::model::{Code, Entity, Hash};
    use crate::op::{DeviceKey, Op, Push, enrol_message, push_message};
    use crate::plan::{Act, Facts, KindLaw, law_table, role_seeds};
    use crate::proof::{Checkpoint, leaf_hash};
    use crate::protocol::{EnrolReply, EnrolRequest, Problem, PullReply, PullRequest, PushReply, Row};

    const PROTOCOL: &str = include_str!("../docs/sync-protocol.md");
    const MERGE: &str = include_str!("../docs/merge-rules.md");
    const CASEWORK: &str = include_str!("../docs/casework.md");
    const HAZARDS: &str = include_str!("../docs/hazards.md");

    #[test]
    fn every_code_is_explained_as_the_source_explains_it() {
        let source = include_str!("model/code.rs").split("codes! {").nth(1).unwrap();
        let (mut expected, mut said) = (Vec::new(), Vec::new());
        for line in source.lines().map(str::trim) {
            if let Some(doc) = line.strip_prefix("/// ") {
                said.push(doc);
            } else if let Some((_, name)) = line.split_once(" = \"") {
                expected.push(format!("| `{}` | {} |", name.trim_end_matches("\";"), said.join(" ")));
                said.clear();
            }
        }
        assert_eq!(expected.len(), Code::ALL.len());
        for (row, code) in expected.iter().zip(Code::ALL) {
            assert!(row.starts_with(&format!("| `{code}` |")), "{row}");
        }
        assert_eq!(rows_after(PROTOCOL, "<!-- codes -->"), expected);
    }

    #[test]
    fn every_kind_stands_in_the_merge_rules_as_in_the_law() {
        let expected: Vec<_> = law_table().iter().map(kind_row).collect();
        assert_eq!(rows_after(MERGE, "<!-- kinds -->"), expected, "\n{}", expected.join("\n"));
    }

    #[test]
    fn every_right_stands_in_casework_with_the_roles_that_have_it() {
        let rights: std::collections::BTreeSet<_> = role_seeds().iter().flat_map(|role| role.may).collect();
        let expected: Vec<_> = rights
            .into_iter()
            .map(|right| {
                let roles = role_seeds().iter().filter(|role| role.may.contains(right)).map(|role| role.name);
                format!("| `{right}` | {} |", roles.collect::<Vec<_>>().join(", "))
            })
            .collect();
        assert_eq!(rows_after(CASEWORK, "<!-- roles -->"), expected, "\n{}", expected.join("\n"));
    }

    #[test]
    fn every_test_that_the_hazards_name_is_there() {
        let mut sources = Vec::new();
        for folder in ["core/src", "core/tests", "tests/tests", "tests/simulate"] {
            read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder), &mut sources);
        }
        let rows = rows_after(HAZARDS, "<!-- hazards -->");
        assert_eq!(rows.len(), 32);
        for row in rows {
            let (_, tests) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
            let named: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
            assert!(!named.is_empty() || tests.contains("not built"), "neither test nor reason: {row}");
            for name in named {
                let (kind, path) = name.split_once(": ").unwrap_or(("", name));
                let (module, test) = path.rsplit_once("::").unwrap_or(("fault", path));
                let (home, text) = match kind {
                    "simulate" => ("tests/simulate", format!("fault::{},", test.replace('_', ""))),
                    "unit" => ("core/src", format!("fn {test}(")),
                    "core" => ("core/tests/it", format!("fn {test}(")),
                    _ => ("tests/tests/it", format!("fn {test}(")),
                };
                let place = format!("{home}/{}", module.trim_end_matches("::tests").replace("::", "/"));
                let there = sources.iter().any(|(path, source)| path.contains(&place) && source.contains(&text));
                assert!(there, "there is no {name}");
            }
        }
    }

    /// Path and text, in small letters, of every source below a folder.
    fn read_sources(folder: &Path, sources: &mut Vec<(String, String)>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                read_sources(&path, sources);
            } else if path.extension().is_some_and(|end| end == "rs") {
                sources.push((path.display().to_string(), fs::read_to_string(&path).unwrap().to_lowercase()));
            }
        }
    }

    fn kind_row(law: &KindLaw) -> String {
        let act = match law.act {
            Act::Make => "make".to_owned(),
            Act::Change => "change".to_owned(),
            Act::Step { to: "", from: [] } => "decide".to_owned(),
            Act::Step { to: "", from } => format!("decide while `{}`", from.join("`, `")),
            Act::Step { to, from: [] } => format!("step to `{to}`"),
            Act::Step { to, from } => format!("step from `{}` to `{to}`", from.join("`, `")),
            Act::Resolve => "resolve".to_owned(),
            Act::Announce => "announce".to_owned(),
            Act::Keep => "keep files".to_owned(),
        };
        let right = if law.right.is_empty() { "the ledger alone".to_owned() } else { format!("`{}`", law.right) };
        let roles = if law.observation { "at login" } else { "now" };
        let star = |required| if required { "\\*" } else { "" };
        let said = |kept| if kept { "" } else { "†" };
        let members = law.fields.iter().map(|field| {
            let form = format!("{:?}", field.form).replace('"', "");
            format!("`{}`{}{} {form}", field.name, star(field.required), said(field.kept))
        });
        let members = members.collect::<Vec<_>>().join(", ").replace(['[', ']'], "");
        format!("| `{}` | {} | {act} | {right} | {roles} | {members} |", law.kind, law.v)
    }

    /// The rows of the first table after `mark`, without its head.
    fn rows_after<'a>(page: &'a str, mark: &str) -> Vec<&'a str> {
        let (_, rest) = page.split_once(mark).unwrap();
        let table = rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
        table.skip(2).collect()
    }

    /// The fenced block after the mark of the example called `name`.
    fn example(name: &str) -> &'static str {
        let (_, rest) = PROTOCOL.split_once(&format!("<!-- example: {name} -->\n")).unwrap();
        let (_, block) = rest.split_once("```").unwrap();
        let (_, block) = block.split_once('\n').unwrap();
        block.split_once("\n```").unwrap().0
    }

    fn read<T: DeserializeOwned + Serialize>(name: &str) -> T {
        let read: T = serde_json::from_str(example(name)).unwrap();
        // What the page shows has no member that the type does not know, and lacks none.
        let shown: serde_json::Value = serde_json::from_str(example(name)).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), shown, "{name}");
        read
    }

    #[test]
    fn the_examples_of_the_protocol_are_real() {
        let enrol: EnrolRequest = read("enrol");
        let reply: EnrolReply = read("enrol reply");
        let ledger = reply.ledger.ledger;
        assert!(enrol.key.verifies(&enrol_message(ledger, &enrol.code, &enrol.key), &enrol.sig));
        assert_eq!(enrol.key.device(), reply.device);

        let op = Op::parse(example("op")).unwrap();
        assert_eq!(example("op hash"), op.hash.to_string());
        let push: Push = read("push");
        assert!(push.is_signed_by(&enrol.key, ledger));
        assert_eq!(push.hashes(), [op.hash]);
        let message = push_message(ledger, &push.device, &push.hashes());
        assert_eq!(format!("{}\n", example("push message")).as_bytes(), message);

        let facts: Facts = read("facts");
        let leaf = leaf_hash(&op.hash, &Hash::of(facts.to_text().as_bytes()));
        assert_eq!(example("leaf"), leaf.to_string());
        read::<Facts>("conflict facts");
        assert_eq!(read::<PushReply>("push reply").verdicts.len(), 7);

        read::<PullRequest>("pull");
        assert_eq!(read::<PullRequest>("shared pull").also.len(), 1);
        let page: PullReply = read("pull reply");
        let row = page.rows[0].row.as_ref().unwrap();
        let entity: Entity = serde_json::from_str(row.get()).unwrap();
        assert_eq!(entity.to_text(), row.get());
        let sum = Row::sum(entity.id, entity.index, row.get()).0;
        assert_eq!(page.sums.values().next().unwrap(), &format!("{sum:032x}"));
        let checkpoint = Checkpoint::open(page.checkpoint.as_ref().unwrap(), &reply.ledger.key.0, ledger.0).unwrap();
        assert_eq!(checkpoint.size, page.cursor.size);
        assert_eq!(read::<Problem>("problem").code, Code::Malformed);
    }

    #[test]
    fn the_examples_are_signed_with_keys_that_nobody_uses() {
        let device = DeviceKey::from_seed(&zeroize::Zeroizing::new([7; 32]));
        assert_eq!(read::<EnrolRequest>("enrol").key, device.public());
    }
}
