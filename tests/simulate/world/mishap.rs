//! What befalls a phone: its clock, its key, copies of it.

use xuncha_core::Error;

use super::{DAY, TEN_YEARS, World};
use crate::fault::Fault;
use crate::phone::Phone;

impl World {
    pub(super) fn turn_clock(&mut self, number: usize) {
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
    pub(super) async fn befall(&mut self, number: usize) {
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
}
