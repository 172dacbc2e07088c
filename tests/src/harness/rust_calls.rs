//! The calls of the stories, made on the crate of the bindings.
#![expect(clippy::result_large_err, reason = "the error of an app is made to be read, once")]

use std::sync::Arc;

use futures_executor::block_on;
use xuncha_core::model::{Is, Place, Severity};
use xuncha_core::notebook::Which;
use xuncha_mobile::{Answer, FieldError, FindingDraft, Notebook, SealedPhoto, Value, Visit};

use super::GIVEN;
use super::rust_app::{Outcome, read, read_op};

fn draft(words: &[&str]) -> FindingDraft {
    let of = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let owned = |name: &str| of(name).map(str::to_owned);
    let place = of("at").map(|at| {
        let (lat, lon) = at.split_once(',').unwrap();
        let (lat, lon) = (lat.parse().ok(), lon.parse().ok());
        Place { lat, lon, accuracy: Some(8.0), provider: Some("gps".into()), ..Place::default() }
    });
    let severity = of("severity").map(|word| match word {
        "urgent" => Severity::Urgent,
        "high" => Severity::High,
        "medium" => Severity::Medium,
        _ => Severity::Low,
    });
    let add_tags = words.iter().filter_map(|word| word.strip_prefix("tag=")).map(str::to_owned).collect();
    let (item, note, why) = (owned("item"), owned("note"), owned("why"));
    FindingDraft { item, note, why, place, severity, add_tags, ..FindingDraft::default() }
}

fn photos(it: &Notebook, words: &[&str]) -> Result<Vec<Arc<SealedPhoto>>, FieldError> {
    let fields = words.iter().filter_map(|word| word.split_once('='));
    let sealed = fields.filter_map(|(kind, path)| match kind {
        "photo" => Some(it.seal_photo(path.to_owned(), None)),
        "bytes" => Some(it.seal_photo_bytes(std::fs::read(path).unwrap(), None)),
        _ => None,
    });
    sealed.collect()
}

fn given(words: &[String]) -> String {
    words.join(&GIVEN.to_string())
}

fn text(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::Text { text }) => text.clone(),
        Some(Value::Number { number }) => number.to_string(),
        Some(Value::Structure { json }) => json.clone(),
    }
}

fn id(said: Result<impl ToString, FieldError>) -> Outcome {
    said.map(|said| vec![said.to_string()])
}

pub(super) fn casework(it: &Notebook, call: &str, w: &[&str]) -> Option<Outcome> {
    let of = || read(w[0]);
    let word = |at: usize| w[at].to_owned();
    Some(match call {
        "notices" => it.notices().map(|notices| {
            let line = |one: &xuncha_mobile::Notice| {
                let (findings, deadlines) = (one.findings.len().to_string(), one.deadlines.len().to_string());
                let (number, demand) = (one.number.clone().unwrap_or_default(), one.demand.clone().unwrap_or_default());
                given(&[one.id.to_string(), one.status.clone(), number, findings, deadlines, demand])
            };
            notices.iter().map(line).collect()
        }),
        "sign" => of().and_then(|notice| id(it.sign_for(notice))),
        "reply" => photos(it, w).and_then(|photos| id(it.reply(of()?, word(1), photos))),
        "send_back" => photos(it, w).and_then(|photos| id(it.return_finding(of()?, word(1), photos))),
        "close" => photos(it, w).and_then(|photos| id(it.close_finding(of()?, Some(word(1)), photos))),
        "give_back" => of().and_then(|finding| id(it.give_back(finding, word(1)))),
        "extend" => of().and_then(|finding| id(it.request_extension(finding, w[1].parse().unwrap(), word(2)))),
        "appeal" => of().and_then(|notice| id(it.appeal(notice, word(1), Vec::new()))),
        _ => return None,
    })
}

pub(super) fn recording(it: &Notebook, call: &str, w: &[&str]) -> Option<Outcome> {
    let all = || -> Outcome {
        let (mut listed, mut after) = (vec![], None);
        loop {
            let page = it.list(after, 100)?;
            let Some(last) = page.last_key() else { return Ok(listed) };
            after = Some(last);
            listed.extend(page.read(0, page.size()).iter().map(|one| {
                let index = one.finding.index.map(|index| index.to_string()).unwrap_or_default();
                given(&[one.finding.id.to_string(), index, one.finding.note.clone().unwrap_or_default()])
            }));
        }
    };
    Some(match call {
        "record" => photos(it, w).and_then(|photos| id(it.record(draft(w), photos))),
        "amend" => photos(it, w).and_then(|photos| id(it.amend(read(w[0])?, draft(w), photos))),
        "void" => read(w[0]).and_then(|finding| id(it.void(finding, w[1].to_owned()))),
        "fix" => photos(it, w).and_then(|photos| id(it.fix_on_the_spot(read(w[0])?, photos))),
        "finding" => read(w[0]).and_then(|finding| it.finding(finding)).map(|one| {
            let (photos, kept) = (one.photos.len().to_string(), one.evidence.originals.to_string());
            vec![one.status, one.note.unwrap_or_default(), photos, kept, given(&one.tags)]
        }),
        "list" => all(),
        "near" => {
            let [lat, lon, metres] = [0, 1, 2].map(|at| w[at].parse::<f64>().unwrap());
            it.near(lat, lon, metres, 50).map(|near| near.iter().map(|one| one.finding.id.to_string()).collect())
        }
        "save_draft" => id(it.save_draft(draft(w), None).map(|id| id.0)),
        "drafts" => it.drafts().map(|drafts| {
            let said = |one: &xuncha_mobile::SavedDraft| {
                given(&[one.id.0.to_string(), one.draft.note.clone().unwrap_or_default()])
            };
            drafts.iter().map(said).collect()
        }),
        "record_draft" => id(it.record_draft(xuncha_core::notebook::DraftId(w[0].parse().unwrap()), vec![])),
        _ => return None,
    })
}

