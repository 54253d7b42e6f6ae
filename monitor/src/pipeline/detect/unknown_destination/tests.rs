use super::super::fixture::{allow, called, inbound, outbound, process, second, settings};
use super::super::{Detectors, Moment};
use super::*;
use crate::pipeline::output::NameSource::{Dns, Host, Sni};

const CURL: &str = "/usr/bin/curl";

impl Detectors {
    /// A connection whose client sends something at once.
    fn talk(&mut self, ends: &Arc<Ends>, observed: Observed, at: Moment) {
        self.connect(ends, observed, at);
        self.traffic(ends, observed, (1, 1), at);
    }
}

#[test]
fn severity_follows_policy_and_scope() {
    for (destination, without, denied) in [
        ("203.0.113.7:443", "medium", "high"),
        ("[2001:db8::1]:443", "medium", "high"),
        ("10.1.2.3:443", "informational", "medium"),
        ("100.64.0.1:443", "informational", "medium"),
        ("127.0.0.1:443", "informational", "low"),
        ("[::1]:443", "informational", "low"),
    ] {
        let ends = outbound(CURL, destination);
        for (rules, severity) in
            [(vec![], without), (vec![allow("/usr/bin/wget", "0.0.0.0", 0, 443)], denied)]
        {
            let mut detectors = Detectors::new(settings(|s| s.allow = rules));
            detectors.talk(&ends, Observed::Client, second(1));
            let said = format!("{severity} open 1 {CURL} → {destination}");
            assert_eq!(detectors.said(), [said]);
        }
    }
}

#[test]
fn what_policy_allows_and_what_others_call_is_not_reported() {
    let rules = vec![allow(CURL, "203.0.113.0", 24, 443)];
    let mut detectors = Detectors::new(settings(|s| s.allow = rules));
    let allowed = outbound(CURL, "203.0.113.7:443");
    let server = inbound("198.51.100.1:5000", "nginx.service", "10.0.0.1:80");
    for (ends, observed) in [(&allowed, Observed::Client), (&server, Observed::Server)] {
        detectors.connect(ends, observed, second(1));
        detectors.traffic(ends, observed, (1, 1), second(2));
    }
    assert_eq!(detectors.said(), [""; 0]);
    detectors.talk(&outbound(CURL, "203.0.113.7:80"), Observed::Both, second(3));
    assert_eq!(detectors.said(), ["high open 1 /usr/bin/curl → 203.0.113.7:80"]);
}

#[test]
fn without_a_policy_each_is_said_once() {
    let mut detectors = Detectors::new(settings(|_| {}));
    let ends = outbound(CURL, "10.1.2.3:443");
    for at in 1..600 {
        detectors.connect(&ends, Observed::Client, second(at));
        detectors.traffic(&ends, Observed::Client, (1, 1), second(at));
        detectors.tick(second(at));
    }
    detectors.talk(&outbound("/usr/bin/wget", "10.1.2.3:443"), Observed::Client, second(9));
    detectors.talk(&outbound(CURL, "10.1.2.3:80"), Observed::Client, second(9));
    let said = [
        "informational open 1 /usr/bin/curl → 10.1.2.3:443",
        "informational open 1 /usr/bin/wget → 10.1.2.3:443",
        "informational open 1 /usr/bin/curl → 10.1.2.3:80",
    ];
    assert_eq!(detectors.said(), said);
}

#[test]
fn connections_count_and_their_traffic_does_not() {
    let rules = vec![allow(CURL, "203.0.113.7", 32, 443)];
    let mut detectors = Detectors::new(settings(|s| s.allow = rules));
    let ends = outbound(CURL, "203.0.113.8:443");
    detectors.connect(&ends, Observed::Client, second(1));
    detectors.connect(&ends, Observed::Client, second(2));
    assert_eq!(detectors.said(), ["high open 1 /usr/bin/curl → 203.0.113.8:443"]);
    for at in 3..100 {
        // Each time other `Ends`, so that nothing is remembered of them.
        detectors.traffic(&Arc::new(Ends::clone(&ends)), Observed::Client, (1, 1), second(at));
    }
    detectors.tick(second(100));
    let subject = "/usr/bin/curl → 203.0.113.8:443";
    assert_eq!(detectors.said(), [format!("high updated 2 {subject}")]);
}

#[test]
fn a_connection_in_use_keeps_its_finding_open() {
    let mut detectors = Detectors::new(settings(|_| {}));
    let ends = outbound(CURL, "203.0.113.7:443");
    detectors.talk(&ends, Observed::Client, second(0));
    for hour in 1..48 {
        detectors.traffic(&ends, Observed::Client, (1, 1), second(3600 * hour));
        detectors.tick(second(3600 * hour));
    }
    assert_eq!(detectors.said(), ["medium open 1 /usr/bin/curl → 203.0.113.7:443"]);
    detectors.tick(second(3600 * 71));
    assert_eq!(detectors.said(), ["medium resolved 1 /usr/bin/curl → 203.0.113.7:443"]);
}

