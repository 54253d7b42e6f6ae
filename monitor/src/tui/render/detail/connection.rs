//! A connection: who, what moved and was read of it, and what its TLS handshake said.

use super::{Field, end, plain};
use crate::pipeline::output::tls::{Certificate, CertificateSeen, Handshake, Offered};
use crate::pipeline::output::{ConnectionReport, Encryption};
use crate::pipeline::text::date_time;
use crate::tui::format;
use crate::tui::model::connections::ConnectionFacts;
use crate::tui::render::paint::{Look, piece};
use crate::tui::theme::Tone;

/// All about a connection.
pub(super) fn fields(facts: &ConnectionFacts, look: Look) -> Vec<Field> {
    let mut fields = vec![plain("connection", format!("{:016x}", facts.id.0))];
    fields.extend(end("client", &facts.ends.client, look));
    fields.extend(end("server", &facts.ends.server, look));
    let encryption = match (facts.encryption, &facts.tls) {
        (Encryption::Tls, _) | (_, Some(_)) => piece("tls", Tone::Good),
        (Encryption::Clear, None) => piece("^ clear text", Tone::Warning),
        (Encryption::Unknown, None) => piece("not recognised", Tone::Plain),
    };
    fields.push(("protection", encryption));
    if let Some(opened) = facts.opened {
        fields.push(plain("opened", look.date_time(opened)));
    }
    match &facts.closed {
        Some(report) => fields.extend(closed(report, look)),
        None => fields.push(plain("state", "open, as far as was told")),
    }
    match &facts.tls {
        Some(report) => fields.extend(handshake(&report.handshake, look)),
        None => fields.push(plain("handshake", "none kept")),
    }
    fields
}

fn closed(report: &ConnectionReport, look: Look) -> Vec<Field> {
    let both = |to_server: u64, to_client: u64| {
        format!(
            "{} to the server, {} to the client",
            format::bytes(to_server),
            format::bytes(to_client)
        )
    };
    let mut fields = vec![
        plain("closed", look.date_time(report.time)),
        plain("moved", both(report.bytes.to_server, report.bytes.to_client)),
        plain("read", both(report.captured.to_server, report.captured.to_client)),
    ];
    fields.extend(report.uncaptured.iter().filter(|(_, bytes)| **bytes > 0).map(|(why, bytes)| {
        let text = format!("! {}: {}", format::bytes(*bytes), format::uncaptured_reason(*why));
        ("not read", piece(text, Tone::Warning))
    }));
    if report.midstream {
        fields.push(plain("", "older than the watch on it"));
    }
    fields
}

fn handshake(handshake: &Handshake, look: Look) -> Vec<Field> {
    let none = || look.theme.none().to_owned();
    let shown = |text: Option<String>| text.unwrap_or_else(none);
    let group = handshake.group.map(|group| {
        let mark = if group.is_post_quantum() { " (post-quantum)" } else { "" };
        format!("{group}{mark}")
    });
    let mut fields = vec![
        plain("tls version", shown(handshake.version.map(|version| version.to_string()))),
        plain("cipher", shown(handshake.cipher.map(|cipher| cipher.to_string()))),
        plain("key exchange", shown(group)),
        plain("alpn", shown(handshake.alpn.as_deref().map(str::to_owned))),
    ];
    fields.extend(
        handshake
            .resumed
            .filter(|resumed| *resumed)
            .map(|_| plain("resumed", "an earlier session went on")),
    );
    if let Some(offered) = &handshake.offered {
        fields.extend(self::offered(offered, look));
    }
    fields.extend(certificate(&handshake.certificate, look));
    if let Some(alert) = handshake.alert {
        fields.push(("alert", piece(format!("! {alert} ended the handshake"), Tone::Bad)));
    }
    let anomalies = handshake.anomalies.iter();
    fields.extend(
        anomalies.map(|anomaly| ("anomaly", piece(format!("! {}", anomaly.name()), Tone::Warning))),
    );
    fields
}

fn offered(offered: &Offered, look: Look) -> Vec<Field> {
    let versions: Vec<_> = offered.versions.iter().map(ToString::to_string).collect();
    let groups: Vec<_> = offered.groups.iter().map(ToString::to_string).collect();
    let sni = offered.sni.as_deref().unwrap_or(look.theme.none()).to_owned();
    vec![
        plain("sni", look.private(sni)),
        plain(
            "offered",
            format!("versions {}; alpn {}", versions.join(" "), offered.alpn.join(" ")),
        ),
        plain("groups", groups.join(" ")),
        plain("ja4", offered.ja4.to_string()),
    ]
}

fn certificate(seen: &CertificateSeen, look: Look) -> Vec<Field> {
    match seen {
        CertificateSeen::NotSeen => vec![plain("certificate", "not seen")],
        CertificateSeen::Hidden => vec![plain("certificate", "encrypted by TLS 1.3")],
        CertificateSeen::NotSent => vec![plain("certificate", "none was sent")],
        CertificateSeen::Seen(certificate) => facts(certificate, look),
    }
}

fn facts(certificate: &Certificate, look: Look) -> Vec<Field> {
    let bits = certificate.key_bits.map(|bits| format!(" of {bits} bits")).unwrap_or_default();
    let names = certificate.san.join(" ");
    let life = [certificate.not_before, certificate.not_after].map(date_time);
    let mut fields = vec![
        plain("certificate", look.private(certificate.subject.to_string())),
        plain("issuer", look.private(certificate.issuer.to_string())),
        plain("names", look.private(names)),
        plain("valid", life.join(" to ")),
        plain(
            "key",
            format!("{}{bits}, signed with {}", certificate.key_algorithm, certificate.signature),
        ),
    ];
    if certificate.self_signed {
        fields.push(("", piece("^ self-signed", Tone::Warning)));
    }
    fields
}
