//! The BPF object that was built with this program.

/// The object, aligned for its ELF headers.
pub const OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/apiwatch-bpf"));

#[cfg(test)]
mod tests {
    use super::*;

    /// It would be most of the object, which is in the program and in its memory.
    #[test]
    fn nothing_is_for_debuggers_only() {
        let has = |name: &[u8]| OBJECT.windows(name.len()).any(|it| it == name);
        assert!(has(b".BTF.ext") && has(b"tp_btf/sys_exit"));
        assert!(!has(b".debug_"));
    }
}
