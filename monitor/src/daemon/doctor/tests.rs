use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::check::Found;
use super::host::{Tried, release_of};
use super::*;
use crate::capture::CaptureError;
use crate::capture::status::{CaptureStatus, Tier};
use crate::config::{Listen, TierChoice};
use crate::pipeline::time::WallTime;

/// All capabilities of a kernel of today.
const ALL: &str = "CapEff:\t000001ffffffffff\nUid:\t0\t0\t0\t0\nSeccomp:\t0\n";
const NONE: &str = "CapEff:\t0000000000000000\nUid:\t1000\t1000\t1000\t1000\nSeccomp:\t2\n";
/// `CAP_BPF` and `CAP_PERFMON`.
const LEAST: &str = "CapEff:\t000000c000000000\nUid:\t999\t999\t999\t999\n";

/// A host below a directory of its own, where all is in order but for what needs a kernel.
struct FakeHost {
    directory: tempfile::TempDir,
    host: Host,
}

impl FakeHost {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.metrics.listen = Listen::Tcp((Ipv4Addr::LOCALHOST, 0).into());
        let host = Host {
            root: directory.path().to_owned(),
            config: Ok((config, "the defaults".to_owned())),
            tiers: vec![(Tier::A, loaded(Tier::A)), (Tier::B, loaded(Tier::B))],
            now: WallTime(1_800_000_000 * 1_000_000_000),
        };
        let fake = Self { directory, host };
        for (path, text) in GOOD_FILES {
            fake.write(path, text);
        }
        fake.link("/proc/self/ns/pid", "pid:[4026531836]");
        fake.link("/proc/self/ns/net", "net:[4026531992]");
        fake.link("/proc/1/ns/net", "net:[4026531992]");
        fs::create_dir_all(fake.host.path("/run/systemd/system")).unwrap();
        fs::create_dir_all(fake.host.path("/var/lib")).unwrap();
        fake
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.host.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        let (config, _) = self.host.config.as_mut().unwrap();
        change(config);
    }

    fn remove(&self, path: &str) {
        let path = self.host.path(path);
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    }

    fn link(&self, path: &str, to: &str) {
        self.remove(path);
        let path = self.host.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
    }

    /// State and detail of a check.
    fn check(&self, name: &str) -> (State, String) {
        let checks = look(&self.host);
        let found = checks.into_iter().find(|check| check.name == name);
        found.map_or_else(|| panic!("no check {name}"), |it| (it.state, it.detail))
    }
}

