//! Set-up of the integration tests: apiwatch, servers and clients as child processes
//! that end with the test, and records as JSON.

/// Prometheus and Alertmanager with what is shipped for them, only sooner.
pub mod alerting;
/// apiwatch as a child process.
pub mod apiwatch;
/// What the kernel holds of the eBPF of a process.
pub mod kernel;
/// A client that never rests, and counts what fails.
pub mod load;
/// Network namespaces.
pub mod netns;
/// Clients and servers that are written for a protocol.
pub mod peer;
/// The terminal UI in a terminal.
pub mod screen;
/// Servers that apiwatch did not write.
pub mod server;
/// tcpdump and its captures.
pub mod tcpdump;
/// TLS peers that apiwatch did not write.
pub mod tls;
/// A small disk.
pub mod tmpfs;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Longest wait for something that takes moments.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A port of the loopback that is free now.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A child process that is killed when it goes out of scope.
#[derive(Debug)]
pub struct Running(pub Child);

impl Running {
    /// Starts a command.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("starting {command:?}: {error}")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command to its end; its standard output.
#[must_use]
pub fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("running {command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Looks until something is there, at most `patience` long.
pub fn wait_for<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(now() < deadline, "{what} did not come within {patience:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a server answers at an address.
pub fn wait_for_server(address: SocketAddr) {
    wait_for(&format!("a server at {address}"), PATIENCE, || {
        std::net::TcpStream::connect(address).ok()
    });
}

#[expect(clippy::disallowed_methods, reason = "tests wait by the real clock")]
fn now() -> Instant {
    Instant::now()
}
