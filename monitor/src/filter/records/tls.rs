//! What filters see of a TLS handshake.

use std::net::IpAddr;

use super::{Sides, any, shown};
use crate::filter::span::tls_rank;
use crate::filter::{Field, Measure, Record};
use crate::pipeline::output::TlsReport;
use crate::pipeline::output::tls::{Certificate, CertificateSeen, TlsVersion};

/// What a text without a field is looked for in, beside the ends and the certificate.
const WORDS: [Field; 5] = [Field::Sni, Field::Alpn, Field::Cipher, Field::Group, Field::Anomaly];

impl Record for TlsReport {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let (ends, handshake) = (Sides::of(&self.ends), &*self.handshake);
        let sni = handshake.offered.as_ref().and_then(|offered| offered.sni.as_deref());
        match field {
            Field::Any => {
                WORDS.iter().any(|field| self.any_text(*field, test))
                    || ends.any_text(field, test)
                    || certificate_text(&handshake.certificate, test)
            }
            Field::Type | Field::Encryption => test("tls"),
            Field::Sni => any(sni, test),
            Field::Host | Field::Server => any(sni, test) || ends.any_text(field, test),
            Field::Alpn => self.alpn_text(test),
            Field::Cipher => handshake.cipher.is_some_and(|cipher| shown(cipher, test)),
            Field::Group => handshake.group.is_some_and(|group| shown(group, test)),
            Field::Anomaly => any(handshake.anomalies.iter().map(|anomaly| anomaly.name()), test),
            _ => ends.any_text(field, test),
        }
    }

    fn address(&self, field: Field) -> Option<IpAddr> {
        Sides::of(&self.ends).address(field)
    }

    fn port(&self, field: Field) -> Option<u16> {
        Sides::of(&self.ends).port(field)
    }

    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Tls => self.handshake.version.and_then(tls_rank),
            _ => None,
        }
    }

    fn id(&self, field: Field) -> Option<u64> {
        (field == Field::Connection).then_some(self.connection.0)
    }
}

impl TlsReport {
    /// What was agreed on; where TLS 1.3 hides that, what was offered.
    fn alpn_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let handshake = &*self.handshake;
        match (&handshake.alpn, &handshake.offered) {
            (Some(agreed), _) => test(agreed),
            (None, Some(offered))
                if handshake.version.is_some_and(TlsVersion::encrypts_handshake) =>
            {
                any(offered.alpn.iter().map(|it| &**it), test)
            }
            _ => false,
        }
    }
}

fn certificate_text(seen: &CertificateSeen, test: &mut dyn FnMut(&str) -> bool) -> bool {
    let CertificateSeen::Seen(certificate) = seen else { return false };
    let Certificate { subject, issuer, san, .. } = &**certificate;
    any([subject, issuer].into_iter().chain(san).map(|it| &**it), test)
}
