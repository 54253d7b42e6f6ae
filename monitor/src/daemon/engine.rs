//! The loop that all captures share: drain, pipeline, sinks.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::memory::MemoryCap;
use super::state::{self, Learned};
use crate::capture::status::{CaptureStatus, Tier};
use crate::capture::{Capture, CaptureError, Options};
use crate::clock::{self, Wall, WallClock};
use crate::config::StateConfig;
use crate::pipeline::Pipeline;
use crate::pipeline::input::Input;
use crate::pipeline::output::{CoverageGap, Output};
use crate::pipeline::settings::Settings;
use crate::pipeline::stats::Stats;
use crate::pipeline::text::printable;
use crate::pipeline::time::Timestamp;
use crate::sink::Sink;
use crate::trace::TraceWriter;

/// How long the reader lets records gather, unless a quarter of a ring fills before: each
/// wake-up finds cold caches, which cost as much as a hundred requests do.
const GATHER: Duration = Duration::from_millis(20);
/// Time between two ticks of the pipeline where it asks for none earlier.
const TICK: Duration = Duration::from_secs(1);
/// Least time between two ticks.
const LEAST_TICK: Duration = Duration::from_millis(50);
/// Time between two looks of the sinks at the counts.
const OBSERVE: Duration = Duration::from_millis(100);

/// Time between two looks at what was read of each process's traffic.
const COVER: Duration = Duration::from_secs(2);

/// Capture, pipeline and sinks, driven by one thread.
pub struct Engine {
    pipeline: Pipeline,
    capture: Option<Capture>,
    sinks: Vec<(&'static str, Box<dyn Sink>)>,
    trace: Option<TraceWriter<std::fs::File>>,
    outputs: VecDeque<Output>,
    wall: WallClock,
    ticked: Timestamp,
    observed: Timestamp,
    covered: Timestamp,
    gap: Option<CoverageGap>,
    memory: MemoryCap,
    failure: Option<anyhow::Error>,
}

impl Engine {
    /// A pipeline with these settings, without a capture or a sink; above `memory_bytes`
    /// it gives up what it can do without.
    #[must_use]
    pub fn new(settings: Settings, memory_bytes: u64) -> Self {
        Self {
            pipeline: Pipeline::new(Arc::new(settings)),
            memory: MemoryCap::new(memory_bytes),
            capture: None,
            sinks: Vec::new(),
            trace: None,
            outputs: VecDeque::new(),
            wall: WallClock::default(),
            ticked: Timestamp::default(),
            observed: Timestamp::default(),
            covered: Timestamp::default(),
            gap: None,
            failure: None,
        }
    }

    /// Adds a sink; `name` is what its drops are counted under.
    pub fn add_sink(&mut self, name: &'static str, sink: Box<dyn Sink>) {
        self.sinks.push((name, sink));
    }

    /// Writes every input from now on to a trace, the settings first.
    pub fn record_to(&mut self, trace: TraceWriter<std::fs::File>, settings: Settings) {
        self.trace = Some(trace);
        self.handle(Input::Settings(settings.into()));
    }

    /// Learns from what an earlier run left, where that is in order.
    pub fn load_baseline(&mut self, file: &Path) {
        self.restore(
            file,
            Input::Baseline,
            "What earlier runs learned is not used; learning starts anew.",
        );
    }

    /// Learns as [`Self::load_baseline`] does, and takes up the findings that an earlier run
    /// left open, where they are in order.
    pub fn load_state(&mut self, state: &StateConfig) {
        self.load_baseline(&state.baseline_file());
        self.restore(
            &state.findings_file(),
            Input::Findings,
            "The findings of earlier runs are not taken up; they open anew when they are seen.",
        );
    }

    /// What a later run loads.
    #[must_use]
    pub fn learned(&self) -> Learned {
        Learned {
            baseline: self.pipeline.baseline_bytes(),
            findings: self.pipeline.findings_bytes(),
        }
    }

    /// How often a finding was opened, resolved or found to be graver so far.
    #[must_use]
    pub fn finding_changes(&self) -> u64 {
        self.pipeline.finding_changes()
    }

    fn restore(&mut self, file: &Path, input: fn(Vec<u8>) -> Input<'static>, lost: &str) {
        let bytes = match state::load(file) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return,
            Err(error) => return tracing::warn!(%error, "{lost}"),
        };
        // Times of an earlier run are told by the clock as it stands now.
        self.tick(clock::monotonic());
        self.handle(input(bytes));
        if let Some(error) = self.pipeline.refusal() {
            tracing::warn!(file = %printable(&file.to_string_lossy()), %error, "{lost}");
        }
    }

    /// Starts the capture.
    ///
    /// # Errors
    /// As [`Capture::start`].
    pub fn start(&mut self, options: Options) -> Result<(), CaptureError> {
        self.tick(clock::monotonic());
        let Self { pipeline, trace, failure, .. } = self;
        let capture = Capture::start(options, &mut |input| feed(pipeline, trace, failure, input))?;
        for (program, why) in &capture.status().declined {
            tracing::warn!(program, why, "A program was declined.");
        }
        self.capture = Some(capture);
        Ok(())
    }

