//! What fits into memory.

use std::path::PathBuf;

use monitor_common::limits::CONTROL_RING_BYTES;

use super::check::{Found, Need, Probe};
use super::host::{Host, unreadable};
use crate::pipeline::text::size;

/// What is looked at of memory.
pub(super) static PROBES: &[Probe] = &[
    Probe {
        name: "memory limit",
        need: Need::Wanted,
        costs: "the watch: the kernel kills the daemon before its own cap makes it give up buffers",
        remedy: "raise MemoryMax= of the unit, or lower limits.memory and capture.ring_bytes",
        look: limit,
    },
    Probe {
        name: "free memory",
        need: Need::Wanted,
        costs: "the host's other programs: a full daemon would push them out of memory",
        remedy: "lower limits.memory and capture.ring_bytes, or free memory",
        look: free,
    },
];

/// What the daemon takes when it is full.
fn demand_bytes(host: &Host) -> u64 {
    let config = host.configured();
    config.memory_bytes + u64::from(config.capture.ring_bytes) + u64::from(CONTROL_RING_BYTES)
}

fn limit(host: &Host) -> Found {
    let demand = demand_bytes(host);
    let needs = format!("the daemon takes up to {}", size(demand));
    match smallest_limit(host) {
        Some((bytes, place)) if bytes < demand => {
            Found::Degraded(format!("{} in {place}; {needs}", size(bytes)))
        }
        Some((bytes, place)) => Found::Ok(format!("{} in {place}; {needs}", size(bytes))),
        None => Found::Ok(format!("none; {needs}")),
    }
}

/// The tightest limit of the control groups that the daemon is in: those of its unit where
/// it runs, else those of this process.
fn smallest_limit(host: &Host) -> Option<(u64, String)> {
    const UNIT: &str = "/system.slice/apiwatch.service";
    let listed = host.read("/proc/self/cgroup").unwrap_or_default();
    let group_of = |controllers: &str| {
        let mut lines = listed.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
        lines.find(|(names, _)| *names == controllers).map(|(_, group)| group.to_owned())
    };
    let trees = [
        ("/sys/fs/cgroup", "memory.max", group_of("")),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", group_of("memory")),
    ];
    let mut smallest: Option<(u64, String)> = None;
    for (tree, file, own) in trees {
        let is_unit = host.has(format!("{tree}{UNIT}/{file}"));
        let group = if is_unit { Some(UNIT.to_owned()) } else { own };
        for directory in PathBuf::from(group.unwrap_or_default()).ancestors() {
            let place = format!("{tree}/{}", directory.display().to_string().trim_matches('/'));
            let place = format!("{}/{file}", place.trim_end_matches('/'));
            let Some(bytes) = host.read(&place).ok().and_then(|text| text.parse().ok()) else {
                continue;
            };
            if smallest.as_ref().is_none_or(|(least, _)| bytes < *least) {
                smallest = Some((bytes, place));
            }
        }
    }
    // The older hierarchy says "no limit" with a number near the largest.
    smallest.filter(|(bytes, _)| *bytes < u64::MAX / 4)
}

fn free(host: &Host) -> Found {
    const PATH: &str = "/proc/meminfo";
    let text = match host.read(PATH) {
        Ok(text) => text,
        Err(error) => return unreadable(PATH, &error),
    };
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = line.and_then(|it| it.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let Some(kibibytes) = kibibytes else {
        return Found::Unknown(format!("{PATH} does not say"));
    };
    let (available, demand) = (kibibytes.saturating_mul(1024), demand_bytes(host));
    let detail = format!("{}; the daemon takes up to {}", size(available), size(demand));
    if available < demand { Found::Degraded(detail) } else { Found::Ok(detail) }
}
