use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;
use crate::capture::status::{RingStatus, Tier};
use crate::pipeline::finding::{Severity, State as FindingState};
use crate::pipeline::input::{LossReason, Stage, UncapturedReason};
use crate::pipeline::output::{Ends, Exchange, GapCause, Method, Protocol};
use crate::pipeline::text::is_steering;
use crate::sandbox::{Kept, Landlock};
use crate::sink::sample;

/// Samples of a scrape by their name and labels, as written; and their families.
struct Scrape {
    samples: BTreeMap<String, f64>,
    families: Vec<(String, String)>,
}

impl Scrape {
    fn of(exporter: &Exporter) -> Self {
        Self::parse(&exporter.render())
    }

    /// Refuses what a Prometheus server refuses: a sample outside of its family, a
    /// family or a label set that occurs twice, a value that is no number.
    fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'));
        let mut scrape = Self { samples: BTreeMap::new(), families: Vec::new() };
        let mut documented = BTreeSet::new();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').expect("a help text");
                assert!(documented.insert(name.to_owned()), "{name} twice");
                assert!(help.ends_with('.'), "{help}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect("a type");
                scrape.families.push((name.to_owned(), kind.to_owned()));
            } else {
                scrape.sample(line);
            }
        }
        assert_eq!(scrape.families.len(), documented.len());
        scrape
    }

    fn sample(&mut self, line: &str) {
        let (sample, value) = line.rsplit_once(' ').expect("a value");
        let name = sample.split('{').next().expect("a name");
        let (family, kind) = self.families.last().expect("a family");
        let suffix = name.strip_prefix(family.as_str()).expect("a sample of its family");
        match kind.as_str() {
            "histogram" => assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{name}"),
            "counter" => assert!(suffix.is_empty() && name.ends_with("_total"), "{name}"),
            _ => assert!(suffix.is_empty(), "{name}"),
        }
        let value = value.parse().expect("a number");
        assert!(self.samples.insert(sample.to_owned(), value).is_none(), "{sample} twice");
    }

    fn value(&self, sample: &str) -> f64 {
        let samples: Vec<_> = self.samples.keys().collect();
        *self.samples.get(sample).unwrap_or_else(|| panic!("no {sample} in {samples:#?}"))
    }

    fn traffic(&self) -> impl Iterator<Item = (&str, f64)> {
        const TRAFFIC: [&str; 4] = [
            "apiwatch_http_request_duration_seconds",
            "apiwatch_http_requests_total",
            "apiwatch_http_request_body_bytes_total",
            "apiwatch_http_response_body_bytes_total",
        ];
        let samples = self.samples.iter().map(|(sample, value)| (sample.as_str(), *value));
        samples.filter(|(sample, _)| TRAFFIC.iter().any(|name| sample.starts_with(name)))
    }
}

/// xorshift64*: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

const METHODS: [&str; 12] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PURGE", "get",
    "X\"\n\\",
];

/// An exchange of one of the first `methods` methods and of `statuses` status codes.
fn random_exchange(
    numbers: &mut Numbers,
    ends: Arc<Ends>,
    methods: u64,
    statuses: u64,
) -> Exchange {
    let mut exchange = sample::exchange(ends);
    if let Some(request) = &mut exchange.request {
        request.method = Method::from_token(METHODS[numbers.below(methods) as usize]);
    }
    match numbers.below(10) {
        0 => exchange.response = None,
        _ => {
            let status = numbers.below(statuses) as u16 + 99;
            exchange.response.as_mut().unwrap().status = Some(status);
        }
    }
    exchange.duration =
        (numbers.below(5) > 0).then(|| Duration::from_nanos(numbers.below(1 << 34)));
    exchange
}

