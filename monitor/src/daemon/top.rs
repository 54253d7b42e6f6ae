//! `apiwatch top`: the terminal UI of a running daemon, with a capture of its own, or over
//! a file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow};

use super::attach::socket_of;
use super::capture_options;
use super::engine::Engine;
use super::replay::Recording;
use crate::capture::status::{CaptureStatus, Tier};
use crate::cli::{Exit, TopArgs, Traffic, load_config};
use crate::clock;
use crate::config::Config;
use crate::pipeline::Pipeline;
use crate::pipeline::settings::Settings;
use crate::sink::Sink;
use crate::terminal::ColorChoice;
use crate::tui::{self, AtEnd, Options, Playback, Speed, TuiSink, Turn, Zone};

/// Records of a running daemon.
mod attached;

/// Outputs that are gathered before the UI gets them.
const BATCH: usize = 256;

/// Runs the terminal UI until it is quit.
///
/// # Errors
/// When the daemon cannot be talked to, the capture cannot be started, the file not read,
/// or there is no terminal.
pub fn run(args: &TopArgs, color: ColorChoice, path: Option<&Path>) -> anyhow::Result<Exit> {
    // Before anything is loaded, read or asked.
    tui::ensure_terminal()?;
    let local = clock::local_offset_seconds().map_or(Zone::UTC, Zone::east);
    let options = Options {
        palette: args.look.palette(color),
        glyphs: args.look.glyphs(),
        zone: args.look.zone(local),
        ..Options::default()
    };
    let shown = match args.traffic() {
        Traffic::Daemon => socket_of(&args.daemon, path, color.on_stderr())
            .map(|socket| attached::show(&socket, options)),
        Traffic::Live => load_config(path, color.on_stderr())
            .map(|config| live(&config, args.capture.tier, options)),
        Traffic::Trace(file) => load_config(path, color.on_stderr()).map(|config| {
            // A trace has the settings it was recorded under.
            let settings = path.map(|_| Arc::new(config.pipeline));
            over_trace(file, settings, args.speed, options)
        }),
    };
    match shown {
        Ok(ended) => ended.map(|()| Exit::Success),
        Err(exit) => Ok(exit),
    }
}

/// Captures in a thread of its own; the UI has the main one.
fn live(config: &Config, tier: Option<Tier>, options: Options) -> anyhow::Result<()> {
    let (sink, feed) = tui::channel();
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
fn over_trace(
    path: &Path,
    settings: Option<Arc<Settings>>,
    speed: Speed,
    options: Options,
) -> anyhow::Result<()> {
    let (sink, feed) = tui::channel();
    let playback = Playback::new(speed, file_bytes(path));
    let options = Options { at_end: AtEnd::Stay, playback: Some(playback.clone()), ..options };
    let recording = Recording::open(path, settings.as_deref())?;
    let reader = Reader { recording, settings, sink, playback: playback.clone() };
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
