//! Clients that others wrote. Each connects twice, the second time with the session of the
//! first, and what it prints for people is read.

use std::process::Command;

use serde_json::{Map, Value, json};

use super::run::{end, finish};
use super::{Authority, NAME, OFFERED, Report};

const REQUEST: &str = "GET / HTTP/1.0\r\n\r\n";

/// curl, with more arguments.
#[must_use]
pub fn curl(authority: &Authority, port: u16, more: &[&str]) -> Vec<Report> {
    let mut command = Command::new("curl");
    command.args(["-sv", "--max-time", "20", "-H", "Connection: close", "--cacert"]);
    command.arg(authority.path("authority.pem"));
    command.arg("--cert").arg(authority.path("client.pem"));
    command.arg("--key").arg(authority.path("client.key"));
    command.args(["--resolve", &format!("{NAME}:{port}:127.0.0.1")]).args(more);
    let url = format!("https://{NAME}:{port}/");
    let done = finish(command.args([&url, &url]), "");
    let clients = curl_connections(&done.errors);
    let servers: Vec<_> = done.output.lines().filter_map(object).collect();
    assert_eq!((clients.len(), servers.len()), (2, 2), "{}{}", done.errors, done.output);
    let said = clients.into_iter().zip(servers);
    said.map(|(client, server)| Report::of(done.pid, port, vec![client, server])).collect()
}

fn curl_connections(verbose: &str) -> Vec<Map<String, Value>> {
    let mut connections: Vec<Map<String, Value>> = Vec::new();
    for line in verbose.lines() {
        if let Some((_, protocols)) = line.split_once("offers ") {
            let offered: Vec<_> = protocols.trim().split(',').collect();
            connections.push(fields(json!({ "alpn_offered": offered })));
        }
        let Some(connection) = connections.last_mut() else { continue };
        if let Some((_, agreed)) = line.split_once("SSL connection using ") {
            // Newer ones name the group after them.
            for (member, word) in ["version", "cipher", "group"].iter().zip(agreed.split(" / ")) {
                connection.insert((*member).into(), word.trim().into());
            }
        }
        if let Some((_, protocol)) = line.split_once("server accepted ") {
            connection.insert("alpn".into(), protocol.trim().into());
        }
    }
    connections
}

/// openssl as a client that asks for a name, or for none, with more arguments.
#[must_use]
pub fn openssl(authority: &Authority, port: u16, name: Option<&str>, more: &[&str]) -> Vec<Report> {
    let session = authority.path("session");
    let _ = std::fs::remove_file(&session);
    let connect = |kept: &str| {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-ign_eof"]);
        match name {
            Some(name) => command.args(["-servername", name]),
            None => command.arg("-noservername"),
        };
        command.args(["-alpn", OFFERED]);
        // Not every server gives one out.
        if kept == "-sess_out" || session.exists() {
            command.arg(kept).arg(&session);
        }
        command.arg("-cert").arg(authority.path("client.pem"));
        command.arg("-key").arg(authority.path("client.key"));
        let done = finish(command.args(more), REQUEST);
        // The response may come in the midst of a line about a ticket.
        let (client, page) = done.output.split_once("HTTP/1").unwrap_or((&done.output, ""));
        let mut said = vec![openssl_says(client)];
        said[0].insert("sni".into(), name.into());
        said[0].insert("alpn_offered".into(), OFFERED.split(',').collect::<Vec<_>>().into());
        // nginx says it as an object, s_server in the words of s_client.
        let server = page.lines().find_map(object).unwrap_or_else(|| openssl_says(page));
        assert!(server.contains_key("version"), "the server says it: {}", done.output);
        said.push(server);
        Report::of(done.pid, port, said)
    };
    vec![connect("-sess_out"), connect("-sess_in")]
}

/// openssl as a client whose handshake comes to nothing, with more arguments: its process id
/// and the number of the alert that it got or sent.
#[must_use]
pub fn openssl_refused(port: u16, more: &[&str]) -> (u32, u64) {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-msg"]);
    let done = end(command.args(more), REQUEST);
    assert!(!done.is_good, "{command:?} succeeded: {}", done.output);
    // Its bytes are in the next line: level and number.
    let mut lines = done.output.lines().skip_while(|line| !line.contains("Alert [length 0002]"));
    let alert = lines.nth(1).and_then(|bytes| bytes.trim().split(' ').nth(1));
    let number = alert.and_then(|alert| u64::from_str_radix(alert, 16).ok());
    (done.pid, number.unwrap_or_else(|| panic!("{command:?}: {}", done.output)))
}

