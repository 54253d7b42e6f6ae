//! Bytes that were missed: passed over inside a body, else the next head is looked for.

use super::head::{self, Kind};
use super::search::{self, Found};
use super::{Anomalies, Anomaly, Body, Feed, Http1, Side, State};
use crate::pipeline::settings::Limits;

/// Bytes without a head after which a way is taken for something else.
const SEARCHED_BYTES: u64 = 256 * 1024;

impl Http1 {
    /// Passes over bytes of a body that were not seen, or ends a body that they go
    /// beyond; false where they belong to no body.
    pub(super) fn skip(&mut self, kind: Kind, bytes: u64, feed: &mut Feed<'_>) -> bool {
        let State::Body(mut body) = self.side(kind).state else { return false };
        let skipped = match &mut body {
            Body::Length { left, .. } if bytes <= *left => {
                *left -= bytes;
                true
            }
            Body::Length { .. } => false,
            Body::Chunked(chunked) => chunked.skip(bytes),
            Body::UntilClose(total) => {
                *total = total.saturating_add(bytes);
                true
            }
        };
        if skipped {
            self.skip_messages(kind, bytes);
            let ended = matches!(body, Body::Length { left: 0, .. });
            self.store(kind, body, ended, feed);
            return true;
        }
        let mut anomalies = Anomalies::default();
        anomalies.add(Anomaly::Gap);
        self.note(kind, anomalies);
        self.end_message(kind, body.bytes(), false, feed);
        self.lose(kind, feed);
        true
    }

    /// Bytes outside of a body were missed: a head was among them.
    pub(super) fn miss(&mut self, kind: Kind, feed: &mut Feed<'_>) {
        if self.is_opaque(kind) {
            return;
        }
        if kind == Kind::Response && self.pairing.awaited().is_some_and(|it| it.ended.is_some()) {
            // The response, or a part of it, was among what was missed.
            self.pairing.give_up(0, Some(Anomaly::Gap), feed.exchanges);
        }
        self.lose(kind, feed);
    }

    pub(super) fn is_opaque(&mut self, kind: Kind) -> bool {
        matches!(self.side(kind).state, State::Opaque)
    }

    /// It is not known where the next head begins.
    pub(super) fn lose(&mut self, kind: Kind, feed: &mut Feed<'_>) {
        let side = self.side(kind);
        side.state = State::Lost(0);
        side.buffer = Vec::new();
        side.looked_at = 0;
        match kind {
            Kind::Request => self.pairing.miss_requests(),
            Kind::Response => self.release(feed),
        }
    }

    /// Bytes before the next head; none where there is none and the last line was kept.
    pub(super) fn search(&mut self, kind: Kind, searched: u64, bytes: &[u8]) -> Option<usize> {
        let side = self.side(kind);
        match search::next_head(kind, bytes, side.looked_at) {
            Found::Head(start) => {
                side.state = State::Head;
                Some(start)
            }
            Found::Nothing(line_start) => {
                let searched = searched + (bytes.len() - side.looked_at) as u64;
                if searched > SEARCHED_BYTES {
                    side.state = State::Opaque;
                    return None;
                }
                let line = bytes.get(line_start..).unwrap_or_default();
                let line = line.get(line.len().saturating_sub(search::LINE_BYTES)..);
                side.buffer = line.unwrap_or_default().to_vec();
                side.looked_at = side.buffer.len();
                side.state = State::Lost(searched);
                None
            }
        }
    }
}

impl Side {
    /// Adds to what is kept; whether there is now reason to look at it again. Looking
    /// only then keeps the work linear when bytes come one by one.
    pub(super) fn append(&mut self, bytes: &[u8], limits: &Limits) -> bool {
        let had_line = self.buffer.contains(&b'\n');
        let before = self.looked_at;
        self.buffer.extend_from_slice(bytes);
        let has_line_end = bytes.contains(&b'\n');
        let look = match &mut self.state {
            State::Lost(searched) if !has_line_end => {
                *searched += bytes.len() as u64;
                if self.buffer.len() > 2 * search::LINE_BYTES {
                    self.buffer.drain(..self.buffer.len() - search::LINE_BYTES);
                }
                *searched > SEARCHED_BYTES
            }
            State::Lost(_) => true,
            _ => {
                (has_line_end && (!had_line || head::end_of_head(&self.buffer, before).is_some()))
                    || self.buffer.len() > limits.head_bytes as usize
            }
        };
        if !look {
            self.looked_at = self.buffer.len();
        }
        look
    }
}
