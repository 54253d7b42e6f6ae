use super::super::fixture::{called, ends, inbound, outbound, process, second, settings};
use super::super::{Detectors, Moment};
use super::*;
use crate::pipeline::finding::{Finding, State};
use crate::pipeline::output::tls::{
    Certificate, CertificateSeen, CipherSuite, Handshake, NamedGroup, Offered, SignatureScheme,
    TlsVersion,
};
use crate::pipeline::output::{ConnectionId, Ends};
use crate::pipeline::protocol::Anomaly;
use crate::pipeline::time::WallTime;

const CURL: &str = "/usr/bin/curl";
const DAY: i64 = 86_400;
/// 2026-11-25T00:00:00Z.
const TODAY: i64 = 1_795_564_800;

/// TLS 1.3 with nothing to wish for.
fn best() -> Handshake {
    handshake(0x0304, 0x1302, Some(0x11ec))
}

fn handshake(version: u16, cipher: u16, group: Option<u16>) -> Handshake {
    Handshake {
        version: Some(TlsVersion(version)),
        cipher: Some(CipherSuite(cipher)),
        group: group.map(NamedGroup),
        certificate: match version {
            0x0304 => CertificateSeen::Hidden,
            _ => CertificateSeen::NotSeen,
        },
        resumed: Some(false),
        ..Handshake::default()
    }
}

/// TLS 1.2 with ECDHE, AES-256-GCM and a certificate.
fn with(certificate: Certificate) -> Handshake {
    let certificate = CertificateSeen::Seen(Box::new(certificate));
    Handshake { certificate, ..handshake(0x0303, 0xc030, Some(0x001d)) }
}

fn certificate() -> Certificate {
    Certificate {
        subject: "CN=api.example.com".into(),
        issuer: "CN=Example CA".into(),
        san: Vec::new(),
        not_before: TODAY - 30 * DAY,
        not_after: TODAY + 60 * DAY,
        key_algorithm: "rsa".into(),
        key_bits: Some(2048),
        signature: "sha256WithRSAEncryption".into(),
        self_signed: false,
        chain_length: 2,
    }
}

fn public() -> Arc<Ends> {
    outbound(CURL, "203.0.113.7:443")
}

fn report_on(ends: &Arc<Ends>, handshake: Handshake) -> TlsReport {
    TlsReport {
        connection: ConnectionId(1),
        time: WallTime((TODAY as u64) * 1_000_000_000),
        ends: Arc::clone(ends),
        handshake: Arc::new(handshake),
    }
}

fn detectors(change: impl FnOnce(&mut TlsProfile)) -> Detectors {
    Detectors::new(settings(|settings| change(&mut settings.tls)))
}

impl Detectors {
    fn shake(&mut self, ends: &Arc<Ends>, handshake: Handshake, at: u64) {
        self.tls(&report_on(ends, handshake), Observed::Client, second(at));
    }

    /// Of findings of this kind: severity, state, count and reasons.
    fn weak(&mut self) -> Vec<String> {
        let findings = self.findings().into_iter();
        let weak = findings.filter(|finding| finding.kind == FindingKind::WeakEncryption);
        weak.map(|finding| short(&finding)).collect()
    }
}

fn short(finding: &Finding) -> String {
    let reasons = evidence(finding, "reasons").unwrap_or_default();
    let (severity, state) = (finding.severity.name(), finding.state.name());
    format!("{severity} {state} {} {reasons}", finding.count)
}

fn evidence<'a>(finding: &'a Finding, name: &str) -> Option<&'a str> {
    finding.evidence.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

/// What is said of one handshake towards a public address.
fn verdict(handshake: Handshake, change: impl FnOnce(&mut TlsProfile)) -> String {
    let mut detectors = detectors(change);
    detectors.shake(&public(), handshake, 1);
    match detectors.poll_finding() {
        Some(finding) => {
            let reasons = evidence(&finding, "reasons").unwrap().to_owned();
            format!("{}: {reasons}", finding.severity.name())
        }
        None => String::new(),
    }
}

