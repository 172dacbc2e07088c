//! Stories: what chance rarely puts together, at every place where it can happen.

use std::sync::Arc;

use xuncha_core::Result;

use super::World;
use crate::disk::{Disk, Plan};
use crate::fault::Faults;
use crate::phone::is_of_disk;

/// More changes of the disk than starting the app and recording a finding take.
const CHANGES: u64 = 60;

impl World {
    /// The disk is full for one change, whichever that is; the app goes on, and then the power goes. What was shown as saved is
    /// there. (SQLite takes no notice when the folder of its log cannot be synced.)
    pub(crate) async fn full_for_a_moment(disk: &Disk) {
        let mut world = World::new(1, Arc::new(Faults::without(&[])), disk).await;
        let name = world.phones[0].name.clone();
        let mut saved = 0;
        // What the power takes is a matter of chance.
        for (at, chance) in (1..=CHANGES).flat_map(|at| [0, 1, 2].map(|chance| (at, chance))) {
            world.phones[0].close();
            disk.plan(&name, Plan::Full { at, count: 1 });
            let told = world.phones[0].open().and_then(|()| world.record(0));
            disk.calm(&name);
            match told {
                Ok(_) => saved += 1,
                Err(error) => assert!(is_of_disk(&error), "full at change {at}: {error}"),
            }
            world.off_and_on(&name, 100 * at + chance).unwrap();
        }
        world.close();
        assert!(saved > 0, "nothing was ever saved");
    }

    /// The app dies at one change, whichever that is, and is started again; then the power goes. What the second start shows is there
    /// afterwards, also what the first never called saved: a commit that was written and not yet synced.
    pub(crate) async fn dead_and_then_dark(disk: &Disk) {
        let mut world = World::new(2, Arc::new(Faults::without(&[])), disk).await;
        let name = world.phones[0].name.clone();
        for (at, chance) in (1..=CHANGES).flat_map(|at| [0, 1, 2].map(|chance| (at, chance))) {
            world.phones[0].close();
            disk.plan(&name, Plan::Kill { at, tear: 0 });
            drop(world.phones[0].open().and_then(|()| world.record(0)));
            world.phones[0].close();
            disk.calm(&name);
            disk.revive(&name);
            world.phones[0].open().unwrap();
            let shown = world.phones[0].said().ops;
            world.off_and_on(&name, 100 * at + chance).unwrap();
            assert!(world.phones[0].said().ops.is_superset(&shown), "killed at change {at}: what was shown is gone");
        }
        world.close();
    }

    /// The power goes and comes back, and the phone is looked through.
    fn off_and_on(&mut self, name: &str, seed: u64) -> Result<()> {
        // Dead before the app ends, so that it writes nothing back.
        self.disk.plan(name, Plan::Kill { at: 1, tear: 0 });
        self.phones[0].close();
        self.disk.lose_power(name, seed);
        self.phones[0].open()?;
        self.truth.check_phone(&self.phones[0]);
        Ok(())
    }
}
