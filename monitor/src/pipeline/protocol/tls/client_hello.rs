//! The hello of a client (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).

use super::super::anomaly::{Anomalies, Anomaly};
use super::extension::{self, Extensions};
use super::ja4::{self, Ingredients};
use super::reader::{Reader, is_grease, numbers};
use super::server_name;
use super::session::SessionId;
use crate::pipeline::output::tls::{CipherSuite, NamedGroup, Offered, TlsVersion};
use crate::pipeline::text;

/// Versions, groups and protocols that are kept. Clients offer a handful of each.
const VERSIONS: usize = 16;
const GROUPS: usize = 64;
const PROTOCOLS: usize = 16;
/// Extensions that room is made for at once.
const KINDS: usize = 24;
const PROTOCOL_CHARACTERS: usize = 64;
/// RFC 5746 section 3.3.
const RENEGOTIATION_SIGNAL: CipherSuite = CipherSuite(0x00ff);
/// RFC 7507.
const FALLBACK_SIGNAL: CipherSuite = CipherSuite(0x5600);

/// What a client said, as far as anything follows from it.
#[derive(Debug)]
pub(super) struct ClientHello {
    pub(super) offered: Offered,
    pub(super) session: SessionId,
    /// Cipher suites in ascending order, GREASE left out.
    ciphers: Vec<u16>,
    pub(super) anomalies: Anomalies,
    /// Data may follow before the server has answered (RFC 8446 section 2.3).
    pub(super) sends_early: bool,
    /// It knows of secure renegotiation.
    pub(super) renegotiates_safely: bool,
}

/// What is read of the extensions before it is known to be all of them.
#[derive(Default)]
struct Found<'a> {
    offered: Offered,
    kinds: Vec<u16>,
    anomalies: Anomalies,
    names_server: bool,
    protocol: &'a [u8],
    signatures: &'a [u8],
    sends_early: bool,
    renegotiates_safely: bool,
}

impl ClientHello {
    /// The hello; none where it is not whole.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let legacy = TlsVersion(reader.u16().filter(|version| version >> 8 == 3)?);
        reader.array::<32>()?;
        let session = SessionId::parse(reader.vector8()?)?;
        let mut ciphers: Vec<u16> = numbers(reader.vector16()?)?.collect();
        ciphers.retain(|cipher| !is_grease(*cipher));
        ciphers.sort_unstable();
        let compressions = reader.vector8()?;
        let mut extensions = Extensions::at_end_of(reader)?;
        let mut found = Found { kinds: Vec::with_capacity(KINDS), ..Found::default() };
        for (kind, bytes) in extensions.by_ref().filter(|(kind, _)| !is_grease(*kind)) {
            found.add(kind, bytes);
        }
        // RFC 8446 section 4.1.2: null compression is always among them.
        if !extensions.are_whole() || !compressions.contains(&0) {
            return None;
        }
        Some(found.conclude(legacy, session, ciphers))
    }

    /// Whether the server may choose this suite.
    pub(super) fn offers(&self, cipher: CipherSuite) -> bool {
        self.ciphers.binary_search(&cipher.0).is_ok()
    }

    /// The highest version offered.
    pub(super) fn highest(&self) -> Option<TlsVersion> {
        self.offered.versions.iter().max().copied()
    }
}

impl<'a> Found<'a> {
    /// An extension that does not hold what it should leaves its field empty.
    fn add(&mut self, kind: u16, bytes: &'a [u8]) {
        // RFC 8446 section 4.2.11: nothing may follow the pre-shared keys.
        if self.kinds.last() == Some(&extension::PRE_SHARED_KEY) {
            self.anomalies.add(Anomaly::InvalidClientHello);
        }
        self.kinds.push(kind);
        let is_sound = match kind {
            extension::SERVER_NAME => {
                self.names_server = true;
                let name = server_name::parse(bytes);
                if name.is_none() {
                    self.anomalies.add(Anomaly::InvalidServerName);
                }
                self.offered.sni = name;
                true
            }
            extension::SUPPORTED_VERSIONS => self.add_versions(bytes).is_some(),
            extension::SUPPORTED_GROUPS => self.add_groups(bytes).is_some(),
            extension::APPLICATION_PROTOCOLS => self.add_protocols(bytes).is_some(),
            extension::SIGNATURE_ALGORITHMS => self.add_signatures(bytes).is_some(),
            extension::ENCRYPTED_CLIENT_HELLO | extension::ENCRYPTED_SERVER_NAME => {
                self.offered.ech = true;
                true
            }
            extension::EARLY_DATA => {
                self.sends_early = true;
                true
            }
            extension::RENEGOTIATION_INFO => {
                self.renegotiates_safely = true;
                true
            }
            _ => true,
        };
        if !is_sound {
            self.anomalies.add(Anomaly::InvalidClientHello);
        }
    }

