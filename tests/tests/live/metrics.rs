use std::io::Write;
use std::process::{Command, Stdio};

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::output_of;
use apiwatch_tests::server::Nginx;

/// Series of the traffic at most (the default), and what is not of the traffic
/// (docs/metrics.md).
const MOST_SERIES: usize = 2000 + 250;

const RANDOM_PATHS: &str = "import http.client,random,sys\n\
    c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))\n\
    for n in range(int(sys.argv[2])):\n\
    \x20   c.request(random.choice(['GET','POST','PUT']), '/%x?k=%x' % (random.getrandbits(64), n))\n\
    \x20   c.getresponse().read()\n";

#[test]
fn promtool_accepts_a_live_scrape_of_fifty_thousand_random_paths() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "finding", "");
    let port = nginx.address.port().to_string();
    let _ = output_of(Command::new("python3").args(["-c", RANDOM_PATHS, &port, "50000"]));
    let scrape = apiwatch_tests::wait_for("all exchanges", apiwatch_tests::PATIENCE, || {
        let scrape = daemon.scrape();
        let count =
            apiwatch_tests::apiwatch::metric_of(&scrape, "apiwatch_http_requests_total", "python");
        (count >= 50_000).then_some(scrape)
    });
    let series = scrape.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series <= MOST_SERIES, "{series} series");

    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    promtool.stdin.take().expect("a pipe").write_all(scrape.as_bytes()).expect("written");
    let output = promtool.wait_with_output().expect("promtool ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(scrape.contains("apiwatch_capture_tier_info{tier=\"a\"} 1"), "{scrape}");
    assert!(scrape.contains("apiwatch_build_info{"), "{scrape}");
}
