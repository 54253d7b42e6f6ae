//! Where metrics are served.

use std::net::TcpListener;

use anyhow::Context as _;

use crate::config::Listen;
use crate::control::socket::ControlSocket;
use crate::sink::http::{self, Listener};

/// A socket for metrics that listens and is not served yet.
pub(super) struct Exposure {
    pub(super) listener: Listener,
    /// Takes its path away in the end.
    pub(super) socket: Option<ControlSocket>,
}

impl Exposure {
    /// Opens the socket.
    pub(super) fn bind(listen: &Listen) -> anyhow::Result<Self> {
        match listen {
            Listen::Tcp(address) => {
                let listener: TcpListener = http::bind(*address)?;
                Ok(Self { listener: Listener::Tcp(listener), socket: None })
            }
            Listen::Unix(path) => {
                let socket = ControlSocket::bind(path)
                    .context("cannot serve metrics: set another path as metrics.listen")?;
                let listener = socket.listener().try_clone().context("sharing the socket")?;
                Ok(Self { listener: Listener::Unix(listener), socket: Some(socket) })
            }
        }
    }
}
