//! A handshake that goes on: where each way is, and what may come on it next.

use std::sync::Arc;

use super::super::Way;
use super::super::anomaly::Anomaly;
use super::client_hello::ClientHello;
use super::message::{self, Item, Messages};
use super::record::{self, Content, Part, Records};
use super::server_hello::ServerHello;
use super::talk::Talk;
use crate::pipeline::output::tls::Handshake;
use crate::pipeline::time::Timestamp;

/// A handshake that goes on.
#[derive(Debug)]
pub(super) struct Listening {
    client: Side,
    server: Side,
    talk: Talk,
    midstream: bool,
}

/// One way.
#[derive(Debug)]
struct Side {
    records: Records,
    messages: Messages,
    /// First half of an alert.
    alert_level: Option<u8>,
    progress: Progress,
}

/// How far a way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Its hello is to come.
    Hello,
    /// Its hello came, and what follows is in the clear.
    Clear,
    /// The server has said all it has to say before the client answers (TLS 1.2).
    Answered,
    /// What follows is encrypted, was not seen, or is no TLS.
    Past,
}

impl Side {
    const fn new() -> Self {
        Self {
            records: Records::new(),
            messages: Messages::new(),
            alert_level: None,
            progress: Progress::Hello,
        }
    }

    /// Nothing more is read here.
    fn pass(&mut self) {
        self.progress = Progress::Past;
        self.messages = Messages::new();
    }
}

/// What a feed carries along.
pub(super) struct Feed {
    /// Most bytes of a message that are kept.
    pub(super) most: usize,
    pub(super) time: Timestamp,
}

impl Listening {
    pub(super) fn new(midstream: bool) -> Self {
        Self { client: Side::new(), server: Side::new(), talk: Talk::default(), midstream }
    }

    /// What the client calls the server, once its hello is there.
    pub(super) fn server_name(&self) -> Option<&Arc<str>> {
        self.talk.server_name()
    }

    /// Whether the hello of the client is still to come.
    pub(super) fn awaits_client(&self) -> bool {
        self.client.progress == Progress::Hello
    }

    /// Bytes held in buffers.
    pub(super) fn buffered(&self) -> usize {
        self.client.messages.buffered()
            + self.server.messages.buffered()
            + self.talk.chain.buffered()
    }

    /// All that is known; none where there was no hello.
    pub(super) fn conclude(&mut self) -> Option<(Timestamp, Handshake)> {
        std::mem::take(&mut self.talk).conclude()
    }

    /// No more bytes will come on a way.
    pub(super) fn end(&mut self, way: Way) {
        self.side(way).pass();
    }

    fn side(&mut self, way: Way) -> &mut Side {
        match way {
            Way::ToServer => &mut self.client,
            Way::ToClient => &mut self.server,
        }
    }

    /// Nothing more can be known. After the whole of a server's part up to TLS 1.2 the
    /// client's answer is waited for, for it may be a refusal.
    pub(super) const fn is_settled(&self) -> bool {
        match (self.client.progress, self.server.progress) {
            (Progress::Hello, _) | (_, Progress::Hello | Progress::Clear) => false,
            (_, Progress::Past) => true,
            (client, Progress::Answered) => matches!(client, Progress::Past),
        }
    }

    /// The one loop around the parsers of a way.
    pub(super) fn take(&mut self, way: Way, mut bytes: &[u8], feed: &Feed) {
        while !self.is_settled() && self.side(way).progress != Progress::Past {
            let Some(part) = self.side(way).records.next(&mut bytes) else { return };
            match part {
                Part::Begin(content, length) => self.begin_record(way, content, length, feed),
                Part::Body(Content::Handshake, body) => self.take_messages(way, body, feed),
                Part::Body(Content::Alert, body) => self.take_alert(way, body, feed),
                Part::Body(..) => {}
                Part::Refused(anomaly) => self.refuse_record(way, anomaly, feed),
            }
        }
    }

    fn take_messages(&mut self, way: Way, mut body: &[u8], feed: &Feed) {
        while !self.is_settled() && self.side(way).progress != Progress::Past {
            let messages = &mut self.side(way).messages;
            let Some(item) = messages.next(way, feed.most, &mut body) else { return };
            self.take_item(way, item, feed);
        }
    }

