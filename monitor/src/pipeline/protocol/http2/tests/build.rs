//! Builds frames and field blocks for tests.

/// A frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    let mut bytes = length.to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

pub(super) const END_STREAM: u8 = 0x1;
pub(super) const END_HEADERS: u8 = 0x4;
pub(super) const PADDED: u8 = 0x8;
pub(super) const PRIORITY: u8 = 0x20;

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The preface of a client without settings.
pub(super) fn preface() -> Vec<u8> {
    [PREFACE, &settings(&[])].concat()
}

pub(super) fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (identifier, value) in values {
        payload.extend(identifier.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(4, 0, 0, &payload)
}

pub(super) fn data(stream: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    frame(0, flags, stream, payload)
}

/// HEADERS with a whole block.
pub(super) fn headers(stream: u32, flags: u8, block: &[u8]) -> Vec<u8> {
    frame(1, flags | END_HEADERS, stream, block)
}

pub(super) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(3, 0, stream, &code.to_be_bytes())
}

pub(super) fn go_away(last: u32) -> Vec<u8> {
    frame(7, 0, 0, &[last.to_be_bytes(), [0; 4]].concat())
}

/// A field block of literals that are not inserted.
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        text(&mut bytes, name.as_bytes());
        text(&mut bytes, value.as_bytes());
    }
    bytes
}

/// Field blocks of one encoder: each new field is inserted, and referred to afterwards.
#[derive(Default)]
pub(super) struct Encoder {
    /// The newest last.
    table: Vec<(String, String)>,
}

impl Encoder {
    pub(super) fn block(&mut self, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, value) in fields {
            let known = self.table.iter().rposition(|it| it.0 == *name && it.1 == *value);
            if let Some(place) = known {
                integer(&mut bytes, 0x80, 7, 62 + self.table.len() - 1 - place);
                continue;
            }
            bytes.push(0x40);
            text(&mut bytes, name.as_bytes());
            text(&mut bytes, value.as_bytes());
            self.table.push(((*name).to_owned(), (*value).to_owned()));
            let size = |table: &[(String, String)]| -> usize {
                table.iter().map(|(name, value)| name.len() + value.len() + 32).sum()
            };
            while size(&self.table) > 4096 {
                self.table.remove(0);
            }
        }
        bytes
    }
}

fn text(bytes: &mut Vec<u8>, text: &[u8]) {
    integer(bytes, 0, 7, text.len());
    bytes.extend(text);
}

fn integer(bytes: &mut Vec<u8>, first: u8, prefix_bits: u32, value: usize) {
    let limit = (1 << prefix_bits) - 1;
    if value < limit {
        bytes.push(first | value as u8);
        return;
    }
    bytes.push(first | limit as u8);
    let mut rest = value - limit;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

pub(super) const GET: &[(&str, &str)] =
    &[(":method", "GET"), (":scheme", "http"), (":path", "/a?x=1"), (":authority", "h")];

/// The block of a GET request for a path.
pub(super) fn get(path: &str) -> Vec<u8> {
    block(&[(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "h")])
}

/// The block of a POST request for a path.
pub(super) fn post(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes =
        block(&[(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "h")]);
    bytes.extend(block(more));
    bytes
}

/// The block of a response with a status.
pub(super) fn status(status: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = block(&[(":status", status)]);
    bytes.extend(block(more));
    bytes
}

/// A gRPC message.
pub(super) fn message(bytes: &[u8]) -> Vec<u8> {
    [&[0], (bytes.len() as u32).to_be_bytes().as_slice(), bytes].concat()
}
