//! Requests with their responses, first in, first out (RFC 9112 section 9.3).

use std::collections::VecDeque;
use std::time::Duration;

use super::calls::{call, messages_of};
use super::open::progress_at_end;
use crate::pipeline::output::{Auth, Method, Progress, Protocol, Request, Response};
use crate::pipeline::protocol::ProtocolExchange;
use crate::pipeline::protocol::anomaly::{Anomalies, Anomaly};
use crate::pipeline::protocol::grpc::Messages;
use crate::pipeline::time::Timestamp;

/// A request that waits for its response.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) protocol: Protocol,
    pub(super) request: Request,
    pub(super) auth: Auth,
    pub(super) anomalies: Anomalies,
    pub(super) began: Timestamp,
    /// When its last byte came; none while bytes are to come.
    pub(super) ended: Option<Timestamp>,
    /// Its response, where that ended before the request did.
    response: Option<Answer>,
    /// Counts the messages of its body, where that is gRPC-Web.
    pub(super) messages: Option<Box<Messages>>,
    /// Its response may switch to another protocol.
    pub(super) may_switch: bool,
    /// When it was said last that it goes on.
    pub(super) said: Option<Timestamp>,
}

impl Pending {
    pub(super) fn new(protocol: Protocol, request: Request, auth: Auth, began: Timestamp) -> Self {
        let anomalies = Anomalies::default();
        let messages = messages_of(request.content_type.as_deref());
        Self {
            protocol,
            request,
            auth,
            anomalies,
            began,
            ended: None,
            response: None,
            messages,
            may_switch: false,
            said: None,
        }
    }

    /// The exchange as far as it got: `sent` bytes of the body of a request that has not
    /// ended, and what of the response there is, with the bytes of its body.
    pub(super) fn so_far(
        &self,
        progress: Progress,
        sent: u64,
        current: Option<(&Answer, u64)>,
    ) -> ProtocolExchange {
        let mut anomalies = self.anomalies;
        let mut request = self.request.clone();
        if self.ended.is_none() {
            request.body_bytes = sent;
        }
        let answer = self.response.as_ref().map(|answer| (answer, answer.response.body_bytes));
        let answer = answer.or(current);
        let ttfb = answer.zip(self.ended).map(|((it, _), ended)| it.began.since(ended));
        let response = answer.map(|(answer, body_bytes)| {
            anomalies.add_all(answer.anomalies);
            Response { body_bytes, ..answer.response.clone() }
        });
        let (protocol, grpc) = call(self, self.response.as_ref().or(current.map(|(it, _)| it)));
        ProtocolExchange {
            protocol,
            stream: None,
            progress,
            request: Some(request),
            response,
            began: self.began,
            duration: None,
            ttfb,
            auth: self.auth,
            grpc,
            websocket: None,
            anomalies: anomalies.to_vec(),
        }
    }
}

/// A response that is complete, or as complete as it gets.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) protocol: Protocol,
    pub(super) response: Response,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) anomalies: Anomalies,
    /// Counts the messages of its body, where that is gRPC-Web.
    pub(super) messages: Option<Box<Messages>>,
    /// `grpc-status` of its head.
    pub(super) grpc_status: Option<u32>,
}

/// Requests in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    pending: VecDeque<Pending>,
    /// How many at the front have their response already and wait for their own end.
    answered: usize,
}

impl Pairing {
    /// Adds a request; beyond `most` the oldest is said without a response.
    pub(super) fn push(
        &mut self,
        pending: Pending,
        most: u16,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        while self.pending.len() >= usize::from(most.max(1)) {
            self.give_up_oldest(Anomaly::PendingOverflow, exchanges);
        }
        self.pending.push_back(pending);
    }

    /// The request that is being received.
    pub(super) fn last_mut(&mut self) -> Option<&mut Pending> {
        self.pending.back_mut()
    }

    /// The request that was sent first of those that are kept.
    pub(super) fn oldest(&self) -> Option<&Pending> {
        self.pending.front()
    }

    /// The same, to change it.
    pub(super) fn oldest_mut(&mut self) -> Option<&mut Pending> {
        self.pending.front_mut()
    }

