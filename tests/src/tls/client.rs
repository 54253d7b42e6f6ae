//! Programs of our own over the TLS libraries of languages: each connects twice to every
//! port it is given, the second time with the session of the first, and prints for each
//! connection what its library and the server say.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

use super::run::finish;
use super::{Authority, Report};
use crate::output_of;

/// A language with TLS of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python over the OpenSSL of the system.
    Python,
    /// Node.js over the OpenSSL within it; which one.
    Node(PathBuf),
    /// Java, run from its source.
    Java,
    /// Go, as [`go_client`] built it.
    Go(PathBuf),
}

impl Language {
    /// Its program, ready for arguments.
    #[must_use]
    pub fn client(&self) -> Command {
        let (program, source) = match self {
            Self::Python => (Path::new("python3"), peer("tls_client.py")),
            Self::Node(program) => (program.as_path(), peer("tls_client.js")),
            Self::Java => (Path::new("java"), peer("TlsClient.java")),
            Self::Go(program) => return Command::new(program),
        };
        let mut command = Command::new(program);
        command.arg(source);
        command
    }

    /// Runs its client to the end.
    #[must_use]
    pub fn connect(&self, authority: &Authority, ports: &[u16]) -> Vec<Report> {
        run(&mut self.client(), authority, ports).0
    }
}

/// Runs a client to the end: what it printed, and what came on standard error.
pub(super) fn run(
    command: &mut Command,
    authority: &Authority,
    ports: &[u16],
) -> (Vec<Report>, String) {
    for file in ["authority.pem", "client.pem", "client.key"] {
        command.arg(authority.path(file));
    }
    command.args(ports.iter().map(u16::to_string));
    let done = finish(command, "");
    let reports = done.output.lines().map(|line| {
        let mut said: Map<String, Value> =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let port = said.remove("port").and_then(|port| port.as_u64()).expect("a port");
        let server = said.remove("server").and_then(|server| server.as_object().cloned());
        let said = [said].into_iter().chain(server).collect();
        Report::of(done.pid, u16::try_from(port).expect("a port"), said)
    });
    (reports.collect(), done.errors)
}

/// Builds the client in Go: its compiler is slow to start, and what it builds is not.
#[must_use]
pub fn go_client(directory: &Path) -> PathBuf {
    let program = directory.join("tls_client");
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(&program).arg(peer("tls_client.go"));
    build.current_dir(directory).env("GOCACHE", directory.join("cache"));
    build.envs([("GOFLAGS", "-mod=mod"), ("GOTOOLCHAIN", "local"), ("GOPROXY", "off")]);
    let _ = output_of(build.env("CGO_ENABLED", "0"));
    program
}

/// The source of one of our programs.
#[must_use]
pub fn peer(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/peers").join(file)
}
