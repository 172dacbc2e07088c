//! One world: what people do, what goes wrong, and how it comes to rest, all under one seed.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use serde_json::json;
use xuncha_core::host::Host;
use xuncha_core::model::{EntityId, FindingDraft, Hash, Place, Severity};
use xuncha_core::notebook::{PreviewOptions, Shot};
use xuncha_core::{Error, Result};
use xuncha_tests::harness::{SeededRandom, photo, street_list, words};

use super::city::{City, Ground};
use super::clock::{MachineClock, TrueTime};
use super::disk::{Disk, Met, Plan};
use super::fault::{Fault, Faults};
use super::phone::{Phone, is_of_disk};
use super::truth::{SeenThen, Truth, shown};
use super::wire::Network;

const DAY: i64 = 24 * 60 * 60 * 1_000;
const TEN_YEARS: usize = 3_650;

/// Everything.
pub(crate) struct World {
    seed: u64,
    random: Arc<SeededRandom>,
    time: Arc<TrueTime>,
    disk: Disk,
    faults: Arc<Faults>,
    network: Arc<Network>,
    city: City,
    ground: Ground,
    phones: Vec<Phone>,
    copies: BTreeMap<String, (String, SeenThen)>,
    truth: Truth,
    trace: Vec<String>,
    made: usize,
    /// What each disk had met at the last look.
    met: BTreeMap<String, Met>,
}

impl World {
    /// A city with phones in the hands of its people, everything well.
    pub(crate) async fn new(seed: u64, faults: Arc<Faults>, disk: &Disk) -> World {
        for machine in ["city", "vault"] {
            disk.wipe(machine);
        }
        let met = [("city".to_owned(), disk.met("city"))].into();
        let (time, random) = (Arc::new(TrueTime::default()), Arc::new(SeededRandom::from_seed(seed)));
        let network = Arc::new(Network::new(seed, faults.clone(), time.clone(), disk.clone()));
        let clock = Arc::new(MachineClock::new(time.clone()));
        let host = Host { clock: clock.clone(), random: Arc::new(SeededRandom::from_seed(!seed)) };
        let mut city = City::new(disk, clock, host);
        let ground = city.found();
        network.lead_to(city.doors());
        let (disk, phones) = (disk.clone(), Vec::new());
        let (copies, truth, trace) = (BTreeMap::new(), Truth::default(), Vec::new());
        let mut world = World {
            seed,
            random,
            time,
            disk,
            faults,
            network,
            city,
            ground,
            phones,
            copies,
            truth,
            trace,
            made: 0,
            met,
        };
        let people: [(&str, &[EntityId]); 4] = [
            ("inspector", &[ground.east]),
            ("inspector", &[ground.east, ground.west]),
            ("acceptor", &[]),
            ("inspector", &[]),
        ];
        for (role, areas) in people.into_iter().take(3 + world.random.below(2)) {
            let user = world.city.office().user(role, &[role], areas);
            world.new_phone(user).await;
        }
        world
    }

    async fn new_phone(&mut self, user: EntityId) {
        let name = format!("phone-{}", self.made);
        self.made += 1;
        self.disk.wipe(&name);
        self.met.insert(name.clone(), self.disk.met(&name));
        let old_app = self.faults.has(Fault::OldApp) && self.random.once_in(3);
        let mut phone = Phone::new(&name, user, self.seed, &self.time, &self.disk, &self.network, old_app);
        phone.open().unwrap();
        phone.enrol(&self.city.office().invite(user)).await.unwrap();
        phone.sync().await.unwrap();
        self.phones.push(phone);
    }

    /// What happened, a line each.
    pub(crate) fn trace(&mut self) -> Vec<String> {
        std::mem::take(&mut self.trace)
    }

    fn tell(&mut self, what: impl Into<String>) {
        self.trace.push(what.into());
        self.trace.extend(self.network.told().into_iter().map(|told| format!("    {told}")));
    }

    fn may(&self, fault: Fault, one_in: usize) -> bool {
        let drawn = self.random.once_in(one_in);
        drawn && self.faults.has(fault)
    }