    /// How many requests have no whole response.
    pub(super) fn waiting(&self) -> usize {
        self.pending.len() - self.answered.min(self.pending.len())
    }

    /// Takes the request that the next response answers.
    pub(super) fn take_awaited(&mut self) -> Option<Pending> {
        self.pending.remove(self.answered)
    }

    /// The exchange that a response ends, which is then not said.
    pub(super) fn take_answered(&mut self, answer: Answer) -> ProtocolExchange {
        match self.take_awaited() {
            Some(pending) => answered(pending, answer),
            None => unasked(answer),
        }
    }

    /// The request that the next response answers.
    pub(super) fn awaited(&self) -> Option<&Pending> {
        self.pending.get(self.answered)
    }

    /// A response answers the oldest request without one.
    pub(super) fn answer(&mut self, answer: Answer, exchanges: &mut Vec<ProtocolExchange>) {
        match self.pending.get_mut(self.answered) {
            Some(pending) => {
                pending.response = Some(answer);
                self.answered += 1;
                self.say_finished(exchanges);
            }
            None => exchanges.push(unasked(answer)),
        }
    }

    /// Says what has both its end and its response, in order.
    pub(super) fn say_finished(&mut self, exchanges: &mut Vec<ProtocolExchange>) {
        while self.answered > 0
            && let Some(pending) = self.pending.pop_front_if(|front| front.ended.is_some())
        {
            self.answered -= 1;
            exchanges.push(exchange_of(pending));
        }
    }

    /// Says all requests before the last `kept` without waiting longer.
    pub(super) fn give_up(
        &mut self,
        kept: usize,
        why: Option<Anomaly>,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        while self.pending.len() > kept
            && let Some(mut pending) = self.pending.pop_front()
        {
            self.answered = self.answered.saturating_sub(1);
            if let Some(why) = why {
                pending.anomalies.add(why);
            }
            exchanges.push(exchange_of(pending));
        }
    }

    /// Says the oldest request without waiting longer.
    pub(super) fn give_up_oldest(&mut self, why: Anomaly, exchanges: &mut Vec<ProtocolExchange>) {
        let kept = self.pending.len().saturating_sub(1);
        self.give_up(kept, Some(why), exchanges);
    }

    /// Method of the request that the next response answers.
    pub(super) fn awaited_method(&self) -> Option<&Method> {
        self.awaited().map(|pending| &pending.request.method)
    }
}

/// A request and the response that ends it.
pub(super) fn answered(pending: Pending, answer: Answer) -> ProtocolExchange {
    exchange_of(Pending { response: Some(answer), ..pending })
}

fn exchange_of(pending: Pending) -> ProtocolExchange {
    let (protocol, grpc) = call(&pending, pending.response.as_ref());
    let Pending { request, auth, mut anomalies, began, ended, response, said, .. } = pending;
    if let Some(answer) = &response {
        anomalies.add_all(answer.anomalies);
    }
    // A response may begin before the request ends; then there was nothing to wait for.
    let ttfb = response.as_ref().zip(ended).map(|(answer, ended)| answer.began.since(ended));
    let duration =
        response.as_ref().map(|answer| answer.ended.max(ended.unwrap_or_default()).since(began));
    ProtocolExchange {
        protocol,
        stream: None,
        progress: progress_at_end(said),
        request: Some(request),
        response: response.map(|answer| answer.response),
        began,
        duration,
        ttfb,
        auth,
        grpc,
        websocket: None,
        anomalies: anomalies.to_vec(),
    }
}

/// An exchange of which only the response was seen.
pub(super) fn unasked(answer: Answer) -> ProtocolExchange {
    let Answer { protocol, response, began, mut anomalies, .. } = answer;
    anomalies.add(Anomaly::ResponseWithoutRequest);
    ProtocolExchange {
        protocol,
        stream: None,
        progress: Progress::Ended,
        request: None,
        response: Some(response),
        began,
        duration: None::<Duration>,
        ttfb: None,
        auth: Auth::None,
        grpc: None,
        websocket: None,
        anomalies: anomalies.to_vec(),
    }
}
