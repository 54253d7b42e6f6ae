use super::*;

#[test]
fn what_is_shipped_agrees() {
    let shipped = Shipped::read(place::workspace()).unwrap();
    let breaches = shipped.breaches();
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
    assert!(shipped.expressions().len() > 50);
    assert!(shipped.kinds.iter().any(|kind| kind == "weak_encryption"));
    assert_eq!(shipped.severities, ["low", "medium", "high", "critical"]);
}

const RULE: &str = r#"
      - alert: ApiwatchLeak
        expr: sum by (kind) (apiwatch_findings_open{kind="leak", severity=~"critical|high"}) > 0.9 * 268435456
        for: 1m
        labels: {severity: critical, component: finding}
        annotations:
          summary: A leak.
          description: "A leak."
          runbook_url: https://apiwatch.example/docs/runbook/ApiwatchLeak.md
"#;
const DEFAULTS: &str = "#listen = \"127.0.0.1:9464\"\n#max_series = 2000\n#memory = \"256MiB\"\n";
const EXAMPLE: &str = "- targets: [\"127.0.0.1:9464\"]\nsample_limit: 2250\n";
const TEST: &str = r"
      - {alertname: ApiwatchLeak, eval_time: 1m, exp_alerts: []}
      - alertname: ApiwatchLeak
        eval_time: 2m
        exp_alerts:
          - exp_labels: {kind: leak, severity: critical}
";
const PAGE: &str = "# ApiwatchLeak\n\n```promql\napiwatch_findings_open{kind=\"leak\"} > 0\n```\n";
const METRICS: &str = "| `apiwatch_findings_open{kind,severity}` | gauge | open |\n\
    | `apiwatch_duration_seconds{service}` | histogram | time |\n| `process_open_fds` | gauge | |\n";
const DASHBOARD: &str = r#"{"uid": "a", "title": "a", "schemaVersion": 38,
    "templating": {"list": [{"name": "datasource"}, {"name": "job"}, {"name": "instance"}]},
    "panels": [{"id": 1, "title": "p", "type": "stat", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1},
        "fieldConfig": {"defaults": {"unit": "short"}},
        "targets": [{"datasource": {"uid": "${datasource}"},
            "expr": "rate(process_open_fds{job=~\"$job\", instance=~\"$instance\"}[$__rate_interval])"}]}]}"#;

fn text(path: &str, text: &str) -> Text {
    Text { path: path.to_owned(), text: text.to_owned() }
}

/// A small set of files that agree, but for what `change` makes of each text.
fn shipped(change: impl Fn(&str) -> String) -> Shipped {
    Shipped {
        kinds: vec!["leak".to_owned()],
        severities: vec!["high".to_owned(), "critical".to_owned()],
        metrics: Metrics::of_documentation(&change(METRICS)),
        configuration: text(CONFIGURATION, &change(DEFAULTS)),
        rules: text(RULES, &change(RULE)),
        tests: text(RULE_TESTS, &change(TEST)),
        prometheus: text(PROMETHEUS, &change(EXAMPLE)),
        alertmanager: text(ALERTMANAGER, ""),
        pages: vec![
            text("docs/runbook/ApiwatchLeak.md", &change(PAGE)),
            text("docs/runbook/README.md", &change("[ApiwatchLeak](ApiwatchLeak.md)\n")),
        ],
        dashboards: vec![
            Dashboard::read(text("packaging/grafana/a.json", &change(DASHBOARD))).unwrap(),
        ],
    }
}

