//! The next head in bytes whose beginning was missed.
//!
//! Every line is looked at for a first line of a message at its end, so that it does
//! not matter where deliveries are split, nor whether the body before ended in a line.

use super::head::Kind;

/// Bytes of a line that are kept while it is incomplete.
pub(super) const LINE_BYTES: usize = 8 * 1024;

const METHODS: [&[u8]; 9] =
    [b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"CONNECT", b"TRACE"];

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A first line begins here.
    Head(usize),
    /// None; the line that is not complete begins here.
    Nothing(usize),
}

/// Looks for the first line of a message, and before `seen` only for where its line begins.
pub(super) fn next_head(kind: Kind, bytes: &[u8], seen: usize) -> Found {
    let mut line_start = 0;
    let mut from = seen;
    while let Some(found) =
        bytes.get(from..).and_then(|rest| rest.iter().position(|&byte| byte == b'\n'))
    {
        let end = from + found;
        let line = bytes.get(line_start..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let start = match kind {
            Kind::Request => request_start(line),
            Kind::Response => response_start(line),
        };
        if let Some(start) = start {
            return Found::Head(line_start + start);
        }
        line_start = end + 1;
        from = line_start;
    }
    Found::Nothing(line_start)
}

/// Where in a line a request line begins that ends with it.
fn request_start(line: &[u8]) -> Option<usize> {
    let before_version =
        line.strip_suffix(b" HTTP/1.1").or_else(|| line.strip_suffix(b" HTTP/1.0"))?;
    let space = before_version.iter().rposition(|&byte| byte == b' ')?;
    let (before_target, target) = before_version.split_at_checked(space)?;
    if !target.get(1..)?.iter().all(u8::is_ascii_graphic) || target.len() < 2 {
        return None;
    }
    let method = METHODS.iter().find(|method| before_target.ends_with(method))?;
    Some(before_target.len() - method.len())
}

/// Where in a line a status line begins.
fn response_start(line: &[u8]) -> Option<usize> {
    (0..line.len()).find(|&start| {
        matches!(
            line.get(start..),
            Some([b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0' | b'1', b' ',
                  b'1'..=b'9', b'0'..=b'9', b'0'..=b'9', rest @ ..])
                if rest.first().is_none_or(|&byte| byte == b' ')
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_found_wherever_they_begin() {
        let cases: [(Kind, &[u8], Found); 9] = [
            (Kind::Request, b"GET /a HTTP/1.1\r\n", Found::Head(0)),
            (Kind::Request, b"{\"a\":1}POST /a HTTP/1.0\r\n", Found::Head(7)),
            (Kind::Request, b"tail\nGET /a HTTP/1.1\n", Found::Head(5)),
            (Kind::Request, b"GET /a HTTP/1.1", Found::Nothing(0)),
            (Kind::Request, b"a\nb\nGET / HT", Found::Nothing(4)),
            (Kind::Request, b"GET  HTTP/1.1\r\n", Found::Nothing(15)),
            (Kind::Response, b"xxHTTP/1.1 200 OK\r\n", Found::Head(2)),
            (Kind::Response, b"HTTP/1.1 204\r\n", Found::Head(0)),
            (Kind::Response, b"HTTP/1.1 2000 OK\r\n", Found::Nothing(18)),
        ];
        for (kind, bytes, expected) in cases {
            assert_eq!(next_head(kind, bytes, 0), expected, "{}", bytes.escape_ascii());
        }
    }
}
