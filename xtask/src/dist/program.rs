//! The program file: for which architecture it is, and what it needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// The newest C library that the program may need: RHEL 9 has this one, and Ubuntu 22.04
/// a newer one.
const NEWEST_GLIBC: Version = Version(2, 34);

/// The architectures that packages are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Architecture {
    Amd64,
    Arm64,
}

impl Architecture {
    pub(super) const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// Rust's name of the target.
    pub(super) const fn triple(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// Prefix of the names of the GNU tools, without the hyphen.
    pub(super) const fn gnu(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
        }
    }

    /// Debian's name.
    pub(super) const fn debian(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// RPM's name, which is the kernel's.
    pub(super) const fn rpm(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// How `readelf` names the machine.
    const fn machine(self) -> &'static str {
        match self {
            Self::Amd64 => "Advanced Micro Devices X86-64",
            Self::Arm64 => "AArch64",
        }
    }

    /// Whether programs for it run here.
    pub(super) fn is_native(self) -> bool {
        self.rpm() == std::env::consts::ARCH
    }
}

/// Major and minor number of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

/// A program file.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) architecture: Architecture,
    /// What `Depends` of a Debian package names, as `libc6 (>= 2.34)`.
    pub(super) depends: String,
}

impl Program {
    /// Looks at a program file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let mut readelf = Command::new("readelf");
        readelf.args(["--wide", "--file-header", "--dynamic", "--dyn-syms"]).arg(path);
        let text = process::output(readelf.env("LC_ALL", "C"))?;
        let read = || -> Result<Self> {
            Ok(Self {
                path: path.to_owned(),
                architecture: architecture_of(&text)?,
                depends: depends_of(&text)?,
            })
        };
        read().with_context(|| format!("looking at {}", path.display()))
    }

    /// A copy without symbols. A program for another architecture is taken as it is: the
    /// release profile has it stripped already.
    pub(super) fn stripped(self, directory: &Path) -> Result<Self> {
        if !self.architecture.is_native() {
            return Ok(self);
        }
        let path = directory.join("apiwatch");
        let mut strip = Command::new("strip");
        strip.args(["--remove-section=.comment", "--remove-section=.note", "-o"]).arg(&path);
        process::run_quietly(strip.arg(&self.path))?;
        Ok(Self { path, ..self })
    }
}

fn architecture_of(readelf: &str) -> Result<Architecture> {
    let machine = readelf.lines().find_map(|line| line.trim().strip_prefix("Machine:"));
    let machine = machine.context("it is not an ELF file")?.trim();
    let known = Architecture::ALL.into_iter().find(|known| known.machine() == machine);
    known.with_context(|| format!("it is for {machine}, for which no packages are made"))
}

/// The shared libraries that a program may need: file, Debian package, and prefix of the
/// versions of its symbols.
const LIBRARIES: [(&str, &str, &str); 5] = [
    ("libc.so.6", "libc6", "GLIBC_"),
    ("libm.so.6", "libc6", "GLIBC_"),
    ("ld-linux-x86-64.so.2", "libc6", "GLIBC_"),
    ("ld-linux-aarch64.so.1", "libc6", "GLIBC_"),
    ("libgcc_s.so.1", "libgcc-s1", "GCC_"),
];

fn depends_of(readelf: &str) -> Result<String> {
    let mut depends: Vec<String> = Vec::new();
    for library in needed_libraries(readelf) {
        let Some((_, package, prefix)) = LIBRARIES.iter().find(|(name, ..)| *name == library)
        else {
            bail!(
                "it needs {library}; link that statically, or name its package in \
                 xtask/src/dist/program.rs"
            );
        };
        let (version, symbols) = newest_symbols(readelf, prefix)
            .with_context(|| format!("it needs {library}, and no symbol of a version of it"))?;
        if *package == "libc6" && version > NEWEST_GLIBC {
            let Version(major, minor) = NEWEST_GLIBC;
            bail!(
                "{} need glibc {}.{}, and {major}.{minor} is the newest that every supported \
                 distribution has; build it on an older one",
                symbols.join(", "),
                version.0,
                version.1
            );
        }
        depends.push(format!("{package} (>= {}.{})", version.0, version.1));
    }
    depends.sort();
    depends.dedup();
    Ok(depends.join(", "))
}

