//! A small disk of a test's own.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::output_of;

/// A file system in memory, unmounted when it goes out of scope.
pub struct Tmpfs {
    directory: TempDir,
}

impl Tmpfs {
    /// Mounts one of a mebibyte.
    #[must_use]
    pub fn mount() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m,mode=0700", "apiwatch-test"]);
        let _ = output_of(mount.arg(directory.path()));
        Self { directory }
    }

    /// Its root.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Leaves room for nothing.
    pub fn fill(&self) {
        let mut file = File::create(self.filling()).expect("a file");
        for bytes in [4096, 1] {
            let block = vec![b'x'; bytes];
            let error = loop {
                if let Err(error) = file.write_all(&block) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
        }
    }

    /// Makes room again.
    pub fn empty(&self) {
        std::fs::remove_file(self.filling()).expect("it was filled");
    }

    /// Lets nobody write to it.
    pub fn forbid_writing(&self) {
        self.remount("ro");
        let forbidden = OpenOptions::new().create(true).append(true).open(self.filling());
        assert!(forbidden.is_err(), "nobody may write");
    }

    /// Lets everybody write who may.
    pub fn allow_writing(&self) {
        self.remount("rw");
    }

    fn remount(&self, how: &str) {
        let options = format!("remount,{how}");
        let _ = output_of(Command::new("mount").args(["-o", &options]).arg(self.path()));
    }

    fn filling(&self) -> PathBuf {
        self.path().join("filling")
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}
