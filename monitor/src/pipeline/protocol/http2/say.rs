//! From a stream to its exchange.

use std::time::Duration;

use super::super::ProtocolExchange;
use super::super::anomaly::Anomaly;
use super::super::grpc::{Flavor, call_of};
use super::Feed;
use super::Http2;
use super::stream::{Calls, Stream};
use crate::pipeline::output::{Grpc, Method, PerDirection, Progress, Protocol, Request};
use crate::pipeline::time::Timestamp;

/// An exchange that goes on for longer is said while it does.
const OPEN_AFTER: Duration = Duration::from_secs(5);
/// And again each time that this has passed.
const AGAIN_AFTER: Duration = Duration::from_mins(1);

impl Http2 {
    /// Says exchanges that have been going on for long. One whose end was probably missed
    /// is said to have ended, since nobody will say so later.
    pub(in crate::pipeline::protocol) fn say_open(
        &mut self,
        now: Timestamp,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        let mut from = 0;
        while let Some(id) = self.streams.next(from) {
            from = id.saturating_add(1);
            let Some(stream) = self.streams.get_mut(id) else { continue };
            let is_cut = stream.down.missed || stream.down.exposed;
            if is_cut && now.since(stream.touched) >= AGAIN_AFTER {
                if let Some(stream) = self.streams.remove(id) {
                    self.streams.let_go(id);
                    exchanges.push(self.exchange_of(id, *stream, Stage::Ended));
                }
                continue;
            }
            let was_said = stream.said_open != Timestamp::default();
            let (since, wait) =
                if was_said { (stream.said_open, AGAIN_AFTER) } else { (stream.began, OPEN_AFTER) };
            if now.since(since) >= wait {
                let copy = stream.clone();
                stream.said_open = now;
                exchanges.push(self.exchange_of(id, copy, Stage::Open));
            }
        }
    }

    /// Says a stream that was let go of.
    pub(super) fn say(&mut self, id: u32, stream: Stream, feed: &mut Feed<'_>) {
        if stream.request.is_none() {
            // It may turn up yet, where it is not clear where frames begin.
            self.streams.let_go(id);
            self.streams.unasked = self.streams.unasked.max(id);
        }
        let exchange = self.exchange_of(id, stream, Stage::Ended);
        feed.exchanges.push(exchange);
    }

    /// Says every stream as it is.
    pub(super) fn give_up_all(&mut self, feed: &mut Feed<'_>) {
        while let Some(id) = self.streams.next(0)
            && let Some(stream) = self.streams.remove(id)
        {
            self.say(id, *stream, feed);
        }
    }

    fn exchange_of(&mut self, id: u32, mut stream: Stream, stage: Stage) -> ProtocolExchange {
        if stage == Stage::Ended {
            stream.close();
            stream.anomalies.add_all(std::mem::take(&mut self.loose));
        }
        let was_said = stream.said_open != Timestamp::default();
        let progress = match (stage, was_said) {
            (Stage::Ended, false) => Progress::Ended,
            (Stage::Ended, true) => Progress::Closed,
            (Stage::Open, false) => Progress::Open,
            (Stage::Open, true) => Progress::StillOpen,
        };
        let (ttfb, duration) = stream.times(stage);
        if let Some(request) = &mut stream.request {
            request.complete = stream.up.ended && !stream.up.missed;
        }
        if let Some(response) = &mut stream.response {
            response.complete = stream.down.ended && !stream.down.missed;
        }
        let (protocol, grpc) = stream.protocol();
        ProtocolExchange {
            protocol,
            stream: Some(id),
            progress,
            request: stream.request,
            response: stream.response,
            began: stream.began,
            duration,
            ttfb,
            auth: stream.auth,
            grpc,
            websocket: None,
            anomalies: stream.anomalies.to_vec(),
        }
    }
}

/// Whether more of an exchange may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Ended,
}

impl Stream {
    /// Names what only its end shows.
    fn close(&mut self) {
        if self.down.exposed && !self.down.ended {
            self.anomalies.add(Anomaly::Gap);
        }
        if let Some(Request { method, body_bytes: 1.., .. }) = &self.request
            && matches!(method, Method::Get | Method::Head | Method::Delete | Method::Trace)
        {
            self.anomalies.add(Anomaly::UnexpectedBody);
        }
        let is_whole = self.down.ended && !self.down.missed && !self.has_unknown;
        if self.flavor == Some(Flavor::Grpc)
            && is_whole
            && self.calls.as_ref().is_some_and(|calls| calls.status.is_none())
            && self.response.as_ref().is_some_and(|response| response.status == Some(200))
            && !self.anomalies.contains(Anomaly::UnknownHeader)
        {
            self.anomalies.add(Anomaly::MissingGrpcStatus);
        }
    }

    /// Time to the first byte of the response, and to its last where that came.
    fn times(&self, stage: Stage) -> (Option<Duration>, Option<Duration>) {
        if self.request.is_none() || self.response.is_none() {
            return (None, None);
        }
        let ttfb = self.up.ended.then(|| self.response_began.since(self.request_ended));
        let is_over = stage == Stage::Ended
            && (self.down.ended || self.anomalies.contains(Anomaly::StreamReset));
        (ttfb, is_over.then(|| self.duration()))
    }

    /// The protocol, and what gRPC adds.
    fn protocol(&mut self) -> (Protocol, Option<Box<Grpc>>) {
        let protocol = match self.flavor {
            None => return (Protocol::Http2, None),
            Some(Flavor::Grpc) => Protocol::Grpc,
            Some(Flavor::Web | Flavor::WebText) => Protocol::GrpcWeb,
        };
        let call = self.request.as_ref().and_then(|request| call_of(&request.path));
        let mut grpc = Grpc {
            service: call.map(|(service, _)| service.into()),
            method: call.map(|(_, method)| method.into()),
            status: None,
            messages: PerDirection::default(),
            message_bytes: PerDirection::default(),
        };
        if let Some(calls) = self.calls.take() {
            let Calls { up, down, status } = *calls;
            grpc.status = status.or(down.status);
            grpc.messages = PerDirection { to_server: up.count, to_client: down.count };
            grpc.message_bytes = PerDirection { to_server: up.bytes, to_client: down.bytes };
        }
        (protocol, Some(Box::new(grpc)))
    }
}
