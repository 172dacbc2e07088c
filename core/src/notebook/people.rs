//! Several people on one phone: each signs in once, online, and they take turns offline by PIN.
//!
//! They share one notebook: its rows, drafts and photos are everybody's, and whatever one of them may
//! see, whoever holds the phone can see. What each of them says carries their own name and login.

use serde::Serialize;

use super::pin::{self, MOST_TRIES};
use super::{Enrolled, Notebook, SignInAgain};
use crate::host::Host;
use crate::model::{EntityId, Hash, Time};
use crate::plan::login_lasts;
use crate::protocol::SyncService;
use crate::store::{Lock, Login, Store};
use crate::{Error, Result};

/// Somebody who is signed in on this phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedIn {
    /// The user.
    pub user: EntityId,
    /// Their name.
    pub name: String,
    /// True once they have set a PIN.
    pub has_pin: bool,
    /// True for the one who records now; at most one.
    pub is_current: bool,
    /// Too many wrong PINs: no try before then, by this phone's clock.
    pub locked_until: Option<Time>,
    /// Only signing in online lets them record here: they have no PIN, or too many were wrong.
    pub needs_sign_in: bool,
    /// Why they should sign in again, online. Recording goes on.
    pub sign_in_again: Option<SignInAgain>,
    /// Ops of theirs that were not judged yet.
    pub unsent: u64,
}

/// A try that was counted, before it is known whether the PIN is right.
struct Try {
    /// The PIN as it is kept.
    kept: String,
    /// What to say if it is wrong.
    wrong: Error,
}

impl Notebook {
    /// Signs somebody in beside those who are signed in already, with a single-use `code` and the same
    /// device key; or again, with a fresh login. They record from now on. The PIN that they had stays,
    /// and wrong tries are forgotten.
    ///
    /// A code that was used here is good again, on this phone, until it runs out: its answer may have been lost. It is no
    /// way around wrong PINs.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`] before the first enrolment; [`Error::Invalid`] naming `user` when twenty
    /// are signed in already; [`Error::PinLocked`] and [`Error::SignInNeeded`] when `code` is the one that opened a login
    /// whose PIN was tried too often; otherwise as [`Notebook::enrol`].
    pub async fn sign_in<S: SyncService>(&self, service: &S, code: &str) -> Result<Enrolled> {
        let _alone = self.alone()?;
        self.read(|store| self.still_good(store, code))?;
        self.open_login(service, code).await
    }

    /// Fails when wrong PINs have closed the login that `code` opened: who tries them may well have the old link too.
    fn still_good(&self, store: &Store, code: &str) -> Result<()> {
        let membership = store.account()?.membership.ok_or(Error::NotEnrolled)?;
        let device = store.key().public().device();
        let opened = EntityId::of_login(membership.ledger, &device, &Hash::of(code.as_bytes()));
        let Some(login) = store.logins()?.into_iter().find(|login| login.session == opened) else { return Ok(()) };
        if login.wrong >= MOST_TRIES {
            return Err(Error::SignInNeeded {
                why: "too many wrong PINs, and this invitation was used: take a new one",
            });
        }
        match login.lock.and_then(|lock| self.shared.waits.left(login.user, lock, self.host())) {
            Some(left) => Err(Error::PinLocked { until: self.host().clock.wall().plus_millis(left) }),
            None => Ok(()),
        }
    }

    /// Everybody who is signed in here, by name.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be read.
    pub fn people(&self) -> Result<Vec<SignedIn>> {
        self.read(|store| {
            let offset = store.account()?.offset.unwrap_or(0);
            let now = self.host().clock.wall();
            let person = |login: Login| {
                let left = login.lock.and_then(|lock| self.shared.waits.left(login.user, lock, self.host()));
                Ok(SignedIn {
                    has_pin: login.pin.is_some(),
                    is_current: login.current,
                    locked_until: left.map(|left| now.plus_millis(left)),
                    needs_sign_in: login.pin.is_none() || login.wrong >= MOST_TRIES,
                    sign_in_again: login.again.or_else(|| too_old(&login, now.plus_millis(offset))),
                    unsent: store.waiting_of(login.user)?,
                    user: login.user,
                    name: login.name,
                })
            };
            store.logins()?.into_iter().map(person).collect()
        })
    }

