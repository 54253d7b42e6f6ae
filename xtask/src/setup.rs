//! `setup`: install what is missing. Each step looks first, says in one line what it
//! installs and why, and does nothing the second time.

use anyhow::Result;

/// A small Debian to install packages in and to boot.
pub(crate) mod debian;
/// The emulator of the virtual machines.
pub(crate) mod emulator;
/// bpf-linker, built once into the cache.
mod linker;
/// A newer Node.js, as a peer of the tests.
pub(crate) mod node;
/// Packages of the distribution.
mod packages;
/// Packages of Python that peers of the tests need.
pub(crate) mod python;
/// The toolchain of the kernel side.
mod toolchain;

/// Arguments of `setup`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install what the tests need as well: servers, clients and the emulator
    #[arg(long)]
    test: bool,
}

/// What is going to be done with the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Build and run.
    Build,
    /// Run every test.
    Test,
}

/// What the tests start or look with. The second word is the package that has it.
const TEST_PROGRAMS: [(&str, &str); 23] = [
    ("amtool", "prometheus-alertmanager"),
    ("bpftool", "bpftool"),
    ("busybox", "busybox-static"),
    ("cpio", "cpio"),
    ("curl", "curl"),
    ("editcap", "wireshark-common"),
    ("gnutls-cli", "gnutls-bin"),
    ("go", "golang-go"),
    ("h2load", "nghttp2-client"),
    ("ip", "iproute2"),
    ("javac", "default-jdk-headless"),
    ("kill", "procps"),
    ("nghttpd", "nghttp2-server"),
    ("nginx", "nginx"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("openssl", "openssl"),
    ("promtool", "prometheus"),
    ("python3", "python3"),
    ("tcpdump", "tcpdump"),
    ("tmux", "tmux"),
    ("tshark", "tshark"),
    ("wrk", "wrk"),
];

/// What the alerts that are shipped are checked with.
const ALERT_PROGRAMS: [(&str, &str); 2] =
    [("amtool", "prometheus-alertmanager"), ("promtool", "prometheus")];

/// Sets up and says so.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure(if args.test { Scope::Test } else { Scope::Build })?;
    say("ready");
    Ok(())
}

/// Sets up the programs that one command starts. The second word is the package that has it.
pub(crate) fn ensure_programs(purpose: &str, programs: &[(&str, &str)]) -> Result<()> {
    packages::ensure_programs(purpose, programs)
}

/// Sets up what is missing, and is silent when nothing is.
pub(crate) fn ensure(scope: Scope) -> Result<()> {
    let toolchain = toolchain::ensure()?;
    linker::ensure(&toolchain)?;
    if scope == Scope::Test {
        packages::ensure_programs("the servers, clients and tools of the tests", &TEST_PROGRAMS)?;
        python::ensure()?;
        node::ensure()?;
        emulator::ensure()?;
    }
    Ok(())
}

/// Sets up what the alerts are checked with, which needs nothing of the rest.
pub(crate) fn ensure_alert_tools() -> Result<()> {
    packages::ensure_programs("the checks of the alerts", &ALERT_PROGRAMS)
}

/// Whether the build would have to wait for an installation.
pub(crate) fn is_needed() -> bool {
    toolchain::find().ok().flatten().is_none_or(|toolchain| !linker::is_ready(&toolchain))
}

/// One line about progress. Standard output belongs to what is started.
fn say(line: &str) {
    eprintln!("setup: {line}");
}
