//! What the fields of a head say about framing, and the few that records show.

use crate::pipeline::output::Auth;
use crate::pipeline::protocol::anomaly::{Anomalies, Anomaly};
use crate::pipeline::protocol::grpc::status_of;
use crate::pipeline::protocol::head_value::{is_key_name, scheme, stronger};

pub(super) use crate::pipeline::protocol::head_value::Length;

/// Transfer-Encoding of a head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transfer {
    /// Not there.
    #[default]
    Absent,
    /// Ends in chunked.
    Chunked,
    /// Something that does not delimit.
    Other,
}

/// The protocol that Upgrade names first of those that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upgrade {
    /// WebSocket (RFC 6455 section 4.1).
    WebSocket,
    /// HTTP/2 in the clear (RFC 7540 section 3.2).
    Http2,
    /// TLS (RFC 2817 section 3).
    Tls,
    /// Anything else.
    Other,
}

/// What the fields say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) length: Length,
    pub(super) transfer: Transfer,
    pub(super) host: Option<&'a [u8]>,
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) auth: Auth,
    pub(super) upgrade: Option<Upgrade>,
    /// Sec-WebSocket-Extensions names permessage-deflate.
    pub(super) deflate: bool,
    /// `grpc-status` of gRPC-Web without a body.
    pub(super) grpc_status: Option<u32>,
    pub(super) anomalies: Anomalies,
}

impl<'a> Fields<'a> {
    /// Takes the next field. Sorted by the length of the name, since nearly every
    /// field is none of these.
    pub(super) fn take(&mut self, name: &[u8], value: &'a [u8]) {
        // Letters in one case are told apart from the rest without a look at the others.
        let first = name.first().copied().unwrap_or_default() | 0x20;
        match (name.len(), first) {
            (4, b'h') if name.eq_ignore_ascii_case(b"host") => self.take_host(value),
            (6, b'c') if name.eq_ignore_ascii_case(b"cookie") => self.raise_auth(Auth::Cookie),
            (7, b'u') if name.eq_ignore_ascii_case(b"upgrade") => self.take_upgrade(value),
            (11, b'g') if name.eq_ignore_ascii_case(b"grpc-status") => {
                self.grpc_status = status_of(value.trim_ascii());
            }
            (12, b'c') if name.eq_ignore_ascii_case(b"content-type") => {
                self.content_type = Some(value);
            }
            (13, b'a') if name.eq_ignore_ascii_case(b"authorization") => self.auth = scheme(value),
            (14, b'c') if name.eq_ignore_ascii_case(b"content-length") => {
                self.length.take(value, &mut self.anomalies);
            }
            (17, b't') if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.take_transfer(value);
            }
            (19, b'p') if name.eq_ignore_ascii_case(b"proxy-authorization") => {
                let scheme = scheme(value);
                self.raise_auth(scheme);
            }
            (24, b's') if name.eq_ignore_ascii_case(b"sec-websocket-extensions") => {
                self.deflate |= names_deflate(value);
            }
            (6..=20, b'a' | b'x') if is_key_name(name) => self.raise_auth(Auth::ApiKey),
            _ => {}
        }
    }

    /// The strongest proof is named.
    pub(super) fn raise_auth(&mut self, auth: Auth) {
        self.auth = stronger(self.auth, auth);
    }

    fn take_host(&mut self, value: &'a [u8]) {
        if self.host.replace(value).is_some() {
            self.anomalies.add(Anomaly::MultipleHosts);
        }
    }

    /// RFC 9110 section 7.8: a list of protocols, each with a version where it has one.
    fn take_upgrade(&mut self, value: &[u8]) {
        for protocol in value.split(|&byte| byte == b',') {
            let protocol = protocol.trim_ascii();
            let name = protocol.split(|&byte| byte == b'/').next().unwrap_or_default();
            let upgrade = match name.len() {
                9 if name.eq_ignore_ascii_case(b"websocket") => Upgrade::WebSocket,
                3 if name.eq_ignore_ascii_case(b"h2c") => Upgrade::Http2,
                3 if name.eq_ignore_ascii_case(b"tls") => Upgrade::Tls,
                _ => Upgrade::Other,
            };
            if matches!(self.upgrade, None | Some(Upgrade::Other)) {
                self.upgrade = Some(upgrade);
            }
        }
    }

    /// RFC 9112 section 6.1: chunked is the last coding, and there once.
    fn take_transfer(&mut self, value: &[u8]) {
        for coding in value.split(|&byte| byte == b',') {
            let coding = coding.trim_ascii();
            if coding.is_empty() {
                continue;
            }
            if self.transfer == Transfer::Chunked {
                self.anomalies.add(Anomaly::InvalidTransferEncoding);
            }
            self.transfer = if coding.eq_ignore_ascii_case(b"chunked") {
                Transfer::Chunked
            } else {
                Transfer::Other
            };
        }
    }
}

