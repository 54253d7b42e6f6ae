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
    pub(super) response: Option<Box<Answer>>,
    /// Counts the messages of its body, where that is gRPC-Web.
    pub(super) messages: Option<Box<Messages>>,
    /// Its response may switch to another protocol.
    pub(super) may_switch: bool,
    /// When it was said last that it goes on.
    pub(super) said: Option<Timestamp>,
}

impl Pending {
    /// Inlined, so that it is built where it is to be.
    #[inline]
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

    /// Memory that it takes, from its request: what comes later is bounded.
    fn weight(&self) -> usize {
        let keys = self.request.query_keys.iter().map(|key| key.len() + size_of::<Box<str>>());
        size_of::<Self>() + self.request.path.len() + keys.sum::<usize>()
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
        let answer = self.response.as_deref().map(|answer| (answer, answer.response.body_bytes));
        let answer = answer.or(current);
        let ttfb = answer.zip(self.ended).map(|((it, _), ended)| it.began.since(ended));
        let response = answer.map(|(answer, body_bytes)| {
            anomalies.add_all(answer.anomalies);
            Response { body_bytes, ..answer.response.clone() }
        });
        let (protocol, grpc) = call(self, self.response.as_deref().or(current.map(|(it, _)| it)));
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

/// Most bytes of memory that the requests of a connection take that wait.
const WAITING_BYTES: usize = 48 * 1024;

/// Requests in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// Each in a place of its own, so that room for many takes little.
    pending: VecDeque<Box<Pending>>,
    /// Memory of these.
    held: usize,
    /// Requests before these that were given up, and whose responses are to come.
    overflowed: u32,
    /// How many at the front have their response already and wait for their own end.
    answered: usize,
    /// The client sends requests before it has the responses to those before.
    has_pipelined: bool,
    /// Requests were missed: a response may be theirs.
    alignment: Alignment,
}

/// Whether the next response is known to answer the oldest request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Alignment {
    /// It does.
    #[default]
    Sure,
    /// Requests were missed, and nothing was answered since.
    Missed,
    /// Requests were missed, and what was answered since may not have been the answered one.
    Unsure,
}

impl Pairing {
    /// Adds a request; beyond `most` the oldest is said without a response.
    pub(super) fn push(
        &mut self,
        pending: Box<Pending>,
        most: u16,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        let weight = pending.weight();
        while self.pending.len() >= usize::from(most.max(1))
            || (self.held + weight > WAITING_BYTES && !self.pending.is_empty())
        {
            self.overflow(exchanges);
        }
        self.align();
        self.held += weight;
        self.pending.push_back(pending);
        if self.has_pipelined && self.alignment != Alignment::Sure {
            for pending in &mut self.pending {
                pending.anomalies.add(Anomaly::Gap);
            }
        }
    }

    /// Gives up the oldest request; its response, when it comes, is that of no request.
    fn overflow(&mut self, exchanges: &mut Vec<ProtocolExchange>) {
        let overflowed = self.overflowed + u32::from(self.answered == 0);
        self.give_up_oldest(Anomaly::PendingOverflow, exchanges);
        self.overflowed = overflowed;
    }

    /// Memory of the requests that wait.
    pub(super) fn held(&self) -> usize {
        self.held + self.pending.capacity() * size_of::<Box<Pending>>()
    }

    /// Requests were missed. Who waits for each response cannot have one of them open when
    /// the next request comes; who pipelines may.
    pub(super) fn miss_requests(&mut self) {
        self.alignment = Alignment::Missed;
    }

    /// Before a request comes: with none open and some answered, nothing is left of what
    /// was missed.
    fn align(&mut self) {
        self.has_pipelined |= self.waiting() > 0;
        if self.pending.is_empty() && self.alignment == Alignment::Unsure {
            self.alignment = Alignment::Sure;
        }
    }

    /// The request that is being received.
    pub(super) fn last_mut(&mut self) -> Option<&mut Pending> {
        self.pending.back_mut().map(|pending| &mut **pending)
    }

    /// The request that was sent first of those that are kept.
    pub(super) fn oldest(&self) -> Option<&Pending> {
        self.pending.front().map(|pending| &**pending)
    }

    /// The same, to change it.
    pub(super) fn oldest_mut(&mut self) -> Option<&mut Pending> {
        self.pending.front_mut().map(|pending| &mut **pending)
    }

    /// How many requests have no whole response.
    pub(super) fn waiting(&self) -> usize {
        self.pending.len() - self.answered.min(self.pending.len())
    }

    /// Takes the request that the next response answers.
    pub(super) fn take_awaited(&mut self) -> Option<Box<Pending>> {
        if self.overflowed > 0 {
            self.overflowed -= 1;
            return None;
        }
        let pending = self.pending.remove(self.answered)?;
        self.held = self.held.saturating_sub(pending.weight());
        Some(pending)
    }

    /// The exchange that a response ends, which is then not said.
    pub(super) fn take_answered(&mut self, answer: Answer) -> ProtocolExchange {
        match self.take_awaited() {
            Some(pending) => exchange_of(pending, Some(answer)),
            None => unasked(answer),
        }
    }

    /// The request that the next response answers.
    pub(super) fn awaited(&self) -> Option<&Pending> {
        if self.overflowed > 0 {
            return None;
        }
        self.pending.get(self.answered).map(|pending| &**pending)
    }

    /// A response answers the oldest request without one.
    pub(super) fn answer(&mut self, answer: Answer, exchanges: &mut Vec<ProtocolExchange>) {
        if self.alignment == Alignment::Missed {
            self.alignment = Alignment::Unsure;
        }
        if self.overflowed > 0 {
            self.overflowed -= 1;
            return exchanges.push(unasked(answer));
        }
        if self.answered == 0
            && let Some(pending) = self.pending.pop_front_if(|front| front.ended.is_some())
        {
            self.held = self.held.saturating_sub(pending.weight());
            return exchanges.push(exchange_of(pending, Some(answer)));
        }
        match self.pending.get_mut(self.answered) {
            Some(pending) => {
                pending.response = Some(Box::new(answer));
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
            self.held = self.held.saturating_sub(pending.weight());
            exchanges.push(ended(pending));
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
            self.held = self.held.saturating_sub(pending.weight());
            if let Some(why) = why {
                pending.anomalies.add(why);
            }
            exchanges.push(ended(pending));
        }
        if kept == 0 {
            self.overflowed = 0;
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

/// A request that ended, with its response where that has ended too.
fn ended(mut pending: Box<Pending>) -> ProtocolExchange {
    let response = pending.response.take();
    exchange_of(pending, response.map(|answer| *answer))
}

/// A request and the response that ends it. Inlined, so that the exchange is built where it
/// is to be.
#[inline]
fn exchange_of(pending: Box<Pending>, response: Option<Answer>) -> ProtocolExchange {
    let (protocol, grpc) = call(&pending, response.as_ref());
    let Pending { request, auth, mut anomalies, began, ended, said, .. } = *pending;
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
