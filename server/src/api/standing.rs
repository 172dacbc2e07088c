//! A ledger that is behind what others have seen of it, as phones and operators meet it.

use xuncha_core::model::{Code, DeviceId};
use xuncha_core::op::Seen;
use xuncha_core::protocol::{ServiceError, Token};

use super::{Inner, Service};
use crate::auth::{self, Person};
use crate::ledger::{Item, ahead, remember, rolled_back, rolled_back_detail, unproven};
use crate::problem::{refusal, store_failure};
use crate::store::StoreError;

impl Inner {
    /// Refuses everybody while the guard has seen what this ledger cannot prove.
    pub(super) fn goes_on(&self) -> Result<(), ServiceError> {
        let found = self.store.look(|snapshot| {
            let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
            Ok(rolled_back(snapshot, &head)?.map(|seen| rolled_back_detail(&head, &seen)))
        });
        match found.map_err(|error| store_failure(&error))? {
            Some(detail) => Err(refusal(Code::LedgerRolledBack, detail)),
            None => Ok(()),
        }
    }

    /// Refuses a device that has seen what this ledger cannot prove, by these ops or by what it said
    /// before: an index given to it now might mean something else already.
    pub(super) fn continues_for(&self, device: &DeviceId, items: &[Item]) -> Result<(), ServiceError> {
        let found = self.store.look(|snapshot| unproven(snapshot, device, items));
        match found.map_err(|error| store_failure(&error))? {
            Some(seen) => {
                self.is_ahead(device, &seen)?;
                let detail = format!("checkpoint {}/{} is not in this ledger", seen.epoch, seen.size);
                Err(refusal(Code::LedgerRolledBack, detail))
            }
            None => Ok(()),
        }
    }

    /// Remembers, and tells the operator, that a device has seen what this ledger cannot prove.
    pub(super) fn is_ahead(&self, device: &DeviceId, seen: &Seen) -> Result<(), ServiceError> {
        let news = remember(&*self.store, &self.host, Some(*device), seen).map_err(|error| store_failure(&error))?;
        if let Some(devices) = news {
            let (epoch, size) = (seen.epoch, seen.size);
            tracing::warn!(%device, epoch, size, devices, "a device has seen what this ledger cannot prove: it is refused");
        }
        Ok(())
    }

    /// Who sends a file, when anything may be taken from them.
    fn sender(&self, token: &Token) -> Result<Person, ServiceError> {
        let caller = auth::person(&*self.store, &self.host, token)?;
        if let Some(device) = &caller.device {
            self.continues_for(device, &[])?;
        }
        self.goes_on()?;
        Ok(caller)
    }
}

impl Service {
    /// Who a token belongs to, when files may be taken from them.
    pub(super) async fn sender(&self, token: &Token) -> Result<Person, ServiceError> {
        let token = token.clone();
        self.blocking(move |inner| inner.sender(&token)).await
    }

    /// What an operator should know of the server's health, a line each; nothing is well.
    pub async fn worries(&self) -> Vec<String> {
        let found = self.blocking(|inner| {
            let devices = inner.store.look(|snapshot| {
                let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
                Ok(ahead(snapshot, &head)?.iter().filter(|row| row.device.is_some()).count())
            });
            let devices = devices.map_err(|error| store_failure(&error))?;
            let mut worries = Vec::new();
            if let Err(ServiceError::Problem(problem)) = inner.goes_on() {
                worries.push(format!("read-only: {}", problem.detail.unwrap_or(problem.title)));
            }
            if devices > 0 {
                worries.push(format!("ahead: {devices} devices have seen what this ledger cannot prove"));
            }
            if inner.guard.as_ref().is_some_and(|guard| guard.is_failing()) {
                worries.push("guard: cannot be written".to_owned());
            }
            Ok(worries)
        });
        found.await.unwrap_or_default()
    }
}