    /// Which side forgets in this world. What a server lost to an old backup only the phones know; where
    /// these forget as well, it is gone, and nobody can promise otherwise.
    fn loses(&self) -> Fault {
        if self.seed.is_multiple_of(2) { Fault::OldBackup } else { Fault::SequenceReused }
    }

    /// One thing happens.
    pub(crate) async fn step(&mut self) {
        self.time.pass(i64::try_from(self.random.below(40_000)).unwrap());
        let number = self.random.below(self.phones.len());
        match self.random.below(100) {
            0..=39 => self.act(number).await,
            40..=74 => self.sync(number).await,
            75..=79 => self.turn_clock(number),
            80..=87 => self.befall(number).await,
            88..=93 => self.office(),
            94..=98 => self.operate().await,
            _ => self.network.deliver_late().await,
        }
        self.truth.note(&self.city);
    }

    /// Somebody does something with a phone, on a disk that may fail.
    async fn act(&mut self, number: usize) {
        let name = self.phones[number].name.clone();
        let planned = self.plan_trouble(&name, Fault::KillPhone, Fault::FullPhone, Fault::BadPhone, 40);
        let what = self.random.below(12);
        let done = match what {
            0..=4 => self.record(number),
            5..=7 => self.amend(number),
            8 => self.void(number),
            9 => self.resolve(number),
            10 => self.fix(number),
            _ => self.free(number),
        };
        let told = done.as_ref().map_or_else(ToString::to_string, Clone::clone);
        self.tell(format!("{name}: {told}"));
        if let Err(error) = &done {
            let expected = matches!(
                error,
                Error::Invalid { .. } | Error::NotFound { .. } | Error::NotEnrolled | Error::Refused { .. }
            );
            assert!(expected || (planned && is_of_disk(error)), "{name}: {error}");
        }
        self.after_trouble(number).await;
    }

    /// Plans at random what goes wrong with a disk. True when something is planned.
    fn plan_trouble(&self, machine: &str, kill: Fault, full: Fault, bad: Fault, within: usize) -> bool {
        let at = 1 + self.random.below(within) as u64;
        let (kind, tear, count) =
            (self.random.below(60), self.random.below(100) as u64, 1 + self.random.below(6) as u64);
        let plan = match kind {
            0..=3 if self.faults.has(kill) => Plan::Kill { at, tear },
            4 if self.faults.has(full) => Plan::Full { at, count },
            5 if self.faults.has(bad) => Plan::Bad { at, count },
            _ => return false,
        };
        self.disk.plan(machine, plan);
        true
    }

    /// Counts what the disks have met since the last look; a phone that died is started again, and looked through.
    async fn after_trouble(&mut self, number: usize) {
        let name = self.phones[number].name.clone();
        self.disk.calm(&name);
        self.count_met(&name, Fault::FullPhone, Fault::BadPhone);
        if self.disk.is_dead(&name) {
            self.faults.met(Fault::KillPhone);
            self.start_again(number);
        }
    }

    fn count_met(&mut self, machine: &str, full: Fault, bad: Fault) {
        let met = self.disk.met(machine);
        let before = self.met.insert(machine.to_owned(), met).unwrap_or_default();
        for (fault, more) in [(full, met.full - before.full), (bad, met.bad - before.bad)] {
            for _ in 0..more {
                self.faults.met(fault);
            }
        }
    }

    /// A dead phone is started again, perhaps without what its disk had not synced.
    fn start_again(&mut self, number: usize) {
        self.phones[number].close();
        let name = self.phones[number].name.clone();
        if self.may(Fault::PowerPhone, 2) {
            self.faults.met(Fault::PowerPhone);
            self.disk.lose_power(&name, self.random.number());
            self.tell(format!("{name}: lost its power"));
        } else {
            self.disk.revive(&name);
            self.tell(format!("{name}: was killed"));
        }
        self.phones[number].open().unwrap();
        self.truth.check_phone(&self.phones[number]);
    }

