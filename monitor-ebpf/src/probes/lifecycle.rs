//! Life of a connection.

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use monitor_common::record::{ConnectionRecord, Kind, flags, role};

use super::process::note_owner;
use crate::emit;
use crate::kernel::{
    CLOSE, CLOSING, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, IPPROTO_MPTCP, LAST_ACK, SYN_RECV, SYN_SENT,
    Sock, Task, current_tgid,
};
use crate::maps::{PAIRS, PairKey, PairValue};
use crate::setting;
use crate::state::{self, OPENED, State};

/// A TCP state changes.
///
/// `void inet_sock_set_state(const struct sock *sk, const int oldstate, const int
/// newstate)` (include/trace/events/sock.h).
#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn inet_sock_set_state(ctx: BtfTracePointContext) -> i32 {
    try_set_state(&ctx);
    0
}

/// A TCP socket is destroyed.
///
/// `void tcp_destroy_sock(struct sock *sk)` (include/trace/events/tcp.h).
#[btf_tracepoint(function = "tcp_destroy_sock")]
pub fn tcp_destroy_sock(ctx: BtfTracePointContext) -> i32 {
    try_destroy(Sock(ctx.arg(0)));
    0
}

#[inline(always)]
fn try_set_state(ctx: &BtfTracePointContext) -> Option<()> {
    let sock = Sock(ctx.arg(0));
    let old = ctx.arg::<i32>(1) as u8;
    let new = ctx.arg::<i32>(2) as u8;
    if !sock.is_tcp() {
        return None;
    }
    match new {
        SYN_SENT => connecting(sock),
        ESTABLISHED if old == SYN_SENT => established(sock, role::CLIENT),
        ESTABLISHED if old == SYN_RECV => established(sock, role::SERVER),
        CLOSE => closed(sock, old),
        _ => None,
    }
}

/// Runs in the context of the process that connects.
#[inline(always)]
fn connecting(sock: Sock) -> Option<()> {
    let state = state::find_or_create(sock, 0)?;
    let pid = current_tgid();
    // SAFETY: a map value.
    unsafe {
        if pid == setting!(SETTINGS.own_pid) || Task::current().is_kernel_thread() {
            (*state).flags |= u32::from(flags::IGNORED);
        } else {
            note_owner(sock, state, pid);
        }
    }
    Some(())
}

#[inline(always)]
fn established(sock: Sock, role: u8) -> Option<()> {
    let state = state::find_or_create(sock, 0)?;
    // SAFETY: a map value; the record is the ring's or the stack's.
    unsafe {
        (*state).role = u32::from(role);
        if (*state).flags & u32::from(flags::IGNORED) != 0 || is_own_listener(sock) {
            (*state).flags |= u32::from(flags::IGNORED);
            return None;
        }
        (*state).flags |= OPENED;
        emit::control(|record: *mut ConnectionRecord| {
            describe(record, sock, state, Kind::Open);
            if sock.protocol() != IPPROTO_MPTCP {
                let netns =
                    if is_loopback(&raw const (*record).remote) { (*record).netns } else { 0 };
                pair(record, state, netns, true);
            }
        });
    }
    Some(())
}

#[inline(always)]
fn closed(sock: Sock, old: u8) -> Option<()> {
    let state = state::find(sock)?;
    let sent_fin = matches!(old, FIN_WAIT1 | FIN_WAIT2 | CLOSING | LAST_ACK);
    finish(sock, state, Kind::Close, u32::from(sent_fin));
    // An MPTCP socket has no tcp_destroy_sock.
    if sock.protocol() == IPPROTO_MPTCP {
        try_destroy(sock);
    }
    Some(())
}

#[inline(always)]
fn try_destroy(sock: Sock) -> Option<()> {
    let state = state::find(sock)?;
    // SAFETY: a map value.
    let cookie = unsafe { (*state).cookie };
    finish(sock, state, Kind::Destroy, 0);
    state::forget(cookie);
    Some(())
}

/// `fin` is what a FIN took of the sequence numbers that were sent.
#[inline(always)]
fn finish(sock: Sock, state: *mut State, kind: Kind, fin: u32) {
    // SAFETY: a map value.
    unsafe {
        if (*state).flags & OPENED == 0 {
            return;
        }
        if matches!(kind, Kind::Destroy) {
            (*state).flags &= !OPENED;
        }
        emit::control(|record: *mut ConnectionRecord| {
            describe(record, sock, state, kind);
            (*record).write_sequence = (*record).write_sequence.wrapping_sub(fin);
        });
    }
}

