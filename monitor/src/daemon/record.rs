//! `apiwatch record`: a trace of what comes in, while its outputs are printed.

use std::io::stdout;

use anyhow::Context;

use super::capture_options;
use super::engine::Engine;
use super::signals::Signals;
use crate::cli::{Exit, RecordArgs};
use crate::clock;
use crate::config::Config;
use crate::pipeline::output::Output;
use crate::sink::Sink;
use crate::sink::blocking::BlockingWriter;
use crate::sink::record_type::RecordTypes;
use crate::trace::TraceWriter;

/// Records until the time is over or a signal comes.
///
/// # Errors
/// When the trace cannot be made, the capture not started, or the disk is full.
pub fn run(args: &RecordArgs, config: &Config) -> anyhow::Result<Exit> {
    let trace = TraceWriter::create(&args.out)?;
    let signals = Signals::install().context("installing signal handlers")?;
    let mut engine = Engine::new(config.pipeline.clone(), config.memory_bytes);
    engine.add_sink("stdout", Box::new(Printer::new(args.output.print.iter().copied().collect())));
    engine.record_to(trace, config.pipeline.clone());
    if let Err(error) = engine.start(capture_options(config, args.capture.tier, 0)) {
        // It was made a moment ago, and would stand in the way of the next attempt.
        let _ = std::fs::remove_file(&args.out);
        return Err(error.into());
    }
    tracing::info!(trace = %args.out.display(), tier = ?engine.tier(), "Recording; the trace holds payload, keep it safe.");
    let started = clock::monotonic();
    let is_over = || args.duration.is_some_and(|it| clock::monotonic().since(started) >= it);
    while !signals.stop() && !is_over() && !engine.is_done() {
        engine.turn()?;
    }
    engine.stop();
    engine.finish_trace()?;
    Ok(Exit::Success)
}

/// Prints everything, as replay does: nothing is dropped, so a slow reader slows the
/// recording, and what the kernel side then loses is counted.
struct Printer {
    writer: BlockingWriter<std::io::Stdout>,
    closed: bool,
}

impl Printer {
    fn new(records: RecordTypes) -> Self {
        Self { writer: BlockingWriter::new(stdout(), records), closed: false }
    }
}

impl Sink for Printer {
    fn accept(&mut self, outputs: &[Output]) {
        let written = self.writer.write(outputs).and_then(|()| self.writer.flush());
        self.closed |= written.is_err();
    }

    fn is_closed(&self) -> bool {
        self.closed
    }
}