    fn record(&mut self, number: usize) -> Result<String> {
        let phone = &self.phones[number];
        let note = format!("{} {}", phone.name, self.random.below(1_000_000));
        let mut photos = Vec::new();
        let mut hashes: Vec<Hash> = Vec::new();
        for _ in 0..self.random.below(3) {
            let bytes = photo(&self.random, 200 + self.random.below(2_000));
            hashes.push(Hash::of(&bytes));
            photos.push(phone.notebook().seal_photo(&mut bytes.as_slice(), Shot::default())?);
        }
        let at = *self.random.pick(&[5.0, 25.0, 50.0]);
        let place = Place {
            lat: Some(at),
            lon: Some(at),
            accuracy: Some(8.0),
            provider: Some("gps".into()),
            ..Place::default()
        };
        let draft = FindingDraft { place: Some(place), ..words(&note) };
        let id = phone.notebook().record_with_photos(draft, photos)?;
        self.truth.saw_finding(&phone.name, id, hashes);
        Ok(format!("recorded {id}"))
    }

    /// Photos of which no preview can be made need not stay for one.
    fn free(&self, number: usize) -> Result<String> {
        let notebook = self.phones[number].notebook();
        notebook.make_previews(&PreviewOptions::default())?;
        Ok(format!("freed {}", notebook.free_space()?.files))
    }

    fn any_finding(&self, number: usize) -> Result<EntityId> {
        let page = xuncha_core::notebook::ListPage { after: None, limit: 50 };
        let listed = self.phones[number].notebook().list(page)?;
        if listed.is_empty() {
            return Err(Error::NotFound { what: "a finding".into() });
        }
        Ok(self.random.pick(&listed).finding.id)
    }

    fn amend(&mut self, number: usize) -> Result<String> {
        let finding = self.any_finding(number)?;
        let draft = match self.random.below(3) {
            0 => FindingDraft { severity: Some(Severity::High), ..FindingDraft::default() },
            1 => {
                let put = self.random.once_in(2).then_some(true);
                FindingDraft {
                    tags: [(format!("标签{}", self.random.below(4)), put)].into(),
                    ..FindingDraft::default()
                }
            }
            _ => {
                FindingDraft { note: Some(format!("改 {}", self.random.below(1_000_000))), ..FindingDraft::default() }
            }
        };
        let phone = &self.phones[number];
        let op = phone.notebook().amend(finding, draft, Vec::new())?;
        self.truth.saw_op(&phone.name, op);
        Ok(format!("amended {finding} by {op}"))
    }

    fn void(&mut self, number: usize) -> Result<String> {
        let finding = self.any_finding(number)?;
        let phone = &self.phones[number];
        let op = phone.notebook().void(finding, "重复")?;
        self.truth.saw_op(&phone.name, op);
        Ok(format!("voided {finding} by {op}"))
    }

    fn resolve(&mut self, number: usize) -> Result<String> {
        let phone = &self.phones[number];
        let Some(conflict) = phone.notebook().conflicts()?.into_iter().next() else { return Ok("no conflict".into()) };
        let op = phone.notebook().resolve(conflict.entity, &conflict.field, conflict.rivals[0].op)?;
        self.truth.saw_op(&phone.name, op);
        Ok(format!("resolved {} of {} by {op}", conflict.field, conflict.entity))
    }

    fn fix(&mut self, number: usize) -> Result<String> {
        let finding = self.any_finding(number)?;
        let phone = &self.phones[number];
        let bytes = photo(&self.random, 300);
        let after = phone.notebook().seal_photo(&mut bytes.as_slice(), Shot::default())?;
        let op = phone.notebook().fix_on_the_spot(finding, vec![after])?;
        self.truth.saw_op(&phone.name, op);
        Ok(format!("fixed {finding} by {op}"))
    }