#[test]
fn versions_and_suites_are_judged_as_agreed_on() {
    for (handshake, said) in [
        (best(), ""),
        (handshake(0x0304, 0x1303, Some(0x11eb)), ""),
        (handshake(0x7f1c, 0x1302, Some(0x11ec)), ""),
        (handshake(0x0304, 0x1302, Some(0x001d)), "informational: not_post_quantum"),
        (handshake(0x0304, 0x1302, Some(0x6399)), "informational: not_post_quantum"),
        (handshake(0x0304, 0x1301, Some(0x11ec)), "informational: below_256_bit"),
        (handshake(0x0304, 0x1301, Some(0x0017)), "informational: below_256_bit, not_post_quantum"),
        (handshake(0x0303, 0xcca8, Some(0x001d)), "informational: not_post_quantum"),
        (handshake(0x0303, 0xc02f, Some(0x001d)), "informational: below_256_bit, not_post_quantum"),
        (handshake(0x0303, 0xc028, Some(0x0018)), "low: cbc, not_post_quantum"),
        (handshake(0x0303, 0x009d, None), "medium: no_forward_secrecy, not_post_quantum"),
        (
            handshake(0x0303, 0x002f, None),
            "medium: no_forward_secrecy, cbc, below_256_bit, not_post_quantum",
        ),
        (handshake(0x0303, 0xc02e, None), "medium: no_forward_secrecy, not_post_quantum"),
        (handshake(0x0302, 0xc014, Some(0x0017)), "high: old_version, cbc, not_post_quantum"),
        (handshake(0x0301, 0xc014, Some(0x0017)), "high: old_version, cbc, not_post_quantum"),
        (handshake(0x0303, 0xc011, Some(0x0017)), "high: broken_cipher, not_post_quantum"),
        (handshake(0x0303, 0xc012, Some(0x0017)), "high: broken_cipher, not_post_quantum"),
        (
            handshake(0x0303, 0x0009, None),
            "high: broken_cipher, no_forward_secrecy, not_post_quantum",
        ),
        (
            handshake(0x0303, 0x0007, None),
            "high: broken_cipher, no_forward_secrecy, not_post_quantum",
        ),
        (handshake(0x0303, 0xc010, Some(0x0017)), "critical: null_cipher, not_post_quantum"),
        (handshake(0x0304, 0xc0b4, Some(0x001d)), "critical: null_cipher, not_post_quantum"),
        (handshake(0x0301, 0x0014, None), "critical: export_cipher, old_version, not_post_quantum"),
        (handshake(0x0303, 0x00a7, None), "critical: anonymous_key_exchange, not_post_quantum"),
        (handshake(0x0300, 0xc014, Some(0x0017)), "critical: old_version, cbc, not_post_quantum"),
        (
            handshake(0x0002, 0x0005, None),
            "critical: old_version, broken_cipher, no_forward_secrecy, not_post_quantum",
        ),
    ] {
        let shown = format!("{handshake:?}");
        assert_eq!(verdict(handshake, |_| {}), said, "{shown}");
    }
    // What is not known is not judged.
    let unknown = handshake(0x0304, 0xfafa, None);
    assert_eq!(verdict(unknown, |_| {}), "");
    let no_suite = Handshake { cipher: None, ..best() };
    assert_eq!(verdict(no_suite, |_| {}), "");
}

#[test]
fn irregularities_that_weaken_are_judged() {
    let base = || handshake(0x0303, 0xc030, Some(0x001d));
    for (anomaly, said) in [
        (Anomaly::TlsDowngradeSentinel, "high: downgrade_signal, not_post_quantum"),
        (Anomaly::TlsCompression, "high: compression, not_post_quantum"),
        (Anomaly::InsecureRenegotiation, "medium: insecure_renegotiation, not_post_quantum"),
        (Anomaly::TlsFallback, "informational: not_post_quantum"),
        (Anomaly::Gap, "informational: not_post_quantum"),
    ] {
        let handshake = Handshake { anomalies: vec![anomaly], ..base() };
        assert_eq!(verdict(handshake, |_| {}), said);
    }
}