fn needed_libraries(readelf: &str) -> impl Iterator<Item = &str> {
    let needed = readelf.lines().filter(|line| line.contains("(NEEDED)"));
    needed.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0))
}

/// The newest version that an undefined symbol has, and the symbols that have it.
fn newest_symbols<'a>(readelf: &'a str, prefix: &str) -> Option<(Version, Vec<&'a str>)> {
    let mut newest: Option<(Version, Vec<&str>)> = None;
    for (symbol, version) in versions(readelf, prefix) {
        match &mut newest {
            Some((known, _)) if *known > version => {}
            Some((known, symbols)) if *known == version => symbols.push(symbol),
            _ => newest = Some((version, vec![symbol])),
        }
    }
    newest
}

/// The undefined symbols whose versions have a prefix, as `read@GLIBC_2.2.5 (2)`.
fn versions<'a>(readelf: &'a str, prefix: &str) -> impl Iterator<Item = (&'a str, Version)> {
    readelf.lines().filter_map(move |line| {
        let name = line.split_once(" UND ")?.1.split_whitespace().next()?;
        let (symbol, version) = name.split_once('@')?;
        let mut numbers = version.strip_prefix(prefix)?.split('.').map(str::parse);
        Some((symbol, Version(numbers.next()?.ok()?, numbers.next()?.ok()?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "ELF Header:\n  Machine:                           AArch64\n";
    const NEEDS_C: &str = " 0x01 (NEEDED)  Shared library: [libc.so.6]\n";
    const NEEDS_GCC: &str = " 0x01 (NEEDED)  Shared library: [libgcc_s.so.1]\n";

    fn symbol(name: &str) -> String {
        format!("  1: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND {name} (2)\n")
    }

    #[test]
    fn the_newest_symbol_of_each_library_counts() {
        let symbols: String =
            ["read@GLIBC_2.2.5", "stat@GLIBC_2.33", "pow@GLIBC_2.9", "_Unwind_Find@GCC_4.2.0"]
                .map(symbol)
                .concat();
        let cases = [
            (format!("{NEEDS_GCC}{NEEDS_C}{symbols}"), "libc6 (>= 2.33), libgcc-s1 (>= 4.2)"),
            (format!("{NEEDS_C}{symbols}"), "libc6 (>= 2.33)"),
            (String::new(), ""),
        ];
        for (readelf, expected) in cases {
            assert_eq!(depends_of(&readelf).unwrap(), expected, "{readelf}");
        }
    }

    #[test]
    fn what_not_every_distribution_has_is_refused() {
        let cases = [
            (format!("{NEEDS_C}{}", symbol("arc4random@GLIBC_2.36")), "arc4random need glibc 2.36"),
            (NEEDS_C.to_owned(), "it needs libc.so.6, and no symbol"),
            ("(NEEDED) Shared library: [libssl.so.3]\n".to_owned(), "it needs libssl.so.3; link"),
        ];
        for (readelf, expected) in cases {
            let error = depends_of(&readelf).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn the_architecture_is_the_file_s() {
        assert_eq!(architecture_of(HEADER).unwrap(), Architecture::Arm64);
        for (header, expected) in
            [("", "it is not an ELF file"), ("  Machine:  RISC-V\n", "it is for RISC-V, for which")]
        {
            let error = architecture_of(header).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn this_very_program_is_read() {
        let program = Program::read(&std::env::current_exe().unwrap()).unwrap();
        assert!(program.architecture.is_native());
        assert!(program.depends.contains("libc6 (>= 2."), "{}", program.depends);
    }
}
