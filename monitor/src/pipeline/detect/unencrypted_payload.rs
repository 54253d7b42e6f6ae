//! HTTP in the clear.

use std::sync::Arc;

use super::memo::Memo;
use super::naming::{MOST_SHOWN, counted, process_evidence, shown_address, shown_identity};
use super::parties::{Parties, Reach};
use super::{Detector, Observation, Reports};
use crate::pipeline::finding::{Cadence, Case, Confidence, FindingKind, Report, Sample, Severity};
use crate::pipeline::output::{Auth, Exchange, Observed, Request};
use crate::pipeline::slab::Handle;
use crate::pipeline::text::clipped;

/// Reports HTTP that was read outside encryption: for each client on this host and
/// its destination, and for each server port on this host and the scope that its
/// clients call from.
///
/// | | crosses to a public address | to a private one | stays on this host |
/// |---|---|---|---|
/// | no credentials, or none that is known | high | medium | informational |
/// | a cookie (a session, not a lasting secret) | high | high | low |
/// | other credentials | critical | critical | medium |
///
/// Exchanges stay on this host where both ends live here, or where the other end's
/// address is a loopback one: who may read them there has root or the process's own
/// rights, so credentials are no more than a weakness there.
pub(super) struct UnencryptedPayload {
    memo: Memo<Known>,
}

/// What is known of the clear-text exchanges of a connection.
#[derive(Clone, Copy)]
struct Known {
    finding: Handle,
    reach: Reach,
    /// The gravest that this connection reported.
    severity: Severity,
}

impl UnencryptedPayload {
    pub(super) fn new() -> Self {
        Self { memo: Memo::new() }
    }

    fn in_clear(&mut self, exchange: &Exchange, observed: Observed, reports: &mut Reports<'_>) {
        let key = exchange.connection.0;
        if !exchange.progress.is_first() {
            // It was counted when it was said first.
            if let Some(known) = self.memo.find(key, &exchange.ends) {
                reports.keep(known.finding);
            }
            return;
        }
        if let Some(known) = self.memo.find(key, &exchange.ends)
            && severity(known.reach, exchange.auth) <= known.severity
            && reports.again(known.finding)
        {
            return;
        }
        let parties = Parties { ends: Arc::clone(&exchange.ends), observed };
        let reach = parties.reach();
        let severity = severity(reach, exchange.auth);
        let report = report(&parties, severity);
        let finding = reports.report(&report, || Box::new(ClearText::new(parties, exchange)));
        self.memo.keep(key, &exchange.ends, Known { finding, reach, severity });
    }
}

impl Detector for UnencryptedPayload {
    fn observe(&mut self, observation: &Observation<'_>, reports: &mut Reports<'_>) {
        match observation {
            Observation::Exchange { exchange, observed } if !exchange.encrypted => {
                self.in_clear(exchange, *observed, reports);
            }
            _ => {}
        }
    }
}

/// How bad it is to be readable there.
const fn severity(reach: Reach, auth: Auth) -> Severity {
    match (auth, reach) {
        (Auth::None | Auth::Unknown, Reach::Host) => Severity::Informational,
        (Auth::Cookie, Reach::Host) => Severity::Low,
        (Auth::None | Auth::Unknown, Reach::Private) | (_, Reach::Host) => Severity::Medium,
        (Auth::None | Auth::Unknown, Reach::Public) | (Auth::Cookie, _) => Severity::High,
        _ => Severity::Critical,
    }
}

fn report(parties: &Parties, severity: Severity) -> Report {
    Report {
        kind: FindingKind::UnencryptedPayload,
        key: parties.key(&shown_address(parties.ends.server.address)),
        severity,
        confidence: Confidence::High,
        cadence: Cadence::Repeated,
        sample: Sample::First,
    }
}

/// An exchange that was read in the clear, as an example of those like it.
#[derive(Debug)]
struct ClearText {
    parties: Parties,
    auth: Auth,
    method: Option<String>,
    host: Option<String>,
    path: Option<String>,
}

impl ClearText {
    fn new(parties: Parties, exchange: &Exchange) -> Self {
        let request = exchange.request.as_ref();
        let shown = |text: &str| clipped(text, MOST_SHOWN).into_owned();
        Self {
            parties,
            auth: exchange.auth,
            method: request.map(|request| shown(request.method.as_str())),
            host: request.and_then(|request| request.host.as_deref()).map(shown),
            path: request.map(path_of).map(shown),
        }
    }
}

/// The path of a request; targets are cut at `?` already, and once more here because
/// a query must not get out.
fn path_of(request: &Request) -> &str {
    request.path.split(['?', '#']).next().unwrap_or_default()
}

