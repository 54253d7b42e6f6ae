use std::process::{Command, Stdio};

use apiwatch_tests::apiwatch::{Daemon, metric_of};
use apiwatch_tests::server::Nginx;
use apiwatch_tests::{PATIENCE, Running, wait_for};

use super::TIERS;

/// With the consumer stopped for ten seconds under load: generated = delivered + lost, exactly, and the
/// connections that lost records say so.
#[test]
fn what_a_stopped_consumer_loses_is_counted_exactly() {
    for tier in TIERS {
        let nginx = Nginx::start();
        let config = "[capture]\nring_bytes = \"64KiB\"\n";
        let daemon = Daemon::start_with(tier, "connection,loss", config);
        let mut load = Command::new("wrk");
        load.args(["-t", "1", "-c", "16", "-d", "11s"]).arg(nginx.url("/load"));
        let mut load = Running::start(load.stdout(Stdio::null()));
        wait_for("traffic", PATIENCE, || {
            (daemon.metric("apiwatch_ebpf_events_delivered_total", "data") > 0).then_some(())
        });
        daemon.signal("-STOP");
        assert!(load.0.wait().expect("wrk ends").success());
        daemon.signal("-CONT");
        // The kernel counts the records that it could not deliver; every one of them
        // belongs to a connection that says so. Some may be lost before the stop, so that
        // the counts of that moment add up too.
        let lost_of = |it: &serde_json::Value| it["lost_records"].as_u64().unwrap_or_default();
        wait_for("every lost record", PATIENCE, || {
            let scrape = daemon.scrape();
            let count = |name: &str| metric_of(&scrape, name, "ring=\"data\"");
            let generated = count("apiwatch_ebpf_events_total");
            let delivered = count("apiwatch_ebpf_events_delivered_total");
            let lost = count("apiwatch_ebpf_events_lost_total");
            let closed = daemon.records("connection");
            let closed = closed.iter().filter(|it| it["event"] == "close");
            let by_connection: u64 = closed.map(lost_of).sum();
            (lost > 0 && generated == delivered + lost && by_connection == lost).then_some(())
        });
        assert!(!daemon.records("loss").is_empty());
    }
}
