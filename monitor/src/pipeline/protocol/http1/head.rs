//! Heads of messages (RFC 9112 sections 2 to 5). Those without an oddity are read in one
//! pass, httparse reads the other regular ones; what it refuses is read leniently, line by
//! line, so that irregular traffic is named instead of lost.

use std::mem::MaybeUninit;

use super::fields::Fields;
use crate::pipeline::protocol::anomaly::{Anomalies, Anomaly};

/// Heads without an oddity.
mod plain;

/// Fields that are tried first; more only where a head has more.
const FEW_FIELDS: usize = 32;
/// Fields looked at in any head.
const MOST_FIELDS: usize = 256;

/// First line of a head.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start<'a> {
    /// Of a request.
    Request {
        /// Method, as sent.
        method: &'a [u8],
        /// Target, as sent.
        target: &'a [u8],
    },
    /// Of a response.
    Response {
        /// Status code.
        status: u16,
    },
}

/// A head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) start: Start<'a>,
    /// Minor version of HTTP/1.
    pub(super) minor: u8,
    pub(super) fields: Fields<'a>,
    /// Bytes of the head, its empty line included.
    pub(super) bytes: usize,
}

/// Which messages a direction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Requests.
    Request,
    /// Responses.
    Response,
}

/// What the bytes at the start of a message are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parsed<'a> {
    /// A head.
    Head(Head<'a>),
    /// The start of one.
    NeedMore,
    /// None; so many bytes up to where it ends or must have ended, and why.
    Invalid(usize, Anomaly),
}

/// Reads the head at the start of `bytes`, looking at no more than `most` fields.
#[inline]
pub(super) fn parse(kind: Kind, bytes: &[u8], most: usize) -> Parsed<'_> {
    match plain::parse(kind, bytes) {
        Some(head) => Parsed::Head(head),
        None => parse_any(kind, bytes, most),
    }
}

#[inline(never)]
fn parse_any(kind: Kind, bytes: &[u8], most: usize) -> Parsed<'_> {
    let mut few = [const { MaybeUninit::uninit() }; FEW_FIELDS];
    match regular(kind, bytes, &mut few) {
        Ok(Some(head)) => Parsed::Head(head),
        Ok(None) => Parsed::NeedMore,
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = [const { MaybeUninit::uninit() }; MOST_FIELDS];
            let most = most.clamp(FEW_FIELDS, MOST_FIELDS);
            match regular(kind, bytes, many.get_mut(..most).unwrap_or_default()) {
                Ok(Some(head)) => Parsed::Head(head),
                Ok(None) => Parsed::NeedMore,
                Err(_) => lenient(kind, bytes, most),
            }
        }
        Err(_) => lenient(kind, bytes, most.clamp(FEW_FIELDS, MOST_FIELDS)),
    }
}

/// Where the head at the start of `bytes` ends; `from` is where to go on looking, as
/// an earlier call with fewer bytes left it.
pub(super) fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.saturating_sub(3);
    while let Some(found) = bytes.get(at..)?.iter().position(|&byte| byte == b'\n') {
        let line_end = at + found + 1;
        match bytes.get(line_end..) {
            Some([b'\n', ..]) => return Some(line_end + 1),
            Some([b'\r', b'\n', ..]) => return Some(line_end + 2),
            _ => at = line_end,
        }
    }
    None
}

fn regular<'a, 'h>(
    kind: Kind,
    bytes: &'a [u8],
    room: &'h mut [MaybeUninit<httparse::Header<'a>>],
) -> Result<Option<Head<'a>>, httparse::Error> {
    let (status, start, minor, headers): (_, _, _, &[httparse::Header<'a>]) = match kind {
        Kind::Request => {
            let mut request = httparse::Request::new(&mut []);
            let status = request.parse_with_uninit_headers(bytes, room)?;
            let start = Start::Request {
                method: request.method.unwrap_or_default().as_bytes(),
                target: request.path.unwrap_or_default().as_bytes(),
            };
            (status, start, request.version, request.headers)
        }
        Kind::Response => {
            let mut response = httparse::Response::new(&mut []);
            let status = httparse::ParserConfig::default().parse_response_with_uninit_headers(
                &mut response,
                bytes,
                room,
            )?;
            let start = Start::Response { status: response.code.unwrap_or_default() };
            (status, start, response.version, response.headers)
        }
    };
    let httparse::Status::Complete(length) = status else { return Ok(None) };
    let mut fields = Fields::default();
    for header in headers {
        fields.take(header.name.as_bytes(), header.value);
    }
    if has_bare_end(bytes.get(..length).unwrap_or_default(), start, headers) {
        fields.anomalies.add(Anomaly::BareLineFeed);
    }
    Ok(Some(Head { start, minor: minor.unwrap_or(1), fields, bytes: length }))
}

