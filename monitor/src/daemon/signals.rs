//! Signals as flags that the loop looks at each turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// What signals have asked for.
#[derive(Clone)]
pub struct Signals {
    stop: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
}

impl Signals {
    /// Installs the handlers: SIGINT and SIGTERM stop, SIGHUP reloads.
    ///
    /// # Errors
    /// When the handlers cannot be installed or their thread not started.
    pub fn install() -> std::io::Result<Self> {
        let signals = Self { stop: Arc::default(), reload: Arc::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let flags = signals.clone();
        let (mut interrupt, mut terminate, mut hangup) = {
            let _inside = runtime.enter();
            (
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            )
        };
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => flags.stop.store(true, Ordering::Relaxed),
                        _ = terminate.recv() => flags.stop.store(true, Ordering::Relaxed),
                        _ = hangup.recv() => flags.reload.store(true, Ordering::Relaxed),
                    }
                }
            });
        })?;
        Ok(signals)
    }

    /// Whether to stop.
    #[must_use]
    pub fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether to reload, once per request.
    #[must_use]
    pub fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::Relaxed)
    }
}
