//! What the fields of a head say about framing, and the few that records show.

use crate::pipeline::output::Auth;
use crate::pipeline::protocol::anomaly::{Anomalies, Anomaly};
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

/// What the fields say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) length: Length,
    pub(super) transfer: Transfer,
    pub(super) host: Option<&'a [u8]>,
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) auth: Auth,
    pub(super) anomalies: Anomalies,
}

impl<'a> Fields<'a> {
    /// Takes the next field. Sorted by the length of the name, since nearly every
    /// field is none of these.
    pub(super) fn take(&mut self, name: &[u8], value: &'a [u8]) {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.take_host(value),
            6 if name.eq_ignore_ascii_case(b"cookie") => self.raise_auth(Auth::Cookie),
            12 if name.eq_ignore_ascii_case(b"content-type") => self.content_type = Some(value),
            13 if name.eq_ignore_ascii_case(b"authorization") => self.auth = scheme(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                self.length.take(value, &mut self.anomalies);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.take_transfer(value),
            19 if name.eq_ignore_ascii_case(b"proxy-authorization") => {
                let scheme = scheme(value);
                self.raise_auth(scheme);
            }
            6..=20 if is_key_name(name) => self.raise_auth(Auth::ApiKey),
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
