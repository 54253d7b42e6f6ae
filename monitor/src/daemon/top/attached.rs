//! Records of a running daemon, for the terminal UI. A daemon that goes away is waited for.

use std::ops::ControlFlow::{self, Continue};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

use crate::control::client::{Client, ClientError, Lines};
use crate::control::decode::{Decoder, Message};
use crate::control::protocol::{Notice, Subscription};
use crate::control::status::Status;
use crate::sink::Sink;
use crate::sink::json::SCHEMA;
use crate::tui::{self, Daemon, Options, TuiSink};

/// First pause before another try; each is twice as long as the one before.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A daemon says its status every second; one that says nothing for this long is gone.
const SILENCE: Duration = Duration::from_secs(10);

/// Shows what the daemon at a socket says, until the UI is quit.
///
/// # Errors
/// When no daemon can be talked to at first, or the terminal fails.
pub(super) fn show(socket: &Path, options: Options) -> anyhow::Result<()> {
    let lines = subscribe(socket)?;
    let (sink, feed) = tui::channel();
    let follower = Follower::new(socket, sink);
    let following = thread::Builder::new()
        .name("attach".into())
        .spawn(move || follower.follow(lines))
        .context("starting the thread that reads what the daemon says")?;
    let shown = tui::run(feed, options);
    // It may wait for a daemon; whatever it waits for, nobody needs it any more.
    if following.is_finished() {
        following.join().map_err(|_| anyhow!("the thread that reads records panicked"))??;
    }
    shown
}

/// Everything, what is known first.
fn subscribe(socket: &Path) -> Result<Lines, ClientError> {
    let everything = Subscription { snapshot: true, ..Subscription::default() };
    let mut lines = Client::connect(socket)?.subscribe(&everything)?;
    lines.time_out_after(Some(SILENCE))?;
    Ok(lines)
}

/// Feeds the UI from one daemon after the other.
struct Follower {
    socket: PathBuf,
    sink: TuiSink,
    /// Before the first try to reach another one.
    pause: Duration,
    /// Whether the daemon has said who it is.
    is_known: bool,
}

impl Follower {
    fn new(socket: &Path, sink: TuiSink) -> Self {
        Self { socket: socket.to_owned(), sink, pause: SHORTEST_PAUSE, is_known: false }
    }

    /// Goes on until the UI is gone; the first daemon must be one that can be understood.
    fn follow(mut self, mut lines: Lines) -> anyhow::Result<()> {
        let mut failure = self.read(&mut lines);
        let was_known = self.is_known;
        while let Continue(error) = failure {
            if !was_known {
                return Err(error);
            }
            tracing::debug!(%error, "The daemon is gone.");
            if self.sink.gone().is_break() {
                return Ok(());
            }
            lines = self.wait();
            failure = self.read(&mut lines);
        }
        Ok(())
    }

