//! Making the phone known to a city, for the first time or again.

use std::str::FromStr;

use super::{Notebook, new_secret};
use crate::model::{Code, DeviceId, EntityId, LedgerId, LineId};
use crate::op::enrol_message;
use crate::plan::MAX_LINES_BEFORE;
use crate::protocol::{EnrolReply, EnrolRequest, LedgerInfo, ServiceError, SyncService};
use crate::store::EnrolAgain;
use crate::sync::{Offset, SyncOptions, ask};
use crate::{Error, Result};
use serde::Serialize;

/// An invitation as the QR code has it: `<server>/enrol#<code>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Root address of the server.
    pub server: String,
    /// The single-use code.
    pub code: String,
}

impl FromStr for Invitation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Invitation> {
        let parts = text.trim().split_once('#');
        let parts = parts.and_then(|(address, code)| Some((address.strip_suffix("/enrol")?, code)));
        let Some((server, code)) = parts.filter(|(server, code)| !server.is_empty() && !code.is_empty()) else {
            return Err(Error::Invalid { field: "url".into(), detail: "wanted SERVER/enrol#CODE".into() });
        };
        Ok(Invitation { server: server.to_owned(), code: code.to_owned() })
    }
}

/// What enrolment gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Enrolled {
    /// The ledger.
    pub ledger: LedgerId,
    /// Name of the city.
    pub city: String,
    /// The device's id in it.
    pub device: DeviceId,
    /// Who is signed in.
    pub user: EntityId,
    /// That user's name.
    pub name: String,
    /// The login.
    pub session: EntityId,
    /// True when the device took a new key, and said everything pending again.
    pub new_key: bool,
}

impl Notebook {
    /// Makes this device known with a single-use `code`, or known again. A device that was revoked
    /// or has forked takes a new key first, and says everything that was not judged again with its
    /// id and counter; one that has forked goes by a new line, because its twin goes by the old one.
    ///
    /// The user whom the code is for records from now on, beside whoever else is signed in.
    ///
    /// A lost reply costs nothing: call again with the same code.
    ///
    /// # Errors
    /// [`Error::Refused`] with `bad_code`, or with `wrong_ledger` when the server keeps another
    /// city's ledger; [`Error::Untrusted`] when it keeps the right one under another key or epoch;
    /// [`Error::Offline`]. What was recorded is kept in every case.
    pub async fn enrol<S: SyncService>(&self, service: &S, code: &str) -> Result<Enrolled> {
        let _alone = self.alone()?;
        self.open_login(service, code).await
    }

    /// What signing in and enrolling have in common; one at a time.
    pub(super) async fn open_login<S: SyncService>(&self, service: &S, code: &str) -> Result<Enrolled> {
        let ledger = retried(self, || service.ledger()).await?;
        self.fits(&ledger)?;
        let again = self.read(|store| Ok(store.account()?.again))?;
        let mut renewed = again.is_some_and(|why| why.takes_new_key());
        if renewed {
            self.take_new_key(again == Some(EnrolAgain::Fork))?;
        }
        let mut outcome = self.ask_to_enrol(service, &ledger, code).await;
        if !renewed && matches!(&outcome, Err(Error::Refused { code: Code::DeviceRevoked, .. })) {
            renewed = true;
            self.take_new_key(false)?;
            outcome = self.ask_to_enrol(service, &ledger, code).await;
        }
        let reply = outcome?;
        Ok(Enrolled {
            ledger: reply.ledger.ledger,
            city: reply.ledger.name,
            device: reply.device,
            user: reply.user,
            name: reply.name,
            session: reply.session,
            new_key: renewed,
        })
    }

    async fn ask_to_enrol<S: SyncService>(&self, service: &S, ledger: &LedgerInfo, code: &str) -> Result<EnrolReply> {
        let request = self.read(|store| {
            let (key, public) = (store.key(), store.key().public());
            let sig = key.sign(&enrol_message(ledger.ledger, code, &public));
            let (line, lines_before) = (store.account()?.line, store.lines_before(MAX_LINES_BEFORE)?);
            Ok(EnrolRequest { code: code.to_owned(), key: public, line, lines_before, sig })
        })?;
        let mut clock = Offset::start(self.host());
        let reply = retried(self, || {
            clock = Offset::start(self.host());
            service.enrol(request.clone())
        })
        .await?;
        if reply.device != request.key.device() || reply.ledger.ledger != ledger.ledger {
            let what = "enrol: the reply is about another device or ledger".into();
            return Err(Error::Offline { what, retry_after: None });
        }
        self.fits(&reply.ledger)?;
        let offset = clock.of(reply.ledger.time);
        self.change(|store| store.set_enrolled(&reply, offset))?;
        Ok(reply)
    }

    /// A notebook belongs to one ledger for life.
    fn fits(&self, ledger: &LedgerInfo) -> Result<()> {
        let Some(known) = self.read(|store| store.account())?.membership else { return Ok(()) };
        if known.ledger != ledger.ledger {
            let detail = format!("this notebook belongs to {}, the server keeps {}", known.ledger, ledger.ledger);
            return Err(Error::Refused { code: Code::WrongLedger, detail });
        }
        // A later epoch is followed by the next sync, which knows what to say again.
        if known.ledger_key != ledger.key || ledger.epoch < known.epoch {
            let detail = "the server has another key or an earlier epoch than at enrolment".into();
            return Err(Error::Untrusted { detail });
        }
        Ok(())
    }

    fn take_new_key(&self, forked: bool) -> Result<()> {
        self.shared.door.with(|store| {
            let secret = new_secret(self.shared.keys.as_ref(), self.host(), store.cipher().cloned())?;
            store.adopt(secret.device_key(), forked.then(|| LineId(self.host().uuid())))
        })
    }
}

async fn retried<T, F>(notebook: &Notebook, request: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = std::result::Result<T, ServiceError>>,
{
    let (options, mut requests) = (SyncOptions::default(), 0);
    Ok(ask(notebook.host(), &options, &(), &mut requests, request).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_a_server_and_a_code() {
        let read: Invitation = " https://xuncha.example.cn/city/enrol#K9-58\n".parse().unwrap();
        assert_eq!((read.server.as_str(), read.code.as_str()), ("https://xuncha.example.cn/city", "K9-58"));
        for text in ["", "https://xuncha.example.cn/enrol", "https://xuncha.example.cn#K9", "/enrol#K9", "x/enrol#"] {
            assert!(
                matches!(text.parse::<Invitation>(), Err(Error::Invalid { field, .. }) if field == "url"),
                "{text}"
            );
        }
    }
}
