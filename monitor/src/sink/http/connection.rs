//! One connection: its handshake, its request, its answer.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::authentication::{Authenticator, Verdict};
use super::pace::Pace;
use super::protection::{InForce, Protection};
use super::refusals::{Refusal, Refusals};
use super::route;
use super::tls::Tls;
use super::users::Users;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// Until TLS stands, until the whole request head has come, and until it is the turn of
    /// a password to be verified.
    pub(super) head: Duration,
    /// Until the connection ends, wherever it stands: it serves one request.
    pub(super) connection: Duration,
}

pub(super) const TIMEOUTS: Timeouts =
    Timeouts { head: Duration::from_secs(5), connection: Duration::from_secs(10) };

/// Bytes of a request head; larger ones are answered with 431.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// TLS handshakes that may begin at once, and how long it takes until as many more may. What
/// they cost is bounded with it: a signature takes some milliseconds at most.
const HANDSHAKES: usize = 16;
const HANDSHAKE_REST: Duration = Duration::from_millis(500);

pub(super) type Source = Arc<dyn Fn() -> String + Send + Sync>;

/// What a connection is served with.
#[derive(Clone)]
pub(super) struct Service {
    timeouts: Timeouts,
    source: Source,
    pub(super) protection: InForce,
    handshakes: Pace,
    authenticator: Authenticator,
    pub(super) refusals: Refusals,
}

impl Service {
    pub(super) fn new(timeouts: Timeouts, protection: Protection, source: Source) -> Self {
        Self {
            timeouts,
            source,
            protection: InForce::new(protection),
            handshakes: Pace::new(HANDSHAKES, HANDSHAKE_REST),
            authenticator: Authenticator::new(timeouts.head),
            refusals: Refusals::default(),
        }
    }
}

/// A connection of either kind.
pub(super) type Stream = Box<dyn ReadWrite>;

pub(super) trait ReadWrite: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ReadWrite for T {}

/// One connection, for as long as it may take.
pub(super) async fn converse(stream: Stream, _permit: OwnedSemaphorePermit, service: Service) {
    let Protection { tls, users } = service.protection.current();
    let served = async {
        let Some(stream) = secure(stream, tls, &service).await else {
            return service.refusals.count(Refusal::Handshake);
        };
        respond(stream, users, &service).await;
    };
    let _ended = timeout(service.timeouts.connection, served).await;
}

/// The stream as the protection wants it; none where no TLS came about in time.
async fn secure(stream: Stream, tls: Option<Tls>, service: &Service) -> Option<Stream> {
    let Some(tls) = tls else { return Some(stream) };
    let secured = timeout(service.timeouts.head, tls.accept(stream, &service.handshakes)).await;
    let secured: Stream = Box::new(secured.ok()??);
    Some(secured)
}

/// One request and its answer. Each scrape makes a connection of its own: without
/// keep-alive nobody can hold one longer than a scrape takes.
async fn respond(stream: Stream, users: Option<Arc<Users>>, service: &Service) {
    let routes = service_fn(|request| {
        let users = users.clone();
        async move {
            let verdict = match users {
                Some(users) => service.authenticator.judge(request.headers(), &users).await,
                None => Verdict::Granted,
            };
            Ok::<_, std::convert::Infallible>(match verdict {
                Verdict::Granted => route::answer(&request, &*service.source),
                Verdict::Denied => {
                    service.refusals.count(Refusal::Credentials);
                    route::unauthorized()
                }
                Verdict::Busy => {
                    service.refusals.count(Refusal::Busy);
                    route::busy()
                }
            })
        }
    });
    // A client that breaks the connection or the protocol only harms itself.
    let _ended = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(service.timeouts.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), routes)
        .await;
}
