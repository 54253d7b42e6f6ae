use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::pipeline::finding::{Finding, State};
use crate::pipeline::output::Output;
use crate::pipeline::settings::{AllowRule, Settings};
use crate::pipeline::stored::HEADER_BYTES;
use crate::pipeline::time::{Timestamp, WallOffset};
use crate::trace::TraceReader;

const TRACE: &[u8] = include_bytes!("../../../../tests/data/trace/bank.apiwatch-trace");

/// A pipeline that has seen a recording with several findings, and the last tick of it.
fn after_recording() -> (Pipeline, Input<'static>) {
    let mut pipeline = Pipeline::new(Arc::default());
    let mut reader = TraceReader::new(TRACE, Path::new("bank").to_owned()).unwrap();
    let mut last = (Timestamp(0), WallOffset(0));
    while let Some(input) = reader.next().unwrap() {
        if let Input::Tick { time, wall_offset } = input {
            last = (time, wall_offset);
        }
        pipeline.handle_input(input);
    }
    let (time, wall_offset) = last;
    (pipeline, Input::Tick { time, wall_offset })
}

/// What is in the envelopes that a recording leaves.
pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let (pipeline, _) = after_recording();
    let sealed = [pipeline.baseline_bytes(), pipeline.findings_bytes()];
    sealed.map(|bytes| bytes[HEADER_BYTES..].to_vec()).into()
}

/// A pipeline that begins when another ended, with what that left.
fn taken_up(settings: Settings, tick: Input<'static>, findings: Vec<u8>) -> Pipeline {
    let mut pipeline = Pipeline::new(Arc::new(settings));
    pipeline.handle_input(tick);
    pipeline.handle_input(Input::Findings(findings));
    pipeline
}

fn findings(outputs: impl Iterator<Item = Output>) -> Vec<Finding> {
    let finding = |output| if let Output::Finding(finding) = output { Some(finding) } else { None };
    outputs.filter_map(finding).collect()
}

fn said(pipeline: &mut Pipeline) -> Vec<Finding> {
    findings(std::iter::from_fn(|| pipeline.poll_output()))
}

#[test]
fn findings_that_were_open_are_open_after_a_restart_and_are_said_as_known() {
    let (before, tick) = after_recording();
    let open = findings(before.snapshot().into_iter());
    assert!(open.len() > 3, "{open:?}");
    let mut after = taken_up(Settings::default(), tick, before.findings_bytes());
    assert_eq!(after.refusal(), None);
    let known: Vec<_> =
        open.iter().map(|it| Finding { state: State::Updated, ..it.clone() }).collect();
    assert_eq!(said(&mut after), known);
    assert_eq!(findings(after.snapshot().into_iter()), open, "who comes late is told");
    assert_eq!(after.stats().findings_open, open.len() as u64);
    // And after another one.
    assert_eq!(after.findings_bytes(), before.findings_bytes());
}

#[test]
fn what_settings_allow_since_is_resolved() {
    let (before, tick) = after_recording();
    let count = before.stats().findings_open;
    let allow = vec![AllowRule::default()];
    let policy = Settings { allow, ..Settings::default() };
    let mut after = taken_up(policy, tick, before.findings_bytes());
    let said = said(&mut after);
    let resolved = said.iter().filter(|it| it.state == State::Resolved);
    assert!(resolved.clone().all(|it| it.evidence.last().unwrap().1 == "policy changed"));
    let left = after.stats().findings_open;
    assert_eq!((left + resolved.count() as u64, said.len() as u64), (count, 2 * count - left));
    assert!(left > 0 && left < count, "{left} of {count}");
}

#[test]
fn what_is_of_no_use_is_refused_with_the_reason_and_harms_nothing() {
    let (mut pipeline, _) = after_recording();
    let (open, bytes) = (pipeline.stats().findings_open, pipeline.findings_bytes());
    for input in [Input::Baseline, Input::Findings] {
        pipeline.handle_input(input(b"\x1b[2J".to_vec()));
        let refusal = pipeline.refusal().expect("a refusal").to_string();
        assert!(refusal.contains("it is something else"), "{refusal}");
        assert_eq!((pipeline.stats().findings_open, &pipeline.findings_bytes()), (open, &bytes));
    }
    pipeline.handle_input(Input::Findings(bytes));
    assert_eq!(pipeline.refusal(), None);
    assert_eq!(pipeline.stats().findings_open, open, "what is open stays as it is");
}
