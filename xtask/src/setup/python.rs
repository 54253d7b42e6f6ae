//! Python packages that peers of the tests are written with, in a virtual environment in
//! the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{packages, say};
use crate::{place, process};

/// Which packages, with their versions.
const REQUIREMENTS: &str = "tests/data/requirements.txt";
/// Fails where a package is missing: the Python that they were installed for may be gone.
const USES: &str = "import grpc, h2, websockets";
/// Says whether Python can make a virtual environment with an installer in it.
const CAN_MAKE: &str = "import ensurepip, venv";

/// Makes the environment unless it is there.
pub(super) fn ensure() -> Result<()> {
    let wanted = place::workspace().join(REQUIREMENTS);
    let wanted =
        fs::read_to_string(&wanted).with_context(|| format!("reading {}", wanted.display()))?;
    let root = root()?;
    if is_ready(&root, &wanted) {
        return Ok(());
    }
    ensure_venv()?;
    say(&format!(
        "installing {} into {} (peers of the tests)",
        names_of(&wanted).join(", "),
        root.display()
    ));
    make(&root)?;
    let copy = copy_of(&root);
    fs::write(&copy, wanted).with_context(|| format!("writing {}", copy.display()))
}

/// The interpreter that has the packages.
pub(crate) fn interpreter() -> Result<PathBuf> {
    Ok(interpreter_of(&root()?))
}

fn root() -> Result<PathBuf> {
    Ok(place::cache()?.join("python"))
}

fn interpreter_of(root: &Path) -> PathBuf {
    root.join("bin/python")
}

/// What is installed, written once it is.
fn copy_of(root: &Path) -> PathBuf {
    root.join("requirements.txt")
}

/// Whether these packages are installed and can be used.
fn is_ready(root: &Path, wanted: &str) -> bool {
    fs::read_to_string(copy_of(root)).is_ok_and(|installed| installed == wanted)
        && process::run_quietly(Command::new(interpreter_of(root)).args(["-c", USES])).is_ok()
}

/// Debian has what makes virtual environments in a package of its own.
fn ensure_venv() -> Result<()> {
    let can_make = || process::run_quietly(Command::new("python3").args(["-c", CAN_MAKE])).is_ok();
    if !can_make() && packages::has_apt() {
        packages::ensure("virtual environments for the tests", &["python3-venv"])?;
    }
    if !can_make() {
        bail!("install venv and ensurepip of Python (peers of the tests)");
    }
    Ok(())
}

fn make(root: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(root);
    process::run_quietly(Command::new("python3").args(["-m", "venv"]).arg(root))?;
    let mut pip = Command::new(interpreter_of(root));
    // What would have to be compiled is not tried: it takes long and needs a compiler.
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(["--no-deps", "--only-binary", ":all:"]);
    pip.arg("--requirement").arg(place::workspace().join(REQUIREMENTS));
    process::run_quietly(&mut pip)
}

/// The packages, with their versions.
fn names_of(requirements: &str) -> Vec<&str> {
    let lines = requirements.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_without_comments() {
        assert_eq!(
            names_of("# why\n\nh2==4.4.1\n  grpcio==1.85.3\n"),
            ["h2==4.4.1", "grpcio==1.85.3"]
        );
    }

    #[test]
    fn other_versions_or_no_interpreter_are_not_ready() {
        let root = std::env::temp_dir().join(format!("apiwatch-python-{}", std::process::id()));
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::write(copy_of(&root), "h2==4.4.1\n").unwrap();
        assert!(!is_ready(&root, "h2==4.4.1\n"), "without an interpreter");
        std::os::unix::fs::symlink("/bin/true", interpreter_of(&root)).unwrap();
        assert!(is_ready(&root, "h2==4.4.1\n"));
        assert!(!is_ready(&root, "h2==4.4.2\n"), "another version");
        fs::remove_dir_all(&root).unwrap();
    }
}
