//! What the finished packages are checked for.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::layout::{self, DIRECTORY_MODE, Family};
use super::{Contents, Packages, lifecycle, pack, rpm};
use crate::{process, setup};

/// What checking starts. The second word is the package that has it.
const PROGRAMS: [(&str, &str); 2] = [("lintian", "lintian"), ("rpm", "rpm")];

/// Checks the packages of a directory; says every step.
pub(super) fn run(contents: &Contents, packages: &Packages, directory: &Path) -> Result<()> {
    setup::ensure_programs("what checks packages", &PROGRAMS)?;
    step("files", || {
        check_files(Family::Debian, contents, &listed_by_dpkg(&packages.deb)?)?;
        check_files(Family::Rpm, contents, &listed_by_rpm(&packages.rpm)?)
    })?;
    step("lintian", || lint(&packages.deb))?;
    step("reproducibility", || {
        let again = pack(contents, &directory.join("work/again"))?;
        ensure_same(&packages.deb, &again.deb)?;
        ensure_same(&packages.rpm, &again.rpm)
    })?;
    if !contents.program.architecture.is_native() {
        eprintln!("dist: the packages are for another architecture, so they are not installed");
        return Ok(());
    }
    step("install, upgrade, remove, purge", || {
        let work = directory.join("work/life");
        let newer = pack(&contents.newer(), &work)?;
        // Not in the directory of work: what root left behind could not be removed with it.
        lifecycle::run(packages, &newer, &directory.join("root"))
    })
}

fn step(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("dist: {name}");
    check()
}

fn lint(deb: &Path) -> Result<()> {
    let mut lintian = Command::new("lintian");
    lintian.args(["--fail-on", "error,warning", "--tag-display-limit", "0"]);
    process::run_quietly(lintian.arg(deb))
}

fn ensure_same(package: &Path, again: &Path) -> Result<()> {
    let read =
        |path: &Path| std::fs::read(path).with_context(|| format!("reading {}", path.display()));
    let (first, second) = (package.display(), again.display());
    ensure!(read(package)? == read(again)?, "{first} and {second} differ, made from the same");
    Ok(())
}

/// Fails where a package has not exactly the files, permissions and owners of the layout.
fn check_files(family: Family, contents: &Contents, listed: &BTreeSet<String>) -> Result<()> {
    let expected = expected(family, contents)?;
    let missing = expected.difference(listed).map(|line| format!("missing: {line}"));
    let surplus = listed.difference(&expected).map(|line| format!("surplus: {line}"));
    let wrong: Vec<String> = missing.chain(surplus).collect();
    if !wrong.is_empty() {
        bail!("the {family:?} package has other files than it should:\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// Lines of permissions, owner and path.
fn expected(family: Family, contents: &Contents) -> Result<BTreeSet<String>> {
    let files = layout::files(family, contents)?;
    let mut lines: BTreeSet<String> = files
        .iter()
        .map(|file| format!("-{} root/root {}", permissions(file.mode()), file.path))
        .collect();
    // An RPM package owns only its own directories.
    let directories = layout::directories(&files)
        .into_iter()
        .filter(|path| family == Family::Debian || rpm::is_own(path));
    let mode = permissions(DIRECTORY_MODE);
    lines.extend(directories.map(|path| format!("d{mode} root/root {path}")));
    Ok(lines)
}

/// As `ls` writes them.
fn permissions(mode: u32) -> String {
    let bits = (0..9).rev().map(|bit| mode >> bit & 1);
    bits.zip("rwxrwxrwx".chars()).map(|(bit, letter)| if bit == 1 { letter } else { '-' }).collect()
}

fn listed_by_dpkg(deb: &Path) -> Result<BTreeSet<String>> {
    let text = process::output(Command::new("dpkg-deb").arg("--contents").arg(deb))?;
    Ok(lines_of_dpkg(&text))
}

fn lines_of_dpkg(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (permissions, owner) = (words.next()?, words.next()?);
        // Size, date and time are between them and the path.
        let path = words.nth(3)?.strip_prefix('.')?.trim_end_matches('/');
        (!path.is_empty()).then(|| format!("{permissions} {owner} {path}"))
    });
    lines.collect()
}

fn listed_by_rpm(rpm: &Path) -> Result<BTreeSet<String>> {
    const FORMAT: &str = "[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILENAMES}\n]";
    let mut query = Command::new("rpm");
    query.args(["--query", "--package", "--queryformat", FORMAT]).arg(rpm);
    Ok(process::output(&mut query)?.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_written_as_ls_does() {
        for (mode, expected) in
            [(0o755, "rwxr-xr-x"), (0o644, "rw-r--r--"), (0o400, "r--------"), (0o777, "rwxrwxrwx")]
        {
            assert_eq!(permissions(mode), expected);
        }
    }

    #[test]
    fn what_dpkg_lists_is_read() {
        let text = "drwxr-xr-x root/root         0 2026-11-26 04:29 ./\n\
                    drwxr-xr-x root/root         0 2026-11-26 04:29 ./etc/\n\
                    -rw------- me/us          6746 2026-11-26 04:29 ./etc/a.toml\n";
        let expected = ["drwxr-xr-x root/root /etc", "-rw------- me/us /etc/a.toml"];
        assert_eq!(lines_of_dpkg(text), BTreeSet::from(expected.map(str::to_owned)));
    }
}
