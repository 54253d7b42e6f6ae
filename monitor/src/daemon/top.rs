//! `apiwatch top`: the terminal UI with a capture of its own, or over a file.

use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow, ensure};

use super::capture_options;
use super::doctor::CONTROL_SOCKET;
use super::engine::Engine;
use super::no_daemon::{Evidence, NoDaemon};
use super::replay::Recording;
use crate::capture::status::{CaptureStatus, Tier};
use crate::cli::{Exit, TopArgs, Traffic};
use crate::config::Config;
use crate::pipeline::settings::Settings;
use crate::sink::Sink;
use crate::tui::{self, AtEnd, Feed, Options, Palette, TuiSink};

/// Outputs that are gathered before the UI gets them.
const BATCH: usize = 256;

/// Runs the terminal UI until it is quit.
///
/// # Errors
/// When the capture cannot be started, the file not read, or there is no terminal.
pub fn run(args: &TopArgs, config: &Config, settings: Option<Settings>) -> anyhow::Result<Exit> {
    // Before anything is loaded, read or asked.
    ensure!(
        stdout().is_terminal(),
        "the terminal UI needs a terminal, and standard output is none: for JSON lines use `apiwatch daemon --print TYPES`, or `apiwatch replay FILE`"
    );
    let (sink, feed) = tui::channel();
    match args.traffic() {
        Traffic::Daemon => {
            let evidence = Evidence::NoSocket;
            return Err(NoDaemon { socket: CONTROL_SOCKET.into(), evidence }.into());
        }
        Traffic::Live => live(sink, feed, config, args.capture.tier)?,
        Traffic::Trace(path) => over_trace(sink, feed, path, settings)?,
    }
    Ok(Exit::Success)
}

/// Captures in a thread of its own; the UI has the main one.
fn live(sink: TuiSink, feed: Feed, config: &Config, tier: Option<Tier>) -> anyhow::Result<()> {
    let mut engine = Engine::new(config.pipeline.clone(), config.memory_bytes);
    engine.add_sink("terminal", Box::new(sink));
    engine.start(capture_options(config, tier, 0))?;
    engine.load_baseline(&config.state.baseline_file());
    let quit = Arc::new(AtomicBool::new(false));
    let is_quit = Arc::clone(&quit);
    let capturing = std::thread::Builder::new()
        .name("capture".into())
        .spawn(move || -> anyhow::Result<()> {
            while !is_quit.load(Ordering::Relaxed) {
                engine.turn()?;
            }
            Ok(())
        })
        .context("starting the capture thread")?;
    let options = Options { palette: Palette::from_environment(), ..Options::default() };
    let shown = tui::run(feed, options);
    quit.store(true, Ordering::Relaxed);
    capturing.join().map_err(|_| anyhow!("the capture thread panicked"))??;
    shown
}

/// Reads the file in a thread of its own; the UI stays when it has been read.
fn over_trace(
    mut sink: TuiSink,
    feed: Feed,
    path: &Path,
    settings: Option<Settings>,
) -> anyhow::Result<()> {
    let settings = settings.map(Arc::new);
    let mut recording = Recording::open(path, settings.as_deref())?;
    let reading = std::thread::Builder::new()
        .name("replay".into())
        .spawn(move || {
            let mut outputs = Vec::new();
            let result = recording.drive(settings.as_ref(), &mut |pipeline| {
                while let Some(output) = pipeline.poll_output() {
                    outputs.push(output);
                }
                if outputs.len() >= BATCH {
                    sink.accept(&outputs);
                    outputs.clear();
                    sink.observe(&pipeline.stats(), &CaptureStatus::default());
                }
                true
            });
            sink.accept(&outputs);
            result
        })
        .context("starting the thread that reads the file")?;
    let palette = Palette::from_environment();
    tui::run(feed, Options { palette, at_end: AtEnd::Stay, ..Options::default() })?;
    if reading.is_finished() {
        reading.join().map_err(|_| anyhow!("the thread that reads the file panicked"))??;
    }
    Ok(())
}
