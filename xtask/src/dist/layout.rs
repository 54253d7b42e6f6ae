//! The files of the packages.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::documents::{Document, Shell};
use super::{Contents, changelog};
use crate::{place, process};

/// Which distributions a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Debian,
    Rpm,
}

/// What a package says about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Program,
    Plain,
    /// Kept on upgrades where the administrator changed it.
    Configuration,
    Documentation,
    License,
}

/// A file of a package.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Where it is installed. What ends in `.gz` is compressed when it is staged.
    pub(super) path: String,
    pub(super) role: Role,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Copy(PathBuf),
    Text(String),
}

impl File {
    fn copy(path: impl Into<String>, role: Role, source: impl AsRef<Path>) -> Self {
        let source = Source::Copy(place::workspace().join(source));
        Self { path: path.into(), role, source }
    }

    fn text(path: impl Into<String>, role: Role, text: &str) -> Self {
        Self { path: path.into(), role, source: Source::Text(text.to_owned()) }
    }

    /// Permissions. None of the files is secret, and only root changes them.
    pub(super) const fn mode(&self) -> u32 {
        match self.role {
            Role::Program => 0o755,
            Role::Plain | Role::Configuration | Role::Documentation | Role::License => 0o644,
        }
    }
}

/// Permissions of every directory.
pub(super) const DIRECTORY_MODE: u32 = 0o755;
/// Where both families keep documentation.
const DOCUMENTATION: &str = "/usr/share/doc/apiwatch";
/// What is below `packaging/` and is installed below `/usr/share/apiwatch` as it is.
const SHARED: [&str; 2] = ["prometheus", "grafana"];

/// The files of a package, in the order of their paths.
pub(super) fn files(family: Family, contents: &Contents) -> Result<Vec<File>> {
    let mut files = vec![
        File::copy("/usr/bin/apiwatch", Role::Program, &contents.program.path),
        File::copy("/etc/apiwatch/config.toml", Role::Configuration, "packaging/apiwatch.toml"),
        File::copy(
            "/usr/lib/systemd/system/apiwatch.service",
            Role::Plain,
            "packaging/apiwatch.service",
        ),
        File::copy("/usr/lib/sysusers.d/apiwatch.conf", Role::Plain, "packaging/apiwatch.sysusers"),
        File::copy(format!("{DOCUMENTATION}/README.md"), Role::Documentation, "README.md"),
    ];
    files.extend(contents.documents.iter().map(|document| of_document(family, document)));
    for folder in SHARED {
        let source = Path::new("packaging").join(folder);
        files.extend(below(&source, &format!("/usr/share/apiwatch/{folder}"), Role::Plain)?);
    }
    // README.md refers to them by this folder.
    files.extend(below(Path::new("docs"), &format!("{DOCUMENTATION}/docs"), Role::Documentation)?);
    files.extend(of_family(family, contents)?);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn of_document(family: Family, document: &Document) -> File {
    match document {
        Document::Manual { name, text } => {
            File::text(format!("/usr/share/man/man1/{name}.gz"), Role::Documentation, text)
        }
        Document::Completions { shell, text } => {
            let path = match (shell, family) {
                (Shell::Bash, _) => "/usr/share/bash-completion/completions/apiwatch",
                (Shell::Fish, _) => "/usr/share/fish/vendor_completions.d/apiwatch.fish",
                (Shell::Zsh, Family::Debian) => "/usr/share/zsh/vendor-completions/_apiwatch",
                (Shell::Zsh, Family::Rpm) => "/usr/share/zsh/site-functions/_apiwatch",
            };
            File::text(path, Role::Plain, text)
        }
    }
}

/// What each family wants in a place and form of its own.
fn of_family(family: Family, contents: &Contents) -> Result<Vec<File>> {
    let license = |name: &str| {
        File::copy(format!("/usr/share/licenses/apiwatch/{name}"), Role::License, name)
    };
    Ok(match family {
        Family::Debian => vec![
            File::copy(
                format!("{DOCUMENTATION}/copyright"),
                Role::Documentation,
                "packaging/deb/copyright",
            ),
            File::text(
                format!("{DOCUMENTATION}/changelog.gz"),
                Role::Documentation,
                &changelog::debian(&contents.release)?,
            ),
            File::text(
                format!("{DOCUMENTATION}/third-party.gz"),
                Role::Documentation,
                &contents.notices,
            ),
        ],
        Family::Rpm => vec![
            license("LICENSE-APACHE"),
            license("LICENSE-MIT"),
            File::text(
                "/usr/share/licenses/apiwatch/third-party.txt",
                Role::License,
                &contents.notices,
            ),
            File::copy(
                format!("{DOCUMENTATION}/CHANGELOG.md"),
                Role::Documentation,
                "CHANGELOG.md",
            ),
        ],
    })
}

/// The files below a folder of the workspace, if it is there.
fn below(source: &Path, path: &str, role: Role) -> Result<Vec<File>> {
    let folder = place::workspace().join(source);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let (source, path) = (source.join(&name), format!("{path}/{}", name.to_string_lossy()));
        if entry.file_type()?.is_dir() {
            files.extend(below(&source, &path, role)?);
        } else {
            files.push(File::copy(path, role, source));
        }
    }
    Ok(files)
}