    /// Says to every sink, and later to who comes late, that nobody watched until now. What
    /// moved meanwhile is not known, so that the counts of the pipeline stay as they are.
    pub fn report_gap(&mut self, gap: CoverageGap) {
        self.gap = Some(gap);
        for (_, sink) in &mut self.sinks {
            sink.accept(&[Output::CoverageGap(gap)]);
        }
    }

    /// The tier in use.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        self.capture.as_ref().and_then(|capture| capture.status().tier)
    }

    /// Whether the kernel still lets the counters be read.
    #[must_use]
    pub fn is_capturing(&self) -> bool {
        self.capture.as_ref().is_some_and(Capture::reads_counters)
    }

    /// Counts of the pipeline.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline.stats()
    }

    /// Records lost so far, at any stage.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.pipeline.stats().lost.values().sum()
    }

    /// Programs that were declined.
    #[must_use]
    pub fn declined(&self) -> usize {
        self.capture.as_ref().map_or(0, |capture| capture.status().declined.len())
    }

    /// Waits for records, handles them, and feeds the sinks.
    ///
    /// # Errors
    /// When waiting fails or the trace cannot be written.
    pub fn turn(&mut self) -> anyhow::Result<()> {
        if let Some(capture) = &mut self.capture {
            capture.wait(GATHER)?;
        }
        // Before the records: what came after the clock was set is told by the new time.
        if self.wall.look() == Wall::Stepped {
            self.tick(clock::monotonic());
        }
        let Self { pipeline, capture, trace, failure, .. } = self;
        if let Some(capture) = capture {
            capture.drain(&mut |input| feed(pipeline, trace, failure, input));
        }
        let now = clock::monotonic();
        let asked = self.pipeline.next_deadline().is_some_and(|deadline| deadline <= now);
        let since = now.since(self.ticked);
        if since >= TICK || (asked && since >= LEAST_TICK) {
            self.tick(now);
        }
        self.pass_on();
        if now.since(self.observed) >= OBSERVE {
            self.observed = now;
            self.account();
            self.answer_wishes(now);
            if self.memory.is_exceeded(now) {
                self.handle(Input::MemoryShort);
                self.memory.give_back();
            }
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Hands one input to the pipeline, and to the trace where there is one.
    pub fn handle(&mut self, input: Input<'_>) {
        let Self { pipeline, trace, failure, .. } = self;
        feed(pipeline, trace, failure, input);
    }

    /// Ends everything: what is held back is said.
    pub fn stop(&mut self) {
        let Self { pipeline, capture, trace, failure, .. } = self;
        if let Some(capture) = capture {
            capture.drain(&mut |input| feed(pipeline, trace, failure, input));
        }
        self.account();
        self.tick(clock::monotonic());
        self.capture = None;
        self.pipeline.finish();
        self.pass_on();
    }

    /// Ends the trace.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish_trace(&mut self) -> anyhow::Result<()> {
        if let Some(trace) = self.trace.take() {
            trace.finish().context("finishing the trace")?;
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Outputs that each sink has dropped.
    pub fn dropped(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.sinks.iter().map(|(name, sink)| (*name, sink.dropped()))
    }

    /// Whether a sink that the process exists for is gone.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.sinks.iter().any(|(_, sink)| sink.is_closed())
    }

    fn tick(&mut self, time: Timestamp) {
        self.ticked = time;
        self.wall.look();
        self.handle(Input::Tick { time, wall_offset: self.wall.offset() });
    }

    /// Counts what was lost and shows the counts to the sinks.
    fn account(&mut self) {
        let Self { pipeline, capture, trace, failure, .. } = self;
        let status = match capture {
            Some(capture) => {
                capture.account(&mut |input| feed(pipeline, trace, failure, input)).clone()
            }
            None => CaptureStatus::default(),
        };
        let stats = self.pipeline.stats();
        for (_, sink) in &mut self.sinks {
            sink.observe(&stats, &status);
        }
        self.pass_on();
    }

    /// Gives the sinks what they asked for.
    fn answer_wishes(&mut self, now: Timestamp) {
        for (_, sink) in self.sinks.iter_mut().filter(|(_, sink)| sink.wants_snapshot()) {
            let mut known = self.pipeline.snapshot();
            known.extend(self.gap.map(Output::CoverageGap));
            sink.snapshot(known);
        }
        let is_wanted = self.sinks.iter().any(|(_, sink)| sink.wants_coverage());
        if is_wanted && now.since(self.covered) >= COVER {
            self.covered = now;
            let processes = self.pipeline.coverage();
            for (_, sink) in &mut self.sinks {
                sink.cover(&processes);
            }
        }
    }

    /// Gives the sinks what there is to say.
    pub fn pass_on(&mut self) {
        self.pipeline.take_outputs(&mut self.outputs);
        if self.outputs.is_empty() {
            return;
        }
        let outputs = self.outputs.make_contiguous();
        for (_, sink) in &mut self.sinks {
            sink.accept(outputs);
        }
        self.outputs.clear();
    }
}

fn feed(
    pipeline: &mut Pipeline,
    trace: &mut Option<TraceWriter<std::fs::File>>,
    failure: &mut Option<anyhow::Error>,
    input: Input<'_>,
) {
    if let Some(writer) = trace
        && let Err(error) = writer.write(&input)
    {
        *failure = Some(anyhow::Error::new(error).context("writing the trace"));
        *trace = None;
    }
    pipeline.handle_input(input);
}
