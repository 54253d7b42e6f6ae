//! nginx, which says in each response what was agreed on.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::Authority;
use crate::{Running, wait_for_server};

/// What it knows of a handshake, in its own words, as the body of a response.
const SAYS: &str = "{\"version\":\"$ssl_protocol\",\"cipher\":\"$ssl_cipher\",\
    \"group\":\"$ssl_curve\",\"sni\":\"$ssl_server_name\",\"alpn\":\"$ssl_alpn_protocol\",\
    \"resumed\":\"$ssl_session_reused\",\"client_port\":$remote_port,\
    \"client_certificate\":\"$ssl_client_s_dn\",\
    \"proxied\":\"$proxy_protocol_addr $proxy_protocol_port\"}";

/// nginx with a few servers, in one process: workers would outlive a master that is killed.
pub struct TlsNginx {
    _process: Running,
    _directory: TempDir,
}

impl TlsNginx {
    /// Starts servers, each on its port, with the rest of its line `listen` and more lines
    /// of its configuration. Their certificate is the authority's `rsa` unless they say so.
    #[must_use]
    pub fn start(authority: &Authority, servers: &[(u16, &str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path().display();
        let rsa = authority.path("rsa");
        let mut config = format!(
            "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;\n\
             events {{ worker_connections 512; }}\n\
             http {{ access_log off; keepalive_requests 1; client_body_temp_path {root}; proxy_temp_path {root};\n\
             fastcgi_temp_path {root}; uwsgi_temp_path {root}; scgi_temp_path {root};\n\
             ssl_certificate {rsa}.pem; ssl_certificate_key {rsa}.key;\n\
             ssl_client_certificate {authority}; ssl_session_cache shared:all:1m;\n",
            rsa = rsa.display(),
            authority = authority.path("authority.pem").display()
        );
        for (port, listen, more) in servers {
            let _ = writeln!(
                config,
                "server {{ listen 127.0.0.1:{port} {listen}; {more}\n\
                 location / {{ default_type application/json; return 200 '{SAYS}\\n'; }} }}",
            );
        }
        config.push('}');
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, config).expect("the configuration is written");
        let mut command = Command::new("nginx");
        command.arg("-e").arg(directory.path().join("error.log")).arg("-c").arg(&file);
        let process = Running::start(command.stdout(Stdio::null()).stderr(Stdio::inherit()));
        for (port, ..) in servers {
            wait_for_server(SocketAddr::from((Ipv4Addr::LOCALHOST, *port)));
        }
        Self { _process: process, _directory: directory }
    }
}
