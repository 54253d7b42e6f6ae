//! The key exchange of a server up to TLS 1.2 (RFC 5246 section 7.4.3, RFC 8422 section 5.4,
//! RFC 4279 section 2, RFC 5489 section 2).

use super::reader::Reader;
use crate::pipeline::output::tls::{
    CipherSuite, KeyExchange, NamedGroup, SignatureScheme, TlsVersion,
};

/// What a server sent for the key exchange.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ServerKeyExchange {
    pub(super) group: Option<NamedGroup>,
    pub(super) dh_bits: Option<u16>,
    pub(super) signature: Option<SignatureScheme>,
}

impl ServerKeyExchange {
    /// The key exchange of this suite; none where it is not whole. Empty where nothing of
    /// the suite's is looked at.
    pub(super) fn parse(version: TlsVersion, cipher: CipherSuite, body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let mut found = Self::default();
        let Some(exchange) = cipher.key_exchange() else { return Some(found) };
        let is_signed = match exchange {
            KeyExchange::Dhe | KeyExchange::Ecdhe => true,
            KeyExchange::Anonymous => false,
            KeyExchange::DhePsk | KeyExchange::EcdhePsk => {
                // The hint for which key it is.
                reader.vector16()?;
                false
            }
            _ => return Some(found),
        };
        if cipher.has_curve() {
            found.group = curve(&mut reader)?;
        } else {
            found.dh_bits = Some(prime_bits(&mut reader)?);
        }
        if is_signed && version == TlsVersion::TLS12 {
            found.signature = Some(SignatureScheme(reader.u16()?));
        }
        if is_signed {
            reader.vector16()?;
        }
        reader.is_empty().then_some(found)
    }
}

/// RFC 8422 section 5.4. Curves that are spelled out have no name and are deprecated.
fn curve(reader: &mut Reader<'_>) -> Option<Option<NamedGroup>> {
    const NAMED: u8 = 3;
    (reader.u8()? == NAMED).then_some(())?;
    let group = NamedGroup(reader.u16()?);
    reader.vector8()?;
    Some(Some(group))
}

/// Bits of the prime, which generator and public value follow.
fn prime_bits(reader: &mut Reader<'_>) -> Option<u16> {
    let prime = reader.vector16()?;
    reader.vector16()?;
    reader.vector16()?;
    let zeros = prime.iter().take_while(|&&byte| byte == 0).count();
    let bytes = u16::try_from(prime.len() - zeros).ok()?;
    let first = prime.get(zeros)?;
    bytes.checked_mul(8)?.checked_sub(u16::try_from(first.leading_zeros()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_primes_and_signatures_are_found() {
        let curve = b"\x03\x00\x1d\x02\x04\x05".as_slice();
        let prime = b"\x00\x03\x00\x41\x01\x00\x01\x02\x00\x01\x09".as_slice();
        let signed = b"\x04\x03\x00\x02\xaa\xbb".as_slice();
        let old = b"\x00\x02\xaa\xbb".as_slice();
        let hint = b"\x00\x01h".as_slice();
        for (name, version, cipher, parts, group, bits, signature) in [
            ("ecdhe", 0x0303, 0xc02b, &[curve, signed][..], Some(0x1d), None, Some(0x0403)),
            ("ecdhe, 1.0", 0x0301, 0xc013, &[curve, old], Some(0x1d), None, None),
            ("dhe", 0x0303, 0x009e, &[prime, signed], None, Some(15), Some(0x0403)),
            ("dhe, 1.1", 0x0302, 0x0033, &[prime, old], None, Some(15), None),
            ("ecdhe-psk", 0x0303, 0xc037, &[hint, curve], Some(0x1d), None, None),
            ("dhe-psk", 0x0303, 0x00aa, &[hint, prime], None, Some(15), None),
            ("anonymous", 0x0303, 0x006c, &[prime], None, Some(15), None),
            ("anonymous with curve", 0x0303, 0xc018, &[curve], Some(0x1d), None, None),
            ("psk", 0x0303, 0x00a8, &[hint], None, None, None),
            ("unknown", 0x0303, 0x4242, &[hint], None, None, None),
        ] {
            let body = parts.concat();
            let (version, cipher) = (TlsVersion(version), CipherSuite(cipher));
            let found = ServerKeyExchange::parse(version, cipher, &body).expect(name);
            let expected = ServerKeyExchange {
                group: group.map(NamedGroup),
                dh_bits: bits,
                signature: signature.map(SignatureScheme),
            };
            assert_eq!(found, expected, "{name}");
            let is_read = expected != ServerKeyExchange::default();
            for length in 0..body.len() {
                let cut = ServerKeyExchange::parse(version, cipher, &body[..length]);
                assert_eq!(cut.is_none(), is_read, "{name}: {length}");
            }
        }
    }

    #[test]
    fn curves_without_a_name_and_empty_primes_are_refused() {
        for (cipher, body) in [
            (0xc018, b"\x01\x00\x1d\x02\x04\x05".as_slice()),
            (0x006c, b"\x00\x00\x00\x01\x02\x00\x01\x09"),
            (0x006c, b"\x00\x02\x00\x00\x00\x01\x02\x00\x01\x09"),
        ] {
            let cipher = CipherSuite(cipher);
            assert_eq!(ServerKeyExchange::parse(TlsVersion::TLS12, cipher, body), None);
        }
    }
}
