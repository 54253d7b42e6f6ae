use std::time::Duration;

use apiwatch_tests::alerting::{Alerting, Notification};
use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::netns::Netns;
use apiwatch_tests::peer::{self, Peer};
use apiwatch_tests::wait_for;
use serde_json::Value;

/// Where the server is that no rule allows, and where this host is seen from there.
const SERVER: &str = "198.51.100.7";
const LOCAL: &str = "192.0.2.1";
const PORT: &str = "8081";
/// `hunter2:basic` in base64, and what paths, queries and bodies begin with.
const CREDENTIAL: &str = "aHVudGVyMjpiYXNpYw==";
const PAYLOAD: &str = "hunter2-statement";
/// All that must be in no notification: the addresses, too, are for the records only.
const SECRETS: [&str; 5] = ["hunter2", "aHVudGVyMjpiYXNpYw", "statements", SERVER, LOCAL];

/// Every network but that of the server is allowed, so that what else the host does is no
/// finding. Windows and the life of a finding are as short as they may be.
const CONFIG: &str = "\
    [[allow]]\n\
    networks = [\"0.0.0.0/1\", \"128.0.0.0/2\", \"192.0.0.0/6\", \"196.0.0.0/7\", \"199.0.0.0/8\",\n\
    \"200.0.0.0/5\", \"208.0.0.0/4\", \"224.0.0.0/3\", \"::/0\"]\n\
    [volume]\n\
    window = \"1s\"\n\
    minimum_samples = 5\n\
    [findings]\n\
    update_interval = \"1s\"\n\
    resolve_after = \"10s\"\n";

/// The alerts that are to come, each with the kind of the finding that raises it. All of
/// them wake somebody: credentials and ten times the usual cross to a public address.
const CALM: [(&str, &str); 2] = [
    ("ApiwatchUnknownDestination", "unknown_destination"),
    ("ApiwatchUnencryptedPayload", "unencrypted_payload"),
];
const BULK: (&str, &str) = ("ApiwatchUnexpectedVolume", "unexpected_volume");

/// How long an alert may take from the traffic on, and its end from the end of that on.
const AT_MOST: Duration = Duration::from_secs(60);

#[test]
fn what_a_process_does_raises_alerts_and_its_end_resolves_them() {
    let netns = Netns::new(&[]);
    let server = peer::command("elsewhere.py", &[LOCAL, SERVER, PORT]);
    let server = Peer::start_as(&mut netns.within(&server));
    server.wait_for_line("ready");
    let mut daemon = Daemon::start_with("a", "finding", CONFIG);
    let alerting = Alerting::start(daemon.metrics_address());

    let client = peer::command("exfiltrate.py", &[SERVER, PORT, CREDENTIAL, PAYLOAD]);
    let mut client = Peer::start_as(&mut netns.within(&client));
    for alert in CALM {
        wait_for_alert(&alerting, alert, "firing");
    }
    // Alerts tell no subject, so what else the host does might raise this one as well.
    let about_it = |it: &Value, kind: &str, state: &str| {
        let subject = it["subject"].as_str().unwrap_or_default();
        it["kind"] == kind && it["state"] == state && subject.contains(SERVER)
    };
    // Ten requests a second at most: so many fill more windows than have to be learned.
    let _ = daemon.wait_for_records("finding", 1, |it| {
        about_it(it, CALM[1].1, "updated") && it["count"].as_u64() >= Some(70)
    });
    let is_said = |records: &[Value], kind: &str, state: &str| {
        records.iter().any(|it| about_it(it, kind, state))
    };
    assert!(!is_said(&daemon.records("finding"), BULK.1, "open"), "a little is not too much");
    client.tell("bulk");
    client.wait_for_line("sent");
    wait_for_alert(&alerting, BULK, "firing");

    // What was found is known after a restart, also what is over.
    let before = daemon.records("finding");
    daemon.restart();
    let _ = daemon.wait_for_records("finding", 1, |it| about_it(it, BULK.1, "updated"));
    let _ = daemon.wait_for_records("finding", 4, |it| about_it(it, CALM[1].1, "updated"));
    assert!(CALM.iter().all(|alert| !is_said(&daemon.records("finding"), alert.1, "open")));

    client.finish();
    for alert in CALM.into_iter().chain([BULK]) {
        wait_for_alert(&alerting, alert, "resolved");
        // What a notification leaves out is in the record.
        assert!(is_said(&before, alert.1, "open"), "{alert:?}");
        assert!(is_said(&daemon.records("finding"), alert.1, "resolved"), "{alert:?}");
        assert_eq!(statuses_of(&alerting.notifications(), alert), ["firing", "resolved"]);
    }
    for notification in alerting.notifications() {
        for secret in SECRETS {
            assert!(!notification.body.contains(secret), "{secret} in {notification:?}");
        }
    }
}

/// Waits until the pager was told of an alert, and looks at its labels.
fn wait_for_alert(alerting: &Alerting, (name, kind): (&str, &str), status: &str) {
    let alert = wait_for(&format!("{name}, {status}"), AT_MOST, || {
        alert_of(&alerting.notifications(), (name, kind), status)
    });
    let labels = &alert["labels"];
    let expected = [
        ("severity", "critical"),
        ("component", "finding"),
        ("job", "apiwatch"),
        ("instance", "host.example"),
    ];
    for (label, value) in expected {
        assert_eq!(labels[label], value, "{alert}");
    }
    assert_eq!(labels.as_object().map(serde_json::Map::len), Some(6), "{alert}");
    let annotations = &alert["annotations"];
    for annotation in ["summary", "description"] {
        assert!(annotations[annotation].as_str().is_some_and(|it| it.ends_with('.')), "{alert}");
    }
    let page = format!("/docs/runbook/{name}.md");
    assert!(annotations["runbook_url"].as_str().is_some_and(|it| it.ends_with(&page)), "{alert}");
}

/// An alert with this status of which the pager was told.
fn alert_of(notifications: &[Notification], alert: (&str, &str), status: &str) -> Option<Value> {
    told(notifications, alert).find(|told| told["status"] == status)
}

/// What the pager was told of an alert, each change of its status once.
fn statuses_of(notifications: &[Notification], alert: (&str, &str)) -> Vec<String> {
    let mut statuses: Vec<_> = told(notifications, alert)
        .filter_map(|told| told["status"].as_str().map(str::to_owned))
        .collect();
    statuses.dedup();
    statuses
}

fn told(notifications: &[Notification], (name, kind): (&str, &str)) -> impl Iterator<Item = Value> {
    let pages = notifications.iter().filter(|it| it.path == "/page");
    pages.flat_map(Notification::alerts).filter(move |alert| {
        let labels = &alert["labels"];
        labels["alertname"] == name && labels["kind"] == kind && labels["severity"] == "critical"
    })
}
