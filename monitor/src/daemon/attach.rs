//! What the commands that talk to a running daemon have in common.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::{Exit, SocketArgs};
use crate::config::{self, Config};
use crate::control::client::ClientError;
use crate::pipeline::text::printable;
use crate::terminal::Color;

/// Where the daemon is reached: what was named, else what the configuration says.
///
/// # Errors
/// When a configuration that was named cannot be used, which is said on standard error,
/// or turns the socket off.
pub fn socket_of(
    args: &SocketArgs,
    config_path: Option<&Path>,
    color: Color,
) -> Result<PathBuf, Exit> {
    if let Some(socket) = &args.socket {
        return Ok(socket.clone());
    }
    let config = match (config::load(config_path), config_path) {
        (Ok(effective), _) => effective.config,
        (Err(error), Some(_)) => {
            let _ = writeln!(io::stderr(), "{}", error.render(color));
            return Err(Exit::Config);
        }
        // Who may use the socket need not be able to read the configuration.
        (Err(error), None) => {
            tracing::debug!(%error, "The configuration cannot be used; its defaults are.");
            Config::default()
        }
    };
    config.control.socket.ok_or_else(|| {
        tracing::error!(
            "The configuration turns the control socket off: set control.socket, or name one with --socket."
        );
        Exit::Unavailable
    })
}

/// How a command ends that could not talk to the daemon.
#[must_use]
pub const fn exit_of_client(error: &ClientError) -> Exit {
    match error {
        ClientError::NotRunning(_) | ClientError::Gone | ClientError::Silent => Exit::Unavailable,
        ClientError::Permission { .. } => Exit::Privilege,
        ClientError::Refused { .. } | ClientError::Foreign(_) | ClientError::Io { .. } => {
            Exit::Failure
        }
    }
}

/// A line from the socket as it is, but that it cannot steer a terminal, whoever wrote it.
pub(super) fn write_line(line: &[u8], to: &mut impl Write) -> io::Result<()> {
    if line.iter().all(|byte| matches!(byte, 0x20..=0x7e)) {
        to.write_all(line)?;
    } else {
        to.write_all(printable(&String::from_utf8_lossy(line)).as_bytes())?;
    }
    to.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(socket: Option<&str>) -> SocketArgs {
        SocketArgs { socket: socket.map(Into::into) }
    }

    #[test]
    fn the_socket_is_what_was_named_or_what_the_configuration_says() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        let cases = [
            ("", None, Ok("/run/apiwatch/apiwatch.sock")),
            ("[control]\nsocket = \"/x/y\"\n", None, Ok("/x/y")),
            ("[control]\nsocket = \"/x/y\"\n", Some("s"), Ok("s")),
            ("[control]\nsocket = \"off\"\n", Some("s"), Ok("s")),
            ("[control]\nsocket = \"off\"\n", None, Err(Exit::Unavailable)),
            ("bad", Some("s"), Ok("s")),
            ("bad", None, Err(Exit::Config)),
        ];
        for (text, named, expected) in cases {
            std::fs::write(&file, text).unwrap();
            let socket = socket_of(&args(named), Some(&file), Color::Plain);
            assert_eq!(socket, expected.map(PathBuf::from), "{text:?} {named:?}");
        }
    }

    #[test]
    fn lines_come_out_as_they_are_unless_they_steer() {
        let cases: [(&[u8], &str); 4] = [
            (b"{\"type\":\"x\"}", "{\"type\":\"x\"}\n"),
            ("{\"a\":\"zażółć\"}".as_bytes(), "{\"a\":\"zażółć\"}\n"),
            (b"\x1b[2J\x07\x9b", "\u{fffd}[2J\u{fffd}\u{fffd}\n"),
            ("\u{9b}1m\u{202e}".as_bytes(), "\u{fffd}1m\u{fffd}\n"),
        ];
        for (line, expected) in cases {
            let mut out = Vec::new();
            write_line(line, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
