use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::free_port;
use apiwatch_tests::tls::{
    Authority, Language, Report, TlsNginx, Words, curl, gnutls, go_client, openssl,
};
use serde_json::{Value, json};

use super::{CLIENT, NAME, authority, daemons, is_to};

/// What a server is set to, so that there is only one thing to agree on.
struct Setting {
    listen: &'static str,
    lines: &'static str,
    version: &'static str,
    cipher: &'static str,
    group: Option<&'static str>,
    asks_for_certificate: bool,
    /// Clients send a key for another group first.
    is_retried: bool,
}

const SETTINGS: [Setting; 6] = [
    Setting {
        listen: "ssl http2",
        lines: "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;\
                ssl_ecdh_curve X25519;",
        version: "1.2",
        cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        group: Some("x25519"),
        asks_for_certificate: false,
        is_retried: false,
    },
    Setting {
        listen: "ssl",
        lines: "ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256; ssl_session_tickets off;",
        version: "1.2",
        cipher: "TLS_RSA_WITH_AES_128_GCM_SHA256",
        group: None,
        asks_for_certificate: false,
        is_retried: false,
    },
    Setting {
        listen: "ssl",
        lines: "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-CHACHA20-POLY1305;\
                ssl_ecdh_curve prime256v1; ssl_certificate EC.pem; ssl_certificate_key EC.key;\
                ssl_verify_client on;",
        version: "1.2",
        cipher: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        group: Some("secp256r1"),
        asks_for_certificate: true,
        is_retried: false,
    },
    Setting {
        listen: "ssl",
        lines: "ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384;\
                ssl_ecdh_curve X25519;",
        version: "1.3",
        cipher: "TLS_AES_256_GCM_SHA384",
        group: Some("x25519"),
        asks_for_certificate: false,
        is_retried: false,
    },
    Setting {
        listen: "ssl",
        lines: "ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;\
                ssl_ecdh_curve secp384r1; ssl_conf_command NumTickets 0;",
        version: "1.3",
        cipher: "TLS_AES_128_GCM_SHA256",
        group: Some("secp384r1"),
        asks_for_certificate: false,
        is_retried: true,
    },
    Setting {
        listen: "ssl",
        lines: "ssl_protocols TLSv1.3;\
                ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256;\
                ssl_ecdh_curve X25519; ssl_certificate EC.pem; ssl_certificate_key EC.key;\
                ssl_verify_client on;",
        version: "1.3",
        cipher: "TLS_CHACHA20_POLY1305_SHA256",
        group: Some("x25519"),
        asks_for_certificate: true,
        is_retried: false,
    },
];

