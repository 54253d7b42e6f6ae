use std::io::{BufRead, BufReader, Write};

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::server::{Nginx, python};

use super::TIERS;

const CONNECTIONS: usize = 200;

/// Opens connections, each in the middle of a response body, says so, and on a line of
/// input sends a whole request on each.
const HOLDER: &str = "import socket,sys\n\
    port, count = int(sys.argv[1]), int(sys.argv[2])\n\
    held = []\n\
    for n in range(count):\n\
    \x20   s = socket.create_connection(('127.0.0.1', port))\n\
    \x20   s.sendall(b'GET /before HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n')\n\
    \x20   s.recv(20)\n\
    \x20   held.append(s)\n\
    print('held', flush=True)\n\
    sys.stdin.readline()\n\
    for n, s in enumerate(held):\n\
    \x20   s.recv(65536)\n\
    \x20   s.sendall(b'GET /after/%d HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n' % n)\n\
    \x20   s.recv(65536)\n\
    print('sent', flush=True)\n\
    sys.stdin.readline()\n";

#[test]
fn older_connections_are_listed_and_their_next_request_is_parsed() {
    for tier in TIERS {
        let nginx = Nginx::start();
        let port = nginx.address.port();
        let mut holder = python(HOLDER, &[&port.to_string(), &CONNECTIONS.to_string()]);
        let mut input = holder.0.stdin.take().expect("a pipe");
        let mut output = BufReader::new(holder.0.stdout.take().expect("a pipe")).lines();
        assert_eq!(output.next().expect("a line").expect("read"), "held");

        let daemon = Daemon::start(tier);
        let listed = daemon.wait_for_records("connection", CONNECTIONS, |it| {
            it["event"] == "open" && it["server"]["port"] == port
        });
        assert_eq!(listed.len(), CONNECTIONS, "tier {tier}");
        for connection in &listed {
            assert_eq!(connection["midstream"], true, "{connection}");
            assert_eq!(connection["observed"], "both", "{connection}");
            assert_eq!(connection["server"]["process"]["comm"], "nginx", "{connection}");
            let comm = connection["client"]["process"]["comm"].as_str().unwrap_or_default();
            assert!(comm.starts_with("python"), "{connection}");
        }

        writeln!(input).expect("the holder listens");
        assert_eq!(output.next().expect("a line").expect("read"), "sent");
        let after = daemon.wait_for_records("exchange", CONNECTIONS, |it| {
            it["request"]["path"].as_str().is_some_and(|path| path.starts_with("/after/"))
        });
        assert_eq!(after.len(), CONNECTIONS, "tier {tier}");
        assert!(after.iter().all(|it| it["response"]["status"] == 200), "tier {tier}");
    }
}