/// Whether a line of a regular head ends without a carriage return. httparse has found the
/// lines, so only their ends are looked at: a head is mostly what is between them.
fn has_bare_end(head: &[u8], start: Start<'_>, headers: &[httparse::Header<'_>]) -> bool {
    let first = match start {
        Start::Request { target, .. } => target,
        Start::Response { .. } => head.get(..1).unwrap_or_default(),
    };
    let values = headers.iter().map(|header| header.value);
    !head.ends_with(b"\r\n")
        || std::iter::once(first).chain(values).any(|text| ends_bare(head, text))
}

/// Whether the line that `text` is the last part of, or the first one, ends so.
fn ends_bare(head: &[u8], text: &[u8]) -> bool {
    let end = text.as_ptr_range().end.addr().checked_sub(head.as_ptr().addr());
    let rest = end.and_then(|end| head.get(end..)).unwrap_or(head);
    if rest.starts_with(b"\r\n") {
        return false;
    }
    let line = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
    !line.ends_with(b"\r")
}

fn has_bare_line_feed(head: &[u8]) -> bool {
    head.split_inclusive(|&byte| byte == b'\n').any(|line| !line.ends_with(b"\r\n"))
}

/// Reads a head that httparse refuses, once it is there as a whole.
fn lenient(kind: Kind, bytes: &[u8], most: usize) -> Parsed<'_> {
    // A first line that is no HTTP ends the attempt at once.
    let Some(line_end) = bytes.iter().position(|&byte| byte == b'\n') else {
        return Parsed::NeedMore;
    };
    let first = trim_line(bytes.get(..line_end).unwrap_or_default());
    let mut anomalies = Anomalies::default();
    let (start, minor) = match first_line(kind, first, &mut anomalies) {
        Ok(found) => found,
        Err(anomaly) => return Parsed::Invalid(line_end + 1, anomaly),
    };
    let Some(length) = end_of_head(bytes, 0) else { return Parsed::NeedMore };
    let head = bytes.get(..length).unwrap_or_default();
    if has_bare_line_feed(head) {
        anomalies.add(Anomaly::BareLineFeed);
    }
    if head.iter().any(|&byte| byte == 0 || (byte < 0x20 && !matches!(byte, b'\t' | b'\r' | b'\n')))
    {
        anomalies.add(Anomaly::ControlCharacter);
    }
    let mut fields = Fields { anomalies, ..Fields::default() };
    let lines = head.get(line_end + 1..).unwrap_or_default().split(|&byte| byte == b'\n');
    for (number, line) in lines.map(trim_line).enumerate() {
        if number >= most {
            fields.anomalies.add(Anomaly::TooManyFields);
            break;
        }
        take_line(&mut fields, line);
    }
    Parsed::Head(Head { start, minor, fields, bytes: length })
}

/// A folded line continues a value, of which only the first line is used: no field
/// that matters is ever folded in earnest.
fn take_line<'a>(fields: &mut Fields<'a>, line: &'a [u8]) {
    if line.is_empty() {
        return;
    }
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        fields.anomalies.add(Anomaly::ObsoleteFold);
        return;
    }
    let Some(colon) = line.iter().position(|&byte| byte == b':') else {
        fields.anomalies.add(Anomaly::InvalidHead);
        return;
    };
    let (name, value) = line.split_at_checked(colon).unwrap_or_default();
    let trimmed = name.trim_ascii_end();
    if trimmed.len() != name.len() {
        fields.anomalies.add(Anomaly::SpaceBeforeColon);
    }
    if trimmed.is_empty() {
        fields.anomalies.add(Anomaly::InvalidHead);
    }
    fields.take(trimmed, value.get(1..).unwrap_or_default().trim_ascii());
}

fn first_line<'a>(
    kind: Kind,
    line: &'a [u8],
    anomalies: &mut Anomalies,
) -> Result<(Start<'a>, u8), Anomaly> {
    match kind {
        Kind::Request => request_line(line, anomalies),
        Kind::Response => response_line(line),
    }
}

/// Method, target and version, by the first and the last space.
fn request_line<'a>(line: &'a [u8], anomalies: &mut Anomalies) -> Result<(Start<'a>, u8), Anomaly> {
    let first = line.iter().position(|&byte| byte == b' ').ok_or(Anomaly::InvalidHead)?;
    let (method, rest) = line.split_at_checked(first).ok_or(Anomaly::InvalidHead)?;
    if method.is_empty() || !method.iter().all(|&byte| byte.is_ascii_graphic()) {
        return Err(Anomaly::InvalidHead);
    }
    let rest = rest.trim_ascii();
    let last = rest.iter().rposition(|&byte| byte == b' ');
    let (target, version) = match last.and_then(|last| rest.split_at_checked(last)) {
        Some((target, version)) => (target.trim_ascii(), version.trim_ascii()),
        None if rest.starts_with(b"/") => return Err(Anomaly::Http09),
        None => return Err(Anomaly::InvalidHead),
    };
    let minor = minor_version(version).ok_or(Anomaly::InvalidHead)?;
    if target.iter().any(|byte| !byte.is_ascii_graphic()) {
        anomalies.add(Anomaly::InvalidHead);
    }
    Ok((Start::Request { method, target }, minor))
}

