//! A message begins: what its head says, and how its body will end.

use super::calls::messages_of;
use super::fields::Upgrade;
use super::framing::{request_body, response_body};
use super::head::{Head, Kind, Start};
use super::pairing::{Answer, Pending};
use super::switch::Target;
use super::{Anomalies, Anomaly, Body, Current, Feed, Http1, State};
use crate::pipeline::output::{Auth, Method, Protocol, Request, Response};
use crate::pipeline::protocol::head_value::{
    method_of, note_case, reuse, reuse_path, reuse_type, stronger, text_of,
};
use crate::pipeline::protocol::target;

impl Http1 {
    pub(super) fn begin_request(&mut self, head: &Head<'_>, feed: &mut Feed<'_>) {
        let Start::Request { method, target } = head.start else { return };
        if matches!(self.responses.state, State::Lost(_)) {
            // Without pipelining a request follows the response to the one before,
            // which must then have been among what was missed.
            self.pairing.give_up(0, Some(Anomaly::Gap), feed.exchanges);
        }
        let mut anomalies = head.fields.anomalies;
        let method = method_of(method);
        let is_connect = method == Method::Connect;
        let target = target::parse(target, is_connect, &mut anomalies);
        let fields = &head.fields;
        let host = fields.host.map(|host| target::host_of(host, &mut anomalies));
        let auth =
            if target.has_secret_key { stronger(fields.auth, Auth::ApiKey) } else { fields.auth };
        let mut body = request_body(head, &mut anomalies);
        note_oddities(head, &method, &target, host, body.as_ref(), &mut anomalies);
        if is_connect {
            // RFC 9110 section 9.3.6: what follows the head is the tunnel's.
            body = Some(Body::Length { left: 0, total: 0 });
        }
        let host = target.authority.or(host).map(|host| reuse(&mut self.texts.host, host));
        let content_type =
            fields.content_type.map(|value| reuse_type(&mut self.texts.request_type, value));
        let request = Request {
            method,
            path: reuse_path(&mut self.texts.path, target.path),
            query_keys: target.query_keys,
            host,
            header_bytes: head.bytes as u32,
            body_bytes: 0,
            content_type,
            complete: false,
        };
        let may_switch = is_connect || fields.upgrade.is_some();
        let began = self.requests.began;
        let pending = Box::new(Pending {
            anomalies,
            may_switch,
            ..Pending::new(protocol_of(head.minor), request, auth, began)
        });
        self.pairing.push(pending, feed.limits.pending_requests, feed.exchanges);
        match body {
            Some(Body::Length { left: 0, .. }) => self.end_request(0, true, feed),
            Some(body) => self.requests.state = State::Body(body),
            None => {
                self.end_request(0, false, feed);
                self.lose(Kind::Request, feed);
            }
        }
    }

    pub(super) fn begin_response(&mut self, head: &Head<'_>, feed: &mut Feed<'_>) {
        let Start::Response { status } = head.start else { return };
        // RFC 9110 section 15.2: interim responses precede the final one.
        if (100..200).contains(&status) && status != 101 {
            return;
        }
        let began = self.responses.began;
        let mut anomalies = head.fields.anomalies;
        let body = response_body(head, status, self.pairing.awaited_method(), &mut anomalies);
        let target = self.target_of(head, status);
        let content_type =
            head.fields.content_type.map(|value| reuse_type(&mut self.texts.response_type, value));
        self.current = Some(Current {
            answer: Answer {
                messages: messages_of(content_type.as_deref()),
                grpc_status: head.fields.grpc_status,
                protocol: protocol_of(head.minor),
                response: Response {
                    status: Some(status),
                    body_bytes: 0,
                    content_type,
                    complete: false,
                },
                began,
                ended: feed.time,
                anomalies,
            },
            target,
        });
        if target.is_none() {
            self.release(feed);
        }
        match body {
            Some(Body::Length { left: 0, .. }) => self.end_response(0, true, feed),
            Some(body) => self.responses.state = State::Body(body),
            None => {
                self.end_response(0, false, feed);
                self.lose(Kind::Response, feed);
            }
        }
    }
}

impl Http1 {
    /// What a response switches to; none where HTTP goes on.
    fn target_of(&self, head: &Head<'_>, status: u16) -> Option<Target> {
        match status {
            101 => {
                // RFC 9110 section 7.8: the response names the protocol.
                let to = head.fields.upgrade.unwrap_or(Upgrade::Other);
                Some(Target::Upgrade { to, deflate: head.fields.deflate })
            }
            200..300 if self.pairing.awaited_method() == Some(&Method::Connect) => {
                Some(Target::Tunnel)
            }
            _ => None,
        }
    }
}

fn note_oddities(
    head: &Head<'_>,
    method: &Method,
    target: &target::Target<'_>,
    host: Option<&[u8]>,
    body: Option<&Body>,
    anomalies: &mut Anomalies,
) {
    if head.minor == 1 && host.is_none() {
        anomalies.add(Anomaly::MissingHost);
    }
    if let (Some(authority), Some(host)) = (target.authority, host)
        && !authority.eq_ignore_ascii_case(host)
    {
        anomalies.add(Anomaly::HostMismatch);
    }
    note_case(method, anomalies);
    let has_body = !matches!(body, Some(Body::Length { total: 0, .. }));
    if has_body
        && matches!(
            method,
            Method::Get | Method::Head | Method::Delete | Method::Trace | Method::Connect
        )
    {
        anomalies.add(Anomaly::UnexpectedBody);
    }
}

/// What can be said of a request whose head cannot be used.
pub(super) fn refused_request(bytes: &[u8], anomaly: Anomaly) -> Request {
    let line = bytes.split(|&byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let mut words = line.split(|&byte| byte == b' ');
    let method = words.next().filter(|_| anomaly != Anomaly::InvalidHead).unwrap_or_default();
    let target = words.next().filter(|_| anomaly != Anomaly::InvalidHead).unwrap_or_default();
    let target = target::parse(target, false, &mut Anomalies::default());
    Request {
        method: method_of(method),
        path: text_of(target.path).into(),
        query_keys: target.query_keys,
        host: None,
        header_bytes: u32::try_from(line.len()).unwrap_or(u32::MAX),
        body_bytes: 0,
        content_type: None,
        complete: false,
    }
}

const fn protocol_of(minor: u8) -> Protocol {
    if minor == 0 { Protocol::Http10 } else { Protocol::Http11 }
}