    fn begin_record(&mut self, way: Way, content: Content, length: u16, feed: &Feed) {
        // RFC 8446 section 5.1: other records do not come between the parts of a message.
        let interrupts = self.side(way).messages.is_partial();
        match content {
            Content::Handshake if length == 0 => self.note(way, Anomaly::InvalidTlsRecord),
            Content::Handshake if length > record::CLEAR_BYTES => {
                self.note(way, Anomaly::OversizedTlsRecord);
            }
            Content::Handshake => {}
            // An encrypted one is longer.
            Content::Alert if length == 2 => {}
            Content::ChangeCipherSpec if !interrupts => self.change_cipher(way, feed),
            Content::ApplicationData if !interrupts => self.take_data(way),
            // RFC 6520 section 3: no heartbeat during a handshake.
            Content::Heartbeat if !interrupts => self.note(way, Anomaly::InvalidTlsRecord),
            _ => self.refuse(way, Anomaly::InvalidTlsRecord),
        }
    }

    /// What is no record may be a hello from before there were records.
    fn refuse_record(&mut self, way: Way, anomaly: Anomaly, feed: &Feed) {
        let is_first = way == Way::ToServer && self.client.progress == Progress::Hello;
        match anomaly {
            Anomaly::Ssl2Hello if is_first && !self.midstream => {
                self.talk.note_hello(feed.time);
                self.refuse(way, anomaly);
            }
            Anomaly::Ssl2Hello => self.refuse(way, Anomaly::InvalidTlsRecord),
            _ => self.refuse(way, anomaly),
        }
    }

    /// From here on a way is encrypted, but for the dummies of TLS 1.3 (RFC 8446 appendix D.4).
    fn change_cipher(&mut self, way: Way, feed: &Feed) {
        match (way, self.side(way).progress) {
            (_, Progress::Hello) => self.refuse(way, Anomaly::UnexpectedHandshakeMessage),
            (Way::ToServer, _) if self.talk.server.is_some() || !self.talk.may_be_tls13() => {
                self.client.pass();
            }
            (Way::ToClient, _) if self.talk.server.is_some() => {
                self.talk.change_cipher(feed.time);
                self.server.pass();
            }
            _ => {}
        }
    }

    fn take_data(&mut self, way: Way) {
        match (way, self.side(way).progress) {
            // The handshake was long before.
            (_, Progress::Hello) if self.midstream && !self.talk.has_hello => {
                self.client.pass();
                self.server.pass();
            }
            (_, Progress::Hello) => self.refuse(way, Anomaly::UnexpectedHandshakeMessage),
            // RFC 8446 section 4.2.10: it may be rejected, and a second hello follow it.
            (Way::ToServer, _) if self.talk.server.is_none() && self.talk.sends_early() => {}
            _ => self.side(way).pass(),
        }
    }

    /// RFC 8446 section 6, RFC 5246 section 7.2.
    fn take_alert(&mut self, way: Way, body: &[u8], feed: &Feed) {
        const CLOSE_NOTIFY: u8 = 0;
        for &byte in body {
            let Some(level) = self.side(way).alert_level.take() else {
                self.side(way).alert_level = Some(byte);
                continue;
            };
            match (level, byte) {
                (1, CLOSE_NOTIFY) => self.side(way).pass(),
                (1, _) => {}
                (2, description) => {
                    self.talk.take_alert(description, feed.time);
                    self.client.pass();
                    self.server.pass();
                }
                _ => self.refuse(way, Anomaly::InvalidTlsRecord),
            }
        }
    }

    fn take_item(&mut self, way: Way, item: Item<'_>, feed: &Feed) {
        match (way, item) {
            (_, Item::Begin(kind)) => self.begin_message(way, kind),
            (_, Item::Oversized(kind)) => self.skip_message(way, kind, feed),
            (Way::ToServer, Item::Whole(_, body)) => self.take_client_hello(&body, feed),
            (Way::ToClient, Item::Whole(message::SERVER_HELLO, body)) => {
                self.take_server_hello(&body, feed);
            }
            (Way::ToClient, Item::Whole(_, body)) => self.talk.take_key_exchange(&body, feed.time),
            (_, Item::Piece(_, bytes)) => self.talk.chain.take(bytes, feed.most),
            (Way::ToClient, Item::End(kind)) => {
                self.talk.end_message(kind, feed.time);
                if kind == message::SERVER_HELLO_DONE {
                    self.server.progress = Progress::Answered;
                }
            }
            (Way::ToServer, Item::End(_)) => {}
        }
    }

