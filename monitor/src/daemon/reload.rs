//! `apiwatch reload`: has the daemon read its configuration again.

use std::io::{self, Write as _};
use std::path::Path;

use crate::cli::Exit;
use crate::control::client::{Client, ClientError};
use crate::pipeline::text::printable;
use crate::terminal::printable_lines;

/// Waits until it is done. The errors of a configuration that cannot be used are said on
/// standard error; the old one stays in force then.
///
/// # Errors
/// When the daemon cannot be reached, or goes away.
pub fn run(socket: &Path) -> anyhow::Result<Exit> {
    if !rustix::process::geteuid().is_root() {
        tracing::error!("Only root may do this: run `sudo apiwatch reload`.");
        return Ok(Exit::Privilege);
    }
    match Client::connect(socket)?.reload() {
        Ok(restart) => {
            tracing::info!("The configuration was read again.");
            if !restart.is_empty() {
                tracing::warn!(
                    keys = %printable(&restart.join(", ")),
                    "Some keys take a restart to follow it: run `sudo systemctl restart apiwatch`."
                );
            }
            Ok(Exit::Success)
        }
        Err(ClientError::Refused { message, .. }) => {
            // There is nowhere to complain if nobody listens.
            let _ = writeln!(io::stderr(), "{}", printable_lines(message.trim_end()));
            Ok(Exit::Config)
        }
        Err(error) => Err(error.into()),
    }
}
