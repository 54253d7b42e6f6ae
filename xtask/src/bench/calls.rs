//! What a system call costs a process that has no socket.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::parent_id;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::child::{Cpu, command};
use super::clock;
use super::samples::Samples;
use crate::process;

/// Calls that are timed as one.
const BATCH: u32 = 2_000;
/// Time for each of the two calls.
const DURATION: Duration = Duration::from_millis(250);

/// Nanoseconds a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Calls {
    /// `getppid`, the least that a call can do.
    pub(super) getppid: f64,
    /// `read` of 16 bytes of /dev/zero.
    pub(super) read: f64,
}

/// Measures in a process of its own.
pub(super) fn run() -> Result<Calls> {
    let mut caller = command(std::env::current_exe()?, Cpu::Load);
    let text = process::output(caller.args(["bench", "--part", "caller"]))?;
    let value: Value = serde_json::from_str(&text).context("reading what the caller measured")?;
    let field = |name: &str| value[name].as_f64().with_context(|| format!("no {name} in {text}"));
    Ok(Calls { getppid: field("getppid")?, read: field("read")? })
}

/// That process; what it prints.
pub(super) fn caller() -> Result<Value> {
    let getppid = nanoseconds(|| {
        std::hint::black_box(parent_id());
        Ok(())
    })?;
    let mut zero = File::open("/dev/zero")?;
    let mut bytes = [0; 16];
    let read = nanoseconds(|| Ok(zero.read_exact(&mut bytes)?))?;
    Ok(json!({ "getppid": getppid, "read": read }))
}

/// The median of batches, since interruptions make a mean meaningless.
fn nanoseconds(mut call: impl FnMut() -> Result<()>) -> Result<Option<f64>> {
    let until = clock::now() + DURATION;
    let mut batches = Vec::new();
    let mut before = clock::now();
    while before < until {
        for _ in 0..BATCH {
            call()?;
        }
        let after = clock::now();
        batches.push((after - before).as_nanos() as f64 / f64::from(BATCH));
        before = after;
    }
    Ok(Samples::new(batches).median())
}
