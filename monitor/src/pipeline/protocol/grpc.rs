//! gRPC and gRPC-Web over HTTP: who is called, and how many messages go each way.
//!
//! A body is messages with a prefix of five bytes: flags and length. gRPC-Web carries the
//! trailers in the body of the response as one more of these, with a flag of its own.
//! [`Messages`] counts them; it holds no payload.

use super::anomaly::{Anomalies, Anomaly};
use super::head_value::decimal;

/// Bytes before a message: one of flags, four of length.
const PREFIX_BYTES: usize = 5;
/// Flag of a message that is compressed.
const COMPRESSED: u8 = 0x01;
/// Flag of the trailers of gRPC-Web.
const TRAILERS: u8 = 0x80;
/// Bytes of trailers that are looked at.
const TRAILER_BYTES: u32 = 8 * 1024;
/// Bytes of a line of trailers that are looked at.
const LINE_BYTES: usize = 32;

/// What a content type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavor {
    /// gRPC.
    Grpc,
    /// gRPC-Web.
    Web,
    /// gRPC-Web in base64, whose messages are not counted.
    WebText,
}

/// What a content type says, in lower case and without parameters; none where that is not
/// gRPC.
pub(super) fn flavor_of(content_type: &str) -> Option<Flavor> {
    let rest = content_type.strip_prefix("application/grpc")?;
    let (rest, flavor) = if let Some(rest) = rest.strip_prefix("-web-text") {
        (rest, Flavor::WebText)
    } else if let Some(rest) = rest.strip_prefix("-web") {
        (rest, Flavor::Web)
    } else {
        (rest, Flavor::Grpc)
    };
    (rest.is_empty() || rest.starts_with('+')).then_some(flavor)
}

/// Service and method of a path, where it has the form `/package.Service/Method`.
pub(super) fn call_of(path: &str) -> Option<(&str, &str)> {
    let (service, method) = path.strip_prefix('/')?.rsplit_once('/')?;
    (!service.is_empty() && !method.is_empty()).then_some((service, method))
}

/// `grpc-status`, as it stands in a field.
pub(super) fn status_of(value: &[u8]) -> Option<u32> {
    decimal(value).and_then(|status| u32::try_from(status).ok())
}

/// Counts the messages of one body.
#[derive(Clone, Debug)]
pub(super) struct Messages {
    /// Messages whose prefix was seen.
    pub(super) count: u64,
    /// Their bytes, as the prefixes say.
    pub(super) bytes: u64,
    /// `grpc-status` of trailers in the body.
    pub(super) status: Option<u32>,
    state: State,
    /// Bytes of the message at hand, or of the trailers, that are to come.
    left: u32,
    prefix: [u8; PREFIX_BYTES],
    has: u8,
    flavor: Flavor,
    /// The line of trailers at hand, while there are any.
    line: Option<Box<Line>>,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Prefix,
    Message,
    /// Trailers in the body; so many bytes of them may still be looked at.
    Trailers(u32),
    /// Not counted, or not any more.
    Silent,
}

/// The start of a line of trailers.
#[derive(Clone)]
struct Line {
    bytes: [u8; LINE_BYTES],
    /// Its length; beyond what is kept it is no line of interest.
    length: u8,
}

impl Messages {
    /// The messages of a body that begins.
    pub(super) fn new(flavor: Flavor) -> Self {
        let state = if flavor == Flavor::WebText { State::Silent } else { State::Prefix };
        Self {
            count: 0,
            bytes: 0,
            status: None,
            state,
            left: 0,
            prefix: [0; PREFIX_BYTES],
            has: 0,
            flavor,
            line: None,
        }
    }

    /// The messages of a body whose beginning was missed: none is counted.
    pub(super) fn missed() -> Self {
        Self { state: State::Silent, ..Self::new(Flavor::Grpc) }
    }