    /// A phone syncs on a network and against a server that may both be bad.
    async fn sync(&mut self, number: usize) {
        let badness = *self.random.pick(&[0, 100, 400]);
        self.network.be_bad(badness);
        let name = self.phones[number].name.clone();
        let of_phone = self.plan_trouble(&name, Fault::KillPhone, Fault::FullPhone, Fault::BadPhone, 120);
        let of_city = self.plan_trouble("city", Fault::KillCity, Fault::FullCity, Fault::BadCity, 120);
        self.network.deliver_late().await;
        let synced = self.phones[number].sync().await;
        self.network.be_bad(0);
        let told = match &synced {
            Ok(synced) => format!(
                "pushed {} pulled {} dropped {} files {} refetched {:?}",
                synced.pushed, synced.pulled_rows, synced.dropped, synced.files_sent, synced.refetched
            ),
            Err(error) => error.to_string(),
        };
        self.tell(format!("{name}: sync: {told}"));
        self.disk.calm("city");
        self.count_met("city", Fault::FullCity, Fault::BadCity);
        if self.disk.is_dead("city") {
            self.faults.met(Fault::KillCity);
            self.city_starts_again();
        }
        match &synced {
            Ok(_) => {}
            Err(Error::NotEnrolled | Error::Offline { .. } | Error::Refused { .. }) => {}
            Err(error) => assert!(of_phone && is_of_disk(error), "{name}: {error} ({of_city})"),
        }
        self.after_trouble(number).await;
        let again = self.phones[number].notebook().status().unwrap().must_enrol_again.is_some();
        if again || matches!(synced, Err(Error::NotEnrolled)) {
            self.enrol_again(number).await;
        }
    }

    async fn enrol_again(&mut self, number: usize) {
        let (name, user) = (self.phones[number].name.clone(), self.phones[number].user);
        let code = self.city.office().invite(user);
        let enrolled = self.phones[number].enrol(&code).await;
        let told = enrolled.as_ref().map_or_else(ToString::to_string, |()| "well".to_owned());
        self.tell(format!("{name}: enrols again: {told}"));
        assert!(enrolled.is_ok(), "{name}: {told}");
    }

    fn city_starts_again(&mut self) {
        self.network.lead_to(Vec::new());
        let count = self.city.doors().len();
        self.city.stop();
        if self.may(Fault::PowerCity, 2) {
            self.faults.met(Fault::PowerCity);
            self.disk.lose_power("city", self.random.number());
            self.tell("city: lost its power");
        } else {
            self.disk.revive("city");
            self.tell("city: was killed");
        }
        self.city.start(count).unwrap();
        self.network.lead_to(self.city.doors());
        let problems = self.city.problems();
        assert!(problems.is_empty(), "{problems:#?}");
    }

    fn turn_clock(&mut self, number: usize) {
        let clock = self.phones[number].clock.clone();
        let name = self.phones[number].name.clone();
        let days = i64::try_from(self.random.below(2 * TEN_YEARS)).unwrap() - i64::try_from(TEN_YEARS).unwrap();
        match self.random.below(6) {
            0 if self.faults.has(Fault::ClockJump) => {
                self.faults.met(Fault::ClockJump);
                clock.set_wrong_by(days * DAY);
                self.tell(format!("{name}: clock wrong by {days} days"));
            }
            1 if self.faults.has(Fault::ClockStopped) => {
                self.faults.met(Fault::ClockStopped);
                clock.set_stopped(!clock.is_stopped());
                self.tell(format!("{name}: clock stands {}", clock.is_stopped()));
            }
            2 if self.faults.has(Fault::ZoneChange) => {
                self.faults.met(Fault::ZoneChange);
                let zone = *self.random.pick(&["Asia/Shanghai", "Asia/Urumqi", "Pacific/Kiritimati", "Pacific/Niue"]);
                clock.set_zone(zone);
                self.tell(format!("{name}: in {zone}"));
            }
            3 if self.faults.has(Fault::CityClockJump) => {
                self.faults.met(Fault::CityClockJump);
                self.city.clock.set_wrong_by(days % 3 * DAY / 4);
                self.tell(format!("city: clock wrong by {} quarter days", days % 3 * 3));
            }
            _ => {
                clock.set_wrong_by(0);
                self.time.pass(DAY / 24);
                self.tell("an hour passes");
            }
        }
    }

