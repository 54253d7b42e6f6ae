//! What both sides have said so far, and what follows from it in the end.

use std::sync::Arc;

use super::super::anomaly::{Anomalies, Anomaly};
use super::chain::Chain;
use super::client_hello::ClientHello;
use super::key_exchange::ServerKeyExchange;
use super::message;
use super::server_hello::ServerHello;
use crate::pipeline::output::tls::{Certificate, CertificateSeen, Handshake, TlsVersion};
use crate::pipeline::time::Timestamp;

/// What both sides have said so far.
#[derive(Debug, Default)]
pub(super) struct Talk {
    client: Option<ClientHello>,
    /// The server's hello, when it is not one that asks for another.
    pub(super) server: Option<ServerHello>,
    /// The server's hello that asks for another.
    retry: Option<ServerHello>,
    has_second_hello: bool,
    /// The certificates of the message that is coming.
    pub(super) chain: Chain,
    certificate: Option<Certificate>,
    exchange: ServerKeyExchange,
    /// A hello came, whatever it was worth: there is something to tell.
    pub(super) has_hello: bool,
    has_certificate: bool,
    has_key_exchange: bool,
    asks_for_certificate: bool,
    is_answered: bool,
    server_changed_cipher: bool,
    alert: Option<u8>,
    pub(super) anomalies: Anomalies,
    last: Timestamp,
}

impl Talk {
    /// A hello came that nothing is known of.
    pub(super) const fn note_hello(&mut self, time: Timestamp) {
        self.has_hello = true;
        self.last = time;
    }

    /// The client's hello. Of two the first is kept: the second only adds what the server
    /// asked for (RFC 8446 section 4.1.2), and fingerprints are those of first ones.
    pub(super) fn take_client_hello(
        &mut self,
        hello: Option<ClientHello>,
        is_second: bool,
        time: Timestamp,
    ) {
        self.note_hello(time);
        self.has_second_hello |= is_second;
        match hello {
            None => self.anomalies.add(Anomaly::InvalidClientHello),
            Some(hello) if self.client.is_none() => self.client = Some(hello),
            Some(_) => {}
        }
    }

    /// The server's hello; whether more of it comes in the clear.
    pub(super) fn take_server_hello(&mut self, hello: ServerHello, time: Timestamp) -> bool {
        self.note_hello(time);
        self.anomalies.add_all(hello.anomalies);
        if hello.is_retry {
            if self.retry.is_some() || !hello.version.encrypts_handshake() {
                self.anomalies.add(Anomaly::InvalidServerHello);
                return false;
            }
            self.retry = Some(hello);
            return true;
        }
        // RFC 8446 section 4.1.4: what the first hello chose stays.
        let keeps = |retry: &ServerHello| {
            retry.cipher == hello.cipher
                && retry.version == hello.version
                && (retry.group.is_none() || retry.group == hello.group)
        };
        if self.retry.as_ref().is_some_and(|retry| !keeps(retry)) {
            self.anomalies.add(Anomaly::InvalidServerHello);
        }
        let goes_on = !hello.version.encrypts_handshake();
        self.server = Some(hello);
        goes_on
    }

    pub(super) fn take_key_exchange(&mut self, body: &[u8], time: Timestamp) {
        self.last = time;
        self.has_key_exchange = true;
        let Some(server) = &self.server else { return };
        match ServerKeyExchange::parse(server.version, server.cipher, body) {
            Some(exchange) => self.exchange = exchange,
            None => self.anomalies.add(Anomaly::InvalidKeyExchange),
        }
    }

    /// A message of the server ended that was not kept.
    pub(super) fn end_message(&mut self, kind: message::Kind, time: Timestamp) {
        match kind {
            message::CERTIFICATE => {
                self.has_certificate = true;
                let chain = std::mem::take(&mut self.chain);
                // RFC 7250 section 3: a bare key is no chain.
                if !self.server.as_ref().is_some_and(|server| server.sends_bare_key) {
                    self.certificate = chain.conclude(&mut self.anomalies);
                }
            }
            message::CERTIFICATE_REQUEST => self.asks_for_certificate = true,
            message::SERVER_HELLO_DONE => self.is_answered = true,
            _ => return,
        }
        self.last = time;
    }

    /// The server goes over to encryption.
    pub(super) const fn change_cipher(&mut self, time: Timestamp) {
        self.server_changed_cipher = true;
        self.last = time;
    }

    pub(super) const fn take_alert(&mut self, description: u8, time: Timestamp) {
        self.alert = Some(description);
        self.last = time;
    }

    /// The server may still agree to TLS 1.3.
    pub(super) fn may_be_tls13(&self) -> bool {
        let highest = self.client.as_ref().and_then(ClientHello::highest);
        highest.is_none_or(TlsVersion::encrypts_handshake)
    }