/// The directories that files are in, but for the root.
pub(super) fn directories(files: &[File]) -> BTreeSet<String> {
    let ancestors = files.iter().flat_map(|file| Path::new(&file.path).ancestors().skip(1));
    let below_root = ancestors.filter(|path| *path != Path::new("/"));
    below_root.map(|path| path.to_string_lossy().into_owned()).collect()
}

/// Writes files below a directory, with their permissions.
pub(super) fn stage(files: &[File], root: &Path) -> Result<()> {
    for directory in std::iter::once(String::new()).chain(directories(files)) {
        let path = below_root(root, &directory);
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        set_mode(&path, DIRECTORY_MODE)?;
    }
    for file in files {
        let path = below_root(root, file.path.trim_end_matches(".gz"));
        write(&file.source, &path)?;
        set_mode(&path, file.mode())?;
        if file.path.ends_with(".gz") {
            // Without a name and a time, which would differ from build to build.
            process::run_quietly(Command::new("gzip").args(["-9", "--no-name"]).arg(&path))?;
        }
    }
    Ok(())
}

fn write(source: &Source, path: &Path) -> Result<()> {
    match source {
        Source::Copy(source) => std::fs::copy(source, path)
            .map(drop)
            .with_context(|| format!("copying {} to {}", source.display(), path.display())),
        Source::Text(text) => {
            std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
        }
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .with_context(|| format!("setting the permissions of {}", path.display()))
}

/// An installed path below another root.
pub(super) fn below_root(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::super::program::{Architecture, Program};
    use super::super::release::Release;
    use super::*;

    fn contents() -> Contents {
        let program = Program {
            path: "/nowhere/apiwatch".into(),
            architecture: Architecture::Amd64,
            depends: String::new(),
        };
        let release =
            Release { version: "0.1.0".to_owned(), epoch_seconds: 0, changes: Vec::new() };
        let text = String::new();
        let documents = vec![
            Document::Manual { name: "apiwatch.1".to_owned(), text: text.clone() },
            Document::Completions { shell: Shell::Zsh, text },
        ];
        Contents { program, documents, notices: String::new(), release }
    }

    #[test]
    fn each_family_finds_its_files_where_it_looks() {
        const COMMON: [(&str, u32); 8] = [
            ("/etc/apiwatch/config.toml", 0o644),
            ("/usr/bin/apiwatch", 0o755),
            ("/usr/lib/systemd/system/apiwatch.service", 0o644),
            ("/usr/lib/sysusers.d/apiwatch.conf", 0o644),
            ("/usr/share/doc/apiwatch/README.md", 0o644),
            ("/usr/share/doc/apiwatch/docs/metrics.md", 0o644),
            ("/usr/share/man/man1/apiwatch.1.gz", 0o644),
            ("/usr/share/doc/apiwatch", DIRECTORY_MODE),
        ];
        for (family, own) in [
            (
                Family::Debian,
                [
                    "/usr/share/doc/apiwatch/changelog.gz",
                    "/usr/share/doc/apiwatch/copyright",
                    "/usr/share/zsh/vendor-completions/_apiwatch",
                ],
            ),
            (
                Family::Rpm,
                [
                    "/usr/share/doc/apiwatch/CHANGELOG.md",
                    "/usr/share/licenses/apiwatch/LICENSE-MIT",
                    "/usr/share/zsh/site-functions/_apiwatch",
                ],
            ),
        ] {
            let files = files(family, &contents()).unwrap();
            let listed = files.iter().map(|file| (file.path.clone(), file.mode()));
            let directories = directories(&files).into_iter().map(|path| (path, DIRECTORY_MODE));
            let all: BTreeSet<(String, u32)> = listed.chain(directories).collect();
            for (path, mode) in COMMON.into_iter().chain(own.map(|path| (path, 0o644))) {
                assert!(all.contains(&(path.to_owned(), mode)), "{family:?}: {path}");
            }
            let kept = files.iter().filter(|file| file.role == Role::Configuration);
            let kept: Vec<&str> = kept.map(|file| file.path.as_str()).collect();
            assert_eq!(kept, ["/etc/apiwatch/config.toml"], "{family:?}");
        }
    }

    #[test]
    fn only_the_root_is_no_directory_of_a_package() {
        let file = File::text("/usr/bin/a", Role::Program, "");
        let expected = ["/usr", "/usr/bin"].map(str::to_owned);
        assert_eq!(directories(&[file]), BTreeSet::from(expected));
    }
}
