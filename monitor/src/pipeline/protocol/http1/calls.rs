//! gRPC-Web over HTTP/1: the messages in the bodies, and the status that ends a call.

use super::head::Kind;
use super::pairing::{Answer, Pending};
use super::{Anomalies, Http1};
use crate::pipeline::output::{Grpc, PerDirection, Protocol};
use crate::pipeline::protocol::grpc::{Flavor, Messages, call_of, flavor_of};

impl Http1 {
    /// Counts the messages in bytes of a body, where it has any.
    pub(super) fn count_messages(&mut self, kind: Kind, bytes: &[u8]) {
        let Some(messages) = self.messages(kind) else { return };
        let mut anomalies = Anomalies::default();
        messages.take(bytes, &mut anomalies);
        self.note(kind, anomalies);
    }

    /// Bytes of a body were not seen.
    pub(super) fn skip_messages(&mut self, kind: Kind, bytes: u64) {
        if let Some(messages) = self.messages(kind) {
            messages.skip(bytes);
        }
    }

    /// A body that counts messages ended whole.
    pub(super) fn end_messages(&mut self, kind: Kind) {
        let Some(messages) = self.messages(kind) else { return };
        let mut anomalies = Anomalies::default();
        messages.end(&mut anomalies);
        self.note(kind, anomalies);
    }

    /// What counts the messages of the body at hand.
    pub(super) fn messages(&mut self, kind: Kind) -> Option<&mut Messages> {
        match kind {
            Kind::Request => self.pairing.last_mut()?.messages.as_deref_mut(),
            Kind::Response => self.current.as_mut()?.answer.messages.as_deref_mut(),
        }
    }
}

/// What counts the messages of a body of this type, where it is gRPC-Web: gRPC itself needs
/// HTTP/2.
pub(super) fn messages_of(content_type: Option<&str>) -> Option<Box<Messages>> {
    let flavor = flavor_of(content_type?).filter(|flavor| *flavor != Flavor::Grpc)?;
    Some(Box::new(Messages::new(flavor)))
}

/// The protocol of an exchange, and what gRPC-Web adds to it.
pub(super) fn call(pending: &Pending, answer: Option<&Answer>) -> (Protocol, Option<Box<Grpc>>) {
    let up = pending.messages.as_deref();
    let down = answer.and_then(|answer| answer.messages.as_deref());
    if up.is_none() && down.is_none() {
        return (pending.protocol, None);
    }
    let called = call_of(&pending.request.path);
    let count = |messages: Option<&Messages>| messages.map_or((0, 0), |it| (it.count, it.bytes));
    let ((sent, sent_bytes), (received, received_bytes)) = (count(up), count(down));
    let status = answer.and_then(|answer| answer.grpc_status);
    let grpc = Grpc {
        service: called.map(|(service, _)| service.into()),
        method: called.map(|(_, method)| method.into()),
        status: status.or_else(|| down.and_then(|messages| messages.status)),
        messages: PerDirection { to_server: sent, to_client: received },
        message_bytes: PerDirection { to_server: sent_bytes, to_client: received_bytes },
    };
    (Protocol::GrpcWeb, Some(Box::new(grpc)))
}
