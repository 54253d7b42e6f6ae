//! `dist`: packages for Debian and Ubuntu (.deb) and for the RPM distributions, the same
//! bytes for the same commit and program.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{place, setup};

/// The versions and their changes, from CHANGELOG.md.
mod changelog;
/// What the finished packages are checked for.
mod check;
/// A small Debian to install packages in.
mod chroot;
/// Builds the program that is packed.
mod compile;
/// The Debian package.
mod deb;
/// Manual pages and completions, as the program prints them.
mod documents;
/// The files of the packages.
mod layout;
/// The packages installed, upgraded, removed and purged.
mod lifecycle;
/// The libraries that are part of the program, with their licences.
mod notices;
/// The program file: for which architecture it is, and what it needs.
mod program;
/// The version that is packed, and when it was made.
mod release;
/// The RPM package.
mod rpm;
/// The systemd unit.
mod unit;

use documents::Document;
use program::Program;
use release::Release;

/// What packing starts. The second word is the package that has it.
const PROGRAMS: [(&str, &str); 6] = [
    ("dpkg-deb", "dpkg"),
    ("gzip", "gzip"),
    ("md5sum", "coreutils"),
    ("readelf", "binutils"),
    ("rpmbuild", "rpm"),
    ("strip", "binutils"),
];

/// Arguments of `dist`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Target to build for, as aarch64-unknown-linux-gnu [default: this host's]
    #[arg(long, value_name = "TRIPLE", conflicts_with = "binary")]
    target: Option<String>,

    /// Pack this program instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Check the packages too: lintian, their files, and a life in a small Debian; needs root
    #[arg(long)]
    check: bool,
}

/// What all packages are made from.
#[derive(Clone, Debug)]
struct Contents {
    program: Program,
    documents: Vec<Document>,
    /// Licences of the libraries that are part of the program.
    notices: String,
    release: Release,
}

/// The finished packages.
struct Packages {
    deb: PathBuf,
    rpm: PathBuf,
}

/// Makes the packages.
pub(crate) fn run(args: &Args) -> Result<()> {
    setup::ensure_programs("what makes packages", &PROGRAMS)?;
    if unit::check()? == unit::Checked::No {
        eprintln!("dist: the unit is not checked, for systemd-analyze is not here");
    }
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => compile::release(args.target.as_deref())?,
    };
    let directory = place::target().join("dist");
    let contents = contents(&binary, &directory.join("work"))?;
    let packages = pack(&contents, &directory)?;
    for package in [&packages.deb, &packages.rpm] {
        eprintln!("written: {}", package.display());
    }
    if args.check { check::run(&contents, &packages, &directory) } else { Ok(()) }
}

/// Packages for the lives of a service.
pub(crate) struct Lives {
    pub(crate) deb: PathBuf,
    /// The next version, with the same program.
    pub(crate) newer_deb: PathBuf,
    pub(crate) rpm: PathBuf,
}

/// Makes them of a program, in a directory.
pub(crate) fn pack_lives(binary: &Path, directory: &Path) -> Result<Lives> {
    setup::ensure_programs("what makes packages", &PROGRAMS)?;
    let work = directory.join("work");
    let contents = contents(binary, &work)?;
    let Packages { deb, rpm } = pack(&contents, directory)?;
    let newer_deb = deb::build(&contents.newer(), &work.join("newer"), directory)?;
    Ok(Lives { deb, newer_deb, rpm })
}

impl Contents {
    /// The same, as a later version.
    fn newer(&self) -> Self {
        let version = format!("{}+newer", self.release.version);
        Self { release: Release { version, ..self.release.clone() }, ..self.clone() }
    }
}

/// Gathers what is packed; `work` is for what is made on the way.
fn contents(binary: &Path, work: &Path) -> Result<Contents> {
    renew(work)?;
    let program = Program::read(binary)?.stripped(work)?;
    let documents = documents::print(&program)?;
    let notices = notices::collect(program.architecture.triple())?;
    Ok(Contents { program, documents, notices, release: Release::of_workspace()? })
}

/// Makes both packages in a directory.
fn pack(contents: &Contents, directory: &Path) -> Result<Packages> {
    let work = directory.join("work");
    Ok(Packages {
        deb: deb::build(contents, &work.join("deb"), directory)?,
        rpm: rpm::build(contents, &work.join("rpm"), directory)?,
    })
}

/// Makes a directory empty.
fn renew(directory: &Path) -> Result<()> {
    if directory.exists() {
        std::fs::remove_dir_all(directory)
            .with_context(|| format!("removing {}", directory.display()))?;
    }
    std::fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))
}
