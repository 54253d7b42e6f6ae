//! Typed and probed reads of kernel structures at offsets from BTF.
//!
//! A *typed* pointer comes from a hook's argument; the verifier knows its type and
//! checks plain loads. A *probed* address is a number; only `bpf_probe_read_kernel`
//! may follow it.

use core::arch::asm;
use core::ffi::c_void;
use core::mem::MaybeUninit;

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::helpers::generated::{
    bpf_get_current_task_btf, bpf_get_socket_cookie, bpf_probe_read_kernel, bpf_skc_to_tcp_sock,
};

use crate::setting;

/// IPv4.
pub const AF_INET: u16 = 2;
/// IPv6.
pub const AF_INET6: u16 = 10;
/// TCP.
pub const IPPROTO_TCP: u16 = 6;
/// UDP.
pub const IPPROTO_UDP: u16 = 17;
/// MPTCP.
pub const IPPROTO_MPTCP: u16 = 262;
/// `TCP_ESTABLISHED`.
pub const ESTABLISHED: u8 = 1;
/// `TCP_SYN_SENT`.
pub const SYN_SENT: u8 = 2;
/// `TCP_SYN_RECV`.
pub const SYN_RECV: u8 = 3;
/// `TCP_FIN_WAIT1`.
pub const FIN_WAIT1: u8 = 4;
/// `TCP_FIN_WAIT2`.
pub const FIN_WAIT2: u8 = 5;
/// `TCP_CLOSE`.
pub const CLOSE: u8 = 7;
/// `TCP_CLOSE_WAIT`.
pub const CLOSE_WAIT: u8 = 8;
/// `TCP_LAST_ACK`.
pub const LAST_ACK: u8 = 9;
/// `TCP_CLOSING`.
pub const CLOSING: u8 = 11;
/// `TCP_LISTEN`.
pub const LISTEN: u8 = 10;

const PF_IO_WORKER: u32 = 0x10;
const PF_KTHREAD: u32 = 0x0020_0000;
/// `TS_COMPAT` of x86's `thread_info.status`.
const TS_COMPAT: u32 = 2;

/// Loads a member of a typed structure.
///
/// # Safety
/// `base` must be a pointer whose type the verifier knows and `offset` a member of
/// that type with the size of `T`.
#[inline(always)]
pub unsafe fn load<T: Copy>(base: *const c_void, offset: u32) -> T {
    // SAFETY: by the contract above; the verifier checks it again.
    unsafe { base.cast::<u8>().add(offset as usize).cast::<T>().read_volatile() }
}

/// Reads kernel memory at an untyped address; zero where that faults.
#[inline(always)]
pub fn probe<T: Copy>(base: u64, offset: u32) -> T {
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: the destination is on the stack and as large as the size given; the
    // helper tolerates any source.
    unsafe {
        bpf_probe_read_kernel(
            value.as_mut_ptr().cast(),
            size_of::<T>() as u32,
            (base + u64::from(offset)) as *const c_void,
        );
        value.assume_init()
    }
}

/// Adds to a counter that other CPUs, or programs that interrupt this one, may add
/// to at the same time; the value before. `core` has no atomic add for this target.
///
/// # Safety
/// `counter` must point to a map value.
#[inline(always)]
pub unsafe fn fetch_add(counter: *mut u64, mut value: u64) -> u64 {
    // SAFETY: by the contract above.
    unsafe {
        asm!(
            "{0} = atomic_fetch_add((u64 *)({1} + 0), {0})",
            inout(reg) value,
            in(reg) counter,
        );
    }
    value
}

/// `value`, or `limit` where it is more; in one register, so that the verifier
/// sees the bound on the very register that is used.
#[inline(always)]
pub fn clamp(mut value: u64, limit: u64) -> u64 {
    // SAFETY: only compares and moves.
    unsafe {
        asm!(
            "if {0} <= {1} goto 1f",
            "{0} = {1}",
            "1:",
            inout(reg) value,
            in(reg) limit,
        );
    }
    value
}

/// A `struct sock` whose type the verifier knows.
#[derive(Clone, Copy)]
pub struct Sock(pub *const c_void);

impl Sock {
    /// Address family.
    #[inline(always)]
    pub fn family(self) -> u16 {
        // SAFETY: typed pointer, offset from BTF.
        unsafe { load(self.0, setting!(OFFSETS.sock_family)) }
    }

    /// IP protocol.
    #[inline(always)]
    pub fn protocol(self) -> u16 {
        // SAFETY: typed pointer, offset from BTF.
        unsafe { load(self.0, setting!(OFFSETS.sock_protocol)) }
    }

    /// Whether this is a socket of IP.
    #[inline(always)]
    pub fn is_ip(self) -> bool {
        let family = self.family();
        family == AF_INET || family == AF_INET6
    }

