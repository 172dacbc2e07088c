//! What administrators and operators do.

use serde_json::json;
use xuncha_tests::harness::street_list;

use super::World;
use crate::city::Ground;
use crate::disk::{walk, write};
use crate::fault::Fault;

impl World {
    /// Administrators change who sees and may what.
    pub(super) fn office(&mut self) {
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
    pub(super) async fn operate(&mut self) {
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
        let kept = walk(self.city.files().root());
        let kept: Vec<_> = kept.into_iter().filter(|path| self.city.keeps(path)).collect();
        if kept.is_empty() {
            return;
        }
        let path = self.random.pick(&kept).clone();
        let whole = std::fs::read(&path).unwrap();
        let (mut bytes, bit) = (whole.clone(), self.random.below(whole.len() * 8));
        bytes[bit / 8] ^= 1 << (bit % 8);
        write(&path, &bytes);
        self.faults.met(Fault::BitFlip);
        let problems = self.city.problems();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            problems.len() == 1 && problems[0].contains("altered"),
            "{name}: a flipped bit is not found: {problems:?}"
        );
        write(&path, &whole);
        self.disk.settle("city");
        self.tell(format!("city: a bit of {name} flipped"));
    }
}