#[test]
fn keys_and_signatures_are_judged() {
    let base = || handshake(0x0303, 0xc030, Some(0x001d));
    let dhe = |bits| Handshake { dh_bits: Some(bits), ..handshake(0x0303, 0x009f, None) };
    let signed = |scheme| Handshake { signature: Some(SignatureScheme(scheme)), ..base() };
    let curve = |group| handshake(0x0303, 0xc030, Some(group));
    let key = |algorithm: &str, bits| {
        with(Certificate { key_algorithm: algorithm.into(), key_bits: Some(bits), ..certificate() })
    };
    let certified =
        |signature: &str| with(Certificate { signature: signature.into(), ..certificate() });
    for (handshake, said) in [
        (dhe(2048), ""),
        (dhe(1024), "high: short_key"),
        (dhe(768), "critical: short_key"),
        (curve(0x0019), ""),
        (curve(0x0015), ""),
        (curve(0x0013), "high: short_key"),
        (curve(0x0100), ""),
        (signed(0x0401), ""),
        (signed(0x0804), ""),
        (signed(0x0201), "high: weak_signature"),
        (signed(0x0203), "high: weak_signature"),
        (signed(0x0101), "high: weak_signature"),
        (key("rsa", 2048), ""),
        (key("rsa", 2047), "high: short_key"),
        (key("rsa", 512), "critical: short_key"),
        (key("dsa", 1024), "high: short_key"),
        (key("ec", 256), ""),
        (key("ec", 224), ""),
        (key("ec", 192), "high: short_key"),
        (key("ec", 112), "critical: short_key"),
        (key("ed25519", 253), ""),
        (key("1.2.3.4", 8), ""),
        (with(Certificate { key_bits: None, ..certificate() }), ""),
        (certified("ecdsa-with-SHA256"), ""),
        (certified("sha1WithRSAEncryption"), "high: weak_certificate_signature"),
        (certified("ecdsa-with-SHA1"), "high: weak_certificate_signature"),
        (certified("md5WithRSAEncryption"), "high: weak_certificate_signature"),
        (certified("1.2.840.113549.1.1.5"), "high: weak_certificate_signature"),
        (certified("1.2.840.113549.1.1.11"), ""),
    ] {
        let said = match said {
            "" => "informational: not_post_quantum".to_owned(),
            said => format!("{said}, not_post_quantum"),
        };
        let shown = format!("{handshake:?}");
        assert_eq!(verdict(handshake, |_| {}), said, "{shown}");
    }
}

#[test]
fn certificates_are_judged_by_their_time() {
    let life = |from: i64, to: i64| {
        with(Certificate {
            not_before: TODAY + from * DAY,
            not_after: TODAY + to * DAY,
            ..certificate()
        })
    };
    for (handshake, said) in [
        (life(-30, 60), ""),
        (life(-30, -1), "high: certificate_expired"),
        (life(1, 60), "high: certificate_not_yet_valid"),
        (life(-70, 20), "medium: certificate_ends_soon"),
        (life(-70, 21), ""),
        // The last quarter of a short life.
        (life(-4, 2), ""),
        (life(-5, 1), "medium: certificate_ends_soon"),
        // As long as authorities may issue, at the time of issue.
        (life(-100, 100), ""),
        (life(-100, 101), "low: certificate_long_lived"),
        (life(-300, 98), ""),
        (life(-300, 99), "low: certificate_long_lived"),
    ] {
        let said = match said {
            "" => "informational: not_post_quantum".to_owned(),
            said => format!("{said}, not_post_quantum"),
        };
        let shown = format!("{:?}", handshake.certificate);
        assert_eq!(verdict(handshake, |_| {}), said, "{shown}");
    }
    // A clock that was never set judges nothing.
    let mut detectors = detectors(|_| {});
    let early = TlsReport { time: WallTime(5), ..report_on(&public(), life(-30, -1)) };
    detectors.tls(&early, Observed::Client, second(1));
    assert_eq!(detectors.weak(), ["informational open 1 not_post_quantum"]);
}

#[test]
fn reach_decides_where_trust_and_clear_text_do() {
    let host = ends(Some(process(CURL)), "10.0.0.1:9", Some(process("/s")), "10.0.0.1:443");
    let self_signed = || with(Certificate { self_signed: true, ..certificate() });
    let long = || {
        with(Certificate { not_before: TODAY - DAY, not_after: TODAY + 900 * DAY, ..certificate() })
    };
    let null = || handshake(0x0303, 0xc010, Some(0x001d));
    let old = || handshake(0x0301, 0xc014, Some(0x001d));
    for (ends, observed, severities) in [
        (public(), Observed::Client, ["medium", "low", "critical", "high"]),
        (
            outbound(CURL, "10.1.2.3:443"),
            Observed::Client,
            ["low", "informational", "critical", "high"],
        ),
        (
            outbound(CURL, "127.0.0.1:443"),
            Observed::Client,
            ["low", "informational", "high", "high"],
        ),
        (host, Observed::Both, ["low", "informational", "high", "high"]),
        (
            inbound("203.0.113.9:999", "nginx.service", "10.0.0.1:443"),
            Observed::Server,
            ["medium", "low", "critical", "high"],
        ),
        (
            inbound("10.9.9.9:999", "nginx.service", "10.0.0.1:443"),
            Observed::Server,
            ["low", "informational", "critical", "high"],
        ),
    ] {
        let handshakes = [self_signed(), long(), null(), old()];
        for (handshake, severity) in handshakes.into_iter().zip(severities) {
            let mut detectors = detectors(|_| {});
            detectors.tls(&report_on(&ends, handshake), observed, second(1));
            let finding = detectors.poll_finding().unwrap();
            assert_eq!(finding.severity.name(), severity, "{}", finding.summary);
        }
    }
}

