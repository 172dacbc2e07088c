//! How people sign in at a desk: passwords, links to choose one, and who is signed in. Only hashes are kept.

use xuncha_core::model::{EntityId, Hash, Time};

use super::{EntityRow, Result};

/// A password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRow {
    /// Whose.
    pub user: EntityId,
    /// As it is kept: argon2id in PHC form.
    pub hash: String,
    /// Since when.
    pub since: Time,
}

/// A link with which somebody chooses a password, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkRow {
    /// Who.
    pub user: EntityId,
    /// Until when.
    pub expires: Time,
}

/// Somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRow {
    /// Who.
    pub user: EntityId,
    /// Since when.
    pub begun: Time,
    /// When they were heard of last; written now and then only.
    pub seen: Time,
}

/// What can be read of it.
pub trait SignIns {
    /// Users of exactly this name, retired ones too, in order of their ids.
    fn users_called(&self, name: &str) -> Result<Vec<EntityRow>>;
    /// The password of a user, if there is one.
    fn password(&self, user: EntityId) -> Result<Option<PasswordRow>>;
    /// Whose link a code is.
    fn link(&self, code: &Hash) -> Result<Option<LinkRow>>;
    /// Whose session a secret is.
    fn session(&self, secret: &Hash) -> Result<Option<SessionRow>>;
}

/// Keeping it.
pub trait KeepSignIns {
    /// Keeps a password, in place of the one before.
    fn put_password(&mut self, row: &PasswordRow) -> Result<()>;
    /// Keeps a link; those that the user had before are forgotten.
    fn put_link(&mut self, code: &Hash, row: &LinkRow) -> Result<()>;
    /// Forgets the links of a user.
    fn drop_links(&mut self, user: EntityId) -> Result<()>;
    /// Forgets those links of a user that expire before `expires`.
    fn drop_links_before(&mut self, user: EntityId, expires: Time) -> Result<()>;
    /// Keeps a session, or that it was heard of.
    fn put_session(&mut self, secret: &Hash, row: &SessionRow) -> Result<()>;
    /// Ends a session.
    fn drop_session(&mut self, secret: &Hash) -> Result<()>;
    /// Ends every session of a user.
    fn drop_sessions(&mut self, user: EntityId) -> Result<()>;
    /// Ends sessions that were begun before `begun` or heard of last before `seen`.
    fn sweep_sessions(&mut self, begun: Time, seen: Time) -> Result<()>;
}
