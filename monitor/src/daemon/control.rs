//! The control socket of the daemon, where the configuration has one.

use std::path::Path;

use anyhow::Context;

use super::engine::Engine;
use super::watch::{ReloadError, Reloaded};
use super::{kernel_release, memory};
use crate::clock;
use crate::config::{self, Config};
use crate::control::server::{self, ControlServer};
use crate::control::sink::{ControlHandle, Facts, Feed, channel};
use crate::control::socket::ControlSocket;
use crate::control::status::SaveOutcome;
use crate::pipeline::output::CoverageGap;
use crate::sandbox::Sandbox;

/// The socket with its server, or nothing where it is off.
pub(super) struct Control(Option<Open>);

struct Open {
    handle: ControlHandle,
    /// Until the socket is served.
    waiting: Option<(ControlSocket, Feed)>,
    server: Option<ControlServer>,
}

impl Control {
    /// Makes the socket, and adds its sink, so that nothing is missed once it is served.
    pub(super) fn bind(
        config: &Config,
        file: Option<&Path>,
        engine: &mut Engine,
    ) -> anyhow::Result<Self> {
        let Some(path) = &config.control.socket else { return Ok(Self(None)) };
        let socket = ControlSocket::bind(path)?;
        let facts = Facts {
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            kernel: kernel_release(),
            pid: std::process::id(),
            started: clock::monotonic(),
            memory_limit_bytes: config.memory_bytes,
            memory_bytes: || memory::resident_bytes().unwrap_or_default(),
        };
        let (sink, feed, handle) = channel(facts).context("preparing the control socket")?;
        engine.add_sink("control", Box::new(sink));
        handle.report_config(file_in_force(file));
        Ok(Self(Some(Open { handle, waiting: Some((socket, feed)), server: None })))
    }

    /// Lets clients in.
    pub(super) fn serve(&mut self) -> anyhow::Result<()> {
        if let Some(open) = &mut self.0
            && let Some((socket, feed)) = open.waiting.take()
        {
            tracing::info!(socket = ?socket.path(), "Clients are served.");
            let server = server::serve(socket, feed);
            open.server = Some(server.context("starting the server of the control socket")?);
        }
        Ok(())
    }

    /// Whether a client asks to reload; it waits for [`Self::report_reload`].
    pub(super) fn take_reload(&mut self) -> bool {
        self.0.as_mut().is_some_and(|open| open.handle.take_reload())
    }

    /// Says how a reload went: the file that is in force, or its errors.
    pub(super) fn report_reload(&self, outcome: Result<Reloaded, ReloadError>) {
        if let Some(open) = &self.0 {
            open.handle.report_reload(match outcome {
                Ok(Reloaded { file, restart }) => Ok((file, restart)),
                Err(error) => Err(error.to_string()),
            });
        }
    }

    /// Says what the daemon has given up.
    pub(super) fn report_sandbox(&self, sandbox: Sandbox) {
        if let Some(open) = &self.0 {
            open.handle.report_sandbox(sandbox);
        }
    }

    /// Says that nobody watched until now.
    pub(super) fn report_gap(&self, gap: CoverageGap) {
        if let Some(open) = &self.0 {
            open.handle.report_gap(gap);
        }
    }

    /// Says how what was learned is saved.
    pub(super) fn report_save(&self, outcome: SaveOutcome) {
        if let Some(open) = &self.0 {
            open.handle.report_save(outcome);
        }
    }

    /// Says what each sink has dropped so far.
    pub(super) fn report_dropped(&self, engine: &Engine) {
        if let Some(open) = &self.0 {
            open.handle.report_dropped(engine.dropped());
        }
    }
}

/// The file that the configuration was read from; none where it is the defaults.
fn file_in_force(named: Option<&Path>) -> Option<String> {
    let default = Path::new(config::DEFAULT_PATH);
    let file = named.or_else(|| default.exists().then_some(default))?;
    Some(file.to_string_lossy().into_owned())
}