#[test]
fn a_reload_resolves_and_reopens() {
    let allowing = || settings(|s| s.allow = vec![allow(CURL, "203.0.113.7", 32, 443)]);
    let denying = || settings(|s| s.allow = vec![allow(CURL, "203.0.113.9", 32, 443)]);
    let ends = outbound(CURL, "203.0.113.7:443");
    let mut detectors = Detectors::new(settings(|_| {}));
    let subject = "/usr/bin/curl → 203.0.113.7:443";
    let mut at = 0;
    for (settings, said) in [
        (settings(|_| {}), vec!["medium open 1"]),
        (denying(), vec!["medium resolved 1", "high open 1"]),
        (allowing(), vec!["high resolved 1"]),
        (denying(), vec!["high open 1"]),
        (denying(), vec![]),
        (settings(|_| {}), vec!["high resolved 1", "medium open 1"]),
        (allowing(), vec!["medium resolved 1"]),
    ] {
        at += 1;
        detectors.apply_settings(settings);
        detectors.traffic(&ends, Observed::Client, (1, 1), second(at));
        let expected: Vec<_> = said.iter().map(|said| format!("{said} {subject}")).collect();
        assert_eq!(detectors.said(), expected, "reload {at}");
    }
    assert_eq!(detectors.open_findings(), 0);
}

#[test]
fn what_is_said_is_plain_and_holds_no_control_character() {
    let mut detectors = Detectors::new(settings(|s| s.allow = vec![allow("/x", "::", 0, 1)]));
    detectors.talk(&outbound(CURL, "203.0.113.7:443"), Observed::Client, second(1));
    let finding = detectors.poll_finding().unwrap();
    assert_eq!(
        finding.summary,
        "/usr/bin/curl connected to 203.0.113.7:443 (public address), \
         which no rule of the policy allows."
    );
    assert_eq!(
        finding.remedy,
        "If this is intended, allow it with these lines at the end of the configuration: \
         `[[allow]]` `exe = \"/usr/bin/curl\"` `networks = [\"203.0.113.7/32\"]` \
         `ports = [443]`"
    );
    let evidence = [
        ("process", "comm (pid 7)"),
        ("user", "alice"),
        ("destination", "203.0.113.7:443"),
        ("address", "203.0.113.7:443"),
        ("scope", "public"),
        ("connections", "1"),
    ];
    assert_eq!(finding.evidence, evidence.map(|(name, value)| (name.into(), value.to_owned())));

    let hostile = outbound("/tmp/\u{1b}[2J\u{202e}\n", "203.0.113.7:443");
    detectors.talk(&hostile, Observed::Client, second(1));
    let finding = detectors.poll_finding().unwrap();
    assert!(!format!("{finding:?}").contains("\\u{1b}"));
    assert_eq!(finding.subject, "/tmp/\u{fffd}[2J\u{fffd}\u{fffd} → 203.0.113.7:443");

    let unknown = super::super::fixture::ends(None, "10.0.0.1:1", None, "203.0.113.7:443");
    detectors.talk(&unknown, Observed::Client, second(1));
    let finding = detectors.poll_finding().unwrap();
    assert_eq!(finding.subject, "unknown process → 203.0.113.7:443");
    assert_eq!(finding.confidence, Confidence::Medium);
}

#[test]
fn a_name_that_comes_with_the_first_bytes_is_in_time() {
    let rules = || vec![by_name(&["*.example.com"])];
    let bare = outbound(CURL, "203.0.113.7:443");
    for (name, source, said) in [
        ("api.example.com", Sni, vec![]),
        ("api.example.com", Dns, vec![]),
        ("api.example.com", Host, vec![]),
        ("example.com", Sni, vec!["high open 1 /usr/bin/curl → example.com:443 (203.0.113.7)"]),
    ] {
        let mut detectors = Detectors::new(settings(|s| s.allow = rules()));
        detectors.connect(&bare, Observed::Client, second(1));
        detectors.tick(second(2));
        assert_eq!(detectors.said(), [""; 0]);
        let named = called(&bare, name, source);
        detectors.traffic(&named, Observed::Client, (1, 0), second(2));
        detectors.tick(second(90));
        assert_eq!(detectors.said(), said, "{name} {source:?}");
    }
}

#[test]
fn who_sends_nothing_is_judged_by_address() {
    let ends = outbound(CURL, "203.0.113.7:443");
    let said = ["medium open 1 /usr/bin/curl → 203.0.113.7:443"];
    let mut detectors = Detectors::new(settings(|_| {}));
    detectors.connect(&ends, Observed::Client, second(1));
    let due = detectors.next_deadline().unwrap();
    assert_eq!(due, second(1).time.plus(waiting::PATIENCE));
    detectors.tick(Moment { time: due, ..second(0) });
    assert_eq!(detectors.said(), said);

    let mut detectors = Detectors::new(settings(|_| {}));
    detectors.connect(&ends, Observed::Client, second(1));
    detectors.observe(Observation::End, second(1));
    assert_eq!(detectors.said(), said);
}

