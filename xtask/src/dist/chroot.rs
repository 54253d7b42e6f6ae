//! A small Debian to install packages in. debootstrap makes it once, the cache keeps it,
//! and each user of it gets a copy. No systemd runs in it, as none does in a container.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{place, process, setup};

const SUITE: &str = "bookworm";
/// What is in it beside the least that installs packages.
const PACKAGES: [&str; 3] = ["adduser", "procps", "systemd"];
/// What makes it. The second word is the package that has it.
const PROGRAMS: [(&str, &str); 3] =
    [("chroot", "coreutils"), ("debootstrap", "debootstrap"), ("tar", "tar")];

/// A copy, removed when it is dropped.
pub(super) struct Chroot {
    root: PathBuf,
}

impl Chroot {
    /// Unpacks a copy at a place where nothing is.
    pub(super) fn unpack(root: &Path) -> Result<Self> {
        let archive = archive()?;
        std::fs::create_dir_all(root).with_context(|| format!("making {}", root.display()))?;
        let chroot = Self { root: root.to_owned() };
        let mut tar = process::privileged("tar", &[]);
        process::run_quietly(tar.arg("-xzf").arg(archive).arg("-C").arg(root))?;
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
        let _ = remove(&self.root);
    }
}

/// Removes a tree that belongs to root.
pub(super) fn remove(root: &Path) -> Result<()> {
    process::run_quietly(
        process::privileged("rm", &[]).arg("-rf").arg("--one-file-system").arg(root),
    )
}

/// The archive in the cache, made if it is not there.
fn archive() -> Result<PathBuf> {
    setup::ensure_programs("what makes a Debian to install packages in", &PROGRAMS)?;
    let archive = place::cache()?.join(format!("debian-{SUITE}-{}.tar.gz", PACKAGES.join("-")));
    if archive.exists() {
        return Ok(archive);
    }
    eprintln!("dist: making a Debian to install packages in, kept as {}", archive.display());
    let tree = archive.with_extension("tree");
    remove(&tree)?;
    let made = make(&tree, &archive);
    remove(&tree)?;
    made.map(|()| archive)
}

fn make(tree: &Path, archive: &Path) -> Result<()> {
    std::fs::create_dir_all(tree).with_context(|| format!("making {}", tree.display()))?;
    let mut debootstrap = process::privileged("debootstrap", &[]);
    debootstrap
        .args(["--variant=minbase", &format!("--include={}", PACKAGES.join(",")), SUITE])
        .arg(tree);
    process::run_quietly(&mut debootstrap)?;
    // Under another name until it is whole.
    let partial = archive.with_extension("partial");
    let mut tar = process::privileged("tar", &[]);
    tar.arg("-czf").arg(&partial).args(["--exclude=./var/cache/apt/archives/*.deb", "-C"]);
    process::run_quietly(tar.arg(tree).arg("."))?;
    std::fs::rename(&partial, archive).with_context(|| format!("naming {}", archive.display()))
}
