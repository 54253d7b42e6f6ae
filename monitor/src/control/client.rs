//! The other end of the control socket: what `top`, `tail`, `status` and `reload` talk
//! through.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::decode::LINE_BYTES;
use super::no_daemon::{Evidence, NoDaemon};
use super::protocol::{Notice, Request, Subscription};
use super::socket::{self, GROUP};

/// How long a daemon may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the daemon cannot be talked to.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error(transparent)]
    NotRunning(NoDaemon),
    /// The socket is for others.
    #[error(
        "this user may not use {path:?}: run `sudo usermod -aG {GROUP} $USER` to join the group {GROUP}, and log in again"
    )]
    Permission {
        /// Where.
        path: PathBuf,
    },
    /// The daemon says why not.
    #[error("{message}")]
    Refused {
        /// What it says.
        message: String,
        /// Characters of the filter before the offending one, where it is the filter.
        column: Option<usize>,
    },
    /// It ended while it was talked to.
    #[error("the daemon went away")]
    Gone,
    /// It does not answer in time.
    #[error("the daemon does not answer: see `systemctl status apiwatch`")]
    Silent,
    /// What listens there is no daemon of apiwatch.
    #[error("what listens there does not speak the protocol of apiwatch: {0}")]
    Foreign(&'static str),
    /// The system refuses.
    #[error("cannot talk to the daemon at {path:?}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A connection to a daemon that has not been asked for anything.
#[derive(Debug)]
pub struct Client {
    lines: Lines,
}

impl Client {
    /// Connects to the daemon at a socket.
    ///
    /// # Errors
    /// When no daemon listens there or this user may not use it.
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        let stream = socket::connect(path).map_err(|error| refusal(path, error.into()))?;
        stream.set_nonblocking(false).map_err(|error| refusal(path, error))?;
        let mut lines = Lines { stream: BufReader::new(stream), path: path.to_owned() };
        lines.time_out_after(Some(ANSWER_TIMEOUT))?;
        Ok(Self { lines })
    }

    /// Asks for records: the lines that come, the header first. Reading them waits for as
    /// long as nothing comes.
    ///
    /// # Errors
    /// When the daemon refuses, or goes away.
    pub fn subscribe(mut self, subscription: &Subscription) -> Result<Lines, ClientError> {
        self.ask(&Request::Subscribe(subscription.clone()))?;
        self.lines.time_out_after(None)?;
        Ok(self.lines)
    }

    /// Asks for the line of the status.
    ///
    /// # Errors
    /// When the daemon refuses, or goes away.
    pub fn status(mut self) -> Result<String, ClientError> {
        self.ask(&Request::Status)?;
        self.lines.skip_header()?;
        let line = self.lines.next()?.ok_or(ClientError::Gone)?;
        match notice_of(&line) {
            Some(Notice::Error { message, column }) => {
                Err(ClientError::Refused { message, column })
            }
            Some(_) => Err(ClientError::Foreign("it does not answer with a status")),
            None => {
                String::from_utf8(line).map_err(|_| ClientError::Foreign("its lines are not UTF-8"))
            }
        }
    }

    /// Has the configuration read again; the keys that take a restart to be followed.
    ///
    /// # Errors
    /// When the daemon refuses, also since the configuration has errors, or goes away.
    pub fn reload(mut self) -> Result<Vec<String>, ClientError> {
        self.ask(&Request::Reload)?;
        self.lines.skip_header()?;
        let line = self.lines.next()?.ok_or(ClientError::Gone)?;
        match notice_of(&line) {
            Some(Notice::Done { restart }) => Ok(restart),
            Some(Notice::Error { message, column }) => {
                Err(ClientError::Refused { message, column })
            }
            _ => Err(ClientError::Foreign("it does not say whether it is done")),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(request).expect("a request can be written as JSON");
        line.push(b'\n');
        match self.lines.stream.get_mut().write_all(&line) {
            // It may have closed after it said why: that is still to be read.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => result.map_err(|error| self.lines.failure(error)),
        }
    }
}

/// Lines of the daemon.
#[derive(Debug)]
pub struct Lines {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

impl Lines {
    /// The next line without its end; none where the daemon has ended the connection.
    ///
    /// # Errors
    /// When the connection breaks, or a line is longer than [`LINE_BYTES`].
    #[expect(clippy::should_implement_trait, reason = "an error ends it, and a loop must see it")]
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, ClientError> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.stream).take(LINE_BYTES as u64);
        match bounded.read_until(b'\n', &mut line) {
            // The end of a line that was cut off is no line.
            Ok(_) if line.pop_if(|last| *last == b'\n').is_some() => Ok(Some(line)),
            Ok(count) if count == LINE_BYTES => {
                Err(ClientError::Foreign("a line is longer than 1 MiB"))
            }
            Ok(_) => Ok(None),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Whether a line, or a part of one, has come and was not read.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.stream.buffer().is_empty()
    }

    fn skip_header(&mut self) -> Result<(), ClientError> {
        let line = self.next()?.ok_or(ClientError::Gone)?;
        if line.starts_with(br#"{"type":"header","#) {
            return Ok(());
        }
        Err(ClientError::Foreign("its first line is no header"))
    }

    /// How long reading and writing wait; none for as long as it takes.
    pub(crate) fn time_out_after(&mut self, timeout: Option<Duration>) -> Result<(), ClientError> {
        let stream = self.stream.get_ref();
        let set = stream.set_read_timeout(timeout).and_then(|()| stream.set_write_timeout(timeout));
        set.map_err(|error| self.failure(error))
    }

    fn failure(&self, source: io::Error) -> ClientError {
        match source.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => ClientError::Silent,
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => ClientError::Gone,
            _ => ClientError::Io { path: self.path.clone(), source },
        }
    }
}

