//! Every map and global. Sizes that depend on the host are set by user space at load.

use aya_ebpf::btf_maps::{Array, HashMap, LruHashMap, PerCpuArray, RingBuf, SkStorage};
use aya_ebpf::macros::btf_map;
use monitor_common::counter::Counter;
use monitor_common::limits::{
    CHUNK_BYTES, CONNECTIONS, CONTROL_RING_BYTES, DATA_RING_BYTES, DATAGRAM_BYTES,
};
use monitor_common::record::{DataRecord, DatagramRecord, ExecRecord};
use monitor_common::settings::{Offsets, Settings};

use crate::kernel;
use crate::state::State;

/// Offsets of kernel structures; user space overrides it before load.
#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = zeroed_offsets();

/// Choices of user space; overridden before load.
#[unsafe(no_mangle)]
pub static SETTINGS: Settings = Settings {
    socket_file_op: 0,
    own_pid: 0,
    own_port: 0,
    own_netns: 0,
    data_wakeup_bytes: 0,
    control_wakeup_bytes: 0,
    state_by_cookie: 0,
};

const fn zeroed_offsets() -> Offsets {
    // SAFETY: `Offsets` holds only integers, for which zero is a value.
    unsafe { core::mem::zeroed() }
}

/// One field of a global that user space has overridden.
#[macro_export]
macro_rules! setting {
    ($global:ident . $field:ident) => {
        $crate::maps::read_overridden(&$crate::maps::$global.$field)
    };
}

/// A value that user space has overridden; volatile, since the compiler would fold
/// the initial one.
#[inline(always)]
pub fn read_overridden<T: Copy>(value: &'static T) -> T {
    // SAFETY: a reference to initialised data.
    unsafe { core::ptr::from_ref(value).read_volatile() }
}

/// One data record on its way into the ring, one slot per CPU. Twice a chunk, so
/// that a position and a length below one chunk each stay inside for the verifier.
#[repr(C)]
pub struct Scratch {
    /// Header.
    pub record: DataRecord,
    /// Payload.
    pub payload: [u8; 2 * CHUNK_BYTES],
    /// Where the copying of I/O vectors stands.
    pub progress: Progress,
}

/// Where the copying of I/O vectors stands. It lives in a map, since the verifier
/// forgets what is in map memory: with known values in registers it would follow
/// every combination of vector lengths.
#[repr(C)]
pub struct Progress {
    /// Bytes of the call in records that are already in the ring.
    pub done: u64,
    /// Bytes in the payload buffer.
    pub filled: u64,
    /// Vector that is being copied.
    pub vector: u64,
    /// Bytes of it that have been copied.
    pub copied: u64,
    /// Records that are already in the ring.
    pub chunks: u64,
    /// Bytes that the step at hand copies.
    pub wanted: u64,
}

/// One datagram on its way into the ring, one slot per CPU.
#[repr(C)]
pub struct DatagramScratch {
    /// Header.
    pub record: DatagramRecord,
    /// Payload.
    pub payload: [u8; DATAGRAM_BYTES],
}

/// Waits for the other end of a connection to appear on this host.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PairKey {
    /// Address of the end that waits.
    pub local: [u8; 16],
    /// Address of the end that is awaited.
    pub remote: [u8; 16],
    /// Network namespace, 0 where the pair may span two.
    pub netns: u32,
    /// Port of the end that waits.
    pub local_port: u16,
    /// Port of the end that is awaited.
    pub remote_port: u16,
}

/// The end that waits.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PairValue {
    /// Its cookie.
    pub cookie: u64,
    /// Sequence number of the next byte that it sends.
    pub write_sequence: u32,
    /// Sequence number of the next byte that it receives.
    pub read_sequence: u32,
}

/// Payload records.
#[btf_map]
pub static DATA: RingBuf<[u8; 0], { DATA_RING_BYTES as usize }> = RingBuf::new();

/// Connection and process records, so that a flood of payload cannot hide a connect.
#[btf_map]
pub static CONTROL: RingBuf<[u8; 0], { CONTROL_RING_BYTES as usize }> = RingBuf::new();

/// State of a connection end, freed with its socket (tier A).
#[btf_map]
pub static SOCKETS: SkStorage<State> = SkStorage::new();

/// State of a connection end by cookie (tier B, which has no typed socket).
#[btf_map]
pub static CONNECTIONS_BY_COOKIE: HashMap<u64, State, { CONNECTIONS as usize }> = HashMap::new();

/// Ends that wait for their other end.
#[btf_map]
pub static PAIRS: LruHashMap<PairKey, PairValue, 32768> = LruHashMap::new();

/// Data records under construction, by CPU; a plain array since values of a
/// per-CPU array are limited to 32 KiB.
#[btf_map]
pub static SCRATCH: Array<Scratch, 1> = Array::new();

/// Datagrams under construction, by CPU.
#[btf_map]
pub static DATAGRAMS: Array<DatagramScratch, 1> = Array::new();

/// Process records under construction by the iterator, which may be preempted.
#[btf_map]
pub static ITERATOR_SCRATCH: Array<ExecRecord, 1> = Array::new();

/// Counters by reason.
#[btf_map]
pub static COUNTERS: PerCpuArray<u64, { Counter::COUNT as usize }> = PerCpuArray::new();

/// 1 while the consumer sleeps and wants to be woken by the next record.
#[btf_map]
pub static CONSUMER_SLEEPS: Array<u32, 1> = Array::new();

/// Adds one to a counter.
#[inline(always)]
pub fn count(counter: Counter) {
    if let Some(slot) = COUNTERS.get_ptr_mut(counter as u32) {
        // SAFETY: a map value.
        unsafe { kernel::fetch_add(slot, 1) };
    }
}
