//! What another register says about a case that was taken over from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::read;
use super::{Entity, Time};

/// Where a finding was taken over from, and what is claimed about it there. None of these times is this
/// ledger's own: nobody here saw them pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The register, such as `boston-311`; 1 to 64 characters on one line.
    pub system: String,
    /// The number of the case there; 1 to 100 characters on one line.
    pub case: String,
    /// When it was opened.
    pub opened: Time,
    /// Until when it was to be rectified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Time>,
    /// When it was closed; it may lie before `opened`, as it does in real registers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Time>,
    /// IANA name of the zone in which the register tells its times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Who had to rectify it, as the register calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The register's own word for its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What came of it, in the register's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What else stands there, as it stands there, by short names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub says: BTreeMap<String, String>,
}

impl Source {
    /// Where `finding` was taken over from; none when it was recorded here.
    pub fn of(finding: &Entity) -> Option<Source> {
        read(finding.field("source"))
    }
}
