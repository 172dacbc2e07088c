//! The roles that a new ledger begins with; an administrator may amend them.

/// One role as a new ledger has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleSeed {
    /// Name, the same in SQL, JSON and on the command line.
    pub name: &'static str,
    /// What it shows: `area`, `unit` or `nothing`.
    pub sees: &'static str,
    /// Rights that it grants.
    pub may: &'static [&'static str],
}

const INSPECT: &[&str] = &["finding.record", "finding.amend", "finding.void", "inspection.record"];
const REVIEW: &[&str] = &[
    "finding.record",
    "finding.amend",
    "finding.void",
    "finding.void_any",
    "finding.resolve",
    "inspection.record",
    "task.manage",
];
const ADMINISTER: &[&str] = &[
    "user.manage",
    "unit.manage",
    "area.manage",
    "role.manage",
    "device.manage",
    "ledger.manage",
    "catalogue.manage",
    "place.manage",
];

/// The roles that a new ledger begins with. Administrators make no business decisions, and who
/// scores, who issues notices and who closes the month are three different roles.
pub fn role_seeds() -> &'static [RoleSeed] {
    const fn role(name: &'static str, sees: &'static str, may: &'static [&'static str]) -> RoleSeed {
        RoleSeed { name, sees, may }
    }
    const SEEDS: &[RoleSeed] = &[
        role("inspector", "area", INSPECT),
        role("acceptor", "area", REVIEW),
        role("dispatcher", "area", &["finding.amend", "task.manage"]),
        role("organiser", "area", &["task.manage"]),
        role("supervision", "area", REVIEW),
        role("creation_office", "area", &[]),
        role("coordinator", "unit", &[]),
        role("handler", "unit", &[]),
        role("leader", "area", &[]),
        role("admin", "nothing", ADMINISTER),
    ];
    SEEDS
}
