//! Time, medians, and what the kernel says of a process.

use std::fs;
use std::time::{Duration, Instant};

/// A watch that was started.
pub(crate) struct Watch(Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "the one place here that reads a clock: it measures")]
    pub(crate) fn start() -> Watch {
        Watch(Instant::now())
    }

    /// Milliseconds since then.
    pub(crate) fn millis(&self) -> f64 {
        millis(self.0.elapsed())
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Milliseconds that `work` takes.
pub(crate) fn timed(work: impl FnOnce()) -> f64 {
    let watch = Watch::start();
    work();
    watch.millis()
}

/// The middle one; of an even number the upper of the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The value below which 99 of 100 lie.
pub(crate) fn p99(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() * 99).div_ceil(100) - 1]
}

/// Milliseconds of processor that the calling thread has had.
pub(crate) fn thread_cpu_millis() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos: u64 = text.split_whitespace().next().unwrap().parse().unwrap();
    millis(Duration::from_nanos(nanos))
}

/// Most memory that the process `pid` has had in use, in bytes.
pub(crate) fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kibibytes: u64 = line.trim_end_matches("kB").trim().parse().unwrap();
    kibibytes * 1024
}

/// How busy the machine is beside, in words.
pub(crate) fn busyness() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load average {}", averages.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}

/// Writes back what the system still holds, so that one measurement does not pay for the one before.
pub(crate) fn settle_disk() {
    let ended = std::process::Command::new("sync").status().unwrap();
    assert!(ended.success());
}
