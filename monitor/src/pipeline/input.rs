//! Everything the pipeline needs from outside. Recording these is enough to
//! replay anything: each carries its own time.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::process::{Process, ProcessKey};
use super::settings::Settings;
use super::time::{Timestamp, WallOffset};

/// One input. Payload is borrowed from the ring or the trace; it is copied only
/// where a message straddles records.
#[derive(Debug, Serialize, Deserialize)]
pub enum Input<'a> {
    /// Bytes of a connection, read or only counted.
    #[serde(borrow)]
    Record(Record<'a>),
    /// A connection end was opened, closed, destroyed, or found at start.
    Connection(ConnectionEvent),
    /// A process made its first call on a connection end.
    Owner {
        /// The end.
        cookie: Cookie,
        /// The process; its [`Input::Process`] comes before.
        process: ProcessKey,
    },
    /// Identity of a process, resolved outside.
    Process(Arc<Process>),
    /// Records that a stage could not deliver.
    Loss(Loss),
    /// Policy and limits; the first input of a stream, and again at each reload.
    Settings(Arc<Settings>),
    /// What an earlier run learned, as the state file holds it.
    #[serde(with = "serde_bytes_vec")]
    Baseline(Vec<u8>),
    /// The process uses more memory than it may: give up what can be done without.
    MemoryShort,
    /// Time has passed.
    Tick {
        /// Now.
        time: Timestamp,
        /// How wall time stands to kernel time now.
        wall_offset: WallOffset,
    },
    /// A UDP datagram of port 53.
    #[serde(borrow)]
    Datagram(Datagram<'a>),
    /// The findings that an earlier run left open, as the state file holds them.
    #[serde(with = "serde_bytes_vec")]
    Findings(Vec<u8>),
}

mod serde_bytes_vec {
    use serde::{Deserialize, Deserializer, Serializer};
    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        <&[u8]>::deserialize(from).map(<[u8]>::to_vec)
    }
}

/// Kernel socket cookie: names one end of a connection, never used again in a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cookie(pub u64);

/// Direction of bytes, relative to the observed end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Sent by the observed process.
    Egress,
    /// Received by the observed process.
    Ingress,
}

/// Part of the process in the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// It connected.
    Client,
    /// It accepted.
    Server,
}

impl std::ops::Not for Role {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Where the bytes of a record were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// At a system call on a socket.
    Socket,
    /// In a packet of a capture file.
    Pcap,
}

/// Why bytes moved and were not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UncapturedReason {
    /// The call was larger than what is read of one call, or the packet than what a
    /// capture kept of it.
    Truncated,
    /// sendfile or splice.
    Sendfile,
    /// sendmmsg or recvmmsg.
    MultiMessage,
    /// `io_uring`.
    IoUring,
    /// A 32-bit program.
    Compat,
    /// The buffer was not present in memory.
    ReadFault,
    /// `MSG_TRUNC`.
    Discarded,
    /// Another call.
    OtherCall,
    /// The record was lost on the way ([`Loss`]), or a capture lacks the packet.
    Lost,
    /// TCP sequence numbers show bytes that no observed call moved (splice out).
    Bypassed,
}

/// Bytes of one direction of one connection end.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Record<'a> {
    /// Which end.
    pub cookie: Cookie,
    /// Which way.
    pub direction: Direction,
    /// Where they were read.
    pub source: Source,
    /// When the call returned.
    pub time: Timestamp,
    /// Bytes of this direction before this record, since first sight.
    pub offset: u64,
    /// Bytes of the stream that this record stands for.
    pub length: u32,
    /// TCP sequence number after the last byte; none where it means nothing.
    pub tcp_sequence: Option<u32>,
    /// Records of this end before this one, both directions: a jump is loss.
    pub sequence: u32,
    /// Process id that made the call.
    pub pid: u32,
    /// Why `payload` is shorter than `length`, where it is.
    pub uncaptured: Option<UncapturedReason>,
    /// The first bytes of the record, as many as were read.
    #[serde(serialize_with = "serde_bytes_vec::serialize")]
    pub payload: &'a [u8],
}