const GOOD_FILES: &[(&str, &str)] = &[
    ("/proc/sys/kernel/osrelease", "6.12.1-test\n"),
    ("/proc/sys/kernel/unprivileged_bpf_disabled", "2\n"),
    ("/proc/sys/kernel/bpf_stats_enabled", "0\n"),
    ("/proc/sys/kernel/perf_event_paranoid", "3\n"),
    ("/proc/sys/kernel/kptr_restrict", "0\n"),
    ("/proc/sys/net/core/bpf_jit_enable", "1\n"),
    ("/proc/sys/net/core/bpf_jit_harden", "0\n"),
    ("/proc/self/status", ALL),
    ("/proc/self/uid_map", "         0          0 4294967295\n"),
    ("/proc/self/cgroup", "0::/user.slice\n"),
    ("/proc/self/mounts", "proc /proc proc rw,nosuid,relatime 0 0\n"),
    ("/proc/meminfo", "MemTotal: 9 kB\nMemAvailable:   8000000 kB\n"),
    ("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n"),
    ("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
    ("/sys/fs/cgroup/cgroup.controllers", "memory\n"),
    ("/sys/fs/cgroup/user.slice/memory.max", "max\n"),
    ("/run/systemd/timesync/synchronized", ""),
    ("/usr/lib/systemd/system/apiwatch.service", ""),
];

fn loaded(tier: Tier) -> Tried {
    Ok(CaptureStatus {
        tier: Some(tier),
        programs: vec![("found_processes".into(), 10), ("inet_sock_set_state".into(), 20)],
        ..CaptureStatus::default()
    })
}

fn refused() -> Tried {
    Err(CaptureError::Privilege("found_sockets: Operation not permitted".into()))
}

fn unfit() -> Tried {
    Err(CaptureError::Kernel("it has no such hook".into()))
}

#[test]
fn a_host_in_order_lacks_only_the_types_that_a_test_cannot_make() {
    let fake = FakeHost::new();
    for check in look(&fake.host) {
        let expected = if check.name == "type information" { State::Missing } else { State::Ok };
        assert_eq!(check.state, expected, "{check:?}");
        assert_eq!(check.costs.is_none(), check.state == State::Ok, "{check:?}");
    }
}

#[test]
fn each_lack_is_found_by_its_file() {
    for (check, path, text, state, detail) in [
        ("lockdown", "/sys/kernel/security/lockdown", "none [integrity] x", State::Ok, "integrity"),
        (
            "lockdown",
            "/sys/kernel/security/lockdown",
            "none integrity [confidentiality]",
            State::Missing,
            "confidentiality",
        ),
        ("lockdown", "/sys/kernel/security/lockdown", "\u{1b}[2J", State::Unknown, "says"),
        ("type information", "/sys/kernel/btf/vmlinux", "junk", State::Missing, "damaged"),
        ("JIT compiler", "/proc/sys/net/core/bpf_jit_enable", "0", State::Degraded, "off"),
        ("JIT hardening", "/proc/sys/net/core/bpf_jit_harden", "2", State::Degraded, "all users"),
        ("JIT hardening", "/proc/sys/net/core/bpf_jit_harden", "1", State::Ok, "without"),
        ("run time statistics", "/proc/sys/kernel/bpf_stats_enabled", "1", State::Degraded, "on"),
        (
            "unprivileged bpf",
            "/proc/sys/kernel/unprivileged_bpf_disabled",
            "0",
            State::Ok,
            "every user",
        ),
        (
            "clock source",
            "/sys/devices/system/clocksource/clocksource0/current_clocksource",
            "acpi_pm",
            State::Degraded,
            "acpi_pm",
        ),
        ("CAP_BPF", "/proc/self/status", LEAST, State::Ok, "held"),
        ("CAP_BPF", "/proc/self/status", NONE, State::Missing, "not held"),
        ("CAP_BPF", "/proc/self/status", "CapEff:\tx", State::Unknown, "does not say"),
        (
            "CAP_PERFMON",
            "/proc/self/status",
            "CapEff: 0000000000200000",
            State::Ok,
            "part of CAP_SYS_ADMIN",
        ),
        ("CAP_SYS_PTRACE", "/proc/self/status", LEAST, State::Ok, "not needed"),
        ("user namespace", "/proc/self/uid_map", "0 1000 1", State::Missing, "inside of one"),
        ("/proc", "/proc/self/mounts", "p /proc proc rw,hidepid=2 0 0", State::Ok, "exempts"),
        (
            "/proc",
            "/proc/self/mounts",
            "p /proc proc rw,hidepid=invisible,subset=pid 0 0",
            State::Degraded,
            "hidepid=invisible, subset=pid",
        ),
        (
            "/proc",
            "/proc/self/mounts",
            "p /proc proc rw,subset=pid 0 0\np /proc proc rw,hidepid=off 0 0",
            State::Ok,
            "all",
        ),
        ("free memory", "/proc/meminfo", "MemAvailable: 100 kB", State::Degraded, "100.0 KiB"),
        ("free memory", "/proc/meminfo", "junk", State::Unknown, "does not say"),
        (
            "memory limit",
            "/sys/fs/cgroup/memory.max",
            "1048576",
            State::Degraded,
            "1.0 MiB in /sys/fs/cgroup/memory.max",
        ),
        (
            "memory limit",
            "/sys/fs/cgroup/system.slice/apiwatch.service/memory.max",
            "536870912",
            State::Ok,
            "512.0 MiB in /sys/fs/cgroup/system.slice",
        ),
        ("state directory", "/var/lib/apiwatch", "", State::Missing, "no directory"),
    ] {
        let fake = FakeHost::new();
        fake.write(path, text);
        let found = fake.check(check);
        assert_eq!(found.0, state, "{check} with {text:?}: {found:?}");
        assert!(found.1.contains(detail), "{check} with {text:?}: {found:?}");
        assert!(!found.1.contains('\u{1b}'), "{found:?}");
    }
}

#[test]
fn what_is_not_there_is_said_and_never_fatal() {
    for (check, path, state) in [
        ("release", "/proc", State::Unknown),
        ("JIT compiler", "/proc/sys/net", State::Unknown),
        ("lockdown", "/sys/kernel/security", State::Ok),
        ("CAP_BPF", "/proc/self/status", State::Unknown),
        ("user namespace", "/proc/self", State::Unknown),
        ("memory limit", "/proc/self/cgroup", State::Ok),
        ("free memory", "/proc/meminfo", State::Unknown),
        ("control groups", "/sys/fs/cgroup", State::Unknown),
        ("/proc", "/proc/self/mounts", State::Unknown),
        ("process namespace", "/proc/self/ns", State::Unknown),
        ("network namespace", "/proc/1", State::Unknown),
        ("wall clock", "/run/systemd/timesync", State::Unknown),
        ("state directory", "/var", State::Ok),
        ("control socket", "/run", State::Ok),
        ("systemd", "/run/systemd", State::Missing),
        ("unit", "/usr", State::Missing),
    ] {
        let fake = FakeHost::new();
        fake.remove(path);
        assert_eq!(fake.check(check).0, state, "{check} without {path}");
    }
    let mut fake = FakeHost::new();
    fake.host.root = fake.directory.path().join("nothing");
    fake.host.tiers = vec![(Tier::A, refused()), (Tier::B, refused())];
    for check in look(&fake.host).iter().filter(|check| check.state != State::Ok) {
        assert!(check.costs.is_some() && check.remedy.is_some(), "{check:?}");
    }
}

#[test]
fn every_text_is_one_line() {
    let mut fake = FakeHost::new();
    fake.write("/proc/self/status", NONE);
    fake.host.root = fake.directory.path().join("nothing");
    fake.host.config = Err("a\nb\u{1b}".to_owned());
    fake.host.tiers = vec![(Tier::A, refused()), (Tier::B, unfit())];
    for check in look(&fake.host) {
        for text in [Some(check.detail), check.costs, check.remedy].into_iter().flatten() {
            assert!(!text.contains(char::is_control) && !text.is_empty(), "{text:?}");
        }
    }
}

#[test]
fn version_1_of_control_groups_is_read() {
    let fake = FakeHost::new();
    fake.remove("/sys/fs/cgroup");
    fake.write("/proc/self/cgroup", "4:memory:/a/b\n1:name=systemd:/x\n0::/\n");
    fake.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    fake.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "2097152\n");
    fake.write("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
    let (state, detail) = fake.check("memory limit");
    assert_eq!(state, State::Degraded);
    assert!(detail.starts_with("2.0 MiB in /sys/fs/cgroup/memory/a/memory.limit"), "{detail}");
    fake.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
    assert_eq!(fake.check("memory limit").0, State::Ok);
    for (directory, version) in [("systemd", "version 1"), ("unified", "hybrid")] {
        fs::create_dir_all(fake.host.path(format!("/sys/fs/cgroup/{directory}"))).unwrap();
        let (state, detail) = fake.check("control groups");
        assert!(state == State::Degraded && detail.starts_with(version), "{detail}");
    }
}

#[test]
fn lockdown_without_its_file_is_judged_by_what_loads() {
    let mut fake = FakeHost::new();
    fake.remove("/sys/kernel/security");
    assert_eq!(fake.check("lockdown").0, State::Ok);
    fake.host.tiers = vec![(Tier::A, unfit()), (Tier::B, unfit())];
    assert_eq!(fake.check("lockdown").0, State::Unknown);
    fake.write("/sys/kernel/security/lsm", "capability,bpf");
    assert_eq!(fake.check("lockdown").0, State::Ok);
}

#[test]
fn namespaces_are_told_from_those_of_the_host() {
    let fake = FakeHost::new();
    fake.link("/proc/self/ns/net", "net:[4026532000]");
    assert_eq!(fake.check("network namespace").0, State::Degraded);
    fake.link("/proc/self/ns/pid", "pid:[4026532001]");
    assert_eq!(fake.check("process namespace").0, State::Degraded);
    assert_eq!(fake.check("network namespace").0, State::Unknown);
    fake.link("/proc/self/ns/net", "net:[4026531833]");
    assert_eq!(fake.check("network namespace").0, State::Ok);
}

#[test]
fn locked_memory_matters_to_old_kernels() {
    const LIMIT: &str = "Max locked memory         65536                65536                bytes";
    let holding = "CapEff: 0000000001000000";
    let cases = [
        ("5.10.0", LEAST, LIMIT, State::Missing),
        ("5.10.0", holding, LIMIT, State::Ok),
        ("5.10.0", LEAST, "Max locked memory  unlimited  unlimited  bytes", State::Ok),
        ("5.10.0", LEAST, "", State::Unknown),
        ("5.11.0", LEAST, LIMIT, State::Ok),
        ("6.1", LEAST, LIMIT, State::Ok),
    ];
    for (release, status, limits, state) in cases {
        let fake = FakeHost::new();
        fake.write("/proc/sys/kernel/osrelease", release);
        fake.write("/proc/self/status", status);
        fake.write("/proc/self/limits", limits);
        assert_eq!(fake.check("locked memory").0, state, "{release} {limits}");
    }
    assert_eq!(release_of("6.18.44-fc"), Some((6, 18)));
    assert_eq!(release_of("x"), None);
}

#[test]
fn a_taken_port_is_told_from_a_daemon_that_runs() {
    use std::io::{Read, Write};
    for (answer, state) in [
        ("HTTP/1.1 200 OK\r\n\r\napiwatch_build_info 1\n", State::Ok),
        ("HTTP/1.1 404 Not Found\r\n\r\n", State::Missing),
        ("", State::Missing),
    ] {
        let mut fake = FakeHost::new();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        fake.configure(|config| config.metrics.listen = Listen::Tcp(address));
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer.as_bytes());
            listener
        });
        // One check alone: each look at the port is one connection.
        let probe = service::PROBES.iter().find(|probe| probe.name == "metrics port").unwrap();
        let check = probe.check(Group::Service, &fake.host);
        assert_eq!(check.state, state, "{answer}: {}", check.detail);
        drop(server.join().unwrap());
    }
}

