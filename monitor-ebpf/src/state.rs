//! State of a connection end.

use core::ffi::c_void;
use core::ptr;

use aya_ebpf::helpers::generated::bpf_sk_storage_get;
use monitor_common::counter::Counter;
use monitor_common::record::{EGRESS, flags, role};

use crate::kernel::{Sock, fetch_add};
use crate::maps::{CONNECTIONS_BY_COOKIE, SOCKETS, count};
use crate::setting;

/// [`State::flags`] only: an open record was sent, so a close must follow.
pub const OPENED: u32 = 1 << 8;

const BPF_SK_STORAGE_GET_F_CREATE: u64 = 1;

/// Counts of both directions and what is known of the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct State {
    /// Bytes sent since first sight.
    pub sent: u64,
    /// Bytes received since first sight.
    pub received: u64,
    /// Socket cookie.
    pub cookie: u64,
    /// Cookie of the other end where it lives on this host.
    pub peer_cookie: u64,
    /// Data records so far.
    pub sequence: u64,
    /// Process that made the last call, 0 for none yet.
    pub pid: u32,
    /// `record::flags` and [`OPENED`].
    pub flags: u32,
    /// `record::role`.
    pub role: u32,
    /// Explicit padding.
    pub padding: u32,
}

impl State {
    const NEW: Self = Self {
        sent: 0,
        received: 0,
        cookie: 0,
        peer_cookie: 0,
        sequence: 0,
        pid: 0,
        flags: 0,
        role: role::UNKNOWN as u32,
        padding: 0,
    };

    /// Counts the bytes of a call; the bytes of that direction before it.
    ///
    /// # Safety
    /// `state` must be a map value.
    #[inline(always)]
    pub unsafe fn add_bytes(state: *mut Self, direction: u8, bytes: u64) -> u64 {
        // SAFETY: by the contract above; two threads may call on one socket, so
        // the counters are atomic.
        unsafe {
            let counter = if direction == EGRESS {
                &raw mut (*state).sent
            } else {
                &raw mut (*state).received
            };
            fetch_add(counter, bytes)
        }
    }

    /// Takes the number of the next data record.
    ///
    /// # Safety
    /// `state` must be a map value.
    #[inline(always)]
    pub unsafe fn next_sequence(state: *mut Self) -> u32 {
        // SAFETY: as above.
        unsafe { fetch_add(&raw mut (*state).sequence, 1) as u32 }
    }
}

/// State of a socket, where there is one.
#[inline(always)]
pub fn find(sock: Sock) -> Option<*mut State> {
    if setting!(SETTINGS.state_by_cookie) == 0 {
        storage(sock, 0)
    } else {
        CONNECTIONS_BY_COOKIE.get_ptr_mut(sock.cookie())
    }
}

/// State of a socket, made where there is none; a new one has `new_flags`.
#[inline(always)]
pub fn find_or_create(sock: Sock, new_flags: u8) -> Option<*mut State> {
    if let Some(state) = find(sock) {
        return Some(state);
    }
    let cookie = sock.cookie();
    let state = if setting!(SETTINGS.state_by_cookie) == 0 {
        storage(sock, BPF_SK_STORAGE_GET_F_CREATE)
    } else {
        let _ = CONNECTIONS_BY_COOKIE.insert(&cookie, &State::NEW, 0);
        CONNECTIONS_BY_COOKIE.get_ptr_mut(cookie)
    };
    let Some(state) = state else {
        count(Counter::StateFull);
        return None;
    };
    // SAFETY: a map value.
    unsafe {
        (*state).cookie = cookie;
        (*state).flags = u32::from(new_flags);
        if sock.protocol() == crate::kernel::IPPROTO_MPTCP {
            (*state).flags |= u32::from(flags::NO_SEQUENCE);
        }
    }
    Some(state)
}

#[inline(always)]
fn storage(sock: Sock, create: u64) -> Option<*mut State> {
    // SAFETY: a typed socket; a new value is zeroed by the kernel.
    let state = unsafe {
        bpf_sk_storage_get(
            ptr::from_ref(&SOCKETS).cast_mut().cast::<c_void>(),
            sock.0.cast_mut(),
            ptr::null_mut(),
            create,
        )
    };
    (!state.is_null()).then_some(state.cast())
}

/// Forgets a connection end.
#[inline(always)]
pub fn forget(cookie: u64) {
    if setting!(SETTINGS.state_by_cookie) != 0 {
        let _ = CONNECTIONS_BY_COOKIE.remove(&cookie);
    }
}
