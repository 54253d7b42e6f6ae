//! What is said where a command wants the daemon and there is none: what to do next.

use std::fmt;
use std::path::PathBuf;

/// There is no daemon to attach to. Its text is more than one line, for a person at a
/// terminal.
#[derive(Debug)]
pub struct NoDaemon {
    /// Where it would be reached.
    pub socket: PathBuf,
    /// How that is known.
    pub evidence: Evidence,
}

/// How it is known that no daemon runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// There is no socket.
    NoSocket,
    /// There is one, and nobody listens.
    Refused,
}

impl fmt::Display for NoDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let socket = &self.socket;
        match self.evidence {
            Evidence::NoSocket => write!(f, "no daemon runs here: there is no socket {socket:?}")?,
            Evidence::Refused => write!(f, "no daemon runs here: nobody listens on {socket:?}")?,
        }
        f.write_str(
            "
  sudo systemctl start apiwatch     starts it, as root; then `apiwatch top` needs only the group apiwatch
  sudo apiwatch top --standalone    watches without it; needs root, or CAP_BPF and CAP_PERFMON
  apiwatch top --replay FILE        shows a recording (trace, pcap, pcapng); needs no privileges",
        )
    }
}

impl std::error::Error for NoDaemon {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_on_are_named_with_what_each_needs() {
        for (evidence, sentence) in [
            (Evidence::NoSocket, "there is no socket \"/run/a\\nb.sock\""),
            (Evidence::Refused, "nobody listens on \"/run/a\\nb.sock\""),
        ] {
            let error = NoDaemon { socket: "/run/a\nb.sock".into(), evidence };
            let text = error.to_string();
            assert!(text.starts_with(&format!("no daemon runs here: {sentence}\n")), "{text}");
            let ways = [
                ("sudo systemctl start apiwatch", "group apiwatch"),
                ("sudo apiwatch top --standalone", "CAP_BPF and CAP_PERFMON"),
                ("apiwatch top --replay FILE", "no privileges"),
            ];
            for (line, (way, need)) in text.lines().skip(1).zip(ways) {
                assert!(line.trim_start().starts_with(way) && line.contains(need), "{line}");
            }
            assert_eq!(text.lines().count(), 4);
        }
    }
}
