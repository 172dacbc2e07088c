//! Apps on the bindings: one list of stories for Rust, Kotlin and Python, what each language has to itself, and kills.

mod kills;
mod languages;
mod stories;
mod surface;

use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;
use xuncha_core::model::EntityId;
use xuncha_tests::harness::{App, AppFault, GIVEN, Said, TestServer, Tongue, photo, put_bytes};

/// A city with a real server, and apps in one language.
pub(super) struct City {
    pub(super) server: TestServer,
    tongue: Tongue,
    pockets: TempDir,
}

/// A phone with an app, in somebody's hand.
pub(super) struct Hand {
    app: Box<dyn App>,
    /// Folder of its notebook.
    pub(super) folder: PathBuf,
    /// Where its key lies.
    pub(super) key: PathBuf,
}

impl City {
    /// None, said aloud, where apps in this language cannot be had.
    async fn of(tongue: Tongue) -> Option<City> {
        if tongue != Tongue::Rust {
            tongue.command()?;
        }
        Some(City { server: TestServer::start().await, tongue, pockets: TempDir::new().unwrap() })
    }

    /// A new user with these roles.
    pub(super) fn user(&self, name: &str, roles: &[&str]) -> EntityId {
        self.server.office.user(name, roles, &[])
    }

    /// An invitation for a user, as the QR code has it.
    pub(super) fn invitation(&self, user: EntityId) -> String {
        format!("{}/enrol#{}", self.server.url(), self.server.office.invite(user))
    }

    /// A phone that knows nobody.
    pub(super) fn new_phone(&self, name: &str) -> Hand {
        let (folder, key) = (self.path(name), self.path(&format!("{name}.key")));
        let mut hand = Hand { app: self.tongue.app().unwrap(), folder, key };
        hand.open();
        hand
    }

    /// A phone of a new inspector, enrolled and in step.
    pub(super) fn phone(&self, name: &str) -> Hand {
        self.phone_of(name, self.user(name, &["inspector"]))
    }

    /// A phone of a user, enrolled and in step.
    pub(super) fn phone_of(&self, name: &str, user: EntityId) -> Hand {
        let mut hand = self.new_phone(name);
        assert_eq!(hand.ok("enrol", &[&self.invitation(user)]), [name]);
        hand.ok("sync", &[]);
        hand
    }

    /// A file with a photo of `len` bytes.
    pub(super) fn photo(&self, name: &str, len: usize) -> String {
        self.put(name, &photo(&self.server.random, len))
    }

    /// A file with these bytes.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> String {
        put_bytes(self.path(name), bytes);
        self.path(name).display().to_string()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.pockets.path().join(name)
    }

    /// Every phone and the server hang together.
    fn check(&self, hands: &mut [Hand]) {
        for hand in hands {
            assert_eq!(hand.ok("check", &[]), Vec::<String>::new());
        }
        self.server.check_all();
    }
}

impl Hand {
    /// Makes a call that must succeed.
    pub(super) fn ok(&mut self, call: &str, words: &[&str]) -> Vec<String> {
        self.call(call, words).unwrap_or_else(|fault| panic!("{call} {words:?}: {fault:?}"))
    }

    /// Makes a call that must succeed with one word.
    pub(super) fn one(&mut self, call: &str, words: &[&str]) -> String {
        let mut said = self.ok(call, words);
        assert_eq!(said.len(), 1, "{call} {words:?}: {said:?}");
        said.remove(0)
    }

    /// Makes a call that must succeed with words that have parts.
    pub(super) fn rows(&mut self, call: &str, words: &[&str]) -> Vec<Vec<String>> {
        let said = self.ok(call, words);
        said.iter().map(|row| row.split(GIVEN).map(str::to_owned).collect()).collect()
    }

    /// Makes a call that must fail with a typed error, which has words for people in both languages.
    pub(super) fn fails(&mut self, call: &str, words: &[&str]) -> AppFault {
        let fault = self.call(call, words).expect_err(call);
        assert!(!fault.zh.is_empty() && fault.en.ends_with('.'), "{fault:?}");
        fault
    }

    pub(super) fn call(&mut self, call: &str, words: &[&str]) -> Said {
        self.app.call(call, words)
    }

    pub(super) fn open(&mut self) {
        let (folder, key) = (self.folder.display().to_string(), self.key.display().to_string());
        self.ok("open", &[&folder, &key]);
    }

    /// The app is killed and started again.
    pub(super) fn killed_and_opened(mut self, city: &City) -> Hand {
        self.app = city.tongue.app().unwrap();
        self.open();
        self
    }
}

/// What is told of the variant, the code and the field.
pub(super) fn told(fault: &AppFault) -> [&str; 3] {
    [&fault.variant, &fault.code, &fault.field]
}

/// Gives a user the role of an inspector.
fn appoint(city: &City, user: EntityId) {
    city.server.office.change("user.amend", user, json!({ "roles": { "inspector": true } }));
}