    /// Something happens to a phone itself.
    async fn befall(&mut self, number: usize) {
        let name = self.phones[number].name.clone();
        match self.random.below(8) {
            0 if self.faults.has(Fault::KeyLost) => {
                self.faults.met(Fault::KeyLost);
                self.phones[number].close();
                self.phones[number].lose_key();
                assert!(matches!(self.phones[number].open(), Err(Error::KeyMissing)), "{name}: opened without its key");
                self.phones[number].open_as_new_device().unwrap();
                self.tell(format!("{name}: lost its key"));
            }
            1 => {
                self.phones[number].close();
                let copy = format!("{name}-copy");
                self.phones[number].copy_to(&copy);
                self.copies.insert(name.clone(), (copy, self.truth.seen_by(&name)));
                self.phones[number].open().unwrap();
                self.tell(format!("{name}: copied"));
            }
            2 | 3
                if self.loses() == Fault::SequenceReused
                    && self.faults.has(Fault::SequenceReused)
                    && self.copies.contains_key(&name) =>
            {
                self.faults.met(Fault::SequenceReused);
                let (copy, then) = self.copies[&name].clone();
                self.phones[number].close();
                self.phones[number].put_back(&copy);
                self.truth.put_back(&name, &then);
                self.phones[number].open().unwrap();
                self.tell(format!("{name}: put back to its copy"));
            }
            4 if self.faults.has(Fault::Clone) && self.phones.len() < 6 => {
                self.faults.met(Fault::Clone);
                self.phones[number].close();
                let (twin, user) = (format!("phone-{}", self.made), self.phones[number].user);
                self.made += 1;
                self.met.insert(twin.clone(), self.disk.met(&twin));
                self.phones[number].copy_to(&twin);
                self.phones[number].open().unwrap();
                let mut phone = Phone::new(&twin, user, self.seed, &self.time, &self.disk, &self.network, false);
                phone.open().unwrap();
                self.phones.push(phone);
                self.tell(format!("{name}: cloned as {twin}"));
            }
            _ => {
                self.phones[number].close();
                self.phones[number].open().unwrap();
                self.truth.check_phone(&self.phones[number]);
                self.tell(format!("{name}: app started again"));
            }
        }
    }

    /// Administrators change who sees and may what.
    fn office(&mut self) {
        let user = self.random.pick(&self.phones).user;
        let Ground { east, west } = self.ground;
        let office = self.city.office();
        let told = match self.random.below(6) {
            0 | 1 => {
                let areas = [
                    json!({ east.to_string(): true, west.to_string(): null }),
                    json!({ east.to_string(): null, west.to_string(): true }),
                    json!({ east.to_string(): true, west.to_string(): true }),
                ];
                office.change("user.amend", user, json!({ "areas": self.random.pick(&areas) }));
                "areas of a user"
            }
            2 => {
                let roles = [
                    json!({ "inspector": true }),
                    json!({ "acceptor": true, "inspector": null }),
                    json!({ "inspector": true, "acceptor": null, "leader": true }),
                ];
                office.change("user.amend", user, json!({ "roles": self.random.pick(&roles) }));
                "roles of a user"
            }
            3 => {
                let version = format!("v{}", self.random.below(1_000_000));
                self.city.load(street_list(&version, &["SR-1", "HW-1"]));
                "another catalogue"
            }
            4 => {
                let kept = office.keep_arrived();
                let told = format!("office: {kept} files named");
                self.tell(told);
                return;
            }
            _ => {
                office.user("新来的", &["inspector"], &[]);
                "a new user"
            }
        };
        self.tell(format!("office: {told}"));
    }

    /// Operators do something to the server.
    async fn operate(&mut self) {
        match self.random.below(8) {
            0 | 1 => {
                self.city.back_up(self.truth.noted());
                self.tell("city: backed up");
            }
            2 if self.loses() == Fault::OldBackup
                && self.faults.has(Fault::OldBackup)
                && !self.city.backups.is_empty() =>
            {
                self.faults.met(Fault::OldBackup);
                self.network.lead_to(Vec::new());
                let noted = self.city.restore(self.city.backups.len() - 1);
                self.truth.forget_after(noted);
                self.city.start(1).unwrap();
                self.city.load_again();
                // A backup that was restored is not restored again: its next epoch has begun already.
                self.city.back_up(self.truth.noted());
                self.network.lead_to(self.city.doors());
                self.tell("city: restored from its last backup");
            }
            3 if self.faults.has(Fault::TwoServers) && self.city.doors().len() == 1 => {
                self.faults.met(Fault::TwoServers);
                self.city.start(1).unwrap();
                self.network.lead_to(self.city.doors());
                self.tell("city: two servers");
            }
            4 if self.faults.has(Fault::BitFlip) => self.flip_a_bit(),
            _ if self.faults.has(Fault::Moved) => {
                self.faults.met(Fault::Moved);
                self.network.lead_to(Vec::new());
                self.city.stop();
                self.city.start(1).unwrap();
                self.network.lead_to(self.city.doors());
                self.tell("city: another process");
            }
            _ => {}
        }
    }