    /// Whether a message may come now; a way that begins with something else than its hello,
    /// or goes on before it, is not looked at any further.
    fn begin_message(&mut self, way: Way, kind: message::Kind) {
        let is_hello = match way {
            Way::ToServer => kind == message::CLIENT_HELLO,
            Way::ToClient => kind == message::SERVER_HELLO,
        };
        let is_in_order = match (way, self.side(way).progress) {
            // RFC 5246 section 7.4.1.1: a server may ask for a hello at any time.
            (Way::ToClient, Progress::Hello) if kind == message::HELLO_REQUEST => !self.midstream,
            (_, Progress::Hello) => is_hello,
            (Way::ToClient, Progress::Clear) => self.talk.server_may_send(kind),
            // RFC 5077 section 3.3: the ticket comes after the client's part.
            (Way::ToClient, _) => {
                matches!(kind, message::HELLO_REQUEST | message::NEW_SESSION_TICKET)
            }
            // There is no renegotiation in the clear.
            (Way::ToServer, _) => !is_hello || self.talk.awaits_second_hello(),
        };
        if !is_in_order {
            self.refuse(way, Anomaly::UnexpectedHandshakeMessage);
        }
    }

    fn skip_message(&mut self, way: Way, kind: message::Kind, feed: &Feed) {
        self.begin_message(way, kind);
        let progress = self.side(way).progress;
        match progress {
            Progress::Past => return,
            Progress::Hello if self.midstream => return self.side(way).pass(),
            _ => {}
        }
        self.talk.note_hello(feed.time);
        self.note(way, Anomaly::OversizedHandshake);
        match kind {
            message::CLIENT_HELLO => self.client.progress = Progress::Clear,
            // Without it nothing of what follows is understood.
            message::SERVER_HELLO => self.server.pass(),
            _ => {}
        }
    }

    fn take_client_hello(&mut self, body: &[u8], feed: &Feed) {
        let is_second = self.client.progress == Progress::Clear;
        let hello = ClientHello::parse(body);
        if hello.is_none() && self.midstream && !is_second {
            return self.client.pass();
        }
        self.client.progress = Progress::Clear;
        self.talk.take_client_hello(hello, is_second, feed.time);
    }

    fn take_server_hello(&mut self, body: &[u8], feed: &Feed) {
        let hello = ServerHello::parse(body);
        match hello {
            None if self.midstream => self.server.pass(),
            None => {
                self.talk.note_hello(feed.time);
                self.refuse(Way::ToClient, Anomaly::InvalidServerHello);
            }
            Some(hello) => {
                let goes_on = self.talk.take_server_hello(hello, feed.time);
                self.server.progress = Progress::Clear;
                if !goes_on {
                    self.server.pass();
                }
            }
        }
    }

    /// Bytes were not seen: whatever a way still had to tell is not known.
    pub(super) fn miss(&mut self, way: Way) {
        let is_needed = match (way, self.side(way).progress) {
            (_, Progress::Hello) | (Way::ToClient, Progress::Clear) => true,
            (Way::ToServer, Progress::Clear) => self.client.messages.is_partial(),
            (_, Progress::Answered | Progress::Past) => false,
        };
        if is_needed {
            self.talk.anomalies.add(Anomaly::Gap);
        }
        self.side(way).pass();
    }

    fn refuse(&mut self, way: Way, anomaly: Anomaly) {
        self.note(way, anomaly);
        self.side(way).pass();
    }

    /// In the middle of something an irregularity means nothing before the way's hello.
    fn note(&mut self, way: Way, anomaly: Anomaly) {
        if !self.midstream || self.side(way).progress != Progress::Hello {
            self.talk.anomalies.add(anomaly);
        }
    }
}
