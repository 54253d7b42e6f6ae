//! What a finding shows of a weak handshake.

use std::sync::Arc;

use super::super::naming::{
    Destination, MOST_SHOWN, process_evidence, shown_address, shown_identity,
};
use super::super::parties::Parties;
use super::judge::judge;
use super::pairs::Downgrade;
use super::weakness::Weakness;
use crate::pipeline::finding::{Case, Condition, Severity};
use crate::pipeline::output::tls::{
    Certificate, CertificateSeen, Handshake, NamedGroup, TlsVersion,
};
use crate::pipeline::settings::Settings;
use crate::pipeline::text::{clipped, date_time};
use crate::pipeline::time::WallTime;

/// Most offered groups and versions that are shown.
const MOST_OFFERED: usize = 8;

/// A weak handshake.
#[derive(Debug)]
pub(super) struct WeakHandshake {
    pub(super) parties: Parties,
    pub(super) destination: Destination,
    pub(super) handshake: Arc<Handshake>,
    pub(super) time: WallTime,
    pub(super) severity: Severity,
    /// The gravest first.
    pub(super) weaknesses: Vec<Weakness>,
    /// The latest one of the pair, which need not be of this handshake.
    pub(super) downgrade: Option<Arc<Downgrade>>,
}

impl WeakHandshake {
    fn is_downgrade(&self) -> bool {
        self.weaknesses.iter().any(|weakness| matches!(weakness, Weakness::Downgrade(_)))
    }
}

impl Case for WeakHandshake {
    fn subject(&self) -> String {
        self.parties.subject(&self.destination.shown())
    }

    fn summary(&self, _count: u64) -> String {
        let identity = shown_identity(self.parties.process());
        let other = if self.parties.is_inbound() {
            let (scope, port) = (self.parties.peer_scope().name(), self.parties.server_port());
            format!("clients at {scope} addresses on port {port}")
        } else {
            self.destination.described()
        };
        let verdict = match self.severity {
            Severity::Informational => "that could be stronger",
            _ => "that is weak",
        };
        let reasons: Vec<_> = self.weaknesses.iter().map(Weakness::phrase).collect();
        let reasons = clipped(&reasons.join("; "), 2 * MOST_SHOWN).into_owned();
        format!("{identity} agreed with {other} on TLS {verdict}: {reasons}.")
    }

    fn evidence(&self, count: u64) -> Vec<(&'static str, String)> {
        let mut evidence = process_evidence(self.parties.process());
        if self.parties.is_inbound() {
            evidence.push(("server", shown_address(self.destination.address)));
            evidence.push(("scope", self.parties.peer_scope().name().to_owned()));
        } else {
            evidence.extend(self.destination.evidence());
        }
        let reasons = self.weaknesses.iter().map(Weakness::name);
        evidence.push(("reasons", joined(reasons)));
        evidence.extend(agreed(&self.handshake));
        evidence.extend(certificate(&self.handshake.certificate));
        evidence.extend(offered(&self.handshake));
        evidence.extend(self.downgrade.as_deref().into_iter().flat_map(downgrade));
        evidence.push(("handshakes", count.to_string()));
        evidence
    }

    /// What to do about the gravest weaknesses.
    fn remedy(&self) -> String {
        let reach = self.parties.reach();
        let mut remedies: Vec<&str> = Vec::new();
        for weakness in &self.weaknesses {
            let remedy = weakness.remedy();
            if weakness.severity(reach) == self.severity && !remedies.contains(&remedy) {
                remedies.push(remedy);
            }
        }
        remedies.join(" ")
    }

    fn condition(&self, settings: &Settings) -> Condition {
        if self.is_downgrade() {
            Condition::Always
        } else {
            Condition::Profile(Box::new(settings.tls.clone()))
        }
    }

    /// A downgrade is one whatever the profile; else it has to be as weak as it was.
    fn holds(&self, settings: &Settings) -> bool {
        if self.is_downgrade() {
            return true;
        }
        let reach = self.parties.reach();
        let found = judge(&self.handshake, self.time, reach, &settings.tls);
        found.first().is_some_and(|gravest| gravest.severity(reach) >= self.severity)
    }
}

/// What both sides agreed on.
fn agreed(handshake: &Handshake) -> Vec<(&'static str, String)> {
    let unknown = || "unknown".to_owned();
    let mut evidence = vec![
        ("version", handshake.version.map_or_else(unknown, |version| version.to_string())),
        ("cipher", handshake.cipher.map_or_else(unknown, |cipher| cipher.to_string())),
    ];
    evidence.extend(handshake.group.map(|group| ("group", group.to_string())));
    evidence.extend(handshake.dh_bits.map(|bits| ("dh_bits", bits.to_string())));
    evidence.extend(handshake.signature.map(|scheme| ("signature", scheme.to_string())));
    let resumed = handshake.resumed.map(|resumed| if resumed { "yes" } else { "no" });
    evidence.extend(resumed.map(|resumed| ("resumed", resumed.to_owned())));
    evidence
}

/// The certificate, or why none was judged.
fn certificate(seen: &CertificateSeen) -> Vec<(&'static str, String)> {
    let why_not = match seen {
        CertificateSeen::Seen(certificate) => return certificate_facts(certificate),
        CertificateSeen::NotSeen => "not seen",
        CertificateSeen::Hidden => "hidden by TLS 1.3",
        CertificateSeen::NotSent => "not sent in this handshake",
    };
    vec![("certificate", why_not.to_owned())]
}

fn certificate_facts(certificate: &Certificate) -> Vec<(&'static str, String)> {
    let shown = |text: &str| clipped(text, MOST_SHOWN).into_owned();
    let key = match certificate.key_bits {
        Some(bits) => format!("{} {bits}", shown(&certificate.key_algorithm)),
        None => shown(&certificate.key_algorithm),
    };
    vec![
        ("certificate", shown(&certificate.subject)),
        ("certificate_issuer", shown(&certificate.issuer)),
        ("certificate_not_before", date_time(certificate.not_before)),
        ("certificate_not_after", date_time(certificate.not_after)),
        ("certificate_key", key),
        ("certificate_signature", shown(&certificate.signature)),
    ]
}

/// What the client would have taken: whose side is to be changed.
fn offered(handshake: &Handshake) -> Vec<(&'static str, String)> {
    let Some(offered) = &handshake.offered else {
        return vec![("offered", "not seen".to_owned())];
    };
    let versions = offered.versions.iter().take(MOST_OFFERED).map(TlsVersion::to_string);
    let groups = offered.groups.iter().take(MOST_OFFERED).map(NamedGroup::to_string);
    let mut evidence = vec![("offered_versions", joined(versions))];
    if !offered.groups.is_empty() {
        evidence.push(("offered_groups", joined(groups)));
    }
    evidence.push(("ja4", clipped(&offered.ja4, MOST_SHOWN).into_owned()));
    evidence
}

fn downgrade(downgrade: &Downgrade) -> Vec<(&'static str, String)> {
    let time = (downgrade.time.0 / 1_000_000_000).cast_signed();
    vec![
        ("before", posture(&downgrade.before)),
        ("after", posture(&downgrade.after)),
        ("downgrade_time", date_time(time)),
        ("downgrades", downgrade.count.to_string()),
    ]
}

/// `1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768`.
fn posture(handshake: &Handshake) -> String {
    let parts = [
        handshake.version.map(|version| version.to_string()),
        handshake.cipher.map(|cipher| cipher.to_string()),
        handshake.group.map(|group| group.to_string()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn joined<T: AsRef<str>>(parts: impl Iterator<Item = T>) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(part.as_ref());
    }
    text
}
