//! The emulator of the virtual machines: the host's own, or one unpacked into the cache.
//!
//! It is not installed: its packages conflict with tools of another version that hosts
//! have, and what a host has is not removed for a test.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{packages, say};
use crate::{place, process};

const PROGRAM: &str = "qemu-system-x86_64";
/// Where it is in its unpacked package.
const UNPACKED: &str = "usr/bin/qemu-system-x86_64";
const PACKAGE: &str = "qemu-system-x86";
/// What apt knows to be installed.
const STATUS: &str = "/var/lib/dpkg/status";
/// Where an unpacked package has its libraries.
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// Makes sure that there is an emulator.
pub(super) fn ensure() -> Result<()> {
    let cache = cache()?;
    if process::find_program(PROGRAM).is_some() || cache.join(UNPACKED).is_file() {
        return Ok(());
    }
    if !packages::has_apt() {
        bail!("install {PROGRAM} (the virtual machines of the tests)");
    }
    say(&format!(
        "unpacking {PACKAGE} into {} (the virtual machines of the tests)",
        cache.display()
    ));
    let partly = cache.with_extension("partly");
    let _ = fs::remove_dir_all(&partly);
    let archives = partly.join("archives");
    fs::create_dir_all(archives.join("partial"))
        .with_context(|| format!("making {}", archives.display()))?;
    download(&partly, &archives)?;
    unpack(&archives, &partly)?;
    let _ = fs::remove_dir_all(&archives);
    let _ = fs::remove_dir_all(&cache);
    fs::rename(&partly, &cache).with_context(|| format!("making {}", cache.display()))
}

/// The words that start the emulator.
pub(crate) fn words() -> Result<Vec<OsString>> {
    if let Some(program) = process::find_program(PROGRAM) {
        return Ok(vec![program.into()]);
    }
    let root = cache()?;
    let mut libraries = OsString::from("LD_LIBRARY_PATH=");
    libraries.push(root.join(LIBRARIES));
    let mut line = vec!["env".into(), libraries, root.join(UNPACKED).into()];
    for firmware in ["usr/share/qemu", "usr/share/seabios"] {
        line.push("-L".into());
        line.push(root.join(firmware).into());
    }
    Ok(line)
}

fn cache() -> Result<PathBuf> {
    Ok(place::cache()?.join("emulator"))
}

/// Downloads the packages that the emulator needs beyond those that are installed, as if
/// no other package of its source were.
fn download(directory: &Path, archives: &Path) -> Result<()> {
    let status = fs::read_to_string(STATUS).with_context(|| format!("reading {STATUS}"))?;
    let file = directory.join("status");
    fs::write(&file, without_relatives(&status))
        .with_context(|| format!("writing {}", file.display()))?;
    packages::update();
    let mut apt = Command::new("apt-get");
    apt.args(["-qq", "-o", &format!("Dir::State::status={}", file.display())]);
    apt.args(["-o", &format!("Dir::Cache::archives={}", archives.display())]);
    // Locks and lists belong to root; as another user, apt needs none of its own.
    apt.args(["-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=true"]);
    apt.args(["install", "--yes", "--download-only", "--no-install-recommends", "--no-remove"]);
    process::run_quietly(apt.arg(PACKAGE))
}

fn unpack(archives: &Path, root: &Path) -> Result<()> {
    for entry in fs::read_dir(archives).context("listing what was downloaded")? {
        let path = entry.context("listing what was downloaded")?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            process::run_quietly(Command::new("dpkg-deb").arg("-x").arg(&path).arg(root))?;
        }
    }
    Ok(())
}

/// The list of installed packages without those of the emulator's source.
fn without_relatives(status: &str) -> String {
    let kept = status.split("\n\n").filter(|entry| !entry.starts_with("Package: qemu-"));
    kept.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_the_emulator_are_taken_for_missing() {
        let status = "Package: libc6\nVersion: 2\n\nPackage: qemu-utils\nVersion: 10\n\n\
                      Package: zlib1g\nVersion: 1\n";
        let kept = "Package: libc6\nVersion: 2\n\nPackage: zlib1g\nVersion: 1\n";
        assert_eq!(without_relatives(status), kept);
    }
}
