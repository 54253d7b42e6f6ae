//! The records that travel through the two rings and the iterators.
//!
//! The payload ring carries `DataRecord` and `DatagramRecord`, each followed by its payload. The control
//! ring carries `ConnectionRecord` and `ProcessRecord`. Each starts with its
//! `Kind`, so a reader needs no other tag. Times are `CLOCK_MONOTONIC`
//! nanoseconds; addresses are in network order, IPv4 as IPv4-mapped IPv6; ports
//! are in host order.

use crate::limits::{COMM_BYTES, PATH_BYTES};

/// First byte of every record.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`DataRecord`]: bytes of a connection, read or only counted.
    Data = 1,
    /// [`ConnectionRecord`]: the connection is established.
    Open = 2,
    /// [`ConnectionRecord`]: state is CLOSE; sent bytes are final, unread bytes may follow.
    Close = 3,
    /// [`ConnectionRecord`]: the socket is destroyed; nothing of it follows.
    Destroy = 4,
    /// [`ConnectionRecord`]: found by the iterator at start.
    Found = 5,
    /// [`ProcessRecord`]: the first call on a socket by this process.
    Owner = 6,
    /// [`ProcessRecord`] with paths: exec, or found by the iterator at start.
    Exec = 7,
    /// [`ProcessRecord`]: a new process, `parent` is the one it inherits from.
    Fork = 8,
    /// [`ProcessRecord`]: the last thread has exited.
    Exit = 9,
    /// [`DatagramRecord`]: a datagram from a DNS server.
    Datagram = 10,
}

impl Kind {
    /// The kind of a record, from its first byte.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Data,
            2 => Self::Open,
            3 => Self::Close,
            4 => Self::Destroy,
            5 => Self::Found,
            6 => Self::Owner,
            7 => Self::Exec,
            8 => Self::Fork,
            9 => Self::Exit,
            10 => Self::Datagram,
            _ => return None,
        })
    }
}

/// [`DataRecord::direction`]: sent by the observed process.
pub const EGRESS: u8 = 0;
/// [`DataRecord::direction`]: received by the observed process.
pub const INGRESS: u8 = 1;

/// Why a record stands for more bytes than its payload holds; 0 for none.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Everything was read.
    None = 0,
    /// The call was larger than the chunks or vectors that are read of one call.
    Truncated = 1,
    /// sendfile or splice: the bytes never were in user memory.
    Sendfile = 2,
    /// sendmmsg or recvmmsg.
    MultiMessage = 3,
    /// `io_uring`, completed in any way.
    IoUring = 4,
    /// A 32-bit system call.
    Compat = 5,
    /// The buffer could not be read without faulting.
    ReadFault = 6,
    /// `MSG_TRUNC`: the kernel discarded the bytes, the buffer holds others.
    Discarded = 7,
    /// Another call that reaches a socket.
    OtherCall = 8,
}

impl Reason {
    /// The reason, from its byte in a record; an unknown byte is [`Reason::OtherCall`].
    #[must_use]
    pub const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::None,
            1 => Self::Truncated,
            2 => Self::Sendfile,
            3 => Self::MultiMessage,
            4 => Self::IoUring,
            5 => Self::Compat,
            6 => Self::ReadFault,
            7 => Self::Discarded,
            _ => Self::OtherCall,
        }
    }
}

/// Header of a data record; `captured` bytes of payload follow it in the ring.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataRecord {
    /// [`Kind::Data`].
    pub kind: u8,
    /// [`EGRESS`] or [`INGRESS`].
    pub direction: u8,
    /// [`Reason`] that `captured` is less than `length`.
    pub reason: u8,
    /// Bits of `flags::*`.
    pub flags: u8,
    /// Payload bytes that follow.
    pub captured: u32,
    /// When the call returned.
    pub time: u64,
    /// Socket cookie: the key of the connection end.
    pub cookie: u64,
    /// Bytes of this direction before this record, as counted since first sight.
    pub offset: u64,
    /// Bytes of the stream that this record stands for.
    pub length: u32,
    /// TCP sequence number after the last byte of this record.
    pub tcp_sequence: u32,
    /// Process (thread group) that made the call.
    pub pid: u32,
    /// Data records of this connection end before this one, both directions.
    pub sequence: u32,
}

/// Header of a datagram from a DNS server; `captured` bytes of payload follow it in the
/// payload ring.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatagramRecord {
    /// [`Kind::Datagram`].
    pub kind: u8,
    /// [`EGRESS`] or [`INGRESS`].
    pub direction: u8,
    /// Explicit padding.
    pub padding: u16,
    /// Payload bytes that follow.
    pub captured: u32,
    /// When the call returned.
    pub time: u64,
    /// Network namespace (inode number).
    pub netns: u32,
    /// Process (thread group) that made the call.
    pub pid: u32,
    /// Bytes of the datagram.
    pub length: u32,
    /// Local port.
    pub local_port: u16,
    /// Remote port.
    pub remote_port: u16,
    /// Local address, IPv4 as IPv4-mapped IPv6.
    pub local: [u8; 16],
    /// Remote address, IPv4 as IPv4-mapped IPv6.
    pub remote: [u8; 16],
}

