//! Bounds that both sides rely on.

/// Payload bytes of one data record.
pub const CHUNK_BYTES: usize = 16 * 1024;
/// Data records of one call; the rest of the call is uncaptured.
pub const CHUNKS_PER_CALL: usize = 4;
/// I/O vectors of one call that are followed; the rest is uncaptured. The C core of gRPC
/// gives the kernel as many at a time.
pub const IOVECS_PER_CALL: usize = 260;
/// Bytes of a datagram that are read; larger answers of DNS are rare.
pub const DATAGRAM_BYTES: usize = 4 * 1024;
/// Bytes of a process name (`task->comm`), its NUL included.
pub const COMM_BYTES: usize = 16;
/// Bytes for the path of an executable in a process record.
pub const PATH_BYTES: usize = 512;
/// Path components of an executable or a cgroup that are followed.
pub const PATH_COMPONENTS: usize = 16;
/// Connections whose state the kernel side keeps by cookie under tier B, and
/// open connections that wait for their other end to appear on this host.
pub const CONNECTIONS: u32 = 65_536;
/// Default size of the payload ring in bytes: it is mapped twice, so it costs
/// twice this in resident memory.
pub const DATA_RING_BYTES: u32 = 4 * 1024 * 1024;
/// Size of the ring of connection and process events in bytes.
pub const CONTROL_RING_BYTES: u32 = 1024 * 1024;
