//! WebSocket (RFC 6455), after the response that switched to it.
//!
//! Frames of both ways are counted as they pass; payload is never kept. Bytes that were
//! missed inside of a payload are counted like those that were seen. Where a header may
//! have been among them, that way is given up for good: payload may hold anything, so a
//! later header cannot be told from it. Its counts are then what was counted until then,
//! its message is marked as not complete and the exchange says `gap`.
//!
//! The exchange of the upgrade is said when it switches, again while frames move, and at
//! the end.

use self::half::{Half, Sums};
use super::anomaly::{Anomalies, Anomaly};
use super::{Delivery, OPEN_AGAIN, ProtocolExchange, Way};
use crate::pipeline::output::{Progress, Protocol, WebSocket as Counts};
use crate::pipeline::time::Timestamp;

/// The header of a frame.
mod frame;
/// One way.
mod half;
/// Payload without its mask.
mod text;

/// Who wants the text messages: called with each piece of their payload, in order, and
/// with an empty piece at the end of each message. Once bytes of a message were missed
/// the rest of it is not given. Compressed messages (RFC 7692) are not given at all.
pub(super) type Text<'a, 'b> = Option<&'a mut (dyn FnMut(Way, &[u8]) + 'b)>;

/// A WebSocket.
#[derive(Debug)]
pub(super) struct WebSocket {
    /// The exchange that switched to it.
    exchange: ProtocolExchange,
    counts: Counts,
    anomalies: Anomalies,
    to_server: Half,
    to_client: Half,
    /// When the exchange was said last.
    said: Timestamp,
    /// Something moved since then.
    has_moved: bool,
}

impl WebSocket {
    /// What an exchange switched to; `deflate` where permessage-deflate was agreed on.
    pub(super) fn new(exchange: ProtocolExchange, deflate: bool) -> Self {
        let mut anomalies = Anomalies::default();
        for anomaly in &exchange.anomalies {
            anomalies.add(*anomaly);
        }
        Self {
            exchange: ProtocolExchange {
                protocol: Protocol::WebSocket,
                duration: None,
                ..exchange
            },
            counts: Counts { deflate, ..Counts::default() },
            anomalies,
            to_server: Half::new(),
            to_client: Half::new(),
            said: Timestamp::default(),
            has_moved: false,
        }
    }

    /// Says that the exchange switched.
    pub(super) fn open(&mut self, now: Timestamp, exchanges: &mut Vec<ProtocolExchange>) {
        // It may have waited for its response long enough to have been said before.
        let progress = self.exchange.progress;
        let progress = if progress.is_first() { Progress::Open } else { Progress::StillOpen };
        self.say(progress, now, exchanges);
    }

    /// Takes the next part of one way.
    pub(super) fn feed(
        &mut self,
        way: Way,
        delivery: Delivery<'_>,
        time: Timestamp,
        text: Text<'_, '_>,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        if self.has_ended() {
            return;
        }
        let Self { counts, anomalies, .. } = self;
        let mut sums = Sums { way, counts, anomalies, text };
        let half = match way {
            Way::ToServer => &mut self.to_server,
            Way::ToClient => &mut self.to_client,
        };
        let is_whole = match delivery {
            Delivery::Bytes(bytes) => {
                let was_lost = half.is_lost();
                half.take(bytes, &mut sums);
                was_lost || !half.is_lost()
            }
            // How many follows before any more bytes of this way do.
            Delivery::Gap(0) | Delivery::GapToldBefore(0) => true,
            Delivery::Gap(bytes) | Delivery::GapToldBefore(bytes) => {
                let is_whole = half.skip(bytes, &mut sums);
                if !is_whole {
                    sums.anomalies.add(Anomaly::Gap);
                }
                is_whole
            }
            Delivery::End => half.end(&mut sums),
        };
        if !is_whole {
            self.mark_incomplete(way);
        }
        self.has_moved |= !matches!(delivery, Delivery::End);
        if self.has_ended() {
            self.exchange.duration = Some(time.since(self.exchange.began));
            self.say(Progress::Closed, time, exchanges);
        }
    }

    /// Gives up a way of which it is not known where its frames begin.
    pub(super) fn give_up(&mut self, way: Way) {
        let Self { counts, anomalies, .. } = self;
        let mut sums = Sums { way, counts, anomalies, text: None };
        sums.anomalies.add(Anomaly::Gap);
        match way {
            Way::ToServer => self.to_server.give_up(&mut sums),
            Way::ToClient => self.to_client.give_up(&mut sums),
        }
        self.mark_incomplete(way);
    }

    /// Says that it goes on, where something moved and that was not said for a while.
    pub(super) fn say_open(&mut self, now: Timestamp, exchanges: &mut Vec<ProtocolExchange>) {
        if self.has_moved && !self.has_ended() && now.since(self.said) >= OPEN_AGAIN {
            self.say(Progress::StillOpen, now, exchanges);
        }
    }

    /// Whether nothing comes any more.
    pub(super) const fn has_ended(&self) -> bool {
        self.to_server.has_ended() && self.to_client.has_ended()
    }

    fn mark_incomplete(&mut self, way: Way) {
        match (way, &mut self.exchange) {
            (Way::ToServer, ProtocolExchange { request: Some(request), .. }) => {
                request.complete = false;
            }
            (Way::ToClient, ProtocolExchange { response: Some(response), .. }) => {
                response.complete = false;
            }
            _ => {}
        }
    }

    fn say(&mut self, progress: Progress, now: Timestamp, exchanges: &mut Vec<ProtocolExchange>) {
        self.said = now;
        self.has_moved = false;
        exchanges.push(ProtocolExchange {
            progress,
            websocket: Some(Box::new(self.counts.clone())),
            anomalies: self.anomalies.to_vec(),
            ..self.exchange.clone()
        });
    }
}

#[cfg(test)]
mod tests;
