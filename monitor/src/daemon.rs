//! The life of the process.

use std::path::{Path, PathBuf};

use anyhow::Context;

use self::control::Control;
use self::engine::Engine;
use self::exposure::Exposure;
use self::notify::Notifier;
use self::protection::ProtectionError;
use self::saver::Saver;
use self::signals::Signals;
use self::watch::Watch;
use self::watched::WatchedFile;
use crate::capture::status::Tier;
use crate::capture::{self, CaptureError};
use crate::cli::{DaemonArgs, Exit};
use crate::clock::{self, BootTime};
use crate::config::{self, Config, Listen, TierChoice};
use crate::control::client::ClientError;
use crate::control::socket::SocketError;
use crate::pipeline::output::CoverageGap;
use crate::sandbox::{self, Paths};
use crate::sink::http;
use crate::sink::metrics::{Exporter, MetricsSink, ReloadOutcome};
use crate::sink::stdout::StdoutSink;

/// What the commands that talk to a running daemon have in common.
pub mod attach;
/// The control socket of the daemon.
mod control;
/// What this kernel and these privileges allow.
pub mod doctor;
/// The loop that all captures share: drain, pipeline, sinks.
pub mod engine;
/// Where metrics are served, and to whom.
mod exposure;
/// The hard cap on memory.
mod memory;
/// What the service manager is told.
mod notify;
/// How far a large file has been read.
mod progress;
/// What stands between metrics and those who ask for them.
mod protection;
/// A trace of what comes in.
pub mod record;
/// Has the daemon read its configuration again.
pub mod reload;
/// A trace through the pipeline.
pub mod replay;
/// What was learned, saved beside the capture.
mod saver;
/// Signals as flags.
pub mod signals;
/// Files that are kept across restarts.
pub mod state;
/// What the daemon is and how it fares.
pub mod status;
/// Records of the daemon as they come.
pub mod tail;
/// The terminal UI: of a running daemon, with a capture of its own, or over a file.
pub mod top;
/// The loop of the daemon.
mod watch;
/// When the daemon last watched, kept across restarts.
mod watched;

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// What keeps it from starting, or from going on.
pub fn run(args: &DaemonArgs, config: &Config, config_path: Option<&Path>) -> anyhow::Result<Exit> {
    sandbox::protect_memory();
    let notifier = Notifier::from_environment();
    notifier.loading();
    let Exposure { listener, protection, socket: metrics_socket } =
        Exposure::bind(&config.metrics)?;
    let metrics = MetricsSink::new(config.metrics.max_series as usize, &kernel_release());
    let exporter = metrics.exporter();
    exporter.report_start(config.memory_bytes, clock::wall());

    let mut engine = Engine::new(config.pipeline.clone(), config.memory_bytes);
    // Before anything is seen, so that what was known before counts on.
    engine.load_state(&config.state);
    engine.start(capture_options(config, args.capture.tier, listener.port()))?;
    let began = clock::boot();
    engine.add_sink("metrics", Box::new(metrics));
    let mut control = Control::bind(config, config_path, &mut engine)?;
    confine(config, config_path, &engine, &exporter, &control);

    // Threads begin only here: each has given up what this one has.
    let signals = Signals::install().context("installing signal handlers")?;
    let stdout = StdoutSink::stdout(args.print.iter().copied().collect())
        .context("opening standard output")?;
    engine.add_sink("stdout", Box::new(stdout));
    // Whoever asks first is told of what was known before, too.
    engine.pass_on();
    let watched = watched_file(config);
    if let Some(gap) = watched.as_ref().and_then(|file| gap_before(file, began)) {
        engine.report_gap(gap);
        exporter.report_gap(gap);
        control.report_gap(gap);
    }
    let saver =
        Saver::start(&config.state, watched, began).context("starting the thread that saves")?;
    let scraped = exporter.clone();
    let server = http::serve(listener, protection, move || scraped.render())
        .context("starting the server of /metrics")?;
    control.serve()?;
    tracing::info!(address = %config.metrics.listen, tier = ?engine.tier(), "Watching; metrics are served.");

    let reported = clock::monotonic();
    let reload = ReloadOutcome::Succeeded;
    let mut watch = Watch {
        engine,
        control,
        exporter,
        server: &server,
        notifier,
        saver,
        config,
        config_path,
        reload,
        reported,
    };
    watch.run(&signals)?;
    watch.finish();
    server.shutdown();
    drop(metrics_socket);
    Ok(Exit::Success)
}

/// Gives up what a daemon that captures does not need any more, and says what is left.
fn confine(
    config: &Config,
    config_path: Option<&Path>,
    engine: &Engine,
    exporter: &Exporter,
    control: &Control,
) {
    if let Err(error) = state::prepare(&config.state.baseline_file()) {
        tracing::warn!(%error, "What is learned cannot be saved.");
    }
    let sandbox = sandbox::enter(&paths(config, config_path), || engine.is_capturing());
    tracing::info!(
        capabilities = sandbox.capabilities.name(),
        no_new_privileges = sandbox.no_new_privileges,
        landlock = sandbox.landlock.name(),
        "Privileges that only the start needs are given up."
    );
    exporter.report_sandbox(sandbox);
    control.report_sandbox(sandbox);
}

/// Where it is kept when the daemon last watched; none where that cannot be told.
fn watched_file(config: &Config) -> Option<WatchedFile> {
    let file = WatchedFile::new(config.state.watched_file());
    file.inspect_err(|error| {
        tracing::warn!(%error, "Which boot this is is not known, so a next start cannot tell how long nobody watched.");
    })
    .ok()
}

/// The span before `began` in which nobody watched, as far as an earlier run left a mark.
fn gap_before(file: &WatchedFile, began: BootTime) -> Option<CoverageGap> {
    match file.gap(began) {
        Ok(gap) => {
            if let Some(CoverageGap { duration, cause, .. }) = gap {
                let seconds = duration.map(|it| it.as_secs_f64());
                tracing::info!(
                    seconds,
                    cause = cause.name(),
                    "Nobody watched this host until now."
                );
            }
            gap
        }
        Err(error) => {
            tracing::warn!(%error, "How long nobody watched this host is not known.");
            None
        }
    }
}

/// What a daemon opens while it runs.
fn paths(config: &Config, config_path: Option<&Path>) -> Paths {
    let file = config_path.unwrap_or(Path::new(config::DEFAULT_PATH));
    // A file is replaced by another of its name, so its directory is what counts; also that
    // to which a link leads. /etc has the users and groups.
    let named = config.metrics.files().chain([file]);
    let files: Vec<PathBuf> = named
        .flat_map(|file| [Some(file.to_owned()), file.canonicalize().ok()])
        .flatten()
        .collect();
    let directories = files.iter().filter_map(|file| file.parent());
    let listen = match &config.metrics.listen {
        Listen::Unix(path) => Some(path),
        Listen::Tcp(_) => None,
    };
    let sockets = config.control.socket.iter().chain(listen);
    let fixed = ["/proc", "/etc"].map(PathBuf::from);
    Paths {
        read: fixed.into_iter().chain(directories.map(current)).collect(),
        write: sockets
            .filter_map(|socket| socket.parent())
            .map(Path::to_owned)
            .chain([config.state.directory.clone()])
            .collect(),
    }
}

/// The directory of a file that is named without one is the current one.
fn current(directory: &Path) -> PathBuf {
    if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory.to_owned() }
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
    if error.downcast_ref::<ProtectionError>().is_some() {
        return Exit::Config;
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
