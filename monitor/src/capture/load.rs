//! Programs into the kernel. What loads decides, never a version number.

use std::os::fd::AsFd;

use aya::maps::{Map, MapData, PerCpuArray};
use aya::programs::{BtfTracePoint, Iter, ProgramError};
use aya::{Ebpf, EbpfLoader};
use monitor_common::counter::Counter;
use monitor_common::limits::CONTROL_RING_BYTES;
use monitor_common::settings::{Offsets, Settings};
use rustix::process::getpid;

use super::btf::{self, Btf};
use super::found::Found;
use super::object::OBJECT;
use super::status::{CaptureStatus, RingStatus, Tier};
use super::{CaptureError, Options};

/// Where the kernel tells its own types.
const BTF_PATH: &str = "/sys/kernel/btf/vmlinux";

/// Hooks of both tiers; the first is required, the others cost what they say.
const LIFECYCLE: [(&str, Option<&str>); 5] = [
    ("inet_sock_set_state", None),
    ("tcp_destroy_sock", Some("connections are only seen to end when they close in order")),
    ("sched_process_exec", Some("programs that exit within milliseconds may lack their path")),
    ("sched_process_fork", Some("forked children may lack their path")),
    ("sched_process_exit", Some("process ids are forgotten later")),
];

/// Hooks that read payload.
const fn data_hooks(tier: Tier) -> &'static [&'static str] {
    match tier {
        Tier::A => &["sock_send_length", "sock_recv_length"],
        Tier::B => &["sys_exit"],
    }
}

/// Loaded programs; those that read payload are not attached yet.
pub(crate) struct Loaded {
    ebpf: Ebpf,
    tier: Tier,
    counters: PerCpuArray<MapData, u64>,
    programs: Vec<(String, u32)>,
    declined: Vec<(String, String)>,
}

/// Loads the programs of the wanted tier, or of the first that this kernel accepts.
///
/// # Errors
/// When no tier loads.
pub(crate) fn load(options: Options) -> Result<Loaded, CaptureError> {
    let blob = std::fs::read(BTF_PATH).map_err(|error| {
        CaptureError::Kernel(format!("it tells no types of its own at {BTF_PATH} ({error})"))
    })?;
    let kernel_btf = Btf::parse(&blob)?;
    let offsets = btf::offsets(&kernel_btf)?;
    let has_tier_a = kernel_btf.has_typedef("btf_trace_sock_send_length");
    drop(kernel_btf);
    drop(blob);
    let btf = aya::Btf::from_sys_fs()
        .map_err(|error| CaptureError::Kernel(format!("its type information: {error}")))?;
    let mut declined = Vec::new();
    if options.tier != Some(Tier::B) {
        if has_tier_a {
            match load_tier(Tier::A, options, offsets, &btf) {
                Ok(loaded) => return Ok(loaded),
                Err(error) if options.tier.is_some() || is_privilege(&error) => return Err(error),
                Err(error) => declined.push((Tier::A, error.to_string())),
            }
        } else if options.tier == Some(Tier::A) {
            return Err(CaptureError::Kernel(
                "it has no hook sock_send_length (since 6.3), which tier a needs; use --tier b"
                    .into(),
            ));
        } else {
            declined.push((Tier::A, "this kernel has no hook sock_send_length".into()));
        }
    }
    let mut loaded = load_tier(Tier::B, options, offsets, &btf)?;
    for (tier, why) in declined {
        let cost = format!("{why}; tier b is used, which costs every system call of the host");
        loaded.declined.push((data_hooks(tier).join(", "), cost));
    }
    Ok(loaded)
}

fn is_privilege(error: &CaptureError) -> bool {
    matches!(error, CaptureError::Privilege(_))
}

fn load_tier(
    tier: Tier,
    options: Options,
    offsets: Offsets,
    btf: &aya::Btf,
) -> Result<Loaded, CaptureError> {
    let socket_file_op = match tier {
        Tier::A => 0,
        Tier::B => socket_file_op(offsets, btf)?,
    };
    let settings = Settings {
        socket_file_op,
        own_pid: getpid().as_raw_nonzero().get().cast_unsigned(),
        own_port: u32::from(options.own_port),
        own_netns: own_netns(),
        data_wakeup_bytes: options.ring_bytes / 4,
        control_wakeup_bytes: CONTROL_RING_BYTES / 4,
        state_by_cookie: u32::from(tier == Tier::B),
    };
    let mut ebpf = load_object(offsets, settings, options.ring_bytes)?;
    let mut loaded = Loaded {
        counters: PerCpuArray::try_from(take_map(&mut ebpf, "COUNTERS")?)
            .map_err(|error| CaptureError::Kernel(format!("map COUNTERS: {error}")))?,
        ebpf,
        tier,
        programs: Vec::new(),
        declined: Vec::new(),
    };
    for (iterator, kind, cost) in [
        ("found_sockets", "task_file", "connections older than the start are known at first use"),
        ("found_processes", "task", "processes older than the start may lack their path"),
    ] {
        let program = iterator_mut(&mut loaded.ebpf, iterator)?;
        let result = program.load(kind, btf);
        loaded.note(iterator, result, Some(cost))?;
    }
    for hook in data_hooks(tier) {
        let result = tracepoint_mut(&mut loaded.ebpf, hook)?.load(hook, btf);
        loaded.note(hook, result, None)?;
    }
    for (hook, cost) in LIFECYCLE {
        let program = tracepoint_mut(&mut loaded.ebpf, hook)?;
        let result = program.load(hook, btf).and_then(|()| program.attach().map(|_| ()));
        loaded.note(hook, result, cost)?;
    }
    Ok(loaded)
}