#[test]
fn the_profile_decides() {
    type Change = fn(&mut TlsProfile);
    let cases: [(Handshake, Change, &str); 10] = [
        (
            handshake(0x0303, 0xc030, Some(0x001d)),
            |profile| profile.minimum_version = 0x0304,
            "high: old_version, not_post_quantum",
        ),
        (
            handshake(0x0302, 0xc014, Some(0x001d)),
            |profile| profile.minimum_version = 0x0301,
            "low: cbc, not_post_quantum",
        ),
        (
            handshake(0x0304, 0x1301, Some(0x11ec)),
            |profile| profile.require_256_bit = true,
            "high: below_256_bit",
        ),
        (
            handshake(0x0304, 0x1302, Some(0x001d)),
            |profile| profile.require_post_quantum = true,
            "high: not_post_quantum",
        ),
        (
            handshake(0x0304, 0x1302, Some(0x6399)),
            |profile| profile.require_post_quantum = true,
            "high: not_post_quantum",
        ),
        (best(), |profile| profile.refused_ciphers = vec![0x1302], "high: refused_cipher"),
        (best(), |profile| profile.allowed_ciphers = vec![0x1303], "high: refused_cipher"),
        (best(), |profile| profile.allowed_ciphers = vec![0x1303, 0x1302], ""),
        (
            with(Certificate { key_bits: Some(2048), ..certificate() }),
            |profile| profile.minimum_rsa_bits = 3072,
            "high: short_key, not_post_quantum",
        ),
        (
            with(certificate()),
            |profile| profile.certificate_warning = std::time::Duration::from_secs(0),
            "informational: not_post_quantum",
        ),
    ];
    for (handshake, change, said) in cases {
        let shown = format!("{handshake:?}");
        assert_eq!(verdict(handshake, change), said, "{shown}");
    }
}

#[test]
fn what_came_to_nothing_and_what_was_only_offered_is_not_judged() {
    let weak = handshake(0x0301, 0x0005, None);
    let offered = Offered {
        versions: vec![TlsVersion(0x0304), TlsVersion(0x0301)],
        groups: vec![NamedGroup(0x0013)],
        ..Offered::default()
    };
    for handshake in [
        Handshake { version: None, ..weak.clone() },
        Handshake { alert: Some(40), ..weak },
        // Only another hello was asked for.
        Handshake { retried: true, resumed: None, ..handshake(0x0304, 0x1301, None) },
        Handshake { offered: Some(offered.clone()), ..Handshake::default() },
        Handshake { offered: Some(offered), ..best() },
    ] {
        let shown = format!("{handshake:?}");
        assert_eq!(verdict(handshake, |_| {}), "", "{shown}");
    }
}

#[test]
fn one_finding_for_all_addresses_of_a_name_and_one_for_clients_by_scope() {
    let old = || handshake(0x0301, 0xc014, Some(0x0017));
    let mut detectors = detectors(|_| {});
    for n in 0..3 {
        let ends = outbound(CURL, &format!("203.0.113.{n}:443"));
        let ends = called(&ends, "api.example.com", NameSource::Sni);
        detectors.shake(&ends, old(), 1);
    }
    for client in ["203.0.113.1:1", "203.0.113.2:2", "10.1.1.1:4"] {
        let ends = inbound(client, "nginx.service", "10.0.0.1:443");
        detectors.tls(&report_on(&ends, old()), Observed::Server, second(1));
    }
    // The name is in the hello, and the connection has not got it yet.
    let offered = Some(Offered { sni: Some("b.example".into()), ..Offered::default() });
    detectors.shake(&public(), Handshake { offered, ..old() }, 1);
    assert_eq!(
        detectors.said(),
        [
            "high open 1 /usr/bin/curl → api.example.com:443 (203.0.113.0)",
            "high open 1 public clients → nginx.service:443",
            "high open 1 private clients → nginx.service:443",
            "high open 1 /usr/bin/curl → b.example:443 (203.0.113.7)",
        ]
    );
}