    /// A bit of a kept photo flips: it is found, and put right from a copy.
    fn flip_a_bit(&mut self) {
        let kept = super::disk::walk(self.city.files().root());
        let kept: Vec<_> = kept.into_iter().filter(|path| self.city.keeps(path)).collect();
        if kept.is_empty() {
            return;
        }
        let path = self.random.pick(&kept).clone();
        let whole = std::fs::read(&path).unwrap();
        let (mut bytes, bit) = (whole.clone(), self.random.below(whole.len() * 8));
        bytes[bit / 8] ^= 1 << (bit % 8);
        super::disk::write(&path, &bytes);
        self.faults.met(Fault::BitFlip);
        let problems = self.city.problems();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            problems.len() == 1 && problems[0].contains("altered"),
            "{name}: a flipped bit is not found: {problems:?}"
        );
        super::disk::write(&path, &whole);
        self.disk.settle("city");
        self.tell(format!("city: a bit of {name} flipped"));
    }

    /// Everything is well from now on: all come to rest, and everything is compared with everything.
    pub(crate) async fn end(&mut self) {
        self.tell("all is well from now on");
        self.network.be_bad(0);
        self.network.deliver_late().await;
        self.city.clock.set_wrong_by(0);
        for round in 0.. {
            let mut restless = Vec::new();
            for number in 0..self.phones.len() {
                if let Some(why) = self.rest(number).await {
                    restless.push(why);
                }
            }
            self.city.office().keep_arrived();
            self.truth.note(&self.city);
            if restless.is_empty() && round > 1 {
                break;
            }
            assert!(round < 10, "it does not come to rest: {restless:?}");
        }
        self.truth.check_city(&self.city);
        for number in 0..self.phones.len() {
            self.truth.check_phone(&self.phones[number]);
            self.compare_with_a_fresh_phone(number).await;
        }
    }

    /// Syncs a phone whatever it takes; why it is not at rest, if it is not.
    async fn rest(&mut self, number: usize) -> Option<String> {
        let synced = self.phones[number].sync().await;
        let told = format!("{}: {synced:?}", self.phones[number].name);
        self.tell(&told);
        let again = self.phones[number].notebook().status().unwrap().must_enrol_again.is_some();
        match synced {
            _ if again => {}
            Ok(synced) => {
                let status = self.phones[number].notebook().status().unwrap();
                let calm = status.pending == 0 && status.files_waiting == 0 && synced.pulled_rows == 0;
                let waiting = self.phones[number].notebook().waiting().unwrap();
                let refused = self.phones[number].notebook().refused().unwrap();
                return (!calm).then(|| format!("{told}\nwaiting: {waiting:?}\nrefused: {refused:?}"));
            }
            Err(Error::NotEnrolled) => {}
            Err(error) => panic!("{}: {error} though all is well", self.phones[number].name),
        }
        self.enrol_again(number).await;
        Some(told)
    }

    /// What a phone shows after all that happened is what a fresh one of the same user is given.
    async fn compare_with_a_fresh_phone(&self, number: usize) {
        let phone = &self.phones[number];
        self.disk.wipe("witness");
        let (seed, user) = (self.seed ^ number as u64, phone.user);
        let mut witness = Phone::new("witness", user, seed, &self.time, &self.disk, &self.network, false);
        witness.open().unwrap();
        witness.enrol(&self.city.office().invite(user)).await.unwrap();
        witness.sync().await.unwrap();
        let (ours, theirs) = (shown(phone.notebook()), shown(witness.notebook()));
        assert_eq!(ours, theirs, "{} shows something else than a fresh phone of the same user", phone.name);
        for (id, text) in &theirs {
            assert_eq!(*text, self.city.office().entity(*id).to_text(), "{id} is not what the ledger says");
        }
    }

    /// Ends every process of this world.
    pub(crate) fn close(&mut self) {
        self.network.lead_to(Vec::new());
        drop(std::panic::catch_unwind(AssertUnwindSafe(|| self.city.stop())));
        self.phones.clear();
    }
}
