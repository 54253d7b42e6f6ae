//! What this process may do.

use super::check::{Found, Need, Probe};
use super::host::{Capability, Host, release_of, unreadable};

/// Since this release the memory of programs and maps is charged to the control group.
const CHARGED_TO_CGROUP: (u32, u32) = (5, 11);

/// What is looked at of this process.
pub(super) static PROBES: &[Probe] = &[
    Probe {
        name: "user namespace",
        need: Need::Required,
        costs: "nothing can be watched: privileges within a user namespace do not load programs",
        remedy: "run it outside of the user namespace: not rootless, not with PrivateUsers=yes",
        look: user_namespace,
    },
    Probe {
        name: "CAP_BPF",
        need: Need::Required,
        costs: "nothing can be watched: programs and maps cannot be made",
        remedy: "run it with sudo, or grant CAP_BPF (AmbientCapabilities= in a unit)",
        look: |host| capability(host, Capability::Bpf),
    },
    Probe {
        name: "CAP_PERFMON",
        need: Need::Required,
        costs: "nothing can be watched: programs may not read the kernel's memory",
        remedy: "run it with sudo, or grant CAP_PERFMON (AmbientCapabilities= in a unit)",
        look: |host| capability(host, Capability::Perfmon),
    },
    Probe {
        name: "CAP_SYS_PTRACE",
        need: Need::Wanted,
        costs: "processes of other users that were not seen to start lack their path",
        remedy: "run it with sudo, or grant CAP_SYS_PTRACE",
        look: ptrace,
    },
    Probe {
        name: "locked memory",
        need: Need::Required,
        costs: "nothing can be watched: the ring does not fit into the limit",
        remedy: "run it with sudo, or set LimitMEMLOCK=infinity in the unit",
        look: locked_memory,
    },
    Probe {
        name: "loading programs",
        need: Need::Required,
        costs: "nothing can be watched",
        remedy: "run it with sudo; in a container, allow bpf in its seccomp profile (or --privileged)",
        look: loading,
    },
];

fn user_namespace(host: &Host) -> Found {
    let uid = host.own_status("Uid").unwrap_or_default();
    let uid = uid.split_whitespace().nth(1).unwrap_or("unknown").to_owned();
    match host.read("/proc/self/uid_map") {
        Ok(map) if map.split_whitespace().eq(["0", "0", "4294967295"]) => {
            Found::Ok(format!("none; user id {uid}"))
        }
        Ok(_) => Found::Missing(format!("inside of one; user id {uid} there")),
        Err(error) => unreadable("/proc/self/uid_map", &error),
    }
}

/// `CAP_SYS_ADMIN` has the newer ones in it.
fn capability(host: &Host, wanted: Capability) -> Found {
    match (host.holds(wanted), host.holds(Capability::SysAdmin)) {
        (Some(true), _) => Found::Ok("held".to_owned()),
        (_, Some(true)) => Found::Ok("held as part of CAP_SYS_ADMIN".to_owned()),
        (Some(false), _) => Found::Missing("not held".to_owned()),
        (None, _) => Found::Unknown("/proc/self/status does not say".to_owned()),
    }
}

/// Paths come from the kernel side where its list of processes loads.
fn ptrace(host: &Host) -> Found {
    let lists = |name: &str| {
        host.loaded().is_some_and(|it| it.programs.iter().any(|(loaded, _)| loaded == name))
    };
    match host.holds(Capability::SysPtrace) {
        Some(true) => Found::Ok("held".to_owned()),
        Some(false) if lists("found_processes") => {
            Found::Ok("not held, and not needed: found_processes tells the paths".to_owned())
        }
        Some(false) => Found::Degraded("not held".to_owned()),
        None => Found::Unknown("/proc/self/status does not say".to_owned()),
    }
}

fn locked_memory(host: &Host) -> Found {
    let release = host.read("/proc/sys/kernel/osrelease").ok().and_then(|it| release_of(&it));
    match release {
        Some(release) if release >= CHARGED_TO_CGROUP => {
            return Found::Ok("not limited: memory is charged to the control group".to_owned());
        }
        Some(_) => {}
        None if host.loaded().is_some() => return Found::Ok("enough".to_owned()),
        None => return Found::Unknown("/proc/sys is not there to tell the release".to_owned()),
    }
    if host.holds(Capability::SysResource) == Some(true) {
        return Found::Ok("not limited: CAP_SYS_RESOURCE is held".to_owned());
    }
    let limits = host.read("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max locked memory"));
    let Some(limit) = line.and_then(|line| line.split_whitespace().next()) else {
        return Found::Unknown("/proc/self/limits does not say".to_owned());
    };
    let needed = u64::from(host.configured().capture.ring_bytes) * 2;
    match limit.parse::<u64>() {
        Ok(bytes) if bytes < needed => Found::Missing(format!("{bytes} of {needed} bytes")),
        _ => Found::Ok(limit.to_owned()),
    }
}

fn loading(host: &Host) -> Found {
    let filter = match host.own_status("Seccomp").as_deref() {
        Some("2") => "; a seccomp filter is in force",
        _ => "",
    };
    match host.refusal() {
        Some(why) => Found::Missing(format!("refused: {why}{filter}")),
        None if host.loaded().is_some() => Found::Ok("allowed".to_owned()),
        None => Found::Unknown("the kernel was not asked: see its lacks".to_owned()),
    }
}
