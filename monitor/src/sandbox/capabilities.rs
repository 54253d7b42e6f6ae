use rustix::io::Errno;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

use super::Kept;

/// Gives up every capability of this thread. Programs stay attached and rings are read
/// without any. Counters are too, but for kernels before 5.19 where
/// `kernel.unprivileged_bpf_disabled` is set: those keep `CAP_BPF`.
pub(super) fn drop_all(is_capturing: impl Fn() -> bool) -> Result<Kept, Errno> {
    let had = capabilities(None)?.permitted;
    limit_bounding_set();
    // What is permitted can come back into effect, so this can be tried.
    set(CapabilitySet::empty(), had)?;
    let kept = if is_capturing() { CapabilitySet::empty() } else { had & CapabilitySet::BPF };
    // Fails only where nothing was there to be cleared.
    let _ = clear_ambient_capability_set();
    set(kept, kept)?;
    Ok(if kept.is_empty() { Kept::Nothing } else { Kept::Bpf })
}

fn set(effective: CapabilitySet, permitted: CapabilitySet) -> Result<(), Errno> {
    set_capabilities(
        None,
        CapabilitySets { effective, permitted, inheritable: CapabilitySet::empty() },
    )
}

/// As far as this process may: it takes `CAP_SETPCAP`, which a service of its own user does
/// not have, but whose unit limits the set instead.
fn limit_bounding_set() {
    for bit in 0..u64::BITS {
        // What this kernel does not know, or what may not be done, changes nothing.
        let _ = remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << bit));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use super::*;

    /// A line of the status of the thread that asks.
    fn line(name: &str) -> String {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    }

    #[test]
    fn nothing_is_left_unless_the_capture_needs_it() {
        let could = capabilities(None).unwrap().permitted;
        for (is_capturing, expected) in
            [(true, CapabilitySet::empty()), (false, could & CapabilitySet::BPF)]
        {
            let after = thread::spawn(move || {
                let kept = drop_all(|| is_capturing).unwrap();
                let lines = ["CapEff:", "CapPrm:", "CapInh:", "CapAmb:"].map(line);
                (kept, lines, thread::spawn(|| line("CapPrm:")).join().unwrap())
            });
            let (kept, [effective, permitted, inheritable, ambient], of_child) =
                after.join().unwrap();
            let bits = format!("{:016x}", expected.bits());
            assert_eq!((&effective, &permitted, &of_child), (&bits, &bits, &bits));
            assert_eq!((inheritable, ambient), ("0".repeat(16), "0".repeat(16)));
            let is_empty = expected.is_empty();
            assert_eq!(kept, if is_empty { Kept::Nothing } else { Kept::Bpf });
        }
    }
}