fn response_line(line: &[u8]) -> Result<(Start<'_>, u8), Anomaly> {
    let invalid = Anomaly::InvalidHead;
    let (version, rest) = line.split_at_checked(8).ok_or(invalid)?;
    let minor = minor_version(version).ok_or(invalid)?;
    match rest.trim_ascii_start() {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..]
            if rest.first().is_none_or(|&byte| byte == b' ') =>
        {
            let digit = |byte: &u8| u16::from(byte - b'0');
            Ok((Start::Response { status: digit(a) * 100 + digit(b) * 10 + digit(c) }, minor))
        }
        _ => Err(invalid),
    }
}

fn minor_version(version: &[u8]) -> Option<u8> {
    match version {
        b"HTTP/1.0" => Some(0),
        b"HTTP/1.1" => Some(1),
        _ => None,
    }
}

fn trim_line(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn irregular_heads_are_read_and_named() {
        let cases: [(&[u8], &[Anomaly]); 8] = [
            (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[]),
            (b"GET / HTTP/1.1\nHost: a\n\n", &[Anomaly::BareLineFeed]),
            (b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", &[Anomaly::ObsoleteFold]),
            (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", &[Anomaly::SpaceBeforeColon]),
            (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", &[Anomaly::ControlCharacter]),
            (b"GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", &[Anomaly::InvalidHead]),
            (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", &[Anomaly::InvalidHead]),
            (
                b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                &[Anomaly::ConflictingContentLength],
            ),
        ];
        for (bytes, expected) in cases {
            match parse(Kind::Request, bytes, 64) {
                Parsed::Head(head) => {
                    assert_eq!(head.bytes, bytes.len());
                    assert_eq!(
                        head.fields.anomalies.to_vec(),
                        expected,
                        "{}",
                        bytes.escape_ascii()
                    );
                    assert_eq!(head.fields.host, Some(b"a".as_slice()));
                }
                other => panic!("{other:?} of {}", bytes.escape_ascii()),
            }
            for length in 0..bytes.len() {
                let parsed = parse(Kind::Request, &bytes[..length], 64);
                assert!(matches!(parsed, Parsed::NeedMore), "{length} of {}", bytes.escape_ascii());
            }
        }
    }

    /// Whichever lines end without a carriage return, of heads with and without values.
    #[test]
    fn every_bare_line_end_is_noticed() {
        let heads: [(Kind, &[&str]); 3] = [
            (Kind::Request, &["GET /a HTTP/1.1", "Host: a", "Empty:", "Spaces: b  ", ""]),
            (Kind::Response, &["HTTP/1.1 200 OK", "Empty: ", "Server: a", ""]),
            (Kind::Response, &["HTTP/1.1 204", ""]),
        ];
        for (kind, lines) in heads {
            for bare in 0..1_u32 << lines.len() {
                let end = |at| if bare >> at & 1 == 1 { "\n" } else { "\r\n" };
                let head: String =
                    lines.iter().enumerate().flat_map(|(at, line)| [line, end(at)]).collect();
                let Parsed::Head(parsed) = parse(kind, head.as_bytes(), 64) else {
                    panic!("{head:?} is a head");
                };
                let has = parsed.fields.anomalies.to_vec().contains(&Anomaly::BareLineFeed);
                assert_eq!(has, bare > 0, "{head:?}");
                assert_eq!(has, has_bare_line_feed(head.as_bytes()), "{head:?}");
            }
        }
    }

    #[test]
    fn what_is_no_head_is_told_with_its_first_line() {
        let cases: [(Kind, &[u8], Anomaly); 4] = [
            (Kind::Request, b"GET /old\r\n", Anomaly::Http09),
            (Kind::Request, b"\0\x01 /x HTTP/1.1\n", Anomaly::InvalidHead),
            (Kind::Request, b"GET / HTTP/3.0\r\n", Anomaly::InvalidHead),
            (Kind::Response, b"HTTP/1.1 20 OK\r\n", Anomaly::InvalidHead),
        ];
        for (kind, bytes, expected) in cases {
            match parse(kind, bytes, 64) {
                Parsed::Invalid(length, anomaly) => {
                    assert_eq!((length, anomaly), (bytes.len(), expected));
                }
                other => panic!("{other:?} of {}", bytes.escape_ascii()),
            }
        }
    }

    #[test]
    fn too_many_fields_are_named() {
        let mut bytes = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
        for _ in 0..300 {
            bytes.extend_from_slice(b"x: y\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        let Parsed::Head(head) = parse(Kind::Request, &bytes, 128) else { panic!("a head") };
        assert_eq!(head.fields.anomalies.to_vec(), [Anomaly::TooManyFields]);
        assert_eq!(head.bytes, bytes.len());
    }
}
