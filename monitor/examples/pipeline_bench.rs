//! The speed of the pipeline alone: a recorded trace, from memory, again and again.
//!
//! `pipeline_bench TRACE [RUNS]` prints one line of JSON. Decoding is not timed, and
//! outputs are made and dropped. `pipeline_bench --hellos` tells how many TLS handshakes
//! it reads the hellos of.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use monitor::clock;
use monitor::pipeline::Pipeline;
use monitor::pipeline::input::{ConnectionEvent, Cookie, Datagram, Input, Loss, Record};
use monitor::pipeline::process::{Process, ProcessKey};
use monitor::pipeline::protocol::{Delivery, Session, Way};
use monitor::pipeline::settings::{Limits, Settings};
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
        [option] if option == "--hellos" => return Ok(hellos()),
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

/// The hellos of curl and of a server, recorded, in a new session each time.
fn hellos() -> serde_json::Value {
    const ROUNDS: u32 = 200_000;
    let parts = recorded(include_str!("../src/pipeline/protocol/tls/cases/curl_tls13.txt"));
    let limits = Limits::default();
    let mut told = 0u32;
    let started = clock::process_cpu();
    for _ in 0..ROUNDS {
        let mut session = Session::new(false);
        for (way, bytes) in &parts {
            session.feed(&limits, *way, Delivery::Bytes(bytes), Timestamp(1), &mut Vec::new());
        }
        told += u32::from(session.take_handshake().is_some());
    }
    let seconds = clock::process_cpu().saturating_sub(started).as_secs_f64();
    serde_json::json!({ "told": told, "hellos_per_second": f64::from(told) / seconds })
}

/// The first two parts of a recording: lines of hexadecimal digits, `>` for the client.
fn recorded(text: &str) -> Vec<(Way, Vec<u8>)> {
    let mut parts: Vec<(Way, Vec<u8>)> = Vec::new();
    for line in text.lines() {
        let way = match line.as_bytes().first() {
            Some(b'>') => Way::ToServer,
            Some(b'<') => Way::ToClient,
            _ => continue,
        };
        if parts.last().is_none_or(|(last, _)| *last != way) {
            parts.push((way, Vec::new()));
        }
        let digits = line.get(2..).unwrap_or_default().as_bytes().chunks(2);
        let bytes =
            digits.filter_map(|it| u8::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok());
        if let Some((_, part)) = parts.last_mut() {
            part.extend(bytes);
        }
    }
    parts.truncate(2);
    parts
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
    Findings(Vec<u8>),
    MemoryShort,
    Datagram(Datagram<'static>, usize),
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
            Input::Findings(bytes) => Stored::Findings(bytes),
            Input::MemoryShort => Stored::MemoryShort,
            Input::Datagram(datagram) => {
                self.payload.extend_from_slice(datagram.payload);
                let length = datagram.payload.len();
                let Datagram { time, netns, local, remote, direction, pid, .. } = datagram;
                let without = Datagram { time, netns, local, remote, direction, pid, payload: &[] };
                Stored::Datagram(without, length)
            }
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
            Self::Datagram(datagram, length) => {
                let mut datagram: Datagram<'a> = *datagram;
                datagram.payload = payload.split_off(..*length).unwrap_or_default();
                Input::Datagram(datagram)
            }
            Self::MemoryShort => Input::MemoryShort,
            Self::Connection(event) => Input::Connection(*event),
            Self::Owner(cookie, process) => Input::Owner { cookie: *cookie, process: *process },
            Self::Process(process) => Input::Process(Arc::clone(process)),
            Self::Loss(loss) => Input::Loss(*loss),
            Self::Settings(settings) => Input::Settings(Arc::clone(settings)),
            Self::Baseline(bytes) => Input::Baseline(bytes.clone()),
            Self::Findings(bytes) => Input::Findings(bytes.clone()),
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