/// RFC 6455 section 9.1: a list of extensions, each with parameters after `;`.
fn names_deflate(value: &[u8]) -> bool {
    value.split(|&byte| byte == b',').any(|extension| {
        let name = extension.split(|&byte| byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"permessage-deflate")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_numbers_or_unframeable() {
        let cases: [(&[&str], Length); 12] = [
            (&[], Length::Absent),
            (&["5"], Length::Is(5)),
            (&[" 5 "], Length::Is(5)),
            (&["5", "5"], Length::Is(5)),
            (&["5, 5"], Length::Is(5)),
            (&["5", "6"], Length::Unframeable),
            (&["+5"], Length::Unframeable),
            (&["-5"], Length::Unframeable),
            (&["0x5"], Length::Unframeable),
            (&[""], Length::Unframeable),
            (&["18446744073709551615"], Length::Is(u64::MAX)),
            (&["18446744073709551616"], Length::Unframeable),
        ];
        for (values, expected) in cases {
            let mut fields = Fields::default();
            for value in values {
                fields.take(b"Content-Length", value.as_bytes());
            }
            assert_eq!(fields.length, expected, "{values:?}");
        }
    }

    #[test]
    fn only_a_last_chunked_delimits() {
        let cases: [(&[&str], Transfer, bool); 6] = [
            (&["chunked"], Transfer::Chunked, false),
            (&["Chunked"], Transfer::Chunked, false),
            (&["gzip, chunked"], Transfer::Chunked, false),
            (&["chunked, gzip"], Transfer::Other, true),
            (&["chunked", "chunked"], Transfer::Chunked, true),
            (&["xchunked"], Transfer::Other, false),
        ];
        for (values, expected, odd) in cases {
            let mut fields = Fields::default();
            for value in values {
                fields.take(b"transfer-encoding", value.as_bytes());
            }
            assert_eq!(fields.transfer, expected, "{values:?}");
            assert_eq!(!fields.anomalies.to_vec().is_empty(), odd, "{values:?}");
        }
    }

    #[test]
    fn upgrades_and_extensions_are_named() {
        let cases: [(&str, Option<Upgrade>); 8] = [
            ("websocket", Some(Upgrade::WebSocket)),
            ("WebSocket", Some(Upgrade::WebSocket)),
            ("h2c", Some(Upgrade::Http2)),
            ("TLS/1.0, HTTP/1.1", Some(Upgrade::Tls)),
            ("foo, websocket", Some(Upgrade::WebSocket)),
            ("websocket, h2c", Some(Upgrade::WebSocket)),
            ("websockets", Some(Upgrade::Other)),
            ("", Some(Upgrade::Other)),
        ];
        for (value, expected) in cases {
            let mut fields = Fields::default();
            fields.take(b"Upgrade", value.as_bytes());
            assert_eq!(fields.upgrade, expected, "{value}");
        }
        for (value, expected) in [
            ("permessage-deflate; client_max_window_bits", true),
            ("foo, Permessage-Deflate", true),
            ("foo; permessage-deflate", false),
            ("x-permessage-deflate", false),
        ] {
            let mut fields = Fields::default();
            fields.take(b"sec-websocket-extensions", value.as_bytes());
            assert_eq!(fields.deflate, expected, "{value}");
        }
    }

    #[test]
    fn the_strongest_proof_is_named() {
        let cases: [(&[(&str, &str)], Auth); 6] = [
            (&[("Cookie", "a=b")], Auth::Cookie),
            (&[("Cookie", "a=b"), ("X-Api-Key", "k")], Auth::ApiKey),
            (&[("Authorization", "Bearer t"), ("Cookie", "a=b")], Auth::Bearer),
            (&[("authorization", "basic dTpw")], Auth::Basic),
            (&[("Authorization", "AWS4-HMAC-SHA256 x")], Auth::Other),
            (&[("Accept", "*/*")], Auth::None),
        ];
        for (given, expected) in cases {
            let mut fields = Fields::default();
            for (name, value) in given {
                fields.take(name.as_bytes(), value.as_bytes());
            }
            assert_eq!(fields.auth, expected, "{given:?}");
        }
    }
}
