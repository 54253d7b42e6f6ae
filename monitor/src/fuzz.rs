//! One door for each parser of bytes from outside: the fuzz targets of `fuzz/` go through
//! them, and the tests replay the corpora that were worth keeping.
//!
//! Each takes any bytes and panics only where an invariant does not hold.

use std::path::PathBuf;

use crate::capture::{btf, cgroup};
use crate::pipeline::protocol;
use crate::trace::TraceReader;

/// A connection of any protocol that is known by its bytes.
pub fn session(bytes: &[u8]) {
    protocol::fuzz::session(bytes);
}

/// The PROXY protocol.
pub fn proxy(bytes: &[u8]) {
    protocol::fuzz::proxy(bytes);
}

/// A recorded trace.
pub fn trace(bytes: &[u8]) {
    let Ok(mut reader) = TraceReader::new(bytes, PathBuf::from("fuzz")) else { return };
    while let Ok(Some(_)) = reader.next() {}
}

/// The kernel's type information.
pub fn btf(bytes: &[u8]) {
    if let Ok(btf) = btf::Btf::parse(bytes) {
        let _ = btf::offsets(&btf);
    }
}

/// The path of a control group.
pub fn cgroup(bytes: &[u8]) {
    let _ = cgroup::identity_of(&String::from_utf8_lossy(bytes));
}

/// Every door by its name.
pub const DOORS: &[(&str, fn(&[u8]))] =
    &[("btf", btf), ("cgroup", cgroup), ("proxy", proxy), ("session", session), ("trace", trace)];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Beside the workspace's crates, a crate of its own.
    fn fuzz() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
    }

    #[test]
    fn every_door_has_a_target_and_every_target_a_door() {
        let folder = std::fs::read_dir(fuzz().join("fuzz_targets")).expect("there are targets");
        let mut targets: Vec<String> = folder
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        targets.sort();
        assert_eq!(targets, DOORS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    /// The samples of the tests; written to where `cargo xtask fuzz` asks for them.
    #[test]
    fn every_sample_holds() {
        let seeds = std::env::var_os("APIWATCH_SEEDS").map(PathBuf::from);
        for (name, door) in DOORS {
            for (number, sample) in samples(name).iter().enumerate() {
                door(sample);
                if let Some(folder) = seeds.as_ref().map(|seeds| seeds.join(name).join("corpus")) {
                    std::fs::create_dir_all(&folder).unwrap();
                    std::fs::write(folder.join(format!("sample-{number}")), sample).unwrap();
                }
            }
        }
    }

    fn samples(name: &str) -> Vec<Vec<u8>> {
        match name {
            "session" => protocol::tests::scripts(),
            "trace" => vec![include_bytes!("../../tests/data/trace/v2.apiwatch-trace").to_vec()],
            _ => Vec::new(),
        }
    }

    #[test]
    fn kept_corpora_hold() {
        for (name, door) in DOORS {
            let Ok(folder) = std::fs::read_dir(fuzz().join("corpus").join(name)) else { continue };
            for entry in folder {
                door(&std::fs::read(entry.unwrap().path()).unwrap());
            }
        }
    }

    #[test]
    fn no_door_minds_nothing_or_any_one_byte() {
        for (_, door) in DOORS {
            door(&[]);
            for byte in 0..=255 {
                door(&[byte]);
                door(&[byte; 64]);
            }
        }
    }
}
