//! What follows when a finding is not rectified, comes again or comes back.

use serde::{Deserialize, Serialize};

/// What is taken besides what an item costs. Our own figures, after the practice of cities that take one, three and twice as
/// much; to be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeductionRules {
    /// Not rectified in time: so many per cent of what the item costs.
    pub overdue: u32,
    /// Found again at the same place within `repeat_days`: so many per cent.
    pub repeat: u32,
    /// Days within which it counts as found again.
    pub repeat_days: u32,
    /// Came back for rework, each time: hundredths.
    pub rework: u32,
    /// Said to be rectified and was not: hundredths.
    pub falsified: u32,
}

impl Default for DeductionRules {
    fn default() -> DeductionRules {
        DeductionRules { overdue: 300, repeat: 200, repeat_days: 30, rework: 20, falsified: 100 }
    }
}