pub(super) fn judged(it: &Notebook, call: &str, w: &[&str]) -> Option<Outcome> {
    Some(match call {
        "sync" => block_on(it.sync(None, None, 1)).map(|done| {
            let counts = [done.pushed, done.accepted, done.refused, done.conflicts, done.files_sent];
            counts.map(|count| count.to_string()).to_vec()
        }),
        "status" => it.status().map(|now| {
            let counts = [now.pending, now.refused, now.conflicts, now.files_waiting, now.freeable_bytes];
            counts.iter().map(u64::to_string).chain([now.name.unwrap_or_default()]).collect()
        }),
        "conflicts" => it.conflicts().map(|found| {
            let said = |one: &xuncha_mobile::Conflict| {
                let claims = std::iter::once(&one.current).chain(&one.rivals);
                let claims = claims.map(|claim| format!("{}={}", text(claim.value.as_ref()), claim.op));
                let head = [one.entity.to_string(), one.field.clone()];
                given(&head.into_iter().chain(claims).collect::<Vec<_>>())
            };
            found.iter().map(said).collect()
        }),
        "resolve" => read(w[0]).and_then(|entity| id(it.resolve(entity, w[1].to_owned(), read_op(w[2])?, None))),
        "refused" => it.refused().map(|refused| {
            refused.iter().map(|one| given(&[one.op.to_string(), one.code.clone(), one.zh.clone()])).collect()
        }),
        "correct" => photos(it, w).and_then(|photos| id(it.correct(read_op(w[0])?, draft(w), photos))),
        "dismiss" => read_op(w[0]).and_then(|op| it.dismiss(op)).map(|()| vec![]),
        _ => return None,
    })
}

pub(super) fn visiting(it: &Notebook, call: &str, w: &[&str]) -> Option<Outcome> {
    Some(match call {
        "tasks" => {
            it.tasks(true).map(|all| all.iter().map(|one| given(&[one.id.to_string(), one.name.clone()])).collect())
        }
        "places" => {
            it.places().map(|all| all.iter().map(|one| given(&[one.id.to_string(), one.name.clone()])).collect())
        }
        "catalogue" => it.catalogue().map(|found| {
            found.map(|one| vec![one.version.clone(), one.actions[0].items[0].name.zh.clone()]).unwrap_or_default()
        }),
        "start" => read(w[0]).and_then(|task| id(it.start_inspection(Visit { task: Some(task), ..Visit::default() }))),
        "checklist" => read(w[0]).and_then(|visit| it.checklist(visit)).map(|lines| {
            let said =
                |line: &xuncha_mobile::Line| given(&[line.item.id.clone(), line.missing.clone().unwrap_or_default()]);
            lines.iter().map(said).collect()
        }),
        "answer" => {
            let is_right = Some(match w[2] {
                "yes" => Is::Yes,
                "no" => Is::No,
                _ => Is::Na,
            });
            let answer = Answer { is_right, ..Answer::default() };
            read(w[0]).and_then(|visit| id(it.answer(visit, w[1].to_owned(), answer)))
        }
        "answer_with_finding" => {
            let values = [("count".to_owned(), Value::Number { number: w[2].parse().unwrap() })].into();
            let answer = Answer { values, ..Answer::default() };
            photos(it, w)
                .and_then(|photos| id(it.answer_with_finding(read(w[0])?, w[1].to_owned(), answer, draft(w), photos)))
        }
        "finish" => read(w[0]).and_then(|visit| id(it.finish_inspection(visit))),
        _ => return None,
    })
}

pub(super) fn carrying(it: &Notebook, call: &str, w: &[&str]) -> Option<Outcome> {
    Some(match call {
        "photos_of" => read(w[0]).and_then(|finding| it.photos(finding)).map(|photos| {
            let state = |one: &xuncha_core::notebook::PhotoOf| {
                let state = format!("{:?}", one.original).split(' ').next().unwrap_or_default().to_uppercase();
                given(&[one.id.clone(), state])
            };
            photos.iter().map(state).collect()
        }),
        "picture" => read(w[0])
            .and_then(|finding| it.picture(finding, w[1].to_owned(), Which::Thumbnail))
            .map(|path| vec![path.unwrap_or_default()]),
        "fetch" => read(w[0]).and_then(|finding| {
            block_on(it.fetch_preview(finding, w[1].to_owned(), Which::Thumbnail)).map(|path| vec![path])
        }),
        "previews" => block_on(it.make_previews(None, 100)).map(|done| vec![done.made.to_string()]),
        "free" => {
            block_on(it.free_space()).map(|freed| vec![freed.files.to_string(), freed.not_yet.unwrap_or_default()])
        }
        "export" => block_on(it.export_bundle(w[0].to_owned()))
            .map(|exported| vec![exported.ops.to_string(), exported.files.to_string()]),
        _ => return None,
    })
}

pub(super) fn sharing(it: &Notebook, call: &str, w: &[&str]) -> Option<Outcome> {
    let one = |done: Result<(), FieldError>| done.map(|()| vec![]);
    Some(match call {
        "people" => it.people().map(|people| {
            people
                .iter()
                .map(|one| given(&[one.user.to_string(), one.name.clone(), one.is_current.to_string()]))
                .collect()
        }),
        "set_pin" => one(it.set_pin(w[0].to_owned())),
        "switch_to" => read(w[0]).and_then(|user| one(it.switch_to(user, w[1].to_owned()))),
        "lock" => one(it.lock()),
        _ => return None,
    })
}
