//! The BPF object that was built with this program.

/// The object, aligned for its ELF headers.
pub const OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/apiwatch-bpf"));
