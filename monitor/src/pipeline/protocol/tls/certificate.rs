//! Facts of a certificate (RFC 5280).

use std::fmt::Write;
use std::net::IpAddr;

use x509_parser::asn1_rs::{Any, FromDer, Integer, Oid, Tag};
use x509_parser::certificate::{TbsCertificate, X509CertificateParser};
use x509_parser::extensions::{GeneralName, SubjectAlternativeName};
use x509_parser::nom::Parser;
use x509_parser::public_key::PublicKey;
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Name};

use super::super::anomaly::{Anomalies, Anomaly};
use crate::pipeline::output::tls::Certificate;
use crate::pipeline::text;

const NAME_CHARACTERS: usize = 256;
const ALTERNATIVE_NAMES: usize = 16;
const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";

/// The facts of a certificate in DER, alone in its chain for now.
pub(super) fn parse(der: &[u8], anomalies: &mut Anomalies) -> Option<Certificate> {
    // Only one extension is looked at, so no other is parsed.
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    let Ok((rest, certificate)) = parser.parse(der) else {
        anomalies.add(Anomaly::InvalidCertificate);
        return None;
    };
    let alternative_names = alternative_names(&certificate.tbs_certificate);
    if !rest.is_empty() || alternative_names.is_none() {
        anomalies.add(Anomaly::InvalidCertificate);
    }
    let (key_algorithm, key_bits) = key_of(certificate.public_key());
    Some(Certificate {
        subject: name_text(certificate.subject()),
        issuer: name_text(certificate.issuer()),
        san: alternative_names.unwrap_or_default(),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        key_algorithm,
        key_bits,
        signature: signature_text(&certificate.signature_algorithm),
        self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        chain_length: 1,
    })
}

/// The first of the names; none where they cannot be read.
fn alternative_names(certificate: &TbsCertificate<'_>) -> Option<Vec<Box<str>>> {
    let mut extensions = certificate.extensions().iter();
    let is_looked_for = |oid: &Oid<'_>| oid.to_id_string() == SUBJECT_ALTERNATIVE_NAME;
    let Some(extension) = extensions.find(|extension| is_looked_for(&extension.oid)) else {
        return Some(Vec::new());
    };
    let (_, names) = SubjectAlternativeName::from_der(extension.value).ok()?;
    let names = names.general_names.iter().filter_map(alternative_name);
    Some(names.take(ALTERNATIVE_NAMES).collect())
}

fn alternative_name(name: &GeneralName<'_>) -> Option<Box<str>> {
    Some(match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) => {
            text::clipped(name, NAME_CHARACTERS).into()
        }
        GeneralName::IPAddress(bytes) => address(bytes)?.to_string().into(),
        GeneralName::DirectoryName(name) => name_text(name),
        GeneralName::OtherName(..)
        | GeneralName::X400Address(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => return None,
    })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// A distinguished name in the order of the certificate, with the escapes of RFC 4514
/// section 2.4, so that no value can pass for another part.
fn name_text(name: &X509Name<'_>) -> Box<str> {
    let mut shown = String::new();
    for part in name.iter_rdn() {
        let mut separator = if shown.is_empty() { "" } else { ", " };
        for attribute in part.iter() {
            // What is cut off below need not be built.
            if shown.len() > 4 * NAME_CHARACTERS {
                break;
            }
            shown.push_str(separator);
            shown.push_str(&attribute_name(attribute.attr_type()));
            shown.push('=');
            write_value(attribute.attr_value(), &mut shown);
            separator = " + ";
        }
    }
    text::clipped(&shown, NAME_CHARACTERS).into()
}

fn attribute_name(oid: &Oid<'_>) -> Box<str> {
    let oid = oid.to_id_string();
    match oid.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        other => other,
    }
    .into()
}

fn write_value(value: &Any<'_>, shown: &mut String) {
    let bytes = value.data.get(..value.data.len().min(4 * NAME_CHARACTERS)).unwrap_or_default();
    let text = if value.tag() == Tag::BmpString {
        let (units, _) = bytes.as_chunks();
        let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        String::from_utf8_lossy(bytes)
    };
    for (place, character) in text.chars().enumerate() {
        let is_leading = place == 0 && matches!(character, ' ' | '#');
        if is_leading || matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=') {
            shown.push('\\');
        }
        shown.push(character);
    }
}