/// Writes the record of a connection end as it stands.
///
/// # Safety
/// `record` must be valid and `state` a map value.
#[inline(always)]
pub unsafe fn describe(record: *mut ConnectionRecord, sock: Sock, state: *mut State, kind: Kind) {
    let (local_port, remote_port) = sock.ports();
    let (write_sequence, read_sequence) = sock.tcp_sequences().unwrap_or((0, 0));
    // SAFETY: by the contract above; the helper has no precondition.
    unsafe {
        (*record).kind = kind as u8;
        (*record).role = (*state).role as u8;
        (*record).flags = (*state).flags as u8;
        (*record).state = sock.tcp_state();
        (*record).pid = (*state).pid;
        (*record).time = bpf_ktime_get_ns();
        (*record).cookie = (*state).cookie;
        (*record).peer_cookie = (*state).peer_cookie;
        (*record).sent = (*state).sent;
        (*record).received = (*state).received;
        (*record).sequence = (*state).sequence as u32;
        (*record).netns = sock.netns();
        (*record).write_sequence = write_sequence;
        (*record).read_sequence = read_sequence;
        (*record).local_port = local_port;
        (*record).remote_port = remote_port;
        (*record).protocol = sock.protocol();
        (*record).padding = 0;
        sock.addresses(&raw mut (*record).local, &raw mut (*record).remote);
        (*record).file_op = 0;
    }
}

/// Looks for the other end on this host. Of two ends that find each other the
/// second is silent: the first one's payload tells all. Where `check_sequences`,
/// the handshake's numbers must agree, so that two networks with the same addresses
/// are not mixed up.
///
/// # Safety
/// `record` must be valid and `state` a map value.
#[inline(always)]
pub unsafe fn pair(
    record: *mut ConnectionRecord,
    state: *mut State,
    netns: u32,
    check_sequences: bool,
) {
    // SAFETY: by the contract above; a value found is copied at once, and a
    // concurrent change of it gives a mismatch.
    unsafe {
        let mut key = PairKey {
            local: (*record).remote,
            remote: (*record).local,
            netns,
            local_port: (*record).remote_port,
            remote_port: (*record).local_port,
        };
        if let Some(other) = PAIRS.get(&key).copied() {
            let agree = other.write_sequence == (*record).read_sequence
                && other.read_sequence == (*record).write_sequence;
            if other.cookie != (*record).cookie && (!check_sequences || agree) {
                let _ = PAIRS.remove(&key);
                (*state).peer_cookie = other.cookie;
                (*state).flags |= u32::from(flags::SILENT);
                (*record).peer_cookie = other.cookie;
                (*record).flags |= flags::SILENT;
                return;
            }
        }
        key.local = (*record).local;
        key.remote = (*record).remote;
        key.local_port = (*record).local_port;
        key.remote_port = (*record).remote_port;
        let value = PairValue {
            cookie: (*record).cookie,
            write_sequence: (*record).write_sequence,
            read_sequence: (*record).read_sequence,
        };
        let _ = PAIRS.insert(&key, &value, 0);
    }
}

/// Whether this is a connection to the daemon's own listener, from either end.
#[inline(always)]
pub fn is_own_listener(sock: Sock) -> bool {
    let port = setting!(SETTINGS.own_port);
    let (local_port, remote_port) = sock.ports();
    if port == 0 || (u32::from(local_port) != port && u32::from(remote_port) != port) {
        return false;
    }
    if sock.netns() != setting!(SETTINGS.own_netns) {
        return false;
    }
    let mut local = [0u8; 16];
    let mut remote = [0u8; 16];
    // SAFETY: both on the stack.
    unsafe { sock.addresses(&raw mut local, &raw mut remote) };
    u32::from(local_port) == port || is_loopback(&raw const remote) || local == remote
}

/// Whether an address is 127.0.0.0/8 (IPv4-mapped) or ::1.
#[inline(always)]
pub fn is_loopback(address: *const [u8; 16]) -> bool {
    let words = address.cast::<u32>();
    // SAFETY: callers give a valid address.
    let (first, second, third, fourth) = unsafe {
        (
            words.read_unaligned(),
            words.add(1).read_unaligned(),
            u32::from_be(words.add(2).read_unaligned()),
            u32::from_be(words.add(3).read_unaligned()),
        )
    };
    first == 0
        && second == 0
        && ((third == 0xffff && fourth >> 24 == 127) || (third == 0 && fourth == 1))
}
