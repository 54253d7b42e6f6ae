use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Longest file read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Anyone may write.
const WORLD_WRITABLE: u32 = 0o002;

/// Why a file cannot be used as a configuration.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// It does not exist, or is a symbolic link to what does not exist.
    #[error("there is no such file")]
    Missing,
    /// The system refuses to open or read it.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
    /// It is a directory, device, pipe or socket.
    #[error("is {0}, not a regular file")]
    NotRegular(&'static str),
    /// Anyone may write to it.
    #[error("can be written by every user of this host")]
    WorldWritable,
    /// It is longer than 1 MiB.
    #[error("is larger than 1 MiB")]
    TooLarge,
}

impl FileFault {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Missing => Some("without a configuration the built-in defaults are used"),
            Self::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Some("run as root, or give this user the right to read it")
            }
            Self::Io(_) | Self::TooLarge => None,
            Self::NotRegular(_) => Some("name a file; an empty one gives the defaults"),
            Self::WorldWritable => Some("run `chmod o-w` on it"),
        }
    }
}

/// Reads a regular file of at most 1 MiB. Symbolic links are followed. Never blocks on
/// a pipe or device: it opens neither.
///
/// # Errors
///
/// [`FileFault`], whose remedy is that of a configuration.
pub fn read(path: &Path) -> Result<Vec<u8>, FileFault> {
    // Opening a device can already have an effect, so it is judged by its path first;
    // it is judged again once open, since the path may have come to mean another file.
    judge(&std::fs::metadata(path).map_err(fault)?)?;
    let file = open(path).map_err(fault)?;
    judge(&file.metadata().map_err(FileFault::Io)?)?;
    read_bounded(file)
}

/// Whether there is nothing at a path. A link that leads nowhere is something.
pub(super) fn is_absent(path: &Path) -> bool {
    let found = path.symlink_metadata();
    found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

fn judge(metadata: &Metadata) -> Result<(), FileFault> {
    let kind = metadata.file_type();
    let other = [
        (kind.is_dir(), "a directory"),
        (kind.is_fifo(), "a pipe"),
        (kind.is_char_device() || kind.is_block_device(), "a device"),
        (kind.is_socket(), "a socket"),
    ];
    if let Some((_, name)) = other.into_iter().find(|(is, _)| *is) {
        return Err(FileFault::NotRegular(name));
    }
    if metadata.permissions().mode() & WORLD_WRITABLE != 0 {
        return Err(FileFault::WorldWritable);
    }
    Ok(())
}

/// The size that the file system states is not trusted.
fn read_bounded(file: File) -> Result<Vec<u8>, FileFault> {
    let mut bytes = Vec::new();
    let read = file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(FileFault::Io)?;
    if read as u64 > LONGEST { Err(FileFault::TooLarge) } else { Ok(bytes) }
}

fn fault(error: io::Error) -> FileFault {
    match error.kind() {
        io::ErrorKind::NotFound => FileFault::Missing,
        _ => FileFault::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn refusal(path: &Path) -> String {
        read(path).map(|_| ()).expect_err("it must be refused").to_string()
    }

    #[test]
    fn regular_files_and_links_to_them_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "version = 1").unwrap();
        symlink(&file, &link).unwrap();
        assert_eq!(read(&file).unwrap(), b"version = 1");
        assert_eq!(read(&link).unwrap(), b"version = 1");
    }

    #[test]
    fn one_mebibyte_is_read_and_one_byte_more_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, vec![b'#'; 1024 * 1024]).unwrap();
        assert_eq!(read(&file).unwrap().len(), 1024 * 1024);
        fs::write(&file, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(refusal(&file), "is larger than 1 MiB");
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let socket = directory.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let link = directory.path().join("link");
        symlink(&fifo, &link).unwrap();
        let cases = [
            (directory.path(), "is a directory, not a regular file"),
            (&fifo, "is a pipe, not a regular file"),
            (&link, "is a pipe, not a regular file"),
            (&socket, "is a socket, not a regular file"),
            (Path::new("/dev/zero"), "is a device, not a regular file"),
        ];
        for (path, expected) in cases {
            assert_eq!(refusal(path), expected, "{}", path.display());
        }
    }

    #[test]
    fn a_file_that_anyone_may_write_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o646)).unwrap();
        let fault = read(&file).expect_err("it must be refused");
        assert_eq!(fault.to_string(), "can be written by every user of this host");
        assert_eq!(fault.remedy(), Some("run `chmod o-w` on it"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
        assert!(read(&file).is_ok());
    }

    #[test]
    fn a_dangling_link_is_missing_but_not_absent() {
        let directory = tempfile::tempdir().unwrap();
        let (missing, link) = (directory.path().join("missing"), directory.path().join("link"));
        symlink(&missing, &link).unwrap();
        assert_eq!(refusal(&missing), "there is no such file");
        assert_eq!(refusal(&link), "there is no such file");
        assert!(is_absent(&missing));
        assert!(!is_absent(&link));
    }
}
