use std::collections::BTreeSet;

use apiwatch_tests::tls::{Language, NodeServer, TlsOptions, Words, node_with_ml_kem};
use serde_json::json;

use super::agreed::{compare, records_of};
use super::{authority, daemons, is_to};

/// What the server takes, what the client offers, what both say that they agreed on, and
/// whether the client sent a key for another group first.
const CASES: [(&str, &str, &str, bool); 4] = [
    ("X25519MLKEM768", "X25519MLKEM768:X25519", "X25519MLKEM768", false),
    ("SecP256r1MLKEM768", "X25519MLKEM768:SecP256r1MLKEM768", "SecP256r1MLKEM768", true),
    ("SecP384r1MLKEM1024", "X25519MLKEM768:SecP384r1MLKEM1024", "SecP384r1MLKEM1024", true),
    ("X25519", "SecP256r1MLKEM768:X25519", "x25519", true),
];

#[test]
fn hybrid_groups_are_those_that_peers_name_and_lack_nothing() {
    let (authority, node) = (authority(), node_with_ml_kem());
    let servers = CASES.map(|(groups, ..)| NodeServer::start(&node, &authority, groups));
    let daemons = daemons("tls,finding", "");
    let words = Words::new();
    for (server, (_, offered, group, is_retried)) in servers.iter().zip(CASES) {
        let options = TlsOptions { groups: Some(offered), trace: true, ..TlsOptions::default() };
        let client = Language::Node(node.clone());
        let (reports, trace) = client.connect_with(&authority, &[server.port], &options);
        let named: BTreeSet<_> = agreed_groups(&trace).into_iter().collect();
        let named: Vec<_> = named.iter().map(|it| words.translated("group", &json!(it))).collect();
        assert_eq!(named, [group], "OpenSSL's own trace: {trace}");
        for daemon in &daemons {
            let records = records_of(daemon, &reports.iter().collect::<Vec<_>>());
            for (place, (record, report)) in records.iter().zip(&reports).enumerate() {
                compare(record, report, &words);
                assert_eq!(record["group"], group, "{record}");
                assert_eq!(record["resumed"], place == 1, "{record}");
                assert_eq!(record["retried"], is_retried, "{record}");
                let hybrid: Vec<_> = offered.split(':').filter(|it| it.contains("KEM")).collect();
                assert_eq!(record["offered"]["groups_pq"], json!(hybrid), "{record}");
            }
        }
    }
    // The last one is told to be weaker, so all before it would have been.
    for daemon in &daemons {
        let last = servers[CASES.len() - 1].port;
        let is_weak = |port: u16| {
            let address = format!("127.0.0.1:{port}");
            move |it: &serde_json::Value| {
                it["kind"] == "weak_encryption" && it["evidence"]["address"] == address
            }
        };
        let found = daemon.wait_for_records("finding", 1, is_weak(last));
        assert_eq!(found[0]["evidence"]["reasons"], "not_post_quantum", "{found:?}");
        for server in &servers[..CASES.len() - 1] {
            let found = daemon.records("finding");
            assert!(!found.iter().any(is_weak(server.port)), "{found:?}");
            assert!(daemon.records("tls").iter().any(|it| is_to(it, server.port)));
        }
    }
}

/// The numbers of the groups in the key shares of servers, from OpenSSL's trace.
fn agreed_groups(trace: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    let mut is_of_server = false;
    for line in trace.lines() {
        if line.contains("Hello, Length=") {
            is_of_server = line.contains("ServerHello");
        }
        if is_of_server && let Some((_, group)) = line.split_once("NamedGroup: ") {
            let number = group.split_once('(').map(|(_, number)| number.trim_end_matches(')'));
            groups.extend(number);
        }
    }
    groups
}