    /// RFC 8446 section 4.2.1.
    fn add_versions(&mut self, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        let list = numbers(reader.vector8()?)?.filter(|version| !is_grease(*version));
        if list.clone().count() > VERSIONS {
            self.anomalies.add(Anomaly::ExcessiveOffer);
        }
        self.offered.versions = list.map(TlsVersion).take(VERSIONS).collect();
        reader.is_empty().then_some(())
    }

    /// RFC 8446 section 4.2.7.
    fn add_groups(&mut self, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        let list = numbers(reader.vector16()?)?.filter(|group| !is_grease(*group));
        if list.clone().count() > GROUPS {
            self.anomalies.add(Anomaly::ExcessiveOffer);
        }
        self.offered.groups = list.map(NamedGroup).take(GROUPS).collect();
        reader.is_empty().then_some(())
    }

    /// RFC 7301 section 3.1. GREASE is a protocol of two bytes here (RFC 8701 section 2).
    fn add_protocols(&mut self, bytes: &'a [u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        let mut list = Reader::new(reader.vector16()?);
        while !list.is_empty() {
            let protocol = list.vector8()?;
            if protocol.try_into().is_ok_and(|number| is_grease(u16::from_be_bytes(number))) {
                continue;
            }
            if self.offered.alpn.len() == PROTOCOLS {
                self.anomalies.add(Anomaly::ExcessiveOffer);
                break;
            }
            if self.offered.alpn.is_empty() {
                self.protocol = protocol;
            }
            self.offered.alpn.push(protocol_text(protocol));
        }
        reader.is_empty().then_some(())
    }

    /// RFC 8446 section 4.2.3.
    fn add_signatures(&mut self, bytes: &'a [u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        self.signatures = reader.vector16()?;
        (reader.is_empty() && self.signatures.len().is_multiple_of(2)).then_some(())
    }

    fn conclude(
        mut self,
        legacy: TlsVersion,
        session: SessionId,
        ciphers: Vec<u16>,
    ) -> ClientHello {
        // RFC 8446 section 4.2.1: without the extension the old field has the highest version.
        if self.offered.versions.is_empty() {
            self.offered.versions.push(legacy);
        }
        self.kinds.sort_unstable();
        // RFC 8446 section 4.2: each kind at most once.
        if !self.kinds.is_sorted_by(|one, next| one < next) {
            self.anomalies.add(Anomaly::DuplicateExtension);
        }
        if ciphers.binary_search(&FALLBACK_SIGNAL.0).is_ok() {
            self.anomalies.add(Anomaly::TlsFallback);
        }
        let version = self.offered.versions.iter().max().copied().unwrap_or(legacy);
        self.offered.ja4 = ja4::fingerprint(&Ingredients {
            version,
            names_server: self.names_server,
            protocol: self.protocol,
            ciphers: &ciphers,
            extensions: &self.kinds,
            signatures: self.signatures,
        });
        ClientHello {
            renegotiates_safely: self.renegotiates_safely
                || ciphers.binary_search(&RENEGOTIATION_SIGNAL.0).is_ok(),
            offered: self.offered,
            session,
            ciphers,
            anomalies: self.anomalies,
            sends_early: self.sends_early,
        }
    }
}

/// A protocol as text: bytes that are no ASCII text are escaped.
pub(super) fn protocol_text(protocol: &[u8]) -> Box<str> {
    match str::from_utf8(protocol) {
        Ok(text) if text.len() <= PROTOCOL_CHARACTERS && text.bytes().all(is_graphic) => {
            text.into()
        }
        _ => text::clipped(&protocol.escape_ascii().to_string(), PROTOCOL_CHARACTERS).into(),
    }
}

const fn is_graphic(byte: u8) -> bool {
    byte.is_ascii_graphic()
}