#[test]
fn an_owner_that_comes_with_the_first_bytes_is_in_time() {
    let mut detectors = Detectors::new(settings(|_| {}));
    let fixture = |owner| super::super::fixture::ends(owner, "10.0.0.1:1", None, "203.0.113.7:443");
    detectors.connect(&fixture(None), Observed::Client, second(1));
    detectors.traffic(&fixture(Some(process(CURL))), Observed::Client, (1, 0), second(1));
    assert_eq!(detectors.said(), ["medium open 1 /usr/bin/curl → 203.0.113.7:443"]);
}

#[test]
fn all_addresses_of_a_name_are_one_destination() {
    for (source, said) in [
        (Sni, vec!["medium open 1 /usr/bin/curl → api.example.com:443 (203.0.113.0)"]),
        (Dns, vec!["medium open 1 /usr/bin/curl → api.example.com:443 (203.0.113.0)"]),
        (
            Host,
            vec![
                "medium open 1 /usr/bin/curl → api.example.com:443 (203.0.113.0)",
                "medium open 1 /usr/bin/curl → api.example.com:443 (203.0.113.1)",
                "medium open 1 /usr/bin/curl → api.example.com:443 (203.0.113.2)",
            ],
        ),
    ] {
        let mut detectors = Detectors::new(settings(|_| {}));
        for n in 0..3 {
            let ends = outbound(CURL, &format!("203.0.113.{n}:443"));
            let ends = called(&ends, "api.example.com", source);
            detectors.talk(&ends, Observed::Client, second(1));
        }
        assert_eq!(detectors.said(), said, "{source:?}");
    }
}

/// What a gateway passes on of anyone's requests must not make a finding of each.
#[test]
fn the_authority_of_requests_makes_no_findings_of_its_own() {
    let mut detectors = Detectors::new(settings(|s| s.allow = vec![by_name(&["x.example"])]));
    for n in 0..1000 {
        let ends = outbound("nginx.service", "10.0.0.5:8080");
        let ends = called(&ends, &format!("{n}.evil.example"), Host);
        detectors.talk(&ends, Observed::Client, second(1));
    }
    let subject = "nginx.service → 0.evil.example:8080 (10.0.0.5)";
    assert_eq!(detectors.said(), [format!("medium open 1 {subject}")]);
    assert_eq!(detectors.open_findings(), 1);
}

#[test]
fn a_name_is_in_the_evidence_with_who_said_it_and_in_the_remedy() {
    let mut detectors = Detectors::new(settings(|s| s.allow = vec![allow("/x", "::", 0, 1)]));
    let ends = called(&outbound(CURL, "203.0.113.7:443"), "api.example.com", Sni);
    detectors.talk(&ends, Observed::Client, second(1));
    let finding = detectors.poll_finding().unwrap();
    assert_eq!(
        finding.summary,
        "/usr/bin/curl connected to api.example.com:443 (203.0.113.7, public address), \
         which no rule of the policy allows."
    );
    let evidence = [
        ("process", "comm (pid 7)"),
        ("user", "alice"),
        ("destination", "api.example.com:443"),
        ("name", "api.example.com"),
        ("name_source", "sni"),
        ("address", "203.0.113.7:443"),
        ("scope", "public"),
        ("connections", "1"),
    ];
    assert_eq!(finding.evidence, evidence.map(|(name, value)| (name.into(), value.to_owned())));
    assert!(finding.remedy.ends_with(
        "`[[allow]]` `exe = \"/usr/bin/curl\"` `names = [\"api.example.com\"]` `ports = [443]`"
    ));

    let hostile = called(&outbound(CURL, "203.0.113.8:443"), "a\u{1b}[2J\u{202e}`", Sni);
    detectors.talk(&hostile, Observed::Client, second(1));
    let finding = detectors.poll_finding().unwrap();
    assert!(!format!("{finding:?}").contains("\\u{1b}"), "{finding:?}");
    assert!(finding.remedy.contains("networks = [\"203.0.113.8/32\"]"));
}

#[test]
fn a_name_on_a_later_policy_ends_the_finding() {
    let denying = || settings(|s| s.allow = vec![by_name(&["x.example"])]);
    let allowing = || settings(|s| s.allow = vec![by_name(&["x.example", "*.example.com"])]);
    let ends = called(&outbound(CURL, "203.0.113.7:443"), "api.example.com", Sni);
    let mut detectors = Detectors::new(denying());
    detectors.talk(&ends, Observed::Client, second(1));
    detectors.apply_settings(allowing());
    detectors.traffic(&ends, Observed::Client, (1, 0), second(2));
    let subject = "/usr/bin/curl → api.example.com:443 (203.0.113.7)";
    assert_eq!(
        detectors.said(),
        [format!("high open 1 {subject}"), format!("high resolved 1 {subject}")]
    );
}

fn by_name(names: &[&str]) -> AllowRule {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    AllowRule { names, ..AllowRule::default() }
}
