//! Doors to the parsers for fuzz targets, and what must hold behind them.

use super::hpack::{self, Block};
use super::http1::Http1;
use super::http2::Http2;
use super::script::{self, Step};
use super::tls::Tls;
use super::{Delivery, Feed, ProtocolExchange, Session, Way, proxy};
use crate::pipeline::settings::Limits;
use crate::pipeline::time::Timestamp;

/// Bytes that a connection may hold, whatever comes: 64 KiB each way, and what is between.
const MOST_HELD: usize = 256 * 1024;
const NOW: Timestamp = Timestamp(1);

/// An upgrade to WebSocket with compression.
const UPGRADE: [(Way, &[u8]); 2] = [
    (
        Way::ToServer,
        b"GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ),
    (
        Way::ToClient,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    ),
];

/// A connection of any protocol.
pub(crate) fn session(bytes: &[u8]) {
    however_it_is_cut(bytes, &[], |midstream| {
        let mut session = Session::new(midstream);
        move |step, exchanges: &mut Vec<_>| {
            session.feed(&Limits::default(), step.0, step.1, NOW, exchanges);
            session.buffered()
        }
    });
}

/// A connection of which WebSocket is spoken after an upgrade.
pub(crate) fn websocket(bytes: &[u8]) {
    however_it_is_cut(bytes, &UPGRADE, |_| {
        let mut session = Session::new(false);
        move |step, exchanges: &mut Vec<_>| {
            session.feed(&Limits::default(), step.0, step.1, NOW, exchanges);
            session.buffered()
        }
    });
}

/// A connection of HTTP/1.
pub(crate) fn http1(bytes: &[u8]) {
    however_it_is_cut(bytes, &[], |midstream| {
        let mut http = Http1::new(midstream);
        let mut has_switched = false;
        move |step, exchanges: &mut Vec<_>| {
            if !has_switched {
                let feed = &mut Feed { limits: &Limits::default(), time: NOW, exchanges };
                http.feed(step.0, step.1, feed);
                has_switched = http.take_switch().is_some();
            }
            http.buffered()
        }
    });
}

/// A connection of HTTP/2.
pub(crate) fn http2(bytes: &[u8]) {
    however_it_is_cut(bytes, &[], |midstream| {
        let mut http = Box::new(Http2::new(midstream));
        move |step, exchanges: &mut Vec<_>| {
            let feed = &mut Feed { limits: &Limits::default(), time: NOW, exchanges };
            http.feed(step.0, step.1, feed);
            http.buffered()
        }
    });
}

/// A TLS handshake: however it is cut, the same is told.
pub(crate) fn tls(bytes: &[u8]) {
    let (midstream, steps) = script::read(bytes);
    let told = |steps: Vec<Step<'_>>| {
        let mut tls = Tls::new(midstream);
        let mut told = Vec::new();
        for (way, delivery) in steps.into_iter().chain(ENDS) {
            tls.feed(&Limits::default(), way, delivery, NOW);
            told.extend(tls.take_handshake());
            assert!(tls.buffered() <= MOST_HELD, "{} bytes are held", tls.buffered());
        }
        told
    };
    assert_eq!(told(steps.clone()), told(bytewise(&steps)), "the cuts show");
}

/// Field blocks of HTTP/2, each with a byte of length before it.
pub(crate) fn hpack(bytes: &[u8]) {
    let Some((&first, mut rest)) = bytes.split_first() else { return };
    let mut decoder = hpack::Decoder::new(first & 1 == 1);
    decoder.allow_table(u32::from(first >> 1) * 1024);
    while let Some((&length, after)) = rest.split_first() {
        let (block, end) = after.split_at(usize::from(length).min(after.len()));
        rest = end;
        let mut given = 0usize;
        let list_bytes = Limits::default().header_list_bytes;
        let ended = decoder.decode(block, list_bytes, &mut |field| {
            for text in [field.name, field.value] {
                if let hpack::Text::Known(bytes) = text {
                    given += bytes.len();
                }
            }
        });
        assert!(given <= list_bytes as usize, "{given} bytes were given");
        assert!(decoder.held() <= MOST_HELD / 2, "{} bytes are held", decoder.held());
        if ended == Block::Invalid {
            decoder.distrust();
        }
    }
}

/// The header of a proxy.
pub(crate) fn proxy(bytes: &[u8]) {
    if let proxy::Proxy::Header(length, _) = proxy::parse(bytes) {
        assert!(length <= bytes.len());
    }
}

const ENDS: [Step<'static>; 2] = [(Way::ToServer, Delivery::End), (Way::ToClient, Delivery::End)];

/// Drives a parser with a script whole and byte by byte; what it says is the same, and
/// what it holds is bounded. The parser answers how much it holds.
fn however_it_is_cut<F>(bytes: &[u8], before: &[(Way, &[u8])], parser: impl Fn(bool) -> F)
where
    F: FnMut(Step<'_>, &mut Vec<ProtocolExchange>) -> usize,
{
    let (midstream, steps) = script::read(bytes);
    let drive = |steps: Vec<Step<'_>>| {
        let mut feed = parser(midstream);
        let mut exchanges = Vec::new();
        let before = before.iter().map(|(way, bytes)| (*way, Delivery::Bytes(bytes)));
        for step in before.chain(steps).chain(ENDS) {
            let held = feed(step, &mut exchanges);
            assert!(held <= MOST_HELD, "{held} bytes are held");
        }
        exchanges
    };
    assert_eq!(drive(steps.clone()), drive(bytewise(&steps)), "the cuts show");
}

fn bytewise<'a>(steps: &[Step<'a>]) -> Vec<Step<'a>> {
    let mut parts = Vec::new();
    for (way, delivery) in steps {
        match delivery {
            Delivery::Bytes(bytes) => {
                parts.extend(bytes.chunks(1).map(|byte| (*way, Delivery::Bytes(byte))));
            }
            other => parts.push((*way, *other)),
        }
    }
    parts
}

/// Recorded conversations as scripts: lines of hexadecimal digits, `>` for the client.
#[cfg(test)]
pub(crate) fn recorded(text: &str) -> Vec<u8> {
    let mut parts: Vec<(Way, Vec<u8>)> = Vec::new();
    for line in text.lines() {
        let (mark, digits) = line.split_at(line.len().min(2));
        match mark {
            "> " => parts.push((Way::ToServer, Vec::new())),
            "< " => parts.push((Way::ToClient, Vec::new())),
            "  " => {}
            _ => continue,
        }
        let digits = digits.trim().as_bytes().chunks(2);
        let bytes =
            digits.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        if let Some((_, part)) = parts.last_mut() {
            part.extend(bytes);
        }
    }
    let steps: Vec<Step<'_>> =
        parts.iter().map(|(way, bytes)| (*way, Delivery::Bytes(bytes))).collect();
    script::write(false, &steps)
}