#[test]
fn a_daemon_is_told_by_its_socket() {
    let mut fake = FakeHost::new();
    let (state, detail) = fake.check("control socket");
    assert!(state == State::Ok && detail.contains("no daemon runs"), "{detail}");
    assert!(detail.contains("/run/apiwatch"), "{detail}");
    fake.configure(|config| config.control.socket = None);
    let (state, detail) = fake.check("control socket");
    assert!(state == State::Ok && detail == "control.socket turns it off", "{detail}");
    fake.configure(|config| config.control.socket = Some("/run/x/y.sock".into()));
    let socket = fake.host.path("/run/x/y.sock");
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let (state, detail) = fake.check("control socket");
    assert!(state == State::Ok && detail.contains("the daemon runs"), "{detail}");
    drop(listener);
    let (state, detail) = fake.check("control socket");
    assert!(state == State::Ok && detail.contains("no daemon runs"), "{detail}");
}

#[test]
fn tiers_and_what_a_refusal_means() {
    let auto = TierChoice::Auto;
    let cases = [
        (loaded(Tier::A), loaded(Tier::B), auto, State::Ok, State::Ok, State::Ok),
        (unfit(), loaded(Tier::B), auto, State::Ok, State::Missing, State::Ok),
        (unfit(), unfit(), auto, State::Missing, State::Missing, State::Unknown),
        (refused(), refused(), auto, State::Unknown, State::Unknown, State::Missing),
        (
            unfit(),
            loaded(Tier::B),
            TierChoice::Only(Tier::A),
            State::Missing,
            State::Missing,
            State::Ok,
        ),
        (unfit(), loaded(Tier::B), TierChoice::Only(Tier::B), State::Ok, State::Missing, State::Ok),
    ];
    for (a, b, choice, capture, tier_a, loading) in cases {
        let mut fake = FakeHost::new();
        let name = if a.is_ok() { "tier a: found_processes" } else { "tier a" };
        fake.host.tiers = vec![(Tier::A, a), (Tier::B, b)];
        if let Ok((config, _)) = &mut fake.host.config {
            config.capture.tier = choice;
        }
        assert_eq!(fake.check("capture").0, capture);
        assert_eq!(fake.check(name).0, tier_a);
        assert_eq!(fake.check("loading programs").0, loading);
    }
}

