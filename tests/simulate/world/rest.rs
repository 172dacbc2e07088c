//! How a world comes to rest, and what is compared then.

use xuncha_core::Error;

use super::World;
use crate::phone::Phone;
use crate::truth::shown;

impl World {
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
}