    /// Whether this is a TCP or MPTCP socket over IP.
    #[inline(always)]
    pub fn is_tcp(self) -> bool {
        let protocol = self.protocol();
        self.is_ip() && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)
    }

    /// TCP state.
    #[inline(always)]
    pub fn tcp_state(self) -> u8 {
        // SAFETY: typed pointer, offset from BTF.
        unsafe { load(self.0, setting!(OFFSETS.sock_state)) }
    }

    /// Cookie, assigned by this call where there is none yet.
    #[inline(always)]
    pub fn cookie(self) -> u64 {
        // SAFETY: typed pointer.
        unsafe { bpf_get_socket_cookie(self.0.cast_mut()) }
    }

    /// Whether a file, thus a user, stands behind the socket: kernel sockets (NFS,
    /// MPTCP subflows) have none.
    #[inline(always)]
    pub fn has_file(self) -> bool {
        // SAFETY: typed pointer, offset from BTF.
        let socket: u64 = unsafe { load(self.0, setting!(OFFSETS.sock_socket)) };
        socket != 0 && probe::<u64>(socket, setting!(OFFSETS.socket_file)) != 0
    }

    /// Network namespace (inode number).
    #[inline(always)]
    pub fn netns(self) -> u32 {
        // SAFETY: typed pointer, offset from BTF.
        let net: u64 = unsafe { load(self.0, setting!(OFFSETS.sock_net)) };
        probe(net, setting!(OFFSETS.net_inum))
    }

    /// Local and remote port in host order.
    #[inline(always)]
    pub fn ports(self) -> (u16, u16) {
        // SAFETY: typed pointer, offsets from BTF.
        unsafe {
            (
                load(self.0, setting!(OFFSETS.sock_num)),
                u16::from_be(load(self.0, setting!(OFFSETS.sock_dport))),
            )
        }
    }

    /// Writes the local and the remote address as IPv6, IPv4 as IPv4-mapped.
    ///
    /// # Safety
    /// Both targets must be valid.
    #[inline(always)]
    pub unsafe fn addresses(self, local: *mut [u8; 16], remote: *mut [u8; 16]) {
        // SAFETY: typed pointer, offsets from BTF; targets by the contract above.
        unsafe {
            if self.family() == AF_INET {
                write_mapped(local, load(self.0, setting!(OFFSETS.sock_rcv_saddr)));
                write_mapped(remote, load(self.0, setting!(OFFSETS.sock_daddr)));
            } else {
                write_address6(local, self.0, setting!(OFFSETS.sock_v6_rcv_saddr));
                write_address6(remote, self.0, setting!(OFFSETS.sock_v6_daddr));
            }
        }
    }

    /// `write_seq` and `copied_seq`; none for MPTCP.
    #[inline(always)]
    pub fn tcp_sequences(self) -> Option<(u32, u32)> {
        // SAFETY: typed pointer; the helper answers NULL for what is no TCP socket.
        let tcp = unsafe { bpf_skc_to_tcp_sock(self.0.cast_mut()) };
        if tcp.is_null() {
            return None;
        }
        // SAFETY: typed pointer, offsets from BTF.
        unsafe {
            Some((
                load(tcp.cast(), setting!(OFFSETS.tcp_write_seq)),
                load(tcp.cast(), setting!(OFFSETS.tcp_copied_seq)),
            ))
        }
    }
}

/// Writes an IPv4 address as IPv4-mapped IPv6.
#[inline(always)]
unsafe fn write_mapped(target: *mut [u8; 16], address: u32) {
    let words = target.cast::<u32>();
    // SAFETY: four words, by the contract of the caller.
    unsafe {
        words.write_unaligned(0);
        words.add(1).write_unaligned(0);
        words.add(2).write_unaligned(0xffff_0000_u32.to_le());
        words.add(3).write_unaligned(address);
    }
}

/// Copies an `in6_addr` as its four words, as the verifier knows it.
#[inline(always)]
unsafe fn write_address6(target: *mut [u8; 16], sock: *const c_void, offset: u32) {
    let words = target.cast::<u32>();
    // SAFETY: four words on both sides, by the contract of the caller.
    unsafe {
        words.write_unaligned(load(sock, offset));
        words.add(1).write_unaligned(load(sock, offset + 4));
        words.add(2).write_unaligned(load(sock, offset + 8));
        words.add(3).write_unaligned(load(sock, offset + 12));
    }
}

/// A `struct task_struct` whose type the verifier knows.
#[derive(Clone, Copy)]
pub struct Task(pub *const c_void);

impl Task {
    /// The task that runs now.
    #[inline(always)]
    pub fn current() -> Self {
        // SAFETY: no precondition.
        Self(unsafe { bpf_get_current_task_btf() }.cast())
    }

    /// Process (thread group) id.
    #[inline(always)]
    pub fn tgid(self) -> u32 {
        // SAFETY: typed pointer, offset from BTF.
        unsafe { load(self.0, setting!(OFFSETS.task_tgid)) }
    }

    /// Thread id.
    #[inline(always)]
    pub fn pid(self) -> u32 {
        // SAFETY: typed pointer, offset from BTF.
        unsafe { load(self.0, setting!(OFFSETS.task_pid)) }
    }

    /// Whether this is no user thread in a system call: its saved registers are
    /// not those of the call that moves the bytes.
    #[inline(always)]
    pub fn is_kernel_thread(self) -> bool {
        // SAFETY: typed pointer, offset from BTF.
        let flags: u32 = unsafe { load(self.0, setting!(OFFSETS.task_flags)) };
        flags & (PF_IO_WORKER | PF_KTHREAD) != 0
    }

    /// Whether the current system call came through the 32-bit entry, whose
    /// numbers and registers mean other things.
    #[inline(always)]
    pub fn in_compat_call(self) -> bool {
        // SAFETY: typed pointer, offset from BTF.
        let status: u32 = unsafe { load(self.0, setting!(OFFSETS.task_thread_info_status)) };
        status & TS_COMPAT != 0
    }

    /// Address of the structure, for probed reads.
    #[inline(always)]
    pub fn address(self) -> u64 {
        self.0 as u64
    }
}

/// Process (thread group) id of the current task.
#[inline(always)]
pub fn current_tgid() -> u32 {
    (bpf_get_current_pid_tgid() >> 32) as u32
}
