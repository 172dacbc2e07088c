//! The nouns of the field and their typed ids. Pure: no I/O, no clock, no randomness.

mod casework;
pub mod catalogue;
mod code;
mod entity;
mod finding;
mod hash;
mod id;
mod inspection;
mod office;
mod parsed;
mod place;
mod source;
mod task;
mod time;
mod version;

pub use casework::{DayKind, Deduction, Notice, TimeLimit, Vote, YearCalendar};
pub use code::Code;
pub use entity::{Entity, FileOf, PENDING, Rival, Stamp, Stamps};
pub use finding::{BlobRef, Evidence, Finding, FindingDraft, Photo, Place, Preview, Severity};
pub use hash::{Hash, NotAHash};
pub use id::{DeviceId, EntityId, LedgerId, LineId, OpId};
pub use inspection::{Answer, Inspection, Is};
pub use office::calendar_seeds;
pub use place::KnownPlace;
pub use source::Source;
pub use task::{Day, Recurs, Schedule, Task};
pub use time::{NotATime, Time};
pub use version::{Cursor, Version};

pub(crate) use parsed::parsed;
