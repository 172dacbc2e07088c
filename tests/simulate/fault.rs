//! Everything that can go wrong, by name, so that each can be switched off and is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Something that goes wrong. The names are those of the table that is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A request does not reach the server.
    Drop,
    /// A request reaches the server twice.
    Duplicate,
    /// A request reaches the server after one that was sent later.
    Reorder,
    /// A request reaches the server when the phone has given up waiting.
    Delay,
    /// The connection stands, and nothing comes.
    HalfOpen,
    /// A request ends in its middle.
    CutRequest,
    /// A reply ends in its middle.
    CutReply,
    /// The server did what was asked, and its reply is lost.
    ReplyLost,
    /// A proxy answers with 5xx.
    ServerError,
    /// Somebody answers 429 with `Retry-After`.
    TooMany,
    /// A login page of the network, with 200.
    CaptivePortal,
    /// A phone's clock is set wrong by up to ten years.
    ClockJump,
    /// A phone's clock stands still.
    ClockStopped,
    /// A phone comes into another time zone.
    ZoneChange,
    /// The server's clock is set wrong.
    CityClockJump,
    /// The app is killed at some change of its disk.
    KillPhone,
    /// The server is killed at some change of its disk.
    KillCity,
    /// A phone's battery is pulled: what was not synced may be gone.
    PowerPhone,
    /// The server's machine loses its power.
    PowerCity,
    /// A phone's disk is full.
    FullPhone,
    /// The server's disk is full.
    FullCity,
    /// A phone's disk cannot be read for a moment.
    BadPhone,
    /// The server's disk cannot be read for a moment.
    BadCity,
    /// The server's disk is so slow that the phone gives up waiting.
    SlowDisk,
    /// A phone is copied with its key, and both go on.
    Clone,
    /// A phone loses its key and becomes a new device.
    KeyLost,
    /// A phone is put back to an older copy of itself: it uses numbers again.
    SequenceReused,
    /// The server is restored from an old backup.
    OldBackup,
    /// Another process takes the server's place.
    Moved,
    /// Two servers work on one store.
    TwoServers,
    /// The server is newer than the app: replies hold members that it has never heard of.
    OldApp,
    /// A bit of a kept photo flips.
    BitFlip,
}

/// All of them, in the order of the table.
pub(crate) const ALL: [Fault; 32] = [
    Fault::Drop,
    Fault::Duplicate,
    Fault::Reorder,
    Fault::Delay,
    Fault::HalfOpen,
    Fault::CutRequest,
    Fault::CutReply,
    Fault::ReplyLost,
    Fault::ServerError,
    Fault::TooMany,
    Fault::CaptivePortal,
    Fault::ClockJump,
    Fault::ClockStopped,
    Fault::ZoneChange,
    Fault::CityClockJump,
    Fault::KillPhone,
    Fault::KillCity,
    Fault::PowerPhone,
    Fault::PowerCity,
    Fault::FullPhone,
    Fault::FullCity,
    Fault::BadPhone,
    Fault::BadCity,
    Fault::SlowDisk,
    Fault::Clone,
    Fault::KeyLost,
    Fault::SequenceReused,
    Fault::OldBackup,
    Fault::Moved,
    Fault::TwoServers,
    Fault::OldApp,
    Fault::BitFlip,
];

/// Those of the network.
pub(crate) const OF_NETWORK: [Fault; 12] = [
    Fault::Drop,
    Fault::Duplicate,
    Fault::Reorder,
    Fault::Delay,
    Fault::HalfOpen,
    Fault::CutRequest,
    Fault::CutReply,
    Fault::ReplyLost,
    Fault::ServerError,
    Fault::TooMany,
    Fault::CaptivePortal,
    Fault::SlowDisk,
];

impl Fault {
    /// Its name in snake case.
    pub(crate) fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Fault> {
        ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// Which faults there are, and how often each was met.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    off: BTreeSet<Fault>,
    met: Mutex<BTreeMap<String, u64>>,
}

impl Faults {
    /// All but these.
    pub(crate) fn without(off: &[Fault]) -> Faults {
        Faults { off: off.iter().copied().collect(), met: Mutex::default() }
    }

    /// True when it may happen.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        !self.off.contains(&fault)
    }

    /// It happened.
    pub(crate) fn met(&self, fault: Fault) {
        *self.met.lock().unwrap().entry(fault.name()).or_default() += 1;
    }

    /// How often each was met.
    pub(crate) fn table(&self) -> BTreeMap<String, u64> {
        self.met.lock().unwrap().clone()
    }
}
