use std::process::Command;

use apiwatch_tests::server::connect_proxy;
use apiwatch_tests::tls::{TlsNginx, curl};
use apiwatch_tests::{free_port, output_of};
use serde_json::Value;

use super::{authority, daemons};

/// Kinds of findings about ports, with their severity on this host.
const KINDS: [(&str, &str); 2] =
    [("clear_text_on_tls_port", "medium"), ("tls_on_clear_port", "low")];

#[test]
fn traffic_on_a_port_for_the_other_kind_is_told() {
    let authority = authority();
    let [secret, clear, proxy] = [free_port(), free_port(), free_port()];
    let [clear_on_secret, tls_on_clear] = [free_port(), free_port()];
    let servers = [
        (secret, "ssl", ""),
        (clear, "", ""),
        (clear_on_secret, "", ""),
        (tls_on_clear, "ssl", ""),
    ];
    let _nginx = TlsNginx::start(&authority, &servers);
    let _proxy = connect_proxy(proxy);
    let config = format!(
        "[tls]\ntls_ports = [{secret}, {clear_on_secret}]\n\
         clear_ports = [{clear}, {tls_on_clear}, {proxy}]\n"
    );
    let daemons = daemons("finding", &config);

    let clear_text = |port: u16| {
        let _ = output_of(Command::new("curl").args(["-s", &format!("http://127.0.0.1:{port}/")]));
    };
    // What is as it should be, and TLS in a tunnel through a proxy in the clear.
    let _ = curl(&authority, secret, &[]);
    clear_text(clear);
    let _ = curl(&authority, secret, &["-x", &format!("http://127.0.0.1:{proxy}")]);
    // And what is not, last.
    clear_text(clear_on_secret);
    let _ = curl(&authority, tls_on_clear, &[]);

    for daemon in &daemons {
        for ((kind, severity), port) in KINDS.iter().zip([clear_on_secret, tls_on_clear]) {
            let found =
                daemon.wait_for_records("finding", 1, |it| it["kind"] == *kind && is_at(it, port));
            assert_eq!(found[0]["severity"], *severity, "{found:?}");
            assert_eq!(found[0]["state"], "open", "{found:?}");
            assert!(found[0]["subject"].as_str().is_some_and(|it| it.starts_with("/usr/bin/curl")));
        }
        for finding in daemon.records("finding") {
            let is_of_ports = KINDS.iter().any(|(kind, _)| finding["kind"] == *kind);
            let is_wrong = [secret, clear, proxy].iter().any(|port| is_at(&finding, *port));
            assert!(!(is_of_ports && is_wrong), "{finding}");
        }
    }
}

fn is_at(finding: &Value, port: u16) -> bool {
    finding["evidence"]["address"] == format!("127.0.0.1:{port}")
}
