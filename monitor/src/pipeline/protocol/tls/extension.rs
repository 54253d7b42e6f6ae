//! Extensions of both hellos (RFC 8446 section 4.2; IANA: TLS ExtensionType Values).

use super::reader::Reader;

pub(super) const SERVER_NAME: u16 = 0;
pub(super) const SUPPORTED_GROUPS: u16 = 10;
pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
pub(super) const APPLICATION_PROTOCOLS: u16 = 16;
/// RFC 7250: the server's certificate may be a bare key.
pub(super) const SERVER_CERTIFICATE_TYPE: u16 = 20;
/// RFC 8773: a certificate besides a key that both know.
pub(super) const CERTIFICATE_WITH_PSK: u16 = 33;
pub(super) const PRE_SHARED_KEY: u16 = 41;
pub(super) const EARLY_DATA: u16 = 42;
pub(super) const SUPPORTED_VERSIONS: u16 = 43;
pub(super) const KEY_SHARE: u16 = 51;
/// RFC 9849.
pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
/// Encrypted server names, the draft before it (draft-ietf-tls-esni-06).
pub(super) const ENCRYPTED_SERVER_NAME: u16 = 0xffce;
/// RFC 5746.
pub(super) const RENEGOTIATION_INFO: u16 = 0xff01;

/// The extensions of a hello, one after another. Whoever reads them to the end knows by
/// [`Extensions::are_whole`] whether that was their end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extensions<'a> {
    rest: Reader<'a>,
    are_whole: bool,
}

impl<'a> Extensions<'a> {
    /// The extensions at the end of a hello, which may have none at all
    /// (RFC 5246 section 7.4.1.2); none where the hello does not end with them.
    pub(super) fn at_end_of(mut hello: Reader<'a>) -> Option<Self> {
        if hello.is_empty() {
            return Some(Self { rest: hello, are_whole: true });
        }
        let rest = Reader::new(hello.vector16()?);
        hello.is_empty().then_some(Self { rest, are_whole: true })
    }

    /// No extension was cut off.
    pub(super) const fn are_whole(&self) -> bool {
        self.are_whole
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let next = self.rest.u16().zip(self.rest.vector16());
        if next.is_none() {
            *self = Self { rest: Reader::new(&[]), are_whole: false };
        }
        next
    }
}
