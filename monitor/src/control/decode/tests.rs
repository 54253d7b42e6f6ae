use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::control::status::write_status;
use crate::pcap::PcapReader;
use crate::pipeline::Pipeline;
use crate::pipeline::finding::{Severity, State};
use crate::pipeline::output::{
    Anomaly, Auth, ConnectionId, CoverageGap, Encryption, Ends, Exchange, Grpc, Method, NameSource,
    PerDirection, Progress, TlsReport, UNKNOWN_PATH, WebSocket,
};
use crate::pipeline::protocol::tests::handshakes;
use crate::pipeline::settings::{Limits, Settings};
use crate::sink::json::{SCHEMA, write_header, write_line};
use crate::sink::record_type::RecordType;
use crate::sink::sample;
use crate::trace::TraceReader;

/// Outputs and statuses at random.
mod generated;
/// Lines that are refused, unknown or of another version.
mod hostile;

/// Lines for the fuzzer, one of each kind.
pub(crate) fn lines() -> Vec<Vec<u8>> {
    let mut lines: Vec<_> =
        samples().iter().take(24).map(|output| written(output).into_bytes()).collect();
    let mut status = Vec::new();
    write_status(&generated::status(), &mut status);
    lines.push(status);
    lines
}

/// An output as it is written.
fn written(output: &Output) -> String {
    let mut to = Vec::new();
    write_line(output, &mut to);
    String::from_utf8(to).unwrap()
}

/// The output that a line is.
fn output_of(decoder: &mut Decoder, line: &str) -> Output {
    match decoder.line(line) {
        Ok(Message::Output(output)) => *output,
        other => panic!("{other:?}: {line}"),
    }
}

/// What is read back is written as it was.
fn assert_is_kept(decoder: &mut Decoder, output: &Output) {
    let line = written(output);
    assert_eq!(written(&output_of(decoder, &line)), line);
}

fn curl_to_remote() -> Arc<Ends> {
    sample::ends(Some(sample::process("/usr/bin/curl")), None)
}

/// Every sample of the tests of what is written, and what they vary.
fn samples() -> Vec<Output> {
    let ends = curl_to_remote();
    let exchange = sample::exchange(Arc::clone(&ends));
    let mut outputs = vec![
        Output::Exchange(exchange.clone()),
        Output::Connection(sample::connection(Arc::clone(&ends))),
        Output::Finding(sample::finding(0xfeed, Severity::Critical, State::Open)),
        Output::Loss(sample::loss()),
        Output::CoverageGap(sample::gap()),
        Output::CoverageGap(CoverageGap { duration: None, ..sample::gap() }),
    ];
    outputs.extend(variants(&exchange).map(Output::Exchange));
    outputs.extend(handshakes().into_iter().map(|handshake| {
        Output::Tls(Box::new(TlsReport {
            connection: ConnectionId(u64::MAX),
            time: sample::TIME,
            ends: Arc::clone(&ends),
            handshake: Arc::new(handshake),
        }))
    }));
    outputs
}

/// Exchanges that lack something or have something more.
fn variants(exchange: &Exchange) -> impl Iterator<Item = Exchange> {
    let changes: [fn(&mut Exchange); 12] = [
        |it| it.request = None,
        |it| it.response = None,
        |it| (it.duration, it.ttfb) = (None, None),
        |it| it.progress = Progress::Open,
        |it| it.progress = Progress::StillOpen,
        |it| it.progress = Progress::Closed,
        |it| it.route = Some("/v1/accounts/{id}".into()),
        |it| it.stream = Some(u32::MAX),
        |it| it.anomalies = Anomaly::ALL.to_vec(),
        |it| it.ends = sample::ends(None, Some(sample::process("\x1b]0;x\x07\",\"\u{202e}\n\0"))),
        |it| {
            let request = it.request.as_mut().unwrap();
            request.method = Method::Other("?".into());
            request.path = UNKNOWN_PATH.into();
        },
        |it| {
            it.request.as_mut().unwrap().method = Method::Unknown;
            it.websocket = Some(Box::new(WebSocket::default()));
            it.grpc = Some(Box::new(Grpc {
                service: None,
                method: Some("Get".into()),
                status: Some(u32::MAX),
                messages: PerDirection::default(),
                message_bytes: PerDirection::default(),
            }));
        },
    ];
    changes.into_iter().map(|change| {
        let mut exchange = exchange.clone();
        change(&mut exchange);
        exchange
    })
}

