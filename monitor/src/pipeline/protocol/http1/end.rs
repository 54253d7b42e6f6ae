//! A message ends, and with the last one the way.

use super::head::Kind;
use super::{Anomalies, Body, Current, Feed, Http1, Side, State};

impl Http1 {
    /// No more bytes come.
    pub(super) fn end(&mut self, kind: Kind, feed: &mut Feed<'_>) {
        if let State::Body(body) = self.side(kind).state {
            let whole = matches!(body, Body::UntilClose(_));
            self.end_message(kind, body.bytes(), whole, feed);
        }
        if kind == Kind::Request {
            self.release_at_end(feed);
        }
        *self.side(kind) =
            Side { state: State::Opaque, buffer: Vec::new(), looked_at: 0, began: feed.time };
        if kind == Kind::Response {
            if let Some(request) = self.pairing.last_mut() {
                request.ended.get_or_insert(feed.time);
            }
            self.pairing.say_finished(feed.exchanges);
            self.pairing.give_up(0, None, feed.exchanges);
        }
    }

    pub(super) fn end_message(
        &mut self,
        kind: Kind,
        bytes: u64,
        complete: bool,
        feed: &mut Feed<'_>,
    ) {
        if complete {
            self.end_messages(kind);
        }
        match kind {
            Kind::Request => self.end_request(bytes, complete, feed),
            Kind::Response => self.end_response(bytes, complete, feed),
        }
    }

    pub(super) fn end_request(&mut self, body_bytes: u64, complete: bool, feed: &mut Feed<'_>) {
        self.requests.state = State::Head;
        if let Some(pending) = self.pairing.last_mut() {
            pending.request.body_bytes = body_bytes;
            pending.request.complete = complete;
            pending.ended = Some(feed.time);
            // Without its responses nothing tells when to go on.
            if pending.may_switch && !self.responses.is_lost() {
                self.requests.state = State::Held;
            }
        }
        self.pairing.say_finished(feed.exchanges);
        self.release(feed);
    }

    pub(super) fn end_response(&mut self, body_bytes: u64, complete: bool, feed: &mut Feed<'_>) {
        self.responses.state = State::Head;
        let Some(Current { mut answer, target }) = self.current.take() else { return };
        answer.response.body_bytes = body_bytes;
        answer.response.complete = complete;
        answer.ended = feed.time;
        match target {
            Some(target) => self.switch(target, answer, feed),
            None => self.pairing.answer(answer, feed.exchanges),
        }
    }

    pub(super) fn note(&mut self, kind: Kind, anomalies: Anomalies) {
        let noted = match kind {
            Kind::Request => self.pairing.last_mut().map(|pending| &mut pending.anomalies),
            Kind::Response => self.current.as_mut().map(|current| &mut current.answer.anomalies),
        };
        if let Some(noted) = noted {
            noted.add_all(anomalies);
        }
    }
}
