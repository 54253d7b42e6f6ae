//! `apiwatch top`: the terminal UI with a capture of its own, or over a file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow};

use super::capture_options;
use super::engine::Engine;
use super::no_daemon::{Evidence, NoDaemon};
use super::replay::Recording;
use crate::capture::status::{CaptureStatus, Tier};
use crate::cli::{Exit, TopArgs, Traffic};
use crate::clock;
use crate::config::Config;
use crate::pipeline::Pipeline;
use crate::pipeline::settings::Settings;
use crate::sink::Sink;
use crate::terminal::ColorChoice;
use crate::tui::{self, AtEnd, Feed, Options, Playback, TuiSink, Turn, Zone};

/// Outputs that are gathered before the UI gets them.
const BATCH: usize = 256;

/// Runs the terminal UI until it is quit.
///
/// # Errors
/// When the capture cannot be started, the file not read, or there is no terminal.
pub fn run(
    args: &TopArgs,
    color: ColorChoice,
    config: &Config,
    settings: Option<Settings>,
) -> anyhow::Result<Exit> {
    tui::ensure_terminal()?;
    let local = clock::local_offset_seconds().map_or(Zone::UTC, Zone::east);
    let options = Options {
        palette: args.look.palette(color),
        glyphs: args.look.glyphs(),
        zone: args.look.zone(local),
        ..Options::default()
    };
    let (sink, feed) = tui::channel();
    match args.traffic() {
        Traffic::Daemon => {
            let socket = config.control.socket.clone().unwrap_or_default();
            return Err(NoDaemon { socket, evidence: Evidence::NoSocket }.into());
        }
        Traffic::Live => live(sink, feed, options, config, args.capture.tier)?,
        Traffic::Trace(path) => {
            let playback = Playback::new(args.speed, file_bytes(path));
            let options =
                Options { at_end: AtEnd::Stay, playback: Some(playback.clone()), ..options };
            let settings = settings.map(Arc::new);
            let recording = Recording::open(path, settings.as_deref())?;
            over_trace(Reader { recording, settings, sink, playback }, feed, options)?;
        }
    }
    Ok(Exit::Success)
}

/// Captures in a thread of its own; the UI has the main one.
fn live(
    sink: TuiSink,
    feed: Feed,
    options: Options,
    config: &Config,
    tier: Option<Tier>,
) -> anyhow::Result<()> {
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
    let shown = tui::run(feed, options);
    quit.store(true, Ordering::Relaxed);
    capturing.join().map_err(|_| anyhow!("the capture thread panicked"))??;
    shown
}

/// Reads the file in a thread of its own; the UI stays when it has been read.
fn over_trace(reader: Reader, feed: Feed, options: Options) -> anyhow::Result<()> {
    let playback = reader.playback.clone();
    let reading = std::thread::Builder::new()
        .name("replay".into())
        .spawn(move || reader.read())
        .context("starting the thread that reads the file")?;
    let shown = tui::run(feed, options);
    playback.abandon();
    shown?;
    if reading.is_finished() {
        reading.join().map_err(|_| anyhow!("the thread that reads the file panicked"))??;
    }
    Ok(())
}

/// Reads a file at the pace of its replay.
struct Reader {
    recording: Recording,
    settings: Option<Arc<Settings>>,
    sink: TuiSink,
    playback: Playback,
}

impl Reader {
    fn read(self) -> anyhow::Result<()> {
        let Self { mut recording, settings, mut sink, playback } = self;
        let mut pipeline = Pipeline::new(settings.clone().unwrap_or_default());
        let mut outputs = Vec::new();
        let result =
            recording.drive_into(&mut pipeline, settings.as_ref(), &mut |pipeline, read| {
                let moment = pipeline.moment();
                let turn = playback.reach(moment, read);
                if turn == Turn::Early || outputs.len() >= BATCH {
                    // What was due before is shown before the wait for what is due later.
                    if sink.deliver(outputs.drain(..)).is_break() {
                        return false;
                    }
                    observe(&mut sink, pipeline);
                }
                let is_over = match turn {
                    Turn::Due => false,
                    Turn::Early => playback.wait(moment.time).is_break(),
                    Turn::Over => true,
                };
                while let Some(output) = pipeline.poll_output() {
                    outputs.push(output);
                }
                !is_over
            });
        // Whether the UI is gone does not matter any more.
        let _ = sink.deliver(outputs);
        observe(&mut sink, &pipeline);
        match &result {
            Ok(()) => playback.finish(),
            Err(_) => playback.break_off(),
        }
        result
    }
}

fn observe(sink: &mut TuiSink, pipeline: &Pipeline) {
    sink.observe(&pipeline.stats(), &CaptureStatus::default());
    sink.cover(&pipeline.coverage());
}

/// Size of a file; zero where that is not known.
fn file_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map_or(0, |file| file.len())
}
