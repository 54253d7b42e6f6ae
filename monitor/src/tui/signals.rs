//! Signals as flags that the terminal loop looks at.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// What signals have asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    stop: Arc<AtomicBool>,
    resume: Arc<AtomicBool>,
}

impl Signals {
    /// Installs the handlers: SIGTERM, SIGHUP and SIGINT stop, SIGCONT resumes.
    pub(super) fn install() -> io::Result<Self> {
        let signals = Self::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut stops, mut resumes) = {
            let _inside = runtime.enter();
            let stops = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()]
                .map(signal);
            let [terminate, hangup, interrupt] = stops;
            ([terminate?, hangup?, interrupt?], signal(SignalKind::from_raw(SIGCONT))?)
        };
        let flags = signals.clone();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                let [terminate, hangup, interrupt] = &mut stops;
                loop {
                    let flag = tokio::select! {
                        _ = terminate.recv() => &flags.stop,
                        _ = hangup.recv() => &flags.stop,
                        _ = interrupt.recv() => &flags.stop,
                        _ = resumes.recv() => &flags.resume,
                    };
                    flag.store(true, Ordering::Relaxed);
                    if flags.stop() {
                        break;
                    }
                }
                // Reading events from a terminal that is closed meanwhile never ends.
                tokio::time::sleep(GRACE).await;
                super::tty::give_back();
                std::process::exit(1);
            });
        })?;
        Ok(signals)
    }

    /// Whether to stop.
    pub(super) fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether the process was stopped and goes on, once for each time.
    pub(super) fn take_resume(&self) -> bool {
        self.resume.swap(false, Ordering::Relaxed)
    }
}

/// How long whoever looks at the flags may take to end.
const GRACE: Duration = Duration::from_secs(5);

const SIGCONT: i32 = rustix::process::Signal::CONT.as_raw();
