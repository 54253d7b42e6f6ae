//! Life of a process, so that it is known also after it has exited.

use core::ffi::c_void;

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use monitor_common::limits::COMM_BYTES;
use monitor_common::record::{ExecRecord, Kind, ProcessRecord, flags};

use crate::kernel::{Sock, Task, load, probe};
use crate::setting;
use crate::state::State;
use crate::{emit, path};

/// A program was executed; runs in its context.
///
/// `void sched_process_exec(struct task_struct *p, pid_t old_pid, struct
/// linux_binprm *bprm)` (include/trace/events/sched.h).
#[btf_tracepoint(function = "sched_process_exec")]
pub fn sched_process_exec(ctx: BtfTracePointContext) -> i32 {
    let bprm: *const c_void = ctx.arg(2);
    // SAFETY: typed pointer, offset from BTF.
    let file: u64 = unsafe { load(bprm, setting!(OFFSETS.bprm_file)) };
    let task = Task(ctx.arg(0));
    // SAFETY: the record is the ring's.
    emit::control(|record| unsafe { fill_exec(record, task, file) });
    0
}

/// A task was made; runs in the parent's context.
///
/// `void sched_process_fork(struct task_struct *parent, struct task_struct *child)`
/// (include/trace/events/sched.h).
#[btf_tracepoint(function = "sched_process_fork")]
pub fn sched_process_fork(ctx: BtfTracePointContext) -> i32 {
    let parent = Task(ctx.arg(0));
    let child = Task(ctx.arg(1));
    if child.pid() == child.tgid() {
        // SAFETY: the record is the ring's.
        emit::control(|record: *mut ProcessRecord| unsafe {
            describe(record, child, Kind::Fork, 0);
            (*record).parent = parent.tgid();
        });
    }
    0
}

/// A task ended; runs in its context.
///
/// `void sched_process_exit(struct task_struct *p, …)` (include/trace/events/sched.h).
#[btf_tracepoint(function = "sched_process_exit")]
pub fn sched_process_exit(ctx: BtfTracePointContext) -> i32 {
    let task = Task(ctx.arg(0));
    if task.pid() == task.tgid() {
        // SAFETY: the record is the ring's.
        emit::control(|record| unsafe { describe(record, task, Kind::Exit, 0) });
    }
    0
}

/// Tells that the current process makes its first call on a socket, or the first
/// after another process. A socket without a file is the kernel's own.
///
/// # Safety
/// `state` must be a map value.
#[inline(always)]
pub unsafe fn note_owner(sock: Sock, state: *mut State, pid: u32) {
    // SAFETY: by the contract above.
    unsafe {
        (*state).pid = pid;
        if !sock.has_file() {
            (*state).flags |= u32::from(flags::IGNORED);
            return;
        }
        announce_owner(state);
    }
}

/// Sends the owner record of a connection end for the current process.
///
/// # Safety
/// `state` must be a map value.
#[inline(always)]
pub unsafe fn announce_owner(state: *mut State) {
    // SAFETY: by the contract above; the record is the ring's.
    emit::control(|record| unsafe {
        describe(record, Task::current(), Kind::Owner, (*state).cookie);
    });
}

/// Fills the record of a process with its paths.
///
/// # Safety
/// `record` must be valid.
#[inline(always)]
pub unsafe fn fill_exec(record: *mut ExecRecord, task: Task, exe: u64) {
    // SAFETY: by the contract above.
    unsafe {
        describe(&raw mut (*record).process, task, Kind::Exec, 0);
        (*record).exe_length = path::of_file(exe, (&raw mut (*record).exe).cast());
        (*record).cgroup_length =
            path::of_cgroup(task.address(), (&raw mut (*record).cgroup).cast());
    }
}

/// Writes the record of a task's process as it stands.
///
/// # Safety
/// `record` must be valid.
#[inline(always)]
pub unsafe fn describe(record: *mut ProcessRecord, task: Task, kind: Kind, cookie: u64) {
    let task = task.address();
    let leader: u64 = probe(task, setting!(OFFSETS.task_group_leader));
    let parent: u64 = probe(leader, setting!(OFFSETS.task_real_parent));
    let cred: u64 = probe(task, setting!(OFFSETS.task_cred));
    // SAFETY: by the contract above; the helper has no precondition.
    unsafe {
        (*record).kind = kind as u8;
        (*record).padding = [0; 3];
        (*record).pid = probe(task, setting!(OFFSETS.task_tgid));
        (*record).time = bpf_ktime_get_ns();
        (*record).cookie = cookie;
        (*record).start = probe(leader, setting!(OFFSETS.task_start_boottime));
        (*record).parent = probe(parent, setting!(OFFSETS.task_tgid));
        (*record).uid = probe(cred, setting!(OFFSETS.cred_euid));
        (*record).comm = probe::<[u8; COMM_BYTES]>(leader, setting!(OFFSETS.task_comm));
    }
}
