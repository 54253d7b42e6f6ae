//! The HTTP server of `/metrics`: a thread of its own with a small runtime, bounded
//! in connections, time and memory whatever its clients do.
//!
//! ```text
//! accept ─► handshake (tls, pace) ─► head ─► authentication (credentials, users) ─► route
//! ```

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

/// Whether a request comes from a user.
mod authentication;
/// One connection: its handshake, its request, its answer.
mod connection;
/// A name and password as a client sends them.
mod credentials;
/// A bound on how often something costly is begun.
mod pace;
/// Who may scrape, and how that is kept from others.
mod protection;
/// Counts of those who were not served.
mod refusals;
/// What each path answers.
mod route;
/// A certificate with its key.
mod tls;
/// Those who may scrape.
mod users;

pub use protection::Protection;
pub use refusals::Refusal;
pub use tls::{Tls, TlsFault};
pub use users::{LineFault, Users, UsersFault};

use connection::{Service, Source, Stream, TIMEOUTS, Timeouts, converse};
use protection::InForce;
use refusals::Refusals;

/// Connections at a time; more are closed as they come.
pub const MAX_CONNECTIONS: u32 = 32;

/// How long an ending server waits for answers under way.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Pause after a failed accept, which is most often a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    protection: InForce,
    refusals: Refusals,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MetricsServer {
    /// Protects connections that come from now on by this.
    pub fn protect(&self, protection: Protection) {
        self.protection.replace(protection);
    }

    /// How many were not served so far, by reason.
    pub fn refusals(&self) -> impl Iterator<Item = (Refusal, u64)> {
        self.refusals.totals()
    }

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
/// `/healthz`, to those whom the protection lets in.
///
/// # Errors
///
/// The listener cannot be made non-blocking, or there is no room for the runtime or
/// its thread.
pub fn serve<F>(listener: Listener, protection: Protection, source: F) -> io::Result<MetricsServer>
where
    F: Fn() -> String + Send + Sync + 'static,
{
    serve_within(TIMEOUTS, listener, protection, Arc::new(source))
}

fn serve_within(
    timeouts: Timeouts,
    listener: Listener,
    protection: Protection,
    source: Source,
) -> io::Result<MetricsServer> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .thread_name("passwords")
        .max_blocking_threads(1)
        .build()?;
    let listener = {
        let _context = runtime.enter();
        Accepting::new(listener)?
    };
    let service = Service::new(timeouts, protection, source);
    let (protection, refusals) = (service.protection.clone(), service.refusals.clone());
    let (stop, stopped) = oneshot::channel();
    let thread = thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(move || run(runtime, listener, &service, stopped))?;
    Ok(MetricsServer { protection, refusals, stop: Some(stop), thread: Some(thread) })
}

/// A socket that listens, within the runtime.
enum Accepting {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

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

/// The thread. The end of the runtime closes every connection that is left; it does not wait
/// for the verification of a password.
fn run(
    runtime: Runtime,
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
    runtime.shutdown_background();
}

/// Serves a connection in a task of its own, or closes it where there are too many.
fn admit(stream: Stream, connections: &Arc<Semaphore>, service: &Service) {
    match Arc::clone(connections).try_acquire_owned() {
        Ok(permit) => drop(tokio::spawn(converse(stream, permit, service.clone()))),
        Err(_) => service.refusals.count(Refusal::Connections),
    }
}

/// Certificates and users for tests.
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
