//! Connections and processes that are older than the watch, told once at start.
//! aya-ebpf has no macro for iterators, so their sections are named by hand; the
//! kernel checks the types of the context's fields.

use core::ffi::c_void;

use aya_ebpf::helpers::bpf_get_smp_processor_id;
use aya_ebpf::helpers::generated::{bpf_seq_write, bpf_sock_from_file};
use monitor_common::record::{ConnectionRecord, ExecRecord, Kind, flags, role};

use super::lifecycle::{describe, is_own_listener, pair};
use super::process::fill_exec;
use crate::kernel::{
    CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, IPPROTO_MPTCP, LAST_ACK, LISTEN, Sock,
    Task, load, probe,
};
use crate::maps::ITERATOR_SCRATCH;
use crate::setting;
use crate::state::{self, OPENED};

/// `struct bpf_iter__task_file { meta, task, u32 fd, file }`.
#[unsafe(link_section = "iter/task_file")]
#[unsafe(no_mangle)]
pub extern "C" fn found_sockets(ctx: *mut c_void) -> i32 {
    try_found_socket(ctx);
    0
}

/// `struct bpf_iter__task { meta, task }`.
#[unsafe(link_section = "iter/task")]
#[unsafe(no_mangle)]
pub extern "C" fn found_processes(ctx: *mut c_void) -> i32 {
    try_found_process(ctx);
    0
}

#[inline(always)]
fn try_found_socket(ctx: *mut c_void) -> Option<()> {
    // SAFETY: the context's layout as above, checked by the kernel.
    let (task, file): (*const c_void, *const c_void) = unsafe { (load(ctx, 8), load(ctx, 24)) };
    if task.is_null() || file.is_null() {
        return None;
    }
    // SAFETY: a typed file.
    let socket = unsafe { bpf_sock_from_file(file.cast_mut().cast()) };
    if socket.is_null() {
        return None;
    }
    // SAFETY: a typed socket, offset from BTF.
    let sock: *const c_void = unsafe { load(socket.cast(), setting!(OFFSETS.socket_sk)) };
    if sock.is_null() {
        return None;
    }
    let sock = Sock(sock);
    if !sock.is_tcp() {
        return None;
    }
    let tcp_state = sock.tcp_state();
    let listens = tcp_state == LISTEN;
    if !listens && !is_open(tcp_state) {
        return None;
    }
    let pid = Task(task).tgid();
    let known = state::find(sock);
    let state = match known {
        // SAFETY: a map value.
        Some(state) if unsafe { (*state).flags } & OPENED != 0 => return None,
        Some(state) => state,
        None if listens => return report_listener(ctx, sock, file, pid),
        None => state::find_or_create(sock, flags::MIDSTREAM)?,
    };
    let mut record = ConnectionRecord::default();
    // SAFETY: a map value; a record on the stack.
    unsafe {
        if pid == setting!(SETTINGS.own_pid) || is_own_listener(sock) {
            (*state).flags |= u32::from(flags::IGNORED);
            return None;
        }
        describe(&raw mut record, sock, state, Kind::Found);
        record.pid = pid;
        if known.is_none() && sock.protocol() != IPPROTO_MPTCP {
            let netns = record.netns;
            pair(&raw mut record, state, netns, false);
        }
        (*state).flags |= OPENED;
        write(ctx, (&raw const record).cast(), size_of::<ConnectionRecord>() as u32);
    }
    Some(())
}

/// Whether bytes can still be moved: past the handshake, not CLOSE or `TIME_WAIT`.
#[inline(always)]
fn is_open(tcp_state: u8) -> bool {
    const OPEN: u16 = 1 << ESTABLISHED
        | 1 << FIN_WAIT1
        | 1 << FIN_WAIT2
        | 1 << CLOSE_WAIT
        | 1 << LAST_ACK
        | 1 << CLOSING;
    tcp_state < 16 && OPEN >> tcp_state & 1 != 0
}

/// A listener needs no state; it tells the role of connections to its port, and the
/// daemon's own tells what a socket's file looks like.
#[inline(always)]
fn report_listener(ctx: *mut c_void, sock: Sock, file: *const c_void, pid: u32) -> Option<()> {
    let (local_port, remote_port) = sock.ports();
    let mut record = ConnectionRecord {
        kind: Kind::Found as u8,
        role: role::LISTENER,
        state: LISTEN,
        pid,
        cookie: sock.cookie(),
        netns: sock.netns(),
        local_port,
        remote_port,
        protocol: sock.protocol(),
        // SAFETY: a typed file, offset from BTF.
        file_op: unsafe { load(file, setting!(OFFSETS.file_op)) },
        ..ConnectionRecord::default()
    };
    // SAFETY: a record on the stack.
    unsafe {
        sock.addresses(&raw mut record.local, &raw mut record.remote);
        write(ctx, (&raw const record).cast(), size_of::<ConnectionRecord>() as u32);
    }
    Some(())
}

#[inline(always)]
fn try_found_process(ctx: *mut c_void) -> Option<()> {
    // SAFETY: the context's layout as above, checked by the kernel.
    let task: *const c_void = unsafe { load(ctx, 8) };
    if task.is_null() {
        return None;
    }
    let task = Task(task);
    if task.pid() != task.tgid() || task.is_kernel_thread() {
        return None;
    }
    let mm: u64 = probe(task.address(), setting!(OFFSETS.task_mm));
    let exe: u64 = probe(mm, setting!(OFFSETS.mm_exe_file));
    // SAFETY: no precondition.
    let record = ITERATOR_SCRATCH.get_ptr_mut(unsafe { bpf_get_smp_processor_id() })?;
    // SAFETY: iterators run one at a time, by the daemon's only reader.
    unsafe {
        fill_exec(record, task, exe);
        write(ctx, record.cast_const().cast(), size_of::<ExecRecord>() as u32);
    }
    Some(())
}

/// Appends a record to what the reader of the iterator gets.
///
/// # Safety
/// `record` must point to `bytes` readable bytes.
#[inline(always)]
unsafe fn write(ctx: *mut c_void, record: *const c_void, bytes: u32) {
    // SAFETY: the context starts with its meta data, which starts with the seq file.
    unsafe {
        let meta: *const c_void = load(ctx, 0);
        let seq: *mut c_void = load(meta, 0);
        bpf_seq_write(seq.cast(), record, bytes);
    }
}