fn openssl_says(text: &str) -> Map<String, Value> {
    let mut said = Map::new();
    for line in text.lines().map(str::trim) {
        if let Some((life, agreed)) = line.split_once(", ")
            && let Some((version, cipher)) = agreed.split_once(", Cipher is ")
            && matches!(life, "New" | "Reused")
        {
            // That of the cipher: below TLS 1.3 another line says the one agreed on.
            said.entry("version").or_insert_with(|| version.into());
            said.insert("cipher".into(), cipher.into());
            said.insert("resumed".into(), (life == "Reused").into());
        }
        if let Some((what, value)) = line.split_once(':') {
            match what.trim() {
                "Protocol" => drop(said.insert("version".into(), value.trim().into())),
                "ALPN protocol" => drop(said.insert("alpn".into(), value.trim().into())),
                "Negotiated TLS1.3 group" => drop(said.insert("group".into(), value.trim().into())),
                "Server Temp Key" => said.extend([temporary_key(value)]),
                _ => {}
            }
        }
        match line {
            "No ALPN negotiated" => drop(said.insert("alpn".into(), Value::Null)),
            "Early data was accepted" => drop(said.insert("early_data".into(), "accepted".into())),
            _ => {}
        }
    }
    said
}

/// `X25519, 253 bits`, `ECDH, prime256v1, 256 bits`, `DH, 2048 bits`.
fn temporary_key(value: &str) -> (String, Value) {
    let words: Vec<_> = value.split(',').map(str::trim).collect();
    match words.as_slice() {
        ["DH", bits] => ("prime_bits".into(), bits.trim_end_matches(" bits").into()),
        ["ECDH", group, ..] | [group, ..] => ("group".into(), (*group).into()),
        [] => ("group".into(), Value::Null),
    }
}

/// h2load, that connects as often as told, all at once, and asks once on each: what it says
/// of the first handshake is true of all.
#[must_use]
pub fn h2load(port: u16, connections: usize) -> Report {
    let mut command = Command::new("h2load");
    let count = connections.to_string();
    command.args(["-t", "1", "-n", &count, "-c", &count]);
    let done = finish(command.arg(format!("https://127.0.0.1:{port}/")), "");
    assert!(done.output.contains(&format!("{connections} succeeded")), "{}", done.output);
    let said = done.output.lines().filter_map(|line| {
        let (what, value) = line.split_once(": ")?;
        let member = match what {
            "TLS Protocol" => "version",
            "Cipher" => "cipher",
            "Server Temp Key" => "group",
            "Application protocol" => "alpn",
            _ => return None,
        };
        // The size of a group comes after its name.
        Some((member.to_owned(), value.split(' ').next().into()))
    });
    Report::of(done.pid, port, vec![said.collect()])
}

/// gnutls-cli, with more arguments. It asks for nothing before it connects again, so the
/// server says nothing of the first connection.
#[must_use]
pub fn gnutls(authority: &Authority, port: u16, name: &str, more: &[&str]) -> Vec<Report> {
    let mut command = Command::new("gnutls-cli");
    command.arg("--x509cafile").arg(authority.path("authority.pem"));
    command.arg("--x509certfile").arg(authority.path("client.pem"));
    command.arg("--x509keyfile").arg(authority.path("client.key"));
    command.args(["--sni-hostname", name, "--verify-hostname", name, "--port", &port.to_string()]);
    for protocol in OFFERED.split(',') {
        command.args(["--alpn", protocol]);
    }
    command.args(["--resume"]).args(more).arg("127.0.0.1");
    let done = finish(&mut command, REQUEST);
    let (first, second) =
        done.output.split_once("- Connecting again").unwrap_or((&done.output, ""));
    let server = second.lines().find_map(object);
    let reports = [(first, None), (second, server)].map(|(text, server)| {
        let mut client = gnutls_says(text);
        client.insert("sni".into(), name.into());
        client.insert("alpn_offered".into(), OFFERED.split(',').collect::<Vec<_>>().into());
        Report::of(done.pid, port, [client].into_iter().chain(server).collect())
    });
    reports.into()
}

/// `(TLS1.3-X.509)-(ECDHE-SECP384R1)-(RSA-PSS-RSAE-SHA256)-(AES-256-GCM)`.
fn gnutls_says(text: &str) -> Map<String, Value> {
    let mut said = fields(json!({ "resumed": text.contains("This is a resumed session") }));
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    said.insert("alpn".into(), value("- Application protocol:").into());
    let described = value("- Description:").unwrap_or_default();
    let parts: Vec<_> = described.trim_matches(['(', ')']).split(")-").collect();
    let [version, others @ ..] = parts.as_slice() else { return said };
    said.insert("version".into(), version.split('-').next().into());
    if let Some((_, group)) = others.first().and_then(|exchange| exchange.split_once("HE-")) {
        said.insert("group".into(), group.into());
    }
    // A code of its own comes after the cipher.
    let mut ciphers = others.iter().rev().map(|part| part.trim_start_matches(['-', '(']));
    said.insert("part_of_cipher".into(), ciphers.find(|it| !it.starts_with("SHA")).into());
    said
}

fn object(line: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(line).ok()
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
