//! The RPM package.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::layout::{self, DIRECTORY_MODE, Family, File, Role};
use super::{Contents, changelog, renew};
use crate::{place, process};

/// How often this version was packed.
const RELEASE: &str = "1";

/// Makes the package in a directory, through the directory `work`; its path.
pub(super) fn build(contents: &Contents, work: &Path, directory: &Path) -> Result<PathBuf> {
    renew(work)?;
    let files = layout::files(Family::Rpm, contents)?;
    let stage = work.join("stage");
    layout::stage(&files, &stage)?;
    let spec = work.join("apiwatch.spec");
    std::fs::write(&spec, describe(contents, &files, &stage)?)
        .with_context(|| format!("writing {}", spec.display()))?;
    let architecture = contents.program.architecture.rpm();
    let name = format!("apiwatch-{}-{RELEASE}.{architecture}.rpm", contents.release.version);
    let mut rpmbuild = Command::new("rpmbuild");
    rpmbuild.args(["-bb", "--quiet", "--target", &format!("{architecture}-linux")]);
    rpmbuild.arg("--define").arg(format!("_topdir {}", work.join("build").display()));
    rpmbuild.arg("--define").arg(format!("_rpmdir {}", directory.display()));
    rpmbuild.arg("--define").arg(format!("_rpmfilename {name}")).arg(&spec);
    let epoch = contents.release.epoch_seconds.to_string();
    process::run_quietly(rpmbuild.env("SOURCE_DATE_EPOCH", epoch).env("LC_ALL", "C.UTF-8"))?;
    Ok(directory.join(name))
}

/// The spec file.
fn describe(contents: &Contents, files: &[File], stage: &Path) -> Result<String> {
    let path = place::workspace().join("packaging/rpm/apiwatch.spec");
    let template =
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let text = template
        .replace("@VERSION@", &contents.release.version)
        .replace("@RELEASE@", RELEASE)
        .replace("@STAGE@", &stage.display().to_string());
    let changes = changelog::rpm(&contents.release)?;
    Ok(format!("{text}\n%files\n{}\n%changelog\n{changes}", listed(files)))
}

/// The files and the directories that are this package's own.
fn listed(files: &[File]) -> String {
    let mut text = String::from("%defattr(-, root, root, -)\n");
    let directories = layout::directories(files);
    for directory in directories.iter().filter(|path| is_own(path)) {
        text.push_str(&format!("%dir %attr({DIRECTORY_MODE:04o}, root, root) {directory}\n"));
    }
    for file in files {
        let role = match file.role {
            Role::Program | Role::Plain => "",
            Role::Configuration => "%config(noreplace) ",
            Role::Documentation => "%doc ",
            Role::License => "%license ",
        };
        text.push_str(&format!("{role}%attr({:04o}, root, root) {}\n", file.mode(), file.path));
    }
    text
}

/// Whether a directory is of apiwatch alone.
pub(super) fn is_own(directory: &str) -> bool {
    directory.split('/').any(|name| name == "apiwatch")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_others_are_not_owned() {
        for (directory, expected) in [
            ("/etc/apiwatch", true),
            ("/usr/share/doc/apiwatch/docs", true),
            ("/usr/share/doc", false),
            ("/usr/share/bash-completion/completions", false),
        ] {
            assert_eq!(is_own(directory), expected, "{directory}");
        }
    }
}
