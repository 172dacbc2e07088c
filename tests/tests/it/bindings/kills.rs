//! Kill -9 of an app on a JVM, in the middle of a record, a sync and an upload: nothing saved or acknowledged is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use xuncha_tests::harness::{ForeignApp, GIVEN, Said, SeededRandom, TestServer, Tongue, long_run, photo, put_bytes};

/// What the app is killed in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Midst {
    Record,
    Sync,
    Upload,
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_jvm_while_it_records_keeps_everything_it_called_saved() {
    play(Midst::Record).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_jvm_in_the_middle_of_a_sync_loses_nothing() {
    play(Midst::Sync).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_jvm_in_the_middle_of_an_upload_loses_no_photo() {
    play(Midst::Upload).await;
}

async fn play(midst: Midst) {
    if Tongue::Kotlin.command().is_none() {
        return;
    }
    let mut world = World::new().await;
    let rounds = if long_run() { 10 } else { 2 };
    for _ in 0..rounds {
        world.round(midst);
    }
    world.settle();
}

struct World {
    server: TestServer,
    random: SeededRandom,
    folder: tempfile::TempDir,
    /// Notes of findings that the app called saved.
    saved: BTreeSet<String>,
    /// Every note that it was given.
    given: BTreeSet<String>,
    /// The last change of each finding that the phone called acknowledged, by its ledger index.
    acknowledged: BTreeMap<String, u64>,
    /// How long the work in whose midst it is killed has taken undisturbed.
    most: Duration,
}

impl World {
    async fn new() -> World {
        let server = TestServer::start().await;
        let mut world = World {
            server,
            random: SeededRandom::new(),
            folder: tempfile::tempdir().unwrap(),
            saved: BTreeSet::new(),
            given: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
            most: Duration::from_millis(200),
        };
        let user = world.server.office.user("王敏", &["inspector"], &[]);
        let invitation = format!("{}/enrol#{}", world.server.url(), world.server.office.invite(user));
        let mut app = world.start();
        ok(&mut app, "enrol", &[&invitation]);
        // Undisturbed, once: how long a kill may be waited for.
        world.record(&mut app, "头一条");
        let began = now();
        ok(&mut app, "sync", &[]);
        world.most = began.elapsed();
        world
    }

    fn start(&self) -> ForeignApp {
        let mut app = ForeignApp::start(Tongue::Kotlin.command().unwrap());
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        ok(&mut app, "open", &[&path("notebook"), &path("device.key")]);
        app
    }

    fn photo(&self, name: &str, len: usize) -> String {
        let path = self.folder.path().join(name);
        put_bytes(&path, photo(&self.random, len));
        format!("photo={}", path.display())
    }

    fn begin_record(&mut self, app: &mut ForeignApp, note: &str) {
        self.given.insert(note.to_owned());
        let photo = self.photo(&format!("{}.jpg", self.given.len()), 300_000);
        app.begin("record", &["item=SR-1", &format!("note={note}"), &photo]);
    }

    fn record(&mut self, app: &mut ForeignApp, note: &str) {
        self.begin_record(app, note);
        let said = app.end().expect("the app is there");
        said.unwrap();
        self.saved.insert(note.to_owned());
    }

    /// Starts the app, kills it in the middle of something, and looks what is there.
    fn round(&mut self, midst: Midst) {
        let mut app = self.start();
        let number = self.given.len();
        match midst {
            Midst::Record => self.kill_while_recording(app, number),
            Midst::Sync | Midst::Upload => {
                let notes = if midst == Midst::Sync { 8 } else { 2 };
                for turn in 0..notes {
                    self.record(&mut app, &format!("第{number}轮第{turn}条"));
                }
                app.begin("sync", &[]);
                self.pause(self.most);
                drop(app.kill());
            }
        }
        let mut app = self.start();
        assert_eq!(ok(&mut app, "check", &[]), Vec::<String>::new());
        self.look(&mut app);
        app.kill();
    }

    /// One after the other until the kill; all that were called saved must be there.
    fn kill_while_recording(&mut self, mut app: ForeignApp, number: usize) {
        let until = now() + self.pause_of(Duration::from_millis(400));
        let mut turn = 0;
        loop {
            let note = format!("第{number}轮第{turn}条");
            self.begin_record(&mut app, &note);
            if now() >= until {
                // In the middle of this one: it may have said so just before.
                if let Some(Ok(_)) = app.kill() {
                    self.saved.insert(note);
                }
                return;
            }
            app.end().expect("the app is there").unwrap();
            self.saved.insert(note);
            turn += 1;
        }
    }

    /// Everything called saved is shown, and nothing that was acknowledged was taken back.
    fn look(&mut self, app: &mut ForeignApp) {
        let listed = ok(app, "list", &[]);
        let rows: Vec<Vec<&str>> = listed.iter().map(|row| row.split(GIVEN).collect()).collect();
        let notes: BTreeSet<String> = rows.iter().map(|row| row[2].to_owned()).collect();
        assert_eq!(notes.len(), rows.len(), "a finding is there twice");
        let lost: Vec<_> = self.saved.difference(&notes).collect();
        assert!(lost.is_empty(), "{lost:?} were called saved and are gone");
        let unknown: Vec<_> = notes.difference(&self.given).collect();
        assert!(unknown.is_empty(), "{unknown:?} came from nowhere");
        // One that was killed before it said so may be there; from now on it must stay.
        self.saved = notes;
        let now: BTreeMap<String, u64> =
            rows.iter().filter_map(|row| Some((row[0].to_owned(), row[1].parse().ok()?))).collect();
        for (id, index) in &self.acknowledged {
            // Its photos' arrival is a later change; nothing takes it back.
            assert!(now.get(id) >= Some(index), "{id} was acknowledged at {index}, and is at {:?}", now.get(id));
        }
        self.acknowledged = now;
    }

    /// After the last kill: syncs until nothing waits, and every finding and photo is at the server.
    fn settle(&mut self) {
        let mut app = self.start();
        self.look(&mut app);
        for _ in 0..3 {
            ok(&mut app, "sync", &[]);
        }
        self.server.office.keep_arrived();
        ok(&mut app, "sync", &[]);
        assert_eq!(ok(&mut app, "status", &[])[..4], ["0", "0", "0", "0"], "pending, refused, disputed, files");
        self.look(&mut app);
        assert_eq!(self.acknowledged.len(), self.saved.len());
        for id in self.acknowledged.keys() {
            assert_eq!(ok(&mut app, "finding", &[id])[2..4], ["1", "1"], "its photo is kept");
            let there = self.server.office.entity(id.parse().unwrap());
            assert!(self.saved.contains(there.text("note").unwrap()), "{id} says something else at the server");
        }
        self.server.check_all();
    }

    fn pause(&self, most: Duration) {
        std::thread::sleep(self.pause_of(most));
    }

    /// A random while.
    fn pause_of(&self, most: Duration) -> Duration {
        let most = usize::try_from(most.as_micros()).unwrap().max(1);
        Duration::from_micros(self.random.below(most) as u64)
    }
}

fn ok(app: &mut ForeignApp, call: &str, words: &[&str]) -> Vec<String> {
    app.begin(call, words);
    let said: Option<Said> = app.end();
    said.unwrap_or_else(|| panic!("{call}: the app is gone")).unwrap_or_else(|fault| panic!("{call}: {fault:?}"))
}

#[expect(clippy::disallowed_methods, reason = "kills are timed by the machine's own clock")]
fn now() -> Instant {
    Instant::now()
}