#[test]
fn an_exchange_counts_in_every_metric_of_traffic() {
    let mut sink = MetricsSink::new(DEFAULT_MAX_SERIES, "6.18.0");
    let curl = sample::process("/usr/bin/curl");
    let nginx = sample::process("/usr/sbin/nginx");
    let exchange = sample::exchange(sample::ends(Some(curl), Some(nginx)));
    let mut unseen = sample::exchange(sample::ends(None, None));
    unseen.request = None;
    unseen.duration = None;
    unseen.protocol = Protocol::Http10;
    sink.accept(&[Output::Exchange(exchange.clone()), Output::Exchange(unseen)]);
    sink.accept(&[Output::Exchange(exchange)]);
    let scrape = Scrape::of(&sink.exporter());
    for (sample, value) in [
        (
            r#"apiwatch_http_requests_total{service="/usr/sbin/nginx",client="/usr/bin/curl",http_request_method="POST",http_response_status_code="201",network_protocol_version="1.1"}"#,
            2.0,
        ),
        (
            r#"apiwatch_http_requests_total{service="_remote",client="_remote",http_request_method="_OTHER",http_response_status_code="201",network_protocol_version="1.0"}"#,
            1.0,
        ),
        (
            r#"apiwatch_http_request_duration_seconds_bucket{service="/usr/sbin/nginx",http_request_method="POST",le="0.001"}"#,
            0.0,
        ),
        (
            r#"apiwatch_http_request_duration_seconds_bucket{service="/usr/sbin/nginx",http_request_method="POST",le="0.0025"}"#,
            2.0,
        ),
        (
            r#"apiwatch_http_request_duration_seconds_sum{service="/usr/sbin/nginx",http_request_method="POST"}"#,
            0.002_469_134,
        ),
        (
            r#"apiwatch_http_request_body_bytes_total{service="/usr/sbin/nginx",client="/usr/bin/curl"}"#,
            128.0,
        ),
        (r#"apiwatch_http_response_body_bytes_total{service="_remote",client="_remote"}"#, 512.0),
        (r#"apiwatch_http_anomalies_total{anomaly="gap"}"#, 3.0),
        (r#"apiwatch_series_overflow_total{metric="apiwatch_http_requests_total"}"#, 0.0),
    ] {
        assert_eq!(scrape.value(sample), value, "{sample}");
    }
    let of_remote = r#"apiwatch_http_request_duration_seconds_count{service="_remote""#;
    assert!(!scrape.samples.keys().any(|sample| sample.starts_with(of_remote)), "no duration");
}

#[test]
fn fifty_thousand_identities_stay_within_the_budget() {
    for max_series in [0, MIN_SERIES, 100, DEFAULT_MAX_SERIES] {
        let mut sink = MetricsSink::new(max_series, "6.18.0");
        let early = sample::ends(Some(sample::process("/early")), Some(sample::process("/early")));
        let early = Output::Exchange(sample::exchange(early));
        sink.accept(std::slice::from_ref(&early));
        let mut numbers = Numbers(7);
        for identity in 0..50_000 {
            let client = format!("/opt/{}/client", numbers.below(1 << 40));
            let service = format!("/srv/{identity}");
            let ends =
                sample::ends(Some(sample::process(&client)), Some(sample::process(&service)));
            let exchange = random_exchange(&mut numbers, ends, 12, 1000);
            sink.accept(&[Output::Exchange(exchange)]);
        }
        sink.accept(&[early]);
        let scrape = Scrape::of(&sink.exporter());
        let lines = scrape.traffic().count();
        assert!(lines <= max_series.max(MIN_SERIES), "{lines} lines for {max_series}");
        let requests = |sample: &str| sample.starts_with("apiwatch_http_requests_total");
        let counted: f64 =
            scrape.traffic().filter(|(sample, _)| requests(sample)).map(|(_, count)| count).sum();
        assert_eq!(counted, 50_002.0);
        let other = r#"apiwatch_http_requests_total{service="_other",client="_other",http_request_method="_OTHER",http_response_status_code="_other",network_protocol_version="_other"}"#;
        let overflow = r#"apiwatch_series_overflow_total{metric="apiwatch_http_requests_total"}"#;
        assert_eq!(scrape.value(other), scrape.value(overflow));
        assert!(scrape.value(other) > 49_000.0);
        if max_series == DEFAULT_MAX_SERIES {
            let early =
                r#"apiwatch_http_request_body_bytes_total{service="/early",client="/early"}"#;
            assert_eq!(scrape.value(early), 128.0, "a series keeps counting once all are taken");
        }
    }
}

#[test]
fn the_cache_changes_no_count() {
    let mut sink = MetricsSink::new(100_000, "6.18.0");
    let mut numbers = Numbers(11);
    let mut expected: BTreeMap<String, f64> = BTreeMap::new();
    // Equal identities at different addresses, and far more label sets than the
    // cache has entries, so that it hits, collides and forgets.
    let clients: Vec<_> = (0..64).map(|n| sample::process(&format!("/c{}", n % 48))).collect();
    let servers: Vec<_> = (0..3).map(|n| sample::process(&format!("/s{}", n % 2))).collect();
    for _ in 0..20_000 {
        let (client, server) = (numbers.below(64) as usize, numbers.below(3) as usize);
        let ends = sample::ends(Some(clients[client].clone()), Some(servers[server].clone()));
        let (client, server) = (client % 48, server % 2);
        let exchange = random_exchange(&mut numbers, ends, 3, 2);
        let method = label::MethodLabel::of(&exchange.request.as_ref().unwrap().method).name();
        let status = label::StatusLabel::of(exchange.response.as_ref()).name();
        let sample = format!(
            r#"apiwatch_http_requests_total{{service="/s{server}",client="/c{client}",http_request_method="{method}",http_response_status_code="{status}",network_protocol_version="1.1"}}"#
        );
        *expected.entry(sample).or_default() += 1.0;
        if exchange.duration.is_some() {
            let sample = format!(
                r#"apiwatch_http_request_duration_seconds_count{{service="/s{server}",http_request_method="{method}"}}"#
            );
            *expected.entry(sample).or_default() += 1.0;
        }
        sink.accept(&[Output::Exchange(exchange)]);
    }
    let scrape = Scrape::of(&sink.exporter());
    let counted: BTreeMap<String, f64> = scrape
        .traffic()
        .filter(|(sample, _)| sample.contains("requests_total") || sample.contains("_count{"))
        .map(|(sample, value)| (sample.to_owned(), value))
        .collect();
    assert_eq!(counted, expected);
}

#[test]
fn no_unsafe_character_and_no_path_reaches_a_scrape() {
    let mut sink = MetricsSink::new(DEFAULT_MAX_SERIES, "6.18\x1b[2J\n");
    let hostile = "/a\x1b[2J\u{9b}\u{202e}\"}\\\n1";
    let process = sample::process(hostile);
    let mut exchange = sample::exchange(sample::ends(Some(Arc::clone(&process)), Some(process)));
    exchange.request.as_mut().unwrap().path = "/secret-path".into();
    sink.accept(&[Output::Exchange(exchange)]);
    sink.observe(
        &Stats::default(),
        &CaptureStatus {
            programs: vec![(hostile.to_owned(), 5)],
            declined: vec![(hostile.to_owned(), "cost".to_owned())],
            ..CaptureStatus::default()
        },
    );
    let text = sink.exporter().render();
    assert!(!text.chars().any(|character| character != '\n' && is_steering(character)));
    for kept_out in ["secret-path", "example.com", "203.0.113.9", "dry_run"] {
        assert!(!text.contains(kept_out), "{kept_out}");
    }
    Scrape::parse(&text);
}

fn counts() -> (Stats, CaptureStatus) {
    let stats = Stats {
        moved_bytes: 1000,
        captured_bytes: 750,
        uncaptured_bytes: [(UncapturedReason::Sendfile, 250)].into(),
        lost: [((Stage::DataRing, LossReason::RingFull), 3)].into(),
        exchanges_incomplete: 2,
        connections_tracked: 9,
        ..Stats::default()
    };
    let status = CaptureStatus {
        tier: Some(Tier::A),
        programs: vec![("sock_send_length".to_owned(), 1234)],
        declined: vec![("sys_exit".to_owned(), "no tier b".to_owned())],
        data: RingStatus { generated: 10, lost: 3, delivered: 7, bytes: 4096, used: 1024 },
        ..CaptureStatus::default()
    };
    (stats, status)
}

fn full_exporter() -> Exporter {
    let mut sink = MetricsSink::new(DEFAULT_MAX_SERIES, "6.18.0");
    let ends = sample::ends(Some(sample::process("/usr/bin/curl")), None);
    sink.accept(&[
        Output::Exchange(sample::exchange(ends)),
        Output::Finding(sample::finding(1, Severity::High, FindingState::Open)),
        Output::Loss(sample::loss()),
        Output::CoverageGap(sample::gap()),
    ]);
    let (stats, status) = counts();
    sink.observe(&stats, &status);
    let exporter = sink.exporter();
    exporter.report_dropped("stdout", 4);
    exporter.report_refused(Refusal::Credentials, 6);
    exporter.report_reload(ReloadOutcome::Failed, WallTime(3_000_000_000));
    exporter.report_feature("baseline", FeatureState::Enabled);
    exporter.report_feature("trace", FeatureState::Disabled);
    exporter.report_start(1 << 28, WallTime(2_500_000_000));
    exporter.report_save_failures(5);
    exporter.report_gap(sample::gap());
    exporter.report_sandbox(Sandbox {
        capabilities: Kept::Nothing,
        no_new_privileges: true,
        landlock: Landlock::Full,
    });
    exporter.report_turn(clock::monotonic());
    exporter
}

#[test]
fn counts_of_the_capture_are_exposed() {
    let scrape = Scrape::of(&full_exporter());
    for (sample, value) in [
        ("apiwatch_connection_bytes_total", 1000.0),
        ("apiwatch_captured_bytes_total", 750.0),
        (r#"apiwatch_uncaptured_bytes_total{reason="sendfile"}"#, 250.0),
        (r#"apiwatch_uncaptured_bytes_total{reason="truncated"}"#, 0.0),
        ("apiwatch_capture_coverage_ratio", 0.75),
        (r#"apiwatch_events_lost_total{stage="data_ring",reason="ring_full"}"#, 3.0),
        (r#"apiwatch_events_lost_total{stage="pipeline",reason="evicted"}"#, 0.0),
        ("apiwatch_http_exchanges_incomplete_total", 2.0),
        ("apiwatch_connections_tracked", 9.0),
        (r#"apiwatch_ebpf_events_total{ring="data"}"#, 10.0),
        (r#"apiwatch_ebpf_events_delivered_total{ring="data"}"#, 7.0),
        (r#"apiwatch_ebpf_events_lost_total{ring="data",reason="ringbuf_full"}"#, 3.0),
        (r#"apiwatch_ebpf_ringbuf_used_ratio{ring="data"}"#, 0.25),
        (r#"apiwatch_ebpf_ringbuf_used_ratio{ring="control"}"#, 0.0),
        (r#"apiwatch_capture_tier_info{tier="a"}"#, 1.0),
        (r#"apiwatch_up_probes{program="sock_send_length"}"#, 1.0),
        (r#"apiwatch_up_probes{program="sys_exit"}"#, 0.0),
        (r#"apiwatch_findings_total{kind="unencrypted_payload",severity="high"}"#, 1.0),
        (r#"apiwatch_findings_open{kind="unencrypted_payload",severity="high"}"#, 1.0),
        (r#"apiwatch_findings_open{kind="unexpected_volume",severity="critical"}"#, 0.0),
        (r#"apiwatch_sink_dropped_total{sink="stdout"}"#, 4.0),
        (r#"apiwatch_scrapes_refused_total{reason="credentials"}"#, 6.0),
        ("apiwatch_config_last_reload_successful", 0.0),
        ("apiwatch_config_last_reload_success_timestamp_seconds", 2.5),
        ("apiwatch_memory_limit_bytes", 268_435_456.0),
        ("apiwatch_state_save_failures_total", 5.0),
        (r#"apiwatch_coverage_gap_seconds{cause="restart"}"#, 90.25),
        (
            r#"apiwatch_coverage_gap_start_timestamp_seconds{cause="restart"}"#,
            1_234_567_799.873_457,
        ),
        (r#"apiwatch_sandbox_info{capabilities="none",landlock="full"}"#, 1.0),
        (r#"apiwatch_feature_enabled{feature="baseline"}"#, 1.0),
        (r#"apiwatch_feature_enabled{feature="trace"}"#, 0.0),
    ] {
        assert_eq!(scrape.value(sample), value, "{sample}");
    }
    assert!(scrape.value("process_resident_memory_bytes") > 100_000.0);
    assert!(scrape.value("process_open_fds") >= 3.0);
    assert!(scrape.value("apiwatch_loop_lag_seconds") < 60.0);
    assert!(scrape.value("process_start_time_seconds") > 1.7e9);
}

#[test]
fn a_gap_of_unknown_length_is_no_number_and_none_is_no_series() {
    let exporter = MetricsSink::new(DEFAULT_MAX_SERIES, "6.18.0").exporter();
    assert!(!exporter.render().contains("apiwatch_coverage_gap"));
    exporter.report_gap(CoverageGap { duration: None, cause: GapCause::Reboot, ..sample::gap() });
    let scrape = Scrape::of(&exporter);
    for metric in ["apiwatch_coverage_gap_seconds", "apiwatch_coverage_gap_start_timestamp_seconds"]
    {
        assert!(scrape.value(&format!("{metric}{{cause=\"reboot\"}}")).is_nan(), "{metric}");
    }
}

#[test]
fn a_capture_that_saw_nothing_is_wholly_covered() {
    let scrape = Scrape::of(&MetricsSink::new(DEFAULT_MAX_SERIES, "6.18.0").exporter());
    assert_eq!(scrape.value("apiwatch_capture_coverage_ratio"), 1.0);
    assert_eq!(scrape.value(r#"apiwatch_capture_tier_info{tier="none"}"#), 1.0);
    assert_eq!(scrape.traffic().count(), 0);
}

#[test]
fn the_documentation_lists_exactly_the_metrics_there_are() {
    let documentation = include_str!("../../../../docs/metrics.md");
    let documented: BTreeSet<_> = documentation
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(['`', '{']).next())
        .collect();
    let scrape = Scrape::of(&full_exporter());
    let exposed: BTreeSet<_> = scrape.families.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(documented, exposed);
}
