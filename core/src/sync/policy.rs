//! Which files may be sent now: originals are large, and a phone's data costs its owner.

/// How the phone is connected, as the app knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// The connection is paid for by what is sent; also a Wi-Fi that is another phone's.
    pub metered: bool,
    /// It is Wi-Fi.
    pub wifi: bool,
    /// The phone is charging.
    pub charging: bool,
}

impl Default for Conditions {
    /// A laptop's: Wi-Fi, not metered, charging.
    fn default() -> Conditions {
        Conditions { metered: false, wifi: true, charging: true }
    }
}

/// Under which conditions files of one role are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Not at all.
    Never,
    /// Over any network.
    Always,
    /// Over a network that is not metered.
    Unmetered,
    /// Over a Wi-Fi that is not metered.
    Wifi,
    /// Over a Wi-Fi that is not metered, while the phone is charging.
    WifiAndCharging,
}

impl When {
    /// True when files may be sent under these conditions.
    pub fn allows(self, now: Conditions) -> bool {
        match self {
            When::Never => false,
            When::Always => true,
            When::Unmetered => !now.metered,
            When::Wifi => now.wifi && !now.metered,
            When::WifiAndCharging => now.wifi && !now.metered && now.charging,
        }
    }
}

/// Which files are sent when. Thumbnails always are: they are as small as a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilePolicy {
    /// Display copies, a few hundred kilobytes each; a finding can be reviewed once they are there.
    pub displays: When,
    /// Originals, some megabytes each.
    pub originals: When,
}

impl Default for FilePolicy {
    /// Display copies always, originals over Wi-Fi.
    fn default() -> FilePolicy {
        FilePolicy { displays: When::Always, originals: When::Wifi }
    }
}

impl FilePolicy {
    pub(super) fn allows(self, role: &str, now: Conditions) -> bool {
        match role {
            "thumbnail" => true,
            "display" => self.displays.allows(now),
            _ => self.originals.allows(now),
        }
    }
}
