//! Captures through the reader and the pipeline: files in, records out.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::*;
use crate::pipeline::Pipeline;
use crate::pipeline::input::Source;
use crate::pipeline::output::{ConnectionEventKind, ConnectionReport, Exchange, Output};
use crate::pipeline::settings::{Limits, Settings};

/// Packets and files.
mod build;
/// Segments and what comes of them.
mod cases;
/// Files in both formats, whole and damaged.
mod files;
/// Headers, against another parser of them.
mod oracle;
/// What holds for any order, loss and repetition.
mod properties;

/// What a capture gave.
pub(super) struct Ran {
    pub(super) outputs: Vec<Output>,
    pub(super) counts: PcapCounts,
    pub(super) error: Option<PcapError>,
}

/// Replays a capture, and checks what holds for each.
pub(super) fn run_within(file: &[u8], limits: &Limits) -> Ran {
    let settings = Settings { limits: limits.clone(), ..Settings::default() };
    let mut pipeline = Pipeline::new(Arc::new(settings));
    let mut ran = Ran { outputs: Vec::new(), counts: PcapCounts::default(), error: None };
    let mut reader = match PcapReader::new(file, "test.pcap".into(), limits) {
        Ok(reader) => reader,
        Err(error) => return Ran { error: Some(error), ..ran },
    };
    loop {
        let flow = reader.advance(&mut |input| pipeline.handle_input(input));
        ran.outputs.extend(std::iter::from_fn(|| pipeline.poll_output()));
        match flow {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => break,
            Err(error) => {
                ran.error = Some(error);
                break;
            }
        }
    }
    assert!(matches!(reader.advance(&mut |_| panic!("over")), Ok(ControlFlow::Break(()))));
    assert_eq!(pipeline.stats().connections_tracked, 0, "every connection was ended");
    let stats = pipeline.stats();
    let uncaptured: u64 = stats.uncaptured_bytes.values().sum();
    assert_eq!(stats.moved_bytes, stats.captured_bytes + uncaptured);
    assert_eq!(stats.connections_evicted, 0, "the reader makes room before the pipeline must");
    ran.counts = reader.counts();
    assert_eq!(reader.packets.room(), 0, "nothing waits");
    ran
}

pub(super) fn run(file: &[u8]) -> Ran {
    run_within(file, &Limits::default())
}

impl Ran {
    pub(super) fn exchanges(&self) -> Vec<&Exchange> {
        let mut exchanges = Vec::new();
        for output in &self.outputs {
            if let Output::Exchange(exchange) = output {
                exchanges.push(exchange);
            }
        }
        exchanges
    }

    pub(super) fn closes(&self) -> Vec<&ConnectionReport> {
        let mut closes = Vec::new();
        for output in &self.outputs {
            if let Output::Connection(report) = output
                && report.event == ConnectionEventKind::Close
            {
                closes.push(report);
            }
        }
        closes
    }

    /// A line for each exchange and each end of a connection.
    pub(super) fn lines(&self) -> Vec<String> {
        self.outputs.iter().filter_map(line_of).collect()
    }
}

fn line_of(output: &Output) -> Option<String> {
    let mut line = String::new();
    match output {
        Output::Exchange(exchange) => {
            assert_eq!(exchange.source, Source::Pcap);
            match &exchange.request {
                Some(it) => write!(line, "{} {}", it.method.as_str(), it.path).ok()?,
                None => line.push('-'),
            }
            match &exchange.response {
                Some(it) => {
                    let status = it.status.unwrap_or_default();
                    write!(line, " > {status} {}", it.body_bytes).ok()?;
                }
                None => line.push_str(" > -"),
            }
            if !exchange.is_complete() {
                line.push_str(" incomplete");
            }
            for anomaly in &exchange.anomalies {
                write!(line, " {}", anomaly.name()).ok()?;
            }
        }
        Output::Connection(report) if report.event == ConnectionEventKind::Close => {
            let (bytes, captured) = (report.bytes, report.captured);
            write!(line, "end {}/{}", captured.to_server, bytes.to_server).ok()?;
            write!(line, " {}/{}", captured.to_client, bytes.to_client).ok()?;
            for (reason, bytes) in &report.uncaptured {
                write!(line, " {reason:?}={bytes}").ok()?;
            }
            if report.midstream {
                line.push_str(" midstream");
            }
            assert_eq!(report.lost_records, 0);
            for anomaly in &report.anomalies {
                write!(line, " {}", anomaly.name()).ok()?;
            }
        }
        _ => return None,
    }
    Some(line)
}
