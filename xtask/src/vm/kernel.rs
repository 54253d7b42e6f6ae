//! The kernels, from Debian's packages, fetched once into the cache. The machine's own
//! package sources are left as they are: each suite has lists of its own beside them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{place, process};

/// A kernel to test under.
pub(super) struct Kernel {
    /// The release it is of.
    pub(super) release: &'static str,
    /// The suite of Debian that has it.
    suite: &'static str,
    /// The tier that is chosen there, unless the kernel cannot be watched.
    pub(super) tier: Option<&'static str>,
}

/// Before and after tier A's hooks came (6.3), and before those of tier B (5.14), which
/// takes the shortest and so comes last.
pub(super) const KERNELS: [Kernel; 3] = [
    Kernel { release: "6.1", suite: "bookworm", tier: Some("b") },
    Kernel { release: "6.12", suite: "bookworm-backports", tier: Some("a") },
    Kernel { release: "5.10", suite: "bullseye", tier: None },
];

/// Depends on the newest kernel of its suite.
const PACKAGE: &str = "linux-image-cloud-amd64";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The image of a kernel, downloaded if need be.
pub(super) fn fetch(kernel: &Kernel) -> Result<PathBuf> {
    let directory = place::cache()?.join("kernels").join(kernel.release);
    let image = directory.join("vmlinuz");
    if image.exists() {
        return Ok(image);
    }
    eprintln!("vm: downloading Debian's kernel {} into {}", kernel.release, directory.display());
    for folder in ["lists/partial", "archives/partial"] {
        std::fs::create_dir_all(directory.join(folder))?;
    }
    let sources = format!("deb [signed-by={KEYRING}] {} {} main\n", mirror()?, kernel.suite);
    std::fs::write(directory.join("sources.list"), sources)?;
    process::run_quietly(apt("apt-get", &directory).arg("update"))?;
    let package = package_of(kernel, &directory)?;
    process::run_quietly(apt("apt-get", &directory).args(["download", &package]))?;
    unpack(&directory, &package, &image)?;
    Ok(image)
}

/// The mirror of Debian that this machine uses.
fn mirror() -> Result<String> {
    let format = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";
    let targets = process::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        format,
        "Created-By: Packages",
    ]))?;
    let mirror = targets.lines().find_map(|line| line.strip_prefix("Debian|Debian|"));
    mirror.map(str::to_owned).context("the kernels are Debian's, and no source of it is set up")
}

/// The package of the kernel itself.
fn package_of(kernel: &Kernel, directory: &Path) -> Result<String> {
    let depends = process::output(apt("apt-cache", directory).args(["depends", PACKAGE]))?;
    let mut names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let wanted = format!("linux-image-{}.", kernel.release);
    match names.find(|name| name.starts_with(&wanted)) {
        Some(name) => Ok(name.to_owned()),
        None => bail!("{} has no kernel {} any more:\n{depends}", kernel.suite, kernel.release),
    }
}

fn unpack(directory: &Path, package: &str, image: &Path) -> Result<()> {
    let find = |folder: &Path, prefix: &str| {
        let mut entries = std::fs::read_dir(folder)?.filter_map(Result::ok);
        entries
            .find(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path())
            .with_context(|| format!("there is no {prefix} in {}", folder.display()))
    };
    let archive = find(directory, &format!("{package}_"))?;
    let unpacked = directory.join("unpacked");
    process::run_quietly(Command::new("dpkg-deb").arg("-x").args([&archive, &unpacked]))?;
    std::fs::rename(find(&unpacked.join("boot"), "vmlinuz-")?, image)?;
    std::fs::remove_dir_all(unpacked)?;
    std::fs::remove_file(archive)?;
    Ok(())
}

/// A program of apt that knows the sources of one suite only.
fn apt(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-qq").current_dir(directory);
    for (option, value) in [
        ("Dir::State::lists", directory.join("lists")),
        ("Dir::Cache", directory.to_owned()),
        ("Dir::Etc::sourcelist", directory.join("sources.list")),
        ("Dir::Etc::sourceparts", "-".into()),
        ("APT::Sandbox::User", "root".into()),
    ] {
        command.arg("-o").arg(format!("{option}={}", value.display()));
    }
    command
}
