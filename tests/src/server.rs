//! Servers that apiwatch did not write.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::tls::peer;
use crate::{Running, free_port, wait_for_server};

/// nginx that answers every path but `/missing` with a small JSON, in one process: workers
/// would outlive a master that is killed.
pub struct Nginx {
    /// Where it listens.
    pub address: SocketAddr,
    _process: Running,
    _directory: TempDir,
}

impl Nginx {
    /// Starts nginx on a free port of the loopback.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts nginx that speaks HTTP/2 only.
    #[must_use]
    pub fn start_http2() -> Self {
        Self::start_with(" http2")
    }

    fn start_with(listen: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let root = directory.path().display();
        std::fs::write(directory.path().join("file.bin"), vec![b'x'; 400_000]).expect("a file");
        let config = format!(
            "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; keepalive_requests 1000000; client_body_temp_path {root}; proxy_temp_path {root};\n\
             fastcgi_temp_path {root}; uwsgi_temp_path {root}; scgi_temp_path {root};\n\
             server {{ listen {address}{listen}; listen [::1]:{port}{listen};\n\
             location / {{ default_type application/json; return 200 '{{\"account\":\"4711\",\"balance\":12.5}}'; }}\n\
             location = /file.bin {{ root {root}; sendfile on; }}\n\
             location /missing {{ return 404; }} }} }}\n",
            port = address.port()
        );
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, config).expect("the configuration is written");
        let mut command = Command::new("nginx");
        command.arg("-e").arg(directory.path().join("error.log")).arg("-c").arg(&file);
        let process = Running::start(command.stdout(Stdio::null()).stderr(Stdio::inherit()));
        wait_for_server(address);
        Self { address, _process: process, _directory: directory }
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// nghttpd: HTTP/2 only, with one thread that serves files.
pub struct Nghttpd {
    /// Where it listens.
    pub address: SocketAddr,
    _process: Running,
    _directory: TempDir,
}

impl Nghttpd {
    /// The files it serves, and how large they are.
    pub const FILES: [(&str, u64); 3] = [("/small", 10), ("/large", 1000), ("/other", 555)];

    /// Starts nghttpd on a free port of the loopback.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (path, size) in Self::FILES {
            let file = directory.path().join(path.trim_start_matches('/'));
            std::fs::write(file, "x".repeat(size as usize)).expect("a file");
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut command = Command::new("nghttpd");
        command.args(["--no-tls", "--address=127.0.0.1"]).args(arguments);
        command.arg("--htdocs").arg(directory.path()).arg(address.port().to_string());
        let process = Running::start(command.stdout(Stdio::null()).stderr(Stdio::inherit()));
        wait_for_server(address);
        Self { address, _process: process, _directory: directory }
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// A Python program with its arguments, started from its text.
#[must_use]
pub fn python(program: &str, arguments: &[&str]) -> Running {
    let mut command = Command::new("python3");
    command.arg("-c").arg(program).args(arguments);
    Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))
}

/// A proxy that tunnels every CONNECT to its port on the loopback.
#[must_use]
pub fn connect_proxy(port: u16) -> Running {
    let mut command = Command::new("python3");
    command.arg(peer("connect_proxy.py")).arg(port.to_string());
    let process = Running::start(&mut command);
    wait_for_server(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    process
}
