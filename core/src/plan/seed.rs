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

const INSPECT: &[&str] =
    &["finding.record", "finding.amend", "finding.void", "inspection.record", "finding.check", "finding.note"];
const ACCEPT: &[&str] = &[
    "finding.record",
    "finding.amend",
    "finding.void",
    "finding.void_any",
    "finding.resolve",
    "finding.review",
    "finding.note",
    "finding.check",
    "inspection.record",
    "task.manage",
];
const DISPATCH: &[&str] =
    &["finding.amend", "finding.dispatch", "finding.extend", "finding.check", "finding.note", "task.manage"];
const ORGANISE: &[&str] = &["finding.check", "finding.note", "deduction.add", "deduction.return", "task.manage"];
const SUPERVISE: &[&str] = &[
    "finding.record",
    "finding.amend",
    "finding.void",
    "finding.void_any",
    "finding.resolve",
    "finding.review",
    "finding.check",
    "finding.extend",
    "finding.note",
    "notice.draft",
    "notice.issue",
    "deduction.add",
    "deduction.return",
    "inspection.record",
    "task.manage",
];
const COORDINATE: &[&str] = &[
    "finding.assign",
    "finding.reply",
    "finding.give_back",
    "finding.request_extension",
    "notice.sign",
    "notice.appeal",
];
const LEAD: &[&str] = &["finding.note", "notice.hear"];
const ADMINISTER: &[&str] = &[
    "user.manage",
    "unit.manage",
    "area.manage",
    "role.manage",
    "device.manage",
    "ledger.manage",
    "catalogue.manage",
    "place.manage",
    "calendar.manage",
];

/// The roles that a new ledger begins with. Administrators make no business decisions, and who
/// scores, who issues notices and who closes the month are three different roles.
pub fn role_seeds() -> &'static [RoleSeed] {
    const fn role(name: &'static str, sees: &'static str, may: &'static [&'static str]) -> RoleSeed {
        RoleSeed { name, sees, may }
    }
    const SEEDS: &[RoleSeed] = &[
        role("inspector", "area", INSPECT),
        role("acceptor", "area", ACCEPT),
        role("dispatcher", "area", DISPATCH),
        role("organiser", "area", ORGANISE),
        role("supervision", "area", SUPERVISE),
        role("creation_office", "area", &["notice.hear"]),
        role("coordinator", "unit", COORDINATE),
        role("handler", "unit", &["finding.reply"]),
        role("leader", "area", LEAD),
        role("admin", "nothing", ADMINISTER),
    ];
    SEEDS
}
