use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;

use super::*;

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o777
}

#[test]
fn a_socket_is_made_with_its_directory_and_goes_away() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run/apiwatch.sock");
    let socket = ControlSocket::bind(&path).unwrap();
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o660, 0o755));
    assert_eq!(socket.owner().uid, rustix::process::geteuid().as_raw());
    assert!(UnixStream::connect(&path).is_ok());
    let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary name is left: {left:?}");
    drop(socket);
    assert!(!path.exists());
}

#[test]
fn a_stale_socket_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    assert!(found_socket(&path), "its path is left");
    let socket = ControlSocket::bind(&path).unwrap();
    assert!(UnixStream::connect(socket.path()).is_ok());
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 1);
}

#[test]
fn a_live_socket_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let first = ControlSocket::bind(&path).unwrap();
    let error = ControlSocket::bind(&path).unwrap_err();
    assert!(matches!(error, SocketError::Taken { .. }), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    // Nobody accepts: the backlog is full, and that is alive as well.
    let waiting: Vec<_> = std::iter::from_fn(|| connect(&path).ok()).collect();
    assert_eq!(connect(&path).err(), Some(Errno::AGAIN));
    assert!(matches!(ControlSocket::bind(&path), Err(SocketError::Taken { .. })));
    drop((first, waiting));
}

#[test]
fn what_is_no_socket_of_ours_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("file"), "kept").unwrap();
    fs::create_dir(at("directory")).unwrap();
    let live = UnixListener::bind(at("live")).unwrap();
    symlink(at("live"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    let _datagram = UnixDatagram::bind(at("datagram")).unwrap();
    for name in ["file", "directory", "link", "dangling", "datagram"] {
        let before = FileId::at(&at(name));
        let error = ControlSocket::bind(&at(name)).unwrap_err();
        assert!(matches!(error, SocketError::Foreign { .. }), "{name}: {error}");
        assert_eq!(FileId::at(&at(name)), before, "{name}");
    }
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "kept");
    assert!(!at("nowhere").exists());
    drop(live);
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 6);
}

#[test]
fn a_socket_of_another_is_not_removed_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let first = ControlSocket::bind(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let second = ControlSocket::bind(&path).unwrap();
    drop(first);
    assert!(UnixStream::connect(&path).is_ok());
    drop(second);
    assert!(!path.exists());
    let third = ControlSocket::bind(&path).unwrap();
    fs::remove_file(&path).unwrap();
    symlink(directory.path(), &path).unwrap();
    drop(third);
    assert!(path.is_symlink());
}

#[test]
fn who_comes_second_after_both_looked_does_not_replace_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let temporary = directory.path().join("t");
    for stale in [false, true] {
        let _ = fs::remove_file(&path);
        if stale {
            drop(UnixListener::bind(&path).unwrap());
        }
        let found = look(&path).unwrap();
        assert_eq!(found.is_some(), stale);
        let first = ControlSocket::bind(&path).unwrap();
        let second = listen(&temporary).unwrap();
        let error = take_place(&temporary, &path, found).unwrap_err();
        assert!(matches!(error, SocketError::Taken { .. }), "{error}");
        assert_eq!(FileId::at(&path), Some(first.file));
        drop((first, second));
        fs::remove_file(&temporary).unwrap();
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let error = ControlSocket::bind(Path::new("/proc/apiwatch/s")).unwrap_err();
    assert!(error.to_string().contains("\"/proc/apiwatch/s\""), "{error}");
}
