//! A certificate with its key, and what a server does with them.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{Acceptor, ServerConfig};
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, InconsistentKeys};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::connection::Stream;
use super::pace::Pace;
use crate::pipeline::time::WallTime;

/// Most certificates of a chain: more is a bundle of roots, named by mistake.
const MOST_CERTIFICATES: usize = 16;

/// What protects connections: TLS 1.2 or 1.3 with one certificate.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    expires: WallTime,
}

impl fmt::Debug for Tls {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Tls").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a certificate, with those between it and a root behind it, and its key, both in
    /// PEM.
    ///
    /// # Errors
    ///
    /// [`TlsFault`], which says which of the two is at fault and why.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsFault> {
        let chain = chain(certificate)?;
        let expires = expiry(chain.first().ok_or(TlsFault::NoCertificate)?)?;
        let certified = CertifiedKey::new(chain, signing_key(key)?);
        match certified.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(Error::InconsistentKeys(_)) => return Err(TlsFault::OtherKey),
            Err(_) => return Err(TlsFault::NotACertificate),
        }
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has suites for both versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), expires })
    }

    /// When the certificate ends.
    #[must_use]
    pub const fn expires(&self) -> WallTime {
        self.expires
    }

    /// Shakes hands; none where the client does not speak TLS, or none that suits. The costly
    /// part waits for its turn, and begins only once the client has said hello.
    pub(super) async fn accept(&self, stream: Stream, pace: &Pace) -> Option<TlsStream<Stream>> {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await.ok()?;
        pace.turn().await;
        hello.into_stream(Arc::clone(&self.config)).await.ok()
    }
}

/// Why TLS cannot be had with a certificate and a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The file of the certificate has none.
    #[error("has no certificate in PEM")]
    NoCertificate,
    /// The file of the certificate has something else between the marks of one.
    #[error("has a certificate that cannot be read")]
    NotACertificate,
    /// The file of the certificate has far too many.
    #[error("has more than {MOST_CERTIFICATES} certificates")]
    TooManyCertificates,
    /// The file of the key has none.
    #[error("has no private key in PEM")]
    NoKey,
    /// The key is encrypted.
    #[error("has a private key that takes a passphrase")]
    EncryptedKey,
    /// The key is broken, or of a kind that is not supported.
    #[error("has a private key that cannot be used")]
    UnusableKey,
    /// The key is another than that of the certificate.
    #[error("has a key that is not that of the certificate")]
    OtherKey,
}

impl TlsFault {
    /// Whether the file of the certificate is at fault; else it is that of the key.
    #[must_use]
    pub const fn is_of_certificate(self) -> bool {
        matches!(self, Self::NoCertificate | Self::NotACertificate | Self::TooManyCertificates)
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NoCertificate | Self::NotACertificate => {
                "it must have the certificate of this host first, between BEGIN CERTIFICATE and \
                 END CERTIFICATE, then those between it and a root"
            }
            Self::TooManyCertificates => {
                "name the file with the certificate of this host, not a bundle of roots"
            }
            Self::NoKey => "it must have one between BEGIN PRIVATE KEY and END PRIVATE KEY",
            Self::EncryptedKey => "take it off with `openssl pkey -in FILE -out OTHER`",
            Self::UnusableKey => {
                "it must be ECDSA (P-256, P-384, P-521), Ed25519, or RSA of 2048 bits or more"
            }
            Self::OtherKey => {
                "name the files that were made together, and replace both before a reload"
            }
        }
    }
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(pem).take(MOST_CERTIFICATES + 1).collect();
    match chain {
        Ok(chain) if chain.len() > MOST_CERTIFICATES => Err(TlsFault::TooManyCertificates),
        Ok(chain) if chain.is_empty() => Err(TlsFault::NoCertificate),
        Ok(chain) => Ok(chain),
        Err(_) => Err(TlsFault::NotACertificate),
    }
}

fn expiry(certificate: &CertificateDer<'_>) -> Result<WallTime, TlsFault> {
    let (_, certificate) =
        X509Certificate::from_der(certificate).map_err(|_| TlsFault::NotACertificate)?;
    let seconds = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or_default();
    Ok(WallTime(seconds.saturating_mul(1_000_000_000)))
}

fn signing_key(pem: &[u8]) -> Result<Arc<dyn SigningKey>, TlsFault> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        PemError::NoItemsFound if is_encrypted(pem) => TlsFault::EncryptedKey,
        PemError::NoItemsFound => TlsFault::NoKey,
        _ => TlsFault::UnusableKey,
    });
    ring::sign::any_supported_type(&key?).map_err(|_| match is_encrypted(pem) {
        true => TlsFault::EncryptedKey,
        false => TlsFault::UnusableKey,
    })
}

/// As PKCS #8 says so (RFC 7468 section 11), and as OpenSSL did before it.
fn is_encrypted(pem: &[u8]) -> bool {
    [&b"BEGIN ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"]
        .iter()
        .any(|mark| pem.windows(mark.len()).any(|window| window == *mark))
}

#[cfg(test)]
mod tests;
