//! With TLS and with users.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use super::super::sample::{CREDENTIALS, Made, USERS, certificate};
use super::*;

fn users(text: &str) -> Option<Arc<Users>> {
    Some(Arc::new(Users::parse(text.as_bytes()).unwrap()))
}

fn tls(made: &Made) -> Option<Tls> {
    Some(Tls::from_pem(&made.certificate, &made.key).unwrap())
}

fn server_with(protection: Protection) -> Served {
    protected(TIMEOUTS, protection, Arc::new(|| "apiwatch_up 1\n".to_owned()))
}

fn request(path: &str, authorization: &str) -> String {
    let header = match authorization {
        "" => String::new(),
        value => format!("Authorization: {value}\r\n"),
    };
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n")
}

fn refused(served: &Served, refusal: Refusal) -> u64 {
    served.server.refusals().find(|(it, _)| *it == refusal).unwrap().1
}

/// An exchange over TLS with a client that trusts this certificate alone.
fn exchange_over(
    served: &Served,
    trusted: &Made,
    version: &'static SupportedProtocolVersion,
    request: &str,
) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&trusted.certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(client, connect(served));
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    // Without a notice of its end this is an error.
    stream.read_to_string(&mut response)?;
    Ok(response)
}

#[test]
fn only_a_user_with_the_password_is_let_in() {
    let server = server_with(Protection { tls: None, users: users(USERS) });
    let right = format!("Basic {CREDENTIALS}");
    let cases = [
        ("/metrics", right.as_str(), "200"),
        ("/metrics", right.as_str(), "200"),
        ("/healthz", right.as_str(), "200"),
        ("/nothing", right.as_str(), "404"),
        ("/metrics", "", "401"),
        ("/healthz", "", "401"),
        ("/nothing", "", "401"),
        // prometheus:wrong, nobody:correct horse, and what is none at all.
        ("/metrics", "Basic cHJvbWV0aGV1czp3cm9uZw==", "401"),
        ("/metrics", "Basic bm9ib2R5OmNvcnJlY3QgaG9yc2U=", "401"),
        ("/metrics", "Basic prometheus", "401"),
        ("/metrics", "Bearer cHJvbWV0aGV1czpjb3JyZWN0IGhvcnNl", "401"),
    ];
    for (path, authorization, code) in cases {
        let response = exchange(&server, request(path, authorization).as_bytes());
        assert_eq!(status(&response), code, "{path} {authorization}: {response}");
        let is_asked =
            response.to_lowercase().contains("www-authenticate: basic realm=\"apiwatch\"");
        assert_eq!(is_asked, code == "401", "{response}");
        assert_eq!(response.contains("apiwatch_up"), path == "/metrics" && code == "200");
    }
    assert_eq!(refused(&server, Refusal::Credentials), 7);
}

#[test]
fn both_versions_of_tls_are_spoken_and_the_answers_are_those_of_clear_text() {
    let made = certificate("ec:P-256");
    let server = server_with(Protection { tls: tls(&made), users: users(USERS) });
    let right = format!("Basic {CREDENTIALS}");
    for version in [&TLS12, &TLS13] {
        for (authorization, code) in [(right.as_str(), "200"), ("", "401")] {
            let request = request("/metrics", authorization);
            let response = exchange_over(&server, &made, version, &request).unwrap();
            assert_eq!(status(&response), code, "{version:?}");
        }
    }
    assert_eq!(refused(&server, Refusal::Handshake), 0);
}

#[test]
fn who_does_not_speak_tls_gets_nothing() {
    let made = certificate("ec:P-256");
    let server = server_with(Protection { tls: tls(&made), users: None });
    let junk =
        [b"\x16\x03\x01\xff\xff".to_vec(), b"\x16\x03\x01\x40\x00\x01\0\x3f\xfc".repeat(9000)];
    for bytes in [request("/metrics", "").into_bytes()].iter().chain(&junk) {
        let stream = connect(&server);
        let _sent = (&stream).write_all(bytes);
        let _shut = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _reset = (&stream).read_to_end(&mut answer);
        // An alert at most.
        assert!(answer.len() <= 7, "{answer:?}");
    }
    // A client that trusts another certificate goes away.
    let other = certificate("ec:P-256");
    assert!(exchange_over(&server, &other, &TLS13, &request("/metrics", "")).is_err());
    wait_for_sockets(&server, 0);
    let response = exchange_over(&server, &made, &TLS13, &request("/metrics", "")).unwrap();
    assert_eq!(status(&response), "200", "the server goes on");
    assert_eq!(refused(&server, Refusal::Handshake), 4);
}

#[test]
fn a_client_that_never_ends_its_handshake_is_closed() {
    let timeouts =
        Timeouts { head: Duration::from_millis(100), connection: Duration::from_millis(300) };
    let protection = Protection { tls: tls(&certificate("ec:P-256")), users: None };
    let server = protected(timeouts, protection, Arc::new(String::new));
    let begun = connect(&server);
    (&begun).write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").unwrap();
    for stream in [begun, connect(&server)] {
        assert_eq!(read_to_close(&stream), "");
    }
}

#[test]
fn what_replaces_the_protection_counts_from_then_on() {
    let (old, new) = (certificate("ec:P-256"), certificate("ec:P-256"));
    let server = server_with(Protection { tls: tls(&old), users: users(USERS) });
    let request = request("/metrics", &format!("Basic {CREDENTIALS}"));
    let status_over = |trusted: &Made| {
        let response = exchange_over(&server, trusted, &TLS13, &request);
        response.ok().map(|it| status(&it).to_owned())
    };
    assert_eq!(status_over(&old).as_deref(), Some("200"));
    server.server.protect(Protection { tls: tls(&new), users: users(USERS) });
    assert_eq!(status_over(&old), None);
    assert_eq!(status_over(&new).as_deref(), Some("200"));
    let renamed = USERS.replace("prometheus:", "other:");
    server.server.protect(Protection { tls: tls(&new), users: users(&renamed) });
    assert_eq!(status_over(&new).as_deref(), Some("401"));
}

#[test]
fn more_connections_than_are_served_are_counted() {
    let server = server();
    let streams: Vec<_> = (0..MAX_CONNECTIONS + 3).map(|_| connect(&server)).collect();
    for stream in &streams[MAX_CONNECTIONS as usize..] {
        assert_eq!(read_to_close(stream), "");
    }
    assert_eq!(refused(&server, Refusal::Connections), 3);
}
