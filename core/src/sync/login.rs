//! Asking under whose login: one notebook, one device, and a token for each of its people.

use std::collections::BTreeMap;
use std::future::Future;

use super::{Errand, ask};
use crate::model::{Code, EntityId};
use crate::protocol::{ServiceError, SyncService, Token};
use crate::store::Login;
use crate::{Error, Result};

impl<S: SyncService> Errand<'_, S> {
    /// Asks under one login after another until the server takes one: that somebody left the city, or
    /// that their token is no longer known, is no reason to keep what the others have said. Whoever is
    /// turned away is remembered. Inside, what the server said in the end.
    pub(super) async fn as_somebody<'l, T, F>(
        &self,
        logins: &'l [Login],
        requests: &mut u64,
        mut request: impl FnMut(&'l Login) -> F,
    ) -> Result<std::result::Result<T, ServiceError>>
    where
        F: Future<Output = std::result::Result<T, ServiceError>>,
    {
        let mut turned_away = Err(Error::NotEnrolled);
        for login in logins {
            let asked = ask(self.door.host(), self.options, self.progress, requests, || request(login)).await;
            let Some(code) = ended(&asked) else { return Ok(asked) };
            self.door.with(|store| store.login_refused(login.user, &code))?;
            turned_away = Ok(asked);
        }
        turned_away
    }
}

/// Why the login under which this was asked is over, if it is.
fn ended<T>(asked: &std::result::Result<T, ServiceError>) -> Option<Code> {
    match asked {
        Err(ServiceError::Problem(problem)) => {
            Some(problem.code.clone()).filter(|code| matches!(code, Code::BadToken | Code::UserRetired))
        }
        _ => None,
    }
}

/// The tokens of everybody but `login`.
pub(super) fn beside(logins: &[Login], login: &Login) -> BTreeMap<EntityId, Token> {
    let others = logins.iter().filter(|other| other.user != login.user);
    others.map(|other| (other.user, other.token.clone())).collect()
}
