//! The Debian package.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::layout::{self, DIRECTORY_MODE, Family, File, Role, below_root};
use super::release::{MAINTAINER, Release};
use super::{Contents, renew};
use crate::{place, process};

/// The maintainer scripts, below `packaging/deb`.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Makes the package in a directory, through the directory `work`; its path.
pub(super) fn build(contents: &Contents, work: &Path, directory: &Path) -> Result<PathBuf> {
    renew(work)?;
    let files = layout::files(Family::Debian, contents)?;
    layout::stage(&files, work)?;
    write_control(contents, &files, work)?;
    let package = directory.join(name(contents));
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.args(["--build", "--root-owner-group", "-Zxz"]).arg(work).arg(&package);
    dpkg.env("SOURCE_DATE_EPOCH", contents.release.epoch_seconds.to_string());
    // How xz cuts its blocks depends on the number of threads.
    process::run_quietly(dpkg.env("DPKG_DEB_THREADS_MAX", "1"))?;
    Ok(package)
}

fn name(contents: &Contents) -> String {
    let architecture = contents.program.architecture.debian();
    format!("apiwatch_{}_{architecture}.deb", contents.release.version)
}

/// Writes what dpkg reads: the description, the scripts and the sums.
fn write_control(contents: &Contents, files: &[File], root: &Path) -> Result<()> {
    let control = root.join("DEBIAN");
    std::fs::create_dir_all(&control)?;
    std::fs::set_permissions(&control, std::fs::Permissions::from_mode(DIRECTORY_MODE))?;
    let write = |name: &str, text: &str, mode: u32| -> Result<()> {
        let path = control.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        Ok(std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?)
    };
    let template = source("control")?;
    let description = describe(&template, contents, installed_kib(files, root)?);
    write("control", &description, 0o644)?;
    write("conffiles", &conffiles(files), 0o644)?;
    write("md5sums", &sums(files, root)?, 0o644)?;
    for script in SCRIPTS {
        write(script, &source(script)?, 0o755)?;
    }
    Ok(())
}

fn source(name: &str) -> Result<String> {
    let path = place::workspace().join("packaging/deb").join(name);
    std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

/// The description, its words filled in.
fn describe(template: &str, contents: &Contents, installed_kib: u64) -> String {
    let Contents { program, release: Release { version, .. }, .. } = contents;
    template
        .replace("@VERSION@", version)
        .replace("@ARCHITECTURE@", program.architecture.debian())
        .replace("@MAINTAINER@", MAINTAINER)
        .replace("@INSTALLED_KIB@", &installed_kib.to_string())
        .replace("@DEPENDS@", &program.depends)
}

fn conffiles(files: &[File]) -> String {
    let configuration = files.iter().filter(|file| file.role == Role::Configuration);
    configuration.map(|file| format!("{}\n", file.path)).collect()
}

fn sums(files: &[File], root: &Path) -> Result<String> {
    let plain = files.iter().filter(|file| file.role != Role::Configuration);
    let paths = plain.map(|file| file.path.trim_start_matches('/'));
    process::output(Command::new("md5sum").args(paths).current_dir(root))
}

/// As Debian policy counts: each file in whole KiB, and one KiB for a directory.
fn installed_kib(files: &[File], root: &Path) -> Result<u64> {
    let mut kib = layout::directories(files).len() as u64;
    for file in files {
        let path = below_root(root, &file.path);
        let metadata =
            std::fs::metadata(&path).with_context(|| format!("looking at {}", path.display()))?;
        kib += metadata.len().div_ceil(1024);
    }
    Ok(kib)
}
