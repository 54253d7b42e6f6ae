//! `apiwatch replay`: a trace, or a capture of another program, through the pipeline,
//! without a kernel. A trace gives the same outputs as when it was recorded, byte for byte.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufReader, Chain, Cursor, Read, Write, stdout};
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};

use super::progress::{Destination, Progress};
use crate::cli::{Exit, ReplayArgs};
use crate::pcap::{PcapReader, is_pcap};
use crate::pipeline::Pipeline;
use crate::pipeline::input::Input;
use crate::pipeline::output::Output;
use crate::pipeline::settings::Settings;
use crate::sink::blocking::BlockingWriter;
use crate::trace::{TraceReader, is_trace};

/// Outputs that are gathered before they are written.
const BATCH: usize = 1024;
/// First bytes of a file by which its format is told.
const MAGIC_BYTES: u64 = 8;

/// Bytes of a trace that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// A file that can be replayed.
pub enum Recording {
    /// What apiwatch recorded.
    Trace(Box<TraceReader<BufReader<Bytes>>>),
    /// What another program captured.
    Pcap(Box<PcapReader<Bytes>>),
}

/// A file whose first bytes were looked at; it may be a pipe, which cannot be read again.
type Bytes = Chain<Cursor<Vec<u8>>, File>;

/// Replays a file to standard output or to another file. Settings of its own take the
/// place of those that were in force when a trace was recorded.
///
/// # Errors
/// When the file is neither trace nor capture, or is damaged; what was good before that
/// is printed.
pub fn run(args: &ReplayArgs, settings: Option<Settings>) -> anyhow::Result<Exit> {
    let settings = settings.map(Arc::new);
    let file = open_file(&args.trace)?;
    let to_stdout = args.out == Path::new("-");
    let destination = if to_stdout { Destination::Stdout } else { Destination::File };
    let mut progress = if args.no_progress { None } else { Progress::of(&file, destination) };
    let input = file.metadata().ok();
    let mut recording = Recording::read(file, &args.trace, settings.as_deref())?;
    let to: Box<dyn Write> =
        if to_stdout { Box::new(stdout()) } else { Box::new(create(&args.out, input)?) };
    let mut writer = BlockingWriter::new(to, args.output.print.iter().copied().collect());
    let mut outputs = Vec::new();
    let mut closed = None;
    let result = recording.drive(settings.as_ref(), &mut |pipeline, _| {
        if let Some(progress) = &mut progress {
            progress.advance();
        }
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
    drop(progress);
    if let Recording::Pcap(reader) = &recording {
        tracing::info!(read = %reader.counts(), "The capture was read.");
    }
    match closed {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let to =
                if to_stdout { "standard output".to_owned() } else { format!("{:?}", args.out) };
            return Err(error).with_context(|| format!("cannot write to {to}"));
        }
        _ => result?,
    }
    Ok(Exit::Success)
}

/// Opens a file to read; a directory opens too, and is refused here.
fn open_file(path: &Path) -> anyhow::Result<File> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            bail!("cannot open {path:?}: {error}; run it with sudo, or as the owner of the file")
        }
        opened => opened.with_context(|| format!("cannot open {path:?}"))?,
    };
    ensure!(
        !file.metadata().is_ok_and(|it| it.is_dir()),
        "cannot read {path:?}: it is a directory"
    );
    Ok(file)
}

/// Makes the file for the records, or empties it; never the one that is read.
fn create(path: &Path, input: Option<Metadata>) -> anyhow::Result<File> {
    let identity = |it: Metadata| (it.dev(), it.ino());
    let existing = std::fs::metadata(path).ok().map(identity);
    ensure!(
        existing.is_none() || existing != input.map(identity),
        "cannot write to {path:?}: it is the file to read; choose another name"
    );
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).with_context(|| format!("cannot write to {path:?}"))
}

impl Recording {
    /// Opens a file of any format that can be replayed, told by how it begins.
    ///
    /// # Errors
    /// When it cannot be opened, or is none of these.
    pub fn open(path: &Path, settings: Option<&Settings>) -> anyhow::Result<Self> {
        Self::read(open_file(path)?, path, settings)
    }

