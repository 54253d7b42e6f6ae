//! What the fields of one header section say (RFC 9113 section 8).
//!
//! The section of a request, a response or trailers is told from what it has; the same
//! fields are read of each.

use std::sync::Arc;

use super::super::Way;
use super::super::anomaly::{Anomalies, Anomaly};
use super::super::grpc;
use super::super::head_value::{Length, Texts, reuse_path};
use super::super::head_value::{is_key_name, method_of, note_case, reuse, reuse_type};
use super::super::head_value::{scheme, stronger};
use super::super::hpack::{Field, Text};
use super::super::target::{self, Target};
use crate::pipeline::output::{Auth, Method, Request, UNKNOWN_PATH};

/// What an entry of a field list counts beside its name and value (RFC 9113 section 6.5.2).
const FIELD_BYTES: u32 = 32;

/// What the fields of one header section say.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) content_type: Option<Arc<str>>,
    pub(super) length: Length,
    pub(super) grpc_status: Option<u32>,
    /// Status code; none where it is not known or not there.
    pub(super) status: Option<u16>,
    pub(super) auth: Auth,
    pub(super) anomalies: Anomalies,
    /// A field that matters, or one that may be such, is not known.
    pub(super) has_unknown: bool,
    /// A part of the section was missed or cannot be decoded.
    pub(super) is_damaged: bool,
    method: Option<Method>,
    path: Option<Arc<str>>,
    query_keys: Vec<Box<str>>,
    /// `:authority`, and the Host field that it goes before.
    authority: Option<Arc<str>>,
    host: Option<Arc<str>>,
    seen: Pseudo,
    has_regular: bool,
    fields: u16,
    /// Size of the field list so far.
    list_bytes: u32,
}

/// A set of pseudo-header fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pseudo(u8);

impl Pseudo {
    const METHOD: Self = Self(1);
    const SCHEME: Self = Self(2);
    const AUTHORITY: Self = Self(4);
    const PATH: Self = Self(8);
    const PROTOCOL: Self = Self(16);
    const STATUS: Self = Self(32);
    /// Those of requests.
    const REQUEST: Self = Self(31);

    fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b":method" => Self::METHOD,
            b":scheme" => Self::SCHEME,
            b":authority" => Self::AUTHORITY,
            b":path" => Self::PATH,
            b":protocol" => Self::PROTOCOL,
            b":status" => Self::STATUS,
            _ => return None,
        })
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Head {
    /// Bytes of the field list that may still be handed over.
    pub(super) fn room(&self, most: u32) -> u32 {
        most.saturating_sub(self.list_bytes)
    }

    /// Takes the next field of what goes this way; `most` are looked at.
    pub(super) fn take(&mut self, field: Field<'_>, way: Way, most: u16, texts: &mut Texts) {
        let size = |text| if let Text::Known(bytes) = text { bytes.len() as u32 } else { 0 };
        let bytes = size(field.name).saturating_add(size(field.value)).saturating_add(FIELD_BYTES);
        self.list_bytes = self.list_bytes.saturating_add(bytes);
        self.fields = self.fields.saturating_add(1);
        if self.fields > most {
            self.anomalies.add(Anomaly::TooManyFields);
            return;
        }
        let Text::Known(name) = field.name else {
            // It may be any field, a credential too.
            self.has_unknown = true;
            self.raise_auth(Auth::Unknown);
            return;
        };
        self.note_oddities(name, field.value);
        if name.first() == Some(&b':') {
            self.take_pseudo(name, field.value, way, texts);
        } else {
            self.has_regular = true;
            self.take_regular(name, field.value, way, texts);
        }
    }

    fn take_pseudo(&mut self, name: &[u8], value: Text<'_>, way: Way, texts: &mut Texts) {
        let pseudo = Pseudo::of(name);
        let fits = |pseudo| Pseudo::REQUEST.has(pseudo) == (way == Way::ToServer);
        let Some(pseudo) = pseudo.filter(|pseudo| fits(*pseudo)) else {
            self.anomalies.add(Anomaly::InvalidPseudoHeader);
            return;
        };
        if self.has_regular {
            self.anomalies.add(Anomaly::MisplacedPseudoHeader);
        }
        if self.seen.has(pseudo) {
            self.anomalies.add(Anomaly::DuplicatePseudoHeader);
            return;
        }
        self.seen.0 |= pseudo.0;
        let Text::Known(value) = value else {
            self.has_unknown |= !matches!(pseudo, Pseudo::SCHEME | Pseudo::PROTOCOL);
            return;
        };
        match pseudo {
            Pseudo::METHOD => self.method = Some(method_of(value)),
            Pseudo::PATH => self.take_path(value, texts),
            Pseudo::AUTHORITY => {
                let host = target::host_of(value, &mut self.anomalies);
                self.authority = Some(reuse(&mut texts.host, host));
            }
            Pseudo::STATUS => self.take_status(value),
            _ => {}
        }
    }

    fn take_path(&mut self, value: &[u8], texts: &mut Texts) {
        // RFC 9113 section 8.3.1: never empty.
        if value.is_empty() {
            self.anomalies.add(Anomaly::InvalidPseudoHeader);
        }
        let Target { path, query_keys, has_secret_key, .. } =
            target::parse(value, false, &mut self.anomalies);
        if has_secret_key {
            self.raise_auth(Auth::ApiKey);
        }
        self.path = Some(reuse_path(&mut texts.path, path));
        self.query_keys = query_keys;
    }

    fn take_status(&mut self, value: &[u8]) {
        match value {
            [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                let digit = |byte: &u8| u16::from(byte - b'0');
                self.status = Some(digit(a) * 100 + digit(b) * 10 + digit(c));
            }
            _ => self.anomalies.add(Anomaly::InvalidPseudoHeader),
        }
    }

    /// Sorted by the length of the name, since nearly every field is none of these.
    fn take_regular(&mut self, name: &[u8], value: Text<'_>, way: Way, texts: &mut Texts) {
        let Text::Known(value) = value else { return self.take_unknown(name) };
        match (name.len(), name) {
            (2, b"te") if value != b"trailers" => {
                self.anomalies.add(Anomaly::ConnectionSpecificHeader);
            }
            (4, b"host") => {
                let host = target::host_of(value, &mut self.anomalies);
                self.host = Some(reuse(&mut texts.host, host));
            }
            (6, b"cookie") => self.raise_auth(Auth::Cookie),
            (7, b"upgrade")
            | (10, b"connection" | b"keep-alive")
            | (16, b"proxy-connection")
            | (17, b"transfer-encoding") => {
                self.anomalies.add(Anomaly::ConnectionSpecificHeader);
            }
            (11, b"grpc-status") => self.grpc_status = grpc::status_of(value),
            (12, b"content-type") => {
                let last = match way {
                    Way::ToServer => &mut texts.request_type,
                    Way::ToClient => &mut texts.response_type,
                };
                self.content_type = Some(reuse_type(last, value));
            }
            (13, b"authorization") | (19, b"proxy-authorization") => {
                self.raise_auth(scheme(value));
            }
            (14, b"content-length") => self.length.take(value, &mut self.anomalies),
            (6..=20, name) if is_key_name(name) => self.raise_auth(Auth::ApiKey),
            _ => {}
        }
    }

    /// A field of which only the name is known.
    fn take_unknown(&mut self, name: &[u8]) {
        match name {
            b"host" | b"grpc-status" | b"content-type" | b"content-length" => {
                self.has_unknown = true;
            }
            b"authorization" | b"proxy-authorization" => {
                self.has_unknown = true;
                self.raise_auth(Auth::Unknown);
            }
            b"cookie" => self.raise_auth(Auth::Cookie),
            name if is_key_name(name) => self.raise_auth(Auth::ApiKey),
            _ => {}
        }
    }

    /// RFC 9113 section 8.2.1. Without branches, which the compiler turns into vector
    /// instructions.
    fn note_oddities(&mut self, name: &[u8], value: Text<'_>) {
        let (upper, control) =
            name.iter().fold((false, name.is_empty()), |(upper, control), byte| {
                (upper | byte.is_ascii_uppercase(), control | !byte.is_ascii_graphic())
            });
        if upper {
            self.anomalies.add(Anomaly::UppercaseName);
        }
        let Text::Known(value) = value else {
            if control {
                self.anomalies.add(Anomaly::ControlCharacter);
            }
            return;
        };
        let control =
            value.iter().fold(control, |control, byte| control | matches!(byte, 0 | b'\r' | b'\n'));
        if control {
            self.anomalies.add(Anomaly::ControlCharacter);
        }
    }

    fn raise_auth(&mut self, auth: Auth) {
        self.auth = stronger(self.auth, auth);
    }

    /// A part of the section was missed or cannot be decoded.
    pub(super) fn damage(&mut self, why: Anomaly) {
        self.anomalies.add(why);
        self.is_damaged = true;
        self.has_unknown = true;
        self.raise_auth(Auth::Unknown);
    }

    /// Whether a pseudo-header field of a request was seen.
    pub(super) const fn is_request(&self) -> bool {
        self.seen.has(Pseudo::REQUEST)
    }

    /// Whether `:status` was seen.
    pub(super) const fn has_status(&self) -> bool {
        self.seen.has(Pseudo::STATUS)
    }

    /// Whether any pseudo-header field was seen.
    pub(super) const fn has_pseudo(&self) -> bool {
        self.seen.0 != 0
    }

    /// Whether `:protocol` was seen (RFC 8441).
    pub(super) const fn has_protocol(&self) -> bool {
        self.seen.has(Pseudo::PROTOCOL)
    }

    /// The request that this section begins; `bytes` are those of its field block.
    pub(super) fn request(&mut self, bytes: u32) -> Request {
        self.judge_request();
        let (method, path) = (self.method.take(), self.path.take());
        // RFC 9113 section 8.5: CONNECT has no path, unless there is `:protocol`.
        let is_tunnel = method == Some(Method::Connect)
            && !self.seen.has(Pseudo::PATH)
            && !self.has_protocol()
            && !self.has_unknown;
        let path = match path {
            Some(path) => path,
            None if is_tunnel => Arc::default(),
            None => UNKNOWN_PATH.into(),
        };
        if let (Some(authority), Some(host)) = (&self.authority, &self.host)
            && !authority.eq_ignore_ascii_case(host)
        {
            self.anomalies.add(Anomaly::HostMismatch);
        }
        let authority_is_unknown = self.seen.has(Pseudo::AUTHORITY) && self.authority.is_none();
        let host = self.host.take().filter(|_| !authority_is_unknown && !self.may_hide_authority());
        Request {
            method: method.unwrap_or(Method::Unknown),
            path,
            query_keys: std::mem::take(&mut self.query_keys),
            host: self.authority.take().or(host),
            header_bytes: bytes,
            body_bytes: 0,
            content_type: self.content_type.take(),
            complete: false,
        }
    }

    /// An unknown field may be `:authority`, which goes before Host.
    const fn may_hide_authority(&self) -> bool {
        self.has_unknown && !self.seen.has(Pseudo::AUTHORITY)
    }

    /// RFC 9113 sections 8.3.1 and 8.5, RFC 8441 section 4.
    fn judge_request(&mut self) {
        if let Some(method) = &self.method {
            note_case(method, &mut self.anomalies);
        }
        if self.has_unknown {
            self.anomalies.add(Anomaly::UnknownHeader);
            return;
        }
        let is_connect = self.method == Some(Method::Connect);
        let required = if is_connect && !self.has_protocol() {
            if self.seen.has(Pseudo::PATH) || self.seen.has(Pseudo::SCHEME) {
                self.anomalies.add(Anomaly::InvalidPseudoHeader);
            }
            Pseudo(Pseudo::METHOD.0 | Pseudo::AUTHORITY.0)
        } else {
            if self.has_protocol() && !is_connect {
                self.anomalies.add(Anomaly::InvalidPseudoHeader);
            }
            Pseudo(Pseudo::METHOD.0 | Pseudo::SCHEME.0 | Pseudo::PATH.0)
        };
        if self.seen.0 & required.0 != required.0 {
            self.anomalies.add(Anomaly::MissingPseudoHeader);
        }
    }
}