impl Loaded {
    /// Notes a program as loaded or, where its lack has only a `cost`, as declined.
    fn note(
        &mut self,
        name: &str,
        result: Result<(), ProgramError>,
        cost: Option<&str>,
    ) -> Result<(), CaptureError> {
        match (result, cost) {
            (Ok(()), _) => {
                let instructions = self
                    .ebpf
                    .program(name)
                    .and_then(|it| it.info().ok())
                    .and_then(|it| it.verified_instruction_count())
                    .unwrap_or(0);
                self.programs.push((name.to_owned(), instructions));
                Ok(())
            }
            (Err(error), _) if is_refused(&error) => {
                Err(CaptureError::Privilege(format!("{name}: {}", without_log(&error))))
            }
            (Err(error), Some(cost)) => {
                tracing::debug!(program = name, error = ?error, "The kernel refuses a program.");
                self.declined.push((name.to_owned(), format!("{}: {cost}", without_log(&error))));
                Ok(())
            }
            (Err(error), None) => {
                tracing::debug!(program = name, error = ?error, "The kernel refuses a program.");
                Err(CaptureError::Kernel(format!("it refuses {name}: {}", without_log(&error))))
            }
        }
    }

    /// Attaches the hooks that read payload.
    pub(crate) fn attach_data(&mut self) -> Result<(), CaptureError> {
        for hook in data_hooks(self.tier) {
            tracepoint_mut(&mut self.ebpf, hook)?.attach().map_err(|error| {
                CaptureError::Kernel(format!("attaching {hook}: {}", without_log(&error)))
            })?;
        }
        Ok(())
    }

    /// Connections and processes that exist.
    pub(crate) fn found(&mut self) -> Result<Found, CaptureError> {
        let mut found = Found::default();
        for iterator in ["found_processes", "found_sockets"] {
            if self.programs.iter().any(|(name, _)| name == iterator) {
                run_iterator(&mut self.ebpf, iterator, &mut found)?;
            }
        }
        Ok(found)
    }

    /// Takes a map that is read outside.
    pub(crate) fn take_map(&mut self, name: &str) -> Result<Map, CaptureError> {
        take_map(&mut self.ebpf, name)
    }

    /// The status at start.
    pub(crate) fn status(&self, options: Options) -> CaptureStatus {
        CaptureStatus {
            tier: Some(self.tier),
            programs: self.programs.clone(),
            declined: self.declined.clone(),
            data: RingStatus { bytes: u64::from(options.ring_bytes), ..RingStatus::default() },
            control: RingStatus { bytes: u64::from(CONTROL_RING_BYTES), ..RingStatus::default() },
            ..CaptureStatus::default()
        }
    }

    /// Whether the kernel lets this thread read the counters.
    pub(crate) fn reads_counters(&self) -> bool {
        self.counters.get(&(Counter::ALL[0] as u32), 0).is_ok()
    }

    /// Reads the kernel side's counters, summed over the processors.
    pub(crate) fn read_counters(&self, status: &mut CaptureStatus) {
        for counter in Counter::ALL {
            let Ok(values) = self.counters.get(&(counter as u32), 0) else { continue };
            let sum = values.iter().sum();
            match counter {
                Counter::DataGenerated => status.data.generated = sum,
                Counter::DataLost => status.data.lost = sum,
                Counter::ControlGenerated => status.control.generated = sum,
                Counter::ControlLost => status.control.lost = sum,
                Counter::ReadFault => status.read_faults = sum,
                Counter::StateFull => status.state_full = sum,
                Counter::CompatSkipped => status.compat_skipped = sum,
                Counter::LengthOnly => status.length_only = sum,
            }
        }
    }
}

