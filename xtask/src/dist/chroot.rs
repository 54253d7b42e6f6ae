//! A small Debian to install packages in. No systemd runs in it, as none does in a container.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process;
use crate::setup::debian;

/// A copy, removed when it is dropped.
pub(super) struct Chroot {
    root: PathBuf,
}

impl Chroot {
    /// Unpacks a copy.
    pub(super) fn unpack(root: &Path) -> Result<Self> {
        let chroot = Self { root: root.to_owned() };
        debian::unpack(root)?;
        Ok(chroot)
    }

    /// Runs a line of shell in it, as root; what it printed.
    pub(super) fn run(&self, line: &str) -> Result<String> {
        let environment = [
            "DEBIAN_FRONTEND=noninteractive".to_owned(),
            "LC_ALL=C.UTF-8".to_owned(),
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        ];
        let mut chroot = process::privileged("chroot", &environment);
        process::output(chroot.arg(&self.root).args(["/bin/sh", "-euc", line]))
    }

    /// Puts a file of this host into it.
    pub(super) fn copy(&self, file: &Path, name: &str) -> Result<()> {
        let mut install = process::privileged("install", &[]);
        install.args(["-m", "644"]).arg(file).arg(self.root.join(name.trim_start_matches('/')));
        process::run_quietly(&mut install)
    }

    /// Where it is on this host.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }
}

impl Drop for Chroot {
    fn drop(&mut self) {
        // What stays behind is in the target directory, and is removed by the next copy.
        let _ = debian::remove(&self.root);
    }
}
