//! What can be known of processes and times.

use super::check::{Found, Need, Probe};
use super::host::{Capability, Host, unreadable};

/// The initial process namespace (`PROC_PID_INIT_INO` of `linux/proc_ns.h`).
const INITIAL_PIDS: &str = "pid:[4026531836]";
/// The initial network namespace, where the kernel gives it a number of its own (6.18);
/// other namespaces have greater ones.
const INITIAL_NETWORK: &str = "net:[4026531833]";
/// 2025-01-01: before this a clock was never set.
const EARLIEST_NS: u64 = 1_735_689_600 * 1_000_000_000;
/// What time services leave while they run.
const TIME_SERVICES: [(&str, &str); 5] = [
    ("/run/systemd/timesync/synchronized", "synchronised by systemd-timesyncd"),
    ("/run/chrony", "chrony runs"),
    ("/run/chronyd.pid", "chrony runs"),
    ("/run/ntpd.pid", "ntpd runs"),
    ("/run/ptp4l", "ptp4l runs"),
];

/// What is looked at of the view.
pub(super) static PROBES: &[Probe] = &[
    Probe {
        name: "control groups",
        need: Need::Wanted,
        costs: "the unit and container of processes that end within milliseconds",
        remedy: "boot with systemd.unified_cgroup_hierarchy=1",
        look: control_groups,
    },
    Probe {
        name: "/proc",
        need: Need::Wanted,
        costs: "the path, unit and container of other users' processes that were not seen to start",
        remedy: "mount /proc with hidepid=0 and without subset=pid, or grant CAP_SYS_PTRACE",
        look: proc_mount,
    },
    Probe {
        name: "process namespace",
        need: Need::Wanted,
        costs: "who talks: only processes of this container are named, and only their old connections known",
        remedy: "run it on the host, or with the host's process namespace (--pid=host)",
        look: process_namespace,
    },
    Probe {
        name: "network namespace",
        need: Need::Wanted,
        costs: "metrics are served inside this network namespace only; traffic is seen in all",
        remedy: "run it on the host, or with the host's network (--network=host)",
        look: network_namespace,
    },
    Probe {
        name: "wall clock",
        need: Need::Wanted,
        costs: "the times of records may be off, and the life of certificates misjudged",
        remedy: "run a time service, as systemd-timesyncd or chrony: `timedatectl` shows how it stands",
        look: wall_clock,
    },
];

fn control_groups(host: &Host) -> Found {
    if host.has("/sys/fs/cgroup/cgroup.controllers") {
        Found::Ok("version 2".to_owned())
    } else if host.has("/sys/fs/cgroup/unified") {
        Found::Degraded("hybrid: units are in version 1".to_owned())
    } else if host.has("/sys/fs/cgroup/systemd") {
        Found::Degraded("version 1".to_owned())
    } else {
        Found::Unknown("/sys/fs/cgroup has no hierarchy that is known".to_owned())
    }
}

fn proc_mount(host: &Host) -> Found {
    const PATH: &str = "/proc/self/mounts";
    let mounts = match host.read(PATH) {
        Ok(mounts) => mounts,
        Err(error) => return unreadable(PATH, &error),
    };
    // What was mounted last is what is seen.
    let options = mounts.lines().rev().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        (fields.next() == Some("/proc")).then(|| fields.nth(1).unwrap_or_default())
    });
    let narrowing = options.unwrap_or_default().split(',').filter(|option| {
        *option == "subset=pid"
            || option.strip_prefix("hidepid=").is_some_and(|it| !matches!(it, "0" | "off"))
    });
    let narrowing: Vec<&str> = narrowing.collect();
    let is_exempt = host.holds(Capability::SysPtrace) == Some(true);
    match narrowing.as_slice() {
        [] => Found::Ok("shows all processes".to_owned()),
        [hiding] if is_exempt && hiding.starts_with("hidepid=") => {
            Found::Ok(format!("{hiding}, from which CAP_SYS_PTRACE exempts this process"))
        }
        narrowing => Found::Degraded(narrowing.join(", ")),
    }
}

fn process_namespace(host: &Host) -> Found {
    const PATH: &str = "/proc/self/ns/pid";
    match host.link(PATH) {
        Ok(link) if link == INITIAL_PIDS => Found::Ok("that of the host".to_owned()),
        Ok(link) => Found::Degraded(format!("one of its own, {link}")),
        Err(error) => unreadable(PATH, &error),
    }
}

/// The first process of the host is in the host's network.
fn network_namespace(host: &Host) -> Found {
    const OWN: &str = "/proc/self/ns/net";
    const FIRST: &str = "/proc/1/ns/net";
    let is_among_others = host.link("/proc/self/ns/pid").is_ok_and(|link| link != INITIAL_PIDS);
    match (host.link(OWN), host.link(FIRST)) {
        (Ok(own), _) if own == INITIAL_NETWORK => Found::Ok("that of the host".to_owned()),
        _ if is_among_others => {
            Found::Unknown("the host's cannot be seen from another process namespace".into())
        }
        (Ok(own), Ok(first)) if own == first => Found::Ok("that of the host".to_owned()),
        (Ok(own), Ok(_)) => Found::Degraded(format!("one of its own, {own}")),
        (Err(error), _) => unreadable(OWN, &error),
        (_, Err(error)) => unreadable(FIRST, &error),
    }
}

fn wall_clock(host: &Host) -> Found {
    if host.now.0 < EARLIEST_NS {
        return Found::Degraded("before 2025: it was never set".to_owned());
    }
    let service = TIME_SERVICES.iter().find(|(path, _)| host.has(path));
    service.map_or_else(
        || Found::Unknown("no sign of a time service".to_owned()),
        |(_, found)| Found::Ok((*found).to_owned()),
    )
}