/// Readable when something comes that was not read; look at [`Lines::has_more`] first.
impl AsFd for Lines {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.get_ref().as_fd()
    }
}

/// What a line says beside records, where it does. Those of the daemon have the type first.
#[must_use]
pub fn notice_of(line: &[u8]) -> Option<Notice> {
    const NOTICES: [&[u8]; 4] = [b"dropped\"", b"error\"", b"done\"", b"snapshot_end\""];
    let rest = line.strip_prefix(br#"{"type":""#)?;
    let is_notice = NOTICES.iter().any(|name| rest.starts_with(name));
    is_notice.then(|| serde_json::from_slice(line).ok()).flatten()
}

fn refusal(path: &Path, source: io::Error) -> ClientError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::NotFound => {
            ClientError::NotRunning(NoDaemon { socket: path, evidence: Evidence::NoSocket })
        }
        ErrorKind::ConnectionRefused => {
            ClientError::NotRunning(NoDaemon { socket: path, evidence: Evidence::Refused })
        }
        ErrorKind::PermissionDenied => ClientError::Permission { path },
        ErrorKind::WouldBlock => ClientError::Silent,
        _ => ClientError::Io { path, source },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    /// What a client makes of a daemon that answers with these bytes and hangs up.
    fn answered<T>(
        answer: &'static [u8],
        ask: impl FnOnce(Client) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let daemon = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            let _ = stream.write_all(answer);
            request
        });
        let result = ask(Client::connect(&path).unwrap());
        assert!(daemon.join().unwrap().starts_with("{\"verb\":"));
        result
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        let header = "{\"type\":\"header\",\"schema\":1}\n";
        let cases: [(&[u8], &str); 7] = [
            (b"", "went away"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "first line is no header"),
            (b"{\"type\":\"header\",\"schema\":1}\n", "went away"),
            (b"{\"type\":\"header\",\"schema\":1}\n{\"type\":\"done\"", "went away"),
            (b"{\"type\":\"header\",\"schema\":1}\n{\"type\":\"loss\"}\n", "whether it is done"),
            (
                b"{\"type\":\"header\",\"schema\":1}\n{\"type\":\"error\",\"message\":\"no\"}\n",
                "no",
            ),
            (&[b'x'; LINE_BYTES + 1], "longer than 1 MiB"),
        ];
        for (answer, expected) in cases {
            let error = answered(answer, Client::reload).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(header.starts_with("{\"type\":\"header\","));
        let done = b"{\"type\":\"header\",\"schema\":1}\n{\"type\":\"done\"}\n";
        assert!(answered(done, Client::reload).is_ok());
        assert!(answered(done, Client::status).is_err());
    }

    #[test]
    fn lines_come_as_they_are_until_the_end() {
        let lines = b"{\"type\":\"header\"}\n\n{\"type\":\"x\"}\nrest";
        let mut read = Vec::new();
        let subscribed = answered(lines, |client| {
            let mut lines = client.subscribe(&Subscription::default())?;
            while let Some(line) = lines.next()? {
                read.push(String::from_utf8(line).unwrap());
            }
            Ok(())
        });
        assert!(subscribed.is_ok());
        assert_eq!(read, ["{\"type\":\"header\"}", "", "{\"type\":\"x\"}"]);
    }

    #[test]
    fn nobody_and_nothing_are_a_daemon_that_does_not_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let missing = Client::connect(&path).unwrap_err();
        drop(UnixListener::bind(&path).unwrap());
        let stale = Client::connect(&path).unwrap_err();
        for error in [missing, stale] {
            assert!(matches!(error, ClientError::NotRunning(_)), "{error:?}");
            assert!(error.to_string().contains("sudo systemctl start apiwatch"), "{error}");
        }
        let denied = refusal(&path, ErrorKind::PermissionDenied.into());
        assert!(denied.to_string().contains("sudo usermod -aG apiwatch $USER"), "{denied}");
    }

    #[test]
    fn notices_are_known_by_their_type() {
        let cases: [(&[u8], bool); 6] = [
            (b"{\"type\":\"done\"}", true),
            (b"{\"type\":\"snapshot_end\"}", true),
            (b"{\"type\":\"dropped\",\"records\":3,\"reason\":\"slow\"}", true),
            (b"{\"type\":\"dropped\"}", false),
            (b"{\"type\":\"exchange\"}", false),
            (b"\xff", false),
        ];
        for (line, is_notice) in cases {
            assert_eq!(notice_of(line).is_some(), is_notice, "{line:?}");
        }
    }
}
