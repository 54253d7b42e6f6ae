//! The pipeline alone, on a trace that was recorded here.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use super::child::{Child, Cpu, command};
use super::clock;
use super::load::{self, Request};
use super::site::{PATIENCE, Site};
use crate::process;

/// The speed of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Speed {
    /// Exchanges in the trace.
    pub(super) exchanges: f64,
    /// Exchanges in a second of processor time.
    pub(super) exchanges_per_second: f64,
    /// Megabytes of payload in a second of processor time.
    pub(super) megabytes_per_second: f64,
}

/// Records under load, then drives the pipeline from memory, on one processor.
pub(super) fn run(site: &Site, request: Request, seconds: u32, runs: u32) -> Result<Speed> {
    let trace = site.file("bench.apiwatch-trace");
    let log = site.file("tool.err");
    let mut record = command(&site.apiwatch, Cpu::Any);
    record.args(["record", "--print", "finding", "--out"]).arg(&trace);
    let recorder = Child::start(record.stdout(Stdio::null()).stderr(File::create(&log)?))?;
    let is_ready = || fs::read_to_string(&log).is_ok_and(|it| it.contains("Recording"));
    clock::wait_for(PATIENCE, || is_ready().then_some(())).context("no recording was started")?;
    load::run(site, request, seconds)?;
    recorder.settle();
    recorder.stop()?;

    let mut pipeline = command(&site.pipeline, Cpu::Server);
    let said = said(pipeline.arg(&trace).arg(runs.to_string()));
    let _ = fs::remove_file(&trace);
    let said = said?;
    Ok(Speed {
        exchanges: field(&said, "exchanges")?,
        exchanges_per_second: field(&said, "exchanges_per_second")?,
        megabytes_per_second: field(&said, "megabytes_per_second")?,
    })
}

/// Handshakes a second of which both hellos are read, on one processor.
pub(super) fn hellos(site: &Site) -> Result<f64> {
    let mut pipeline = command(&site.pipeline, Cpu::Server);
    field(&said(pipeline.arg("--hellos"))?, "hellos_per_second")
}

fn said(pipeline: &mut Command) -> Result<Value> {
    let text = process::output(pipeline)?;
    serde_json::from_str(&text).context("reading the speed of the pipeline")
}

fn field(said: &Value, name: &str) -> Result<f64> {
    said[name].as_f64().with_context(|| format!("no {name} in {said}"))
}