impl Case for ClearText {
    fn subject(&self) -> String {
        self.parties.subject(&shown_address(self.parties.ends.server.address))
    }

    fn summary(&self, count: u64) -> String {
        let Self { parties, .. } = self;
        let identity = shown_identity(parties.process());
        let requests = counted(count, "HTTP request", "HTTP requests");
        let scope = parties.peer_scope().name();
        let credentials = match self.auth {
            Auth::None => "",
            Auth::Unknown => ", perhaps with credentials",
            Auth::Cookie => ", with session cookies",
            _ => ", with credentials",
        };
        if parties.is_inbound() {
            return format!(
                "{identity} took {requests} in clear text from {scope} addresses{credentials}."
            );
        }
        let server = shown_address(parties.ends.server.address);
        format!(
            "{identity} sent {requests} in clear text to {server} ({scope} address){credentials}."
        )
    }

    fn evidence(&self, count: u64) -> Vec<(&'static str, String)> {
        let Self { parties, .. } = self;
        let mut evidence = process_evidence(parties.process());
        evidence.push(("server", shown_address(parties.ends.server.address)));
        evidence.push(("scope", parties.peer_scope().name().to_owned()));
        evidence.push(("reach", parties.reach().phrase().to_owned()));
        for (name, value) in [("method", &self.method), ("host", &self.host), ("path", &self.path)]
        {
            evidence.extend(value.clone().map(|value| (name, value)));
        }
        evidence.push(("auth", self.auth.name().to_owned()));
        evidence.push(("exchanges", count.to_string()));
        evidence
    }

