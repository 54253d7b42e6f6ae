//! What the daemon needs of the host.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, AtFlags, CWD, accessat, statvfs};

use super::check::{Found, Need, Probe};
use super::host::Host;
use crate::config::Listen;
use crate::pipeline::text::size;

/// Least free space for what is learned.
const LEAST_FREE_BYTES: u64 = 128 * 1024 * 1024;
/// Patience with what answers on the metrics port, at each read.
const PATIENCE: Duration = Duration::from_secs(2);
/// Reads of what answers there.
const MOST_READS: u32 = 4;
/// Where units are installed, the administrator's first.
const UNITS: [&str; 4] = [
    "/etc/systemd/system/apiwatch.service",
    "/run/systemd/system/apiwatch.service",
    "/usr/lib/systemd/system/apiwatch.service",
    "/lib/systemd/system/apiwatch.service",
];

/// What is looked at of the service.
pub(super) static PROBES: &[Probe] = &[
    Probe {
        name: "configuration",
        need: Need::Required,
        costs: "the daemon does not start, or goes on with the old one",
        remedy: "`apiwatch check-config` says every error with its place",
        look: configuration,
    },
    Probe {
        name: "state directory",
        need: Need::Wanted,
        costs: "what was learned: after a restart learning starts anew",
        remedy: "make it writable for the user of the daemon, or set another as state.directory",
        look: state_directory,
    },
    Probe {
        name: "control socket",
        need: Need::Wanted,
        costs: "`top` without --standalone, `tail` and `status`",
        remedy: "make its directory writable for the daemon, or join the group: sudo usermod -aG apiwatch $USER",
        look: control_socket,
    },
    Probe {
        name: "metrics port",
        need: Need::Required,
        costs: "the daemon does not start",
        remedy: "stop the program that listens there, or set another address as metrics.listen",
        look: metrics_port,
    },
    Probe {
        name: "systemd",
        need: Need::Wanted,
        costs: "nothing starts the daemon at boot or again after a failure",
        remedy: "let the service manager of this host run `apiwatch daemon`",
        look: |host| {
            if host.has("/run/systemd/system") {
                Found::Ok("runs this host".to_owned())
            } else {
                Found::Missing("does not run this host".to_owned())
            }
        },
    },
    Probe {
        name: "unit",
        need: Need::Wanted,
        costs: "`systemctl start apiwatch`: the daemon does not start at boot",
        remedy: "install the package of apiwatch, which has apiwatch.service",
        look: |host| match UNITS.iter().find(|path| host.has(path)) {
            Some(path) => Found::Ok((*path).to_owned()),
            None => Found::Missing("apiwatch.service is not installed".to_owned()),
        },
    },
];

fn configuration(host: &Host) -> Found {
    match &host.config {
        Ok((_, source)) => Found::Ok(source.clone()),
        Err(error) => Found::Missing(error.clone()),
    }
}

fn state_directory(host: &Host) -> Found {
    let directory = host.configured().state.directory;
    let found = writable(host, &directory);
    if !matches!(found, Found::Ok(_)) {
        return found;
    }
    let free = existing(host, &directory).and_then(|it| statvfs(&it).ok());
    let free = free.map_or(u64::MAX, |it| it.f_bavail.saturating_mul(it.f_frsize));
    if free < LEAST_FREE_BYTES {
        return Found::Degraded(format!("{}: {} are free", directory.display(), size(free)));
    }
    found
}

/// Whether the daemon runs; where not, whether it could make its socket.
fn control_socket(host: &Host) -> Found {
    let Some(socket) = host.configured().control.socket else {
        return Found::Ok("control.socket turns it off".to_owned());
    };
    let shown = socket.display();
    match UnixStream::connect(host.path(&socket)) {
        Ok(_) => Found::Ok(format!("{shown}: the daemon runs")),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Found::Degraded(format!("{shown}: this user may not connect"))
        }
        Err(_) => match writable(host, socket.parent().unwrap_or(&socket)) {
            Found::Ok(detail) => Found::Ok(format!("no daemon runs; {detail}")),
            found => found,
        },
    }
}

/// Whether this process can make files in a directory, or the directory itself.
fn writable(host: &Host, directory: &Path) -> Found {
    let shown = directory.display();
    let Some(place) = existing(host, directory) else {
        return Found::Unknown(format!("{shown}: nothing above it can be seen"));
    };
    if !place.is_dir() {
        return Found::Missing(format!("{shown}: there is something that is no directory"));
    }
    match accessat(CWD, &place, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
        Ok(()) if place == host.path(directory) => Found::Ok(format!("{shown} is writable")),
        Ok(()) => Found::Ok(format!("{shown} does not exist yet, and can be made")),
        Err(error) => Found::Missing(format!("{shown} is not writable for this user: {error}")),
    }
}

/// The path itself or the nearest above it that exists.
fn existing(host: &Host, path: &Path) -> Option<PathBuf> {
    path.ancestors().map(|it| host.path(it)).find(|it| it.symlink_metadata().is_ok())
}

fn metrics_port(host: &Host) -> Found {
    let address = match &host.configured().metrics.listen {
        Listen::Tcp(address) => *address,
        Listen::Unix(path) => return writable(host, path.parent().unwrap_or(path)),
    };
    match TcpListener::bind(address) {
        Ok(_) => Found::Ok(format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if is_apiwatch(address).unwrap_or(false) {
                Found::Ok(format!("{address}: apiwatch serves there"))
            } else {
                Found::Missing(format!("{address} is taken by another program"))
            }
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Found::Hidden(format!("{address} cannot be tried without privileges: {error}"))
        }
        Err(error) => Found::Missing(format!("{address}: {error}")),
    }
}

/// Whether what listens there serves metrics of apiwatch. It may be any program, and is
/// given neither much time nor much memory.
fn is_apiwatch(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    for _ in 0..MOST_READS {
        let length = stream.read(&mut piece)?;
        answer.extend_from_slice(piece.get(..length).unwrap_or_default());
        if answer.windows(9).any(|bytes| bytes == b"apiwatch_") {
            return Ok(true);
        }
        if length == 0 {
            break;
        }
    }
    Ok(false)
}
