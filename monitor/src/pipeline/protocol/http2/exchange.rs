//! What the messages of a stream add to its exchange.

use std::time::Duration;

use super::super::Way;
use super::super::anomaly::Anomaly;
use super::super::grpc::{Flavor, Messages, flavor_of};
use super::Feed;
use super::block::OpenBlock;
use super::head::Head;
use super::stream::{Calls, Stream};
use crate::pipeline::output::{Method, Response};
use crate::pipeline::time::Timestamp;

impl Stream {
    pub(super) fn begin_request(&mut self, block: &mut OpenBlock) {
        let head = &mut block.head;
        self.up.expect(head.length);
        self.has_unknown = head.has_unknown;
        self.auth = head.auth;
        self.began = block.began;
        let request = head.request(block.bytes);
        self.flavor = request.content_type.as_deref().and_then(flavor_of);
        // Calls are POST.
        let may_be_call = self.has_unknown
            && request.content_type.is_none()
            && matches!(request.method, Method::Post | Method::Unknown);
        if self.flavor.is_some() || may_be_call {
            self.count_messages(Messages::new(self.flavor.unwrap_or(Flavor::Grpc)));
        }
        self.request = Some(request);
        self.anomalies.add_all(head.anomalies);
        self.up.missed |= head.is_damaged;
    }

    fn count_messages(&mut self, up: Messages) {
        let down = Messages::new(self.flavor.unwrap_or(Flavor::Grpc));
        self.calls = Some(Box::new(Calls { up, down, status: None }));
    }

    pub(super) fn begin_response(&mut self, block: &mut OpenBlock) {
        let head = &mut block.head;
        let was_begun = self.response.is_some();
        if head.has_unknown {
            head.anomalies.add(Anomaly::UnknownHeader);
        } else if !head.has_status() && !self.down.exposed {
            head.anomalies.add(Anomaly::MissingPseudoHeader);
        }
        // Trailers end the stream (RFC 9113 section 8.1): what does not, and may have a
        // status, is the head.
        if head.has_status() || (head.has_unknown && !block.ends_stream) {
            self.down.exposed = false;
        } else if self.down.exposed {
            self.miss(Way::ToClient);
        }
        self.down.missed |= head.is_damaged;
        self.learn_flavor(head);
        if let (Some(status), Some(calls)) = (head.grpc_status, &mut self.calls) {
            calls.status = Some(status);
        }
        self.anomalies.add_all(head.anomalies);
        let is_head = self.request.as_ref().is_none_or(|request| {
            matches!(request.method, Method::Head | Method::Connect | Method::Unknown)
        });
        // RFC 9110 section 8.6: then it is the length of what would have been sent.
        if !is_head && !matches!(head.status, Some(204 | 304)) {
            self.down.expect(head.length);
        }
        if !was_begun {
            self.response_began = block.began;
        }
        self.response = Some(Response {
            status: head.status,
            body_bytes: 0,
            content_type: head.content_type.take(),
            complete: false,
        });
    }

    /// The content type of a response tells what the one of its request does not.
    fn learn_flavor(&mut self, head: &Head) {
        if self.flavor.is_some() || (self.request.is_some() && !self.has_unknown) {
            return;
        }
        let is_told = self.request.as_ref().is_some_and(|it| it.content_type.is_some());
        let flavor = head.content_type.as_deref().and_then(flavor_of).filter(|_| !is_told);
        match (flavor, &mut self.calls) {
            (Some(flavor), Some(calls)) => {
                calls.down = Messages::new(flavor);
                if flavor == Flavor::WebText {
                    calls.up = Messages::missed();
                }
            }
            (Some(flavor), None) => {
                self.flavor = Some(flavor);
                self.count_messages(Messages::missed());
            }
            (None, _) if head.content_type.is_some() => self.calls = None,
            // Its trailers may tell.
            (None, None) if self.request.is_none() && head.has_unknown => {
                self.count_messages(Messages::missed());
            }
            (None, _) => {}
        }
        self.flavor = flavor;
    }

    /// A response of which the head was missed, or not sent.
    pub(super) fn begin_without_head(&mut self, began: Timestamp) {
        if self.down.exposed {
            self.miss(Way::ToClient);
        } else {
            self.anomalies.add(Anomaly::DataBeforeHeaders);
        }
        if let Some(calls) = &mut self.calls {
            calls.down = Messages::missed();
        }
        self.response_began = began;
        self.response =
            Some(Response { status: None, body_bytes: 0, content_type: None, complete: false });
    }

    pub(super) fn take_trailers(&mut self, way: Way, block: &OpenBlock) {
        let head = &block.head;
        self.anomalies.add_all(head.anomalies);
        self.half(way).missed |= head.is_damaged;
        if head.has_unknown {
            self.anomalies.add(Anomaly::UnknownHeader);
        }
        if head.has_pseudo() {
            self.anomalies.add(Anomaly::MisplacedPseudoHeader);
        }
        let Some(status) = head.grpc_status.filter(|_| way == Way::ToClient) else { return };
        let is_known = self.request.as_ref().is_some_and(|_| !self.has_unknown);
        if self.flavor.is_none() && !is_known {
            // Only gRPC has a status in its trailers.
            self.flavor = Some(Flavor::Grpc);
            if self.calls.is_none() {
                self.count_messages(Messages::missed());
            }
        }
        if let Some(calls) = &mut self.calls {
            calls.status = Some(status);
        }
    }

    pub(super) fn count_data(&mut self, way: Way, bytes: u64) {
        if let Some(total) = self.body_bytes(way) {
            *total = total.saturating_add(bytes);
        }
    }

    /// The last frame of a message came.
    pub(super) fn end(&mut self, way: Way, feed: &Feed<'_>) {
        let half = *self.half(way);
        self.half(way).ended = true;
        if way == Way::ToServer {
            self.request_ended = feed.time;
        }
        let bytes = self.body_bytes(way).map_or(0, |bytes| *bytes);
        if half.expected != u64::MAX && half.expected != bytes && !half.missed && !half.exposed {
            self.anomalies.add(Anomaly::ContentLengthMismatch);
        }
        if self.flavor.is_some()
            && !half.missed
            && let Some(calls) = &mut self.calls
        {
            calls.of(way).end(&mut self.anomalies);
        }
    }

    /// From the first byte of the request to the last of the response.
    pub(super) fn duration(&self) -> Duration {
        self.touched.since(self.began)
    }
}
