//! What the kernel says a process has used.

use std::collections::BTreeMap;
use std::time::Duration;

/// CPU time, user and system, of a process since it began. Resolution: one clock tick, 10 ms.
pub(super) fn cpu_of(pid: u32) -> Option<Duration> {
    ticks(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The same for each kind of thread, by its name without the number at its end.
pub(super) fn cpu_by_thread(pid: u32) -> BTreeMap<String, Duration> {
    let mut threads: BTreeMap<String, Duration> = BTreeMap::new();
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        // A thread that ends meanwhile has no file any more.
        let Ok(stat) = std::fs::read_to_string(thread.path().join("stat")) else { continue };
        let name = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map(|(name, _)| name);
        let name = name.unwrap_or_default().trim_end_matches(|end: char| end.is_ascii_digit() || end == '-');
        *threads.entry(name.to_owned()).or_default() += ticks(&stat).unwrap_or_default();
    }
    threads
}

/// User and system time in the text of a `stat` file.
fn ticks(stat: &str) -> Option<Duration> {
    // The second field is the name in parentheses and may hold spaces; the fields count on after it.
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    // USER_HZ is 100 on every Linux that Rust runs on.
    Some(Duration::from_millis(ticks * 10))
}

/// CPU time of the calling thread since it began; zero where the kernel does not say. The kernel counts it up at its
/// own ticks, some milliseconds apart: sums over many spans are exact, single spans are rounded to a tick.
pub(super) fn cpu_of_this_thread() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

/// Resident anonymous memory of a process, in bytes.
pub(super) fn anonymous_memory_of(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