    /// Reads an open file from where it stands; `path` is what errors name it by.
    fn read(mut file: File, path: &Path, settings: Option<&Settings>) -> anyhow::Result<Self> {
        let mut first = Vec::new();
        Read::by_ref(&mut file)
            .take(MAGIC_BYTES)
            .read_to_end(&mut first)
            .with_context(|| format!("cannot read {path:?}"))?;
        let kind = first.clone();
        let bytes = Cursor::new(first).chain(file);
        if is_trace(&kind) {
            let bytes = BufReader::with_capacity(BUFFER_BYTES, bytes);
            return Ok(Self::Trace(Box::new(TraceReader::new(bytes, path.to_owned())?)));
        }
        if is_pcap(&kind) {
            let limits = settings.map(|settings| settings.limits.clone()).unwrap_or_default();
            return Ok(Self::Pcap(Box::new(PcapReader::new(bytes, path.to_owned(), &limits)?)));
        }
        let hint = match *kind {
            [0x1f, 0x8b, ..] => "; it is compressed with gzip: unpack it first",
            [0x28, 0xb5, 0x2f, 0xfd, ..] => "; it is compressed with zstd: unpack it first",
            [0xfd, b'7', b'z', b'X', b'Z', ..] => "; it is compressed with xz: unpack it first",
            _ => "",
        };
        bail!("{path:?} is neither a trace of apiwatch nor a pcap or pcapng file{hint}")
    }

    /// Drives a new pipeline with the inputs of the file; `after_each` is told how many
    /// bytes of it were read, and says whether to go on. The pipeline is finished also where
    /// the file is damaged.
    ///
    /// # Errors
    /// Where the file is damaged.
    pub fn drive(
        &mut self,
        settings: Option<&Arc<Settings>>,
        after_each: &mut dyn FnMut(&mut Pipeline, u64) -> bool,
    ) -> anyhow::Result<()> {
        let mut pipeline = Pipeline::new(settings.cloned().unwrap_or_default());
        self.drive_into(&mut pipeline, settings, after_each)
    }

    /// [`Self::drive`] with a pipeline of the caller's.
    ///
    /// # Errors
    /// Where the file is damaged.
    pub fn drive_into(
        &mut self,
        pipeline: &mut Pipeline,
        settings: Option<&Arc<Settings>>,
        after_each: &mut dyn FnMut(&mut Pipeline, u64) -> bool,
    ) -> anyhow::Result<()> {
        let result = loop {
            match self.advance(pipeline, settings) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break Ok(()),
                Err(error) => break Err(error),
            }
            if !after_each(pipeline, self.read_bytes()) {
                return Ok(());
            }
        };
        pipeline.finish();
        after_each(pipeline, self.read_bytes());
        result
    }

    const fn read_bytes(&self) -> u64 {
        match self {
            Self::Trace(reader) => reader.read_bytes(),
            Self::Pcap(reader) => reader.read_bytes(),
        }
    }

    /// Gives the pipeline what comes next, but for the settings of a trace where there are
    /// others.
    fn advance(
        &mut self,
        pipeline: &mut Pipeline,
        settings: Option<&Arc<Settings>>,
    ) -> anyhow::Result<ControlFlow<()>> {
        match self {
            Self::Pcap(reader) => Ok(reader.advance(&mut |input| pipeline.handle_input(input))?),
            Self::Trace(reader) => match reader.next()? {
                Some(Input::Settings(_)) if settings.is_some() => Ok(ControlFlow::Continue(())),
                Some(input) => {
                    pipeline.handle_input(input);
                    Ok(ControlFlow::Continue(()))
                }
                None => Ok(ControlFlow::Break(())),
            },
        }
    }
}

fn flush(writer: &mut BlockingWriter<Box<dyn Write>>, outputs: &mut Vec<Output>) -> io::Result<()> {
    writer.write(outputs)?;
    outputs.clear();
    writer.flush()
}