    fn remedy(&self) -> String {
        let protect = match (self.parties.reach(), self.parties.is_inbound()) {
            (Reach::Host, _) => "Use TLS, or a Unix socket that only its users may open.",
            (_, true) => "Serve this port over TLS, and redirect clients that come without it.",
            (_, false) => "Call this destination over TLS (https).",
        };
        match self.auth {
            Auth::None | Auth::Unknown => protect.to_owned(),
            Auth::Cookie => format!("{protect} End the sessions whose cookies were seen."),
            _ => format!("{protect} Replace the credentials: whoever saw them may use them."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Detectors;
    use super::super::fixture::{ends, exchange, inbound, outbound, process, second, settings};
    use super::*;
    use crate::pipeline::output::Progress;

    const CURL: &str = "/usr/bin/curl";

    fn detectors() -> Detectors {
        Detectors::new(settings(|_| {}))
    }

    #[test]
    fn severity_follows_reach_and_credentials() {
        let both = ends(Some(process(CURL)), "10.0.0.1:9", Some(process("/s")), "10.0.0.1:80");
        let rows = [
            (outbound(CURL, "203.0.113.7:80"), Observed::Client, ["high", "high", "critical"]),
            (outbound(CURL, "[2001:db8::7]:80"), Observed::Client, ["high", "high", "critical"]),
            (outbound(CURL, "10.1.2.3:80"), Observed::Client, ["medium", "high", "critical"]),
            (outbound(CURL, "[fd00::1]:80"), Observed::Client, ["medium", "high", "critical"]),
            (outbound(CURL, "127.0.0.1:80"), Observed::Client, ["informational", "low", "medium"]),
            (both, Observed::Both, ["informational", "low", "medium"]),
            (
                inbound("203.0.113.9:999", "nginx.service", "10.0.0.1:80"),
                Observed::Server,
                ["high", "high", "critical"],
            ),
            (
                inbound("10.9.9.9:999", "nginx.service", "203.0.113.1:80"),
                Observed::Server,
                ["medium", "high", "critical"],
            ),
        ];
        for (ends, observed, severities) in rows {
            for (auths, severity) in [
                (&[Auth::None, Auth::Unknown][..], severities[0]),
                (&[Auth::Cookie], severities[1]),
                (
                    &[Auth::Basic, Auth::Bearer, Auth::Digest, Auth::ApiKey, Auth::Other],
                    severities[2],
                ),
            ] {
                for auth in auths {
                    let mut detectors = detectors();
                    detectors.exchange(&exchange(1, &ends, *auth), observed, second(1));
                    let finding = detectors.poll_finding().unwrap();
                    assert_eq!(finding.severity.name(), severity, "{} {auth:?}", finding.subject);
                }
            }
        }
    }

    #[test]
    fn encrypted_exchanges_are_none_of_its_business() {
        let mut detectors = detectors();
        let clear = exchange(1, &outbound(CURL, "203.0.113.7:443"), Auth::Basic);
        let encrypted = Exchange { encrypted: true, ..clear };
        detectors.exchange(&encrypted, Observed::Client, second(1));
        assert_eq!(detectors.said(), [""; 0]);
    }

    #[test]
    fn exchanges_count_whatever_is_remembered_of_their_connection() {
        let ends = outbound(CURL, "203.0.113.7:80");
        let mut detectors = detectors();
        for connection in 0..20_000 {
            let exchange = exchange(connection, &ends, Auth::None);
            for _ in 0..3 {
                detectors.exchange(&exchange, Observed::Client, second(1));
            }
        }
        detectors.tick(second(61));
        let subject = "/usr/bin/curl → 203.0.113.7:80";
        assert_eq!(
            detectors.said(),
            [format!("high open 1 {subject}"), format!("high updated 60000 {subject}")]
        );
    }

    #[test]
    fn an_exchange_that_goes_on_counts_once_and_keeps_the_finding_open() {
        let mut detectors = detectors();
        let ends = outbound(CURL, "203.0.113.7:80");
        let opened = Exchange { progress: Progress::Open, ..exchange(1, &ends, Auth::None) };
        detectors.exchange(&opened, Observed::Client, second(0));
        for hour in 1..48 {
            let still = Exchange { progress: Progress::StillOpen, ..opened.clone() };
            detectors.exchange(&still, Observed::Client, second(3600 * hour));
            detectors.tick(second(3600 * hour));
        }
        assert_eq!(detectors.said(), ["high open 1 /usr/bin/curl → 203.0.113.7:80"]);
    }

    #[test]
    fn credentials_on_a_known_connection_raise_it_at_once() {
        let ends = outbound(CURL, "10.1.2.3:80");
        let mut detectors = detectors();
        for auth in [Auth::None, Auth::None, Auth::Cookie, Auth::Basic, Auth::Bearer, Auth::None] {
            detectors.exchange(&exchange(1, &ends, auth), Observed::Client, second(1));
        }
        let findings = detectors.findings();
        let said: Vec<_> =
            findings.iter().map(|f| (f.severity.name(), f.state.name(), f.count)).collect();
        assert_eq!(
            said,
            [("medium", "open", 1), ("high", "updated", 3), ("critical", "updated", 4)]
        );
        assert!(findings[2].evidence.contains(&("auth".into(), "basic".to_owned())));
        assert!(findings[2].remedy.contains("Replace the credentials"));
    }

    #[test]
    fn clients_of_a_server_are_taken_together_by_scope() {
        let mut detectors = detectors();
        for (connection, client) in
            (0..).zip(["203.0.113.1:1", "203.0.113.1:2", "198.51.100.1:3", "10.1.1.1:4"])
        {
            let ends = inbound(client, "nginx.service", "10.0.0.1:80");
            detectors.exchange(
                &exchange(connection, &ends, Auth::None),
                Observed::Server,
                second(1),
            );
        }
        assert_eq!(
            detectors.said(),
            [
                "high open 1 public clients → nginx.service:80",
                "medium open 1 private clients → nginx.service:80",
            ]
        );
    }

    #[test]
    fn what_is_said_is_plain_and_holds_no_query_and_no_control_character() {
        let mut detectors = detectors();
        let mut seen = exchange(1, &outbound(CURL, "203.0.113.7:80"), Auth::None);
        if let Some(request) = &mut seen.request {
            request.path = "/a\u{1b}[2J?token=secret".into();
            request.host = Some("ex\u{202e}ample".into());
        }
        for _ in 0..3 {
            detectors.exchange(&seen, Observed::Client, second(1));
        }
        detectors.tick(second(61));
        let finding = detectors.findings().pop().unwrap();
        assert_eq!(
            finding.summary,
            "/usr/bin/curl sent 3 HTTP requests in clear text to 203.0.113.7:80 (public address)."
        );
        let evidence = [
            ("process", "comm (pid 7)"),
            ("user", "alice"),
            ("server", "203.0.113.7:80"),
            ("scope", "public"),
            ("reach", "leaves this host to a public address"),
            ("method", "GET"),
            ("host", "ex\u{fffd}ample"),
            ("path", "/a\u{fffd}[2J"),
            ("auth", "none"),
            ("exchanges", "3"),
        ];
        assert_eq!(finding.evidence, evidence.map(|(name, value)| (name.into(), value.to_owned())));
    }

    #[test]
    fn a_response_alone_is_http_in_the_clear_too() {
        let mut detectors = detectors();
        let seen = exchange(1, &outbound(CURL, "203.0.113.7:80"), Auth::None);
        let seen = Exchange { request: None, ..seen };
        detectors.exchange(&seen, Observed::Client, second(1));
        let finding = detectors.poll_finding().unwrap();
        assert!(finding.evidence.iter().all(|(name, _)| !["method", "path"].contains(&&**name)));
    }
}
