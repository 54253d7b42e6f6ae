//! Where everything is measured: a server, and a directory that is removed.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};

use super::child::{Child, Cpu, command};
use super::clock;
use crate::process;

/// How long a program may take to be ready.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The programs under test, the server, and where files go.
pub(super) struct Site {
    /// apiwatch as it is released.
    pub(super) apiwatch: PathBuf,
    /// The example that drives the pipeline alone.
    pub(super) pipeline: PathBuf,
    /// A load generator whose path is nobody else's, so that metrics tell its requests.
    pub(super) wrk: PathBuf,
    /// Address of the server.
    pub(super) server: SocketAddr,
    /// Where it speaks HTTP/2 without TLS.
    pub(super) http2: SocketAddr,
    directory: PathBuf,
    _nginx: Child,
}

impl Site {
    /// Starts the server in a directory of its own.
    pub(super) fn open(apiwatch: PathBuf, pipeline: PathBuf) -> Result<Self> {
        let directory = std::env::temp_dir().join(format!("apiwatch-bench-{}", std::process::id()));
        // It must be new: this runs as root, and others may write to its parent.
        fs::create_dir(&directory).with_context(|| format!("making {}", directory.display()))?;
        let made = Self::open_in(&directory, apiwatch, pipeline);
        if made.is_err() {
            let _ = fs::remove_dir_all(&directory);
        }
        made
    }

    fn open_in(directory: &Path, apiwatch: PathBuf, pipeline: PathBuf) -> Result<Self> {
        let wrk = directory.join("wrk");
        fs::copy(process::find_program("wrk").context("wrk is missing")?, &wrk)?;
        let (server, http2) = (free_address()?, free_address()?);
        let nginx = start_nginx(directory, server, http2)?;
        let directory = directory.to_owned();
        Ok(Self { apiwatch, pipeline, wrk, server, http2, directory, _nginx: nginx })
    }

    /// A file of the directory.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// An address of the loopback that nobody listens on.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// One process that answers `/` with 90 bytes of JSON and `/page` with 2 KB.
fn start_nginx(directory: &Path, address: SocketAddr, http2: SocketAddr) -> Result<Child> {
    let (root, page) = (directory.display(), page());
    let config = format!(
        "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;\n\
         events {{ worker_connections 4096; }}\n\
         http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {root};\n\
         proxy_temp_path {root}; fastcgi_temp_path {root}; uwsgi_temp_path {root};\n\
         scgi_temp_path {root}; default_type application/json;\n\
         server {{ listen {address}; listen {http2} http2;\n\
         location / {{ return 200 '{SMALL}'; }}\n\
         location = /page {{ return 200 '{page}'; }} }} }}\n"
    );
    let file = directory.join("nginx.conf");
    fs::write(&file, config).context("writing the configuration of nginx")?;
    let program = process::find_program("nginx").context("nginx is missing")?;
    let mut nginx = command(program, Cpu::Server);
    nginx.arg("-e").arg(directory.join("error.log")).arg("-c").arg(file).stdout(Stdio::null());
    let child = Child::start(&mut nginx)?;
    clock::wait_for(PATIENCE, || TcpStream::connect(address).ok())
        .context("nginx did not start to listen")?;
    Ok(child)
}

const SMALL: &str =
    r#"{"id":4711,"account":"current","currency":"EUR","balance":"1250.00","state":"settled_ok"}"#;

fn page() -> String {
    let item = r#"{"id":4711,"text":"a line of a statement","amount":"12.50"}"#;
    let items = std::iter::repeat_n(item, 2048 / (item.len() + 1)).collect::<Vec<_>>();
    format!("[{}]", items.join(","))
}
