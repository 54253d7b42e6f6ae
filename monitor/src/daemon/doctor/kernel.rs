//! What the running kernel is.

use super::check::{Found, Need, Probe};
use super::host::{Host, unreadable};
use crate::capture::btf::{self, Btf};

/// Where the kernel tells its own types.
const TYPES: &str = "/sys/kernel/btf/vmlinux";
/// There where the kernel has the bpf system call.
const UNPRIVILEGED: &str = "/proc/sys/kernel/unprivileged_bpf_disabled";
const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

/// What is looked at of the kernel.
pub(super) static PROBES: &[Probe] = &[
    Probe {
        name: "release",
        need: Need::Wanted,
        costs: "nothing: what loads decides, never a version",
        remedy: "mount /proc with its sys directory",
        look: release,
    },
    Probe {
        name: "type information",
        need: Need::Required,
        costs: "nothing can be watched: apiwatch finds the kernel's structures by it",
        remedy: "boot a kernel that is built with CONFIG_DEBUG_INFO_BTF",
        look: types,
    },
    Probe {
        name: "bpf system call",
        need: Need::Required,
        costs: "nothing can be watched",
        remedy: "boot a kernel that is built with CONFIG_BPF_SYSCALL",
        look: bpf_call,
    },
    Probe {
        name: "unprivileged bpf",
        need: Need::Wanted,
        costs: "nothing: apiwatch loads with privileges",
        remedy: "none is needed",
        look: |host| setting(host, UNPRIVILEGED, |value| Found::Ok(unprivileged(value))),
    },
    Probe {
        name: "lockdown",
        need: Need::Wanted,
        costs: "payload: programs may not read it under lockdown=confidentiality",
        remedy: "boot with lockdown=integrity or without lockdown",
        look: lockdown,
    },
    Probe {
        name: "JIT compiler",
        need: Need::Wanted,
        costs: "processor time: each hook takes several times as long when interpreted",
        remedy: "sysctl -w net.core.bpf_jit_enable=1",
        look: |host| {
            setting(host, "/proc/sys/net/core/bpf_jit_enable", |value| match value {
                "0" => Found::Degraded("off".to_owned()),
                _ => Found::Ok("on".to_owned()),
            })
        },
    },
    Probe {
        name: "JIT hardening",
        need: Need::Wanted,
        costs: "processor time: constants are hidden in the programs of root too",
        remedy: "sysctl -w net.core.bpf_jit_harden=1, which hardens those of other users only",
        look: |host| {
            setting(host, "/proc/sys/net/core/bpf_jit_harden", |value| match value {
                "2" => Found::Degraded("for all users".to_owned()),
                "1" => Found::Ok("for users without privileges".to_owned()),
                _ => Found::Ok("off".to_owned()),
            })
        },
    },
    Probe {
        name: "run time statistics",
        need: Need::Wanted,
        costs: "processor time: the clock is read twice around each run of a program",
        remedy: "sysctl -w kernel.bpf_stats_enabled=0",
        look: |host| {
            setting(host, "/proc/sys/kernel/bpf_stats_enabled", |value| match value {
                "0" => Found::Ok("off".to_owned()),
                _ => Found::Degraded("on".to_owned()),
            })
        },
    },
    Probe {
        name: "perf_event_paranoid",
        need: Need::Wanted,
        costs: "nothing: no hook of apiwatch goes through perf events",
        remedy: "none is needed",
        look: |host| unused(host, "/proc/sys/kernel/perf_event_paranoid"),
    },
    Probe {
        name: "kptr_restrict",
        need: Need::Wanted,
        costs: "nothing: apiwatch reads no kernel addresses",
        remedy: "none is needed",
        look: |host| unused(host, "/proc/sys/kernel/kptr_restrict"),
    },
    Probe {
        name: "clock source",
        need: Need::Wanted,
        costs: "processor time: reading the clock for each record takes a microsecond or more",
        remedy: "boot with clocksource=tsc where the processor's counter is stable",
        look: clock_source,
    },
];

fn release(host: &Host) -> Found {
    const PATH: &str = "/proc/sys/kernel/osrelease";
    setting(host, PATH, |value| Found::Ok(format!("{value} {}", std::env::consts::ARCH)))
}

fn types(host: &Host) -> Found {
    let blob = match std::fs::read(host.path(TYPES)) {
        Ok(blob) => blob,
        Err(error) => return Found::Missing(format!("{TYPES}: {error}")),
    };
    match Btf::parse(&blob).and_then(|types| btf::offsets(&types)) {
        Ok(_) => Found::Ok(format!("{TYPES}, {} bytes, has all that is needed", blob.len())),
        Err(error) => Found::Missing(format!("{TYPES}: {error}")),
    }
}

fn bpf_call(host: &Host) -> Found {
    if host.loaded().is_some() {
        Found::Ok("works".to_owned())
    } else if host.has(UNPRIVILEGED) {
        Found::Ok("is in this kernel".to_owned())
    } else if host.has("/proc/sys/kernel/osrelease") {
        Found::Missing(format!("is not in this kernel: there is no {UNPRIVILEGED}"))
    } else {
        Found::Unknown("/proc/sys is not there to tell".to_owned())
    }
}

fn unprivileged(value: &str) -> String {
    match value {
        "0" => "allowed to every user; apiwatch does not need that".to_owned(),
        value => format!("not allowed ({value}); apiwatch does not need it"),
    }
}

/// The mode in force stands in brackets: `none [integrity] confidentiality`.
fn lockdown(host: &Host) -> Found {
    let text = match host.read(LOCKDOWN) {
        Ok(text) => text,
        // Its file system is mounted, and it has no file there.
        Err(_) if host.has("/sys/kernel/security/lsm") => {
            return Found::Ok("not in this kernel".to_owned());
        }
        Err(_) if host.loaded().is_some() => {
            return Found::Ok("not in force: programs that read payload load".to_owned());
        }
        Err(error) => return unreadable(LOCKDOWN, &error),
    };
    let mode = text.split_whitespace().find_map(|it| it.strip_prefix('[')?.strip_suffix(']'));
    match mode {
        Some("confidentiality") => Found::Missing("confidentiality".to_owned()),
        Some(mode) => Found::Ok(mode.to_owned()),
        None => Found::Unknown(format!("{LOCKDOWN} says {text:?}")),
    }
}

fn clock_source(host: &Host) -> Found {
    const PATH: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    setting(host, PATH, |value| match value {
        "hpet" | "acpi_pm" | "jiffies" | "refined-jiffies" => Found::Degraded(value.to_owned()),
        _ => Found::Ok(value.to_owned()),
    })
}

/// What a setting of the kernel means. It may not exist in this kernel, or outside of the
/// host's own namespaces.
fn setting(host: &Host, path: &str, judge: impl FnOnce(&str) -> Found) -> Found {
    match host.read(path) {
        Ok(value) => judge(&value),
        Err(error) => unreadable(path, &error),
    }
}

fn unused(host: &Host, path: &str) -> Found {
    let value = host.read(path).unwrap_or_else(|error| error.to_string());
    Found::Ok(format!("{value}; not used by apiwatch"))
}
