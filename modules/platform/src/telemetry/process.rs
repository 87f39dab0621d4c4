//! The process itself, by the names that Prometheus' own libraries use. Read from `/proc`; absent where there is none.

use std::fmt::Write;
use std::fs;

/// `USER_HZ`, which Linux fixes at 100 for everything it shows.
const TICKS_PER_SECOND: f64 = 100.0;
const KIB: u64 = 1024;

pub(super) fn render() -> String {
    let mut text = String::new();
    let mut line = |name: &str, kind: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
        }
    };
    line("process_cpu_seconds_total", "counter", cpu_seconds());
    line("process_resident_memory_bytes", "gauge", resident_bytes());
    line("process_open_fds", "gauge", open_files());
    text
}

fn cpu_seconds() -> Option<String> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold spaces: fields count from behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(format!("{:.2}", (f64::from(user) + f64::from(system)) / TICKS_PER_SECOND))
}

fn resident_bytes() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some((kib * KIB).to_string())
}

fn open_files() -> Option<String> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count().to_string())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_process_tells_its_memory_time_and_files() {
        let text = super::render();
        let value = |name: &str| -> f64 {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
            line.split(' ').nth(1).unwrap().parse().unwrap()
        };
        assert!(value("process_resident_memory_bytes") > 100_000.0);
        assert!(value("process_open_fds") >= 3.0);
        assert!(value("process_cpu_seconds_total") >= 0.0);
    }
}