#[test]
fn a_declined_program_is_split_into_reason_and_cost() {
    let mut fake = FakeHost::new();
    let mut status = loaded(Tier::A).unwrap();
    status.declined = vec![("sched_process_fork".into(), "Invalid argument: may lack".into())];
    fake.host.tiers = vec![(Tier::A, Ok(status))];
    let checks = look(&fake.host);
    let check = checks.iter().find(|it| it.name.ends_with("fork")).unwrap();
    assert_eq!(
        (check.detail.as_str(), check.costs.as_deref()),
        ("Invalid argument", Some("may lack"))
    );
}

#[test]
fn exit_codes() {
    let check = |group, need, found| Check::new((group, "x"), need, found, ("costs", "remedy"));
    let text = || "detail".to_owned();
    let fine = || check(Group::Kernel, Need::Required, Found::Ok(text()));
    let wanted = |found| check(Group::View, Need::Wanted, found);
    let privilege = || check(Group::Privileges, Need::Required, Found::Missing(text()));
    let kernel = || check(Group::Kernel, Need::Required, Found::Missing(text()));
    for (checks, exit) in [
        (vec![fine()], Exit::Success),
        (vec![fine(), wanted(Found::Unknown(text()))], Exit::Success),
        (vec![fine(), wanted(Found::Hidden(text()))], Exit::Success),
        (vec![fine(), wanted(Found::Degraded(text()))], Exit::Failure),
        (vec![fine(), wanted(Found::Missing(text()))], Exit::Failure),
        (vec![privilege(), wanted(Found::Missing(text()))], Exit::Privilege),
        (vec![kernel()], Exit::Unavailable),
        (vec![privilege(), kernel()], Exit::Unavailable),
    ] {
        assert_eq!(exit_of(&checks), exit, "{checks:?}");
        let table = report::table(&checks, exit);
        let lacks = checks.iter().filter(|it| it.state != State::Ok).count();
        assert_eq!(table.matches(" costs\n").count(), lacks, "{table}");
    }
}
