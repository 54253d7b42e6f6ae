//! Where metrics are served, and to whom.

use std::net::TcpListener;

use anyhow::Context as _;

use super::protection;
use crate::config::{Listen, MetricsConfig};
use crate::control::socket::ControlSocket;
use crate::sink::http::{self, Listener, Protection};

/// A socket for metrics that listens and is not served yet.
pub(super) struct Exposure {
    pub(super) listener: Listener,
    pub(super) protection: Protection,
    /// Takes its path away in the end.
    pub(super) socket: Option<ControlSocket>,
}

impl Exposure {
    /// Reads the files that protect it, and opens the socket.
    pub(super) fn bind(config: &MetricsConfig) -> anyhow::Result<Self> {
        let protection = protection::read(config)?;
        match &config.listen {
            Listen::Tcp(address) => {
                let listener: TcpListener = http::bind(*address)?;
                Ok(Self { listener: Listener::Tcp(listener), protection, socket: None })
            }
            Listen::Unix(path) => {
                let socket = ControlSocket::bind(path)
                    .context("cannot serve metrics: set another path as metrics.listen")?;
                let listener = socket.listener().try_clone().context("sharing the socket")?;
                let listener = Listener::Unix(listener);
                Ok(Self { listener, protection, socket: Some(socket) })
            }
        }
    }
}