fn load_object(
    offsets: Offsets,
    settings: Settings,
    ring_bytes: u32,
) -> Result<Ebpf, CaptureError> {
    let processors = std::thread::available_parallelism().map_or(1, |it| it.get() as u32);
    let processors = processors.max(possible_processors());
    let by_cookie =
        if settings.state_by_cookie == 0 { 1 } else { monitor_common::limits::CONNECTIONS };
    EbpfLoader::new()
        .override_global("OFFSETS", &offsets, true)
        .override_global("SETTINGS", &settings, true)
        .map_max_entries("DATA", ring_bytes)
        .map_max_entries("SCRATCH", processors)
        .map_max_entries("DATAGRAMS", processors)
        .map_max_entries("ITERATOR_SCRATCH", processors)
        .map_max_entries("CONNECTIONS_BY_COOKIE", by_cookie)
        .load(OBJECT)
        .map_err(|error| object_error(&error))
}

fn possible_processors() -> u32 {
    aya::util::nr_cpus().map_or(1, |count| count as u32)
}

/// What `file->f_op` of a socket is on this kernel, from a listener of our own.
fn socket_file_op(offsets: Offsets, btf: &aya::Btf) -> Result<u64, CaptureError> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(|source| {
        CaptureError::Io { what: "opening a socket to know sockets by", source }
    })?;
    let mut ebpf = load_object(offsets, Settings::default(), 4096)?;
    let program = iterator_mut(&mut ebpf, "found_sockets")?;
    program.load("task_file", btf).map_err(|error| {
        if is_refused(&error) {
            CaptureError::Privilege(without_log(&error))
        } else {
            let why = without_log(&error);
            CaptureError::Kernel(format!(
                "it refuses found_sockets ({why}), which tier b needs; Linux 5.14 and newer have what it takes"
            ))
        }
    })?;
    let mut found = Found::default();
    run_iterator(&mut ebpf, "found_sockets", &mut found)?;
    drop(listener);
    let pid = getpid().as_raw_nonzero().get().cast_unsigned();
    found.socket_file_op(pid).ok_or_else(|| {
        CaptureError::Kernel("its list of sockets lacks our own, so tier b knows none".into())
    })
}

fn run_iterator(ebpf: &mut Ebpf, name: &str, found: &mut Found) -> Result<(), CaptureError> {
    let program = iterator_mut(ebpf, name)?;
    let refused = |error: String| CaptureError::Kernel(format!("running {name}: {error}"));
    let link = program.attach().map_err(|error| refused(error.to_string()))?;
    let link = program.take_link(link).map_err(|error| refused(error.to_string()))?;
    let file = link.into_file().map_err(|error| refused(error.to_string()))?;
    found.read(file).map_err(|source| CaptureError::Io { what: "reading an iterator", source })
}

fn take_map(ebpf: &mut Ebpf, name: &str) -> Result<Map, CaptureError> {
    ebpf.take_map(name)
        .ok_or_else(|| CaptureError::Kernel(format!("the object lacks the map {name}")))
}

fn tracepoint_mut<'a>(
    ebpf: &'a mut Ebpf,
    name: &str,
) -> Result<&'a mut BtfTracePoint, CaptureError> {
    ebpf.program_mut(name)
        .and_then(|program| program.try_into().ok())
        .ok_or_else(|| CaptureError::Kernel(format!("the object lacks the program {name}")))
}

fn iterator_mut<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Iter, CaptureError> {
    ebpf.program_mut(name)
        .and_then(|program| program.try_into().ok())
        .ok_or_else(|| CaptureError::Kernel(format!("the object lacks the iterator {name}")))
}

/// Whether the kernel refused for lack of privilege.
fn is_refused(error: &ProgramError) -> bool {
    match error {
        ProgramError::LoadError { io_error, .. } => is_permission(io_error),
        ProgramError::SyscallError(error) => is_permission(&error.io_error),
        _ => false,
    }
}

/// EPERM is a lack of privilege; EACCES is the verifier's refusal of a program.
fn is_permission(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error())
}

/// The first line of an error: the verifier's log follows it.
fn without_log(error: &ProgramError) -> String {
    match error {
        ProgramError::LoadError { io_error, .. } => io_error.to_string(),
        error => error.to_string(),
    }
}

fn object_error(error: &aya::EbpfError) -> CaptureError {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    let mut message = error.to_string();
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            if is_permission(io) {
                return CaptureError::Privilege(message);
            }
            message = format!("{message} ({io})");
        }
        source = error.source();
    }
    CaptureError::Kernel(message)
}

/// Network namespace (inode number) of this process.
fn own_netns() -> u32 {
    let link = std::fs::File::open("/proc/self/ns/net");
    link.ok()
        .and_then(|file| rustix::fs::fstat(file.as_fd()).ok())
        .map_or(0, |stat| stat.st_ino as u32)
}
