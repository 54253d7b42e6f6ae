//! The socket in the file system: it takes the place of one that a dead daemon left, and
//! of nothing else.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::os::unix::fs::{PermissionsExt as _, lchown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

/// Groups of users, from /etc/group.
mod group;

/// Longest path, in bytes: what the kernel takes (unix(7)) less a suffix of ours.
pub const LONGEST_PATH: usize = 96;

/// The group whose members may read, where this host has it.
pub const GROUP: &str = "apiwatch";

/// Owner and group may connect; connecting takes the right to write.
const MODE: u32 = 0o660;
const DIRECTORY_MODE: u32 = 0o755;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 32;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another daemon listens there.
    #[error(
        "another daemon already listens at {path:?}: stop it, or set another path as control.socket"
    )]
    Taken {
        /// Where.
        path: PathBuf,
    },
    /// Something that is no socket is there.
    #[error(
        "{path:?} is there and is no socket: move it away, or set another path as control.socket"
    )]
    Foreign {
        /// Where.
        path: PathBuf,
    },
    /// The system refuses.
    #[error(
        "cannot {what} {path:?}: {source}; set a path as control.socket where this user may write, or \"off\""
    )]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl SocketError {
    /// Whether it is a right that is missing.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        let denied = io::ErrorKind::PermissionDenied;
        matches!(self, Self::Io { source, .. } if source.kind() == denied)
    }
}

/// A listening socket. Its path goes away with it, if it is still its own.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    file: FileId,
    owner: Owner,
}

/// Who owns a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// Which file it is, whatever its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    /// Of what is at a path itself, not of where a link leads.
    fn at(path: &Path) -> Option<Self> {
        path.symlink_metadata().ok().as_ref().map(Self::of)
    }
}

impl ControlSocket {
    /// Listens at a path, with the directory made where it is missing.
    ///
    /// # Errors
    /// When another daemon listens there, when something else is there, or when the
    /// system refuses.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let failed = |what| move |source| SocketError::Io { what, path: path.to_owned(), source };
        make_directory(path).map_err(failed("make the directory of"))?;
        let found = look(path)?;
        let temporary = temporary_path(path);
        if found_socket(&temporary) {
            // Of a daemon with the same process id that died just here.
            let _ = fs::remove_file(&temporary);
        }
        let listener = listen(&temporary).map_err(failed("listen at"))?;
        let moved = temporary
            .symlink_metadata()
            .map_err(failed("look at"))
            .and_then(|metadata| take_place(&temporary, path, found).map(|()| metadata));
        let metadata = moved.inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        let owner = Owner { uid: metadata.uid(), gid: metadata.gid() };
        Ok(Self { listener, path: path.to_owned(), file: FileId::of(&metadata), owner })
    }

    /// Where clients come in.
    #[must_use]
    pub const fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Who owns the socket.
    #[must_use]
    pub const fn owner(&self) -> Owner {
        self.owner
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if FileId::at(&self.path) == Some(self.file) {
            // If it cannot be removed the next daemon finds it stale.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent().filter(|directory| !directory.exists()) else {
        return Ok(());
    };
    DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory)?;
    fs::set_permissions(directory, Permissions::from_mode(DIRECTORY_MODE))
}

/// The stale socket at a path, if any.
fn look(path: &Path) -> Result<Option<FileId>, SocketError> {
    let failed = |source| SocketError::Io { what: "look at", path: path.to_owned(), source };
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.file_type().is_socket() {
        return Err(SocketError::Foreign { path: path.to_owned() });
    }
    match connect(path) {
        Err(Errno::CONNREFUSED) => Ok(Some(FileId::of(&metadata))),
        // It went away just now.
        Err(Errno::NOENT) => Ok(None),
        // A full backlog has a listener behind it too.
        Ok(_) | Err(Errno::AGAIN) => Err(SocketError::Taken { path: path.to_owned() }),
        Err(Errno::PROTOTYPE) => Err(SocketError::Foreign { path: path.to_owned() }),
        Err(error) => Err(failed(error.into())),
    }
}

/// Connects where somebody listens; never waits for them: with a full backlog it fails
/// with [`Errno::AGAIN`].
pub(super) fn connect(path: &Path) -> rustix::io::Result<UnixStream> {
    let socket = unconnected()?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket.into())
}

/// A socket that never blocks.
fn unconnected() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

/// In the same directory, so that it can be renamed, and another for each process.
fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}

fn found_socket(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// A socket nobody can connect to before its owner and mode are what they are to be.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let socket = unconnected()?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    let ready = protect(path).and_then(|()| Ok(rustix::net::listen(&socket, BACKLOG)?));
    ready.inspect_err(|_| drop(fs::remove_file(path)))?;
    Ok(socket.into())
}

fn protect(path: &Path) -> io::Result<()> {
    // A service whose group it is already may not be allowed to change owners.
    let has_group = |gid| fs::symlink_metadata(path).is_ok_and(|it| it.gid() == gid);
    if let Some(gid) = group::id_of(GROUP)
        && !has_group(gid)
        && let Err(error) = lchown(path, None, Some(gid))
    {
        tracing::warn!(%error, "The control socket cannot be given to the group {GROUP}.");
    }
    fs::set_permissions(path, Permissions::from_mode(MODE))
}

/// Moves the new socket to its path, in place of the stale one that was found there and
/// of nothing else: another daemon may have come first.
fn take_place(temporary: &Path, path: &Path, found: Option<FileId>) -> Result<(), SocketError> {
    let failed = |error: Errno| SocketError::Io {
        what: "put a socket at",
        path: path.to_owned(),
        source: error.into(),
    };
    let rename = |flags| renameat_with(CWD, temporary, CWD, path, flags);
    let Some(stale) = found else {
        return match rename(RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(SocketError::Taken { path: path.to_owned() }),
            Err(error) => Err(failed(error)),
        };
    };
    match rename(RenameFlags::EXCHANGE) {
        Ok(()) => {}
        Err(Errno::NOENT) => return take_place(temporary, path, None),
        Err(error) => return Err(failed(error)),
    }
    if FileId::at(temporary) == Some(stale) {
        let _ = fs::remove_file(temporary);
        return Ok(());
    }
    rename(RenameFlags::EXCHANGE).map_err(failed)?;
    Err(SocketError::Taken { path: path.to_owned() })
}

#[cfg(test)]
mod tests;