/// Payload is secret, so it prints as its size.
impl std::fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("cookie", &self.cookie.0)
            .field("direction", &self.direction)
            .field("time", &self.time.0)
            .field("offset", &self.offset)
            .field("length", &self.length)
            .field("sequence", &self.sequence)
            .field("uncaptured", &self.uncaptured)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .finish_non_exhaustive()
    }
}

/// A UDP datagram that a process of this host sent or received.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Datagram<'a> {
    /// When the call returned.
    pub time: Timestamp,
    /// Network namespace (inode number).
    pub netns: u32,
    /// The end on this host.
    pub local: SocketAddress,
    /// The other end.
    pub remote: SocketAddress,
    /// Which way.
    pub direction: Direction,
    /// Process id that made the call.
    pub pid: u32,
    /// Its first bytes, as many as were read.
    #[serde(serialize_with = "serde_bytes_vec::serialize")]
    pub payload: &'a [u8],
}

/// Payload is secret, so it prints as its size.
impl std::fmt::Debug for Datagram<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Datagram")
            .field("time", &self.time.0)
            .field("netns", &self.netns)
            .field("local", &self.local)
            .field("remote", &self.remote)
            .field("direction", &self.direction)
            .field("pid", &self.pid)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .finish()
    }
}

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SocketAddress {
    /// IPv4-mapped IPv6 addresses are stored as IPv4.
    pub address: IpAddr,
    /// TCP or UDP port.
    pub port: u16,
}

/// What happened to a connection end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectionChange {
    /// Established now.
    Open,
    /// Found at start; it is older than the watch.
    Found,
    /// State is CLOSE: what it sent is final, unread bytes may follow.
    Close,
    /// The socket is gone; nothing of it follows.
    Destroy,
    /// Bytes were sent again and were others: which of them the receiver took is not known.
    Conflict,
}

/// An event of one connection end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionEvent {
    /// What happened.
    pub change: ConnectionChange,
    /// When.
    pub time: Timestamp,
    /// Which end.
    pub cookie: Cookie,
    /// The other end, where that lives on this host too.
    pub peer: Option<Cookie>,
    /// Part of the process at this end, where known.
    pub role: Option<Role>,
    /// This end's payload is not read because the other end's is.
    pub silent: bool,
    /// The connection is older than the watch on it.
    pub midstream: bool,
    /// Network namespace (inode number).
    pub netns: u32,
    /// This end.
    pub local: SocketAddress,
    /// The other end.
    pub remote: SocketAddress,
    /// Bytes that calls on this end sent since first sight.
    pub sent: u64,
    /// Bytes that calls on this end received since first sight.
    pub received: u64,
    /// Data records of this end so far.
    pub sequence: u32,
    /// TCP sequence number of the next byte that a call sends; none where it means nothing.
    pub write_sequence: Option<u32>,
    /// TCP sequence number of the next byte that a call receives.
    pub read_sequence: Option<u32>,
}

/// Records that a stage could not deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Where.
    pub stage: Stage,
    /// Why.
    pub reason: LossReason,
    /// How many since the last report.
    pub count: u64,
    /// When the last report was, or the start.
    pub since: Timestamp,
    /// When this report is.
    pub time: Timestamp,
}

/// A stage that can lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The payload ring; for a capture file, that of the program which wrote it.
    DataRing,
    /// The ring of connection and process events.
    ControlRing,
    /// The kernel side's tables.
    KernelTable,
    /// The pipeline's tables.
    Pipeline,
    /// A sink that was too slow.
    Sink,
}

/// Why a stage lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// The ring had no room.
    RingFull,
    /// A table had no room.
    TableFull,
    /// An entry was evicted to make room.
    Evicted,
    /// The queue of a sink had no room.
    QueueFull,
}
