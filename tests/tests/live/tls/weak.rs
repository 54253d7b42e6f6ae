use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::tls::{Authority, Report, TlsNginx, Words, gnutls, openssl};
use apiwatch_tests::{Running, free_port, wait_for_server};
use serde_json::{Value, json};

use super::agreed::{compare, records_of};
use super::{authority, daemons};

/// A handshake between two programs of one library.
#[derive(Default)]
struct Case {
    /// The name that is asked for.
    name: &'static str,
    /// What the server is told.
    server: &'static str,
    /// What the client is told.
    client: &'static str,
    version: &'static str,
    cipher: &'static str,
    group: Option<&'static str>,
    severity: &'static str,
    reasons: &'static str,
}

/// The cases of a file: a name in a line of its own, then a word and its value in each line.
fn cases(text: &'static str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some((word, value)) = line.split_once(' ') else {
            cases.push(Case { name: line, ..Case::default() });
            continue;
        };
        let case = cases.last_mut().expect("a name comes first");
        match word {
            "server" => case.server = value,
            "client" => case.client = value,
            "agreed" => {
                let mut words = value.split(' ');
                case.version = words.next().expect("a version");
                case.cipher = words.next().expect("a cipher");
                case.group = words.next();
            }
            "weak" => (case.severity, case.reasons) = value.split_once(": ").expect("reasons"),
            _ => panic!("{line}"),
        }
    }
    cases
}

#[test]
fn openssl_agrees_with_itself_and_weaknesses_are_found() {
    let authority = every_kind();
    let start = |case: &Case, port: u16| {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-www", "-quiet"]);
        command.args(["-cert", "rsa.pem", "-key", "rsa.key", "-alpn", "http/1.1"]);
        command.args(case.server.split(' '));
        command
    };
    let connect = |case: &Case, port: u16| {
        let arguments: Vec<_> = case.client.split_whitespace().collect();
        let name = (!case.client.contains("-noservername")).then_some(case.name);
        openssl(&authority, port, name, &arguments)
    };
    judge(&cases(include_str!("../../../data/tls/openssl.txt")), &authority, start, connect);
}

#[test]
fn gnutls_agrees_with_itself_and_weaknesses_are_found() {
    let authority = authority();
    let start = |case: &Case, port: u16| {
        let mut command = Command::new("gnutls-serv");
        command.args(["--port", &port.to_string(), "--http", "--alpn", "http/1.1"]);
        command.args(["--x509certfile", "rsa.pem", "--x509keyfile", "rsa.key"]);
        command.args(["--priority", case.server]);
        command
    };
    let connect = |case: &Case, port: u16| {
        let name = format!("{}.{}", case.name, super::NAME);
        gnutls(&authority, port, &name, &["--priority", case.server])
    };
    judge(&cases(include_str!("../../../data/tls/gnutls.txt")), &authority, start, connect);
}

/// What is fine by default, and is not where the configuration asks for more.
#[test]
fn what_the_profile_demands_is_found() {
    let authority = authority();
    let port = free_port();
    let lines = "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;";
    let _nginx = TlsNginx::start(&authority, &[(port, "ssl", lines)]);
    let profile = "[tls]\nminimum_version = \"1.3\"\nrequire_256_bit = true\n\
        require_post_quantum = true\n\
        refused_ciphers = [\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]\n";
    let demanding = daemons("finding", profile);
    let reports = openssl(&authority, port, Some(super::NAME), &[]);
    let case = Case {
        version: "1.2",
        severity: "high",
        reasons: "old_version, refused_cipher, below_256_bit, not_post_quantum",
        ..Case::default()
    };
    for daemon in &demanding {
        case.check_finding(daemon, &reports[0]);
    }
}

/// Starts the server of each case, connects to it, and looks at what is said.
fn judge(
    cases: &[Case],
    authority: &Authority,
    start: impl Fn(&Case, u16) -> Command,
    connect: impl Fn(&Case, u16) -> Vec<Report>,
) {
    let servers: Vec<_> = cases
        .iter()
        .map(|case| {
            let port = free_port();
            (port, run_in(authority.path(""), &mut start(case, port)))
        })
        .collect();
    for (port, _) in &servers {
        wait_for_server(SocketAddr::from((Ipv4Addr::LOCALHOST, *port)));
    }
    let daemons = daemons("tls,finding", "");
    let words = Words::new();
    let reports: Vec<_> =
        cases.iter().zip(&servers).map(|(case, (port, _))| connect(case, *port)).collect();
    for daemon in &daemons {
        for (case, reports) in cases.iter().zip(&reports) {
            let records = records_of(daemon, &reports.iter().collect::<Vec<_>>());
            for (place, (record, report)) in records.iter().zip(reports).enumerate() {
                compare(record, report, &words);
                case.check_record(record, place == 1);
            }
            case.check_finding(daemon, &reports[0]);
        }
    }
}

fn run_in(directory: impl AsRef<Path>, command: &mut Command) -> Running {
    command.current_dir(directory).stdin(Stdio::null());
    Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

impl Case {
    fn check_record(&self, record: &Value, is_resumed: bool) {
        let group = self.group.filter(|_| self.version == "1.3" || !is_resumed);
        assert_eq!(record["version"], self.version, "{}: {record}", self.name);
        assert_eq!(record["cipher"], self.cipher, "{}: {record}", self.name);
        assert_eq!(record["group"], json!(group), "{}: {record}", self.name);
        assert_eq!(record["resumed"], is_resumed, "{}: {record}", self.name);
    }

    fn check_finding(&self, daemon: &Daemon, report: &Report) {
        let port = report.server_port;
        let found = daemon.wait_for_records("finding", 1, |it| {
            let evidence = &it["evidence"];
            it["kind"] == "weak_encryption"
                && it["state"] == "open"
                && evidence["address"] == format!("127.0.0.1:{port}")
        });
        assert_eq!(found.len(), 1, "{found:?}");
        let finding = &found[0];
        assert_eq!(finding["severity"], self.severity, "{}: {finding}", self.name);
        assert_eq!(finding["evidence"]["reasons"], self.reasons, "{}: {finding}", self.name);
        if self.version != "1.3" {
            assert_eq!(finding["evidence"]["dh_bits"], json!(report.says("prime_bits")));
        }
        let certificate = finding["evidence"]["certificate"].as_str().unwrap_or_default();
        let is_hidden = certificate == "hidden by TLS 1.3";
        assert_eq!(is_hidden, self.version == "1.3", "{}: {finding}", self.name);
    }
}

/// An authority that signed what it should not, too.
fn every_kind() -> Authority {
    let authority = authority();
    authority.sign("small", "rsa:1024", "small", &[]);
    authority.sign("sha1", "ec:P-256", "sha1", &["-sha1"]);
    authority.sign_old("expired", "expired", &["-enddate", "20200201000000Z"]);
    authority.sign_old("ending", "ending", &["-days", "5"]);
    authority.make("own", "ec:P-256", "/CN=own", &[]);
    authority.write_short_prime("short");
    authority
}
