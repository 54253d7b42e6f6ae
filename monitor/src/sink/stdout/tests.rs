use std::io::{BufRead, BufReader, PipeReader, Read};
use std::os::unix::net::UnixStream;

use super::*;
use crate::sink::record_type::RecordType;
use crate::sink::sample;

fn outputs(count: usize) -> Vec<Output> {
    let exchange = sample::exchange(sample::ends(None, None));
    vec![Output::Exchange(exchange); count]
}

fn line_bytes() -> usize {
    let mut line = Vec::new();
    json::write_line(&outputs(1)[0], &mut line);
    line.len()
}

fn read_lines(from: PipeReader) -> Vec<String> {
    BufReader::new(from).lines().map(Result::unwrap).collect()
}

const LOSS: &str = r#"{"type":"loss""#;

#[test]
fn a_reader_that_keeps_up_gets_every_line() {
    let (reader, pipe) = io::pipe().unwrap();
    let mut sink = StdoutSink::new(pipe, RecordTypes::all(), QUEUE_BYTES).unwrap();
    let reading = thread::spawn(|| read_lines(reader));
    for _ in 0..100 {
        sink.accept(&outputs(10));
    }
    assert_eq!(sink.dropped(), 0);
    drop(sink);
    let lines = reading.join().unwrap();
    assert_eq!(lines.len(), 1001);
    assert!(lines[0].starts_with(r#"{"type":"header""#));
    assert!(lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn only_the_wanted_records_are_written() {
    let (reader, pipe) = io::pipe().unwrap();
    let wanted = [RecordType::Finding].into_iter().collect();
    let mut sink = StdoutSink::new(pipe, wanted, QUEUE_BYTES).unwrap();
    sink.accept(&outputs(3));
    drop(sink);
    assert_eq!(read_lines(reader).len(), 1);
}

#[test]
fn a_reader_that_is_stuck_costs_whole_lines_and_no_time() {
    let (reader, pipe) = io::pipe().unwrap();
    let mut sink = StdoutSink::new(pipe, RecordTypes::all(), 10 * line_bytes()).unwrap();
    let sent = 5_000;
    // Far more than the pipe and the queue hold; nobody reads until all is offered.
    for _ in 0..sent {
        sink.accept(&outputs(1));
    }
    let dropped = sink.dropped();
    assert!(dropped > 0, "the queue is bounded");
    let reading = thread::spawn(|| read_lines(reader));
    drop(sink);
    let lines = reading.join().unwrap();
    let losses: Vec<_> = lines.iter().filter(|line| line.starts_with(LOSS)).collect();
    assert_eq!((lines.len() - losses.len()) as u64 - 1 + dropped, sent);
    let said = losses.iter().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["stage"], &line["reason"]), (&"sink".into(), &"queue_full".into()));
        line["count"].as_u64().unwrap()
    });
    assert_eq!(said.sum::<u64>(), dropped);
    assert!(lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn a_batch_larger_than_the_queue_keeps_its_first_lines() {
    let lines = {
        let mut lines = Lines::default();
        outputs(5).iter().for_each(|output| lines.push(output));
        lines
    };
    let queue = LineQueue::new(Vec::new(), 3 * line_bytes() + 1);
    assert_eq!(queue.push(&lines), 2);
    assert_eq!(queue.push(&lines), 5);
    let taken = queue.take(Vec::new()).unwrap();
    assert_eq!(taken.len(), 3 * line_bytes());
    assert_eq!(queue.push(&lines), 5, "what is being written counts");
}

#[test]
fn a_closed_pipe_is_noted_and_every_line_is_counted_as_dropped() {
    let (reader, pipe) = io::pipe().unwrap();
    drop(reader);
    let mut sink = StdoutSink::new(pipe, RecordTypes::all(), QUEUE_BYTES).unwrap();
    // The header meets the closed pipe; the thread then ends by itself.
    sink.thread.take().unwrap().join().unwrap();
    assert!(sink.is_closed());
    sink.accept(&outputs(4));
    assert_eq!(sink.dropped(), 4);
}

#[test]
fn a_descriptor_that_another_program_made_non_blocking_is_waited_for() {
    let (mut reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let mut sink = StdoutSink::new(writer, RecordTypes::all(), QUEUE_BYTES).unwrap();
    let reading = thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text.lines().count()
    });
    for _ in 0..500 {
        sink.accept(&outputs(10));
    }
    drop(sink);
    assert_eq!(reading.join().unwrap(), 5001);
}