    /// Sets the PIN of whoever records now, 4 to 12 digits, in place of the one before. It is kept as
    /// argon2id only. Durable when it returns; takes some tens of milliseconds.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `pin` when it is none, or one that everybody tries first;
    /// [`Error::Locked`] while nobody records; [`Error::NotEnrolled`].
    pub fn set_pin(&self, pin: &str) -> Result<()> {
        let user = self.read(|store| store.current())?.user;
        pin::check(pin)?;
        let kept = pin::hash(self.host(), pin)?;
        self.change(|store| store.set_pin(user, &kept))
    }

    /// From now on `user` records, if that is their PIN. Needs no network; takes some tens of
    /// milliseconds. Also opens a locked notebook.
    ///
    /// The fifth wrong PIN in a row has the next try wait for a minute, and each one after it for twice
    /// as long; after the tenth only [`Notebook::sign_in`] helps. Tries are counted before the PIN is
    /// looked at: a crash leaves a try that counts, and the same person recording as before.
    ///
    /// # Errors
    /// [`Error::NotFound`] when `user` is not signed in here; [`Error::WrongPin`];
    /// [`Error::PinLocked`] while there is a wait; [`Error::SignInNeeded`] when no PIN helps. The
    /// same person goes on recording.
    pub fn switch_to(&self, user: EntityId, pin: &str) -> Result<()> {
        let counted = self.change(|store| self.count_try(store, user))??;
        if !pin::fits(pin, &counted.kept)? {
            return Err(counted.wrong);
        }
        self.change(|store| {
            store.set_tries(user, 0, None)?;
            // Signed out meanwhile, they do not record.
            store.set_current(Some(store.login(user)?.user))
        })
    }

    /// Counts a try before it is made; inside, why there is none to make.
    fn count_try(&self, store: &Store, user: EntityId) -> Result<Result<Try>> {
        let login = store.login(user)?;
        let host: &Host = self.host();
        let Some(kept) = login.pin else { return Ok(Err(Error::SignInNeeded { why: "no PIN was set" })) };
        if login.wrong >= MOST_TRIES {
            return Ok(Err(Error::SignInNeeded { why: "too many wrong PINs" }));
        }
        let now = host.clock.wall();
        if let Some(lock) = login.lock
            && let Some(left) = self.shared.waits.left(user, lock, host)
        {
            if now < lock.at {
                // The clock was set back: the wait begins anew, or it would last until then.
                self.wait(store, user, login.wrong, Lock { at: now, millis: left })?;
            }
            return Ok(Err(Error::PinLocked { until: now.plus_millis(left) }));
        }
        let wrong = login.wrong + 1;
        let until = match pin::wait_after(wrong, now) {
            Some(lock) => {
                self.wait(store, user, wrong, lock)?;
                Some(lock.at.plus_millis(lock.millis))
            }
            None => {
                store.set_tries(user, wrong, None)?;
                None
            }
        };
        Ok(Ok(Try { kept, wrong: Error::WrongPin { left: MOST_TRIES - wrong, until } }))
    }

    fn wait(&self, store: &Store, user: EntityId, wrong: u32, lock: Lock) -> Result<()> {
        store.set_tries(user, wrong, Some(lock))?;
        self.shared.waits.begin(user, lock, self.host().clock.mono());
        Ok(())
    }

    /// Nobody records until [`Notebook::switch_to`] or [`Notebook::sign_in`]. Looking and syncing go on.
    /// Nothing happens when nobody does already.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `pin` when whoever records has none, and could not come back without
    /// a network; [`Error::NotEnrolled`].
    pub fn lock(&self) -> Result<()> {
        self.change(|store| match store.current() {
            Ok(login) if login.pin.is_none() => {
                let detail = "set one first: without it only signing in online opens the notebook".into();
                Err(Error::Invalid { field: "pin".into(), detail })
            }
            Ok(_) => store.set_current(None),
            Err(Error::Locked) => Ok(()),
            Err(error) => Err(error),
        })
    }

    /// Forgets the login of `user` here, with its token and PIN; needs no network. What they said stays
    /// and is sent by whoever syncs next. What only they may see leaves the phone at the next sync; a
    /// phone on which nobody is left keeps it until somebody signs in.
    ///
    /// # Errors
    /// [`Error::NotFound`] when they are not signed in here.
    pub fn sign_out(&self, user: EntityId) -> Result<()> {
        let dropped = self.change(|store| store.drop_login(user))?;
        if dropped {
            return Ok(());
        }
        Err(Error::NotFound { what: format!("user {user} among those signed in") })
    }
}

/// Whether what is recorded under this login is no longer judged by its rights.
fn too_old(login: &Login, server_now: Time) -> Option<SignInAgain> {
    (!login_lasts(login.opened?, server_now)).then_some(SignInAgain::Old)
}
