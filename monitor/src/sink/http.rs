//! The HTTP server of `/metrics`: a thread of its own with a small runtime, bounded
//! in connections, time and memory whatever its clients do.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{sleep, timeout};

/// What each path answers.
mod route;

/// Connections at a time; more are closed as they come.
pub const MAX_CONNECTIONS: u32 = 32;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
struct Timeouts {
    /// Until the whole request head has come.
    head: Duration,
    /// Until the connection ends, wherever it stands: it serves one request.
    connection: Duration,
}

const TIMEOUTS: Timeouts =
    Timeouts { head: Duration::from_secs(5), connection: Duration::from_secs(10) };

/// Bytes of a request head; larger ones are answered with 431.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// How long an ending server waits for answers under way.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Pause after a failed accept, which is most often a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

type Source = Arc<dyn Fn() -> String + Send + Sync>;

/// What a connection is served with.
#[derive(Clone)]
struct Service {
    timeouts: Timeouts,
    source: Source,
}

/// No socket could be opened for the server.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve metrics on {address}: {source}; {}", remedy(source))]
pub struct BindError {
    /// The address that was wanted.
    pub address: SocketAddr,
    /// Why it was refused.
    pub source: io::Error,
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there: stop it, or set another address as metrics.listen"
        }
        io::ErrorKind::AddrNotAvailable => {
            "this host has no such address: set one of its own as metrics.listen"
        }
        io::ErrorKind::PermissionDenied => {
            "set a port above 1023 as metrics.listen, or grant CAP_NET_BIND_SERVICE"
        }
        _ => "set another address as metrics.listen",
    }
}

/// A socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// For an address and port.
    Tcp(TcpListener),
    /// For a path.
    Unix(UnixListener),
}

impl Listener {
    /// The port; 0 where it has none.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Tcp(listener) => listener.local_addr().map_or(0, |address| address.port()),
            Self::Unix(_) => 0,
        }
    }
}

/// Opens the socket of the server for an address.
///
/// # Errors
///
/// [`BindError`], which names the address and what to do.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).map_err(|source| BindError { address, source })
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct MetricsServer {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MetricsServer {
    /// Stops: no more connections are taken, answers under way are given at most a
    /// second. Returns when every socket is closed.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        // The receiver is gone only if the thread has ended already.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already reported by its hook.
            let _ended = thread.join();
        }
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Serves `/metrics` with the text that `source` renders for each request, and
/// `/healthz`.
///
/// # Errors
///
/// The listener cannot be made non-blocking, or there is no room for the runtime or
/// its thread.
pub fn serve<F>(listener: Listener, source: F) -> io::Result<MetricsServer>
where
    F: Fn() -> String + Send + Sync + 'static,
{
    serve_within(TIMEOUTS, listener, Arc::new(source))
}

fn serve_within(
    timeouts: Timeouts,
    listener: Listener,
    source: Source,
) -> io::Result<MetricsServer> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let listener = {
        let _context = runtime.enter();
        Accepting::new(listener)?
    };
    let (stop, stopped) = oneshot::channel();
    let thread = thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(move || run(&runtime, listener, &Service { timeouts, source }, stopped))?;
    Ok(MetricsServer { stop: Some(stop), thread: Some(thread) })
}

/// A socket that listens, within the runtime.
enum Accepting {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

/// A connection of either kind.
type Stream = Box<dyn ReadWrite>;

trait ReadWrite: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ReadWrite for T {}

impl Accepting {
    fn new(listener: Listener) -> io::Result<Self> {
        match listener {
            Listener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                tokio::net::TcpListener::from_std(listener).map(Self::Tcp)
            }
            Listener::Unix(listener) => {
                listener.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(listener).map(Self::Unix)
            }
        }
    }

    async fn accept(&self) -> io::Result<Stream> {
        Ok(match self {
            Self::Tcp(listener) => Box::new(listener.accept().await?.0),
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

/// The thread. Dropping the runtime at its end closes every connection that is left.
fn run(
    runtime: &Runtime,
    listener: Accepting,
    service: &Service,
    mut stopped: oneshot::Receiver<()>,
) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
    runtime.block_on(async {
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                accepted = listener.accept() => match accepted {
                    Ok(stream) => admit(stream, &connections, service),
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
            }
        }
        drop(listener);
        // Every permit is back once every connection has ended.
        let _drained = timeout(DRAIN_TIMEOUT, connections.acquire_many(MAX_CONNECTIONS)).await;
    });
}

/// Serves a connection in a task of its own, or closes it where there are too many.
fn admit(stream: Stream, connections: &Arc<Semaphore>, service: &Service) {
    if let Ok(permit) = Arc::clone(connections).try_acquire_owned() {
        tokio::spawn(converse(stream, permit, service.clone()));
    }
}

/// One request and its answer. Each scrape makes a connection of its own: without
/// keep-alive nobody can hold one longer than a scrape takes.
async fn converse(stream: Stream, _permit: OwnedSemaphorePermit, service: Service) {
    let Service { timeouts, source } = service;
    let routes = service_fn(|request| {
        let response = route::answer(&request, &*source);
        async { Ok::<_, std::convert::Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), routes);
    // A client that breaks the connection or the protocol only harms itself.
    let _ended = timeout(timeouts.connection, connection).await;
}

#[cfg(test)]
mod tests;
