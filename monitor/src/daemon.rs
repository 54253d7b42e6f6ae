//! The life of the process.

use std::path::Path;

use anyhow::Context;

use self::control::Control;
use self::engine::Engine;
use self::signals::Signals;
use crate::capture::status::Tier;
use crate::capture::{self, CaptureError};
use crate::cli::{DaemonArgs, Exit};
use crate::clock;
use crate::config::{self, Config, ConfigError, TierChoice};
use crate::control::client::ClientError;
use crate::control::socket::SocketError;
use crate::pipeline::input::Input;
use crate::sink::http;
use crate::sink::metrics::{MetricsSink, ReloadOutcome};
use crate::sink::stdout::StdoutSink;

/// What the commands that talk to a running daemon have in common.
pub mod attach;
/// The control socket of the daemon.
mod control;
/// What this kernel and these privileges allow.
pub mod doctor;
/// The loop that all captures share: drain, pipeline, sinks.
pub mod engine;
/// The hard cap on memory.
mod memory;
/// How far a large file has been read.
mod progress;
/// A trace of what comes in.
pub mod record;
/// Has the daemon read its configuration again.
pub mod reload;
/// A trace through the pipeline.
pub mod replay;
/// Signals as flags.
pub mod signals;
/// What was learned, kept across restarts.
pub mod state;
/// What the daemon is and how it fares.
pub mod status;
/// Records of the daemon as they come.
pub mod tail;
/// The terminal UI: of a running daemon, with a capture of its own, or over a file.
pub mod top;

/// Time between two savings of what was learned.
const SAVE_INTERVAL: std::time::Duration = std::time::Duration::from_secs(300);

/// Time between two looks at what sinks have dropped.
const REPORT_INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// What keeps it from starting, or from going on.
pub fn run(args: &DaemonArgs, config: &Config, config_path: Option<&Path>) -> anyhow::Result<Exit> {
    let listener = http::bind(config.metrics.listen)?;
    let own_port = listener.local_addr().context("asking for the address of /metrics")?.port();
    let signals = Signals::install().context("installing signal handlers")?;

    let metrics = MetricsSink::new(config.metrics.max_series as usize, &kernel_release());
    let exporter = metrics.exporter();
    let stdout = StdoutSink::stdout(args.print.iter().copied().collect())
        .context("opening standard output")?;
    let mut engine = Engine::new(config.pipeline.clone(), config.memory_bytes);
    engine.add_sink("stdout", Box::new(stdout));
    engine.add_sink("metrics", Box::new(metrics));
    let mut control = Control::attach(config, config_path, &mut engine)?;
    let baseline = config.state.baseline_file();
    engine.start(capture_options(config, args.capture.tier, own_port))?;
    engine.load_baseline(&baseline);
    let scraped = exporter.clone();
    let server = http::serve(listener, move || scraped.render())
        .context("starting the server of /metrics")?;
    control.serve()?;
    tracing::info!(address = %config.metrics.listen, tier = ?engine.tier(), "Watching; metrics are served.");

    let mut saved = clock::monotonic();
    let mut reported = saved;
    while !signals.stop() && !engine.is_done() {
        engine.turn()?;
        let asked = control.take_reload();
        if signals.take_reload() || asked {
            let outcome = reload(&mut engine, config_path);
            exporter.report_reload(outcome_of(&outcome));
            control.report_reload(&outcome);
        }
        let now = clock::monotonic();
        if now.since(reported) >= REPORT_INTERVAL {
            reported = now;
            for (sink, dropped) in engine.dropped() {
                exporter.report_dropped(sink, dropped);
            }
            control.report_dropped(&engine);
        }
        if now.since(saved) >= SAVE_INTERVAL {
            saved = now;
            engine.save_baseline(&baseline);
        }
    }
    engine.stop();
    engine.save_baseline(&baseline);
    drop(control);
    server.shutdown();
    Ok(Exit::Success)
}

/// Reads the configuration again; the file that is in force then. Capture, metrics, the
/// control socket and state keep what they started with.
fn reload(engine: &mut Engine, config_path: Option<&Path>) -> Result<Option<String>, ConfigError> {
    match config::load(config_path) {
        Ok(effective) => {
            let file = effective.file().map(str::to_owned);
            engine.handle(Input::Settings(effective.config.pipeline.into()));
            tracing::info!(
                "The configuration was read again; policy, limits and findings follow it."
            );
            Ok(file)
        }
        Err(error) => {
            tracing::error!(%error, "The new configuration is not valid, so the old one stays in force.");
            Err(error)
        }
    }
}

const fn outcome_of(reload: &Result<Option<String>, ConfigError>) -> ReloadOutcome {
    match reload {
        Ok(_) => ReloadOutcome::Succeeded,
        Err(_) => ReloadOutcome::Failed,
    }
}

/// What the capture needs of the configuration and the command line.
pub(crate) fn capture_options(
    config: &Config,
    forced: Option<Tier>,
    own_port: u16,
) -> capture::Options {
    let configured = match config.capture.tier {
        TierChoice::Auto => None,
        TierChoice::Only(tier) => Some(tier),
    };
    capture::Options {
        tier: forced.or(configured),
        ring_bytes: config.capture.ring_bytes,
        own_port,
    }
}

/// Release of the running kernel.
pub(crate) fn kernel_release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// How a command ends that failed with this error.
#[must_use]
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(error) = error.downcast_ref::<ClientError>() {
        return attach::exit_of_client(error);
    }
    if error.downcast_ref::<SocketError>().is_some_and(SocketError::is_denied) {
        return Exit::Privilege;
    }
    match error.downcast_ref::<CaptureError>() {
        Some(CaptureError::Privilege(_)) => Exit::Privilege,
        Some(CaptureError::Kernel(_) | CaptureError::Btf(_)) => Exit::Unavailable,
        Some(CaptureError::Io { .. }) | None => Exit::Failure,
    }
}
