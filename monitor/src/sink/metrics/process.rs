//! Metrics of this process, under the names that every Prometheus client uses.

use std::fs;

use super::exposition::Exposition;

/// Clock ticks in a second of /proc, `USER_HZ`: 100 on x86-64 and arm64.
const TICKS: f64 = 100.0;

/// Adds what can be read; without /proc nothing is added.
pub(super) fn expose(boot_time: Option<u64>, to: &mut Exposition) {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    if let Some(bytes) = resident_bytes(&read("/proc/self/status")) {
        let help = "Resident memory size in bytes.";
        to.gauge("process_resident_memory_bytes", help, bytes as f64);
    }
    if let Some(times) = times(&read("/proc/self/stat")) {
        let help = "Total user and system CPU time spent in seconds.";
        let seconds = times.cpu_ticks as f64 / TICKS;
        to.fractional_counters("process_cpu_seconds_total", help, [(Vec::new(), seconds)]);
        if let Some(boot) = boot_time {
            let help = "Start time of the process since unix epoch in seconds.";
            let started = boot as f64 + times.start_ticks as f64 / TICKS;
            to.gauge("process_start_time_seconds", help, started);
        }
    }
    if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
        // Reading the directory holds one itself.
        let open = descriptors.count().saturating_sub(1);
        to.gauge("process_open_fds", "Number of open file descriptors.", open as f64);
    }
}

/// When the host started, in seconds since the epoch.
pub(super) fn boot_time() -> Option<u64> {
    boot_seconds(&fs::read_to_string("/proc/stat").ok()?)
}

fn boot_seconds(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// `VmRSS` of `proc_pid_status(5)`, which is in units of 1024 bytes.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[derive(Debug, PartialEq, Eq)]
struct Times {
    cpu_ticks: u64,
    start_ticks: u64,
}

/// Fields 14, 15 and 22 of `proc_pid_stat(5)`. Field 2, the name, may hold anything,
/// so fields are counted after its last parenthesis.
fn times(stat: &str) -> Option<Times> {
    let (_, fields) = stat.rsplit_once(')')?;
    let field = |number: usize| -> Option<u64> {
        fields.split_ascii_whitespace().nth(number - 3)?.parse().ok()
    };
    Some(Times { cpu_ticks: field(14)?.checked_add(field(15)?)?, start_ticks: field(22)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "7 (a) R (b) S 1 7 7 0 -1 4194560 1 0 0 0 250 75 0 0 20 0 3 0 98765 9 1";

    #[test]
    fn fields_are_found_behind_a_hostile_name() {
        assert_eq!(times(STAT), Some(Times { cpu_ticks: 325, start_ticks: 98_765 }));
    }

    #[test]
    fn what_is_not_as_documented_is_left_out() {
        for stat in ["", ")", "7 (x) S 1", "7 (x) S 1 7 7 0 -1 0 0 0 0 0 x 75 0 0 20 0 3 0 5"] {
            assert_eq!(times(stat), None);
        }
        assert_eq!(resident_bytes("VmRSS:\t   many kB\n"), None);
        assert_eq!(boot_seconds("cpu 1 2 3\n"), None);
    }

    #[test]
    fn memory_and_boot_time_are_found() {
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t    2048 kB\n"), Some(2_097_152));
        assert_eq!(boot_seconds("cpu 1\nbtime 1700000000\nprocesses 5\n"), Some(1_700_000_000));
    }
}
