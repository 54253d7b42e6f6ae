//! What a machine starts from: a small Debian with packages of apiwatch and the scripts,
//! unpacked into memory by the kernel. Not compressed, for that would be undone by emulated
//! instructions; not on a disk, for the driver would be a module and another thing to load.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::setup::debian;
use crate::{dist, process};

/// What is put into it, and where.
const FILES: [(&str, &str); 7] = [
    ("guest/test.sh", "root/apiwatch-vm.sh"),
    ("guest/clock.sh", "root/clock.sh"),
    ("guest/disk.sh", "root/disk.sh"),
    ("guest/upgrade.sh", "root/upgrade.sh"),
    ("guest/rpm.sh", "root/rpm.sh"),
    ("guest/apiwatch-vm.service", "etc/systemd/system/apiwatch-vm.service"),
    ("guest/nginx.conf", "etc/nginx/conf.d/apiwatch-vm.conf"),
];

/// Writes the archive, through the directory it is in.
pub(super) fn write(apiwatch: &Path, archive: &Path) -> Result<()> {
    let directory = archive.parent().context("the archive is in no directory")?;
    let packages = dist::pack_lives(apiwatch, directory)?;
    let root = directory.join("root");
    debian::unpack(&root)?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/vm");
    for (from, to) in FILES {
        install(&sources.join(from), &root.join(to))?;
    }
    for (package, place) in
        [(packages.deb, "root"), (packages.newer_deb, "root/newer"), (packages.rpm, "root")]
    {
        let name = package.file_name().context("the package has no name")?;
        install(&package, &root.join(place).join(name))?;
    }
    pack(&root, archive)?;
    debian::remove(&root)
}

/// Puts a file there as root's. A link at its place would be replaced, not followed.
fn install(from: &Path, to: &PathBuf) -> Result<()> {
    let mut install = process::privileged("install", &[]);
    process::run_quietly(
        install.args(["-D", "-o", "root", "-g", "root", "-m", "644"]).arg(from).arg(to),
    )
}

/// Packs a folder of root's as the kernel unpacks it.
fn pack(root: &Path, archive: &Path) -> Result<()> {
    let mut names = process::privileged("find", &[]);
    let mut names =
        names.arg(".").current_dir(root).stdout(Stdio::piped()).spawn().context("starting find")?;
    let listed = names.stdout.take().expect("it is piped");
    let mut cpio = process::privileged("cpio", &[]);
    cpio.args(["--quiet", "--create", "--format=newc"]).current_dir(root);
    let packed = cpio.stdin(listed).stdout(file(archive)?).status().context("starting cpio")?;
    if !packed.success() || !names.wait()?.success() {
        bail!("packing {} failed", root.display());
    }
    Ok(())
}

fn file(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("making {}", path.display()))
}
