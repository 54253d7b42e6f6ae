//! Metrics over TLS and for users, as curl has them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use monitor::sink::http::{self, Listener, MetricsServer, Protection, Tls, Users};
use tempfile::TempDir;

/// `prometheus` with the password `correct horse`, at the lowest cost.
const USERS: &[u8] = b"prometheus:$2b$04$YNpiekAPpH7qu2LxCv2ILucXuvv6yqql58iRpnL/vTa0lRtgaGM1S\n";
const RIGHT: &str = "prometheus:correct horse";

/// A server with a certificate of its own.
struct Bench {
    directory: TempDir,
    address: SocketAddr,
    _server: MetricsServer,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let certificate = make_certificate(directory.path(), "own");
        make_certificate(directory.path(), "other");
        let read = |path: &Path| fs::read(path).expect("what was made");
        let key = certificate.with_extension("key");
        let tls = Tls::from_pem(&read(&certificate), &read(&key)).expect("a certificate");
        let users = Users::parse(USERS).expect("users");
        let protection = Protection { tls: Some(tls), users: Some(Arc::new(users)) };
        let listener = http::bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let address = listener.local_addr().expect("an address");
        let source = || "apiwatch_up 1\n".to_owned();
        let server = http::serve(Listener::Tcp(listener), protection, source).expect("a server");
        Self { directory, address, _server: server }
    }

    /// How curl ends, and the status it got.
    fn curl(&self, arguments: &str, user: Option<&str>) -> (Option<i32>, String) {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "30", "-o"]).arg(self.directory.path().join("body"));
        curl.args(["-w", "%{http_code}"]);
        let directory = self.directory.path().display().to_string();
        let port = self.address.port().to_string();
        let arguments = arguments.replace('@', &directory).replace("PORT", &port);
        curl.args(arguments.split(' '));
        curl.args(user.map(|user| ["-u", user]).into_iter().flatten());
        let output = curl.output().expect("curl runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Makes `NAME.crt` and `NAME.key`; the path of the first.
fn make_certificate(directory: &Path, name: &str) -> PathBuf {
    let certificate = directory.join(name).with_extension("crt");
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost"]);
    command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    command.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    command.arg("-keyout").arg(certificate.with_extension("key")).arg("-out").arg(&certificate);
    let output = command.output().expect("openssl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    certificate
}

#[test]
fn curl_gets_what_it_may_have() {
    let bench = Bench::new();
    // 60: the certificate is not trusted. 1, 52 and 56: what comes is not HTTP, or nothing.
    let url = "https://127.0.0.1:PORT/metrics";
    let trusted = format!("--cacert @/own.crt {url}");
    let cases: &[(&str, Option<&str>, &[i32], &str)] = &[
        (&trusted, Some(RIGHT), &[0], "200"),
        (&format!("--tlsv1.2 --tls-max 1.2 {trusted}"), Some(RIGHT), &[0], "200"),
        (&format!("--tlsv1.3 {trusted}"), Some(RIGHT), &[0], "200"),
        (&format!("--http2 {trusted}"), Some(RIGHT), &[0], "200"),
        (&trusted, Some("prometheus:wrong"), &[0], "401"),
        (&trusted, Some("nobody:correct horse"), &[0], "401"),
        (&trusted, None, &[0], "401"),
        (&format!("--cacert @/other.crt {url}"), Some(RIGHT), &[60], "000"),
        (url, Some(RIGHT), &[60], "000"),
        ("http://127.0.0.1:PORT/metrics", Some(RIGHT), &[1, 52, 56], "000"),
    ];
    for (arguments, user, exits, status) in cases {
        let (exit, found) = bench.curl(arguments, *user);
        assert!(exit.is_some_and(|exit| exits.contains(&exit)), "{arguments}: {exit:?} {found}");
        assert_eq!(found, *status, "{arguments} {user:?}");
        if *status == "200" {
            let body = fs::read_to_string(bench.directory.path().join("body")).expect("a body");
            assert_eq!(body, "apiwatch_up 1\n");
        }
    }
}

/// Versions before 1.2 (RFC 8996) and suites without forward secrecy are declined.
#[test]
fn old_versions_and_weak_suites_are_declined() {
    let bench = Bench::new();
    for (arguments, is_let) in [
        ("-tls1_3", true),
        ("-tls1_2", true),
        ("-tls1_1 -cipher DEFAULT@SECLEVEL=0", false),
        ("-tls1 -cipher DEFAULT@SECLEVEL=0", false),
        ("-tls1_2 -cipher AES128-GCM-SHA256", false),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA", false),
    ] {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", &bench.address.to_string()]);
        let output = client.args(arguments.split(' ')).stdin(std::process::Stdio::null()).output();
        let output = output.expect("openssl runs");
        assert_eq!(output.status.success(), is_let, "{arguments}: {output:?}");
    }
}
