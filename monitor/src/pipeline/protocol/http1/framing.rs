//! How the body of a message ends (RFC 9112 section 6.3).

use super::Body;
use super::chunked::Chunked;
use super::fields::{Fields, Length, Transfer};
use super::head::Head;
use crate::pipeline::output::Method;
use crate::pipeline::protocol::anomaly::{Anomalies, Anomaly};

/// How a request's body ends; none where that is not known.
pub(super) fn request_body(head: &Head<'_>, anomalies: &mut Anomalies) -> Option<Body> {
    match delimiter(head, anomalies) {
        Delimiter::Chunked => Some(Body::Chunked(Chunked::new())),
        Delimiter::Length(length) => Some(Body::Length { left: length, total: length }),
        Delimiter::None => Some(Body::Length { left: 0, total: 0 }),
        Delimiter::UntilClose => {
            anomalies.add(Anomaly::InvalidTransferEncoding);
            None
        }
        Delimiter::Unknown => None,
    }
}

/// How a response's body ends; none where that is not known.
pub(super) fn response_body(
    head: &Head<'_>,
    status: u16,
    method: Option<&Method>,
    anomalies: &mut Anomalies,
) -> Option<Body> {
    let bodiless = status < 200
        || matches!(status, 204 | 304)
        || method == Some(&Method::Head)
        || (method == Some(&Method::Connect) && status < 300);
    if bodiless {
        return Some(Body::Length { left: 0, total: 0 });
    }
    match delimiter(head, anomalies) {
        Delimiter::Chunked => Some(Body::Chunked(Chunked::new())),
        Delimiter::Length(length) => Some(Body::Length { left: length, total: length }),
        Delimiter::None | Delimiter::UntilClose => Some(Body::UntilClose(0)),
        Delimiter::Unknown => None,
    }
}

enum Delimiter {
    Chunked,
    Length(u64),
    None,
    UntilClose,
    Unknown,
}

fn delimiter(head: &Head<'_>, anomalies: &mut Anomalies) -> Delimiter {
    let Fields { length, transfer, .. } = head.fields;
    if transfer != Transfer::Absent {
        if length != Length::Absent {
            anomalies.add(Anomaly::ContentLengthWithTransferEncoding);
        }
        if head.minor == 0 {
            anomalies.add(Anomaly::TransferEncodingInHttp10);
        }
    }
    match (transfer, length) {
        (Transfer::Chunked, _) => Delimiter::Chunked,
        (Transfer::Other, _) => Delimiter::UntilClose,
        (Transfer::Absent, Length::Is(length)) => Delimiter::Length(length),
        (Transfer::Absent, Length::Absent) => Delimiter::None,
        (Transfer::Absent, Length::Unframeable) => Delimiter::Unknown,
    }
}
