//! Exchanges that go on for long: server-sent events, long polls, slow transfers.

use super::{Http1, State};
use crate::pipeline::output::Progress;
use crate::pipeline::protocol::{ProtocolExchange, due};
use crate::pipeline::time::Timestamp;

impl Http1 {
    /// Whether a request has not ended or waits for its response.
    pub(in crate::pipeline::protocol) fn is_waiting(&self) -> bool {
        self.pairing.oldest().is_some()
    }

    /// Says the exchange that is being answered, where it has gone on for long.
    pub(in crate::pipeline::protocol) fn say_open(
        &mut self,
        now: Timestamp,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        let body_bytes = |state| if let State::Body(body) = state { body.bytes() } else { 0 };
        let sent = body_bytes(self.requests.state);
        let received = body_bytes(self.responses.state);
        let Some(pending) = self.pairing.oldest_mut() else { return };
        let Some(progress) = due(pending.began, pending.said, now) else { return };
        pending.said = Some(now);
        let answer = self.current.as_ref().map(|current| (&current.answer, received));
        exchanges.push(pending.so_far(progress, sent, answer));
    }
}

/// Whether it was said that an exchange is open.
pub(super) const fn progress_at_end(said: Option<Timestamp>) -> Progress {
    match said {
        None => Progress::Ended,
        Some(_) => Progress::Closed,
    }
}
