//! The app in Rust: the crate of the bindings, called as Kotlin and Python call it.
#![expect(clippy::result_large_err, reason = "the error of an app is made to be read, once")]

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use xuncha_mobile::{ChangeListener, FieldError, HostError, Notebook, Subscription, file_key_store};

use super::rust_calls::{carrying, casework, judged, recording, sharing, visiting};
use super::{App, AppFault as Fault, Said};

/// One notebook in this process.
#[derive(Default)]
pub struct RustApp {
    notebook: Option<Arc<Notebook>>,
    subscription: Option<Arc<Subscription>>,
    heard: Arc<Heard>,
}

/// Counts what it is told.
#[derive(Default)]
struct Heard(Mutex<u32>, Condvar);

impl ChangeListener for Heard {
    fn changed(&self) -> Result<(), HostError> {
        *self.0.lock().unwrap() += 1;
        self.1.notify_all();
        Ok(())
    }
}

pub(super) type Outcome = Result<Vec<String>, FieldError>;

impl App for RustApp {
    fn call(&mut self, call: &str, words: &[&str]) -> Said {
        let outcome = self.opening(call, words);
        let outcome = outcome.or_else(|| {
            let notebook = self.notebook.clone().expect("it was opened");
            let done = recording(&notebook, call, words)
                .or_else(|| casework(&notebook, call, words))
                .or_else(|| judged(&notebook, call, words));
            let done = done.or_else(|| visiting(&notebook, call, words)).or_else(|| carrying(&notebook, call, words));
            done.or_else(|| sharing(&notebook, call, words))
        });
        outcome.unwrap_or_else(|| panic!("no call {call}")).map_err(|error| fault(&error))
    }
}

impl RustApp {
    fn opening(&mut self, call: &str, w: &[&str]) -> Option<Outcome> {
        let keys = |path: &str| file_key_store(path.to_owned());
        let one = |done: Result<(), FieldError>| done.map(|()| vec![]);
        let it = match (call, &self.notebook) {
            ("open", _) => return Some(self.keep(Notebook::open(w[0].to_owned(), keys(w[1]), None))),
            ("open_as_new_device", _) => {
                return Some(self.keep(Notebook::open_as_new_device(w[0].to_owned(), keys(w[1]), None)));
            }
            (_, it) => it.clone(),
        };
        Some(match (call, &it) {
            ("enrol", Some(it)) => block_on(it.enrol(w[0].to_owned())).map(|done| vec![done.name]),
            ("sign_in", Some(it)) => block_on(it.sign_in(w[0].to_owned())).map(|done| vec![done.name]),
            ("suspend", Some(it)) => one(it.suspend(Duration::from_secs(5))),
            ("resume", Some(it)) => one(it.resume()),
            ("shut", Some(it)) => {
                it.shut();
                Ok(vec![])
            }
            ("check", Some(it)) => it.check(),
            ("watch", Some(it)) => it.watch(self.heard.clone()).map(|subscription| {
                self.subscription = Some(subscription);
                vec![]
            }),
            ("heard_of", _) => {
                let wanted = w[0].parse::<u32>().unwrap();
                let told = self.heard.0.lock().unwrap();
                let waited = self.heard.1.wait_timeout_while(told, Duration::from_secs(60), |times| *times < wanted);
                Ok(vec![(!waited.unwrap().1.timed_out()).to_string()])
            }
            _ => return None,
        })
    }

    fn keep(&mut self, opened: Result<Arc<Notebook>, FieldError>) -> Outcome {
        self.notebook = Some(opened?);
        Ok(vec![])
    }
}

/// Ids come in as text; a wrong one is the caller's fault, in each language.
pub(super) fn read(word: &str) -> Result<xuncha_core::model::EntityId, FieldError> {
    word.parse().map_err(|_| wrong("id", word))
}

pub(super) fn read_op(word: &str) -> Result<xuncha_core::model::OpId, FieldError> {
    word.parse().map_err(|_| wrong("op", word))
}

fn wrong(field: &str, word: &str) -> FieldError {
    let detail = format!("{word:?} is no {field} of this notebook's form");
    xuncha_core::Error::Invalid { field: field.to_owned(), detail }.into()
}

fn fault(error: &FieldError) -> Fault {
    let (variant, field) = match error {
        FieldError::Invalid { field, .. } => ("Invalid", field.clone()),
        FieldError::SignIn { .. } => ("SignIn", String::new()),
        FieldError::Unopened { fault, .. } => ("Unopened", shouted(&format!("{fault:?}"))),
        FieldError::Storage { .. } => ("Storage", String::new()),
        FieldError::Later { .. } => ("Later", String::new()),
        FieldError::Refused { .. } => ("Refused", String::new()),
    };
    let report = error.report().clone();
    Fault { variant: variant.to_owned(), code: report.code, field, zh: report.zh, en: report.en }
}

/// `KeyWrong` as Kotlin and Python spell the names of an enum: `KEY_WRONG`.
fn shouted(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}
