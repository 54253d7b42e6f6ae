//! Packages of the distribution (Debian and Ubuntu).

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::say;
use crate::process;

/// Debian asks this program whether a package may start its service.
const SERVICE_POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs the packages that are missing.
pub(super) fn ensure(purpose: &str, packages: &[&str]) -> Result<()> {
    let missing = missing_of(packages)?;
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("installing {} ({purpose})", missing.join(", ")));
    install(&missing)
}

/// Installs the packages of the programs that are missing.
pub(super) fn ensure_programs(purpose: &str, programs: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<_> =
        programs.iter().filter(|(name, _)| process::find_program(name).is_none()).collect();
    let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    if !has_apt() {
        let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
        bail!("install {} ({purpose})", names.join(", "));
    }
    say(&format!("installing {} ({purpose})", packages.join(", ")));
    install(&packages)
}

/// Whether the distribution's packages can be installed by this program.
pub(super) fn has_apt() -> bool {
    process::find_program("apt-get").is_some()
}

fn install(packages: &[&str]) -> Result<()> {
    update();
    let options = ["install", "--yes", "--no-install-recommends", "--no-remove"];
    let forbidden = forbid_services()?;
    let installed = process::run_quietly(apt_get(&options).args(packages));
    if forbidden == Forbidden::ByUs {
        process::run_quietly(process::privileged("rm", &[]).args(["-f", SERVICE_POLICY]))?;
    }
    installed
}

/// Fetches the lists of packages. Sources that cannot be reached are no failure while the
/// others have the packages.
pub(super) fn update() {
    let _ = process::run_quietly(&mut apt_get(&["update"]));
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = process::privileged("apt-get", &["DEBIAN_FRONTEND=noninteractive".into()]);
    command.arg("-qq").args(arguments);
    command
}

#[derive(PartialEq, Eq)]
enum Forbidden {
    ByUs,
    Already,
}

/// A web server that is installed for tests must not start to serve this host.
fn forbid_services() -> Result<Forbidden> {
    if Path::new(SERVICE_POLICY).exists() {
        return Ok(Forbidden::Already);
    }
    let script =
        format!("printf '#!/bin/sh\\nexit 101\\n' >{SERVICE_POLICY} && chmod 755 {SERVICE_POLICY}");
    process::run_quietly(process::privileged("sh", &[]).args(["-c", &script]))?;
    Ok(Forbidden::ByUs)
}

/// The packages that are not installed.
fn missing_of<'a>(packages: &[&'a str]) -> Result<Vec<&'a str>> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${Package} ${db:Status-Abbrev}\n"]).args(packages);
    // It fails when it knows nothing of a package, and still lists the others.
    let listed = query.output()?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    Ok(packages.iter().copied().filter(|name| !is_installed(&listed, name)).collect())
}

fn is_installed(listed: &str, package: &str) -> bool {
    listed.lines().any(|line| line.trim_end() == format!("{package} ii"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wholly_installed_counts() {
        let listed = "curl ii \nnginx rc \nwrk iU \n";
        assert!(is_installed(listed, "curl"));
        for package in ["nginx", "wrk", "cur", "tmux"] {
            assert!(!is_installed(listed, package), "{package}");
        }
    }
}
