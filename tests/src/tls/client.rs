//! Programs of our own over the TLS libraries of languages: each connects twice to every
//! port it is given, the second time with the session of the first, and prints for each
//! connection what its library and the server say.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

use super::run::finish;
use super::{Authority, Report};
use crate::{Running, free_port, output_of, wait_for_server};

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
    fn client(&self) -> Command {
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
        self.connect_with(authority, ports, &TlsOptions::default()).0
    }

    /// Runs its client to the end: what it said, and what came on standard error.
    #[must_use]
    pub fn connect_with(
        &self,
        authority: &Authority,
        ports: &[u16],
        options: &TlsOptions<'_>,
    ) -> (Vec<Report>, String) {
        let mut client = self.client();
        let trace = options.trace.then_some("yes");
        for (name, value) in [
            ("VERSION", options.version),
            ("GROUPS", options.groups),
            ("BEFORE", options.before),
            ("PIECES", options.pieces),
            ("TRACE", trace),
        ] {
            client.envs(value.map(|value| (name, value)));
        }
        run(&mut client, authority, ports)
    }
}

/// What a client can be told; not each knows everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct TlsOptions<'a> {
    /// The only version to offer, as `TLSv1_3` (Python).
    pub version: Option<&'a str>,
    /// The groups to offer, with colons between (Node.js).
    pub groups: Option<&'a str>,
    /// Bytes to send before the handshake, in hexadecimal (Python).
    pub before: Option<&'a str>,
    /// Bytes in each call to send, where that is to be limited (Python).
    pub pieces: Option<&'a str>,
    /// Whether OpenSSL is to trace to standard error (Node.js).
    pub trace: bool,
}

fn run(command: &mut Command, authority: &Authority, ports: &[u16]) -> (Vec<Report>, String) {
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
    let _ = output_of(&mut build);
    program
}

/// A Node.js whose OpenSSL knows ML-KEM: `APIWATCH_NODE`, or the one that the set-up has
/// put into the cache.
#[must_use]
pub fn node_with_ml_kem() -> PathBuf {
    if let Some(path) = std::env::var_os("APIWATCH_NODE") {
        return path.into();
    }
    let cached = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    let program = cached.join("apiwatch/node/bin/node");
    assert!(program.exists(), "{} is missing: `cargo xtask setup --test`", program.display());
    program
}

/// Node.js as a server that says in each response what was agreed on.
pub struct NodeServer {
    /// Where it listens.
    pub port: u16,
    _process: Running,
}

impl NodeServer {
    /// Starts one that takes these groups, with colons between.
    #[must_use]
    pub fn start(node: &Path, authority: &Authority, groups: &str) -> Self {
        let port = free_port();
        let mut command = Command::new(node);
        command.arg(peer("tls_server.js"));
        command.arg(authority.path("ec.pem")).arg(authority.path("ec.key"));
        let process = Running::start(command.args([&port.to_string(), groups]));
        wait_for_server(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Self { port, _process: process }
    }
}

/// The source of one of our programs.
pub(crate) fn peer(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/peers").join(file)
}
