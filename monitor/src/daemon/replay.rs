//! `apiwatch replay`: a trace through the pipeline; the same outputs as when it was
//! recorded, byte for byte, without a kernel.

use std::io::{self, stdout};
use std::sync::Arc;

use crate::cli::{Exit, ReplayArgs};
use crate::pipeline::Pipeline;
use crate::pipeline::input::Input;
use crate::pipeline::output::Output;
use crate::pipeline::settings::Settings;
use crate::sink::blocking::BlockingWriter;
use crate::trace::{TraceError, TraceReader};

/// Outputs that are gathered before they are written.
const BATCH: usize = 1024;

/// Replays a trace to standard output. Settings of its own take the place of those
/// that were in force when the trace was recorded.
///
/// # Errors
/// When the file is no trace or is damaged; what was good before that is printed.
pub fn run(args: &ReplayArgs, settings: Option<Settings>) -> anyhow::Result<Exit> {
    let settings = settings.map(Arc::new);
    let mut reader = TraceReader::open(&args.trace)?;
    let mut writer = BlockingWriter::new(stdout(), args.output.print.iter().copied().collect());
    let mut outputs = Vec::new();
    let mut closed = None;
    let result = drive(&mut reader, settings.as_ref(), &mut |pipeline| {
        while let Some(output) = pipeline.poll_output() {
            outputs.push(output);
        }
        if outputs.len() >= BATCH {
            closed = flush(&mut writer, &mut outputs).err();
        }
        closed.is_none()
    });
    if closed.is_none() {
        closed = flush(&mut writer, &mut outputs).err();
    }
    match closed {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => result?,
    }
    Ok(Exit::Success)
}

/// Drives a pipeline with the inputs of a trace; `after_each` says whether to go on.
/// The pipeline is finished also where the trace is damaged.
///
/// # Errors
/// Where the trace is damaged.
pub fn drive(
    reader: &mut TraceReader,
    settings: Option<&Arc<Settings>>,
    after_each: &mut dyn FnMut(&mut Pipeline) -> bool,
) -> Result<(), TraceError> {
    let mut pipeline = Pipeline::new(settings.cloned().unwrap_or_default());
    let result = loop {
        match reader.next() {
            Ok(Some(Input::Settings(_))) if settings.is_some() => continue,
            Ok(Some(input)) => pipeline.handle_input(input),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        if !after_each(&mut pipeline) {
            return Ok(());
        }
    };
    pipeline.finish();
    after_each(&mut pipeline);
    result
}

fn flush(writer: &mut BlockingWriter<io::Stdout>, outputs: &mut Vec<Output>) -> io::Result<()> {
    writer.write(outputs)?;
    outputs.clear();
    writer.flush()
}
