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
        let lost = wait_for("a quiet ring", PATIENCE, || {
            let scrape = daemon.scrape();
            let count = |name: &str| metric_of(&scrape, name, "ring=\"data\"");
            let generated = count("apiwatch_ebpf_events_total");
            let delivered = count("apiwatch_ebpf_events_delivered_total");
            let lost = count("apiwatch_ebpf_events_lost_total");
            (lost > 0 && generated == delivered + lost).then_some(lost)
        });
        let marked = daemon.wait_for_records("connection", 1, |it| {
            it["event"] == "close" && it["lost_records"].as_u64().is_some_and(|lost| lost > 0)
        });
        // The kernel counts the records that it could not deliver; every one of them
        // belongs to a connection that says so.
        let by_connection = wait_for("every lost record", PATIENCE, || {
            let sum: u64 = daemon
                .records("connection")
                .iter()
                .filter(|it| it["event"] == "close")
                .filter_map(|it| it["lost_records"].as_u64())
                .sum();
            (sum == lost).then_some(sum)
        });
        assert_eq!(by_connection, lost, "tier {tier}: {} connections marked", marked.len());
        assert!(!daemon.records("loss").is_empty());
    }
}