    pub(super) fn sends_early(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.sends_early)
    }

    /// Whether the server may send this after its first hello (RFC 5246 section 7.3): what
    /// was said once does not change.
    pub(super) const fn server_may_send(&self, kind: message::Kind) -> bool {
        match kind {
            message::SERVER_HELLO => self.server.is_none(),
            message::CERTIFICATE => {
                self.server.is_some() && !self.has_certificate && !self.has_key_exchange
            }
            message::SERVER_KEY_EXCHANGE => self.server.is_some() && !self.has_key_exchange,
            _ => self.server.is_some(),
        }
    }

    pub(super) const fn awaits_second_hello(&self) -> bool {
        self.retry.is_some() && !self.has_second_hello
    }

    /// What the client calls the server.
    pub(super) fn server_name(&self) -> Option<&Arc<str>> {
        self.client.as_ref()?.offered.sni.as_ref()
    }

    /// All that is known; none where there was no hello.
    pub(super) fn conclude(mut self) -> Option<(Timestamp, Handshake)> {
        if !self.has_hello {
            return None;
        }
        self.compare();
        let resumed = self.resumed();
        let mut handshake = Handshake {
            resumed,
            retried: self.retry.is_some(),
            mutual: self.mutual(),
            certificate: self.certificate_seen(resumed),
            dh_bits: self.exchange.dh_bits,
            signature: self.exchange.signature,
            alert: self.alert,
            group: self.exchange.group,
            ..Handshake::default()
        };
        if let Some(server) = self.server.or(self.retry) {
            handshake.version = Some(server.version);
            handshake.cipher = Some(server.cipher);
            if !server.is_retry {
                handshake.group = server.group.or(self.exchange.group);
                handshake.alpn = server.alpn;
            }
        }
        if let Some(client) = self.client {
            self.anomalies.add_all(client.anomalies);
            handshake.offered = Some(client.offered);
        }
        handshake.anomalies = self.anomalies.to_vec();
        Some((self.last, handshake))
    }

    /// Whether an earlier session goes on. In TLS 1.3 that is the use of a key that both
    /// knew; one that was agreed on outside of TLS looks the same, unless a certificate
    /// comes besides it (RFC 8773 section 5.1). Up to TLS 1.2 the messages tell: a server
    /// that goes over to encryption right after its hello resumes (RFC 5246 section 7.3),
    /// and one that sends more does not. Where they were not seen, the id of the session
    /// tells (section 7.4.1.3).
    fn resumed(&self) -> Option<bool> {
        let server = self.server.as_ref()?;
        if server.version.encrypts_handshake() {
            return Some(server.uses_known_key && !server.adds_certificate);
        }
        if self.sent_more_than_hello() {
            return Some(false);
        }
        let is_repeated = self
            .client
            .as_ref()
            .is_some_and(|client| !server.session.is_empty() && client.session == server.session);
        (self.server_changed_cipher || is_repeated).then_some(true)
    }

    const fn sent_more_than_hello(&self) -> bool {
        self.has_certificate || self.has_key_exchange || self.is_answered
    }

    /// A resumed session keeps what its first handshake found of the client, so nothing is
    /// said of it there.
    fn mutual(&self) -> Option<bool> {
        if self.asks_for_certificate {
            return Some(true);
        }
        self.is_answered.then_some(false)
    }

    fn certificate_seen(&mut self, resumed: Option<bool>) -> CertificateSeen {
        let Some(server) = &self.server else { return CertificateSeen::NotSeen };
        if let Some(certificate) = self.certificate.take() {
            return CertificateSeen::Seen(Box::new(certificate));
        }
        if server.version.encrypts_handshake() {
            // RFC 8446 section 4.4.2: with a key that both knew there is none.
            let has_none = server.uses_known_key && !server.adds_certificate;
            return if has_none { CertificateSeen::NotSent } else { CertificateSeen::Hidden };
        }
        if resumed == Some(true) || self.is_answered && !self.has_certificate {
            return CertificateSeen::NotSent;
        }
        CertificateSeen::NotSeen
    }

    /// Notes where the server's choice does not fit the client's offer.
    fn compare(&mut self) {
        let Some(client) = &self.client else { return };
        let Some(server) = self.server.as_ref().or(self.retry.as_ref()) else { return };
        if !chose_from(client, server) {
            self.anomalies.add(Anomaly::UnofferedChoice);
        }
        // RFC 8446 section 4.1.3: somebody between them made the offer smaller.
        if server
            .could
            .is_some_and(|could| could > server.version && client.highest() >= Some(could))
        {
            self.anomalies.add(Anomaly::TlsDowngradeSentinel);
        }
        // RFC 5746 section 3.4: such a server can be made to renegotiate for another client.
        let can_renegotiate = !server.version.encrypts_handshake();
        if can_renegotiate && client.renegotiates_safely && !server.renegotiates_safely {
            self.anomalies.add(Anomaly::InsecureRenegotiation);
        }
    }
}

/// Whether version, suite and group are among those that the client offered; where an offer
/// was too long to be kept whole, yes.
fn chose_from(client: &ClientHello, server: &ServerHello) -> bool {
    let offered = &client.offered;
    let is_cut = client.anomalies.contains(Anomaly::ExcessiveOffer);
    let takes_version = match offered.versions.as_slice() {
        // Without the extension of TLS 1.3 it is the highest of all below.
        [highest] if !highest.encrypts_handshake() => server.version <= *highest,
        versions => versions.contains(&server.version),
    };
    let takes_group = server.group.is_none_or(|group| offered.groups.contains(&group));
    client.offers(server.cipher) && (is_cut || takes_version && takes_group)
}
