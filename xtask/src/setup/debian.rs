//! A small Debian, to install packages in and to boot. debootstrap makes it once, the cache
//! keeps it, and each user of it gets a copy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{packages, say};
use crate::{place, process};

const SUITE: &str = "bookworm";
/// What is in it beside the least that installs packages.
const PACKAGES: [&str; 8] =
    ["adduser", "bpftool", "curl", "dbus", "nginx-light", "procps", "rpm", "systemd"];
/// What makes it. The second word is the package that has it.
const PROGRAMS: [(&str, &str); 3] =
    [("chroot", "coreutils"), ("debootstrap", "debootstrap"), ("tar", "tar")];
/// What neither packages nor machines miss: more than half of it all. Perl beyond its base,
/// `file` and ICU come with rpm, and only what builds packages uses them.
const LEFT_OUT: [&str; 11] = [
    "usr/lib/file/*",
    "usr/lib/x86_64-linux-gnu/gconv/*",
    "usr/lib/x86_64-linux-gnu/libicu*",
    "usr/lib/x86_64-linux-gnu/perl/*",
    "usr/share/doc/*",
    "usr/share/locale/*",
    "usr/share/man/*",
    "usr/share/perl/*",
    "usr/share/zoneinfo/*",
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
];

/// Unpacks a copy, in place of one that was there.
pub(crate) fn unpack(root: &Path) -> Result<()> {
    let archive = archive()?;
    remove(root)?;
    fs::create_dir_all(root).with_context(|| format!("making {}", root.display()))?;
    let mut tar = process::privileged("tar", &[]);
    process::run_quietly(tar.arg("-xzf").arg(archive).arg("-C").arg(root))
}

/// Removes a tree that belongs to root.
pub(crate) fn remove(root: &Path) -> Result<()> {
    process::run_quietly(
        process::privileged("rm", &[]).arg("-rf").arg("--one-file-system").arg(root),
    )
}

/// The archive in the cache, made if it is not there.
fn archive() -> Result<PathBuf> {
    let archive = place::cache()?.join(format!("debian-{SUITE}-{}.tar.gz", PACKAGES.join("-")));
    if archive.exists() {
        return Ok(archive);
    }
    packages::ensure_programs("what makes a small Debian", &PROGRAMS)?;
    say(&format!("making a small Debian, kept as {}", archive.display()));
    let tree = archive.with_extension("tree");
    remove(&tree)?;
    let made = make(&tree, &archive);
    remove(&tree)?;
    made.map(|()| archive)
}

/// No service is started: debootstrap puts a program that does nothing in the place of the
/// one that would.
fn make(tree: &Path, archive: &Path) -> Result<()> {
    fs::create_dir_all(tree).with_context(|| format!("making {}", tree.display()))?;
    let mut debootstrap = process::privileged("debootstrap", &[]);
    let include = format!("--include={}", PACKAGES.join(","));
    process::run_quietly(debootstrap.args(["--variant=minbase", &include, SUITE]).arg(tree))?;
    // Under another name until it is whole.
    let partial = archive.with_extension("partial");
    let mut tar = process::privileged("tar", &[]);
    tar.arg("-czf").arg(&partial);
    tar.args(LEFT_OUT.map(|files| format!("--exclude=./{files}")));
    process::run_quietly(tar.arg("-C").arg(tree).arg("."))?;
    fs::rename(&partial, archive).with_context(|| format!("naming {}", archive.display()))
}
