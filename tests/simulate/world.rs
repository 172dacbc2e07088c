//! One world: what people do, what goes wrong, and how it comes to rest, all under one seed.

mod deed;
mod mishap;
mod office;
mod rest;
mod story;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use xuncha_core::Error;
use xuncha_core::host::Host;
use xuncha_core::model::EntityId;
use xuncha_tests::harness::SeededRandom;

use super::city::{City, Ground};
use super::clock::{MachineClock, TrueTime};
use super::disk::{Disk, Met, Plan};
use super::fault::{Fault, Faults};
use super::phone::{Phone, is_of_disk};
use super::truth::{SeenThen, Truth};
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

    /// Ends every process of this world.
    pub(crate) fn close(&mut self) {
        self.network.lead_to(Vec::new());
        drop(std::panic::catch_unwind(AssertUnwindSafe(|| self.city.stop())));
        self.phones.clear();
    }
}