#[test]
fn the_gravest_decides_and_better_handshakes_let_it_end() {
    let mut detectors = detectors(|_| {});
    let ends = public();
    detectors.shake(&ends, handshake(0x0303, 0xc028, Some(0x001d)), 0);
    detectors.shake(&ends, handshake(0x0303, 0x009d, None), 1);
    detectors.shake(&ends, handshake(0x0303, 0xc028, Some(0x001d)), 2);
    assert_eq!(
        detectors.weak(),
        [
            "low open 1 cbc, not_post_quantum",
            "medium updated 2 no_forward_secrecy, not_post_quantum"
        ]
    );
    // Better ones neither count nor keep it open; the end of it comes after a day.
    for hour in 1..30 {
        detectors.shake(&ends, handshake(0x0304, 0x1302, Some(0x001d)), 3600 * hour);
        detectors.tick(second(3600 * hour));
    }
    assert_eq!(
        detectors.weak(),
        [
            "medium resolved 2 no_forward_secrecy, not_post_quantum",
            "informational open 1 not_post_quantum"
        ]
    );
}

#[test]
fn what_could_only_be_stronger_is_said_once() {
    let mut detectors = detectors(|_| {});
    for at in 0..600 {
        detectors.shake(&public(), handshake(0x0304, 0x1302, Some(0x001d)), at);
        detectors.tick(second(at));
    }
    assert_eq!(detectors.weak(), ["informational open 1 not_post_quantum"]);
}

#[test]
fn a_pair_that_agrees_on_less_than_before_is_a_downgrade() {
    let old = || handshake(0x0303, 0xc030, Some(0x001d));
    for (before, after, said) in [
        (best(), handshake(0x0304, 0x1302, Some(0x001d)), Some("no post-quantum group")),
        (best(), handshake(0x0304, 0x1301, Some(0x11ec)), Some("no 256-bit cipher")),
        (best(), old(), Some("a lower version, no post-quantum group")),
        (old(), handshake(0x0302, 0xc014, Some(0x001d)), Some("a lower version")),
        (
            best(),
            handshake(0x0301, 0xc013, Some(0x0017)),
            Some("a lower version, no post-quantum group, no 256-bit cipher"),
        ),
        (best(), best(), None),
        (old(), best(), None),
        // TLS 1.3 has suites of its own.
        (old(), handshake(0x0304, 0x1301, Some(0x001d)), None),
        // A resumption that does not tell its group.
        (best(), handshake(0x0304, 0x1302, None), None),
        // A draft is no less than what it became.
        (handshake(0x7f1c, 0x1302, Some(0x001d)), handshake(0x0304, 0x1302, Some(0x001d)), None),
        (handshake(0x0304, 0x1302, Some(0x001d)), handshake(0x7f1c, 0x1302, Some(0x001d)), None),
    ] {
        let shown = format!("{before:?} {after:?}");
        let mut detectors = detectors(|_| {});
        detectors.shake(&public(), before, 1);
        detectors.findings();
        detectors.shake(&public(), after, 2);
        let finding = detectors.poll_finding();
        let downgrade = finding.filter(|it| short(it).contains("downgrade"));
        assert_eq!(downgrade.is_some(), said.is_some(), "{shown}");
        if let (Some(finding), Some(said)) = (downgrade, said) {
            assert!(finding.summary.contains(&format!("less than before: {said}")), "{finding:?}");
            assert_eq!(finding.severity, Severity::High);
        }
    }
}

#[test]
fn what_a_resumption_hides_is_remembered() {
    let mut detectors = detectors(|_| {});
    detectors.shake(&public(), best(), 1);
    let resumed = Handshake { resumed: Some(true), ..handshake(0x0304, 0x1302, None) };
    detectors.shake(&public(), resumed, 2);
    detectors.shake(&public(), handshake(0x0304, 0x1302, Some(0x001d)), 3);
    assert_eq!(
        detectors.weak(),
        ["medium open 1 no_forward_secrecy", "high updated 2 downgrade, not_post_quantum"]
    );
}

