//! TLS handshakes, as JSON.

use super::object::Object;
use super::write_end;
use crate::pipeline::output::TlsReport;
use crate::pipeline::output::tls::{Certificate, CertificateSeen, Offered, TlsVersion};

pub(super) fn write(report: &TlsReport, to: &mut Vec<u8>) {
    let handshake = &*report.handshake;
    let offered = handshake.offered.as_ref();
    let mut record = Object::open(to);
    record.word("type", "tls");
    record.id("connection", report.connection.0);
    record.time("time", report.time);
    write_end(record.object("client"), &report.ends.client);
    write_end(record.object("server"), &report.ends.server);
    record.optional_text("version", handshake.version.map(|it| it.to_string()).as_deref());
    record.optional_text("cipher", handshake.cipher.map(|it| it.to_string()).as_deref());
    record.optional_text("group", handshake.group.map(|it| it.to_string()).as_deref());
    if let Some(bits) = handshake.dh_bits {
        record.number("dh_bits", bits);
    }
    record.optional_text("signature", handshake.signature.map(|it| it.to_string()).as_deref());
    record.optional_text("sni", offered.and_then(|it| it.sni.as_deref()));
    if let Some(offered) = offered {
        record.texts("alpn_offered", offered.alpn.iter().map(AsRef::as_ref));
    }
    record.optional_text("alpn", handshake.alpn.as_deref());
    record.optional_text("ja4", offered.map(|it| &*it.ja4));
    if let Some(offered) = offered {
        write_offered(record.object("offered"), offered);
    }
    if let Some(resumed) = handshake.resumed {
        record.flag("resumed", resumed);
    }
    record.flag("retried", handshake.retried);
    match &handshake.certificate {
        CertificateSeen::Seen(certificate) => {
            write_certificate(record.object("certificate"), certificate);
        }
        CertificateSeen::Hidden => record.word("certificate_hidden", "tls_1_3"),
        CertificateSeen::NotSent => record.word("certificate_hidden", "not_sent"),
        CertificateSeen::NotSeen => record.word("certificate_hidden", "not_seen"),
    }
    if let Some(mutual) = handshake.mutual {
        record.flag("mutual", mutual);
    }
    if let Some(alert) = handshake.alert {
        record.number("alert", alert);
    }
    record.texts("anomalies", handshake.anomalies.iter().map(|anomaly| anomaly.name()));
    record.close();
}

fn write_offered(mut record: Object<'_>, offered: &Offered) {
    let versions: Vec<String> = offered.versions.iter().map(TlsVersion::to_string).collect();
    let post_quantum: Vec<String> = offered
        .groups
        .iter()
        .filter(|group| group.is_post_quantum())
        .map(ToString::to_string)
        .collect();
    record.texts("versions", versions.iter().map(String::as_str));
    record.texts("groups_pq", post_quantum.iter().map(String::as_str));
    record.flag("ech", offered.ech);
    record.close();
}

fn write_certificate(mut record: Object<'_>, certificate: &Certificate) {
    record.text("subject", &certificate.subject);
    record.text("issuer", &certificate.issuer);
    record.texts("san", certificate.san.iter().map(AsRef::as_ref));
    record.seconds("not_before", certificate.not_before);
    record.seconds("not_after", certificate.not_after);
    let mut key = record.object("key");
    key.text("algorithm", &certificate.key_algorithm);
    if let Some(bits) = certificate.key_bits {
        key.number("bits", bits);
    }
    key.close();
    record.text("signature", &certificate.signature);
    record.flag("self_signed", certificate.self_signed);
    record.number("chain_length", certificate.chain_length);
    record.close();
}
