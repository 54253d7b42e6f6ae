//! Tier A: the end of every socket send and receive, whatever call led there.
//!
//! `void sock_send_length(struct sock *sk, int ret, int flags)` and
//! `void sock_recv_length(struct sock *sk, int ret, int flags)`
//! (include/trace/events/sock.h, since 6.3).

use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use monitor_common::record::{EGRESS, INGRESS, Reason, flags};

use super::process::note_owner;
use crate::call::{Call, Payload, Registers, emit_call};
use crate::datagram;
use crate::kernel::{Sock, Task, current_tgid};
use crate::setting;
use crate::state::{self, State};

const MSG_OOB: i32 = 0x1;
const MSG_PEEK: i32 = 0x2;
const MSG_TRUNC: i32 = 0x20;
const MSG_ERRQUEUE: i32 = 0x2000;

/// Bytes were sent.
#[btf_tracepoint(function = "sock_send_length")]
pub fn sock_send_length(ctx: BtfTracePointContext) -> i32 {
    try_sock_length(&ctx, EGRESS);
    0
}

/// Bytes were received.
#[btf_tracepoint(function = "sock_recv_length")]
pub fn sock_recv_length(ctx: BtfTracePointContext) -> i32 {
    try_sock_length(&ctx, INGRESS);
    0
}

#[inline(always)]
fn try_sock_length(ctx: &BtfTracePointContext, direction: u8) -> Option<()> {
    let sock = Sock(ctx.arg(0));
    let bytes: i32 = ctx.arg(1);
    let message_flags: i32 = ctx.arg(2);
    // A peek moves nothing; urgent and error-queue data are no part of the stream.
    if bytes <= 0 || message_flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE) != 0 {
        return None;
    }
    let pid = current_tgid();
    if pid == setting!(SETTINGS.own_pid) {
        return None;
    }
    if !sock.is_tcp() {
        return try_datagram(sock, direction, bytes as u64, pid);
    }
    let state = state::find_or_create(sock, flags::MIDSTREAM)?;
    // SAFETY: a map value.
    let (offset, state_flags) = unsafe {
        if (*state).pid != pid {
            note_owner(sock, state, pid);
        }
        (State::add_bytes(state, direction, bytes as u64), (*state).flags as u8)
    };
    if state_flags & (flags::SILENT | flags::IGNORED) != 0 {
        return None;
    }
    let (sequence_flag, tcp_sequence) = match sock.tcp_sequences() {
        Some((write, _)) if direction == EGRESS => (0, write),
        Some((_, read)) => (0, read),
        None => (flags::NO_SEQUENCE, 0),
    };
    let task = Task::current();
    // The kernel discarded the bytes; the buffer holds others.
    let payload = if direction == INGRESS && message_flags & MSG_TRUNC != 0 {
        Payload::Unreachable(Reason::Discarded)
    } else {
        Payload::of_running_call(task, Registers::of(task), direction)
    };
    let flags = state_flags | sequence_flag;
    let bytes = bytes as u64;
    emit_call(Call { state, direction, flags, offset, bytes, tcp_sequence, pid }, payload);
    Some(())
}

#[inline(always)]
fn try_datagram(sock: Sock, direction: u8, bytes: u64, pid: u32) -> Option<()> {
    if !sock.is_ip() || !datagram::is_dns(sock.0 as u64, direction) {
        return None;
    }
    let task = Task::current();
    let payload = Payload::of_running_call(task, Registers::of(task), direction);
    datagram::emit(sock.0 as u64, direction, bytes, pid, payload);
    Some(())
}
