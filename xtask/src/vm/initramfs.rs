//! The file system that a machine starts from: busybox, apiwatch with its libraries,
//! and the script that is the first process.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

const GUEST: &str = include_str!("guest.sh");
const CONFIG: &str = "[state]\ndirectory = \"/tmp/state\"\n";

/// Writes the archive.
pub(super) fn write(apiwatch: &Path, archive: &Path) -> Result<()> {
    let root = archive.with_extension("root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    fs::create_dir_all(root.join("bin"))?;
    let busybox = process::find_program("busybox").context("busybox is missing")?;
    copy(&busybox, &root.join("bin/busybox"))?;
    copy(apiwatch, &root.join("apiwatch"))?;
    // Without its symbols it is a fifth of the size. A script has none.
    let _ = process::run_quietly(Command::new("strip").arg(root.join("apiwatch")));
    for library in libraries_of(apiwatch)? {
        let beneath = library.strip_prefix("/").context("a library's path is relative")?;
        copy(&library, &root.join(beneath))?;
    }
    fs::write(root.join("config.toml"), CONFIG)?;
    fs::write(root.join("init"), GUEST)?;
    fs::set_permissions(root.join("init"), fs::Permissions::from_mode(0o755))?;
    pack(&root, archive)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().expect("the file is in a folder");
    fs::create_dir_all(folder)?;
    fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
    Ok(())
}

/// The libraries that the dynamic linker would load, itself included.
fn libraries_of(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("starting ldd")?;
    Ok(libraries_in(&String::from_utf8_lossy(&output.stdout)))
}

/// From lines like `libc.so.6 => /lib/libc.so.6 (0x…)` and `/lib64/ld.so.2 (0x…)`.
fn libraries_in(listed: &str) -> Vec<PathBuf> {
    let words = listed.lines().filter_map(|line| {
        line.split_whitespace().find(|word| word.starts_with('/') && !word.ends_with(':'))
    });
    words.map(PathBuf::from).collect()
}

/// Packs a folder as the kernel unpacks it, everything owned by root.
fn pack(root: &Path, archive: &Path) -> Result<()> {
    let mut find = Command::new("find")
        .arg(".")
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn()
        .context("starting find")?;
    let names = find.stdout.take().expect("it is piped");
    let status = Command::new("cpio")
        .args(["--quiet", "--create", "--format=newc", "--owner=0:0"])
        .current_dir(root)
        .stdin(names)
        .stdout(File::create(archive)?)
        .status()
        .context("starting cpio")?;
    if !status.success() || !find.wait()?.success() {
        bail!("packing {} failed", root.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_what_ldd_says() {
        let listed = "\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x2)\n\
                      \t/lib64/ld-linux.so.2 (0x3)\n";
        let expected = ["/lib/x/libc.so.6", "/lib64/ld-linux.so.2"].map(PathBuf::from);
        assert_eq!(libraries_in(listed), expected);
        assert_eq!(libraries_in("\tnot a dynamic executable\n"), Vec::<PathBuf>::new());
        assert_eq!(libraries_in("/bin/x: not a script\n"), Vec::<PathBuf>::new());
    }
}