#[test]
fn a_downgrade_is_counted_once_per_change() {
    let mut detectors = detectors(|_| {});
    let (good, bad) = (best, || handshake(0x0304, 0x1302, Some(0x001d)));
    // Once, and then for good.
    detectors.shake(&public(), good(), 0);
    for at in 1..100 {
        detectors.shake(&public(), bad(), at);
        detectors.tick(second(at));
    }
    assert_eq!(detectors.weak(), ["high open 1 downgrade, not_post_quantum"]);
    // Two backends: each time, but said at most every minute.
    for at in 100..700 {
        let handshake = if at % 2 == 0 { good() } else { bad() };
        detectors.shake(&public(), handshake, at);
        detectors.tick(second(at));
    }
    let findings = detectors.findings();
    assert!((9..=12).contains(&findings.len()), "{}", findings.len());
    let last = findings.last().unwrap();
    assert!((270..=301).contains(&last.count), "{last:?}");
    assert_eq!(evidence(last, "downgrades").unwrap(), last.count.to_string());
    assert_eq!(evidence(last, "before"), Some("1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768"));
    assert_eq!(evidence(last, "after"), Some("1.3 TLS_AES_256_GCM_SHA384 x25519"));
    assert_eq!(evidence(last, "downgrade_time"), Some("2026-11-25T00:00:00Z"));
}

#[test]
fn clients_of_a_server_are_not_compared_with_each_other() {
    let mut detectors = detectors(|_| {});
    for handshake in [best(), handshake(0x0304, 0x1302, Some(0x001d))] {
        let ends = inbound("203.0.113.1:1", "nginx.service", "10.0.0.1:443");
        detectors.tls(&report_on(&ends, handshake), Observed::Server, second(1));
    }
    assert_eq!(detectors.weak(), ["informational open 1 not_post_quantum"]);
}

#[test]
fn unknown_clients_are_not_compared_with_each_other() {
    let mut detectors = detectors(|_| {});
    for handshake in [best(), handshake(0x0304, 0x1302, Some(0x001d))] {
        detectors.shake(&ends(None, "10.0.0.9:1", None, "203.0.113.7:443"), handshake, 1);
    }
    assert_eq!(detectors.weak(), ["informational open 1 not_post_quantum"]);
}

#[test]
fn a_downgrade_stays_in_the_evidence_of_what_is_as_grave() {
    let mut detectors = detectors(|_| {});
    detectors.shake(&public(), best(), 1);
    for at in 2..5 {
        detectors.shake(&public(), handshake(0x0302, 0xc014, Some(0x001d)), at);
    }
    detectors.tick(second(90));
    let finding = detectors.findings().pop().unwrap();
    assert_eq!(short(&finding), "high updated 3 old_version, cbc, not_post_quantum");
    assert_eq!(evidence(&finding, "downgrades"), Some("1"));
}

#[test]
fn a_reload_resolves_what_the_profile_takes_now() {
    let mut detectors = detectors(|_| {});
    let old = outbound(CURL, "203.0.113.8:443");
    detectors.shake(&old, handshake(0x0302, 0xc014, Some(0x001d)), 1);
    detectors.shake(&public(), handshake(0x0304, 0x1302, Some(0x001d)), 1);
    let gone = outbound(CURL, "203.0.113.9:443");
    detectors.shake(&gone, best(), 1);
    detectors.shake(&gone, handshake(0x0304, 0x1301, Some(0x11ec)), 1);
    assert_eq!(detectors.weak().len(), 3);
    detectors.apply_settings(settings(|s| s.tls.minimum_version = 0x0301));
    assert_eq!(detectors.weak(), ["high resolved 1 old_version, cbc, not_post_quantum"]);
    // Demanded now: it is so when it is seen again.
    detectors.apply_settings(settings(|s| s.tls.require_post_quantum = true));
    assert_eq!(detectors.weak(), [""; 0]);
    detectors.shake(&public(), handshake(0x0304, 0x1302, Some(0x001d)), 2);
    assert_eq!(detectors.weak(), ["high updated 2 not_post_quantum"]);
    detectors.shake(&old, handshake(0x0302, 0xc014, Some(0x001d)), 3);
    assert_eq!(detectors.weak(), ["high open 1 old_version, not_post_quantum, cbc"]);
}

#[test]
fn it_ends_when_it_is_not_seen_for_long() {
    let mut detectors = detectors(|_| {});
    detectors.shake(&public(), handshake(0x0301, 0xc014, Some(0x0017)), 0);
    while let Some(time) = detectors.next_deadline() {
        detectors.tick(Moment { time, ..second(0) });
    }
    let states: Vec<_> = detectors.findings().into_iter().map(|finding| finding.state).collect();
    assert_eq!(states, [State::Open, State::Resolved]);
}