#[test]
fn each_fault_is_found() {
    let cases = [
        (
            "kind=\"leak\", severity",
            "kind=\"other\", severity",
            "no alert for findings of kind leak",
        ),
        ("critical|high", "critical", "no alert for findings of kind leak and severity high"),
        ("        for: 1m\n", "", "ApiwatchLeak has no `for`"),
        ("          summary: A leak.\n", "", "ApiwatchLeak has no `summary`"),
        (
            "severity: critical, component",
            "severity: bad, component",
            "the severity of ApiwatchLeak",
        ),
        ("runbook/ApiwatchLeak", "runbook/Leak", "`runbook_url` of ApiwatchLeak does not end in"),
        ("exp_alerts: []", "exp_alerts: [x]", "no case in which ApiwatchLeak does not fire"),
        (
            "leak, severity: critical}",
            "leak, severity: info}",
            "never fires with severity: critical",
        ),
        ("# ApiwatchLeak\n", "# Leak\n", "its title is not the name of the alert"),
        ("](ApiwatchLeak.md)", "](x.md)", "no link to ApiwatchLeak.md"),
        (
            "alert: ApiwatchLeak\n",
            "alert: ApiwatchOther\n",
            "ApiwatchLeak.md: no alert links to it",
        ),
        ("process_open_fds` |", "process_fds` |", "there is no metric process_open_fds"),
        ("open{kind=\"leak\"}", "open{sort=\"leak\"}", "apiwatch_findings_open has no label sort"),
        ("{kind,severity}", "{kind}", "apiwatch_findings_open has no label severity"),
        ("A leak.", "See a:apiwatch_leaks:sum.", "there is no metric a:apiwatch_leaks:sum"),
        (
            "max_series = 2000",
            "max_series = 1",
            "sample_limit: 251 follows from metrics.max_series",
        ),
        ("#listen", "listen", "the default of metrics.listen is not found"),
        ("\"uid\": \"a\", ", "", "no `uid`"),
        ("{\"name\": \"job\"}, ", "", "no variable job"),
        ("\"unit\"", "\"units\"", "the panel \"p\" has no unit"),
        ("\"expr\"", "\"query\"", "does not use the variables job and instance"),
        ("${datasource}", "x", "does not use the variable datasource"),
        ("\"id\": 1, ", "", "has no `id` of its own"),
        ("\"w\": 24", "\"w\": 25", "has no place of its own"),
    ];
    assert_eq!(shipped(str::to_owned).breaches(), [""; 0]);
    for (from, to, expected) in cases {
        let breaches = shipped(|text| text.replace(from, to)).breaches();
        let found = breaches.iter().any(|breach| breach.contains(expected));
        assert!(found, "{from} to {to}: {breaches:?}");
    }
}

#[test]
fn queries_are_found_with_grafanas_variables_replaced() {
    assert_eq!(
        shipped(str::to_owned).expressions().iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "docs/runbook/ApiwatchLeak.md: apiwatch_findings_open{kind=\"leak\"} > 0",
            "packaging/grafana/a.json: rate(process_open_fds{job=~\"$job\", instance=~\"$instance\"}[5m])",
        ]
    );
}

#[test]
fn series_of_histograms_and_recorded_sums_are_metrics() {
    let metrics = Metrics::of_documentation(METRICS).with_records("  - record: a:apiwatch_x:sum\n");
    let cases = [
        ("apiwatch_duration_seconds_bucket{le=\"1\", service=~\"a=b\", job!=\"x\"}", 0),
        (
            "apiwatch_duration_seconds_sum a:apiwatch_x:sum, apiwatch.rules.yml é process_open_fds",
            0,
        ),
        ("apiwatch_findings_open_bucket", 1),
        ("apiwatch_findings_open{le=\"1\", kind=\"}\", sort=\"x\"}", 2),
        ("b:apiwatch_x:sum and apiwatch_x", 2),
    ];
    for (text, count) in cases {
        let mut breaches = Vec::new();
        metrics.check("a.md", text, &mut breaches);
        assert_eq!(breaches.len(), count, "{text}: {breaches:?}");
    }
}

#[test]
fn names_come_from_the_source() {
    let source = "impl Kind {\n    fn name(self) {\n        match self {\n            Self::A => \"a\",\n            \
                  Self::B => \"b_c\",\n        }\n    }\n}\n\nimpl Other {\n    Self::D => \"d\",\n}\n";
    assert_eq!(names_of("Kind", source), ["a", "b_c"]);
    assert_eq!(names_of("Missing", source), [""; 0]);
}