/// Where no session goes on, by client and suite: nginx refuses those that HTTP/2 ended, Go
/// knows none of TLS 1.2 without a ticket, and one server gives none out (of which Go makes a
/// mess after a retry).
const NEVER_RESUMED: [(&str, &str); 3] = [
    ("curl", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    ("Go", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    ("", "TLS_AES_128_GCM_SHA256"),
];

#[test]
fn records_say_what_peers_say() {
    let authority = authority();
    let ports = SETTINGS.map(|_| free_port());
    let ec = authority.path("ec").display().to_string();
    let lines = SETTINGS.map(|setting| setting.lines.replace("EC.", &format!("{ec}.")));
    let servers: Vec<_> = (0..SETTINGS.len())
        .map(|place| (ports[place], SETTINGS[place].listen, lines[place].as_str()))
        .collect();
    let _nginx = TlsNginx::start(&authority, &servers);
    let daemons = daemons("tls", "");
    let words = Words::new();
    let said = all_say(&authority, &ports);
    for (daemon, (client, reports)) in
        daemons.iter().flat_map(|daemon| said.iter().map(move |said| (daemon, said)))
    {
        for (port, setting) in ports.iter().zip(&SETTINGS) {
            let reports: Vec<_> = reports.iter().filter(|it| it.server_port == *port).collect();
            assert_eq!(reports.len(), 2, "{client} at {}", setting.cipher);
            let records = records_of(daemon, &reports);
            for (place, (record, report)) in records.iter().zip(reports).enumerate() {
                compare(record, report, &words);
                let can_resume = NEVER_RESUMED
                    .iter()
                    .all(|(only, cipher)| *cipher != setting.cipher || !client.starts_with(only));
                setting.check(record, report, place == 1 && can_resume);
            }
        }
    }
}

/// Every client with its name.
fn all_say(authority: &Authority, ports: &[u16]) -> Vec<(&'static str, Vec<Report>)> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let go = Language::Go(go_client(directory.path()));
    let each = |connect: &dyn Fn(u16) -> Vec<Report>| {
        ports.iter().flat_map(|port| connect(*port)).collect()
    };
    vec![
        ("curl", each(&|port| curl(authority, port, &[]))),
        ("openssl", each(&|port| openssl(authority, port, Some(NAME), &[]))),
        ("GnuTLS", each(&|port| gnutls(authority, port, NAME, &[]))),
        ("Python", Language::Python.connect(authority, ports)),
        ("Node.js", Language::Node("node".into()).connect(authority, ports)),
        ("Java", Language::Java.connect(authority, ports)),
        ("Go", go.connect(authority, ports)),
    ]
}

/// The records of the connections that the reports are of, in their order.
pub(super) fn records_of(daemon: &Daemon, reports: &[&Report]) -> Vec<Value> {
    let port = reports[0].server_port;
    let pids: Vec<u32> = reports.iter().map(|report| report.pid).collect();
    let records = daemon.wait_for_records("tls", reports.len(), |it| {
        is_to(it, port) && pids.iter().any(|pid| it["client"]["process"]["pid"] == *pid)
    });
    assert_eq!(records.len(), reports.len(), "{records:?}");
    records
}

/// A record says what both peers say. Of the protocol that TLS 1.3 agrees on nobody can tell,
/// only that it was offered.
pub(super) fn compare(record: &Value, report: &Report, words: &Words) {
    let is_tls13 = record["version"] == "1.3";
    let has_exchange = is_tls13 || record["resumed"] == false;
    assert!(report.said[0].contains_key("version"), "the client says it: {report:?}");
    for (member, value) in report.said.iter().flatten() {
        let theirs = words.translated(member, value);
        let (ours, theirs) = match member.as_str() {
            "version" | "cipher" | "sni" | "resumed" | "alpn_offered" => (&record[member], theirs),
            "client_port" => (&record["client"]["port"], theirs),
            "part_of_cipher" => {
                let cipher = record["cipher"].as_str().unwrap_or_default();
                assert!(cipher.contains(theirs.as_str().unwrap_or("?")), "{report:?}: {record}");
                continue;
            }
            "alpn" if is_tls13 => {
                let offered = record["alpn_offered"].as_array().cloned().unwrap_or_default();
                assert!(theirs.is_null() || offered.contains(&theirs), "{report:?}: {record}");
                (&record["alpn"], Value::Null)
            }
            "alpn" => (&record["alpn"], theirs),
            // Peers remember that of the first handshake.
            "group" if !has_exchange => (&record["group"], Value::Null),
            "group" => (&record["group"], theirs),
            // TLS 1.3 has names for its primes (RFC 7919).
            "prime_bits" if is_tls13 => {
                (&record["group"], format!("ffdhe{}", theirs.as_str().unwrap_or("?")).into())
            }
            _ => continue,
        };
        assert_eq!(*ours, theirs, "{member}: {report:?}: {record}");
    }
    assert_eq!(record["anomalies"], json!([]), "{record}");
}

impl Setting {
    /// Both peers could only agree on what the server is set to.
    fn check(&self, record: &Value, report: &Report, is_resumed: bool) {
        let is_tls13 = self.version == "1.3";
        let group = self.group.filter(|_| is_tls13 || !is_resumed);
        let subject = report.says("client_certificate").and_then(Value::as_str);
        if self.asks_for_certificate {
            assert!(subject.is_none_or(|it| it == format!("CN={CLIENT}")), "{report:?}");
        }
        assert_eq!(record["version"], self.version, "{record}");
        assert_eq!(record["cipher"], self.cipher, "{record}");
        assert_eq!(record["group"], json!(group), "{record}");
        assert_eq!(record["resumed"], is_resumed, "{report:?}: {record}");
        assert_eq!(record["retried"], self.is_retried, "{record}");
        let mutual = (!is_tls13 && !is_resumed).then_some(self.asks_for_certificate);
        assert_eq!(record["mutual"], json!(mutual), "{record}");
        let hidden = match (is_tls13, is_resumed) {
            (_, true) => Some("not_sent"),
            (true, false) => Some("tls_1_3"),
            (false, false) => None,
        };
        assert_eq!(record["certificate_hidden"], json!(hidden), "{record}");
        let subject = hidden.is_none().then(|| format!("CN={NAME}"));
        assert_eq!(record["certificate"]["subject"], json!(subject), "{record}");
    }
}
