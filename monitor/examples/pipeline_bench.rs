//! The speed of the pipeline alone: a recorded trace, from memory, again and again.
//!
//! `pipeline_bench TRACE [RUNS]` prints one line of JSON. Decoding is not timed, and
//! outputs are made and dropped.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use monitor::clock;
use monitor::pipeline::Pipeline;
use monitor::pipeline::input::{ConnectionEvent, Cookie, Input, Loss, Record};
use monitor::pipeline::process::{Process, ProcessKey};
use monitor::pipeline::settings::Settings;
use monitor::pipeline::time::{Timestamp, WallOffset};
use monitor::trace::TraceReader;

/// Runs unless the command line says otherwise.
const RUNS: usize = 10;

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            #[expect(clippy::print_stdout, reason = "the figures are what it is for")]
            {
                println!("{line}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("pipeline_bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<serde_json::Value> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (trace, runs) = match arguments.as_slice() {
        [trace] => (trace, RUNS),
        [trace, runs] => (trace, runs.parse().context("RUNS is a number")?),
        _ => bail!("usage: pipeline_bench TRACE [RUNS]"),
    };
    let trace = Trace::read(Path::new(trace))?;
    // The first run warms caches and the allocator, and counts.
    let (_, exchanges) = trace.drive();
    ensure!(exchanges > 0 && runs > 0, "nothing to measure: {exchanges} exchanges, {runs} runs");
    let mut times: Vec<Duration> = (0..runs).map(|_| trace.drive().0).collect();
    times.sort_unstable();
    let median = times.get(runs / 2).context("a run was made")?.as_secs_f64();
    let best = times.first().context("a run was made")?.as_secs_f64();
    Ok(serde_json::json!({
        "inputs": trace.inputs.len(),
        "records": trace.records,
        "payload_bytes": trace.payload.len(),
        "exchanges": exchanges,
        "runs": runs,
        "median_seconds": median,
        "best_seconds": best,
        "exchanges_per_second": exchanges as f64 / median,
        "megabytes_per_second": trace.payload.len() as f64 / 1e6 / median,
    }))
}

/// Decoded inputs; their payload lies in the order in which it is read.
#[derive(Default)]
struct Trace {
    inputs: Vec<Stored>,
    payload: Vec<u8>,
    records: u64,
}

/// An [`Input`] that can be given more than once.
enum Stored {
    /// The record without its payload, and how much payload comes next.
    Record(Record<'static>, usize),
    Connection(ConnectionEvent),
    Owner(Cookie, ProcessKey),
    Process(Arc<Process>),
    Loss(Loss),
    Settings(Arc<Settings>),
    Baseline(Vec<u8>),
    Tick(Timestamp, WallOffset),
}

impl Trace {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let mut reader = TraceReader::open(path)?;
        let mut trace = Self::default();
        while let Some(input) = reader.next()? {
            let stored = trace.store(input);
            trace.inputs.push(stored);
        }
        Ok(trace)
    }

    fn store(&mut self, input: Input<'_>) -> Stored {
        match input {
            Input::Record(record) => {
                self.records += 1;
                self.payload.extend_from_slice(record.payload);
                Stored::Record(without_payload(&record), record.payload.len())
            }
            Input::Connection(event) => Stored::Connection(event),
            Input::Owner { cookie, process } => Stored::Owner(cookie, process),
            Input::Process(process) => Stored::Process(process),
            Input::Loss(loss) => Stored::Loss(loss),
            Input::Settings(settings) => Stored::Settings(settings),
            Input::Baseline(bytes) => Stored::Baseline(bytes),
            Input::Tick { time, wall_offset } => Stored::Tick(time, wall_offset),
        }
    }

    /// Drives a new pipeline over everything; the time that took, and its exchanges.
    fn drive(&self) -> (Duration, u64) {
        let started = clock::process_cpu();
        let mut pipeline = Pipeline::new(Arc::default());
        let mut payload = self.payload.as_slice();
        for stored in &self.inputs {
            pipeline.handle_input(stored.lend(&mut payload));
            while pipeline.poll_output().is_some() {}
        }
        pipeline.finish();
        while pipeline.poll_output().is_some() {}
        let exchanges = pipeline.stats().exchanges;
        drop(pipeline);
        (clock::process_cpu().saturating_sub(started), exchanges)
    }
}

impl Stored {
    /// The input; a record takes its payload from the front.
    fn lend<'a>(&self, payload: &mut &'a [u8]) -> Input<'a> {
        match self {
            Self::Record(record, length) => {
                let mut record: Record<'a> = *record;
                record.payload = payload.split_off(..*length).unwrap_or_default();
                Input::Record(record)
            }
            Self::Connection(event) => Input::Connection(*event),
            Self::Owner(cookie, process) => Input::Owner { cookie: *cookie, process: *process },
            Self::Process(process) => Input::Process(Arc::clone(process)),
            Self::Loss(loss) => Input::Loss(*loss),
            Self::Settings(settings) => Input::Settings(Arc::clone(settings)),
            Self::Baseline(bytes) => Input::Baseline(bytes.clone()),
            Self::Tick(time, wall_offset) => Input::Tick { time: *time, wall_offset: *wall_offset },
        }
    }
}

fn without_payload(record: &Record<'_>) -> Record<'static> {
    Record {
        cookie: record.cookie,
        direction: record.direction,
        source: record.source,
        time: record.time,
        offset: record.offset,
        length: record.length,
        tcp_sequence: record.tcp_sequence,
        sequence: record.sequence,
        pid: record.pid,
        uncaptured: record.uncaptured,
        payload: &[],
    }
}
