//! What each path answers.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};

const PLAIN: &str = "text/plain; charset=utf-8";

/// The answer to a request; its body is never read.
pub(super) fn answer(
    request: &Request<Incoming>,
    source: &(dyn Fn() -> String + Send + Sync),
) -> Response<Full<Bytes>> {
    let known = matches!(request.uri().path(), "/metrics" | "/healthz");
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => {
            response(StatusCode::OK, prometheus::TEXT_FORMAT, source())
        }
        (&Method::GET | &Method::HEAD, "/healthz") => {
            response(StatusCode::OK, PLAIN, "ok\n".to_owned())
        }
        _ if known => not_allowed(),
        _ => response(StatusCode::NOT_FOUND, PLAIN, "not found; try /metrics\n".to_owned()),
    }
}

/// RFC 9110 section 15.5.2: the answer must name the scheme. It is the same whatever was
/// wrong.
pub(super) fn unauthorized() -> Response<Full<Bytes>> {
    let text = "a name and password are needed\n".to_owned();
    let mut response = response(StatusCode::UNAUTHORIZED, PLAIN, text);
    let challenge = HeaderValue::from_static("Basic realm=\"apiwatch\", charset=\"UTF-8\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// Others have passwords verified; whose was right before is not kept waiting.
pub(super) fn busy() -> Response<Full<Bytes>> {
    let text = "too many passwords to verify; try again\n".to_owned();
    let mut response = response(StatusCode::SERVICE_UNAVAILABLE, PLAIN, text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

/// RFC 9110 section 15.5.6: the answer must name the methods that are allowed.
fn not_allowed() -> Response<Full<Bytes>> {
    let text = "only GET and HEAD\n".to_owned();
    let mut response = response(StatusCode::METHOD_NOT_ALLOWED, PLAIN, text);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
