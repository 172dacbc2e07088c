//! Several people on one phone: each signs in once, online, and they take turns offline by PIN.

use xuncha_core::model::EntityId;
use xuncha_core::notebook::{Person, SignedIn};

use crate::{FieldError, Notebook};

type Result<T> = std::result::Result<T, FieldError>;

#[uniffi::export]
impl Notebook {
    /// Everybody who is signed in here, by name.
    pub fn people(&self) -> Result<Vec<SignedIn>> {
        Ok(self.core()?.people()?)
    }

    /// Sets the PIN of whoever records now, 4 to 12 digits. Takes some tens of milliseconds.
    ///
    /// Throws `Invalid` naming `pin` when it is none, or one that everybody tries first.
    pub fn set_pin(&self, pin: String) -> Result<()> {
        Ok(self.core()?.set_pin(&pin)?)
    }

    /// From now on `user` records, if that is their PIN; also opens a locked notebook. Needs no network.
    ///
    /// Throws `SignIn` with the tries that are left, with the time of the next one, or because only signing in
    /// online helps.
    pub fn switch_to(&self, user: EntityId, pin: String) -> Result<()> {
        Ok(self.core()?.switch_to(user, &pin)?)
    }

    /// Nobody records until `switchTo` or `signIn`. Looking and syncing go on.
    ///
    /// Throws `Invalid` naming `pin` when whoever records has none.
    pub fn lock(&self) -> Result<()> {
        Ok(self.core()?.lock()?)
    }

    /// Forgets the login of `user` here. What they said stays and is sent.
    pub fn sign_out(&self, user: EntityId) -> Result<()> {
        Ok(self.core()?.sign_out(user)?)
    }

    /// Everybody known here, by their ids.
    pub fn users(&self) -> Result<Vec<Person>> {
        Ok(self.core()?.users()?)
    }

    /// The name of a user; none when this phone may not know it.
    pub fn name_of(&self, user: EntityId) -> Result<Option<String>> {
        Ok(self.core()?.name_of(user)?)
    }
}
