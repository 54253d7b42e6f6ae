//! TLS that protects less than it should.

use std::sync::Arc;

use super::naming::Destination;
use super::parties::Parties;
use super::{Detector, Observation, Reports};
use crate::pipeline::finding::{Cadence, Confidence, FindingKind, Report, Sample, Severity};
use crate::pipeline::output::{Name, NameSource, Observed, TlsReport};
use crate::pipeline::settings::{Settings, TlsProfile};
use case::WeakHandshake;
use judge::{is_agreed, judge};
use pairs::Pairs;
use weakness::Weakness;

/// What a finding shows of it.
mod case;
/// From a handshake and a profile to weaknesses.
mod judge;
/// What pairs agreed on before.
mod pairs;
/// What can be weak, and how bad it is.
mod weakness;
/// The words for it.
mod words;

/// Judges each TLS handshake by the profile: for each client on this host and its
/// destination, and for each server port on this host and the scope that its clients
/// call from. One finding for each, with all reasons; the gravest decides.
///
/// | severity | reasons |
/// |---|---|
/// | critical, on this host high | SSL, NULL, EXPORT or anonymous suites, keys that were broken in public |
/// | high | a version below the minimum, RC4, DES, 3DES, IDEA, refused suites, MD5 and SHA-1 signatures, short keys, a certificate out of its time, compression, what the profile demands, a downgrade |
/// | medium | no forward secrecy, no secure renegotiation, a certificate that ends soon, a self-signed one at a public address |
/// | low | CBC, other self-signed certificates, public ones that live too long |
/// | informational | neither AES-256 nor `ChaCha20`, no post-quantum group |
///
/// A pair that agreed on less than the last time is a downgrade, once per change. Only
/// what a known client on this host gets is compared: of a server here, each client may
/// be another one, and so may each that is unknown. Handshakes that are better than the open finding do not keep it open.
pub(super) struct WeakEncryption {
    profile: TlsProfile,
    pairs: Pairs,
}

impl WeakEncryption {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { profile: settings.tls.clone(), pairs: Pairs::new(settings) }
    }

    fn look_at(&mut self, tls: &TlsReport, observed: Observed, reports: &mut Reports<'_>) {
        if !is_agreed(&tls.handshake) {
            return;
        }
        let parties = Parties { ends: Arc::clone(&tls.ends), observed };
        let destination = destination(&parties, tls);
        let reach = parties.reach();
        let mut weaknesses = judge(&tls.handshake, tls.time, reach, &self.profile);
        let key = parties.key(&destination.key());
        let Some(pair) = self.pairs.pair(&key, reports.at().time) else { return };
        if !parties.is_inbound() && parties.process().is_some() {
            let losses = pair.note(&tls.handshake, tls.time);
            if !losses.is_empty() {
                weaknesses.insert(0, Weakness::Downgrade(losses));
            }
        }
        let severities = weaknesses.iter().map(|weakness| weakness.severity(reach));
        let Some(severity) = severities.max() else { return };
        let open = pair.finding.and_then(|finding| reports.severity(finding));
        if open.is_some_and(|open| severity < open) {
            return;
        }
        let downgrade = pair.downgrade.clone();
        let handshake = Arc::clone(&tls.handshake);
        let time = tls.time;
        pair.finding = Some(reports.report(&report(key, severity), || {
            Box::new(WeakHandshake {
                parties,
                destination,
                handshake,
                time,
                severity,
                weaknesses,
                downgrade,
            })
        }));
    }
}

impl Detector for WeakEncryption {
    fn observe(&mut self, observation: &Observation<'_>, reports: &mut Reports<'_>) {
        if let Observation::Tls { report, observed } = observation {
            self.look_at(report, *observed, reports);
        }
    }

    fn apply_settings(&mut self, settings: &Arc<Settings>) {
        self.profile = settings.tls.clone();
        self.pairs.apply_settings(settings);
    }

    fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }
}

/// The destination, by the name in the hello itself where the connection has not got
/// it yet.
fn destination(parties: &Parties, tls: &TlsReport) -> Destination {
    let destination = parties.destination();
    let sni = tls.handshake.offered.as_ref().and_then(|offered| offered.sni.as_ref());
    match (sni, &destination.name) {
        (Some(sni), name) if name.as_ref().is_none_or(|it| it.source != NameSource::Sni) => {
            let name = Name { text: Arc::clone(sni), source: NameSource::Sni };
            Destination { name: Some(name), ..destination }
        }
        _ => destination,
    }
}

/// What could only be stronger is said once; what is weak also with its count. The
/// latest is shown: it is what both sides are set to now.
fn report(key: String, severity: Severity) -> Report {
    Report {
        kind: FindingKind::WeakEncryption,
        key,
        severity,
        confidence: Confidence::High,
        cadence: match severity {
            Severity::Informational => Cadence::Once,
            _ => Cadence::Repeated,
        },
        sample: Sample::Latest,
    }
}

#[cfg(test)]
mod tests;
