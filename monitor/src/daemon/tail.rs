//! `apiwatch tail`: records of the daemon as they come.

use std::io::{self, BufWriter, ErrorKind, Write, stdout};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::attach::write_line;
use crate::cli::{Exit, TailArgs, Topic};
use crate::control::client::{Client, ClientError, Lines, notice_of};
use crate::control::protocol::{DropReason, Notice, Subscription};
use crate::filter::{Filter, FilterError};
use crate::pipeline::text::printable;
use crate::sink::record_type::RecordType;

/// Prints records until it is interrupted or nobody reads them any more.
///
/// # Errors
/// When the daemon cannot be reached, or goes away.
pub fn run(args: &TailArgs, socket: &Path) -> anyhow::Result<Exit> {
    if let Err(error) = Filter::parse(&args.filter) {
        return Ok(refuse_filter(&args.filter, &error));
    }
    let mut lines = Client::connect(socket)?.subscribe(&subscription(args))?;
    let mut warned = Warned::default();
    let mut out = BufWriter::new(stdout().lock());
    loop {
        if !lines.has_more() && wait(&lines)? == Wait::NobodyReads {
            return Ok(Exit::Success);
        }
        let line = lines.next()?.ok_or(ClientError::Gone)?;
        match notice_of(&line) {
            Some(Notice::Error { message, column: Some(column) }) => {
                return Ok(refuse_filter(&args.filter, &FilterError { column, message }));
            }
            Some(Notice::Error { message, column }) => {
                return Err(ClientError::Refused { message, column }.into());
            }
            Some(Notice::Dropped { reason, .. }) => warned.warn(reason),
            _ => {}
        }
        match print(&line, &lines, &mut out) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Exit::Success),
            printed => printed?,
        }
    }
}

/// How waiting for a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// Something came, or the daemon went away.
    LineComes,
    /// Whoever reads standard output has hung up.
    NobodyReads,
}

/// Waits for a line, but not for a reader that is gone: the next line may take long.
fn wait(lines: &Lines) -> io::Result<Wait> {
    let out = stdout();
    let mut descriptors =
        [PollFd::new(lines, PollFlags::IN), PollFd::new(&out, PollFlags::empty())];
    loop {
        match poll(&mut descriptors, None) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let [_, reader] = descriptors.map(|descriptor| descriptor.revents());
    Ok(if reader.contains(PollFlags::ERR) { Wait::NobodyReads } else { Wait::LineComes })
}

fn subscription(args: &TailArgs) -> Subscription {
    let topics: Vec<String> = if args.topics.is_empty() {
        RecordType::ALL.iter().map(ToString::to_string).collect()
    } else {
        args.topics.iter().map(|topic: &Topic| topic.name().to_owned()).collect()
    };
    Subscription { topics, filter: args.filter.clone(), rate: args.rate, snapshot: args.snapshot }
}

/// Prints a line, and all that was gathered once nothing more has come.
fn print(line: &[u8], lines: &Lines, out: &mut impl Write) -> io::Result<()> {
    write_line(line, out)?;
    if lines.has_more() { Ok(()) } else { out.flush() }
}

/// Says what is wrong with a filter, and where.
fn refuse_filter(filter: &str, error: &FilterError) -> Exit {
    // There is nowhere to complain if nobody listens.
    let _ = writeln!(io::stderr(), "{}", filter_fault(filter, error));
    Exit::Usage
}

fn filter_fault(filter: &str, error: &FilterError) -> String {
    format!("error: {}\n{}", printable(&error.message), error.render(filter))
}

/// Which reasons were said on standard error: each once, for the lines have the counts.
#[derive(Debug, Default)]
struct Warned {
    slow: bool,
    rate: bool,
}

impl Warned {
    fn warn(&mut self, reason: DropReason) {
        let (is_said, why) = match reason {
            DropReason::Slow => (&mut self.slow, "they are read more slowly than they come"),
            DropReason::Rate => (&mut self.rate, "there are more exchanges than --rate allows"),
        };
        if !std::mem::replace(is_said, true) {
            tracing::warn!("Records are left out: {why}. Lines of type dropped say how many.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::SocketArgs;

    #[test]
    fn all_records_are_asked_for_unless_types_are_named() {
        let mut args = TailArgs {
            filter: "GET".into(),
            topics: Vec::new(),
            rate: Some(3),
            snapshot: true,
            daemon: SocketArgs { socket: None },
        };
        let asked = subscription(&args);
        assert_eq!(asked.topics, RecordType::ALL.map(|record| record.name().to_owned()));
        assert_eq!((asked.filter.as_str(), asked.rate, asked.snapshot), ("GET", Some(3), true));
        args.topics = vec![Topic::Status, Topic::Record(RecordType::Tls)];
        assert_eq!(subscription(&args).topics, ["status", "tls"]);
    }

    #[test]
    fn a_fault_of_the_filter_is_shown_with_its_place() {
        let error = Filter::parse("method:GET nosuch:1").unwrap_err();
        let shown = filter_fault("method:GET nosuch:1", &error);
        assert!(shown.starts_with("error: "), "{shown}");
        assert!(shown.ends_with("\nmethod:GET nosuch:1\n           ^"), "{shown}");
        let hostile = FilterError { column: 3, message: "\u{1b}".into() };
        assert!(!filter_fault("\u{1b}[2J", &hostile).contains('\u{1b}'));
    }

    #[test]
    fn a_wrong_filter_is_said_before_anything_is_asked() {
        let args = TailArgs {
            filter: "status:x".into(),
            topics: Vec::new(),
            rate: None,
            snapshot: false,
            daemon: SocketArgs { socket: None },
        };
        assert_eq!(run(&args, Path::new("/nonexistent")).unwrap(), Exit::Usage);
    }
}