#[test]
fn pairs_are_bounded_and_forgetting_makes_nothing_up() {
    let story = || {
        let mut detectors = Detectors::new(settings(|s| {
            s.limits.destinations = 100;
            s.limits.findings = 100;
        }));
        for n in 0..2000u32 {
            let ends = outbound(CURL, &format!("203.0.{}.{}:443", n % 500 / 250, n % 250));
            let handshake = if n < 1000 { best() } else { handshake(0x0303, 0xc030, None) };
            detectors.shake(&ends, handshake, u64::from(n));
        }
        let findings = detectors.findings();
        assert!(!findings.iter().any(|finding| short(finding).contains("downgrade")));
        assert!(detectors.evicted() >= 1800);
        findings
    };
    assert_eq!(story(), story());
}

#[test]
fn what_is_said_is_plain_and_complete() {
    let mut detectors = detectors(|_| {});
    let ends = called(&outbound(CURL, "203.0.113.7:443"), "api.example.com", NameSource::Sni);
    let offered = Some(Offered {
        sni: Some("api.example.com".into()),
        versions: vec![TlsVersion(0x0304), TlsVersion(0x0303)],
        groups: vec![NamedGroup(0x11ec), NamedGroup(0x001d)],
        ja4: "t13d1516h2_8daaf6152771_e5627efa2ab1".into(),
        ..Offered::default()
    });
    let seen = with(Certificate {
        subject: "CN=a\u{1b}[2J\u{202e}".into(),
        not_after: TODAY - 3 * DAY,
        key_bits: Some(1024),
        ..certificate()
    });
    let seen = Handshake { offered, signature: Some(SignatureScheme(0x0804)), ..seen };
    detectors.shake(&ends, seen, 1);
    let finding = detectors.poll_finding().unwrap();
    assert_eq!(
        finding.summary,
        "/usr/bin/curl agreed with api.example.com:443 (203.0.113.7, public address) on TLS that \
         is weak: the key of the certificate has 1024 bits, fewer than 2048; the certificate \
         ended 3 days ago; the key exchange is not post-quantum."
    );
    assert_eq!(
        finding.remedy,
        "Replace the certificate by one with a longer key, signed over SHA-256 or better. \
         Renew the certificate, and see why that did not happen by itself."
    );
    let evidence = [
        ("process", "comm (pid 7)"),
        ("user", "alice"),
        ("destination", "api.example.com:443"),
        ("name", "api.example.com"),
        ("name_source", "sni"),
        ("address", "203.0.113.7:443"),
        ("scope", "public"),
        ("reasons", "short_key, certificate_expired, not_post_quantum"),
        ("version", "1.2"),
        ("cipher", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        ("group", "x25519"),
        ("signature", "rsa_pss_rsae_sha256"),
        ("resumed", "no"),
        ("certificate", "CN=a\u{fffd}[2J\u{fffd}"),
        ("certificate_issuer", "CN=Example CA"),
        ("certificate_not_before", "2026-10-26T00:00:00Z"),
        ("certificate_not_after", "2026-11-22T00:00:00Z"),
        ("certificate_key", "rsa 1024"),
        ("certificate_signature", "sha256WithRSAEncryption"),
        ("offered_versions", "1.3, 1.2"),
        ("offered_groups", "X25519MLKEM768, x25519"),
        ("ja4", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
        ("handshakes", "1"),
    ];
    assert_eq!(finding.evidence, evidence.map(|(name, value)| (name.into(), value.to_owned())));

    let ends = inbound("203.0.113.1:1", "nginx.service", "10.0.0.1:443");
    let weaker = handshake(0x0304, 0x1301, Some(0x11ec));
    detectors.tls(&report_on(&ends, weaker), Observed::Server, second(1));
    let finding = detectors.poll_finding().unwrap();
    assert_eq!(
        finding.summary,
        "nginx.service agreed with clients at public addresses on port 443 on TLS that could be \
         stronger: the cipher is neither AES-256 nor ChaCha20."
    );
    assert!(finding.evidence.contains(&("certificate".into(), "hidden by TLS 1.3".to_owned())));
    assert!(finding.evidence.contains(&("offered".into(), "not seen".to_owned())));
}