/// Name of the key's algorithm, and bits of the key.
fn key_of(key: &SubjectPublicKeyInfo<'_>) -> (Box<str>, Option<u32>) {
    let algorithm = key.algorithm.algorithm.to_id_string();
    let parameters = key.algorithm.parameters.as_ref();
    match algorithm.as_str() {
        // RFC 3279 section 2.3.1, RFC 4055 section 1.2.
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => ("rsa".into(), rsa_bits(key)),
        "1.2.840.10045.2.1" => ("ec".into(), parameters.and_then(curve_bits)),
        "1.2.840.10040.4.1" => ("dsa".into(), parameters.and_then(dsa_bits)),
        // RFC 8410 section 3; the bits are those of the public key.
        "1.3.101.112" => ("ed25519".into(), Some(256)),
        "1.3.101.113" => ("ed448".into(), Some(456)),
        _ => (algorithm.into(), None),
    }
}

fn rsa_bits(key: &SubjectPublicKeyInfo<'_>) -> Option<u32> {
    // With the id of RSA-PSS the parser does not know that it is the same key.
    let from_bits = || {
        let (_, key) = Any::from_der(&key.subject_public_key.data).ok()?;
        let (_, modulus) = Any::from_der(key.data).ok()?;
        significant_bits(modulus.data)
    };
    match key.parsed() {
        Ok(PublicKey::RSA(key)) => significant_bits(key.modulus),
        _ => from_bits(),
    }
}

/// RFC 5480 section 2.1.1.1, RFC 5639 section 4.1.
fn curve_bits(parameters: &Any<'_>) -> Option<u32> {
    let curve = Oid::try_from(parameters.clone()).ok()?.to_id_string();
    Some(match curve.as_str() {
        "1.2.840.10045.3.1.1" => 192,
        "1.3.132.0.32" | "1.3.132.0.33" => 224,
        "1.2.840.10045.3.1.7" | "1.3.132.0.10" | "1.3.36.3.3.2.8.1.1.7" | "1.2.156.10197.1.301" => {
            256
        }
        "1.3.36.3.3.2.8.1.1.9" => 320,
        "1.3.132.0.34" | "1.3.36.3.3.2.8.1.1.11" => 384,
        "1.3.36.3.3.2.8.1.1.13" => 512,
        "1.3.132.0.35" => 521,
        _ => return None,
    })
}

/// The prime is the first of the parameters (RFC 3279 section 2.3.2).
fn dsa_bits(parameters: &Any<'_>) -> Option<u32> {
    let (_, prime) = Integer::from_der(parameters.data).ok()?;
    significant_bits(prime.as_ref())
}

fn significant_bits(number: &[u8]) -> Option<u32> {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    let bytes = u32::try_from(number.len() - zeros).ok()?;
    bytes.checked_mul(8)?.checked_sub(number.get(zeros)?.leading_zeros())
}

/// The name in its standard; RSA-PSS has its hash in the parameters, so it is added.
fn signature_text(signature: &AlgorithmIdentifier<'_>) -> Box<str> {
    let oid = signature.algorithm.to_id_string();
    match oid.as_str() {
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.113549.1.1.10" => return pss_text(signature),
        "1.2.840.10040.4.3" | "1.3.14.3.2.27" => "dsaWithSHA1",
        "2.16.840.1.101.3.4.3.1" => "dsaWithSHA224",
        "2.16.840.1.101.3.4.3.2" => "dsaWithSHA256",
        "1.2.840.10045.4.1" => "ecdsaWithSHA1",
        "1.2.840.10045.4.3.1" => "ecdsaWithSHA224",
        "1.2.840.10045.4.3.2" => "ecdsaWithSHA256",
        "1.2.840.10045.4.3.3" => "ecdsaWithSHA384",
        "1.2.840.10045.4.3.4" => "ecdsaWithSHA512",
        "1.3.101.112" => "ed25519",
        "1.3.101.113" => "ed448",
        "1.2.156.10197.1.501" => "sm2WithSM3",
        "2.16.840.1.101.3.4.3.17" => "mldsa44",
        "2.16.840.1.101.3.4.3.18" => "mldsa65",
        "2.16.840.1.101.3.4.3.19" => "mldsa87",
        other => other,
    }
    .into()
}

/// RFC 4055 section 3.1: SHA-1 where the parameters do not name a hash.
fn pss_text(signature: &AlgorithmIdentifier<'_>) -> Box<str> {
    let mut shown = String::from("rsassaPss");
    let parameters = signature.parameters.as_ref();
    let Some(parameters) = parameters.and_then(|any| RsaSsaPssParams::try_from(any).ok()) else {
        return shown.into();
    };
    let hash = parameters.hash_algorithm_oid().to_id_string();
    let hash = match hash.as_str() {
        "1.3.14.3.2.26" => "SHA1",
        "2.16.840.1.101.3.4.2.4" => "SHA224",
        "2.16.840.1.101.3.4.2.1" => "SHA256",
        "2.16.840.1.101.3.4.2.2" => "SHA384",
        "2.16.840.1.101.3.4.2.3" => "SHA512",
        other => other,
    };
    let _ = write!(shown, "With{hash}");
    shown.into()
}
