//! Clients and servers of `data/peers`: each speaks a protocol with a library that
//! apiwatch has nothing to do with.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::{PATIENCE, Running, output_of, wait_for};

/// A peer that runs until it goes out of scope.
pub struct Peer {
    process: Running,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Starts a peer.
    #[must_use]
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        Self::start_as(&mut command(name, arguments))
    }

    /// Starts a server on a free port of the loopback, once it says `ready`; `arguments`
    /// come after the port.
    #[must_use]
    pub fn serve(name: &str, arguments: &[&str]) -> (Self, SocketAddr) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, crate::free_port()));
        let port = address.port().to_string();
        let server = Self::start(name, &[&[port.as_str()], arguments].concat());
        server.wait_for_line("ready");
        (server, address)
    }

    /// Starts a command that talks as peers do.
    #[must_use]
    pub fn start_as(command: &mut Command) -> Self {
        let mut process = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let lines = gather(process.0.stdout.take().expect("a pipe"));
        Self { process, lines }
    }

    /// Process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Waits until it has printed a line that starts like this, and gives the line.
    pub fn wait_for_line(&self, start: &str) -> String {
        wait_for(&format!("`{start}` of a peer"), PATIENCE, || {
            let lines = self.lines.lock().expect("no panic while gathering");
            lines.iter().find(|line| line.starts_with(start)).cloned()
        })
    }

    /// Gives it a line of input.
    pub fn tell(&mut self, line: &str) {
        let input = self.process.0.stdin.as_mut().expect("a pipe");
        writeln!(input, "{line}").expect("the peer listens");
    }

    /// Waits for its end, which has to be a success.
    pub fn finish(mut self) {
        drop(self.process.0.stdin.take());
        let status = wait_for("the end of a peer", PATIENCE, || {
            self.process.0.try_wait().expect("the peer can be waited for")
        });
        assert!(status.success(), "{status}");
    }
}

/// Runs a peer to its end; its standard output.
#[must_use]
pub fn run(name: &str, arguments: &[&str]) -> String {
    output_of(&mut command(name, arguments))
}

/// The command that starts a peer.
#[must_use]
pub fn command(name: &str, arguments: &[&str]) -> Command {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/peers");
    let mut command = Command::new(python());
    // Peers' byte code has no place among the sources.
    command.arg("-B").arg(folder.join(name)).args(arguments);
    command
}

/// The Python that has the packages of peers: `APIWATCH_PYTHON`, or what there is.
fn python() -> PathBuf {
    std::env::var_os("APIWATCH_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}

/// Gathers lines in a thread until the pipe is closed.
#[must_use]
pub fn gather(pipe: impl Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let gathered = Arc::clone(&lines);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            gathered.lock().expect("no panic while gathering").push(line);
        }
    });
    lines
}
