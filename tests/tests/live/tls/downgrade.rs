use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::free_port;
use apiwatch_tests::tls::{
    Language, NodeServer, Report, TlsNginx, TlsOptions, Words, node_with_ml_kem,
};
use serde_json::{Value, json};

use super::{authority, daemons};

const PYTHON: [&str; 2] = ["TLSv1_3", "TLSv1_2"];
const NODE: [&str; 2] = ["X25519MLKEM768:X25519", "X25519"];

#[test]
fn agreeing_on_less_than_before_is_told() {
    let (authority, node) = (authority(), node_with_ml_kem());
    let ports = [free_port(), free_port()];
    let lines = "ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve X25519;\
                 ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;";
    let _nginx = TlsNginx::start(&authority, &ports.map(|port| (port, "ssl", lines)));
    let hybrid = NodeServer::start(&node, &authority, "X25519MLKEM768:X25519");
    let daemons = daemons("tls,finding", "");

    let python = |port: u16, version: &'static str| {
        let options = TlsOptions { version: Some(version), ..TlsOptions::default() };
        Language::Python.connect_with(&authority, &[port], &options).0
    };
    let node = |groups: &'static str| {
        let options = TlsOptions { groups: Some(groups), ..TlsOptions::default() };
        Language::Node(node.clone()).connect_with(&authority, &[hybrid.port], &options).0
    };
    // Up first: that is none, but the next time down is.
    let up = [python(ports[0], PYTHON[1]), python(ports[0], PYTHON[0])];
    let down = [python(ports[1], PYTHON[0]), python(ports[1], PYTHON[1])];
    let weaker = [node(NODE[0]), node(NODE[1])];

    let words = Words::new();
    for daemon in &daemons {
        let found = downgrade(daemon, ports[1]);
        let loss = "less than before: a lower version";
        assert!(found["summary"].as_str().is_some_and(|it| it.contains(loss)), "{found}");
        for (when, reports) in ["before", "after"].iter().zip(&down) {
            assert_eq!(found["evidence"][when], posture(&reports[0], &words), "{found}");
        }

        let found = downgrade(daemon, hybrid.port);
        let loss = "less than before: no post-quantum group";
        assert!(found["summary"].as_str().is_some_and(|it| it.contains(loss)), "{found}");
        for (when, suffix) in [("before", " X25519MLKEM768"), ("after", " x25519")] {
            let posture = found["evidence"][when].as_str().unwrap_or_default();
            assert!(posture.starts_with("1.3 ") && posture.ends_with(suffix), "{found}");
        }
        assert_eq!(weaker.iter().flatten().count(), 4);

        assert_eq!(up.iter().flatten().count(), 4);
        let address = format!("127.0.0.1:{}", ports[0]);
        let found = daemon.records("finding");
        let mut to_better = found.iter().filter(|it| it["evidence"]["address"] == address);
        assert!(!to_better.any(is_downgrade), "{found:?}");
    }
}

/// The finding of a downgrade at a port.
fn downgrade(daemon: &Daemon, port: u16) -> Value {
    let address = format!("127.0.0.1:{port}");
    let mut found = daemon.wait_for_records("finding", 1, |it| {
        it["evidence"]["address"] == address && is_downgrade(it)
    });
    let found = found.remove(0);
    assert_eq!(found["severity"], "high", "{found}");
    assert_eq!(found["evidence"]["downgrades"], "1", "{found}");
    found
}

fn is_downgrade(finding: &Value) -> bool {
    let reasons = finding["evidence"]["reasons"].as_str().unwrap_or_default();
    reasons.split(", ").any(|reason| reason == "downgrade")
}

/// What the peers agreed on, as findings say it.
fn posture(report: &Report, words: &Words) -> Value {
    let parts = ["version", "cipher", "group"].map(|member| {
        let said = report.says(member).unwrap_or_else(|| panic!("{member}: {report:?}"));
        words.translated(member, said).as_str().unwrap_or_default().to_owned()
    });
    json!(parts.join(" "))
}
