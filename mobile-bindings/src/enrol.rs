//! Making the phone known, and signing people in.

use xuncha_core::model::{DeviceId, EntityId, LedgerId};
use xuncha_core::notebook::{Enrolled, Invitation};

use crate::{FieldError, Notebook};

/// What enrolment, or signing in, gave.
#[uniffi::remote(Record)]
pub struct Enrolled {
    /// The ledger.
    pub ledger: LedgerId,
    /// Name of the city.
    pub city: String,
    /// The device's id in it.
    pub device: DeviceId,
    /// Who is signed in, and records from now on.
    pub user: EntityId,
    /// That user's name.
    pub name: String,
    /// The login.
    pub session: EntityId,
    /// True when the device took a new key, and said everything pending again.
    pub new_key: bool,
}

#[uniffi::export]
impl Notebook {
    /// Makes this phone known with an invitation, `https://…/enrol#…` as the QR code has it, or known again. A lost
    /// reply costs nothing: call again with the same one.
    ///
    /// Throws `Refused` with `bad_code`, or `wrong_ledger` for another city's server. What was recorded is kept.
    pub async fn enrol(&self, invitation: String) -> Result<Enrolled, FieldError> {
        let (core, invitation) = (self.core()?, invitation.parse::<Invitation>()?);
        let service = self.way_to(&invitation.server)?;
        let enrolling = async move {
            let enrolled = core.enrol(&service, &invitation.code).await?;
            core.set_server(&invitation.server)?;
            Ok(enrolled)
        };
        self.errands.run(enrolling).await
    }

    /// Signs somebody in beside those who are signed in already, or again, with an invitation. They record from
    /// now on.
    ///
    /// Throws `SignIn` before the first enrolment, otherwise as `enrol`.
    pub async fn sign_in(&self, invitation: String) -> Result<Enrolled, FieldError> {
        let (core, invitation) = (self.core()?, invitation.parse::<Invitation>()?);
        let service = self.way_to(&invitation.server)?;
        let signing_in = async move {
            let enrolled = core.sign_in(&service, &invitation.code).await?;
            core.set_server(&invitation.server)?;
            Ok(enrolled)
        };
        self.errands.run(signing_in).await
    }
}