    /// Tries until there is a daemon again. One that starts is refused to others until its
    /// socket has its group, so no refusal is final.
    fn wait(&self) -> Lines {
        let mut pause = self.pause;
        loop {
            thread::sleep(pause);
            match subscribe(&self.socket) {
                Ok(lines) => return lines,
                Err(error) => tracing::debug!(%error, "There is no daemon yet."),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Reads what a daemon says until it is gone, for which the reason is given, or until
    /// the UI is.
    fn read(&mut self, lines: &mut Lines) -> ControlFlow<(), anyhow::Error> {
        self.is_known = false;
        let mut decoder = Decoder::default();
        if let Err(error) = expect_header(lines, &mut decoder) {
            return Continue(error);
        }
        self.sink.attached()?;
        loop {
            let line = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => return Continue(ClientError::Gone.into()),
                Err(error) => return Continue(error.into()),
            };
            let message = std::str::from_utf8(&line).map(|line| decoder.line(line));
            let Ok(Ok(message)) = message else {
                self.sink.missed(1);
                continue;
            };
            if let Message::Notice(Notice::Error { message, column }) = message {
                return Continue(ClientError::Refused { message, column }.into());
            }
            self.take(message)?;
        }
    }

    fn take(&mut self, message: Message) -> ControlFlow<()> {
        match message {
            Message::Output(output) => self.sink.deliver([*output])?,
            Message::Status(status) => self.observe(*status)?,
            Message::Notice(Notice::Dropped { records, .. }) => self.sink.missed(records),
            Message::Notice(Notice::SnapshotEnd) => self.sink.known()?,
            Message::Notice(_) | Message::Header(_) | Message::Unknown => {}
        }
        Continue(())
    }

    fn observe(&mut self, status: Status) -> ControlFlow<()> {
        self.sink.observe(&status.stats, &status.capture);
        self.sink.cover(&status.processes);
        if self.is_known {
            return Continue(());
        }
        self.is_known = true;
        let Status { host, version, started, .. } = status;
        self.sink.introduce(Daemon { host, version, started })
    }
}

/// The first line: who speaks, and that it is understood.
fn expect_header(lines: &mut Lines, decoder: &mut Decoder) -> anyhow::Result<()> {
    let line = lines.next()?.ok_or(ClientError::Gone)?;
    let header = std::str::from_utf8(&line).ok().and_then(|line| decoder.line(line).ok());
    let Some(Message::Header(header)) = header else {
        return Err(ClientError::Foreign("its first line is no header").into());
    };
    if header.schema != SCHEMA {
        let (theirs, ours) = (header.version, env!("CARGO_PKG_VERSION"));
        bail!("the daemon is apiwatch {theirs:?} and this is {ours}: use the same version of both");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::control::status::write_status;
    use crate::daemon::status::tests::healthy;
    use crate::pipeline::finding::{Severity, State};
    use crate::pipeline::output::Output;
    use crate::sink::json::{write_header, write_line};
    use crate::sink::sample::finding;
    use crate::tui::{Feed, Next};

    const DROPPED: &str = r#"{"type":"dropped","records":7,"reason":"slow"}"#;
    const KNOWN: &str = r#"{"type":"snapshot_end"}"#;
    const FULL: &str = r#"{"type":"error","message":"it serves 32 clients already"}"#;
    const LATER: &str = r#"{"type":"later","x":1}"#;
    const BROKEN: &str = r#"{"type":"finding"}"#;

    fn line(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        write(&mut line);
        String::from_utf8(line).unwrap()
    }

    fn header() -> String {
        line(write_header)
    }

    fn status(host: &str) -> String {
        line(|to| write_status(&Status { host: host.into(), ..healthy() }, to))
    }

    fn open_finding() -> Output {
        Output::Finding(finding(1, Severity::High, State::Open))
    }

    /// What the UI is told.
    #[derive(Debug, Default, PartialEq)]
    struct Told {
        order: Vec<String>,
        missed: u64,
        exchanges: Option<u64>,
        error: Option<String>,
    }

    /// What the UI is told by daemons that say these lines, one after the other, and go.
    fn told(daemons: &[&[&str]]) -> Told {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let (sink, feed) = tui::channel();
        thread::scope(|scope| {
            scope.spawn(|| daemons.iter().for_each(|lines| serve(&listener, lines)));
            let lines = subscribe(&path).unwrap();
            let follower = Follower { pause: Duration::ZERO, ..Follower::new(&path, sink) };
            let following = scope.spawn(move || follower.follow(lines));
            let mut told = listen(&feed, daemons.len());
            drop(feed);
            // Nobody listens any more, and so it tries in vain to tell.
            scope.spawn(|| serve(&listener, &[&header()]));
            told.error = following.join().unwrap().err().map(|error| error.to_string());
            let _ = std::os::unix::net::UnixStream::connect(&path);
            told
        })
    }

    fn serve(listener: &UnixListener, lines: &[&str]) {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        let _ = BufReader::new(&stream).read_line(&mut request);
        for line in lines {
            let _ = stream.write_all(format!("{}\n", line.trim_end()).as_bytes());
        }
    }

    /// Reads until so many daemons are gone.
    fn listen(feed: &Feed, daemons: usize) -> Told {
        let mut told = Told::default();
        while told.order.iter().filter(|it| *it == "gone").count() < daemons {
            match feed.next() {
                Next::Output(output) => {
                    assert_eq!(*output, open_finding());
                    told.order.push("finding".into());
                }
                Next::Attached => told.order.push("attached".into()),
                Next::Known => told.order.push("known".into()),
                Next::Daemon(daemon) => {
                    told.order.push(daemon.host);
                    // Only now: a count that comes while another is taken makes way.
                    let latest = feed.latest().map(|(stats, _)| stats.exchanges);
                    told.exchanges = latest.or(told.exchanges);
                }
                Next::Gone => told.order.push("gone".into()),
                Next::Quiet => thread::yield_now(),
                Next::Ended => break,
            }
            told.missed = feed.dropped().max(told.missed);
        }
        told
    }

    #[test]
    fn one_daemon_follows_the_other() {
        let (header, finding) = (header(), line(|to| write_line(&open_finding(), to)));
        let (first, second) = (status("web-1"), status("web-2"));
        let cases: [(&[&[&str]], &str, u64); 4] = [
            (
                &[&[&header, &first, &finding, KNOWN, &first], &[&header, &second, &finding]],
                "attached web-1 finding known gone attached web-2 finding gone",
                0,
            ),
            (
                &[&[&header, &first, DROPPED, LATER, BROKEN, "{", &finding]],
                "attached web-1 finding gone",
                9,
            ),
            (&[&[&header, &first], &[&header, FULL]], "attached web-1 gone attached gone", 0),
            (&[&[&header, &first], &["HTTP/1.1 400"]], "attached web-1 gone gone", 0),
        ];
        for (daemons, expected, missed) in cases {
            let told = told(daemons);
            assert_eq!((told.order.join(" "), told.missed), (expected.to_owned(), missed));
            assert_eq!(told.error, None);
            // Counts of a daemon are over once another is there, which may say none.
            if expected.contains("web-2") || daemons.len() == 1 {
                assert_eq!(told.exchanges, Some(12_345));
            }
        }
    }

    /// Whoever starts the UI learns at once that it is of no use.
    #[test]
    fn a_first_daemon_that_cannot_be_understood_is_the_last() {
        let newer = header().replace("\"schema\":1", "\"schema\":2");
        let cases: [(&[&str], &str); 4] = [
            (&[&header(), FULL], "it serves 32 clients already"),
            (&["HTTP/1.1 400"], "its first line is no header"),
            (&[], "the daemon went away"),
            (&[&newer], "use the same version of both"),
        ];
        for (lines, expected) in cases {
            let error = told(&[lines]).error.unwrap();
            assert!(error.contains(expected), "{error}");
        }
    }
}