    /// Takes the next bytes of the body.
    pub(super) fn take(&mut self, mut bytes: &[u8], anomalies: &mut Anomalies) {
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Prefix => self.take_prefix(bytes, anomalies),
                State::Message => self.pass(bytes),
                State::Trailers(room) => self.take_trailers(bytes, room),
                State::Silent => return,
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// Bytes of the body were not seen. Within a message they change nothing; elsewhere
    /// the counts are from then on lower bounds.
    pub(super) fn skip(&mut self, bytes: u64) {
        match u32::try_from(bytes) {
            Ok(bytes) if self.state == State::Message && bytes <= self.left => {
                self.left -= bytes;
                self.settle();
            }
            _ if bytes > 0 => self.state = State::Silent,
            _ => {}
        }
    }

    /// The body has ended.
    pub(super) fn end(&mut self, anomalies: &mut Anomalies) {
        let is_between = self.state == State::Prefix && self.has == 0;
        if !is_between && self.state != State::Silent {
            anomalies.add(Anomaly::InvalidGrpcMessage);
        }
        self.state = State::Silent;
    }

    fn take_prefix(&mut self, bytes: &[u8], anomalies: &mut Anomalies) -> usize {
        let room = self.prefix.get_mut(usize::from(self.has)..).unwrap_or_default();
        let taken = room.len().min(bytes.len());
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.has += taken as u8;
        if usize::from(self.has) < PREFIX_BYTES {
            return taken;
        }
        self.has = 0;
        let [flags, length @ ..] = self.prefix;
        self.left = u32::from_be_bytes(length);
        let known = if self.flavor == Flavor::Web { COMPRESSED | TRAILERS } else { COMPRESSED };
        if flags & !known != 0 {
            anomalies.add(Anomaly::InvalidGrpcMessage);
            self.state = State::Silent;
        } else if flags & TRAILERS != 0 {
            // Compressed ones are not read.
            self.state = State::Trailers(if flags == TRAILERS { TRAILER_BYTES } else { 0 });
            self.settle();
        } else {
            self.count += 1;
            self.bytes = self.bytes.saturating_add(u64::from(self.left));
            self.state = State::Message;
            self.settle();
        }
        taken
    }

    /// Passes over bytes of a message.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.left as usize);
        self.left -= taken as u32;
        self.settle();
        taken
    }

    fn take_trailers(&mut self, bytes: &[u8], room: u32) -> usize {
        let taken = bytes.len().min(self.left as usize);
        let looked_at = taken.min(room as usize);
        let line =
            self.line.get_or_insert_with(|| Box::new(Line { bytes: [0; LINE_BYTES], length: 0 }));
        for &byte in bytes.get(..looked_at).unwrap_or_default() {
            if let Some(status) = line.take(byte) {
                self.status.get_or_insert(status);
            }
        }
        self.left -= taken as u32;
        self.state = State::Trailers(room - looked_at as u32);
        if self.left == 0 {
            // The last line may end without its line end.
            if let Some(status) = line.take(b'\n').filter(|_| room > 0) {
                self.status.get_or_insert(status);
            }
            self.line = None;
        }
        self.settle();
        taken
    }

    fn settle(&mut self) {
        if self.left == 0 {
            self.state = State::Prefix;
        }
    }
}

impl Line {
    /// Takes the next byte; a status where that ends a line that has one.
    fn take(&mut self, byte: u8) -> Option<u32> {
        if byte != b'\n' {
            if let Some(place) = self.bytes.get_mut(usize::from(self.length)) {
                *place = byte;
            }
            self.length = self.length.saturating_add(1);
            return None;
        }
        let line = self.bytes.get(..usize::from(std::mem::take(&mut self.length)))?;
        let colon = line.iter().position(|&byte| byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        if !name.eq_ignore_ascii_case(b"grpc-status") {
            return None;
        }
        status_of(value.get(1..)?.trim_ascii())
    }
}

impl std::fmt::Debug for Line {
    /// Without its text, which is payload.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("length", &self.length).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_told_apart() {
        for (content_type, expected) in [
            ("application/grpc", Some(Flavor::Grpc)),
            ("application/grpc+proto", Some(Flavor::Grpc)),
            ("application/grpc-web", Some(Flavor::Web)),
            ("application/grpc-web+proto", Some(Flavor::Web)),
            ("application/grpc-web-text", Some(Flavor::WebText)),
            ("application/grpc-web-text+proto", Some(Flavor::WebText)),
            ("application/grpcx", None),
            ("application/json", None),
        ] {
            assert_eq!(flavor_of(content_type), expected, "{content_type}");
        }
    }

