//! Entries of the journal of systemd, by its native protocol: a datagram of `NAME=value`
//! lines. No value has an end of line, so none needs the form for those.

use std::env;
use std::fmt::Write as _;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use tracing::Level;

use super::Entry;

/// Where the journal listens.
const SOCKET: &str = "/run/systemd/journal/socket";

/// How long an entry may wait for a journal that does not read.
const SEND_TIMEOUT: Duration = Duration::from_millis(100);

/// A connection that is kept open.
pub(super) struct Journal(UnixDatagram);

impl Journal {
    /// The journal, where standard error leads there.
    pub(super) fn of_stderr() -> Option<Self> {
        let stream = env::var("JOURNAL_STREAM").ok()?;
        let stderr = rustix::fs::fstat(io::stderr().as_fd()).ok()?;
        (stream == format!("{}:{}", stderr.st_dev, stderr.st_ino)).then_some(())?;
        Self::connect(SOCKET).ok()
    }

    fn connect(path: &str) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_write_timeout(Some(SEND_TIMEOUT))?;
        Ok(Self(socket))
    }

    pub(super) fn send(&self, entry: &Entry) -> io::Result<()> {
        self.0.send(datagram(entry).as_bytes()).map(drop)
    }
}

fn datagram(entry: &Entry) -> String {
    let mut text = format!(
        "MESSAGE={}{}\nPRIORITY={}\nSYSLOG_IDENTIFIER=apiwatch\nAPIWATCH_EVENT={}\nAPIWATCH_TARGET={}\n",
        entry.message,
        detail(entry),
        priority(entry.level),
        entry.message,
        entry.target
    );
    for value in &entry.fields {
        let _ = writeln!(text, "APIWATCH_{}={}", field_name(value.name), value.text);
    }
    text
}

/// What `journalctl` shows by itself is the message: it has the values too.
fn detail(entry: &Entry) -> String {
    entry.fields.iter().fold(String::new(), |mut text, value| {
        let _ = write!(text, " {}={}", value.name, value.text);
        text
    })
}

/// Names have capitals, digits and underscores, as systemd.journal-fields(7) has it.
fn field_name(name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    name.chars().map(|it| letter(it).to_ascii_uppercase()).collect()
}

/// syslog(3).
const fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Form, Value};
    use super::*;

    #[test]
    fn an_entry_is_a_datagram_of_lines() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let socket = UnixDatagram::bind(&path).unwrap();
        let journal = Journal::connect(path.to_str().unwrap()).unwrap();
        let value = |name, text: &str| Value { name, text: text.to_owned(), form: Form::Quoted };
        let fields = vec![value("error", "no\\nPRIORITY=0"), value("a.b", "1")];
        let message = "It failed.".to_owned();
        journal.send(&Entry { level: Level::WARN, target: "monitor", message, fields }).unwrap();
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(
            std::str::from_utf8(&buffer[..length]).unwrap(),
            "MESSAGE=It failed. error=no\\nPRIORITY=0 a.b=1\nPRIORITY=4\n\
             SYSLOG_IDENTIFIER=apiwatch\nAPIWATCH_EVENT=It failed.\nAPIWATCH_TARGET=monitor\n\
             APIWATCH_ERROR=no\\nPRIORITY=0\nAPIWATCH_A_B=1\n"
        );
    }
}