/// What the pipeline says of the captures and traces of the tests.
fn replayed() -> Vec<Output> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = PathBuf::from("test");
    let limits = Limits::default();
    let mut outputs = Vec::new();
    for file in fs::read_dir(root.join("src/pcap/cases")).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        let mut reader = PcapReader::new(&*bytes, name.clone(), &limits).unwrap();
        let mut pipeline = Pipeline::new(Arc::new(Settings::default()));
        while reader
            .advance(&mut |input| pipeline.handle_input(input))
            .is_ok_and(|flow| flow.is_continue())
        {}
        finish(pipeline, &mut outputs);
    }
    let trace = fs::read(root.join("../tests/data/trace/v2.apiwatch-trace")).unwrap();
    let mut reader = TraceReader::new(&*trace, name).unwrap();
    let mut pipeline = Pipeline::new(Arc::new(Settings::default()));
    while let Ok(Some(input)) = reader.next() {
        pipeline.handle_input(input);
    }
    finish(pipeline, &mut outputs);
    outputs
}

fn finish(mut pipeline: Pipeline, outputs: &mut Vec<Output>) {
    pipeline.finish();
    outputs.extend(std::iter::from_fn(|| pipeline.poll_output()));
}

#[test]
fn what_is_written_is_read_back() {
    let mut decoder = Decoder::default();
    for output in samples().iter().chain(&replayed()) {
        assert_is_kept(&mut decoder, output);
    }
}

#[test]
fn replays_have_records_of_most_types() {
    let mut kinds: Vec<_> = replayed().iter().map(RecordType::of).collect();
    kinds.sort();
    kinds.dedup();
    assert!(kinds.len() >= 4, "{kinds:?}");
}

#[test]
fn the_header_is_read_back() {
    let mut to = Vec::new();
    write_header(&mut to);
    let line = String::from_utf8(to).unwrap();
    let header = Header {
        schema: SCHEMA,
        product: "apiwatch".into(),
        version: env!("CARGO_PKG_VERSION").into(),
    };
    assert_eq!(Decoder::default().line(&line), Ok(Message::Header(header)));
}

#[test]
fn notices_are_read_back() {
    for notice in [
        Notice::SnapshotEnd,
        Notice::Done { restart: Vec::new() },
        Notice::Done { restart: vec!["metrics.listen".into()] },
        Notice::Dropped { records: u64::MAX, reason: DropReason::Slow },
        Notice::Dropped { records: 1, reason: DropReason::Rate },
        Notice::Error { message: "a \"quoted\" word\n".into(), column: Some(7) },
        Notice::Error { message: String::new(), column: None },
    ] {
        let line = serde_json::to_string(&notice).unwrap();
        assert_eq!(Decoder::default().line(&line), Ok(Message::Notice(notice)), "{line}");
    }
}

#[test]
fn a_status_is_the_documented_line() {
    let mut to = Vec::new();
    write_status(&generated::status(), &mut to);
    let line = String::from_utf8(to).unwrap();
    insta::assert_snapshot!(line);
    let status = Message::Status(Box::new(generated::status()));
    assert_eq!(Decoder::default().line(&line), Ok(status));
}

#[test]
fn lines_of_one_connection_share_their_ends() {
    let mut decoder = Decoder::default();
    let exchange = Output::Exchange(sample::exchange(curl_to_remote()));
    let connection = Output::Connection(sample::connection(curl_to_remote()));
    let exchange_of = |decoder: &mut Decoder| match output_of(decoder, &written(&exchange)) {
        Output::Exchange(exchange) => exchange,
        other => panic!("{other:?}"),
    };
    let first = exchange_of(&mut decoder);
    let second = exchange_of(&mut decoder);
    let Output::Connection(report) = output_of(&mut decoder, &written(&connection)) else {
        panic!("a connection was written");
    };
    assert!(Arc::ptr_eq(&first.ends, &second.ends));
    assert!(Arc::ptr_eq(&first.ends, &report.ends));
    let host = |exchange: &Exchange| exchange.request.as_ref().unwrap().host.clone().unwrap();
    assert!(Arc::ptr_eq(&host(&first), &host(&second)));
    let mut other = (*curl_to_remote()).clone();
    other.client.address.port += 1;
    let other = Output::Exchange(sample::exchange(Arc::new(other)));
    let Output::Exchange(other) = output_of(&mut decoder, &written(&other)) else {
        panic!("an exchange was written");
    };
    let process = |exchange: &Exchange| exchange.ends.client.process.clone().unwrap();
    assert!(!Arc::ptr_eq(&first.ends, &other.ends));
    assert!(Arc::ptr_eq(&process(&first), &process(&other)));
}