    #[test]
    fn paths_name_service_and_method() {
        for (path, expected) in [
            ("/bank.v1.Accounts/List", Some(("bank.v1.Accounts", "List"))),
            ("/prefix/bank.Accounts/List", Some(("prefix/bank.Accounts", "List"))),
            ("/Accounts/", None),
            ("//List", None),
            ("/List", None),
            ("?", None),
            ("", None),
        ] {
            assert_eq!(call_of(path), expected, "{path}");
        }
    }

    /// Flavor, body, (messages, bytes, status), whether it is irregular.
    type Case = (Flavor, &'static [u8], (u64, u64, Option<u32>), bool);

    const CASES: [Case; 12] = [
        (Flavor::Grpc, b"", (0, 0, None), false),
        (Flavor::Grpc, b"\0\0\0\0\x03abc", (1, 3, None), false),
        (Flavor::Grpc, b"\0\0\0\0\0\x01\0\0\0\x02ab", (2, 2, None), false),
        (Flavor::Grpc, b"\0\0\0\0\x03ab", (1, 3, None), true),
        (Flavor::Grpc, b"\0\0\0", (0, 0, None), true),
        (Flavor::Grpc, b"{\"a\":1}", (0, 0, None), true),
        (Flavor::Grpc, b"\x80\0\0\0\x01x", (0, 0, None), true),
        (Flavor::Web, b"\0\0\0\0\x01x\x80\0\0\0\x10grpc-status:13\r\n", (1, 1, Some(13)), false),
        (Flavor::Web, b"\x80\0\0\0\x19a: b\r\nGrpc-Status: 5\r\nc:d", (0, 0, Some(5)), false),
        (Flavor::Web, b"\x80\0\0\0\x0dgrpc-status:0", (0, 0, Some(0)), false),
        (Flavor::Web, b"\x81\0\0\0\x0dgrpc-status:0", (0, 0, None), false),
        (Flavor::WebText, b"AAAAAAA=", (0, 0, None), false),
    ];

    #[test]
    fn messages_are_counted_at_any_split() {
        for (flavor, body, expected, irregular) in CASES {
            for at in 0..=body.len() {
                let mut messages = Messages::new(flavor);
                let mut anomalies = Anomalies::default();
                let (first, second) = body.split_at(at);
                messages.take(first, &mut anomalies);
                messages.take(second, &mut anomalies);
                messages.end(&mut anomalies);
                let counted = (messages.count, messages.bytes, messages.status);
                assert_eq!(counted, expected, "{} at {at}", body.escape_ascii());
                assert_eq!(!anomalies.to_vec().is_empty(), irregular, "{}", body.escape_ascii());
            }
        }
    }

    #[test]
    fn bytes_missed_within_a_message_change_nothing() {
        let mut anomalies = Anomalies::default();
        let mut messages = Messages::new(Flavor::Grpc);
        messages.take(b"\0\0\0\0\x0aab", &mut anomalies);
        messages.skip(8);
        messages.take(b"\0\0\0\0\x01x", &mut anomalies);
        assert_eq!((messages.count, messages.bytes), (2, 11));
        messages.skip(1);
        messages.take(b"\0\0\0\0\x01x", &mut anomalies);
        messages.end(&mut anomalies);
        assert_eq!((messages.count, messages.bytes), (2, 11));
        assert!(anomalies.to_vec().is_empty());
    }

    #[test]
    fn long_trailers_are_passed_over() {
        let mut anomalies = Anomalies::default();
        let mut messages = Messages::new(Flavor::Web);
        messages.take(b"\x80\0\x01\0\0", &mut anomalies);
        messages.take(&vec![b'x'; 0xffff], &mut anomalies);
        messages.take(b"\n", &mut anomalies);
        messages.end(&mut anomalies);
        assert_eq!(messages.status, None);
        assert!(anomalies.to_vec().is_empty());
        assert!(size_of::<Messages>() <= 56, "{}", size_of::<Messages>());
    }
}
