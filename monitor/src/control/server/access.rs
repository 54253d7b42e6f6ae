//! Who may ask for what.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::net::UnixStream;

use rustix::net::sockopt::socket_peercred;

use crate::control::socket::Owner;

/// Bytes of /proc/PID/status that are read: the groups of a process can be many.
const STATUS_BYTES: u64 = 1024 * 1024;

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Read, and change what the daemon does.
    Control,
}

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) groups: Groups,
}

/// Groups of a process beside its first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Groups {
    Known(Vec<u32>),
    /// The process has ended, or is not shown to this one.
    Hidden,
}

impl Peer {
    /// Who connected; none where the kernel does not say.
    pub(super) fn of(stream: &UnixStream) -> Option<Self> {
        let credentials = socket_peercred(stream).ok()?;
        let pid = credentials.pid.as_raw_nonzero();
        let groups = groups_of(&format!("/proc/{pid}/status"));
        Some(Self { uid: credentials.uid.as_raw(), gid: credentials.gid.as_raw(), groups })
    }

    /// What it may do with a socket of this owner.
    pub(super) fn access(&self, owner: Owner) -> Access {
        let is_member = match &self.groups {
            Groups::Known(groups) => groups.contains(&owner.gid),
            // The mode of the socket let it in, which is as much as can be known.
            Groups::Hidden => true,
        };
        match self.uid {
            0 => Access::Control,
            uid if uid == owner.uid || self.gid == owner.gid || is_member => Access::Read,
            _ => Access::None,
        }
    }
}

fn groups_of(status: &str) -> Groups {
    let mut text = String::new();
    let read =
        File::open(status).and_then(|file| file.take(STATUS_BYTES).read_to_string(&mut text));
    let line = text.lines().find_map(|line| line.strip_prefix("Groups:"));
    match (read, line) {
        (Ok(_), Some(line)) => {
            Groups::Known(line.split_whitespace().filter_map(|id| id.parse().ok()).collect())
        }
        _ => Groups::Hidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_controls_owner_and_members_read_and_others_do_nothing() {
        let owner = Owner { uid: 990, gid: 980 };
        let known = |groups: &[u32]| Groups::Known(groups.to_vec());
        let cases = [
            (0, 0, known(&[]), Access::Control),
            (0, 5, Groups::Hidden, Access::Control),
            (990, 5, known(&[]), Access::Read),
            (1000, 980, known(&[]), Access::Read),
            (1000, 1000, known(&[4, 980]), Access::Read),
            (1000, 1000, Groups::Hidden, Access::Read),
            (1000, 1000, known(&[]), Access::None),
            (1000, 1000, known(&[4, 981]), Access::None),
        ];
        for (uid, gid, groups, access) in cases {
            let peer = Peer { uid, gid, groups };
            assert_eq!(peer.access(owner), access, "{peer:?}");
        }
    }

    #[test]
    fn the_peer_of_a_socket_is_known() {
        let (here, _there) = UnixStream::pair().unwrap();
        let peer = Peer::of(&here).unwrap();
        assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
        assert!(matches!(peer.groups, Groups::Known(_)), "{peer:?}");
        assert_eq!(groups_of("/proc/none/status"), Groups::Hidden);
    }
}
