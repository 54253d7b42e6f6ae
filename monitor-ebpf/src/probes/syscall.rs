//! Tier B: the end of every system call, for kernels without tier A's hooks.
//!
//! `void sys_exit(struct pt_regs *regs, long ret)` (include/trace/events/syscalls.h).
//! The socket is found through the descriptor table, which gives an untyped address.

use core::ffi::c_void;

use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use monitor_common::counter::Counter;
use monitor_common::record::{EGRESS, INGRESS, Reason, flags};

use super::process::announce_owner;
use crate::call::{Call, Payload, Registers, emit_call};
use crate::datagram;
use crate::kernel::{
    AF_INET, AF_INET6, ESTABLISHED, IPPROTO_MPTCP, IPPROTO_TCP, IPPROTO_UDP, LISTEN, Task,
    current_tgid, load, probe,
};
use crate::maps::{CONNECTIONS_BY_COOKIE, count};
use crate::setting;
use crate::state::State;

const MSG_OOB: u64 = 0x1;
const MSG_PEEK: u64 = 0x2;
const MSG_TRUNC: u64 = 0x20;
const MSG_ERRQUEUE: u64 = 0x2000;

/// A system call returns.
#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(ctx: BtfTracePointContext) -> i32 {
    try_sys_exit(&ctx);
    0
}

#[inline(always)]
fn try_sys_exit(ctx: &BtfTracePointContext) -> Option<()> {
    let result: i64 = ctx.arg(1);
    let registers = Registers::at(ctx.arg(0));
    let direction = direction_of(registers.number)?;
    if result <= 0 {
        return None;
    }
    let task = Task::current();
    let (sock, kind) = socket_of(task, descriptor_of(registers))?;
    let pid = current_tgid();
    if pid == setting!(SETTINGS.own_pid) {
        return None;
    }
    if task.in_compat_call() {
        count(Counter::CompatSkipped);
        return None;
    }
    let message_flags = message_flags_of(registers);
    if message_flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE) != 0 {
        return None;
    }
    if let SocketKind::Udp = kind {
        if datagram::is_dns(sock, direction) {
            let payload = Payload::of_call(registers, direction);
            datagram::emit(sock, direction, result as u64, pid, payload);
        }
        return None;
    }
    let cookie: u64 = probe(sock, setting!(OFFSETS.sock_cookie));
    let state = CONNECTIONS_BY_COOKIE.get_ptr_mut(cookie)?;
    let bytes = result as u64;
    // SAFETY: a map value.
    let (offset, state_flags) = unsafe {
        if (*state).pid != pid {
            (*state).pid = pid;
            if (*state).flags & u32::from(flags::IGNORED) == 0 {
                announce_owner(state);
            }
        }
        (State::add_bytes(state, direction, bytes), (*state).flags as u8)
    };
    if state_flags & (flags::SILENT | flags::IGNORED) != 0 {
        return None;
    }
    let tcp_sequence = if direction == EGRESS {
        probe(sock, setting!(OFFSETS.tcp_write_seq))
    } else {
        probe(sock, setting!(OFFSETS.tcp_copied_seq))
    };
    let payload = if direction == INGRESS && message_flags & MSG_TRUNC != 0 {
        Payload::Unreachable(Reason::Discarded)
    } else {
        Payload::of_call(registers, direction)
    };
    let flags = state_flags;
    emit_call(Call { state, direction, flags, offset, bytes, tcp_sequence, pid }, payload);
    Some(())
}

/// Bits of the calls that send, for numbers below 64.
const SENDERS: u64 = 1 << 1 | 1 << 20 | 1 << 40 | 1 << 44 | 1 << 46;
/// Bits of the calls that receive, for numbers below 64.
const RECEIVERS: u64 = 1 | 1 << 19 | 1 << 45 | 1 << 47;
/// Bits of the calls that send, for numbers from 264 on.
const HIGH_SENDERS: u64 = 1 << (275 - 264) | 1 << (296 - 264);
/// Bits of the calls that receive, for numbers from 264 on.
const HIGH_RECEIVERS: u64 = 1 << (295 - 264);
/// preadv2 and pwritev2.
const PREADV2: u64 = 327;
const PWRITEV2: u64 = 328;

/// Direction of a call that may move bytes of a socket; none for any other. By bit
/// masks, since every call of the host passes here. recvmmsg and sendmmsg return
/// messages, not bytes, so only TCP sequence numbers show what they moved.
#[inline(always)]
fn direction_of(number: u64) -> Option<u8> {
    if number < 64 {
        let bit = 1u64 << number;
        return if bit & SENDERS != 0 {
            Some(EGRESS)
        } else if bit & RECEIVERS != 0 {
            Some(INGRESS)
        } else {
            None
        };
    }
    match number {
        264..=327 if HIGH_SENDERS >> (number - 264) & 1 != 0 => Some(EGRESS),
        264..=326 if HIGH_RECEIVERS >> (number - 264) & 1 != 0 => Some(INGRESS),
        PREADV2 => Some(INGRESS),
        PWRITEV2 => Some(EGRESS),
        _ => None,
    }
}

/// The descriptor of the socket: splice's target is its third argument.
#[inline(always)]
fn descriptor_of(registers: Registers) -> u64 {
    if registers.number == 275 { registers.third } else { registers.first }
}

/// `MSG_*` flags of the call.
#[inline(always)]
fn message_flags_of(registers: Registers) -> u64 {
    match registers.number {
        46 | 47 => registers.third,
        44 | 45 => registers.fourth,
        _ => 0,
    }
}

/// A socket whose calls matter.
enum SocketKind {
    Tcp,
    Udp,
}

/// Address of the `struct sock` behind a descriptor, where that is an established TCP
/// socket or a UDP socket.
#[inline(always)]
fn socket_of(task: Task, descriptor: u64) -> Option<(u64, SocketKind)> {
    // SAFETY: typed pointers, offsets from BTF; the table is reached by typed loads.
    let (max, table): (u32, u64) = unsafe {
        let files: *const c_void = load(task.0, setting!(OFFSETS.task_files));
        if files.is_null() {
            return None;
        }
        let fdt: *const c_void = load(files, setting!(OFFSETS.files_fdt));
        (load(fdt, setting!(OFFSETS.fdt_max_fds)), load(fdt, setting!(OFFSETS.fdt_fd)))
    };
    if descriptor >= u64::from(max) {
        return None;
    }
    let file: u64 = probe(table + descriptor * 8, 0);
    if file == 0
        || probe::<u64>(file, setting!(OFFSETS.file_op)) != setting!(SETTINGS.socket_file_op)
    {
        return None;
    }
    let socket: u64 = probe(file, setting!(OFFSETS.file_private_data));
    let sock: u64 = probe(socket, setting!(OFFSETS.socket_sk));
    let family: u16 = probe(sock, setting!(OFFSETS.sock_family));
    let protocol: u16 = probe(sock, setting!(OFFSETS.sock_protocol));
    let is_ip = family == AF_INET || family == AF_INET6;
    if is_ip && protocol == IPPROTO_UDP {
        return Some((sock, SocketKind::Udp));
    }
    let is_tcp = protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP;
    let state: u8 = probe(sock, setting!(OFFSETS.sock_state));
    let is_established = state >= ESTABLISHED && state != LISTEN;
    (is_ip && is_tcp && is_established).then_some((sock, SocketKind::Tcp))
}
