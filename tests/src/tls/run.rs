//! Commands that are run to their end.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use crate::{PATIENCE, Running, wait_for};

/// A command that has ended.
pub(super) struct Done {
    pub(super) is_good: bool,
    pub(super) pid: u32,
    pub(super) output: String,
    pub(super) errors: String,
}

/// Runs a command with this input to a good end, that has to come soon.
pub(super) fn finish(command: &mut Command, input: &str) -> Done {
    let done = end(command, input);
    assert!(done.is_good, "{command:?} failed: {}{}", done.output, done.errors);
    done
}

/// Runs a command with this input to an end, good or bad, that has to come soon.
pub(super) fn end(command: &mut Command, input: &str) -> Done {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Running::start(command);
    let pid = process.0.id();
    let output = gather(process.0.stdout.take().expect("a pipe"));
    let errors = gather(process.0.stderr.take().expect("a pipe"));
    // One that ended early has its reasons, and says them.
    let _ = process.0.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let status = wait_for(&format!("the end of {command:?}"), 2 * PATIENCE, || {
        process.0.try_wait().expect("a child")
    });
    Done { is_good: status.success(), pid, output: text(output), errors: text(errors) }
}

fn gather(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

fn text(gathered: JoinHandle<Vec<u8>>) -> String {
    String::from_utf8_lossy(&gathered.join().expect("no panic while gathering")).into_owned()
}
