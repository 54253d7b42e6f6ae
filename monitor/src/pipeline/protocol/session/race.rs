//! The middle of a connection: a body of HTTP/1 that a head may follow, or frames of HTTP/2.
//!
//! Both are looked for until one is found for sure. Bytes are handed on one by one, so that
//! it does not matter where they were cut which of the two is first.

use crate::pipeline::protocol::http1::Http1;
use crate::pipeline::protocol::http2::Http2;
use crate::pipeline::protocol::{Delivery, Feed, ProtocolExchange, Way};

/// Bytes without a head or a frame after which a connection is taken for something else.
const SEARCHED_BYTES: u32 = 256 * 1024;

/// A connection that may speak either.
#[derive(Debug)]
pub(super) struct Race {
    http1: Box<Http1>,
    http2: Box<Http2>,
    said: [Vec<ProtocolExchange>; 2],
    searched: u32,
}

/// What was found.
pub(super) enum Found {
    /// Nothing for sure.
    Nothing,
    /// HTTP/1, and what it said so far.
    Http1(Box<Http1>, Vec<ProtocolExchange>),
    /// HTTP/2, and what it said so far.
    Http2(Box<Http2>, Vec<ProtocolExchange>),
    /// None of these, after so many bytes.
    Neither,
}

impl Race {
    pub(super) fn new() -> Self {
        Self {
            http1: Box::new(Http1::new(true)),
            http2: Box::new(Http2::new(true)),
            said: [Vec::new(), Vec::new()],
            searched: 0,
        }
    }

    /// Takes bytes until something is found; how many that were.
    pub(super) fn take(&mut self, way: Way, bytes: &[u8], feed: &Feed<'_>) -> (usize, Found) {
        for (at, byte) in bytes.iter().enumerate() {
            self.feed(way, Delivery::Bytes(std::slice::from_ref(byte)), feed);
            let found = self.found();
            if !matches!(found, Found::Nothing) {
                return (at + 1, found);
            }
        }
        (bytes.len(), Found::Nothing)
    }

    /// Hands on what is no bytes.
    pub(super) fn feed(&mut self, way: Way, delivery: Delivery<'_>, feed: &Feed<'_>) {
        let [http1, http2] = &mut self.said;
        let Feed { limits, time, .. } = *feed;
        self.http1.feed(way, delivery, &mut Feed { limits, time, exchanges: http1 });
        self.http2.feed(way, delivery, &mut Feed { limits, time, exchanges: http2 });
    }

    /// Bytes held in buffers.
    pub(super) fn buffered(&self) -> usize {
        self.http1.buffered() + self.http2.buffered()
    }

    fn found(&mut self) -> Found {
        self.searched += 1;
        if self.http1.is_certain {
            let http = std::mem::replace(&mut self.http1, Box::new(Http1::new(true)));
            return Found::Http1(http, std::mem::take(&mut self.said[0]));
        }
        if self.http2.is_certain() {
            let http = std::mem::replace(&mut self.http2, Box::new(Http2::new(true)));
            return Found::Http2(http, std::mem::take(&mut self.said[1]));
        }
        if self.searched > SEARCHED_BYTES { Found::Neither } else { Found::Nothing }
    }
}
