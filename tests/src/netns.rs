//! A network namespace of a test's own.

use std::path::PathBuf;
use std::process::Command;

use crate::output_of;

/// A network namespace with a loopback, removed when it goes out of scope.
pub struct Netns {
    name: String,
}

impl Netns {
    /// Makes a namespace whose loopback has these addresses, with prefix length, as well.
    #[must_use]
    pub fn new(addresses: &[&str]) -> Self {
        let netns = Self { name: format!("apiwatch-test-{}", std::process::id()) };
        let _ = output_of(ip().args(["netns", "add", &netns.name]));
        let _ = output_of(netns.ip().args(["link", "set", "lo", "up"]));
        for address in addresses {
            let _ = output_of(netns.ip().args(["address", "add", address, "dev", "lo"]));
        }
        netns
    }

    /// Has processes within look names up at this server.
    pub fn resolve_at(&self, server: &str) {
        let folder = self.folder();
        std::fs::create_dir_all(&folder).expect("a folder");
        let text = format!("nameserver {server}\noptions timeout:1 attempts:1\n");
        std::fs::write(folder.join("resolv.conf"), text).expect("a file");
    }

    /// The same command within the namespace.
    #[must_use]
    pub fn within(&self, command: &Command) -> Command {
        let mut within = ip();
        within.args(["netns", "exec", &self.name]);
        within.arg(command.get_program()).args(command.get_args());
        within
    }

    fn ip(&self) -> Command {
        let mut command = ip();
        command.args(["-n", &self.name]);
        command
    }

    /// What `ip netns exec` puts in the place of files of /etc.
    fn folder(&self) -> PathBuf {
        PathBuf::from("/etc/netns").join(&self.name)
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        let _ = ip().args(["netns", "delete", &self.name]).status();
        let _ = std::fs::remove_dir_all(self.folder());
        // Only where no one else has anything in it.
        let _ = std::fs::remove_dir("/etc/netns");
    }
}

fn ip() -> Command {
    Command::new("ip")
}
