//! The hello of a server (RFC 8446 section 4.1.3, RFC 5246 section 7.4.1.3).

use super::super::anomaly::{Anomalies, Anomaly};
use super::client_hello::protocol_text;
use super::extension::{self, Extensions};
use super::reader::Reader;
use super::session::SessionId;
use crate::pipeline::output::tls::{CipherSuite, NamedGroup, TlsVersion};

/// Random of a hello that asks for another one: SHA-256 of `HelloRetryRequest`.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a server said.
#[derive(Debug)]
pub(super) struct ServerHello {
    pub(super) version: TlsVersion,
    pub(super) cipher: CipherSuite,
    pub(super) session: SessionId,
    /// Group of its key share, or that it asks a key share for.
    pub(super) group: Option<NamedGroup>,
    pub(super) alpn: Option<Box<str>>,
    /// It asks for another hello.
    pub(super) is_retry: bool,
    /// The highest version that was possible for it, as the random says where it is lower
    /// than that.
    pub(super) could: Option<TlsVersion>,
    pub(super) anomalies: Anomalies,
    /// A key that both knew before is used.
    pub(super) uses_known_key: bool,
    /// A certificate comes besides that key.
    pub(super) adds_certificate: bool,
    /// Its certificate is a bare key.
    pub(super) sends_bare_key: bool,
    pub(super) renegotiates_safely: bool,
}

impl ServerHello {
    /// The hello; none where it is not whole.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let version = TlsVersion(reader.u16().filter(|version| version >> 8 == 3)?);
        let random = reader.array::<32>()?;
        let session = SessionId::parse(reader.vector8()?)?;
        let cipher = CipherSuite(reader.u16()?);
        let compression = reader.u8()?;
        let mut hello = Self {
            version,
            cipher,
            session,
            group: None,
            alpn: None,
            is_retry: random == RETRY,
            could: sentinel(&random),
            anomalies: Anomalies::default(),
            uses_known_key: false,
            adds_certificate: false,
            sends_bare_key: false,
            renegotiates_safely: false,
        };
        if compression != 0 {
            hello.anomalies.add(Anomaly::TlsCompression);
        }
        hello.add_extensions(Extensions::at_end_of(reader)?)?;
        Some(hello)
    }

    fn add_extensions(&mut self, mut extensions: Extensions<'_>) -> Option<()> {
        // A server sends few, so looking back is quick; the bound is for those that do not.
        let mut seen = [0; 32];
        for (place, (kind, bytes)) in extensions.by_ref().enumerate() {
            let before = seen.get(..place).unwrap_or(&seen);
            if before.contains(&kind) {
                self.anomalies.add(Anomaly::DuplicateExtension);
            }
            if let Some(free) = seen.get_mut(place) {
                *free = kind;
            }
            if !self.add(kind, Reader::new(bytes)) {
                self.anomalies.add(Anomaly::InvalidServerHello);
            }
        }
        extensions.are_whole().then_some(())
    }

    /// Whether the extension holds what it should.
    fn add(&mut self, kind: u16, mut reader: Reader<'_>) -> bool {
        match kind {
            extension::SUPPORTED_VERSIONS => {
                let Some(version) = reader.u16().map(TlsVersion) else { return false };
                self.version = version;
                // RFC 8446 section 4.2.1: only for TLS 1.3 and above.
                return reader.is_empty() && version.encrypts_handshake();
            }
            extension::KEY_SHARE => {
                self.group = reader.u16().map(NamedGroup);
                let has_share = reader.vector16().is_some();
                return self.group.is_some() && reader.is_empty() && has_share != self.is_retry;
            }
            extension::APPLICATION_PROTOCOLS => {
                // RFC 7301 section 3.1: exactly one.
                let protocol = reader.vector16().and_then(|list| Reader::new(list).vector8());
                self.alpn = protocol.map(protocol_text);
                return self.alpn.is_some() && reader.is_empty();
            }
            extension::PRE_SHARED_KEY => self.uses_known_key = true,
            extension::CERTIFICATE_WITH_PSK => self.adds_certificate = true,
            extension::SERVER_CERTIFICATE_TYPE => {
                self.sends_bare_key = reader.u8().is_some_and(|kind| kind != 0);
            }
            extension::RENEGOTIATION_INFO => self.renegotiates_safely = true,
            _ => {}
        }
        true
    }
}

/// RFC 8446 section 4.1.3: the last bytes of the random say that a server agreed to less
/// than it can.
const fn sentinel(random: &[u8; 32]) -> Option<TlsVersion> {
    match random {
        [.., b'D', b'O', b'W', b'N', b'G', b'R', b'D', 1] => Some(TlsVersion::TLS13),
        [.., b'D', b'O', b'W', b'N', b'G', b'R', b'D', 0] => Some(TlsVersion::TLS12),
        _ => None,
    }
}
