//! Fields that two people wrote: what was said, and choosing.

use xuncha_core::model::{EntityId, OpId};
use xuncha_core::notebook;

use crate::{FieldError, Notebook, Value};

type Result<T> = std::result::Result<T, FieldError>;

/// What somebody said a field is.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Claim {
    /// The value; none when they said that there is none.
    pub value: Option<Value>,
    /// Who said it, unless hidden.
    pub by: Option<EntityId>,
    /// The op that said it; choose by this.
    pub op: OpId,
    /// Its ledger index; none while it is not judged.
    pub index: Option<u64>,
}

impl From<notebook::Claim> for Claim {
    fn from(claim: notebook::Claim) -> Claim {
        let value = Some(&claim.value).filter(|value| !value.is_null()).map(Value::of);
        Claim { value, by: claim.by, op: claim.op, index: claim.index }
    }
}

/// A field in conflict.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Conflict {
    /// What it is about.
    pub entity: EntityId,
    /// What that is: `finding` or `inspection`.
    pub kind: String,
    /// The field, such as `note`, `photos/<id>` or `answers/<item>`.
    pub field: String,
    /// What stands now.
    pub current: Claim,
    /// What else was said, in the order it arrived.
    pub rivals: Vec<Claim>,
}

#[uniffi::export]
impl Notebook {
    /// Every field in conflict, by finding or inspection.
    pub fn conflicts(&self) -> Result<Vec<Conflict>> {
        let crossed = |conflict: notebook::Conflict| Conflict {
            entity: conflict.entity,
            kind: conflict.kind,
            field: conflict.field,
            current: conflict.current.into(),
            rivals: conflict.rivals.into_iter().map(Claim::from).collect(),
        };
        Ok(self.core()?.conflicts()?.into_iter().map(crossed).collect())
    }

    /// Decides a conflict: the value that the op `choice` said stands from now on. The server judges whether whoever
    /// decides may. `shown`: the ops whose claims they saw; what another claims stays in dispute. Null: all that are here now.
    #[uniffi::method(default(shown = None))]
    pub fn resolve(&self, entity: EntityId, field: String, choice: OpId, shown: Option<Vec<OpId>>) -> Result<OpId> {
        Ok(self.core()?.resolve_seen(entity, &field, choice, shown.as_deref())?)
    }
}