/// State and counts of a connection end.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// [`Kind::Open`], [`Kind::Close`], [`Kind::Destroy`] or [`Kind::Found`].
    pub kind: u8,
    /// `role::*`.
    pub role: u8,
    /// Bits of `flags::*`.
    pub flags: u8,
    /// TCP state (`TCP_ESTABLISHED` is 1).
    pub state: u8,
    /// Process that is known to own the end, 0 for none yet.
    pub pid: u32,
    /// When it happened.
    pub time: u64,
    /// Socket cookie of this end.
    pub cookie: u64,
    /// Socket cookie of the other end where that lives on this host too, else 0.
    pub peer_cookie: u64,
    /// Bytes that calls on this end sent, as counted since first sight.
    pub sent: u64,
    /// Bytes that calls on this end received, as counted since first sight.
    pub received: u64,
    /// Data records of this end so far.
    pub sequence: u32,
    /// Network namespace (inode number).
    pub netns: u32,
    /// `tcp_sock.write_seq`: the sequence number of the next byte that a call sends; at
    /// [`Kind::Close`] without the one of a FIN.
    pub write_sequence: u32,
    /// `tcp_sock.copied_seq`: the sequence number of the next byte that a call receives.
    pub read_sequence: u32,
    /// Local port.
    pub local_port: u16,
    /// Remote port.
    pub remote_port: u16,
    /// `IPPROTO_TCP` (6) or `IPPROTO_MPTCP` (262).
    pub protocol: u16,
    /// Explicit padding.
    pub padding: u16,
    /// Local address, IPv4 as IPv4-mapped IPv6.
    pub local: [u8; 16],
    /// Remote address, IPv4 as IPv4-mapped IPv6.
    pub remote: [u8; 16],
    /// `file->f_op` of the socket, [`Kind::Found`] only.
    pub file_op: u64,
}

/// Who a process is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessRecord {
    /// [`Kind::Owner`], [`Kind::Exec`], [`Kind::Fork`] or [`Kind::Exit`].
    pub kind: u8,
    /// Explicit padding.
    pub padding: [u8; 3],
    /// Process (thread group) id.
    pub pid: u32,
    /// When it happened.
    pub time: u64,
    /// [`Kind::Owner`]: the socket; else 0.
    pub cookie: u64,
    /// Start of the process in nanoseconds since boot (`start_boottime`).
    pub start: u64,
    /// Process id of the parent.
    pub parent: u32,
    /// Effective user id.
    pub uid: u32,
    /// Process name.
    pub comm: [u8; COMM_BYTES],
}

/// A process with its paths ([`Kind::Exec`]).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecRecord {
    /// Who.
    pub process: ProcessRecord,
    /// Bytes used of `exe`.
    pub exe_length: u32,
    /// Bytes used of `cgroup`.
    pub cgroup_length: u32,
    /// Components of the executable's path, last first, each ended by NUL.
    pub exe: [u8; PATH_BYTES],
    /// Components of the cgroup's path (version 2 hierarchy), last first, each ended by NUL.
    pub cgroup: [u8; PATH_BYTES],
}

/// Values of [`ConnectionRecord::role`], of the observed process.
pub mod role {
    /// Not known from the kernel's events.
    pub const UNKNOWN: u8 = 0;
    /// It connected.
    pub const CLIENT: u8 = 1;
    /// It accepted.
    pub const SERVER: u8 = 2;
    /// A listener, not a connection ([`super::Kind::Found`] only).
    pub const LISTENER: u8 = 3;
}

/// Bits of the `flags` of records.
pub mod flags {
    /// The connection is older than the watch on it.
    pub const MIDSTREAM: u8 = 1;
    /// The other end lives on this host and is the one whose payload is read.
    pub const SILENT: u8 = 2;
    /// `tcp_sequence` and the like mean nothing (MPTCP).
    pub const NO_SEQUENCE: u8 = 4;
    /// The kernel side does not watch this connection (the daemon's own).
    pub const IGNORED: u8 = 8;
}

const _: () = assert!(size_of::<DataRecord>() == 48);
const _: () = assert!(size_of::<DatagramRecord>() == 64);
const _: () = assert!(size_of::<ConnectionRecord>() == 112);
const _: () = assert!(size_of::<ProcessRecord>() == 56);
const _: () = assert!(size_of::<ExecRecord>() == 56 + 8 + 2 * PATH_BYTES);

#[cfg(feature = "user")]
#[expect(
    unsafe_code,
    reason = "records are read from ring memory by copy, for which aya's Pod vouches"
)]
mod pod {
    // SAFETY: `repr(C)`, only integers, no implicit padding (sizes asserted above).
    unsafe impl aya::Pod for super::DataRecord {}
    // SAFETY: as above.
    unsafe impl aya::Pod for super::DatagramRecord {}
    // SAFETY: as above.
    unsafe impl aya::Pod for super::ConnectionRecord {}
    // SAFETY: as above.
    unsafe impl aya::Pod for super::ProcessRecord {}
    // SAFETY: as above.
    unsafe impl aya::Pod for super::ExecRecord {}
}
